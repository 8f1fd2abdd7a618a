"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

import regions
from experiments.measures.region_use import (
    cluster_points,
    normal_points,
    random_units,
    region_use,
    use_columns,
    write_use,
)
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.region_utilization.claims import (
    UNITS,
    Setting,
    layers_text,
    utilization_claims,
)
from experiments.region_utilization.random_codes import (
    normal_codes,
    swept_clusters,
    whole_counts,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import measure_settings, read_measures, setting_folder
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import fit_ensemble
from training.labeled import one_hot
from training.progress import Progress
from training.two_moons import two_moons

ABOUT = About(
    title="Of 32 codes, seven used",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024",
    setup=(
        "One layer of five ReLUs in 2, 3 and 5 dimensions, with and without biases, "
        "random or trained (cross entropy, Adam), on 1000 points: normal, in seven "
        "clusters, or two moons; ten seeds each. Counted: 2^n, the geometry's maximum, "
        "all regions of a box, those that a grid meets, those that hold data, and the "
        "entropy and Gini coefficient of the points. Random networks of up to 128 "
        "units in 1, 2 and 4 layers against N^d / d!."
    ),
    differs=(
        "The post says 7 of 32 without data, dimension or training. 32 codes are "
        "reached from five inputs on only: five hyperplanes make 6, 16, 26, 31 and 32 "
        "regions in 1 to 5 dimensions. Its later version says that the seven contain "
        "data, as we take it."
    ),
    expected=(
        "About 9.9 of 10 cones and 12.8 regions occupied by normal data in the plane, "
        "exactly seven for one network in a hundred (measured with another "
        "implementation); N^d / d! regions at any depth (Hanin & Rolnick 2019, read)."
    ),
)
REACH = 4.0
"""Half the side of the box, in standard deviations of the data."""


def _five() -> tuple[Setting, ...]:
    """The settings of five units."""
    settings = [
        Setting(dim=dim, data=data, use_bias=bias, trained=trained)
        for dim in (2, 3, 5)
        for bias in (True, False)
        for data, trained in (
            ("normal", False),
            ("clusters", False),
            ("clusters", True),
        )
    ]
    moons = [
        Setting(dim=2, data="moons", use_bias=bias, trained=trained)
        for bias in (True, False)
        for trained in (False, True)
    ]
    return (*settings, *moons)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        five: Settings of five units.
        points: Number of points of each data set.
        clusters: Number of clusters of the clustered data.
        epochs: Epochs of training, in full batches.
        learning_rate: Learning rate of Adam.
        swept: Numbers of clusters that are tried for random networks.
        swept_dims: Dimensions in which they are.
        chances: Random networks of each of these, and of normal data.
        sizes: Units of the wider and deeper networks, by input dimension.
        depths: Their numbers of layers.
        seeds: Seeds of networks and data.
    """

    five: tuple[Setting, ...] = _five()
    points: int = 1000
    clusters: int = 7
    epochs: int = 1500
    learning_rate: float = 1e-2
    swept: tuple[int, ...] = (1, 2, 3, 5, 7, 9, 12, 16)
    swept_dims: tuple[int, ...] = (2, 3, 5)
    chances: int = 200
    sizes: tuple[tuple[int, tuple[int, ...]], ...] = (
        (2, (8, 16, 32, 64, 128)),
        (3, (8, 16, 32)),
    )
    depths: tuple[int, ...] = (1, 2, 4)
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        five=(
            Setting(dim=2, data="normal", use_bias=False, trained=False),
            Setting(dim=2, data="clusters", use_bias=True, trained=False),
            Setting(dim=2, data="clusters", use_bias=True, trained=True),
        ),
        points=50,
        epochs=3,
        swept=(1, 7),
        swept_dims=(2,),
        chances=10,
        sizes=((2, (8,)),),
        depths=(1, 2),
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        five: By setting, an array of seeds for each field of `RegionUse`.
        larger: By (dimension, units, layers), likewise.
        swept: Occupied codes by dimension, number of clusters and network.
        normal: Occupied codes of normal data by dimension, with biases and without.
        whole: Regions of the whole space of five units, by dimension from 1 on, with
            biases and without, and seed.
    """

    config: Config
    summary: Summary
    five: dict[str, dict[str, np.ndarray]]
    larger: dict[tuple[int, int, int], dict[str, np.ndarray]]
    swept: Int64[np.ndarray, "dims clusters networks"]
    normal: Int64[np.ndarray, "dims 2 networks"]
    whole: Int64[np.ndarray, "inputs 2 seeds"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count; write it all to `folder`."""
    stored(folder / "chances.npz", functools.partial(_chances, config))
    clock.lap("random networks")
    how = {
        setting.name: functools.partial(_measure_five, config, setting, folder)
        for setting in config.five
    }
    measure_settings(folder, how, progress, "five units")
    clock.lap("five units")
    for i, shape in enumerate(shapes := larger_shapes(config)):
        progress(i, len(shapes), "wider and deeper networks")
        stored(_larger_file(folder, shape), functools.partial(_larger, config, shape))
    clock.lap("wider and deeper networks")
    result = read(config, folder, {})
    claims = utilization_claims(
        config.five,
        result.five,
        result.larger,
        result.normal,
        result.whole,
        _clustered(config, result.swept),
    )
    named = {
        f"{units} units in {layers_text(depth)}, {dim} inputs": values
        for (dim, units, depth), values in result.larger.items()
    }
    write_use(folder / "utilization.csv", result.five | named, config.seeds)
    table = [_row(name, values) for name, values in result.five.items()]
    seven = [row["setting"] for row in table if 6.5 <= row["occupied"] <= 7.5]
    clustered = _clusters_with_seven(config, result.swept)
    chance = float((result.normal[0, 0] == 7).mean())
    return {
        "headline": (
            "about seven of 32 codes occupied, medians: random units on "
            f"{', '.join(clustered) or 'no clusters'}; {', '.join(seven)}; exactly "
            f"seven by chance, on normal points of the plane, in {chance:.1%}"
        ),
        "table": table,
        "about_seven": seven,
        "clusters_with_about_seven": clustered,
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """The stored numbers."""
    chances = read_arrays(folder / "chances.npz")
    return Result(
        config,
        summary,
        read_measures(folder, [s.name for s in config.five]),
        {s: read_arrays(_larger_file(folder, s)) for s in larger_shapes(config)},
        chances["swept"],
        chances["normal"],
        chances["whole"],
    )


def larger_shapes(config: Config) -> list[tuple[int, int, int]]:
    """Dimension, units in all and layers of the wider and deeper networks."""
    return [
        (dim, units, depth)
        for dim, sizes in config.sizes
        for units in sizes
        for depth in config.depths
    ]


def _larger_file(folder: pathlib.Path, shape: tuple[int, int, int]) -> pathlib.Path:
    """Where the numbers of a shape are."""
    return folder / f"larger-{'-'.join(map(str, shape))}.npz"


def _chances(config: Config) -> dict[str, np.ndarray]:
    """Occupied codes of many random networks, and counts of the whole space."""
    networks, points = range(config.chances), config.points
    return {
        "swept": swept_clusters(
            UNITS, config.swept_dims, config.swept, networks, points, REACH
        ),
        "normal": normal_codes(UNITS, config.swept_dims, networks, points, REACH),
        "whole": whole_counts(UNITS, config.seeds),
    }


def _data(config: Config, setting: Setting, seed: int) -> Dataset:
    """Points and two classes of one seed; clusters alternate between the classes."""
    if setting.data == "moons":
        moons = two_moons(config.points, 0.1, seed)
        # Standardized, so that lines through the origin can part them.
        points = (moons.inputs - moons.inputs.mean(0)) / moons.inputs.std(0)
        labels = moons.labels
    elif setting.data == "clusters":
        points, numbers = cluster_points(
            config.points, setting.dim, config.clusters, seed, REACH
        )
        labels = numbers % 2
    else:
        points = normal_points(config.points, setting.dim, seed, REACH)
        labels = np.zeros(config.points, np.int64)
    inputs, targets = points.astype(np.float32), one_hot(labels, 2)
    return Dataset(inputs, targets, inputs, targets)


def _measure_five(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """The numbers of all seeds of a setting of five units."""
    data = [_data(config, setting, seed) for seed in config.seeds]
    if setting.trained:
        training = TrainingConfig(
            model=ModelConfig(
                widths=(UNITS,),
                input_dim=setting.dim,
                output_dim=2,
                activation="relu",
                initializer="he_normal_unit_bias",
                use_bias=setting.use_bias,
            ),
            optimizer=OptimizerConfig(learning_rate=config.learning_rate),
            loss="cross_entropy",
            epochs=config.epochs,
            batch_size=None,
            snapshot_every=max(config.epochs, 1),
        )
        place = setting_folder(folder, setting.name)
        fitted = fit_ensemble(training, data, config.seeds, place)
        networks = require_networks(
            seed_networks(fitted.params, training), config.seeds
        )
    else:
        networks = [
            random_units(setting.dim, UNITS, seed, use_bias=setting.use_bias)
            for seed in config.seeds
        ]
    box = regions.Box.cube(setting.dim, REACH)
    return use_columns(
        [
            region_use(network, np.asarray(part.train_inputs, np.float64), box)
            for network, part in zip(networks, data, strict=True)
        ]
    )


def _larger(config: Config, shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    """The numbers of random networks of one shape on normal points."""
    dim, units, depth = shape
    training = TrainingConfig(
        model=ModelConfig(
            widths=(units // depth,) * depth,
            input_dim=dim,
            activation="relu",
            initializer="he_normal_unit_bias",
        ),
        epochs=0,
    )
    box = regions.Box.cube(dim, REACH)
    return use_columns(
        [
            region_use(network, normal_points(config.points, dim, seed, REACH), box)
            for seed, network in zip(
                config.seeds, initial_networks(training, config.seeds), strict=True
            )
        ]
    )


def _row(name: str, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Medians over the seeds."""
    return {"setting": name} | {k: float(np.median(v)) for k, v in values.items()}


def _clustered(
    config: Config, swept: Int64[np.ndarray, "dims clusters networks"]
) -> dict[int, Int64[np.ndarray, " networks"]]:
    """Occupied codes of the random networks on seven clusters, by dimension."""
    column = config.swept.index(config.clusters)
    return dict(zip(config.swept_dims, swept[:, column], strict=True))


def _clusters_with_seven(
    config: Config, swept: Int64[np.ndarray, "dims clusters networks"]
) -> list[str]:
    """Where the median random network occupies 6.5 to 7.5 codes."""
    medians = np.median(swept, axis=2)
    return [
        f"{clusters} clusters in {dim} dimensions"
        for dim, row in zip(config.swept_dims, medians, strict=True)
        for clusters, median in zip(config.swept, row, strict=True)
        if 6.5 <= median <= 7.5
    ]
