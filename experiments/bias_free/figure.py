"""Cones beside a partition with biases, and losses over learning rates."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.bias_free.study import VIEW, Result
from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import INK, MUTED, RED, axis_labels, blank
from regions.bounds import central_count

KINDS = ("with biases", "without")
CONSTANT = 0.0439
"""Mean squared error of the best constant on the ring of 1024 x 1024 pixels."""


def draw(result: Result) -> Figure:
    """Above, partitions, counts, curvature; below, a task a panel, and learning."""
    tasks = list(result.contests)
    columns = max(len(tasks) + 1, 4)
    drawing = Figure(figsize=(3.35 * columns, 6.8), layout="constrained")
    grid = drawing.add_gridspec(2, columns)
    for k, title in enumerate(("With biases", "Without: cones")):
        _partition(drawing.add_subplot(grid[0, k]), result.partitions[k], title)
    _counts(drawing.add_subplot(grid[0, 2]), result)
    _sharpness(drawing.add_subplot(grid[0, 3]), result)
    for k, name in enumerate(tasks):
        _losses(drawing.add_subplot(grid[1, k]), result, name)
    _learning(drawing.add_subplot(grid[1, len(tasks)]), result, tasks[-1])
    return drawing


def _partition(axes: Axes, polygons: list[np.ndarray], title: str) -> None:
    """Regions of the square about the ring's center."""
    axes.add_collection(
        PolyCollection(polygons, facecolors="white", edgecolors=INK, linewidths=0.5)
    )
    axes.plot(0.0, 0.0, "+", color=RED, markersize=7, markeredgewidth=1.4)
    axes.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal")
    blank(axes, f"{title}, {len(polygons):,} regions")


def _counts(axes: Axes, result: Result) -> None:
    """Regions of one layer without biases, and the formula."""
    layers = np.array(result.config.layers)
    for style, dim in zip(SERIES, np.unique(layers[:, 1]), strict=False):
        rows = layers[:, 1] == dim
        units = np.arange(2, int(layers[rows, 0].max()) + 1)
        axes.plot(
            units,
            [central_count(int(n), int(dim)) for n in units],
            color=style.color,
            linewidth=1.0,
        )
        axes.plot(
            layers[rows, 0],
            np.median(result.counts[rows], axis=1),
            color=style.color,
            marker=style.marker,
            linestyle="none",
            markersize=5,
            label=f"d = {dim}",
        )
    axes.set_yscale("log")
    axis_labels(axes, "One layer, exact (lines: formula)", "units", "cones of R^d")
    plain_legend(axes, "", "lower right")


def _sharpness(axes: Axes, result: Result) -> None:
    """Top eigenvalues before and after training, by task and kind."""
    for place, contest in enumerate(result.contests.values()):
        for kind, style in zip((0, 1), SERIES, strict=False):
            for when in (0, 1):
                values = contest.sharpness[kind, when]
                at = place + 0.3 * when + 0.12 * kind - 0.21
                axes.plot(
                    np.full(len(values), at),
                    values,
                    style.marker,
                    color=style.color,
                    markersize=3.5,
                    alpha=0.5,
                    markerfacecolor=style.color if when else "none",
                )
    for kind, style in zip(KINDS, SERIES, strict=False):
        axes.plot([], [], style.marker, color=style.color, markersize=4, label=kind)
    axes.set_yscale("log")
    axes.set_xticks(
        range(len(result.contests)),
        [name.replace(" ", "\n") for name in result.contests],
    )
    axes.set_xlim(-0.5, len(result.contests) - 0.5)
    axis_labels(
        axes, "Curvature (hollow: before training)", "", "top eigenvalue of the Hessian"
    )
    plain_legend(axes, "", "best")


def _losses(axes: Axes, result: Result, name: str) -> None:
    """Test losses over learning rates."""
    contest, rates = result.contests[name], np.array(result.config.rates)
    top = 0.0
    for style, kind in zip(SERIES, (0, 1), strict=False):
        values = contest.test[kind]
        # A seed that diverged has no loss: the worst of the finite ones is drawn.
        finite = values[np.isfinite(values)]
        top = max(top, float(np.quantile(finite, 0.98)))
        shown = np.where(np.isfinite(values), values, finite.max())
        draw_band(axes, rates, shown, KINDS[kind], style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(top=1.6 * top)
    loss = "cross entropy on other digits"
    if name in result.bounds:
        loss = "squared error on other pixels"
        least = result.bounds[name]
        axes.axhline(least, color=RED, lw=1.0, ls=":", label="least without biases")
        axes.axhline(CONSTANT, color=MUTED, lw=1.0, ls="--", label="best constant")
    axis_labels(axes, name, "learning rate of Adam", loss)
    plain_legend(axes, "", "best")


def _learning(axes: Axes, result: Result, name: str) -> None:
    """Training losses at the best rates of one task."""
    contest = result.contests[name]
    task = next(task for task in result.config.tasks if task.name == name)
    updates = task.updates_per_epoch * np.arange(1, contest.curves.shape[1] + 1)
    for kind, style in zip((0, 1), SERIES, strict=False):
        axes.plot(updates, contest.curves[kind], color=style.color, lw=0.4, alpha=0.4)
        axes.plot(
            updates,
            np.median(contest.curves[kind], axis=1),
            color=style.color,
            linestyle=style.line,
            linewidth=1.8,
            label=KINDS[kind],
        )
    axes.axhline(task.target, color=MUTED, lw=0.8, ls="--", label="counts as trained")
    axes.set_yscale("log")
    axis_labels(axes, f"{name}, best rates", "updates", "training loss")
    plain_legend(axes, "", "best")
