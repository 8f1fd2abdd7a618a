"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from jaxtyping import Float64

import regions
from experiments.hash_codes.claims import Setting, hash_claims
from experiments.hash_codes.hash_audit import (
    HASH_BITS,
    colliding_pairs,
    distinct_patterns,
    pattern_hashes,
    shared_maps,
)
from experiments.measures.seed_networks import (
    require_networks,
    seed_networks as networks_by_seed,
)
from experiments.measures.unit_square import enumerate_all
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import measure_settings, read_measures, setting_folder
from experiments.running.studies import Summary
from regions.files.writing import open_atomically, read_arrays, write_arrays, write_text
from regions.hash_tables.files import code_text, write_csv, write_npz
from regions.hash_tables.hash_table import HashTable, equal_maps, hash_table
from regions.hash_tables.text import function_lines, table_lines, total_line
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.ensemble import fit_ensemble, init_ensemble, member
from training.models import apply_params
from training.progress import Progress
from training.two_moons import moons_box, moons_dataset, two_moons

ABOUT = About(
    title="A data set as a hash table of affine maps",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024",
    setup=(
        "Networks learn two moons with the cross entropy (Adam, ten seeds a shape). "
        "Points are grouped by activation pattern, decided exactly. The affine map of "
        "each code is compared with the network at the points of its bucket; all "
        "patterns of a 1024 x 1024 grid are compared with their 64-bit hashes and with "
        "shorter ones; all regions of a box are enumerated and those of equal maps "
        "found in rational arithmetic."
    ),
    differs=(
        "The post's table has 5 bits and a function for some numbers (1, 9, 10), which "
        "are not its codes read as binary numbers (1, 12, 13): we take them for ids "
        "of points, and print ids. Its data are not given; moons are ours."
    ),
    expected=(
        "Maps equal to the network within rounding (derived); no collision among "
        "thousands of patterns at 64 bits, n^2 / 2^(b + 1) pairs at b bits (derived)."
    ),
)
MARGIN = 0.5
"""Around the moons, of the box in which regions are counted."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        settings: The networks; the table of the first seed of the first is printed.
        points: Number of points of each data set; a seed draws its own.
        printed: Points of the printed table.
        noise: Standard deviation of the noise on the points of the moons.
        learning_rate: Learning rate of Adam.
        resolution: Points along an axis of the audited grid.
        lengths: Bits of the shorter hashes.
        seeds: Seeds of data and initialization.
    """

    settings: tuple[Setting, ...] = (
        Setting(name="5", widths=(5,)),
        Setting(name="4x4", widths=(4,) * 4),
        Setting(name="16x3", widths=(16,) * 3),
        Setting(name="16x3 leaky", widths=(16,) * 3, leaky=True),
        Setting(name="40x3 leaky untrained", widths=(40,) * 3, leaky=True, epochs=0),
    )
    points: int = 1000
    printed: int = 40
    noise: float = 0.1
    learning_rate: float = 1e-2
    resolution: int = 1024
    lengths: tuple[int, ...] = (8, 10, 12, 14, 16, 18, 20, 24)
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        settings=(
            Setting(name="5", widths=(5,), epochs=40),
            Setting(name="6x2 leaky untrained", widths=(6,) * 2, leaky=True, epochs=0),
        ),
        points=60,
        printed=12,
        resolution=64,
        lengths=(4, 8),
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting, arrays of seeds: `codes`, `functions`,
            `map_error`, `float32_error`, `regions`, `region_maps`, `shared`,
            `patterns`, `repeated`, `pairs` (seeds, lengths and 64 bits).
        lines: The printed table.
        polygons: Regions of the printed network.
        texts: Code of each of them.
        points: The points of the printed table.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    lines: list[str]
    polygons: list[Float64[np.ndarray, "_ 2"]]
    texts: list[str]
    points: Float64[np.ndarray, "points 2"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Make the tables and audit them; write it all to `folder`."""
    how = {
        setting.name: functools.partial(_measure, config, setting, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training and auditing")
    clock.lap("training and auditing")
    claims = hash_claims(config.settings, measures, config.resolution, config.lengths)
    patterns = sum(int(m["patterns"].sum()) for m in measures.values())
    error = max(float(m["map_error"].max()) for m in measures.values())
    return {
        "headline": (
            f"maps equal to the network within {error:.1g}; {patterns:,} patterns on "
            f"grids, {int(claims[2].value)} pairs of them share 64 bits"
        ),
        "table": [_row(name, values) for name, values in measures.items()],
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    drawn = read_arrays(folder / "printed.npz")
    return Result(
        config,
        summary,
        read_measures(folder, [s.name for s in config.settings]),
        (folder / "table.txt").read_text(encoding="utf-8").splitlines(),
        read_polygons(folder / "regions.npz"),
        drawn["texts"].tolist(),
        drawn["points"],
    )


def training_of(config: Config, setting: Setting) -> TrainingConfig:
    """What is trained: full batches, two classes."""
    return TrainingConfig(
        model=ModelConfig(
            widths=setting.widths,
            output_dim=2,
            activation="leaky_relu" if setting.leaky else "relu",
            initializer="he_normal_unit_bias",
        ),
        optimizer=OptimizerConfig(learning_rate=config.learning_rate),
        loss="cross_entropy",
        epochs=setting.epochs,
        batch_size=None,
        snapshot_every=max(setting.epochs, 1),
    )


def _train(
    config: Config, setting: Setting, folder: pathlib.Path
) -> tuple[dict[str, Any], list[Float64[np.ndarray, "points 2"]]]:
    """Parameters with a leading axis of seeds, and the points of each seed."""
    training = training_of(config, setting)
    moons = [two_moons(config.points, config.noise, seed) for seed in config.seeds]
    inputs = [part.inputs.astype(np.float32).astype(np.float64) for part in moons]
    if not setting.epochs:
        return init_ensemble(training, config.seeds).params, inputs
    data = [moons_dataset(part, part) for part in moons]
    place = setting_folder(folder, setting.name)
    return fit_ensemble(training, data, config.seeds, place).params, inputs


def _measure(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """The numbers of all seeds of a setting."""
    params, points = _train(config, setting, folder)
    training = training_of(config, setting)
    networks = require_networks(networks_by_seed(params, training), config.seeds)
    rows = []
    for k, (network, inputs) in enumerate(zip(networks, points, strict=True)):
        table = hash_table(network, inputs)
        if k == 0 and setting is config.settings[0]:
            _write_printed(folder, network, inputs[: config.printed])
            _write_tables(folder, table)
        outputs = apply_params(
            training.model, member(params, k), inputs.astype(np.float32)
        )
        rows.append(
            _table_numbers(table, np.asarray(outputs, np.float64))
            | _region_numbers(network)
            | _grid_numbers(network, config)
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _table_numbers(
    table: HashTable, float32: Float64[np.ndarray, "points outputs"]
) -> dict[str, Any]:
    """Codes and maps, and how far the maps are from the network, relative to 1 or it.

    Args:
        table: The hash table of the data.
        float32: Outputs of the network as it was trained.
    """
    jacobians, offsets = table.affine_maps(table.codes)
    mapped = np.einsum("poi,pi->po", jacobians, table.points) + offsets
    outputs = table.network(table.points)
    scale = max(1.0, float(np.abs(outputs).max()))
    return {
        "codes": len(table),
        "functions": table.num_functions,
        "map_error": float(np.abs(mapped - outputs).max()) / scale,
        "float32_error": float(np.abs(mapped - float32).max()) / scale,
    }


def _region_numbers(network: regions.ReluNetwork) -> dict[str, Any]:
    """Regions of the box, their different maps, and those that share one."""
    found = enumerate_all(network, moons_box(MARGIN))
    functions = equal_maps(network, found.pattern_bits())
    return {
        "regions": len(found),
        "region_maps": int(functions.max()) + 1,
        "shared": shared_maps(functions),
    }


def _grid_numbers(network: regions.ReluNetwork, config: Config) -> dict[str, Any]:
    """Patterns of the grid, and pairs of them that share hashes of each length."""
    grid = regions.hash_grid(
        network, moons_box(MARGIN), config.resolution, labels=False
    )
    patterns, repeated = distinct_patterns(grid)
    hashes = pattern_hashes(patterns, network.num_bits)
    return {
        "patterns": len(patterns),
        "repeated": repeated + grid.collisions,
        "pairs": [
            colliding_pairs(hashes, length) for length in (*config.lengths, HASH_BITS)
        ],
    }


def _write_tables(folder: pathlib.Path, table: HashTable) -> None:
    """The table of all points of the first network, as CSV, npz and Parquet."""
    write_csv(folder / "table.csv", table)
    write_npz(folder / "table.npz", table)
    jacobians, offsets = table.affine_maps()
    bits = table.bits
    columns = {
        "code": [code_text(table.network, row) for row in bits],
        "points": table.counts.tolist(),
        "ids": [table.ids(code).tolist() for code in range(len(table))],
        "function": table.functions.tolist(),
        "A": jacobians.reshape(len(table), -1).tolist(),
        "c": offsets.tolist(),
        "lower": table.lower.tolist(),
        "upper": table.upper.tolist(),
    }
    with open_atomically(folder / "table.parquet") as file:
        pyarrow.parquet.write_table(pa.table(columns), file)


def _write_printed(
    folder: pathlib.Path,
    network: regions.ReluNetwork,
    points: Float64[np.ndarray, "points 2"],
) -> None:
    """A table of few points as text, and the regions of its network."""
    table = hash_table(network, points)
    lines = [
        *table_lines(table, rows=len(table), ids=12),
        *function_lines(table, len(table)),
        total_line(table),
    ]
    write_text(folder / "table.txt", "\n".join(lines) + "\n")
    found = enumerate_all(network, moons_box(MARGIN))
    write_polygons(folder / "regions.npz", found.polygons())
    write_arrays(
        folder / "printed.npz",
        points=points,
        texts=np.array([code_text(network, row) for row in found.pattern_bits()]),
    )


def _row(name: str, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Medians over the seeds."""
    kept = ("codes", "functions", "regions", "region_maps", "shared", "patterns")
    return {"setting": name} | {key: float(np.median(values[key])) for key in kept}
