"""Networks seen as maps to a space in which what they learn is simple.

Inputs and targets are standardized by the training points, and the units have learned
slopes, as in the programs behind T. C. H. Lux, "MLP's are actually nonlinear -> linear
preconditioners", 2021.
"""

import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.target_surfaces import SQUARE, cosine_norm
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_state
from training.lux import best_params

START_SLOPE = 1e-3
"""Initial slope of a unit below zero."""


class Scaling(NamedTuple):
    """An affine map of each coordinate.

    Attributes:
        mean: Goes to 0.
        scale: Goes to 1; never 0.
    """

    mean: Float64[np.ndarray, " dim"]
    scale: Float64[np.ndarray, " dim"]

    def forward(
        self, values: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points dim"]:
        """Standardized values."""
        return (values - self.mean) / self.scale

    def back(
        self, values: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points dim"]:
        """Values from standardized ones."""
        return values * self.scale + self.mean


class Task(NamedTuple):
    """Points to learn from, and how they were standardized.

    Attributes:
        data: Standardized points; validation on other ones.
        inputs: Center and scale of the inputs.
        outputs: Center and scale of the targets.
    """

    data: Dataset
    inputs: Scaling
    outputs: Scaling


class Sample(NamedTuple):
    """Points of one seed.

    Attributes:
        task: To learn from.
        test: Other points, standardized.
        target: What is to be learned there, as it was.
    """

    task: Task
    test: Float64[np.ndarray, "points dim"]
    target: Float64[np.ndarray, " points"]

    def outputs(
        self, network: regions.ReluNetwork
    ) -> Float64[np.ndarray, "points outputs"]:
        """What a network says of the other points, in units of the target."""
        return self.task.outputs.back(network(self.test))


def sample_square(
    seed: int, points: int, tested: int, *, is_autoencoder: bool = False
) -> Sample:
    """Uniform points of the square of side 8 pi, and the cosine of their norm.

    Args:
        seed: Seed of the choice.
        points: To learn from.
        tested: Other points; the first tenth of them serves for validation.
        is_autoencoder: Learn the points themselves; `target` stays the cosine.
    """
    rng = np.random.default_rng(seed)
    train = rng.uniform(-SQUARE, SQUARE, (points, 2))
    test = rng.uniform(-SQUARE, SQUARE, (tested, 2))
    few = test[: max(1, tested // 10)]
    if is_autoencoder:
        task = standardized_task(train, train, few, few)
    else:
        task = standardized_task(
            train, cosine_norm(train)[:, None], few, cosine_norm(few)[:, None]
        )
    return Sample(task, task.inputs.forward(test), cosine_norm(test))


def scaling_of(values: Float64[np.ndarray, "points dim"]) -> Scaling:
    """Mean and standard deviation of each column; a constant one keeps its scale."""
    deviation = values.std(axis=0)
    return Scaling(values.mean(axis=0), np.where(deviation > 0.0, deviation, 1.0))


def standardized_task(
    train_x: Float64[np.ndarray, "train dim"],
    train_y: Float64[np.ndarray, "train outputs"],
    val_x: Float64[np.ndarray, "val dim"],
    val_y: Float64[np.ndarray, "val outputs"],
) -> Task:
    """Points standardized by the training points alone, in float32."""
    inputs, outputs = scaling_of(train_x), scaling_of(train_y)
    parts = (
        inputs.forward(train_x),
        outputs.forward(train_y),
        inputs.forward(val_x),
        outputs.forward(val_y),
    )
    return Task(Dataset(*(part.astype(np.float32) for part in parts)), inputs, outputs)


def preconditioner_training(
    width: int,
    depth: int,
    steps: int,
    *,
    input_dim: int = 2,
    output_dim: int = 1,
    optimizer: str = "adam",
    loss: str = "mse",
    snapshot_every: int | None = None,
) -> TrainingConfig:
    """Full-batch training of such a network at a rate of 0.001.

    Args:
        width: Units of each hidden layer.
        depth: Hidden layers.
        steps: Updates, one an epoch.
        input_dim: Number of inputs.
        output_dim: Number of outputs.
        optimizer: One of `training.config.OPTIMIZERS`.
        loss: One of `training.config.LOSSES`.
        snapshot_every: Updates between two snapshots; at the ends alone if `None`.
    """
    return TrainingConfig(
        model=ModelConfig(
            widths=(width,) * depth,
            input_dim=input_dim,
            output_dim=output_dim,
            activation="prelu",
            slope=START_SLOPE,
            initializer="unit_columns",
        ),
        optimizer=OptimizerConfig(name=optimizer, learning_rate=1e-3),
        loss=loss,
        epochs=steps,
        batch_size=None,
        snapshot_every=steps if snapshot_every is None else snapshot_every,
    )


def embeddings(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> list[Float64[np.ndarray, "points _"]]:
    """The points themselves, then what each hidden layer makes of them.

    The last entry is the embedding that the output reads.
    """
    pres = network.pre_activations(points)[:-1]
    hidden = [
        layer.activate(pre) for layer, pre in zip(network.hidden, pres, strict=True)
    ]
    return [points, *hidden]


def kept_networks(
    training: TrainingConfig, seeds: tuple[int, ...], folder: pathlib.Path
) -> list[regions.ReluNetwork]:
    """The networks that a finished run keeps: the best ones of `lux`, else the last.

    Args:
        training: What was trained.
        seeds: Seeds of the networks.
        folder: Folder of the run, as `fit_ensemble` left it.

    Raises:
        FloatingPointError: If a seed has diverged.
    """
    state = ensemble_state(training, seeds, folder, training.epochs)
    is_lux = training.optimizer.name == "lux"
    params = best_params(state.opt_state) if is_lux else state.params
    return require_networks(seed_networks(params, training), seeds)
