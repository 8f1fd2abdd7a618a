"""Counts against the bound over the splits, accuracy, and counts during training."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, INK, RED, axis_labels
from experiments.serra_counts.study import Family, Result, bound, splits


def draw(result: Result) -> Figure:
    """The paper's family, the small one, and its training."""
    drawing = Figure(figsize=(12.5, 6.2), layout="constrained")
    grid = drawing.subplots(
        2, 3, height_ratios=(2.6, 1.0), width_ratios=(1.25, 1.0, 1.0), sharex="col"
    )
    for column, family in enumerate((result.config.large, result.config.small)):
        _counts(grid[0, column], result, family)
        _accuracy(grid[1, column], result, family)
    space = grid[0, 2].get_gridspec()
    grid[0, 2].remove()
    grid[1, 2].remove()
    _training(drawing.add_subplot(space[:, 2]), result)
    return drawing


def _counts(axes: Axes, result: Result, family: Family) -> None:
    """Every network and the bound; the bound of splits that were left out too."""
    every = range(1, family.units)
    axes.plot(
        every,
        [bound((a, family.units - a)) for a in every],
        color=INK,
        linewidth=1.3,
        label="upper bound",
    )
    for k, (a, b) in enumerate(splits(family)):
        values = result.counts[a, b][-1]
        axes.scatter(
            np.full(len(values), a),
            values,
            s=14,
            color=BLUE,
            alpha=0.6,
            linewidths=0,
            label=None if k else "exact count",
        )
    axes.set_yscale("log")
    axis_labels(
        axes,
        f"{family.units} units, {family.seeds} networks a split, "
        f"{family.epochs[-1]} epochs",
        "",
        "activation regions",
    )
    plain_legend(axes, title="", loc="lower right")


def _accuracy(axes: Axes, result: Result, family: Family) -> None:
    """Held-out accuracy of every network."""
    for a, b in splits(family):
        values = result.accuracy[a, b][-1]
        axes.scatter(np.full(len(values), a), values, s=10, color=RED, linewidths=0)
    axes.set_ylim(0.0, 1.0)
    axes.set_xticks(range(1, family.units, 1 if family.units <= 12 else 2))
    axis_labels(axes, "", "units of the first layer", "held-out accuracy")


def _training(axes: Axes, result: Result) -> None:
    """Median counts of the small family over training."""
    family = result.config.small
    chosen = splits(family)[:: max(1, (len(family.splits) - 1) // 3)]
    for style, (a, b) in zip(SERIES, chosen, strict=False):
        axes.plot(
            family.epochs,
            np.median(result.counts[a, b], axis=1),
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            linewidth=1.4,
            markersize=4.5,
            label=f"{a}, {b}",
        )
    axes.set_yscale("log")
    axes.set_xticks(family.epochs)
    # Room for the legend below the lowest curve.
    axes.set_ylim(bottom=float(min(result.counts[s].min() for s in chosen)) / 3.0)
    axis_labels(
        axes,
        f"{family.units} units in training: medians",
        "epoch",
        "activation regions",
    )
    plain_legend(axes, title="hidden widths", loc="lower right", ncols=2)
