"""Rings from many seeds: three outputs, all errors, regions before and after."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank
from experiments.ring_quality.study import ACCURACY_BAR, MSE_BAR, Result


def draw(result: Result) -> Figure:
    """Three outputs above; errors and region counts of all seeds below."""
    drawing = Figure(figsize=(10.5, 7.6), layout="constrained")
    grid = drawing.add_gridspec(2, 6, height_ratios=(1.0, 1.1))
    errors = np.array([row["mse"] for row in result.table])
    order = np.argsort(errors)
    chosen = (order[0], order[(len(order) - 1) // 2], order[-1])
    names = ("best", "median", "worst")
    for k, (i, name) in enumerate(zip(chosen, names, strict=True)):
        axes = drawing.add_subplot(grid[0, 2 * k : 2 * k + 2])
        axes.imshow(result.outputs[i], cmap="gray", vmin=0, vmax=255)
        row = result.table[i]
        blank(axes, f"{name}: seed {row['seed']}, error {row['mse']:.4f}")
    _errors(drawing.add_subplot(grid[1, :3]), result)
    _counts(drawing.add_subplot(grid[1, 3:]), result)
    return drawing


def _errors(axes: Axes, result: Result) -> None:
    """Error against accuracy, one dot a seed, with both bars."""
    mse = [row["mse"] for row in result.table]
    accuracy = [100.0 * row["accuracy"] for row in result.table]
    axes.axvline(MSE_BAR, color=MUTED, linewidth=0.8, linestyle="--")
    axes.axhline(100.0 * ACCURACY_BAR, color=MUTED, linewidth=0.8, linestyle="--")
    axes.plot(mse, accuracy, "o", color=INK, markersize=5, alpha=0.8)
    axis_labels(
        axes,
        "Errors on all pixels (dashed: the bars)",
        "mean squared error",
        "accuracy in %",
    )


def _counts(axes: Axes, result: Result) -> None:
    """Exact and grid counts, one line a seed from before to after."""
    for kind, color, shift in (("exact", RED, 0.0), ("grid", BLUE, 2.0)):
        values = np.array(
            [[row[f"{kind}_before"], row[f"{kind}_after"]] for row in result.table]
        )
        axes.plot(
            [shift, shift + 1.0], values.T, "o-", color=color, alpha=0.45, markersize=4
        )
        axes.plot(
            [shift, shift + 1.0], np.median(values, axis=0), color=color, linewidth=3
        )
    axis_labels(axes, "Activation regions (thick: median)", "", "regions")
    axes.set_ylim(bottom=0)
    axes.set_xticks(
        range(4),
        ["exact,\nbefore", "exact,\nafter", "grid,\nbefore", "grid,\nafter"],
        family=FONT,
    )
