"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import math
import pathlib
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

import regions
from experiments.running.common import Clock, read_json, write_json
from experiments.running.studies import Summary
from experiments.scaling_study.scaling_fits import Fit, fit_law
from regions.bounds import serra_2018_upper_bound, zaslavsky_count
from regions.files.writing import open_atomically
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, init_ensemble, train_ensemble_block
from training.loop import check_finite, shuffle_key, to_device, without_length
from training.progress import Progress

STAGES = ("initial", "trained")
VARIES = ("dim", "depth", "width")


class Architecture(NamedTuple):
    """A rectangular network on the cube: inputs, hidden layers, units per layer."""

    dim: int
    depth: int
    width: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Architectures that differ in one number.

    Attributes:
        varies: `dim`, `depth` or `width`.
        values: Its values.
        dim: Inputs, unless they vary.
        depth: Hidden layers, unless they vary.
        width: Units per layer, unless they vary.
    """

    varies: str
    values: tuple[int, ...]
    dim: int = 2
    depth: int = 1
    width: int = 16

    def __post_init__(self):
        if self.varies not in VARIES:
            raise ValueError(
                f"`varies` is {self.varies!r}: one of {', '.join(VARIES)} is required."
            )
        if len(set(self.values)) < 2 or min(self.values) < 1:
            raise ValueError(
                f"`values` is {list(self.values)}: at least two positive integers are "
                "required."
            )

    def architectures(self) -> list[Architecture]:
        """The architectures, in order."""
        fixed = {name: getattr(self, name) for name in VARIES}
        return [Architecture(**{**fixed, self.varies: v}) for v in self.values]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a study.

    Attributes:
        families: What varies.
        seeds: Networks per architecture.
        half_width: Regions are counted in the cube of this half width.
        epochs: Epochs of training, full batch.
        points: Training points, uniform in the cube.
        learning_rate: Learning rate of Adam.
        initializer: As in `training.config.ModelConfig`.
        bootstrap: Resamplings of the seeds for the intervals.
    """

    families: tuple[Family, ...]
    seeds: int = 40
    half_width: float = 1.0
    epochs: int = 200
    points: int = 256
    learning_rate: float = 1e-2
    initializer: str = "he_normal"
    bootstrap: int = 1000

    def __post_init__(self):
        for name in ("seeds", "epochs", "points", "bootstrap"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` is {getattr(self, name)}: at least 1 is required."
                )
        if not self.families:
            raise ValueError("`families` is empty: a [[families]] table is required.")

    def architectures(self) -> list[Architecture]:
        """Every architecture once, in order of size."""
        found = {a for family in self.families for a in family.architectures()}
        return sorted(found)


class _Kind(NamedTuple):
    """What TOML may hold for a field: the types of a value, and their name."""

    types: tuple[type, ...]
    name: str


_KINDS: dict[Any, _Kind] = {
    int: _Kind((int,), "an integer"),
    float: _Kind((int, float), "a number"),
    str: _Kind((str,), "a text in quotes"),
    tuple[int, ...]: _Kind((int,), "a list of integers"),
}


def read_study(path: pathlib.Path) -> Config:
    """A study from a TOML file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        ValueError: If it is not TOML, or has a key or a value that means nothing here.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give a TOML file.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a TOML file.")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not TOML: {error}.") from error
    tables = data.pop("families", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise ValueError(f"{path}: `families` holds no tables: write [[families]].")
    try:
        families = tuple(Family(**_entries(Family, table)) for table in tables)
        return Config(families=families, **_entries(Config, data))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _entries(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    """The keys and values of a table of a study, checked."""
    fields = {f.name: f for f in dataclasses.fields(kind) if f.name != "families"}
    place = "" if kind is Config else " in [[families]]"
    for key in given:
        if key not in fields:
            raise ValueError(
                f"`{key}`{place} is not a key: {', '.join(fields)} are"
                f"{'' if place else ', and [[families]]'}."
            )
    for key, field in fields.items():
        if key not in given and field.default is dataclasses.MISSING:
            raise ValueError(f"`{key}`{place} is missing: it is required.")
    return {key: _value(fields[key].type, key, v) for key, v in given.items()}


def _value(kind: Any, key: str, value: Any) -> Any:
    """A value of a study, of the type of its field."""
    wanted, is_list = _KINDS[kind], kind == tuple[int, ...]
    parts: list[Any] = value if isinstance(value, list) else [value]
    # True and False are integers to Python, and no numbers here.
    fits = all(type(part) in wanted.types for part in parts)
    if not fits or is_list != isinstance(value, list):
        raise ValueError(f"`{key}` is {value!r}: {wanted.name} is required.")
    if is_list:
        return tuple(parts)
    return float(parts[0]) if kind is float else value


class Result(NamedTuple):
    """What the figure needs of a finished study.

    Attributes:
        config: The study.
        table: One row per network and stage.
        summary: As in `summary.json`.
    """

    config: Config
    table: list[dict[str, Any]]
    summary: Summary


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, count and fit; an architecture that is finished is not repeated."""
    architectures = config.architectures()
    total, done = 2 * config.seeds * len(architectures), 0
    rows: list[dict[str, Any]] = []
    for architecture in architectures:
        path = folder / f"networks-{'-'.join(map(str, architecture))}.json"
        if path.is_file():
            rows += read_json(path)
        else:
            found = []
            for row in study_architecture(architecture, config):
                found.append(row)
                progress(done + len(found), total, "counting networks")
            write_json(path, found)
            rows += found
        done += 2 * config.seeds
        progress(done, total, "counting networks")
    table = pa.Table.from_pylist(rows)
    with open_atomically(folder / "networks.parquet") as file:
        pyarrow.parquet.write_table(table, file)
    with open_atomically(folder / "networks.csv") as file:
        pyarrow.csv.write_csv(table, file)
    clock.lap("this run")
    return summarize(config, rows)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished study, from the files in its folder."""
    table = pyarrow.parquet.read_table(folder / "networks.parquet").to_pylist()
    return Result(config, table, summary)


def study_architecture(
    architecture: Architecture, config: Config
) -> Iterator[dict[str, Any]]:
    """One row per network and stage of one architecture."""
    training = training_config(architecture, config)
    box = regions.Box.cube(architecture.dim, config.half_width)
    units = architecture.depth * architecture.width
    widths = [architecture.width] * architecture.depth
    for stage, networks in zip(
        STAGES, both_stages(architecture, training, config), strict=True
    ):
        for seed, network in enumerate(networks):
            count = regions.count_regions(network, box).require_complete()
            yield {
                **architecture._asdict(),
                "units": units,
                "seed": seed,
                "stage": stage,
                "regions": count.count,
                "method": count.method,
                "seconds": count.seconds,
                "general_position": float(zaslavsky_count(units, architecture.dim)),
                "leading_term": units**architecture.dim
                / math.factorial(architecture.dim),
                "upper_bound": float(serra_2018_upper_bound(architecture.dim, widths)),
            }


def training_config(architecture: Architecture, config: Config) -> TrainingConfig:
    """What is trained for one architecture."""
    return TrainingConfig(
        model=ModelConfig(
            widths=(architecture.width,) * architecture.depth,
            input_dim=architecture.dim,
            activation="relu",
            initializer=config.initializer,
        ),
        optimizer=OptimizerConfig(learning_rate=config.learning_rate),
        epochs=config.epochs,
        batch_size=None,
    )


def target_points(dim: int, config: Config) -> Dataset:
    """Uniform points and a smooth function of their mean coordinate."""
    rng = np.random.default_rng(dim)
    inputs = rng.uniform(
        -config.half_width, config.half_width, (config.points + 64, dim)
    )
    phase = np.pi * inputs.sum(1, keepdims=True) / np.sqrt(dim)
    inputs, values = inputs.astype(np.float32), np.sin(phase).astype(np.float32)
    cut = config.points
    return Dataset(inputs[:cut], values[:cut], inputs[cut:], values[cut:])


def both_stages(
    architecture: Architecture, training: TrainingConfig, config: Config
) -> tuple[list[regions.ReluNetwork], list[regions.ReluNetwork]]:
    """The networks of all seeds, at initialization and after training."""
    seeds = range(config.seeds)
    initial = init_ensemble(training, seeds)
    data = to_device(target_points(architecture.dim, config))
    keys = jax.numpy.stack([shuffle_key(seed) for seed in seeds])
    static, epochs = without_length(training), training.epochs
    trained, losses = train_ensemble_block(initial, data, keys, static, epochs)
    for seed in seeds:
        check_finite(jax.tree.map(lambda leaf, i=seed: leaf[i], losses), 0)
    return (
        ensemble_networks(initial.params, training),
        ensemble_networks(trained.params, training),
    )


def summarize(config: Config, rows: list[dict[str, Any]]) -> Summary:
    """Mean counts and fitted exponents of every family and stage."""
    fits = []
    for family, stage in itertools.product(config.families, STAGES):
        counts = family_counts(family, rows, stage)
        law = "arrangement" if family.varies == "dim" else "power"
        fit = fit_law(law, family.values, counts, config.bootstrap)
        fits.append({**dataclasses.asdict(family), "stage": stage, **fit._asdict()})
    return {
        "networks": len(rows),
        "regions": sum(row["regions"] for row in rows),
        "seconds_of_counting": sum(row["seconds"] for row in rows),
        "largest_share_of_leading_term": max(
            row["regions"] / row["leading_term"] for row in rows
        ),
        "largest_share_of_upper_bound": max(
            row["regions"] / row["upper_bound"] for row in rows
        ),
        "fits": fits,
    }


def family_counts(family: Family, rows: list[dict[str, Any]], stage: str) -> np.ndarray:
    """Counts of one family and stage, one row per value and one column per seed."""
    return np.array(
        [
            [
                row["regions"]
                for row in rows
                if row["stage"] == stage
                and all(row[name] == getattr(a, name) for name in VARIES)
            ]
            for a in family.architectures()
        ],
        float,
    )


def summary_rows(summary: Summary) -> Iterator[tuple[str, str]]:
    """The summary as a table for readers."""
    yield "networks, initial and trained", f"{summary['networks']:,}"
    yield "regions", f"{summary['regions']:,}"
    for name, key in (("N^d / d!", "leading_term"), ("the upper bound", "upper_bound")):
        yield f"most, over {name}", f"{summary[f'largest_share_of_{key}']:.3g}"
    for entry in summary["fits"]:
        fit = Fit(**{name: entry[name] for name in Fit._fields})
        fixed = ", ".join(f"{k} {entry[k]}" for k in VARIES if k != entry["varies"])
        yield f"{entry['varies']} ({fixed}), {entry['stage']}", str(fit)
