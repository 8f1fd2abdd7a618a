"""The networks of a setting, at initialization and after training, and their domain."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float64, Shaped

import regions
from experiments.scaling_study.settings import Config, Setting
from experiments.scaling_study.together import (
    Params,
    common_shape,
    deepened,
    joined,
    share_points,
    shortened,
    taken_out,
)
from regions.domains.shapes import BoundedDomain
from regions.files.data_files import read_npz
from regions.network import ReluNetwork
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, train_ensemble_block
from training.initial_draws import draw_params
from training.loop import (
    TrainState,
    make_optimizer,
    strong,
    to_device,
    without_length,
)

MOST_VALIDATION = 64
"""Points of the validation loss, which decides nothing here."""


def training_config(setting: Setting, outputs: int) -> TrainingConfig:
    """What is trained."""
    return TrainingConfig(
        model=ModelConfig(
            widths=setting.hidden,
            input_dim=setting.dim,
            output_dim=outputs,
            activation=setting.activation,
            slope=setting.slope,
            initializer=setting.initializer,
            init_scale=setting.init_scale,
        ),
        optimizer=OptimizerConfig(learning_rate=setting.learning_rate),
        epochs=setting.epochs,
        batch_size=None,
    )


def points_of(setting: Setting, config: Config) -> Dataset:
    """The training points: the user's, or uniform points of the cube.

    There, the target is a smooth function of the mean coordinate.

    Raises:
        ValueError: If the user's points do not fit the setting.
        FileFormatError: If their file holds no such arrays.
    """
    if config.data:
        inputs, targets = read_npz(config.data, ("inputs", "targets"))
        _check_data(config.data, inputs, targets, setting)
        own = inputs.astype(np.float32), targets.reshape(len(targets), -1)
        cut = min(len(inputs), MOST_VALIDATION)
        inputs, targets = own[0], own[1].astype(np.float32)
        return Dataset(inputs, targets, inputs[:cut], targets[:cut])
    rng, half = np.random.default_rng(setting.dim), setting.half_width
    inputs = rng.uniform(-half, half, (config.points + MOST_VALIDATION, setting.dim))
    phase = np.pi * inputs.sum(1, keepdims=True) / np.sqrt(setting.dim)
    inputs, targets = inputs.astype(np.float32), np.sin(phase).astype(np.float32)
    cut = config.points
    return Dataset(inputs[:cut], targets[:cut], inputs[cut:], targets[cut:])


def _check_data(
    path: str, inputs: np.ndarray, targets: np.ndarray, setting: Setting
) -> None:
    """Raise unless points and targets are as many and of the right dimension."""
    if inputs.ndim != 2 or not len(inputs) or inputs.shape[1] != setting.dim:
        raise ValueError(
            f"{path}: `inputs` has shape {inputs.shape}: (points, {setting.dim}) is "
            "required, as `dim` says."
        )
    if targets.ndim not in (1, 2) or len(targets) != len(inputs):
        raise ValueError(
            f"{path}: `targets` has shape {targets.shape} and `inputs` "
            f"{inputs.shape}: one row or number for each point is required."
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError(f"{path} holds numbers that are not finite.")


def domain_of(setting: Setting, data: Dataset) -> BoundedDomain:
    """Where regions are counted."""
    half = setting.half_width
    if setting.domain == "simplex":
        return regions.Simplex(
            np.vstack([np.zeros(setting.dim), _scaled(half, setting)])
        )
    if setting.domain == "slice":
        middle = np.asarray(data.train_inputs, np.float64).mean(0)
        return regions.Slice(
            middle, _directions(setting), regions.Box.cube(setting.slice_dim, half)
        )
    return regions.Box.cube(setting.dim, half)


def _scaled(half: float, setting: Setting) -> Float64[np.ndarray, "dim dim"]:
    """Vectors of one length along the axes."""
    return half * np.eye(setting.dim)


def _directions(setting: Setting) -> Float64[np.ndarray, "slice_dim dim"]:
    """Random orthogonal directions, the same for every network of a setting."""
    rng = np.random.default_rng(setting.dim)
    q, _ = np.linalg.qr(rng.standard_normal((setting.dim, setting.slice_dim)))
    return q.T


def networks_of(
    group: list[Setting], config: Config
) -> list[dict[str, list[ReluNetwork]]]:
    """The networks of all seeds of each setting, by the stages that are wanted.

    Args:
        group: Settings that are trained together.
        config: The study.

    Raises:
        FloatingPointError: If the training of a seed diverges.
    """
    data = [points_of(setting, config) for setting in group]
    outputs = data[0].train_targets.shape[1]
    trainings = [training_config(setting, outputs) for setting in group]
    drawn = [draw_params(training.model, range(config.seeds)) for training in trainings]
    stages = {"initial": drawn, "trained": drawn}
    if "trained" in config.stages and group[0].epochs:
        stages["trained"] = _train(group, config, drawn, data)
    return [
        {s: ensemble_networks(stages[s][k], training) for s in config.stages}
        for k, training in enumerate(trainings)
    ]


def _train(
    group: list[Setting], config: Config, drawn: list[Params], data: list[Dataset]
) -> list[Params]:
    """All networks after training, in one program."""
    outputs, (dim, hidden) = data[0].train_targets.shape[1], common_shape(group)
    shape = dataclasses.replace(group[0], dim=dim, widths=hidden)
    training = without_length(training_config(shape, outputs))
    deep, moments = zip(*(deepened(own, len(hidden)) for own in drawn), strict=True)
    points, number = data[0], config.seeds
    if not share_points(group, config):
        each = [Dataset(*(np.repeat(a[None], number, axis=0) for a in d)) for d in data]
        points = jax.tree.map(joined, *each)
    start, keys = _start(
        jax.tree.map(joined, *deep), jax.tree.map(joined, *moments), training
    )
    trained, losses = train_ensemble_block(
        start, to_device(points), keys, training, group[0].epochs
    )
    finite = np.isfinite(losses.train) & np.isfinite(losses.val)
    if not finite.all():
        at, epoch = (int(i) for i in np.argwhere(~finite)[0])
        raise FloatingPointError(
            f"the loss of seed {at % number} is not finite at epoch {epoch + 1}, with "
            f"hidden layers {list(group[at // number].hidden)}: lower `learning_rate`."
        )
    whole = jax.tree.map(np.asarray, trained.params)
    return [
        shortened(
            jax.tree.map(lambda a, b, k=k: taken_out(a, k * number, b), whole, own),
            len(group[k].hidden),
        )
        for k, own in enumerate(deep)
    ]


@functools.partial(jax.jit, static_argnames="training")
def _start(
    params: Params, moments: Params, training: TrainingConfig
) -> tuple[TrainState, Shaped[Array, " seeds"]]:
    """States before the first epoch, and keys of shuffles, which no full batch has."""
    fresh = jax.vmap(make_optimizer(training.optimizer).init)(params)
    optimizer = optax.tree_utils.tree_set(fresh, nu=moments)
    epochs = jnp.zeros(len(jax.tree.leaves(params)[0]), jnp.int32)
    start = strong(TrainState(params, optimizer, epochs))
    return start, jax.vmap(jax.random.key)(jnp.arange(len(epochs)))
