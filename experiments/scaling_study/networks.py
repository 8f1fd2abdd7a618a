"""The networks of a setting, at initialization and after training, and their domain."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

import regions
from experiments.scaling_study.settings import Config, Setting
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
    shuffle_key,
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


def networks_of(setting: Setting, config: Config) -> dict[str, list[ReluNetwork]]:
    """The networks of all seeds, by the stages that are wanted.

    Raises:
        FloatingPointError: If the training of a seed diverges.
    """
    data = points_of(setting, config)
    training = training_config(setting, data.train_targets.shape[1])
    seeds = range(config.seeds)
    params = draw_params(training.model, seeds)
    networks = {"initial": ensemble_networks(params, training)}
    if "trained" in config.stages:
        networks["trained"] = networks["initial"]
        if setting.epochs:
            trained = _train(params, training, data, seeds)
            networks["trained"] = ensemble_networks(trained.params, training)
    return {stage: networks[stage] for stage in config.stages}


def _train(
    params: dict, training: TrainingConfig, data: Dataset, seeds: range
) -> TrainState:
    """All networks after training, in one program."""
    arrays = jax.tree.map(jnp.asarray, params)
    optimizer = jax.vmap(make_optimizer(training.optimizer).init)(arrays)
    start = TrainState(arrays, optimizer, jnp.zeros(len(seeds), jnp.int32))
    keys = jnp.stack([shuffle_key(seed) for seed in seeds])
    trained, losses = train_ensemble_block(
        strong(start), to_device(data), keys, without_length(training), training.epochs
    )
    finite = np.isfinite(losses.train) & np.isfinite(losses.val)
    if not finite.all():
        seed, epoch = (int(i) for i in np.argwhere(~finite)[0])
        raise FloatingPointError(
            f"the loss of seed {seed} is not finite at epoch {epoch + 1}, with hidden "
            f"layers {list(training.model.widths)}: lower `learning_rate`."
        )
    return trained
