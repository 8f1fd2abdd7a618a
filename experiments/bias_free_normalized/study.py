"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np

from experiments.bias_free_normalized.claims import cone_claims, contest_claims
from experiments.bias_free_normalized.cones import measure_cones
from experiments.bias_free_normalized.contests import (
    BIASED,
    FREE,
    NORMALIZED,
    PLAIN,
    Contest,
    best_rate,
    compare,
)
from experiments.measures.tables import load_task
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.progress import Progress
from training.rms_networks import Layer, Layers, rms_signs

ABOUT = About(
    title="Without biases, in normalized networks",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024 (of normalized networks)",
    setup=(
        "ReLU networks of two hidden layers of 32 with RMS normalization (gains, no "
        "shift) before each layer, with biases and without, and the same without "
        "normalization, learn scikit-learn's digits (200 of them), breast cancer (150) "
        "and wine (80); tables are standardized. Full-batch Adam, 300 updates, three "
        "learning rates, the rest of the points for testing. Compared are the lowest "
        "test loss on the way at the best rate of each kind, and the updates to a "
        "training loss of 0.1 at the fastest rate of each. Patterns of trained "
        "networks are compared at 2,000 normal points."
    ),
    differs=(
        "The post names neither task nor size nor normalization: RMS normalization is "
        "that of today's language models, which have no biases. Networks without "
        "biases have 66 to 74 parameters less."
    ),
    expected=(
        "Without biases the partition is that of a plain network without biases, of "
        "cones cut by hyperplanes; with biases a unit's boundary is w . x + b rms(x) = "
        "0, a cone that is no hyperplane (derived). On losses, nothing is known."
    ),
)
VIEW, SIDE = 3.0, 700
"""Half the side of the drawn plane of three inputs, and its pixels."""

DRAWN = (8, 5)
"""Units of its network, few enough to see their boundaries."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        tasks: Name and number of training points of each.
        widths: Units of the hidden layers.
        rates: Learning rates of Adam.
        updates: Full-batch updates.
        target: Training loss that counts as trained.
        points: Random points at which patterns are compared.
        seeds: One split and one set of weights each.
    """

    tasks: tuple[tuple[str, int], ...] = (
        ("digits", 200),
        ("breast cancer", 150),
        ("wine", 80),
    )
    widths: tuple[int, ...] = (32, 32)
    rates: tuple[float, ...] = (3e-3, 1e-2, 3e-2)
    updates: int = 300
    target: float = 0.1
    points: int = 2000
    seeds: tuple[int, ...] = tuple(range(36))


PRESETS = {
    "smoke": Config(
        tasks=(("wine", 80),),
        widths=(8,),
        rates=(1e-2, 3e-2),
        updates=60,
        target=0.5,
        points=100,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        contests: Numbers by task.
        planes: Numbers of patterns on a plane of three inputs, with biases and without.
    """

    config: Config
    summary: Summary
    contests: dict[str, Contest]
    planes: np.ndarray


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, compare; write it all to `folder`."""
    for done, (name, _) in enumerate(config.tasks):
        progress(done, len(config.tasks), f"training on {name}")
        stored(_file(folder, name), lambda name=name: _train(config, name))
        clock.lap("training")
    cones = stored(folder / "cones.npz", lambda: _cones(config, folder))
    stored(folder / "planes.npz", lambda: {"planes": draw_planes(DRAWN)})
    clock.lap("cones")
    contests = _contests(config, folder)
    claims = cone_claims(cones)
    for name, contest in contests.items():
        claims += contest_claims(name, contest, config.target)
    return {"headline": _headline(contests), "claims": claims}


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    planes = read_arrays(folder / "planes.npz")["planes"]
    return Result(config, summary, _contests(config, folder), planes)


def _file(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Where numbers and layers of a task lie."""
    return folder / f"{name.replace(' ', '-')}.npz"


def _train(config: Config, name: str) -> dict[str, np.ndarray]:
    """Numbers of a task, and layers of its normalized networks at one rate."""
    contest, layers = compare(
        name,
        dict(config.tasks)[name],
        config.widths,
        config.rates,
        config.seeds,
        config.updates,
        config.target,
    )
    parts = {
        f"{field}{k}": getattr(layer, field)
        for k, layer in enumerate(layers)
        for field in Layer._fields
    }
    return contest._asdict() | parts


def _contests(config: Config, folder: pathlib.Path) -> dict[str, Contest]:
    """The stored numbers of each task."""
    found = {}
    for name, _ in config.tasks:
        arrays = read_arrays(_file(folder, name))
        found[name] = Contest(*(arrays[field] for field in Contest._fields))
    return found


def _cones(config: Config, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Points under the trained normalized networks: `(tasks, 2, seeds)` a number."""
    rows = []
    for name, _ in config.tasks:
        arrays = read_arrays(_file(folder, name))
        dim = load_task(name).inputs.shape[1]
        for kind in (BIASED, FREE):
            for k, seed in enumerate(config.seeds):
                layers: Layers = [
                    Layer(*(arrays[f"{field}{i}"][kind, k] for field in Layer._fields))
                    for i in range(len(config.widths) + 1)
                ]
                points = np.random.default_rng([seed, dim]).normal(
                    size=(config.points, dim)
                )
                rows.append(measure_cones(layers, points))
    shape = (len(config.tasks), 2, len(config.seeds))
    return {
        field: np.array([getattr(row, field) for row in rows]).reshape(shape)
        for field in rows[0]._fields
    }


def draw_planes(widths: tuple[int, ...]) -> np.ndarray:
    """Numbers of patterns on the plane z = 1 of three inputs, random networks.

    Returns:
        `(2, side, side)`: with normal biases, then the same weights without.
    """
    rng = np.random.default_rng(0)
    sizes = (3, *widths, 1)
    middles = VIEW * (2.0 * (np.arange(SIDE) + 0.5) / SIDE - 1.0)
    x, y = (axis.ravel() for axis in np.meshgrid(middles, middles))
    points = np.stack([x, y, np.ones_like(x)], axis=1)
    biased = [
        Layer(
            rng.normal(size=(b, a)) * (2.0 / a) ** 0.5,
            rng.normal(size=b),
            np.ones(a),
        )
        for a, b in itertools.pairwise(sizes)
    ]
    free = [layer._replace(bias=np.zeros_like(layer.bias)) for layer in biased]
    found = []
    for layers in (biased, free):
        signs = np.concatenate(rms_signs(layers, points), axis=1)
        _, codes = np.unique(np.packbits(signs, axis=1), axis=0, return_inverse=True)
        found.append(codes.reshape(SIDE, SIDE))
    return np.array(found)


def _headline(contests: dict[str, Contest]) -> str:
    """One line for the pages."""
    parts = []
    for name, contest in contests.items():
        words = []
        for kind, label in ((NORMALIZED, "normalized"), (PLAIN, "plain")):
            losses = [
                contest.test[kind, f, best_rate(contest.test[kind, f])]
                for f in (BIASED, FREE)
            ]
            words.append(f"{np.median(losses[1] / losses[0]):.2f} {label}")
        parts.append(f"{name} {' and '.join(words)}")
    return "lowest test loss without biases over that with, medians: " + "; ".join(
        parts
    )
