"""A target, a network's fit, and the target over its last embedding, in space."""

import math
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.measures.target_surfaces import SQUARE
from experiments.plotting.movie_panels import Rgb
from experiments.plotting.style import FONT, INK, MUTED

MAP = "cividis"
"""Even in lightness, and the same to the color-blind."""

TITLES = (
    "target cos(||x||)",
    "network",
    "target over the last embedding",
)
_INCHES = 3.4


def draw_frame(drawn: dict[str, np.ndarray], share: float, height: int) -> Rgb:
    """Three panels side by side, seen from a share of a turn.

    Args:
        drawn: `target` and `fit` on a grid of the square, `plane` with coordinates of
            points in two principal components, and `values` there.
        share: Share of the turn that is done, from 0 to 1.
        height: Height of the frame in pixels, even.
    """
    height += height % 2
    drawing = Figure(figsize=(3 * _INCHES, _INCHES), dpi=height / _INCHES)
    canvas = FigureCanvasAgg(drawing)
    for k in range(3):
        draw_panel(drawing, (k / 3, 0.0, 1 / 3, 0.92), drawn, k, share)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return pixels[:, : pixels.shape[1] // 2 * 2].copy()


def draw_panel(
    drawing: Figure,
    box: tuple[float, float, float, float],
    drawn: dict[str, np.ndarray],
    which: int,
    share: float,
) -> None:
    """The target (0), the fit (1) or the embedding (2) in a box of a figure."""
    # Stubs know no axes in space.
    axes: Any = drawing.add_axes(box, projection="3d")
    if which == 2:
        _embedding(axes, drawn)
    else:
        _surface(axes, drawn["fit" if which else "target"])
    axes.set_zlim(-1.3, 1.3)
    axes.zaxis.set_ticks([-1, 0, 1])
    axes.set_box_aspect((1, 1, 0.6), zoom=0.95)
    axes.view_init(elev=32, azim=-60 + 360.0 * share)
    axes.tick_params(labelsize=7, colors=MUTED, pad=-3)
    left, bottom, width, height = box
    drawing.text(
        left + 0.5 * width,
        bottom + height,
        TITLES[which],
        ha="center",
        va="center",
        fontsize=10,
        color=INK,
        family=FONT,
    )


def _surface(axes: Any, heights: np.ndarray) -> None:
    """A function on the square."""
    ticks = np.linspace(-SQUARE, SQUARE, len(heights))
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    axes.plot_surface(
        x,
        y,
        heights,
        cmap=MAP,
        vmin=-1.0,
        vmax=1.0,
        rstride=1,
        cstride=1,
        linewidth=0.0,
        antialiased=False,
    )
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
