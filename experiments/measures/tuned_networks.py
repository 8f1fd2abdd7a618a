"""Networks tuned in several ways for the same tasks, kept in files."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from experiments.running.stages import stored
from training.adapters import Catch, Schedule, Tuned, Tuning, tune
from training.datasets import Dataset
from training.progress import Progress

MARKS = ("loss", "distance")
"""What compared networks have in common."""


def tune_methods(
    folder: pathlib.Path,
    methods: Sequence[str],
    params: dict[str, Any],
    data: Dataset,
    schedule: Schedule,
    seeds: Int[np.ndarray, " networks"],
    progress: Progress,
) -> dict[str, dict[str, Catch]]:
    """Tune in each way; all but the first are caught at the distances of the first.

    Args:
        folder: Gets one file a method; what is there is read back.
        methods: Names that `Tuning.parse` takes.
        params: As `training.adapters.tune` takes them.
        data: Likewise.
        schedule: Likewise.
        seeds: Likewise.
        progress: Called with (done, total, what is being done).

    Returns:
        By method, the networks at each of `MARKS` and those at the end, `final`.
    """
    found: dict[str, dict[str, Catch]] = {}
    for done, name in enumerate(methods):
        progress(done, len(methods), f"tuning, {name}")
        first = found[methods[0]]["loss"].distance if found else None

        def compute(
            name: str = name, distances: np.ndarray | None = first
        ) -> dict[str, np.ndarray]:
            tuned = tune(
                params,
                data,
                Tuning.parse(name),
                schedule,
                distances=distances,
                seeds=seeds,
            )
            return _to_arrays(tuned, is_first=distances is None)

        arrays = stored(folder / f"tuned-{name}.npz", compute)
        found[name] = {
            mark: Catch.from_arrays(_part(arrays, mark)) for mark in (*MARKS, "final")
        }
    return found


def _to_arrays(tuned: Tuned, *, is_first: bool) -> dict[str, np.ndarray]:
    """All catches; the first method sets the distance, so its marks are one."""
    at_distance = tuned.at_loss if is_first else tuned.at_distance
    parts = {"loss": tuned.at_loss, "distance": at_distance, "final": tuned.final}
    return {
        f"{mark}_{key}": array
        for mark, part in parts.items()
        for key, array in part.to_arrays().items()
    }


def _part(arrays: dict[str, np.ndarray], mark: str) -> dict[str, np.ndarray]:
    """The arrays of one catch."""
    return {
        key.removeprefix(f"{mark}_"): array
        for key, array in arrays.items()
        if key.startswith(f"{mark}_")
    }
