"""Losses, layers and partitions of a collapse."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.collapse.study import Result
from experiments.collapse.timeline import levels
from experiments.plotting.curves import SERIES
from experiments.plotting.style import INK, MUTED, axis_labels, blank

LINE = np.array([213.0, 94.0, 0.0]) / 255.0
"""Color of boundaries."""

VEIL = 0.55
"""How much of a boundary pixel is boundary; the output shows through."""


def draw(result: Result) -> Figure:
    """One run above, all runs and its layers beside; its partitions below."""
    drawing = Figure(figsize=(13.0, 8.6), layout="constrained")
    parts = drawing.subfigures(2, 1, squeeze=False, height_ratios=(1.0, 1.25))
    above, below = parts[:, 0]
    first, second, third = above.subplots(1, 3)
    _updates(first, result)
    _levels(second, result)
    _layers(third, result)
    for k, axes in enumerate(below.subplots(1, 3)):
        _partition(axes, result, k)
    return drawing


def _row(result: Result) -> dict:
    """The row of the seed that is shown."""
    return next(
        row for row in result.summary["seeds"] if row["seed"] == result.summary["shown"]
    )


def _updates(axes: Axes, result: Result) -> None:
    """The loss of every update of one seed, and its level."""
    row = _row(result)
    losses = result.losses[row["seed"]]
    per_epoch = len(losses) // result.config.epochs
    x = np.arange(1, len(losses) + 1) / per_epoch
    axes.plot(x, losses, color=SERIES[0].color, linewidth=0.25, alpha=0.5)
    means = losses.reshape(-1, per_epoch).mean(axis=1)
    axes.plot(x[per_epoch - 1 :: per_epoch], levels(means), color=INK, linewidth=1.2)
    axes.set_yscale("log")
    low, high = np.quantile(losses, [0.001, 0.9995])
    axes.set_ylim(low, high)
    title = f"Every update of seed {row['seed']}; black: median of 100 epochs"
    axis_labels(axes, title, "epoch", "training loss")


def _levels(axes: Axes, result: Result) -> None:
    """Levels of all seeds; a dot where a collapse starts."""
    for row in result.summary["seeds"]:
        means = result.losses[row["seed"]].reshape(result.config.epochs, -1).mean(1)
        level = levels(means)
        shown = row["seed"] == result.summary["shown"]
        color = SERIES[1].color if shown else MUTED
        axes.plot(
            np.arange(1, len(level) + 1),
            level,
            color=color,
            linewidth=1.4 if shown else 0.7,
            zorder=3 if shown else 2,
        )
        if row["start"] is not None:
            place = (row["start"], level[row["start"] - 1])
            axes.plot(*place, "o", color=color, ms=6, mec="white", zorder=4)
    axes.set_yscale("log")
    axes.set_ylim(top=0.1)
    axis_labels(
        axes,
        "All seeds; dots: the largest rise starts",
        "epoch",
        "median loss of 100 epochs",
    )


def _layers(axes: Axes, result: Result) -> None:
    """Units of each layer that change sign on the data, over time."""
    config = result.config
    image = axes.imshow(
        result.shown["varying"].T,
        aspect="auto",
        origin="lower",
        extent=(0.0, config.epochs, 0.5, config.depth + 0.5),
        cmap="viridis",
        vmin=0,
        vmax=config.width,
        interpolation="nearest",
    )
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.05)
    bar.set_label("units with both signs on the data", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7)
    title = f"Layers of seed {result.summary['shown']}"
    axis_labels(axes, title, "epoch", "hidden layer")


def _partition(axes: Axes, result: Result, k: int) -> None:
    """Output and boundaries at one of the three epochs."""
    gray = np.repeat(result.pictures["outputs"][k][..., None] / 255.0, 3, axis=2)
    edges = result.pictures["edges"][k]
    gray[edges] = (1.0 - VEIL) * gray[edges] + VEIL * LINE
    axes.imshow(gray, interpolation="nearest")
    row = _row(result)
    words = ("before", "after", "at the end")[k]
    epoch = result.shown["at"][k]
    blank(axes, f"Epoch {epoch}, {words}: {row['regions'][k]:,} regions")
