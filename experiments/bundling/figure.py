"""Bundles: creases before and after, the circle, what holds them, nearest distances."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.bundling.claims import BASE
from experiments.bundling.study import CIRCLE, Result, line_distances
from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, axis_labels, blank
from training.datasets import OUTER_RADIUS

RIDGE, VALLEY = SERIES[1].color, SERIES[0].color


def draw(result: Result) -> Figure:
    """Six panels: creases and the circle above, mechanism and distances below."""
    drawing = Figure(figsize=(13.0, 8.0), layout="constrained")
    panels = drawing.subplots(2, 3)
    base = result.measures[BASE]
    _plane(panels[0, 0], base, 0, "Creases before training")
    _plane(panels[0, 1], base, -1, f"After {base['updates'][-1]:,} updates")
    _sizes(panels[0, 2], base)
    _pull(panels[1, 0], result)
    _causes(
        panels[1, 1], result, "circle", "share tangent to the circle", "gray: the law"
    )
    _causes(
        panels[1, 2],
        result,
        "over_others",
        "nearest distance / that among other networks",
        "gray: before",
    )
    return drawing


def _plane(axes: Axes, base: dict[str, np.ndarray], when: int, title: str) -> None:
    """The creases of one seed as lines in the square, ridges and valleys."""
    meets = base["meets"][when]
    normals = np.pi * base["turns"][when][meets]
    offsets, ridges = base["offsets"][when][meets], base["is_ridge"][when][meets]
    across = np.stack([np.cos(normals), np.sin(normals)], axis=1)
    along = np.stack([-across[:, 1], across[:, 0]], axis=1)
    feet = 0.5 + offsets[:, None] * across
    for foot, step, is_ridge in zip(feet, along, ridges, strict=True):
        ends = np.stack([foot - 1.5 * step, foot + 1.5 * step])
        color = RIDGE if is_ridge else VALLEY
        axes.plot(ends[:, 0], ends[:, 1], color=color, linewidth=0.5, alpha=0.35)
    axes.add_patch(
        Circle((0.5, 0.5), OUTER_RADIUS, fill=False, color=INK, linewidth=1.1, zorder=3)
    )
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(1.0, 0.0)
    axes.set_aspect("equal")
    blank(axes, f"{title}: {len(offsets)} in the square")
    axes.title.set_fontsize(10)


def _sizes(axes: Axes, base: dict[str, np.ndarray]) -> None:
    """Distances of one seed's creases from the center, ridges above valleys."""
    edges = np.arange(0.0, 0.72, 0.01)
    last = base["meets"][-1]
    sizes, ridges = np.abs(base["offsets"][-1][last]), base["is_ridge"][-1][last]
    axes.hist(
        [sizes[~ridges], sizes[ridges]],
        edges.tolist(),
        stacked=True,
        color=[VALLEY, RIDGE],
        label=["valleys, after", "ridges, after"],
    )
    first = np.abs(base["offsets"][0][base["meets"][0]])
    counts, _ = np.histogram(first, edges)
    axes.stairs(counts, edges, color=INK, linewidth=1.0, label="all, before")
    axes.axvline(OUTER_RADIUS, color=MUTED, linewidth=0.8)
    axes.axvspan(*CIRCLE, color=MUTED, alpha=0.15, lw=0)
    plain_legend(axes, "", "upper right")
    title = "The same by distance (line: the disc's edge)"
    axis_labels(axes, title, "distance from the center, sides", "creases")


def _pull(axes: Axes, result: Result) -> None:
    """Integrals of the residual along lines, all seeds, after training."""
    for style, name in zip(SERIES, ("base", "centered"), strict=False):
        if name in result.measures:
            lines = result.measures[name]["lines"].T
            draw_band(axes, line_distances(), lines, name, style)
    axes.axhline(0.0, color=MUTED, linewidth=0.8)
    axes.axvline(OUTER_RADIUS, color=MUTED, linewidth=0.8)
    axes.axvspan(*CIRCLE, color=MUTED, alpha=0.15, lw=0)
    plain_legend(axes, "median and range", "lower left")
    title = "Residual along lines: where low, it holds ridges"
    y = "integral of output - target"
    axis_labels(axes, title, "distance of the line from the center, sides", y)


def _causes(axes: Axes, result: Result, field: str, x: str, gray: str) -> None:
    """A number of each seed after training, its median, and what it is held against."""
    names = list(result.measures)[::-1]
    for i, name in enumerate(names):
        values = result.measures[name]
        if field == "circle":
            axes.plot(float(values["circle_law"]), i, "D", color=MUTED, markersize=5)
        else:
            before = values[field][0]
            axes.plot(before, np.full(len(before), i + 0.18), ".", color=MUTED, ms=4)
        after = values[field][-1]
        axes.plot(after, np.full(len(after), i), ".", color=VALLEY, markersize=5)
        axes.plot(np.median(after), i, "|", color=VALLEY, markersize=15)
    if field != "circle":
        axes.axvline(1.0, color=MUTED, linewidth=0.8)
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticklabels(names, fontsize=9, family=FONT)
    axes.set_xlim(0.0, None)
    axis_labels(axes, f"Every seed after training ({gray})", x, "")
