"""Folding over depth, before and after training, and by kind of pair."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels
from experiments.space_folding.study import Result


def draw(result: Result) -> Figure:
    """Left: every network before and after training. Right: pairs of one or two."""
    drawing = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = drawing.subplots(1, 2, sharey=True)
    initial, trained = result.folding.mean(axis=3)
    _series(left, result, initial, BLUE, "at initialization", -0.06)
    _series(left, result, trained, RED, "trained", 0.06)
    axis_labels(
        left,
        f"{result.config.units} hidden units, {result.config.seeds} networks each",
        "hidden layers",
        "space folding, mean over pairs",
    )
    same = result.folding[1][..., result.same].mean(axis=2)
    other = result.folding[1][..., ~result.same].mean(axis=2)
    _series(right, result, same, INK, "two digits of one class", -0.06)
    _series(right, result, other, MUTED, "digits of two classes", 0.06)
    axis_labels(right, "Trained networks, by kind of pair", "hidden layers", "")
    for axes in (left, right):
        axes.legend(
            frameon=False,
            prop={"size": 9, "family": FONT},
            labelcolor=INK,
            loc="upper left",
        )
    return drawing


def _series(
    axes: Axes,
    result: Result,
    values: np.ndarray,
    color: str,
    label: str,
    shift: float,
) -> None:
    """A dot for each network, and the medians."""
    places = np.array(result.config.depths, float) + shift
    axes.scatter(
        np.repeat(places, values.shape[1]),
        values.ravel(),
        s=9,
        color=color,
        alpha=0.35,
        linewidths=0,
    )
    axes.plot(places, np.median(values, axis=1), "o-", color=color, label=label)
    axes.set_xticks(result.config.depths)
