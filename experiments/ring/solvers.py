"""Chebyshev balls and bounds of a run's regions, by two solvers side by side."""

import pathlib
import time
from typing import NamedTuple

import numpy as np

import regions
from regions.polytopes.list_geometry import SOLVERS, list_balls, list_boxes
from training.progress import Progress


class Answer(NamedTuple):
    """What one solver says of all regions of a run.

    Attributes:
        balls_seconds: Time for the Chebyshev balls.
        boxes_seconds: Time for the bounding boxes.
        radii: Inradius of each region.
        lower: Lower corner of the box of each region.
        upper: Upper corner of the box.
    """

    balls_seconds: float
    boxes_seconds: float
    radii: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def compare_solvers(folder: pathlib.Path, progress: Progress) -> dict[str, Answer]:
    """Solve the regions in a finished run by every solver.

    Compiling is part of a solver's time.
    """
    found = regions.RegionSet.load(folder / "regions.parquet")
    what = found.network, found.domain, found.patterns
    answers = {}
    for solver in SOLVERS:
        name = solver.replace("_", " ")
        times = [time.perf_counter()]
        _, radii = list_balls(
            *what,
            solver,
            lambda done, total, n=name: progress(done, total, f"{n}: balls"),
        )
        times.append(time.perf_counter())
        lower, upper = list_boxes(
            *what,
            solver,
            lambda done, total, n=name: progress(done, total, f"{n}: boxes"),
        )
        times.append(time.perf_counter())
        balls, boxes = np.diff(times).tolist()
        answers[solver] = Answer(balls, boxes, radii, lower, upper)
    return answers


def comparison_rows(answers: dict[str, Answer]) -> list[tuple[str, ...]]:
    """A table: one column a solver, and how far apart they are."""
    one, other = (answers[solver] for solver in SOLVERS)

    def row(name: str, form: str, first: float, second: float, apart: str = ""):
        return name, format(first, form), format(second, form), apart

    far = np.abs(one.radii - other.radii).max()
    off = max(
        np.abs(one.lower - other.lower).max(), np.abs(one.upper - other.upper).max()
    )
    return [
        ("solver", *(solver.replace("_", " ") for solver in SOLVERS), "apart by"),
        row("smallest inradius", ".9g", one.radii.min(), other.radii.min()),
        row("mean inradius", ".9g", one.radii.mean(), other.radii.mean(), f"{far:.1e}"),
        row("mean longest side", ".9g", _side(one), _side(other), f"{off:.1e}"),
        row("seconds for the balls", ".2f", one.balls_seconds, other.balls_seconds),
        row("seconds for the boxes", ".2f", one.boxes_seconds, other.boxes_seconds),
    ]


def _side(answer: Answer) -> float:
    """Mean over regions of the longest side of the box."""
    return float((answer.upper - answer.lower).max(axis=1).mean())
