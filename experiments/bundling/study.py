"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from experiments.bundling.claims import BASE, CENTERED, bundling_claims
from experiments.bundling.creases import (
    Creases,
    closeness,
    network_creases,
    share_tangent,
)
from experiments.bundling.pull import (
    distances_of_lines,
    first_gradient,
    measure_pull,
    offset_gradients,
)
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
    setting_folder,
)
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from regions.network import ReluNetwork
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import OUTER_RADIUS, Dataset, load_image, pixel_points
from training.ensemble import ensemble_snapshots, fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Bundles of creases",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: an open question",
    setup=(
        "One hidden layer of 500 leaky-ReLU units learns the disc of radius 0.25 by "
        "full-batch Adam at 0.001. A crease that meets the square is a point "
        "(direction in half turns, offset from the center in sides). Counted are those "
        "tangent to a circle of radius 0.26 to 0.28. The median distance to the "
        "nearest other crease is held against two kinds of independent creases, drawn "
        "40 times: by the law of the initialization, from 20 fresh networks (it puts "
        "them on a curve where the origin is in the corner); and from the nine other "
        "networks trained in the same way, whose creases share what training does to "
        "each of them and know nothing of each other. The derivation of what pulls a "
        "crease is in `experiments/bundling/pull.py`: where the integral of the "
        "residual along it has the sign of its unit's weight it is held."
    ),
    differs=(
        "The post shows a movie and gives no sizes. Ours: 1000 points, 2098 updates, "
        "the rate of the author's later program, ten seeds, each with its own points; "
        "not those seeds whose pictures suggested the circle. `all pixels` sees each "
        "of the million pixels at most twice, in batches as large as the others' data."
    ),
    expected=(
        "A circle of radius 0.26 to 0.28 with 16 to 21 % of the creases, 2 % before "
        "training: seen on other seeds. Ridges there, and the lowest integrals of the "
        "residual: derived."
    ),
)


DISC = DataConfig(image="disc", num_train=1000, num_val=100)
CIRCLE = (0.26, 0.28)
"""Radii of the circle just outside the disc."""

MOST_POINTS = 5000
"""Training points on which the formula is held against automatic differentiation."""

PROBE = {"weight": 0.01, "norm": 1.0, "constant": 0.8}
"""Weights of the single unit whose gradient is measured by offset."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One candidate cause.

    Attributes:
        name: Name of its folder, and its label in the figure.
        learning_rate: Learning rate of Adam.
        init_scale: Factor of the initial weights of the hidden layer.
        all_pixels: Train on all pixels in batches as large as the others' data, so
            that hardly a point comes twice.
        centered: Put the origin in the square's center, not its corner.
    """

    name: str
    learning_rate: float = 1e-3
    init_scale: float = 1.0
    all_pixels: bool = False
    centered: bool = False

    @property
    def corner(self) -> tuple[float, float]:
        """Lower corner of the square."""
        return (-0.5, -0.5) if self.centered else (0.0, 0.0)


SETTINGS = (
    Setting(name=BASE),
    Setting(name=CENTERED, centered=True),
    Setting(name="lr 0.01", learning_rate=1e-2),
    Setting(name="init 0.25", init_scale=0.25),
    Setting(name="init 4", init_scale=4.0),
    Setting(name="all pixels", all_pixels=True),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units of the hidden layer.
        data: Image and number of points; each seed draws its own.
        settings: Candidate causes; the first is the base.
        updates: Updates of each run.
        snapshots: How many times on the way the creases are measured.
        draws: How many times independent creases are drawn.
        fresh: Networks that show the law of the initialization.
        side: Pixels along a side of the lattice on which the residual is taken.
        seeds: Seeds of points, initialization and shuffles.
    """

    width: int = 500
    data: DataConfig = DISC
    settings: tuple[Setting, ...] = SETTINGS
    updates: int = 2098
    snapshots: int = 2
    draws: int = 40
    fresh: int = 20
    side: int = 128
    seeds: tuple[int, ...] = tuple(range(10, 20))


PRESETS = {
    "smoke": Config(
        width=30,
        data=DataConfig(image="disc", size=32, num_train=60, num_val=4),
        settings=(SETTINGS[0], SETTINGS[1], SETTINGS[5]),
        updates=34,
        draws=3,
        fresh=8,
        side=16,
        seeds=(0, 1, 2),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting; see `_measure`.
        single: Gradient of one unit by `offsets`: `formula` and `measured`.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    single: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train every setting, measure its creases; write it all to `folder`."""
    how = {
        setting.name: functools.partial(_measure, config, setting, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training for each cause")
    clock.lap("training and measuring")
    single = stored(folder / "single.npz", functools.partial(single_unit, config))
    clock.lap("one unit")
    table = [
        {
            "setting": name,
            "circle_law": float(values["circle_law"]),
            **{
                f"{field}_{when}": float(np.median(values[field][place]))
                for field in NUMBERS
                for when, place in (("before", 0), ("after", -1))
            },
        }
        for name, values in measures.items()
    ]
    return {
        "headline": _headline(table),
        "table": table,
        "claims": bundling_claims(measures, single),
    }


NUMBERS = ("creases", "circle", "over_law", "over_others", "deepest", "held")
"""Measures that are one number a network."""


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        text = (
            f"tangent {row['circle_before']:.1%} -> {row['circle_after']:.1%} (law "
            f"{row['circle_law']:.1%}), distance over the law's "
            f"{row['over_law_after']:.2f}, over that of other networks "
            f"{row['over_others_after']:.2f}, held {row['held_after']:.0%}"
        )
        rows.append((row["setting"], text))
    return rows


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    measures = read_measures(folder, [s.name for s in config.settings])
    return Result(config, summary, measures, read_arrays(folder / "single.npz"))


def _data(config: Config, setting: Setting) -> list[Dataset]:
    """Points of each seed; one set, shared, if they are all pixels."""
    data = config.data
    if setting.all_pixels:
        rest = data.size**2 - data.num_val
        sets = dataset_of_each_seed(dataclasses.replace(data, num_train=rest), [0])
    else:
        sets = dataset_of_each_seed(data, config.seeds)
    shift = np.float32(0.5 if setting.centered else 0.0)
    return [
        part._replace(
            train_inputs=part.train_inputs - shift, val_inputs=part.val_inputs - shift
        )
        for part in sets
    ]


def training_of(config: Config, setting: Setting) -> TrainingConfig:
    """What is trained; on all pixels an epoch has as many updates as there are batches.

    There the updates are those of the whole epochs that come nearest.
    """
    epochs = config.updates
    batch_size = None
    if setting.all_pixels:
        batch_size = config.data.num_train
        per_epoch = -(-(config.data.size**2 - config.data.num_val) // batch_size)
        epochs = max(1, round(config.updates / per_epoch))
    return TrainingConfig(
        model=ModelConfig(widths=(config.width,), init_scale=setting.init_scale),
        optimizer=OptimizerConfig(learning_rate=setting.learning_rate),
        epochs=epochs,
        batch_size=batch_size,
        snapshot_every=max(1, epochs // config.snapshots),
    )


def _measure(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Creases of every seed at every snapshot.

    Returns:
        Arrays (times, seeds): `creases` in the square; `circle`, the share tangent to
        the circle, and `ridges`, the share of ridges among these (NaN without one);
        `over_law` and `over_others`, see `closeness`; `deepest` and `held`, see
        `Pull`; `mismatch` of the gradients from automatic differentiation. `updates`
        of the times. `circle_law`, the share of the circle by the law of the
        initialization. `lines` (seeds, distances), at the end. `turns`, `offsets`,
        `meets` and `is_ridge` of the first seed, first and last (2, creases).
    """
    training = training_of(config, setting)
    place = setting_folder(folder, setting.name)
    data = _data(config, setting)
    shared = setting.all_pixels
    fit_ensemble(training, data[0] if shared else data, config.seeds, place)
    each = data * len(config.seeds) if shared else data
    points = len(data[0].train_inputs)
    per_epoch = -(-points // (training.batch_size or points))
    law = _law(config, setting, training)
    rng = np.random.default_rng(0)
    updates, rows, kept, lines = [], [], [], []
    for epoch, params in ensemble_snapshots(training, config.seeds, place):
        networks = require_networks(seed_networks(params, training), config.seeds)
        creases = [network_creases(network, setting.corner) for network in networks]
        inside = [found.inside() for found in creases]
        numbers = [
            _numbers(config, setting, network, found)
            for network, found in zip(networks, inside, strict=True)
        ]
        for k, (row, found) in enumerate(zip(numbers, inside, strict=True)):
            others = inside[:k] + inside[k + 1 :]
            row["over_law"] = closeness(found, law, draws=config.draws, rng=rng)
            row["over_others"] = closeness(found, others, draws=config.draws, rng=rng)
            row["mismatch"] = _mismatch(networks[k], each[k])
        lines = [row.pop("lines") for row in numbers]
        rows.append(numbers)
        updates.append(epoch * per_epoch)
        kept.append(creases[0])
    ends = (kept[0], kept[-1])
    return {
        "updates": np.array(updates),
        **{
            key: np.array([[r[key] for r in row] for row in rows]) for key in rows[0][0]
        },
        "circle_law": np.array(
            np.mean([share_tangent(fresh, CIRCLE) for fresh in law])
        ),
        "lines": np.stack(lines),
        "turns": np.stack([end.turns for end in ends]),
        "offsets": np.stack([end.offsets for end in ends]),
        "meets": np.stack([end.meets for end in ends]),
        "is_ridge": np.stack([end.ridges for end in ends]),
    }


def _law(config: Config, setting: Setting, training: TrainingConfig) -> list[Creases]:
    """Creases in the square of fresh networks, none of which is trained."""
    first = max(config.seeds) + 1
    networks = initial_networks(training, tuple(range(first, first + config.fresh)))
    return [network_creases(n, setting.corner).inside() for n in networks]


def _numbers(
    config: Config, setting: Setting, network: ReluNetwork, inside: Creases
) -> dict[str, Any]:
    """What is measured of one network alone."""
    side = config.side
    image = load_image(dataclasses.replace(config.data, size=side)) / 255.0
    points = pixel_points(np.arange(side**2), side, side).astype(np.float64)
    residual = network(points + np.array(setting.corner))[:, 0] - image.ravel()
    pull = measure_pull(inside, residual, points - 0.5)
    sizes = np.abs(inside.offsets)
    ridges = inside.ridges[(sizes >= CIRCLE[0]) & (sizes <= CIRCLE[1])]
    return {
        "creases": len(inside.turns),
        "circle": share_tangent(inside, CIRCLE),
        "ridges": float(ridges.mean()) if len(ridges) else np.nan,
        **pull._asdict(),
    }


def _mismatch(network: ReluNetwork, data: Dataset) -> float:
    """Largest difference of the formula from automatic differentiation, relative.

    On the training points, or the first of them.
    """
    inputs = np.asarray(data.train_inputs[:MOST_POINTS], np.float64)
    targets = np.asarray(data.train_targets[:MOST_POINTS], np.float64)
    formula = offset_gradients(network, inputs, targets)
    measured = _automatic(network, inputs, targets)
    return float(np.abs(measured - formula).max() / np.abs(formula).max())


def _automatic(
    network: ReluNetwork,
    inputs: Float64[np.ndarray, "points 2"],
    targets: Float64[np.ndarray, "points 1"],
) -> Float64[np.ndarray, " units"]:
    """Derivatives in the offsets by automatic differentiation of the error, in float64.

    Moving a crease by t adds -|w| t to its unit's bias. In float32 points change sides.
    """
    hidden, output = network.layers
    norms = np.linalg.norm(hidden.weight, axis=1)

    def error(moved):
        pre = inputs @ hidden.weight.T + hidden.bias - norms * moved
        units = jnp.where(pre > 0.0, pre, hidden.slopes * pre)
        return jnp.mean((units @ output.weight.T + output.bias - targets) ** 2)

    with jax.enable_x64(True):
        return np.asarray(jax.grad(error)(np.zeros(len(norms))))


def single_unit(config: Config) -> dict[str, np.ndarray]:
    """Gradient of one ReLU unit with a vertical crease, by its offset.

    Returns:
        `offsets`; `formula`, of the continuous square; `measured`, by automatic
        differentiation on all pixels of the image.
    """
    side = config.data.size
    targets = (load_image(config.data) / 255.0).reshape(-1, 1)
    inputs = pixel_points(np.arange(side**2), side, side).astype(np.float64)
    offsets = np.linspace(0.0, 0.48, 25)
    weight, norm, constant = PROBE["weight"], PROBE["norm"], PROBE["constant"]
    measured = []
    for offset in offsets.tolist():
        network = ReluNetwork.from_arrays(
            [np.array([[norm, 0.0]]), np.array([[weight]])],
            [np.array([-norm * (0.5 + offset)]), np.array([constant])],
        )
        measured.append(_automatic(network, inputs, targets)[0])
    formula = first_gradient(offsets, radius=OUTER_RADIUS, **PROBE)
    return {"offsets": offsets, "formula": formula, "measured": np.array(measured)}


def _headline(table: list[dict[str, Any]]) -> str:
    """One line for the pages."""
    parts = [
        f"{row['setting']} {row['circle_law']:.1%} by the law of the initialization, "
        f"{row['circle_after']:.1%} after training"
        for row in table
        if row["setting"] in (BASE, CENTERED)
    ]
    return (
        f"creases tangent to a circle of radius {CIRCLE[0]} to {CIRCLE[1]}: "
        f"{'; '.join(parts)}; the residual is lowest along lines at "
        f"{table[0]['deepest_after']:.2f} from the center"
    )


def line_distances() -> Float64[np.ndarray, " distances"]:
    """Distances from the center that `lines` are for."""
    edges = distances_of_lines()
    return (edges[1:] + edges[:-1]) / 2.0
