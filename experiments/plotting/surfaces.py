"""Surfaces over a square in space, side by side, as frames of a turning movie."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.plotting.movie_panels import Rgb
from experiments.plotting.style import FONT, INK, MUTED

MAP = "cividis"
"""Even in lightness, and the same to the color-blind."""

Box = tuple[float, float, float, float]
"""Left, bottom, width and height of a panel, as shares of the figure."""

_INCHES = 3.4
"""Side of a panel of a frame, whatever its pixels."""


def three_panels(draw: Callable[[Figure, Box, int], None], height: int) -> Rgb:
    """A frame of three panels side by side.

    Args:
        draw: Draws panel 0, 1 or 2 in a box of a figure.
        height: Height of the frame in pixels; an odd one is made even.
    """
    height += height % 2
    drawing = Figure(figsize=(3 * _INCHES, _INCHES), dpi=height / _INCHES)
    canvas = FigureCanvasAgg(drawing)
    for k in range(3):
        draw(drawing, (k / 3, 0.0, 1 / 3, 0.92), k)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return pixels[:, : pixels.shape[1] // 2 * 2].copy()


def space_axes(drawing: Figure, box: Box, title: str) -> Any:
    """Axes in space, with a title above them; stubs know no such axes."""
    axes: Any = drawing.add_axes(box, projection="3d")
    axes.tick_params(labelsize=7, colors=MUTED, pad=-3)
    left, bottom, width, height = box
    drawing.text(
        left + 0.5 * width,
        bottom + height,
        title,
        ha="center",
        va="center",
        fontsize=10,
        color=INK,
        family=FONT,
    )
    return axes


def plot_heights(
    axes: Any,
    ends: tuple[float, float],
    heights: Float64[np.ndarray, "side side"],
    levels: tuple[float, float],
) -> None:
    """A function on a square, colored by its value.

    Args:
        axes: From `space_axes`.
        ends: Ends of both sides of the square.
        heights: Values at the points of a grid, x first.
        levels: Values of the first and the last color.
    """
    ticks = np.linspace(*ends, len(heights))
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    axes.plot_surface(
        x,
        y,
        heights,
        cmap=MAP,
        vmin=levels[0],
        vmax=levels[1],
        rstride=1,
        cstride=1,
        linewidth=0.0,
        antialiased=False,
        zorder=1,
    )
