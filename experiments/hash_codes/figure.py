"""A printed hash table beside its partition, short hashes, and shared maps."""

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from experiments.hash_codes.hash_audit import HASH_BITS, expected_pairs
from experiments.hash_codes.label_places import place_beside, place_in_regions
from experiments.hash_codes.study import MARGIN, Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank
from training.two_moons import moons_box

ROWS = 12
"""Lines of the table that are shown."""

LINE = 106
"""Characters of a line that are shown."""

LABEL, GAP, MAP_WIDTH = 6.5, 0.03, 4.6
"""Size of codes and ids (points); from a point to its id, and of the map (inches)."""


def draw(result: Result) -> Figure:
    """Above, partition and table; below, collisions, maps and codes."""
    drawing = Figure(figsize=(12.6, 7.6), layout="constrained")
    engine = drawing.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(w_pad=0.1, h_pad=0.12)
    grid = drawing.add_gridspec(2, 12, height_ratios=(0.88, 1.0))
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
    inch = float(box.upper[0] - box.lower[0]) / MAP_WIDTH
    codes = place_in_regions(
        result.polygons, [inch * _size(text) for text in result.texts], result.points
    )
    for polygon, text, label in zip(result.polygons, result.texts, codes, strict=True):
        if label.is_outside:
            ends = np.array([label.middle, polygon.mean(axis=0)])
            axes.plot(*ends.T, color=BLUE, linewidth=0.5)
        _write(axes, label.middle, text, BLUE, "DejaVu Sans Mono")
    ids = [str(number) for number in range(len(result.points))]
    sizes = [inch * _size(number) for number in ids]
    taken = [
        (label.middle, inch * _size(text))
        for label, text in zip(codes, result.texts, strict=True)
    ]
    corners = np.array([box.lower, box.upper])
    places = place_beside(result.points, sizes, taken, corners, GAP * inch)
    axes.scatter(*result.points.T, s=5, color=RED, linewidths=0.0, zorder=3)
    for place, number in zip(places, ids, strict=True):
        _write(axes, place, number, RED, FONT)
    axes.set(
        xlim=(box.lower[0], box.upper[0]),
        ylim=(box.lower[1], box.upper[1]),
        aspect="equal",
        # Its title stands level with that of the table.
        anchor="N",
    )
    blank(axes, f"Codes (blue) of {len(result.polygons)} regions, ids of points (red)")


def _size(text: str) -> Float64[np.ndarray, " 2"]:
    """Width and height of a label in inches, with a little air."""
    return np.array([0.62 * LABEL * len(text) + 2.0, 1.1 * LABEL]) / 72.0


def _write(
    axes: Axes, middle: Float64[np.ndarray, " 2"], text: str, color: str, family: str
) -> None:
    """A label, around its middle; over a line that leads to it."""
    axes.text(
        float(middle[0]),
        float(middle[1]),
        text,
        color=color,
        fontsize=LABEL,
        ha="center",
        va="center",
        family=family,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
    )


def _table(axes: Axes, result: Result) -> None:
    """The lines of the table."""
    lines = [
        line if len(line) <= LINE else f"{line[: LINE - 4].rstrip()} ..."
        for line in result.lines
    ]
    if len(lines) > 2 * ROWS:
        lines = [*lines[: 2 * ROWS - 2], "...", lines[-1]]
    axes.set_axis_off()
    axes.set_title(
        f"The table of {len(result.points)} points",
        loc="left",
        fontsize=11,
        color=INK,
        pad=7,
        family=FONT,
    )
    text = axes.text(
        0.0,
        1.0,
        "\n".join(lines),
        transform=axes.transAxes,
        fontsize=7.0,
        va="top",
        family="DejaVu Sans Mono",
        color=INK,
    )
    # Its longest line would make all panels narrower.
    text.set_in_layout(False)


def _collisions(axes: Axes, result: Result) -> None:
    """Pairs that share a short hash, against random numbers; 64 bits at the end."""
    lengths = list(result.config.lengths)
    ends = np.array([*lengths, max(lengths) + 4], float)
    names = list(result.measures)
    pairs = np.array([result.measures[name]["pairs"].mean(axis=0) for name in names])
    shifts = zero_shifts(pairs, 0.14 * float(np.diff(ends).min()))
    for k, (style, name) in enumerate(zip(SERIES, names, strict=False)):
        patterns = result.measures[name]["patterns"]
        mean = np.mean(
            [[expected_pairs(int(n), b) for b in lengths] for n in patterns], axis=0
        )
        axes.plot(
            ends + shifts[k],
            pairs[k],
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
        "Collisions on the grid (lines: random hashes; zeros side by side)",
        "bits of the hash",
        "pairs of patterns, mean over seeds",
    )
    plain_legend(axes, "network", "upper right")


def zero_shifts(
    values: Float64[np.ndarray, "curves places"], step: float
) -> Float64[np.ndarray, "curves places"]:
    """How far to move markers at 0 aside, so that none hides another; others stay."""
    zero = values == 0.0
    rank = np.cumsum(zero, axis=0) - 1.0
    return np.where(zero, step * (rank - (zero.sum(axis=0) - 1.0) / 2.0), 0.0)


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
