"""A surface, and what the nearest of a few known points say of it, in space."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.plotting.movie_panels import Rgb
from experiments.plotting.style import FONT, INK, MUTED, RED

MAP = "cividis"
TITLES = {
    "target": "target",
    "before": "nearest neighbor in the inputs",
    "after": "nearest neighbor in the embedding",
}
LOW, HIGH = -0.1, 1.1
"""Ends of both sides of the square on which the arrays are given."""

_INCHES = 3.4


def draw_frame(drawn: dict[str, np.ndarray], share: float, height: int) -> Rgb:
    """Three panels side by side, seen from a share of a turn.

    Args:
        drawn: As `experiments.embedding_neighbors.drawn_arrays` gives it.
        share: Share of the turn that is done, from 0 to 1.
        height: Height of the frame in pixels, even.
    """
    height += height % 2
    drawing = Figure(figsize=(3 * _INCHES, _INCHES), dpi=height / _INCHES)
    canvas = FigureCanvasAgg(drawing)
    for k, name in enumerate(TITLES):
        draw_surface(drawing, (k / 3, 0.0, 1 / 3, 0.92), drawn, name, share)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return pixels[:, : pixels.shape[1] // 2 * 2].copy()


def draw_surface(
    drawing: Figure,
    box: tuple[float, float, float, float],
    drawn: dict[str, np.ndarray],
    name: str,
    share: float,
) -> None:
    """One of `TITLES` in a box of a figure, the same axes for all of them."""
    # Stubs know no axes in space.
    axes: Any = drawing.add_axes(box, projection="3d")
    # In the order in which it is drawn, or the surface hides the points on it.
    axes.computed_zorder = False
    low, high = float(drawn["target"].min()), float(drawn["target"].max())
    ticks = np.linspace(LOW, HIGH, len(drawn[name]))
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    axes.plot_surface(
        x,
        y,
        drawn[name],
        cmap=MAP,
        vmin=low,
        vmax=high,
        rstride=1,
        cstride=1,
        linewidth=0.0,
        antialiased=False,
        zorder=1,
    )
    axes.plot(*drawn["points"].T, drawn["values"], ".", color=RED, ms=3.5, zorder=2)
    axes.set(xlim=(LOW, HIGH), ylim=(LOW, HIGH), zlim=(low, high))
    axes.set_box_aspect((1, 1, 0.7), zoom=0.95)
    axes.view_init(elev=28, azim=-125 + 360.0 * share)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0, 0.5, 1])
    axes.zaxis.set_ticks([0, 2, 4])
    axes.tick_params(labelsize=7, colors=MUTED, pad=-3)
    for label, word in ((axes.set_xlabel, "x"), (axes.set_ylabel, "y")):
        label(word, fontsize=8, color=MUTED, labelpad=-8)
    left, bottom, width, height = box
    drawing.text(
        left + 0.5 * width,
        bottom + height,
        TITLES[name],
        ha="center",
        va="center",
        fontsize=10,
        color=INK,
        family=FONT,
    )
