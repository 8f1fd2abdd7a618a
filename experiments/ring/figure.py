"""The three panels of the origami posts: partition, output, and sampled points."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Array, Float32
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.plotting.style import BLUE, DPI, FONT, INK, MUTED, RED, blank
from experiments.ring.study import Config, Result

DOT = (2.0 * 72.0 / DPI) ** 2
"""Area of a dot in square points: two pixels of the figure on a side."""


def draw(result: Result) -> Figure:
    """Network output with all region boundaries; output; original with the points."""
    drawing = Figure(figsize=(18.0, 6.85))
    left, middle, right = drawing.subplots(1, 3)
    drawing.subplots_adjust(
        left=0.012, right=0.988, top=0.945, bottom=0.065, wspace=0.025
    )
    count = result.summary["exact_regions"]
    _show(left, result.output, f"Network output and its {count:,} activation regions")
    left.add_collection(
        PolyCollection(
            result.polygons, facecolors="none", edgecolors=RED, linewidths=0.4
        )
    )
    _show(middle, result.output, "Network output")
    data = result.data
    _show(right, result.image / 255.0, "Original and sampled points")
    for points, color, name in (
        (data.train_inputs, RED, "training"),
        (data.val_inputs, BLUE, "validation"),
    ):
        _dots(right, points, color, f"{len(points):,} {name}")
    right.legend(
        loc="lower right",
        bbox_to_anchor=(1.012, 1.0),
        ncols=2,
        frameon=False,
        markerscale=4.0,
        handletextpad=0.1,
        columnspacing=1.0,
        borderaxespad=0.0,
        prop={"size": 10, "family": FONT},
        labelcolor=INK,
    )
    text = caption(result.config, result.summary)
    drawing.text(0.012, 0.022, text, fontsize=10.5, color=MUTED, family=FONT)
    return drawing


def caption(config: Config, summary: Mapping[str, Any]) -> str:
    """One line with what a reader needs to train the same network."""
    training, data = config.training, config.data
    loss = (
        f"train loss {summary['train_loss']:.4f}   "
        f"val loss {summary['val_loss']:.4f}   "
        if summary["train_loss"] is not None
        else ""
    )
    kind = "exact" if summary["complete"] else "found, not all"
    return (
        f"epoch {training.epochs}   {loss}"
        f"shape {list(training.model.widths)}   seed {training.seed}   "
        f"points {data.num_train}   {training.optimizer.name} "
        f"lr {training.optimizer.learning_rate:g}   "
        f"regions {summary['exact_regions']:,} ({kind})"
    )


def _show(axes: Axes, values: np.ndarray, title: str) -> None:
    """Values in [0, 1] as grays; pixel i lies around its point i / size."""
    height, width = values.shape
    across, down = 0.5 / width, 0.5 / height
    axes.imshow(
        np.clip(values, 0.0, 1.0),
        cmap="gray",
        vmin=0.0,
        vmax=1.0,
        extent=(-across, 1.0 - across, 1.0 - down, -down),
        interpolation="antialiased",
        aspect=height / width,
    )
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(1.0, 0.0)
    blank(axes, title)


def _dots(
    axes: Axes, points: Float32[Array | np.ndarray, "points 2"], color: str, label: str
) -> None:
    """One small dot a point."""
    x, y = np.asarray(points).T
    axes.scatter(x, y, s=DOT, c=color, marker="s", linewidths=0.0, label=label)
