"""A printed hash table beside its partition, short hashes, and shared maps."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.hash_codes import MARGIN, Result
from experiments.measures.hash_audit import HASH_BITS, expected_pairs
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank
from training.two_moons import moons_box

ROWS = 12
"""Lines of the table that are shown."""

LINE = 96
"""Characters of a line that are shown."""


def figure(result: Result) -> Figure:
    """Above, partition and table; below, collisions, maps and codes."""
    drawing = Figure(figsize=(12.6, 7.6), layout="constrained")
    grid = drawing.add_gridspec(2, 12, height_ratios=(1.0, 0.95))
    _partition(drawing.add_subplot(grid[0, :5]), result)
    _table(drawing.add_subplot(grid[0, 5:]), result)
    _collisions(drawing.add_subplot(grid[1, :6]), result)
    _maps(drawing.add_subplot(grid[1, 6:]), result)
    return drawing


def _partition(axes: Axes, result: Result) -> None:
    """Regions with their codes, and the points with their ids."""
    axes.add_collection(
        PolyCollection(
            result.polygons, facecolors="white", edgecolors=INK, linewidths=0.8
        )
    )
    box = moons_box(MARGIN)
    for polygon, text in zip(result.polygons, result.texts, strict=True):
        x, y = polygon.mean(axis=0)
        axes.text(
            float(x),
            float(y),
            text,
            color=BLUE,
            fontsize=6.5,
            ha="center",
            va="center",
            family="DejaVu Sans Mono",
        )
    for number, (x, y) in enumerate(result.points):
        axes.text(
            float(x),
            float(y),
            str(number),
            color=RED,
            fontsize=6.5,
            ha="center",
            va="center",
            family=FONT,
        )
    axes.set(
        xlim=(box.lower[0], box.upper[0]),
        ylim=(box.lower[1], box.upper[1]),
        aspect="equal",
    )
    blank(axes, f"Codes (blue) of {len(result.polygons)} regions, ids of points (red)")


def _table(axes: Axes, result: Result) -> None:
    """The lines of the table."""
    lines = [line[:LINE] for line in result.lines]
    if len(lines) > 2 * ROWS:
        lines = [*lines[: 2 * ROWS - 2], "...", lines[-1]]
    axes.set_axis_off()
    axes.set_title(
        f"The table of {len(result.points)} points", loc="left", fontsize=10, color=INK
    )
    axes.text(
        0.0,
        1.0,
        "\n".join(lines),
        transform=axes.transAxes,
        fontsize=7.2,
        va="top",
        family="DejaVu Sans Mono",
        color=INK,
    )


def _collisions(axes: Axes, result: Result) -> None:
    """Pairs that share a short hash, against random numbers; 64 bits at the end."""
    lengths = list(result.config.lengths)
    ends = [*lengths, max(lengths) + 4]
    for style, (name, values) in zip(SERIES, result.measures.items(), strict=False):
        pairs = values["pairs"].mean(axis=0)
        mean = np.mean(
            [[expected_pairs(int(n), b) for b in lengths] for n in values["patterns"]],
            axis=0,
        )
        axes.plot(
            ends,
            pairs,
            color=style.color,
            marker=style.marker,
            linestyle="none",
            markersize=5,
            label=name,
        )
        axes.plot(lengths, mean, color=style.color, linewidth=1.0, alpha=0.6)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(-0.02, None)
    axes.set_xticks(ends, [*map(str, lengths), str(HASH_BITS)])
    axis_labels(
        axes,
        "Collisions on the grid (lines: random hashes)",
        "bits of the hash",
        "pairs of patterns, mean over seeds",
    )
    plain_legend(axes, "network", "upper right")


def _maps(axes: Axes, result: Result) -> None:
    """Shares of regions with a map of their own; codes that the data meet."""
    names = list(result.measures)
    for k, name in enumerate(names):
        values = result.measures[name]
        own = 100.0 * (1.0 - values["shared"] / values["regions"])
        used = 100.0 * values["codes"] / values["regions"]
        for shift, numbers, color in ((-0.14, own, BLUE), (0.14, used, RED)):
            spread = k + shift + np.linspace(-0.08, 0.08, len(numbers))
            axes.plot(spread, numbers, "o", color=color, markersize=3.5, alpha=0.6)
            middle = [float(np.median(numbers))] * 2
            axes.plot([k + shift - 0.12, k + shift + 0.12], middle, color=color, lw=2)
    axes.plot([], [], "o", color=BLUE, markersize=4, label="with a map of its own")
    axes.plot([], [], "o", color=RED, markersize=4, label="met by the data")
    axes.axhline(100.0, color=MUTED, linewidth=0.6)
    axes.set_ylim(0.0, 122.0)
    axes.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names])
    axis_labels(axes, "Regions of the box, each seed", "", "% of the regions")
    plain_legend(axes, "", "upper right", ncols=2)
