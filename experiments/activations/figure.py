"""Output and regions of one seed with each activation; errors and counts of all."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from experiments.activations.study import Result
from experiments.plotting.curves import SERIES
from experiments.plotting.style import FONT, INK, MUTED, RED, blank


def draw(result: Result) -> Figure:
    """A panel an activation, two panels of numbers below."""
    names = list(result.measures)
    drawing = Figure(figsize=(13.0, 7.2))
    grid = drawing.add_gridspec(
        2,
        2 * len(names),
        left=0.075,
        right=0.985,
        top=0.95,
        bottom=0.08,
        wspace=0.12,
        hspace=0.16,
        height_ratios=(1.45, 1.0),
    )
    for i, name in enumerate(names):
        axes = drawing.add_subplot(grid[0, 2 * i : 2 * i + 2])
        polygons = result.polygons[name]
        axes.imshow(
            result.measures[name]["output"],
            cmap="gray",
            vmin=0,
            vmax=255,
            extent=(0.0, 1.0, 1.0, 0.0),
        )
        axes.add_collection(
            PolyCollection(polygons, facecolors="none", edgecolors=RED, linewidths=0.25)
        )
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(1.0, 0.0)
        blank(axes, f"{name}: {len(polygons):,} regions")
    half = len(names)
    left = drawing.add_subplot(grid[1, :half])
    right = drawing.add_subplot(grid[1, half + 1 :] if half > 2 else grid[1, half:])
    _numbers(left, result, ("mse",), "mean squared error on the pixels")
    title = "regions in the unit square, before (gray) and after"
    _numbers(right, result, ("regions_before", "regions"), title)
    return drawing


def _numbers(axes: Axes, result: Result, keys: tuple[str, ...], title: str) -> None:
    """Numbers of each activation: every seed, and the median."""
    names = list(result.measures)[::-1]
    for i, name in enumerate(names):
        for j, key in enumerate(keys):
            values = result.measures[name][key]
            last = j == len(keys) - 1
            color = SERIES[0].color if last else MUTED
            axes.plot(values, np.full(len(values), i), ".", color=color, alpha=0.6)
            axes.plot(np.median(values), i, "|", color=color, markersize=15)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(names)), names, fontsize=9, family=FONT)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.margins(y=0.15)
    axes.set_xlabel(title, color=INK, family=FONT)
