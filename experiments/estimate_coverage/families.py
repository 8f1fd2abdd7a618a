"""Networks with known counts: random, degenerate and trained, in 1 to 30 dimensions."""

import itertools
import pathlib
from typing import NamedTuple

import numpy as np

import regions
from experiments.measures.seed_networks import require_networks, seed_networks
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import fit_ensemble
from training.labeled import one_hot
from training.two_moons import two_moons


class Family(NamedTuple):
    """Networks of one kind.

    Attributes:
        dim: Input dimension.
        widths: Widths of the hidden layers.
        kind: `random`, or what makes them special.
        whole: Whether the domain is the whole space, and not the box `[-1, 1]^d`.
    """

    dim: int
    widths: tuple[int, ...]
    kind: str = "random"
    whole: bool = False

    @property
    def name(self) -> str:
        """One name, for files and tables."""
        widths = "-".join(map(str, self.widths))
        return f"{self.kind} {self.dim}-[{widths}]{' whole space' * self.whole}"

    @property
    def domain(self) -> regions.Box | regions.WholeSpace:
        """Where regions are counted."""
        if self.whole:
            return regions.WholeSpace(self.dim)
        return regions.Box.cube(self.dim)


FAMILIES = (
    Family(1, (16, 12)),
    Family(2, (8, 7)),
    Family(3, (7, 5)),
    Family(4, (6, 4)),
    Family(5, (5, 4)),
    Family(6, (5, 4)),
    Family(8, (5, 4)),
    Family(10, (5, 4)),
    Family(30, (5, 4)),
    Family(2, (5, 5, 5, 4)),
    Family(4, (5, 4), "random", whole=True),
    Family(30, (13, 1), "random", whole=True),
    Family(3, (6, 5), "leaky"),
    Family(3, (7, 5), "without biases"),
    Family(3, (6, 5), "small integers"),
    Family(3, (7, 5), "units in pairs"),
    Family(2, (10, 8), "trained"),
)


def networks_of(
    family: Family, seeds: tuple[int, ...], epochs: int, folder: pathlib.Path
) -> list[regions.ReluNetwork]:
    """The networks of a family, one a seed."""
    if family.kind == "trained":
        return _trained(family, seeds, epochs, folder)
    return [_drawn(family, seed) for seed in seeds]


def _drawn(family: Family, seed: int) -> regions.ReluNetwork:
    """A network that is random, or degenerate in the way of its kind."""
    rng = np.random.default_rng([seed, family.dim, *family.widths])
    sizes = (family.dim, *family.widths, 1)
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        weight = rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
        bias = 0.3 * rng.standard_normal(fan_out)
        if family.kind == "small integers":
            weight = rng.integers(-1, 2, (fan_out, fan_in)).astype(float)
            bias = rng.integers(-1, 2, fan_out).astype(float)
        if family.kind == "units in pairs" and fan_out > 1:
            # The second of each pair is the first one's opposite, or a copy.
            half = fan_out // 2
            turn = rng.choice([-1.0, 2.0], half)
            weight[half : 2 * half] = turn[:, None] * weight[:half]
            bias[half : 2 * half] = turn * bias[:half]
        weights.append(weight)
        biases.append(0.0 * bias if family.kind == "without biases" else bias)
    slopes = 0.1 if family.kind == "leaky" else 0.0
    return regions.ReluNetwork.from_arrays(weights, biases, slopes)


def _trained(
    family: Family, seeds: tuple[int, ...], epochs: int, folder: pathlib.Path
) -> list[regions.ReluNetwork]:
    """Classifiers of two moons."""
    data = []
    for seed in seeds:
        moons = two_moons(200, 0.1, seed)
        inputs = (moons.inputs - moons.inputs.mean(0)) / (2.0 * moons.inputs.std(0))
        inputs, targets = inputs.astype(np.float32), one_hot(moons.labels, 2)
        data.append(Dataset(inputs, targets, inputs, targets))
    config = TrainingConfig(
        model=ModelConfig(
            widths=family.widths,
            input_dim=family.dim,
            output_dim=2,
            activation="relu",
            initializer="he_normal_small_bias",
        ),
        optimizer=OptimizerConfig(learning_rate=1e-2),
        loss="cross_entropy",
        epochs=epochs,
        batch_size=None,
        snapshot_every=epochs,
    )
    fitted = fit_ensemble(config, data, seeds, folder)
    return require_networks(seed_networks(fitted.params, config), seeds)
