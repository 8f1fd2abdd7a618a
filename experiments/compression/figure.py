"""Size against the largest difference, for every way and shape."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.compression.claims import CHEAP, FREE
from experiments.compression.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, INK, MUTED, RED, axis_labels, blank
from training.two_moons import moons_box

KINDS = (
    ("exact", "keeps its sign in the box (error 0, proved)"),
    ("data", "same bit at all data"),
    ("merge", "merged by angle"),
    ("lightest", "lightest left out"),
)
FLOOR = 1e-4
"""Where an error of exactly 0 is drawn, on a logarithmic axis."""


def draw(result: Result) -> Figure:
    """Trade-off of each shape above; a network, digits, and units below."""
    shapes = list(result.numbers)
    columns = max(3, len(shapes))
    drawing = Figure(figsize=(4.7 * columns, 8.4), layout="constrained")
    axes = drawing.subplots(2, columns, squeeze=False)
    for place, shape in zip(axes[0], shapes, strict=False):
        _trade(place, result, shape)
    for place in axes[0, len(shapes) :]:
        place.set_axis_off()
    _cells(axes[1, 0], result)
    _digits(axes[1, 1], result)
    _units(axes[1, 2], result)
    for place in axes[1, 3:]:
        place.set_axis_off()
    return drawing


def _trade(axes: Axes, result: Result, shape: str) -> None:
    """Units without a bit against the difference, a dot a network."""
    found, own = result.numbers[shape], result.before[shape]
    ways = result.config.ways()
    for style, (kind, name) in zip(SERIES, KINDS, strict=False):
        rows = [k for k, way in enumerate(ways) if way.split("-")[0] == kind]
        saved = 100.0 * (1.0 - found["bits"][rows])
        errors = np.maximum(found["error"][rows] / own["range"], FLOOR)
        axes.plot(
            saved.ravel(),
            errors.ravel(),
            style.marker,
            color=style.color,
            markersize=3.5,
            alpha=0.35,
            markeredgewidth=0.0,
        )
        axes.plot(
            np.median(saved, axis=1),
            np.median(errors, axis=1),
            color=style.color,
            linestyle=style.line,
            marker=style.marker,
            markersize=7,
            markeredgecolor="white",
            label=name,
        )
    axes.axhline(FREE, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_yscale("log")
    axes.set_ylim(0.6 * FLOOR, 10.0)
    ticks = [FLOOR, 1e-3, 1e-2, 1e-1, 1.0]
    axes.set_yticks(ticks, ["0", "0.1 %", "1 %", "10 %", "100 %"])
    axis_labels(
        axes,
        f"Widths {shape}",
        "% of the units that take no bit any more",
        "largest difference over the outputs' range",
    )
    if shape == next(iter(result.numbers)):
        plain_legend(axes, "", "lower right")


def _cells(axes: Axes, result: Result) -> None:
    """Regions in the box and the data."""
    cells = PolyCollection(
        result.cells, facecolors="none", edgecolors=INK, linewidths=0.3, alpha=0.7
    )
    axes.add_collection(cells)
    for k, (color, marker) in enumerate(((BLUE, "o"), (RED, "s"))):
        x, y = result.data.inputs[result.data.labels == k].T
        axes.plot(x, y, marker, color=color, markersize=2.5, markeredgewidth=0.0)
    box = moons_box(result.config.margin)
    axes.set(
        xlim=(box.lower[0], box.upper[0]),
        ylim=(box.lower[1], box.upper[1]),
        aspect="equal",
    )
    blank(axes, f"One network of moons: {len(result.cells):,} regions")


def _digits(axes: Axes, result: Result) -> None:
    """Units without a bit against the accuracy that is lost, digits."""
    ways, digits = result.config.digit_ways(), result.digits
    for style, (kind, name) in zip(SERIES[1:], KINDS[1:], strict=False):
        rows = [k for k, way in enumerate(ways) if way.split("-")[0] == kind]
        saved, lost = 100.0 * digits["saved"][rows], 100.0 * digits["lost"][rows]
        axes.plot(
            saved.ravel(),
            lost.ravel(),
            style.marker,
            color=style.color,
            markersize=3.5,
            alpha=0.35,
            markeredgewidth=0.0,
        )
        axes.plot(
            np.median(saved, axis=1),
            np.median(lost, axis=1),
            color=style.color,
            linestyle=style.line,
            marker=style.marker,
            markersize=7,
            markeredgecolor="white",
            label=name,
        )
    axes.axhline(100.0 * CHEAP, color=MUTED, linewidth=0.8, linestyle="--")
    shape = "-".join(map(str, result.config.digits))
    axis_labels(
        axes,
        f"Digits, widths {shape}",
        "% of the units that take no bit any more",
        "% of held-out images lost",
    )


def _units(axes: Axes, result: Result) -> None:
    """Units that keep their sign in the box, before and after training."""
    shapes = list(result.numbers)
    for k, shape in enumerate(shapes):
        pairs = np.stack(
            [
                result.before[shape]["removable_at_start"],
                1.0 - result.numbers[shape]["bits"][0],
            ]
        )
        x = np.array([k - 0.18, k + 0.18])
        axes.plot(x, 100.0 * pairs, "o-", color=INK, alpha=0.3, markersize=4, lw=0.8)
        axes.plot(x, 100.0 * np.median(pairs, axis=1), color=RED, linewidth=2.5)
    axes.set_xticks(range(len(shapes)), shapes)
    axes.set_ylim(bottom=-1.0)
    axis_labels(
        axes,
        "Units that keep their sign in the box",
        "widths (left: before training, right: after)",
        "% of the units",
    )
