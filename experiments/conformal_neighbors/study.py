"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
import sklearn.datasets
from jaxtyping import Float64

import regions
from experiments.conformal_neighbors.claims import conformal_claims
from experiments.conformal_neighbors.conformal import (
    Intervals,
    conformal,
    neighbor_quantiles,
)
from experiments.measures.preconditioners import (
    Task,
    embeddings,
    kept_networks,
    preconditioner_training,
    standardized_task,
)
from experiments.measures.target_curvature import one_thread
from experiments.measures.target_surfaces import SQUARE, cosine_norm
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import measure_settings, read_measures, setting_folder
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import TrainingConfig
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Intervals from neighbors",
    page="claims",
    source='T. C. H. Lux, "MLP\'s are actually nonlinear -> linear preconditioners", '
    "2021, last section",
    setup=(
        "PReLU networks learn cos(||x||) on [-4 pi, 4 pi]^2, as it is and with noise "
        "whose deviation grows from 0 to 0.5 with the first coordinate (32 x 8 units, "
        "2,000 points, 1,000 full-batch updates of Adam at 0.001), and diabetes (16 x "
        "3, 222 patients, 300 updates). The 5 % and 95 % quantiles of the values of "
        "50 neighbors among these points (20 of the patients) make an interval, which "
        "other points (1,000; 110) correct by split-conformal calibration for a "
        "coverage of 90 %; a third set (2,000; 110) judges it. Neighbors are those in "
        "the standardized inputs or in the last embedding."
    ),
    differs=(
        "The essay names no method and shows no numbers: the correction, the noise and "
        "the data are ours."
    ),
    expected=(
        "Derived: between 90 % and 90 % + 1/(n + 1) of exchangeable new points are "
        "covered after correction, on average over calibration sets of n points."
    ),
)

LEVEL = 0.9
PLACES = ("inputs", "embedding")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is learned, and how.

    Attributes:
        name: In the figure: `surface`, `noisy surface` or `diabetes`.
        width: Units of a hidden layer.
        depth: Hidden layers.
        steps: Updates.
        points: To learn from; neighbors are among them.
        calibration: Points for the correction.
        tested: Points for the judgment.
        neighbors: How many give the quantiles.
        seeds: Number of seeds.
    """

    name: str
    width: int = 32
    depth: int = 8
    steps: int = 1000
    points: int = 2000
    calibration: int = 1000
    tested: int = 2000
    neighbors: int = 50
    seeds: int = 10

    def __post_init__(self):
        if self.name not in NAMES:
            raise ValueError(
                f"`name` is {self.name!r}: one of {', '.join(NAMES)} is required."
            )

    @property
    def training(self) -> TrainingConfig:
        """How its networks are trained."""
        input_dim = 10 if self.name == "diabetes" else 2
        return preconditioner_training(
            self.width, self.depth, self.steps, input_dim=input_dim
        )


NAMES = ("surface", "noisy surface", "diabetes")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        problems: What is learned.
        shown: Points of a cut through the square that the figure shows.
    """

    problems: tuple[Problem, ...] = (
        Problem(name="surface"),
        Problem(name="noisy surface"),
        Problem(
            name="diabetes",
            width=16,
            depth=3,
            steps=300,
            points=222,
            calibration=110,
            tested=110,
            neighbors=20,
            seeds=40,
        ),
    )
    shown: int = 300


PRESETS = {
    "smoke": Config(
        problems=(
            Problem(
                name="noisy surface",
                width=4,
                depth=2,
                steps=20,
                points=60,
                calibration=80,
                tested=60,
                neighbors=20,
                seeds=2,
            ),
        ),
        shown=20,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By problem, over (seeds, inputs and embedding): `raw_coverage`,
            `raw_width`, `coverage`, `width`; the latter in units of the target.
        cut: Cut of the noisy surface along y = 0, first seed: `x`, `target`,
            `deviation`, and `low_*`, `high_*` of both places; empty without that
            problem.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    cut: dict[str, np.ndarray]


class Sample(NamedTuple):
    """Points of one seed in three parts.

    Attributes:
        task: To learn from.
        values: Values at the training points, in units of the target.
        others: Standardized points for correction and judgment.
        wanted: Their values.
    """

    task: Task
    values: Float64[np.ndarray, " train"]
    others: Float64[np.ndarray, "test dim"]
    wanted: Float64[np.ndarray, " test"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, make intervals, judge; write it all to `folder`."""
    how = {
        problem.name: functools.partial(_measure, problem, folder)
        for problem in config.problems
    }
    measures = measure_settings(folder, how, progress, "training and judging")
    if any(problem.name == NAMES[1] for problem in config.problems):
        stored(folder / "cut.npz", functools.partial(_cut, config, folder))
    clock.lap("training and judging")
    return {
        "headline": _headline(measures),
        "table": [_row(name, values) for name, values in measures.items()],
        "claims": conformal_claims(measures),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    cut = folder / "cut.npz"
    return Result(
        config,
        summary,
        read_measures(folder, [p.name for p in config.problems]),
        read_arrays(cut) if cut.is_file() else {},
    )


def noise_deviation(
    points: Float64[np.ndarray, "points 2"],
) -> Float64[np.ndarray, " points"]:
    """Deviation of the noise: 0 on the left border of the square, 0.5 on the right."""
    return 0.25 * (1.0 + points[:, 0] / SQUARE)


def sample_problem(problem: Problem, seed: int) -> Sample:
    """The points of a seed."""
    rng = np.random.default_rng(seed)
    rest = problem.calibration + problem.tested
    if problem.name == "diabetes":
        points, values = sklearn.datasets.load_diabetes(return_X_y=True)
        order = rng.permutation(len(points))[: problem.points + rest]
        points, values = points[order], values[order]
    else:
        points = rng.uniform(-SQUARE, SQUARE, (problem.points + rest, 2))
        values = cosine_norm(points)
        if problem.name == NAMES[1]:
            values = values + noise_deviation(points) * rng.normal(size=len(points))
    train, others = points[: problem.points], points[problem.points :]
    known, wanted = values[: problem.points], values[problem.points :]
    few = max(1, problem.calibration // 10)
    task = standardized_task(train, known[:, None], others[:few], wanted[:few, None])
    return Sample(task, known, task.inputs.forward(others), wanted)


def intervals_of(
    problem: Problem,
    network: regions.ReluNetwork,
    sample: Sample,
    others: Float64[np.ndarray, "test dim"],
) -> list[Intervals]:
    """Quantiles of neighbors in the inputs and in the last embedding, uncorrected."""
    train = np.asarray(sample.task.data.train_inputs, np.float64)
    known, wanted = embeddings(network, train), embeddings(network, others)
    with one_thread():
        return [
            neighbor_quantiles(
                known[layer], sample.values, wanted[layer], problem.neighbors, LEVEL
            )
            for layer in (0, -1)
        ]


def _networks(problem: Problem, folder: pathlib.Path) -> list[regions.ReluNetwork]:
    """Trained networks of a problem, one a seed."""
    seeds = tuple(range(problem.seeds))
    place = setting_folder(folder, problem.name)
    samples = [sample_problem(problem, seed) for seed in seeds]
    fit_ensemble(problem.training, [s.task.data for s in samples], seeds, place)
    return kept_networks(problem.training, seeds, place)


def _part(found: Intervals, part: slice) -> Intervals:
    """Some of the intervals."""
    return Intervals(found.low[part], found.high[part])


def _measure(problem: Problem, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Coverage and width of the intervals of every seed."""
    rows = []
    calibration = slice(0, problem.calibration)
    tested = slice(problem.calibration, None)
    for seed, network in enumerate(_networks(problem, folder)):
        sample = sample_problem(problem, seed)
        known, wanted = sample.wanted[calibration], sample.wanted[tested]
        row = []
        for found in intervals_of(problem, network, sample, sample.others):
            raw = _part(found, tested)
            corrected = conformal(_part(found, calibration), known, raw, LEVEL)
            row.append(
                [
                    raw.coverage(wanted),
                    raw.width(),
                    corrected.coverage(wanted),
                    corrected.width(),
                ]
            )
        rows.append(row)
    table = np.moveaxis(np.array(rows), -1, 0)
    names = ("raw_coverage", "raw_width", "coverage", "width")
    return dict(zip(names, table, strict=True))


def _cut(config: Config, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Corrected intervals of the first noisy network along y = 0."""
    problem = next(p for p in config.problems if p.name == NAMES[1])
    network, sample = _networks(problem, folder)[0], sample_problem(problem, 0)
    x = np.linspace(-SQUARE, SQUARE, config.shown)
    line = np.stack([x, np.zeros_like(x)], axis=1)
    calibration = slice(0, problem.calibration)
    raw = intervals_of(problem, network, sample, sample.others)
    shown = intervals_of(problem, network, sample, sample.task.inputs.forward(line))
    result = {"x": x, "target": cosine_norm(line), "deviation": noise_deviation(line)}
    for place, known, others in zip(PLACES, raw, shown, strict=True):
        found = conformal(
            _part(known, calibration), sample.wanted[calibration], others, LEVEL
        )
        result |= {f"low_{place}": found.low, f"high_{place}": found.high}
    return result


def _row(name: str, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Medians over the seeds, of inputs and embedding."""
    row: dict[str, Any] = {"problem": name, "seeds": len(values["width"])}
    for key, table in values.items():
        for place, value in zip(PLACES, np.median(table, axis=0), strict=True):
            row[f"{key}_{place}"] = float(value)
    return row


def _headline(measures: dict[str, dict[str, np.ndarray]]) -> str:
    """One line for the pages."""
    parts = []
    for name, values in measures.items():
        row = _row(name, values)
        ratio = float(np.median(values["width"][:, 1] / values["width"][:, 0]))
        parts.append(
            f"{name} {row['coverage_embedding']:.3f} covered "
            f"({row['raw_coverage_embedding']:.3f} uncorrected), width {ratio:.2f} of "
            "that in the inputs"
        )
    return "neighbors in the embedding, medians: " + "; ".join(parts)


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        text = ", ".join(f"{k} {v:.3g}" for k, v in row.items() if k != "problem")
        rows.append((row["problem"], text))
    return rows
