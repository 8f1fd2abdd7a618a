"""Errors against the number of pixels, and what networks make of the fewest."""

import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.overfitting.study import EDGES, METHODS, POST, Result
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank

COLORS = {"network": RED, "smoothing": BLUE, "nearest": "#1b7837"}
NAMES = {
    "network": "network, image",
    "smoothing": "kernel smoothing",
    "nearest": "nearest neighbor",
}


def draw(result: Result) -> Figure:
    """Errors, overlap, errors by distance above; outputs of one seed below."""
    drawing = Figure(figsize=(13.5, 7.8), layout="constrained")
    names = list(result.outputs)
    grid = drawing.add_gridspec(2, 3 * len(names), height_ratios=(1.25, 1.0))
    width = len(names)
    _errors(drawing.add_subplot(grid[0, :width]), result)
    _overlap(drawing.add_subplot(grid[0, width : 2 * width]), result)
    _by_distance(drawing.add_subplot(grid[0, 2 * width :]), result)
    for k, name in enumerate(names):
        _output(drawing.add_subplot(grid[1, 3 * k : 3 * k + 3]), result, name)
    return drawing


def _values(result: Result, name: str) -> list[list[float]]:
    """One number of all seeds at each size; without those that diverged."""
    rows: list[dict[str, Any]] = result.summary["table"]
    return [
        [r[name] for r in rows if r["points"] == size and r[name] is not None]
        for size in result.config.sizes
    ]


def _series(axes: Axes, result: Result, name: str, color: str, label: str) -> None:
    """A dot a seed and a line through the medians."""
    values = _values(result, name)
    for size, entries in zip(result.config.sizes, values, strict=True):
        axes.plot([size] * len(entries), entries, "o", color=color, ms=3, alpha=0.4)
    medians = [np.median(entries) if entries else np.nan for entries in values]
    axes.plot(result.config.sizes, medians, color=color, linewidth=2, label=label)


def _sizes_axis(axes: Axes, result: Result) -> None:
    """Numbers of pixels on a logarithmic axis, most on the left."""
    axes.set_xscale("log")
    axes.set_xticks(result.config.sizes, [str(size) for size in result.config.sizes])
    axes.minorticks_off()
    axes.invert_xaxis()


def _errors(axes: Axes, result: Result) -> None:
    """Errors on the training points and on the image."""
    axes.axhline(result.summary["variance"], color=MUTED, linewidth=0.8, linestyle="--")
    _series(axes, result, "train", INK, "network, its pixels")
    for method in METHODS:
        _series(axes, result, f"{method}_mse", COLORS[method], NAMES[method])
    axes.set_yscale("log")
    axis_labels(
        axes, "Errors (dashed: constant)", "pixels sampled", "mean squared error"
    )
    _sizes_axis(axes, result)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)


def _overlap(axes: Axes, result: Result) -> None:
    """Intersection over union of the ring."""
    for method in METHODS:
        _series(axes, result, f"{method}_iou", COLORS[method], NAMES[method])
    axes.set_ylim(0.0, 1.0)
    axis_labels(
        axes, "Overlap with the ring", "pixels sampled", "intersection over union"
    )
    _sizes_axis(axes, result)


def _by_distance(axes: Axes, result: Result) -> None:
    """Error by distance to the nearest sampled pixel, fewest and most pixels."""
    x = np.arange(len(EDGES) - 1)
    chosen = ((0, "-"), (len(result.config.sizes) - 1, "--"))
    for k, style in chosen:
        size = result.config.sizes[k]
        for j, method in enumerate(("network", "nearest")):
            axes.plot(
                x,
                result.by_distance[k, j],
                style,
                marker="o",
                markersize=4,
                color=COLORS[method],
                label=f"{method}, {size} pixels",
            )
    names = [f"{a:g}-{b:g}" for a, b in itertools.pairwise(EDGES[:-1])]
    axes.set_xticks(x, [*names, f"over {EDGES[-2]:g}"])
    axes.set_ylim(bottom=0)
    axis_labels(
        axes,
        "Error by distance to a sampled pixel",
        "distance in pixels",
        "mean squared error",
    )
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)


def _output(axes: Axes, result: Result, name: str) -> None:
    """Output of median error, with the sampled pixels if they are few."""
    output, samples = result.outputs[name], result.samples[name]
    axes.imshow(output, cmap="gray", vmin=0, vmax=255)
    if len(samples) <= 1250:
        places = samples * len(output)
        axes.plot(*places.T, ".", color=RED, markersize=1.5, alpha=0.6)
    axes.set_xlim(-0.5, len(output) - 0.5)
    axes.set_ylim(len(output) - 0.5, -0.5)
    rows = result.summary["post" if name == POST else "table"]
    place = (len(samples), result.shown[name])
    row = next(row for row in rows if (row["points"], row["seed"]) == place)
    error = row["network_mse"]
    layers = len((result.config.post if name == POST else result.config.model).widths)
    blank(axes, f"{len(samples)} pixels, {layers} layers")
    words = "diverged" if error is None else f"error {error:.4f}"
    axes.set_xlabel(words, fontsize=9, color=INK, family=FONT)
