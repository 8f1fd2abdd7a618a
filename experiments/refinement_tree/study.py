"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from jaxtyping import Float64, Int64

import regions
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.measures.unit_square import UNIT_SQUARE
from experiments.refinement_tree.claims import Setting, refinement_claims
from experiments.refinement_tree.refinement import Level, refine
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
    setting_folder,
)
from experiments.running.studies import Summary
from regions.files.writing import open_atomically, read_arrays, write_arrays
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Layers refine: the tree of regions",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024",
    setup=(
        "Networks with 4 layers of 8 ReLUs and with 6 layers of 14 leaky ReLUs, at "
        "initialization and after learning the disc, and random ones on three inputs; "
        "ten of each. All regions of the first layer, of the first two, and so on are "
        "enumerated in the unit square (in [-1, 1]^3); prefixes of the patterns give "
        "each its parent, and the areas of the children are compared with the "
        "parent's."
    ),
    differs=(
        "The post draws one small example without sizes; depth, width, data and seeds "
        "are ours."
    ),
    expected=(
        "No violation, by definition (derived). At initialization about N^2 / 2 "
        "regions of N units, at any depth (Hanin & Rolnick 2019, read), so that the "
        "factor of a layer falls as (l / (l - 1))^2."
    ),
)


DISC = DataConfig(image="disc", num_train=2000, num_val=100)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        settings: The networks; the first is the one that is drawn.
        data: Image that trained ones learn; each seed draws its own pixels.
        batch_size: Points per update.
        learning_rate: Learning rate of Adam.
        seeds: Seeds of initialization, pixels and shuffles.
    """

    settings: tuple[Setting, ...] = (
        Setting(name="8x4 trained", widths=(8,) * 4, epochs=400),
        Setting(name="8x4", widths=(8,) * 4),
        Setting(name="14x6 leaky trained", widths=(14,) * 6, leaky=True, epochs=400),
        Setting(name="14x6 leaky", widths=(14,) * 6, leaky=True),
        Setting(name="6x3 of three inputs", widths=(6,) * 3, dim=3),
    )
    data: DataConfig = DISC
    batch_size: int = 250
    learning_rate: float = 3e-3
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        settings=(
            Setting(name="4x3 trained", widths=(4,) * 3, epochs=5),
            Setting(name="4x2 of three inputs", widths=(4,) * 2, dim=3),
        ),
        data=DataConfig(image="disc", size=32, num_train=100, num_val=10),
        batch_size=50,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting: `counts` (seeds, layers), `pieces` (seeds, layers, units),
            `orphans` and `area_gaps` (seeds, layers).
        levels: Polygons of the first layer, the first two, ..., of the first seed of
            the first setting.
        parents: Index of the polygon of the level before that each lies in, one array a
            level.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    levels: list[list[Float64[np.ndarray, "_ 2"]]]
    parents: list[Int64[np.ndarray, " regions"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Enumerate the levels of every network; write it all to `folder`."""
    how = {
        setting.name: functools.partial(_measure, config, setting, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "enumerating layer by layer")
    clock.lap("training and enumerating")
    table = [_row(name, values) for name, values in measures.items()]
    return {
        "headline": _headline(table[0], measures),
        "table": table,
        "claims": refinement_claims(config.settings, measures),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "parents.npz")
    depth = len(config.settings[0].widths)
    return Result(
        config,
        summary,
        read_measures(folder, [s.name for s in config.settings]),
        [read_polygons(folder / f"level-{k + 1}.npz") for k in range(depth)],
        [arrays[f"level{k + 1}"] for k in range(depth)],
    )


def networks_of(
    config: Config, setting: Setting, folder: pathlib.Path
) -> list[regions.ReluNetwork]:
    """The networks of a setting, one per seed, trained if it says so.

    Raises:
        FloatingPointError: If one has diverged.
    """
    training = TrainingConfig(
        model=ModelConfig(
            widths=setting.widths,
            input_dim=setting.dim,
            activation="leaky_relu" if setting.leaky else "relu",
        ),
        optimizer=OptimizerConfig(learning_rate=config.learning_rate),
        epochs=setting.epochs,
        batch_size=config.batch_size,
        snapshot_every=max(setting.epochs, 1),
    )
    if not setting.epochs:
        return initial_networks(training, config.seeds)
    points = dataset_of_each_seed(config.data, config.seeds)
    place = setting_folder(folder, setting.name)
    fitted = fit_ensemble(training, points, config.seeds, place)
    return require_networks(seed_networks(fitted.params, training), config.seeds)


def _measure(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Counts, pieces and violations of all seeds of a setting."""
    unit = UNIT_SQUARE if setting.dim == 2 else regions.Box.cube(setting.dim, 1.0)
    rows = []
    for k, network in enumerate(networks_of(config, setting, folder)):
        levels = refine(network, unit)
        rows.append(levels)
        if k == 0 and setting is config.settings[0]:
            _write_tree(folder, levels)
    return {
        "counts": np.array([[len(one.found) for one in levels] for levels in rows]),
        "pieces": np.array([[one.pieces for one in levels] for levels in rows]),
        "orphans": np.array(
            [[int((one.parents < 0).sum()) for one in levels] for levels in rows]
        ),
        "childless": np.array([_childless(levels) for levels in rows]),
        "area_gaps": np.array([[one.area_gap for one in levels] for levels in rows]),
    }


def _childless(levels: list[Level]) -> list[int]:
    """Regions of the level before in which no region lies, by level."""
    before = [1, *(len(one.found) for one in levels[:-1])]
    return [
        count - len(np.unique(one.parents[one.parents >= 0]))
        for count, one in zip(before, levels, strict=True)
    ]


def _write_tree(folder: pathlib.Path, levels: list[Level]) -> None:
    """Polygons of each level, and the tree as one table."""
    rows: dict[str, list[Any]] = {
        name: [] for name in ("level", "region", "parent", "code", "area", "x", "y")
    }
    for k, level in enumerate(levels, 1):
        write_polygons(folder / f"level-{k}.npz", level.found.polygons())
        witnesses, areas = level.found.witnesses, level.found.volumes()
        rows["level"] += [k] * len(areas)
        rows["region"] += range(len(areas))
        rows["parent"] += level.parents.tolist()
        rows["code"] += [
            "".join("1" if bit else "0" for bit in bits)
            for bits in level.found.pattern_bits()
        ]
        rows["area"] += areas.tolist()
        rows["x"] += witnesses[:, 0].tolist()
        rows["y"] += witnesses[:, 1].tolist()
    with open_atomically(folder / "tree.parquet") as file:
        pyarrow.parquet.write_table(pa.table(rows), file)
    write_arrays(
        folder / "parents.npz",
        **{f"level{k}": level.parents for k, level in enumerate(levels, 1)},
    )


def _row(name: str, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Numbers of one setting, medians over the seeds."""
    counts = values["counts"].astype(float)
    return {
        "setting": name,
        "regions": np.median(counts, axis=0).tolist(),
        "factors": np.median(counts[:, 1:] / counts[:, :-1], axis=0).tolist(),
        "pieces": np.median(values["pieces"].mean(axis=2), axis=0).tolist(),
    }


def _headline(row: dict[str, Any], measures: dict[str, dict[str, np.ndarray]]) -> str:
    """One line for the pages."""
    total = sum(int(values["counts"].sum()) for values in measures.values())
    orphans = sum(int(values["orphans"].sum()) for values in measures.values())
    counts = " to ".join(f"{count:,.0f}" for count in row["regions"])
    return (
        f"of {total:,} regions {orphans} lie in no region of the layer before; "
        f"{row['setting']}: {counts} regions by layer, a crease of the last layer "
        f"passes through {row['pieces'][-1]:.1f}"
    )
