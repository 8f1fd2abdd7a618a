"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.bias_free.claims import bias_claims
from experiments.bias_free.homogeneity import compare_rays, ray_bound
from experiments.bias_free.tuned_training import (
    Contest,
    Task,
    best_rate,
    compare_training,
)
from experiments.measures.region_use import random_units
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.unit_square import enumerate_all
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import measure_settings, read_measures, setting_folder
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.bounds import central_count
from regions.files.writing import read_arrays
from regions.partition.class_polygons import region_polygons
from training.datasets import ring_image
from training.ensemble import ensemble_snapshots
from training.progress import Progress

ABOUT = About(
    title="Without biases: cones, and no ring",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024",
    setup=(
        "ReLU networks with biases (24-24, 697 parameters) and without (25-25, 700) "
        "learn the ring from 1000 pixels, with the origin in a corner of the square "
        "and in its center; 64-64-10 with biases and 64-65-10 without (4,810 each) "
        "learn 500 of scikit-learn's digits. Adam, ten seeds, seven learning rates. A "
        "rate trains a seed if its training loss reaches half of the variance (ring) "
        "or 0.1 (digits) within the run; losses and updates are compared at the rate "
        "with the lowest median training loss of each kind."
    ),
    differs=(
        "The post calls biases left out a beneficial regularization that simplifies "
        "optimization and shows no experiment; tasks, sizes and measures are ours."
    ),
    expected=(
        "Cones and 2 sum C(n - 1, i) of them (derived). On the ring no gain: a "
        "function with f(t x) = t f(x) leaves a ninth of the mean square of an all "
        "white square (derived), 0.11, and the best constant 0.044 of the ring."
    ),
)
VIEW = 0.5
"""Half the side of the drawn square about the origin."""


TASKS = (
    Task(name="ring corner", widths=(24, 24), free_widths=(25, 25), target=0.022),
    Task(name="ring centered", widths=(24, 24), free_widths=(25, 25), target=0.022),
    Task(
        name="digits",
        widths=(64,),
        free_widths=(65,),
        points=500,
        batch_size=100,
        epochs=100,
        target=0.1,
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        tasks: What is learned, and the networks with and without biases.
        rates: Learning rates of Adam.
        seeds: Seeds of data, initialization and shuffles.
        layers: Units and inputs of the single layers that are counted.
        rays: Points that are scaled.
    """

    tasks: tuple[Task, ...] = TASKS
    rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    seeds: tuple[int, ...] = tuple(range(10))
    layers: tuple[tuple[int, int], ...] = (
        (3, 2),
        (5, 2),
        (10, 2),
        (20, 2),
        (5, 3),
        (8, 3),
        (12, 3),
        (16, 3),
        (6, 4),
        (8, 4),
        (10, 4),
    )
    rays: int = 10_000


PRESETS = {
    "smoke": Config(
        tasks=(
            dataclasses.replace(
                TASKS[1],
                widths=(6,),
                free_widths=(8,),
                points=40,
                epochs=4,
                size=16,
            ),
        ),
        rates=(1e-2,),
        seeds=(0, 1),
        layers=((5, 2), (5, 3)),
        rays=50,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        contests: By task, as `tuned_training.compare_training` gives them.
        counts: Regions of single layers without biases, by layer and seed.
        bounds: Least error of a homogeneous function on the ring, by origin.
        partitions: Regions of the ring's square about its center, of a network with
            biases and of one without.
    """

    config: Config
    summary: Summary
    contests: dict[str, Contest]
    counts: Int64[np.ndarray, "layers seeds"]
    bounds: dict[str, float]
    partitions: list[list[Float64[np.ndarray, "_ 2"]]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count, train, compare; write it all to `folder`."""
    cones = stored(folder / "layers.npz", functools.partial(_count_layers, config))
    clock.lap("single layers")
    how = {
        task.name: functools.partial(_contest, config, task, folder)
        for task in config.tasks
    }
    measure_settings(folder, how, progress, "training with and without biases")
    clock.lap("training")
    contests = _contests(config, folder)
    rays = stored(folder / "rays.npz", functools.partial(_rays, config, folder))
    clock.lap("rays and partitions")
    bounds = _bounds(config)
    claims = bias_claims(config.tasks, config.rates, contests, cones, rays, bounds)
    return {
        "headline": _headline(config, contests, bounds),
        "bounds": bounds,
        "table": [_row(config, name, one) for name, one in contests.items()],
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        _contests(config, folder),
        read_arrays(folder / "layers.npz")["counts"],
        _bounds(config),
        [read_polygons(folder / f"partition-{k}.npz") for k in range(2)],
    )


def _contests(config: Config, folder: pathlib.Path) -> dict[str, Contest]:
    """The stored numbers of each task."""
    found = read_measures(folder, [task.name for task in config.tasks])
    return {name: Contest(**arrays) for name, arrays in found.items()}


def _contest(config: Config, task: Task, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Train both kinds of networks at all rates."""
    place = setting_folder(folder, task.name)
    return compare_training(task, config.rates, config.seeds, place)._asdict()


def _count_layers(config: Config) -> dict[str, np.ndarray]:
    """Regions of single layers without biases, and bounded ones among them."""
    counts = np.zeros((len(config.layers), len(config.seeds)), np.int64)
    bounded = np.zeros_like(counts)
    for row, (units, dim) in enumerate(config.layers):
        for column, seed in enumerate(config.seeds):
            network = random_units(dim, units, seed, use_bias=False)
            found = regions.enumerate_regions(network, regions.WholeSpace(dim))
            counts[row, column] = len(found) if found.complete else -1
            bounded[row, column] = int(found.bounded().sum())
    formula = np.array([central_count(units, dim) for units, dim in config.layers])
    return {"counts": counts, "bounded": bounded, "formula": formula}


def _bounds(config: Config) -> dict[str, float]:
    """Least error of a homogeneous function, for each task on an image."""
    return {
        task.name: ray_bound(ring_image(task.size), task.origin)
        for task in config.tasks
        if task.is_image
    }


def _rays(config: Config, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Rays of the trained networks without biases; writes two partitions.

    All are of the last task on an image, at the rate where it did best.
    """
    task = [task for task in config.tasks if task.is_image][-1]
    place = setting_folder(folder, task.name)
    contest = _contests(config, folder)[task.name]
    box = regions.Box.cube(2, VIEW)
    rows = []
    for kind in (0, 1):
        rate = config.rates[best_rate(contest, kind)]
        training = task.training(kind, rate)
        *_, (_, params) = ensemble_snapshots(
            training, config.seeds, place / task.run_name(kind, rate)
        )
        networks = require_networks(seed_networks(params, training), config.seeds)
        found = enumerate_all(networks[0], box)
        write_polygons(folder / f"partition-{kind}.npz", region_polygons(found))
        if kind == 1:
            points = np.random.default_rng(0).normal(size=(config.rays, 2))
            rows = [compare_rays(network, points) for network in networks]
    return {
        "codes": np.array([row.codes for row in rows]),
        "outputs": np.array([row.outputs for row in rows]),
        "pairs": np.array([row.pairs for row in rows]),
    }


def _row(config: Config, name: str, contest: Contest) -> dict[str, Any]:
    """Medians at the best rates, with biases and without."""
    row: dict[str, Any] = {"task": name}
    for kind, label in enumerate(("biased", "free")):
        best = best_rate(contest, kind)
        reached = contest.reached[kind, best]
        row |= {
            f"{label}_rate": config.rates[best],
            f"{label}_train": float(np.median(contest.train[kind, best])),
            f"{label}_test": float(np.median(contest.test[kind, best])),
            f"{label}_reached": int((reached > 0).sum()),
            f"{label}_rates_that_train": float(
                np.median((contest.reached[kind] > 0).sum(axis=0))
            ),
            f"{label}_sharpness": [
                float(np.median(contest.sharpness[kind, when])) for when in (0, 1)
            ],
        }
    return row


def _headline(
    config: Config, contests: dict[str, Contest], bounds: dict[str, float]
) -> str:
    """One line for the pages."""
    parts = []
    for name, contest in contests.items():
        biased, free = (
            float(np.median(contest.test[kind, best_rate(contest, kind)]))
            for kind in (0, 1)
        )
        least = f", at least {bounds[name]:.3f}" if name in bounds else ""
        parts.append(f"{name}: {biased:.3g} with biases, {free:.3g} without{least}")
    return "test losses, medians: " + "; ".join(parts)
