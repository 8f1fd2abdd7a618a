"""The bottleneck's plane beside what it does to training."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.bottleneck.study import KINDS, METRICS, Result
from experiments.plotting.style import BLUE, INK, MUTED, RED, axis_labels, blank

COLORS = {"bottleneck": RED, "plain": BLUE}
SHOWN = ("mse", "near_edges", "spike_rate")


def draw(result: Result) -> Figure:
    """Output, plane of the pixels, plane cut above; losses, counts, measures below."""
    drawing = Figure(figsize=(13.5, 8.4), layout="constrained")
    grid = drawing.add_gridspec(2, 12, height_ratios=(1.15, 1.0))
    _square(drawing.add_subplot(grid[0, :4]), result)
    _pixels(drawing.add_subplot(grid[0, 4:8]), result)
    _cut(drawing.add_subplot(grid[0, 8:]), result)
    _losses(drawing.add_subplot(grid[1, :3]), result)
    _counts(drawing.add_subplot(grid[1, 3:6]), result)
    for k, name in enumerate(SHOWN):
        place = grid[1, 6 + 2 * k : 8 + 2 * k]
        _measure(drawing.add_subplot(place), result, name)
    return drawing


def _square(axes: Axes, result: Result) -> None:
    """The output of the network that is shown."""
    axes.imshow(np.clip(result.output, 0.0, 1.0), cmap="gray", vmin=0.0, vmax=1.0)
    blank(
        axes, f"Output of the bottleneck network, seed {result.summary['shown_seed']}"
    )


def _frame(axes: Axes, result: Result, title: str) -> None:
    """The plane's box with its title."""
    (left, bottom), (right, top) = result.plane.box
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axis_labels(axes, title, "unit 1 of the bottleneck", "unit 2")


def _pixels(axes: Axes, result: Result) -> None:
    """Where the pixels go, those of the ring in red."""
    plane = result.plane
    for chosen, color, label in (
        (~plane.dark, MUTED, "white pixels"),
        (plane.dark, RED, "the ring"),
    ):
        axes.plot(
            *plane.places[chosen].T,
            ".",
            color=color,
            markersize=1.2,
            markeredgewidth=0.0,
            rasterized=True,
            label=label,
        )
    axes.legend(frameon=False, fontsize=8, markerscale=10, loc="best")
    _frame(axes, result, "The image in the bottleneck's plane")


def _cut(axes: Axes, result: Result) -> None:
    """Output and regions of the layers after the bottleneck."""
    plane = result.plane
    (left, bottom), (right, top) = plane.box
    axes.imshow(
        np.clip(plane.output, 0.0, 1.0),
        cmap="gray",
        vmin=0.0,
        vmax=1.0,
        origin="lower",
        extent=(left, right, bottom, top),
        aspect="auto",
    )
    axes.add_collection(
        PolyCollection(
            plane.polygons, facecolors="none", edgecolors=RED, linewidths=0.5
        )
    )
    count = len(plane.polygons)
    _frame(axes, result, f"Its {count:,} regions under the layers after")


def _losses(axes: Axes, result: Result) -> None:
    """Training losses of both kinds."""
    for kind in KINDS:
        losses = result.losses[kind]
        x = np.arange(1, len(losses) + 1)
        color = COLORS[kind]
        axes.plot(x, losses, color=color, linewidth=0.3, alpha=0.3, rasterized=True)
        axes.plot(x, np.median(losses, axis=1), color=color, label=kind)
    axes.set_yscale("log")
    axis_labels(axes, "Training loss", "epoch", "mean squared error")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="upper right")


def _counts(axes: Axes, result: Result) -> None:
    """Exact counts of both kinds."""
    for kind in KINDS:
        counts, epochs = result.counts[kind], result.counts["epochs"]
        color = COLORS[kind]
        axes.plot(epochs, counts.T, color=color, linewidth=0.5, alpha=0.35)
        axes.plot(epochs, np.median(counts, axis=0), color=color, linewidth=2)
    axes.set_ylim(bottom=0)
    axis_labels(axes, "Activation regions, exact", "epoch", "regions")


def _measure(axes: Axes, result: Result, name: str) -> None:
    """One dot a seed for one measure."""
    for k, kind in enumerate(KINDS):
        values = [row[name] for row in result.summary["tables"][kind]]
        spread = np.linspace(-0.15, 0.15, len(values))
        axes.plot(k + spread, values, "o", color=COLORS[kind], markersize=4, alpha=0.7)
        axes.plot([k - 0.25, k + 0.25], [np.median(values)] * 2, color=INK, linewidth=2)
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(2), ["bottle-\nneck", "plain"])
    p = result.summary["adjusted_p"][name]
    short = {"near_edges": "boundary near the edges"}.get(name, METRICS[name])
    axis_labels(axes, f"adjusted p = {p:.2g}", "", short)
