"""A surface, and what the nearest of a few known points say of it, in space."""

import numpy as np
from matplotlib.figure import Figure

from experiments.plotting.movie_panels import Rgb
from experiments.plotting.style import MUTED, RED
from experiments.plotting.surfaces import Box, plot_heights, space_axes, three_panels

TITLES = {
    "target": "target",
    "before": "nearest neighbor in the inputs",
    "after": "nearest neighbor in the embedding",
}
LOW, HIGH = -0.1, 1.1
"""Ends of both sides of the square on which the arrays are given."""


def draw_frame(drawn: dict[str, np.ndarray], share: float, height: int) -> Rgb:
    """Three panels side by side, seen from a share of a turn.

    Args:
        drawn: As `experiments.embedding_neighbors.study.drawn_arrays` gives it.
        share: Share of the turn that is done, from 0 to 1.
        height: Height of the frame in pixels; an odd one is made even.
    """
    names = list(TITLES)

    def panel(drawing: Figure, box: Box, which: int) -> None:
        draw_surface(drawing, box, drawn, names[which], share)

    return three_panels(panel, height)


def draw_surface(
    drawing: Figure, box: Box, drawn: dict[str, np.ndarray], name: str, share: float
) -> None:
    """One of `TITLES` in a box of a figure, the same axes for all of them."""
    axes = space_axes(drawing, box, TITLES[name])
    # In the order in which it is drawn, or the surface hides the points on it.
    axes.computed_zorder = False
    low, high = float(drawn["target"].min()), float(drawn["target"].max())
    plot_heights(axes, (LOW, HIGH), drawn[name], (low, high))
    axes.plot(*drawn["points"].T, drawn["values"], ".", color=RED, ms=3.5, zorder=2)
    axes.set(xlim=(LOW, HIGH), ylim=(LOW, HIGH), zlim=(low, high))
    axes.set_box_aspect((1, 1, 0.7), zoom=0.95)
    axes.view_init(elev=28, azim=-125 + 360.0 * share)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0, 0.5, 1])
    axes.zaxis.set_ticks([0, 2, 4])
    for label, word in ((axes.set_xlabel, "x"), (axes.set_ylabel, "y")):
        label(word, fontsize=8, color=MUTED, labelpad=-8)
