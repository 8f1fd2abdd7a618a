"""Inradius, distance to the boundary and cosines, by how the network was trained."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.linear_region_properties.study import SETTINGS, Result
from experiments.plotting.style import FONT, INK, MUTED, RED, axis_labels

PANELS = (
    ("inradius", "Inradius, center in [-2, 3]^64", "radius"),
    ("distance", "Digit to the boundary", "distance"),
    ("cosine", "Between hyperplane normals", "mean absolute cosine"),
)


def draw(result: Result) -> Figure:
    """A panel for each number and one for the accuracy; a dot for each network."""
    drawing = Figure(figsize=(11.5, 3.7), layout="constrained")
    panels = drawing.subplots(1, 4)
    for axes, (column, title, label) in zip(panels[:3], PANELS, strict=True):
        _dots(axes, result.means(column))
        axis_labels(axes, title, "", label)
        axes.set_ylim(bottom=0.0)
    _dots(panels[3], result.accuracy)
    axis_labels(panels[3], "Held-out digits", "", "accuracy")
    return drawing


def _dots(axes: Axes, values: np.ndarray) -> None:
    """A dot for each network, and the medians."""
    places = np.arange(len(SETTINGS), dtype=float)
    axes.scatter(
        np.repeat(places, values.shape[1]),
        values.ravel(),
        s=12,
        color=RED,
        alpha=0.35,
        linewidths=0,
    )
    axes.plot(
        places,
        np.median(values, axis=1),
        "_",
        color=INK,
        markersize=18,
        markeredgewidth=2.0,
    )
    axes.set_xticks(
        places, SETTINGS, rotation=35, ha="right", family=FONT, color=INK, fontsize=8
    )
    axes.set_xlim(-0.6, len(SETTINGS) - 0.4)
    axes.grid(axis="y", color=MUTED, alpha=0.25, linewidth=0.5)
