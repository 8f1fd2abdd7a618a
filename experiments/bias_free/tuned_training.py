"""Networks with and without biases, trained at every learning rate and compared."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float64, Int64

from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset, ring_image, sample_points
from training.ensemble import fit_ensemble, init_ensemble, member
from training.labeled import load_digits, split_dataset
from training.sharpness import top_eigenvalue

DIGITS = "digits"
TEST_PIXELS = 20_000
"""Most pixels of an image on which the test loss is taken."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is learned, and by which two networks.

    Attributes:
        name: `digits`, `ring corner` or `ring centered`.
        widths: Hidden units of the network with biases.
        free_widths: Hidden widths of the network without biases.
        points: Training points.
        size: Side of the image.
        epochs: Passes over the points.
        batch_size: Points per update.
        target: Training loss that counts as trained.
    """

    name: str
    widths: tuple[int, ...]
    free_widths: tuple[int, ...]
    points: int = 1000
    size: int = 1024
    epochs: int = 300
    batch_size: int = 125
    target: float

    @property
    def is_image(self) -> bool:
        """Whether the ring is learned."""
        return self.name != DIGITS

    @property
    def origin(self) -> tuple[float, float]:
        """Place of the networks' origin in the unit square."""
        return (0.5, 0.5) if self.name.endswith("centered") else (0.0, 0.0)

    @property
    def updates_per_epoch(self) -> int:
        """Batches of an epoch."""
        return -(-self.points // self.batch_size)

    def run_name(self, kind: int, rate: float) -> str:
        """Folder of one ensemble."""
        return f"{('biased', 'free')[kind]}-{rate:g}"

    def training(self, kind: int, rate: float) -> TrainingConfig:
        """How networks with biases (kind 0) or without (kind 1) are trained."""
        return TrainingConfig(
            model=ModelConfig(
                widths=self.free_widths if kind else self.widths,
                input_dim=2 if self.is_image else 64,
                output_dim=1 if self.is_image else 10,
                activation="relu",
                use_bias=kind == 0,
            ),
            optimizer=OptimizerConfig(learning_rate=rate),
            loss="mse" if self.is_image else "cross_entropy",
            epochs=self.epochs,
            batch_size=self.batch_size,
            snapshot_every=max(self.epochs, 1),
        )

    def data(self, seed: int) -> Dataset:
        """Points of one seed; validation points are for testing, many."""
        if not self.is_image:
            digits = load_digits()
            rest = len(digits.inputs) - self.points
            return split_dataset(digits, rest, seed)[0]
        image = ring_image(self.size)
        test = min(image.size - self.points, TEST_PIXELS)
        points = sample_points(image, self.points, test, seed)
        shift = np.asarray(self.origin, np.float32)
        return points._replace(
            train_inputs=np.asarray(points.train_inputs) - shift,
            val_inputs=np.asarray(points.val_inputs) - shift,
        )


class Contest(NamedTuple):
    """Networks with biases (kind 0) and without (kind 1) on one task.

    Attributes:
        train: Training loss of the last epoch; infinite where it diverged.
        test: Loss on points not trained on, after it; likewise.
        reached: Updates after which the training loss of an epoch is first at the
            target; 0 if it never is.
        sharpness: Top eigenvalue of the Hessian on the training points, before
            training and after it at the best rate.
        curves: Training losses of all epochs at the best rate.
    """

    train: Float64[np.ndarray, "2 rates seeds"]
    test: Float64[np.ndarray, "2 rates seeds"]
    reached: Int64[np.ndarray, "2 rates seeds"]
    sharpness: Float64[np.ndarray, "2 2 seeds"]
    curves: Float64[np.ndarray, "2 epochs seeds"]


def best_rate(contest: Contest, kind: int) -> int:
    """The learning rate with the lowest median training loss, by its place."""
    return int(np.median(contest.train[kind], axis=1).argmin())


def compare_training(
    task: Task, rates: Sequence[float], seeds: Sequence[int], folder: pathlib.Path
) -> Contest:
    """Train both kinds of networks at every rate, all seeds at once.

    Args:
        task: What is learned.
        rates: Learning rates.
        seeds: Seeds of data, initialization and shuffles.
        folder: Gets one folder for each ensemble; an interrupted comparison goes on.
    """
    data = [task.data(seed) for seed in seeds]
    shape = (2, len(rates), len(seeds))
    train, test = np.full(shape, np.inf), np.full(shape, np.inf)
    reached = np.zeros(shape, np.int64)
    curves, sharpness = [], []
    for kind in (0, 1):
        fitted = []
        for k, rate in enumerate(rates):
            training = task.training(kind, rate)
            place = folder / task.run_name(kind, rate)
            one = fit_ensemble(training, data, seeds, place)
            fitted.append(one)
            ends = one.losses[-1].astype(np.float64)
            kept = one.finite
            train[kind, k, kept], test[kind, k, kept] = ends[kept].T
            reached[kind, k] = first_epoch(one.losses[..., 0], task.target)
        best = int(np.median(train[kind], axis=1).argmin())
        curves.append(fitted[best].losses[..., 0].astype(np.float64))
        training = task.training(kind, rates[best])
        before = init_ensemble(training, seeds).params
        sharpness.append(
            [
                _eigenvalues(training, params, data)
                for params in (before, fitted[best].params)
            ]
        )
    reached *= task.updates_per_epoch
    return Contest(train, test, reached, np.array(sharpness), np.array(curves))


def first_epoch(
    losses: Float64[np.ndarray, "epochs seeds"] | np.ndarray, target: float
) -> Int64[np.ndarray, " seeds"]:
    """First epoch, from 1, whose loss is at most the target; 0 if none is."""
    below = losses <= target
    return np.where(below.any(axis=0), below.argmax(axis=0) + 1, 0).astype(np.int64)


def _eigenvalues(
    training: TrainingConfig, params: dict, data: Sequence[Dataset]
) -> list[float]:
    """Top eigenvalue of each seed; NaN where its parameters are not finite."""
    found = []
    for k, part in enumerate(data):
        one = member(params, k)
        finite = all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(one))
        found.append(
            top_eigenvalue(training, one, part.train_inputs, part.train_targets)
            if finite
            else np.nan
        )
    return found
