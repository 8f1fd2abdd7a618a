"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.measures.hanin_rolnick_measures import count_everywhere
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.measures.unit_square import enumerate_square
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import dataset_of_each_seed
from experiments.running.stages import stored
from experiments.running.studies import Summary
from experiments.wide_or_deep.claims import Shape, wide_or_deep_claims
from experiments.wide_or_deep.equal_parameters import count_parameters, width_for
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Wide or deep, at equal parameters",
    page="claims",
    source=(
        "S. Shekkizhar, MLPs as hashing functions, 2024, later version: a question"
    ),
    setup=(
        "Random ReLU networks (He normal, biases of variance 1e-6) with 12 to 96 units "
        "in 1 to 4 layers, all regions of the plane and of R^3. Leaky ReLU networks of "
        "about 1000 parameters in 1 to 8 layers learn the disc from 2000 pixels (Adam "
        "at 0.003, 2400 updates); exact regions of the unit square before and after; "
        "losses on 20,000 other pixels. Ten seeds each."
    ),
    differs=(
        "The post asks how a wide network differs from a deep one and measures "
        "nothing; sizes and task are ours."
    ),
    expected=(
        "About N^d / d! regions at any depth, so a slope of d over the units (Hanin & "
        "Rolnick 2019, read). Depth fits the edge of the disc better (measured in the "
        "experiment on soft edges)."
    ),
)


DISC = DataConfig(image="disc", num_train=2000, num_val=20_000)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        units: Units in all of the random networks, by input dimension.
        stacks: Layers over which they are spread.
        budget: Parameters of the trained networks.
        depths: Their layers; the first and the last are drawn.
        data: What they learn; each seed draws its own pixels.
        epochs: Epochs of training.
        batch_size: Points per update.
        learning_rate: Learning rate of Adam.
        seeds: Seeds of initialization, pixels and shuffles.
    """

    units: tuple[tuple[int, tuple[int, ...]], ...] = (
        (2, (12, 24, 48, 96)),
        (3, (12, 24, 36)),
    )
    stacks: tuple[int, ...] = (1, 2, 3, 4)
    budget: int = 1000
    depths: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
    data: DataConfig = DISC
    epochs: int = 300
    batch_size: int = 250
    learning_rate: float = 3e-3
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        units=((2, (4, 8)),),
        stacks=(1, 2),
        budget=60,
        depths=(1, 3),
        data=DataConfig(image="disc", size=32, num_train=60, num_val=40),
        epochs=4,
        batch_size=30,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        random: Regions of the whole space by (dimension, units, layers), one a seed.
        trained: By depth, arrays of seeds: `before` and `after` (regions of the unit
            square), `train` and `test` (losses).
        partitions: Regions of the shallowest and the deepest network after training,
            first seed.
    """

    config: Config
    summary: Summary
    random: dict[Shape, np.ndarray]
    trained: dict[int, dict[str, np.ndarray]]
    partitions: list[list[Float64[np.ndarray, "_ 2"]]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count random networks, train and count others; write it all to `folder`."""
    shapes = random_shapes(config)
    for i, shape in enumerate(shapes):
        progress(i, len(shapes), "counting random networks")
        stored(_random_file(folder, shape), functools.partial(_random, config, shape))
    clock.lap("random networks")
    for i, depth in enumerate(config.depths):
        progress(i, len(config.depths), "training and counting")
        stored(
            folder / f"depth-{depth}.npz",
            functools.partial(_train, config, depth, folder),
        )
    clock.lap("trained networks")
    random, trained = _read(config, folder)
    claims = wide_or_deep_claims(random, trained, config.stacks)
    table = [_row(config, depth, values) for depth, values in trained.items()]
    first, last = table[0], table[-1]
    return {
        "headline": (
            f"{config.budget} parameters, medians, {first['shape']} against "
            f"{last['shape']}: {first['before']:,.0f} and {last['before']:,.0f} "
            f"regions before training, {first['after']:,.0f} and {last['after']:,.0f} "
            f"after, test loss {first['test']:.4f} and {last['test']:.4f}"
        ),
        "table": table,
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    random, trained = _read(config, folder)
    drawn = (config.depths[0], config.depths[-1])
    return Result(
        config,
        summary,
        random,
        trained,
        [read_polygons(folder / f"partition-{depth}.npz") for depth in drawn],
    )


def random_shapes(config: Config) -> list[Shape]:
    """Dimension, units in all and layers of the random networks."""
    return [
        (dim, units, layers)
        for dim, sizes in config.units
        for units in sizes
        for layers in config.stacks
    ]


def widths_of(config: Config, depth: int) -> tuple[int, ...]:
    """Hidden widths of the trained network of a depth."""
    return (width_for(config.budget, depth, 2),) * depth


def _random_file(folder: pathlib.Path, shape: Shape) -> pathlib.Path:
    """Where the counts of a shape are."""
    return folder / f"random-{'-'.join(map(str, shape))}.npz"


def _read(
    config: Config, folder: pathlib.Path
) -> tuple[dict[Shape, np.ndarray], dict[int, dict[str, np.ndarray]]]:
    """The stored numbers of random and of trained networks."""
    random = {
        shape: read_arrays(_random_file(folder, shape))["counts"]
        for shape in random_shapes(config)
    }
    trained = {
        depth: read_arrays(folder / f"depth-{depth}.npz") for depth in config.depths
    }
    return random, trained


def _random(config: Config, shape: Shape) -> dict[str, np.ndarray]:
    """Regions of the whole space of random networks."""
    dim, units, layers = shape
    training = TrainingConfig(
        model=ModelConfig(
            widths=(units // layers,) * layers,
            input_dim=dim,
            activation="relu",
            initializer="he_normal_small_bias",
        ),
        epochs=0,
    )
    networks = initial_networks(training, config.seeds)
    return {"counts": np.array([count_everywhere(one) for one in networks])}


def training_of(config: Config, depth: int) -> TrainingConfig:
    """How the network of a depth is trained."""
    return TrainingConfig(
        model=ModelConfig(widths=widths_of(config, depth)),
        optimizer=OptimizerConfig(learning_rate=config.learning_rate),
        epochs=config.epochs,
        batch_size=config.batch_size,
        snapshot_every=max(config.epochs, 1),
    )


def _train(config: Config, depth: int, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Counts before and after training, and losses, of one depth."""
    training = training_of(config, depth)
    before = [
        len(enumerate_square(one)) for one in initial_networks(training, config.seeds)
    ]
    fitted = fit_ensemble(
        training,
        dataset_of_each_seed(config.data, config.seeds),
        config.seeds,
        folder / f"training-{depth}",
    )
    networks = require_networks(seed_networks(fitted.params, training), config.seeds)
    found = [enumerate_square(one) for one in networks]
    write_polygons(folder / f"partition-{depth}.npz", found[0].polygons())
    losses = fitted.losses[-1].astype(np.float64)
    return {
        "before": np.array(before),
        "after": np.array([len(one) for one in found]),
        "train": losses[:, 0],
        "test": losses[:, 1],
    }


def _row(config: Config, depth: int, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Medians over the seeds, and regions per parameter."""
    widths = widths_of(config, depth)
    parameters = count_parameters(widths, 2)
    medians = {name: float(np.median(array)) for name, array in values.items()}
    return {
        "shape": f"{widths[0]}x{depth}",
        "parameters": parameters,
        "units": sum(widths),
        **medians,
        "after_per_parameter": medians["after"] / parameters,
    }
