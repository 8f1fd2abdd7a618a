"""Directions of five features, the phases of two, and the pentagon's cells."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank
from experiments.superposition.study import VIEW, Result, border, represented
from training.toy_models import polygon

PHASES = ("the more important alone", "both, in superposition")
FILLS = ("#e6e6e6", "#f3b199")


def draw(result: Result) -> Figure:
    """Above, the best models at each sparsity; below, phases and cells."""
    drawing = Figure(figsize=(9.6, 7.0), layout="constrained")
    grid = drawing.add_gridspec(2, 12, height_ratios=(1.0, 1.25))
    span = 12 // len(result.config.sparsities)
    for row in range(len(result.config.sparsities)):
        place = grid[0, span * row : span * (row + 1)]
        _directions(drawing.add_subplot(place), result, row)
    _phases(drawing.add_subplot(grid[1, :7]), result)
    _cells(drawing.add_subplot(grid[1, 7:]), result)
    return drawing


def _directions(axes: Axes, result: Result, row: int) -> None:
    """The features' directions in the best model at one sparsity."""
    W = result.W[row, int(result.losses[row].argmin())]
    for column, (x, y) in enumerate(W.T):
        axes.plot([0.0, x], [0.0, y], color=BLUE, linewidth=1.8)
        axes.plot(x, y, "o", color=BLUE, markersize=5)
        if np.hypot(x, y) > 0.3:
            axes.annotate(
                str(column + 1),
                (float(x), float(y)),
                xytext=(1.16 * float(x), 1.16 * float(y)),
                ha="center",
                va="center",
                fontsize=8,
                color=INK,
                family=FONT,
            )
    axes.axhline(0.0, color=MUTED, linewidth=0.4)
    axes.axvline(0.0, color=MUTED, linewidth=0.4)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
    count = int(represented(W))
    blank(axes, f"S = {result.config.sparsities[row]:g}: {count} features")


def _phases(axes: Axes, result: Result) -> None:
    """Which features the best model has, over density and importance."""
    both = represented(result.phases[:, :, None, :]) == 2
    axes.pcolormesh(
        np.array(result.config.ratios),
        np.array(result.config.densities),
        both.astype(float),
        cmap=ListedColormap(FILLS),
        vmin=0.0,
        vmax=1.0,
        shading="nearest",
        edgecolors="white",
        linewidth=0.5,
    )
    ratio = np.geomspace(min(result.config.ratios), max(result.config.ratios), 200)
    (line,) = axes.plot(ratio, border(ratio), color=INK, linewidth=1.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axis_labels(
        axes,
        "Two features in one dimension",
        "importance of the second over the first",
        "density (1 - S)",
    )
    axes.legend(
        [*(Patch(facecolor=fill) for fill in FILLS), line],
        [*PHASES, "border by closed forms"],
        prop={"size": 8, "family": FONT},
        labelcolor=INK,
        loc="lower center",
        framealpha=0.95,
        edgecolor="none",
    )


def _cells(axes: Axes, result: Result) -> None:
    """The pentagon's directions and the cells of its decoder."""
    axes.add_collection(
        PolyCollection(result.cells, facecolors="white", edgecolors=INK, linewidths=1.0)
    )
    for x, y in 0.85 * polygon(5).T:
        axes.annotate(
            "",
            (float(x), float(y)),
            xytext=(0.0, 0.0),
            arrowprops={"arrowstyle": "-|>", "color": RED, "linewidth": 1.4},
        )
    axes.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal")
    blank(axes, f"Pentagon (red): its decoder cuts {result.summary['cells']} cells")
