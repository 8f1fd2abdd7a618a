"""Outputs and regions with and without the constraint, and regions on the polygon."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from experiments.affine_constraint.study import KINDS, NUMBERS, Result, polygon_of
from experiments.plotting.style import BLUE, INK, MUTED, RED, axis_labels, blank

ZOOM = 1.35
"""Half the side of the close view, in radii of the polygon."""


def draw(result: Result) -> Figure:
    """Two rows of maps, one a kind, and a row of numbers."""
    drawing = Figure(figsize=(9.0, 9.6), layout="constrained")
    panels = drawing.subplots(3, 3)
    names = {"constrained": "affine on the pentagon", "free": "without constraint"}
    for k, kind in enumerate(KINDS):
        output, cells = result.outputs[k], result.cells[k]
        _output(panels[k, 0], result, output, f"Output, {names[kind]}")
        _regions(panels[k, 1], result, cells, f"Regions: {len(cells):,} in the square")
        close = panels[k, 2]
        patterns = int(result.numbers[NUMBERS.index("patterns"), k, 0])
        _regions(close, result, cells, f"On the pentagon: {patterns}")
        (x, y), reach = result.config.center, ZOOM * result.config.radius
        close.set_xlim(x - reach, x + reach)
        close.set_ylim(y + reach, y - reach)
    for axes, name, title, y, log in (
        (panels[2, 0], "patterns", "Regions on the pentagon", "regions", False),
        (panels[2, 1], "deviation", "Distance from affine", "largest deviation", True),
        (panels[2, 2], "outside", "Error outside", "mean squared error", False),
    ):
        _numbers(axes, result, name, log=log)
        axis_labels(axes, title, "", y)
    return drawing


def _outline(axes: Axes, result: Result) -> None:
    """The polygon, and the image's orientation: y goes down."""
    corners = polygon_of(result.config)
    axes.add_patch(Polygon(corners, fill=False, edgecolor=RED, linewidth=1.4))
    axes.set_aspect("equal")


def _output(axes: Axes, result: Result, output: np.ndarray, title: str) -> None:
    """The output as gray values, clipped to [0, 1]."""
    axes.imshow(output, cmap="gray", vmin=0.0, vmax=1.0, extent=(0.0, 1.0, 1.0, 0.0))
    _outline(axes, result)
    blank(axes, title)


def _regions(axes: Axes, result: Result, cells: list[np.ndarray], title: str) -> None:
    """Boundaries of all regions."""
    axes.add_collection(
        PolyCollection(cells, facecolors="none", edgecolors=INK, linewidths=0.35)
    )
    _outline(axes, result)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(1.0, 0.0)
    blank(axes, title)


def _numbers(axes: Axes, result: Result, name: str, *, log: bool) -> None:
    """Every seed, both kinds."""
    values = result.numbers[NUMBERS.index(name)]
    for k, color in enumerate((RED, BLUE)):
        x = k + np.linspace(-0.12, 0.12, values.shape[1])
        # A deviation of exactly 0 has no logarithm: shown at the rounding unit.
        shown = np.maximum(values[k], 2.0**-53) if log else values[k]
        axes.plot(x, shown, ".", color=color)
        axes.plot(k, np.median(shown), "_", color=color, markersize=26)
    if log:
        axes.set_yscale("log")
        axes.axhline(1e-6, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    else:
        axes.set_ylim(bottom=0.0)
    axes.set_xticks(range(len(KINDS)), KINDS)
    axes.set_xlim(-0.6, 1.6)
