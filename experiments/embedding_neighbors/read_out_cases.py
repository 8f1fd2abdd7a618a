"""Problems on which read-outs of embeddings are compared with read-outs of inputs."""

import dataclasses
from typing import NamedTuple

import numpy as np
import scipy.stats.qmc
from jaxtyping import Float64, Int64

import regions
from experiments.embedding_neighbors.data_sets import TABLES, Table, load_table
from experiments.measures.preconditioners import (
    Scaling,
    Task,
    embeddings,
    preconditioner_training,
    sample_square,
    scaling_of,
    standardized_task,
)
from experiments.measures.read_outs import READ_OUTS, errors, misclassified
from experiments.measures.target_curvature import one_thread
from experiments.measures.target_surfaces import grid_points, wave
from training.config import TrainingConfig
from training.datasets import Dataset

PROBLEMS = ("wave", "cosine", *TABLES)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A problem, and the network that learns it.

    Attributes:
        name: In the figure.
        problem: One of `PROBLEMS`.
        width: Units of a hidden layer.
        depth: Hidden layers.
        steps: Updates.
        points: Training points; of a table, those that are not tested, at most.
        tested: Other points; of the wave, the side of a grid of them.
        seeds: Number of seeds.
        optimizer: One of `training.config.OPTIMIZERS`; of `lux` the best parameters
            count, of others the last.
    """

    name: str
    problem: str
    width: int
    depth: int
    steps: int
    points: int
    tested: int
    seeds: int
    optimizer: str = "adam"

    def __post_init__(self):
        if self.problem not in PROBLEMS:
            raise ValueError(
                f"`problem` is {self.problem!r}: one of {', '.join(PROBLEMS)} is "
                "required."
            )

    @property
    def is_classification(self) -> bool:
        """Whether what is learned are classes."""
        return self.problem in TABLES and load_table(self.problem).is_classification

    @property
    def training(self) -> TrainingConfig:
        """How its networks are trained."""
        input_dim, output_dim = 2, 1
        if self.problem in TABLES:
            table = load_table(self.problem)
            input_dim, output_dim = table.inputs.shape[1], table.targets.shape[1]
        return preconditioner_training(
            self.width,
            self.depth,
            self.steps,
            input_dim=input_dim,
            output_dim=output_dim,
            optimizer=self.optimizer,
            loss="cross_entropy" if self.is_classification else "mse",
        )


class CaseSample(NamedTuple):
    """Points of one seed.

    Attributes:
        task: To learn from.
        values: Targets of the training points, as they were; classes one-hot.
        test: Other points, standardized.
        wanted: Their values, or one-hot classes.
    """

    task: Task
    values: Float64[np.ndarray, "train outputs"]
    test: Float64[np.ndarray, "test dim"]
    wanted: Float64[np.ndarray, "test outputs"]

    @property
    def train(self) -> Float64[np.ndarray, "train dim"]:
        """The training points, standardized."""
        return np.asarray(self.task.data.train_inputs, np.float64)

    @property
    def classes(self) -> Int64[np.ndarray, " test"]:
        """Classes of the other points."""
        return self.wanted.argmax(axis=1)


def sample_case(case: Case, seed: int) -> CaseSample:
    """The points of a seed."""
    if case.problem == "wave":
        design = scipy.stats.qmc.LatinHypercube(2, rng=seed)
        train, test = design.random(case.points), grid_points(0.0, 1.0, case.tested)
        return _regression(train, wave(train), test, wave(test))
    if case.problem in TABLES:
        return _split(case, load_table(case.problem), seed)
    sample = sample_square(seed, case.points, case.tested)
    values = sample.task.outputs.back(
        np.asarray(sample.task.data.train_targets, np.float64)
    )
    return CaseSample(sample.task, values, sample.test, sample.target[:, None])


def read_out_errors(
    case: Case,
    network: regions.ReluNetwork,
    sample: CaseSample,
    layers: slice = slice(None),
) -> Float64[np.ndarray, "layers read_outs 2"]:
    """Errors of every read-out on the inputs and on each hidden layer.

    Args:
        case: The problem.
        network: The network.
        sample: The points.
        layers: Which of the inputs (0) and the hidden layers.

    Returns:
        RMSE and largest error; of classes, twice the share of wrong ones.
    """
    pairs = zip(
        embeddings(network, sample.train)[layers],
        embeddings(network, sample.test)[layers],
        strict=True,
    )
    with one_thread():
        rows = [
            [
                _score(case, sample, read_out(known, sample.values, others))
                for read_out in READ_OUTS.values()
            ]
            for known, others in pairs
        ]
    return np.array(rows)


def network_errors(
    case: Case, network: regions.ReluNetwork, sample: CaseSample
) -> tuple[float, float]:
    """The network's own errors, as `read_out_errors` gives them."""
    return _score(case, sample, sample.task.outputs.back(network(sample.test)))


def _score(
    case: Case, sample: CaseSample, found: Float64[np.ndarray, "test outputs"]
) -> tuple[float, float]:
    """Two errors of values found at the other points."""
    if case.is_classification:
        share = float(misclassified(found, sample.classes).mean())
        return share, share
    return errors(found, sample.wanted)


def _regression(
    train: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, " train"],
    test: Float64[np.ndarray, "test dim"],
    wanted: Float64[np.ndarray, " test"],
) -> CaseSample:
    """A sample of one output; a few of the other points serve for validation."""
    few = slice(0, max(1, len(test) // 10))
    task = standardized_task(train, values[:, None], test[few], wanted[few, None])
    return CaseSample(task, values[:, None], task.inputs.forward(test), wanted[:, None])


def _split(case: Case, table: Table, seed: int) -> CaseSample:
    """A random split of a table."""
    order = np.random.default_rng(seed).permutation(len(table.inputs))
    test, train = order[: case.tested], order[case.tested :][: case.points]
    x, y = table.inputs, table.targets
    inputs = scaling_of(x[train]) if table.is_scaled else _unscaled(x.shape[1])
    scaled_values = not table.is_classification
    outputs = scaling_of(y[train]) if scaled_values else _unscaled(y.shape[1])
    few = test[: max(1, len(test) // 10)]
    parts = (
        inputs.forward(x[train]),
        outputs.forward(y[train]),
        inputs.forward(x[few]),
        outputs.forward(y[few]),
    )
    data = Dataset(*(part.astype(np.float32) for part in parts))
    task = Task(data, inputs, outputs)
    return CaseSample(task, y[train], inputs.forward(x[test]), y[test])


def _unscaled(dim: int) -> Scaling:
    """The identity."""
    return Scaling(np.zeros(dim), np.ones(dim))
