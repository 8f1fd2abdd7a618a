"""A target, a network's fit, and the target over its last embedding, in space."""

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.measures.target_surfaces import SQUARE
from experiments.plotting.movie_panels import Rgb
from experiments.plotting.style import MUTED
from experiments.plotting.surfaces import (
    MAP,
    Box,
    plot_heights,
    space_axes,
    three_panels,
)

TITLES = (
    "target cos(||x||)",
    "network",
    "target over the last embedding",
)


def draw_frame(drawn: dict[str, np.ndarray], share: float, height: int) -> Rgb:
    """Three panels side by side, seen from a share of a turn.

    Args:
        drawn: `target` and `fit` on a grid of the square, `plane` with coordinates of
            points in two principal components, and `values` there.
        share: Share of the turn that is done, from 0 to 1.
        height: Height of the frame in pixels; an odd one is made even.
    """

    def panel(drawing: Figure, box: Box, which: int) -> None:
        draw_panel(drawing, box, drawn, which, share)

    return three_panels(panel, height)


def draw_panel(
    drawing: Figure, box: Box, drawn: dict[str, np.ndarray], which: int, share: float
) -> None:
    """The target (0), the fit (1) or the embedding (2) in a box of a figure."""
    axes = space_axes(drawing, box, TITLES[which])
    if which == 2:
        _embedding(axes, drawn)
    else:
        _surface(axes, drawn["fit" if which else "target"])
    axes.set_zlim(-1.3, 1.3)
    axes.zaxis.set_ticks([-1, 0, 1])
    axes.set_box_aspect((1, 1, 0.6), zoom=0.95)
    axes.view_init(elev=32, azim=-60 + 360.0 * share)


def _surface(axes: Any, heights: np.ndarray) -> None:
    """A function on the square."""
    plot_heights(axes, (-SQUARE, SQUARE), heights, (-1.0, 1.0))
    marks = [-4 * math.pi, 0.0, 4 * math.pi]
    axes.xaxis.set_ticks(marks, ["-4\u03c0", "0", "4\u03c0"])
    axes.yaxis.set_ticks(marks, ["-4\u03c0", "0", "4\u03c0"])


def _embedding(axes: Any, drawn: dict[str, np.ndarray]) -> None:
    """The target over the plane of two principal components."""
    x, y = drawn["plane"].T
    axes.scatter(
        x,
        y,
        drawn["values"],
        c=drawn["values"],
        cmap=MAP,
        vmin=-1.0,
        vmax=1.0,
        s=4.0,
        linewidths=0.0,
        depthshade=False,
    )
    reach = 1.05 * float(np.abs(drawn["plane"]).max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    for label, name in ((axes.set_xlabel, "PC 1"), (axes.set_ylabel, "PC 2")):
        label(name, fontsize=8, color=MUTED, labelpad=-6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([-1, 0, 1])
