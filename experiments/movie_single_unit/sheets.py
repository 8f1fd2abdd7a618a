"""Sheets of single units in space, with slope, direction and offset below."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

from experiments.movie_single_unit.unit import ACTS, Act, sheet_of
from experiments.plotting.movie_panels import Rgb
from experiments.plotting.style import FONT, INK, MUTED, RED

FLAT, RISING = "#d5dbe3", "#7d9fc9"
TOP = 4.0
"""Height at which the drawing ends; a sheet may go on."""

_POINTS = 4.8
"""Inches of a frame, whatever its pixels."""


def draw_frame(share: float, size: int) -> Rgb:
    """Two rows of two panels of `size` pixels: the four movies at a share of them."""
    size += size % 2
    drawing = Figure(figsize=(2 * _POINTS, 2 * _POINTS), dpi=size / _POINTS)
    canvas = FigureCanvasAgg(drawing)
    for k, act in enumerate(ACTS):
        left, bottom = 0.5 * (k % 2), 0.5 * (1 - k // 2)
        draw_sheet(drawing, (left, bottom, 0.5, 0.5), act, share, 13.0)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def draw_sheet(
    drawing: Figure,
    box: tuple[float, float, float, float],
    act: Act,
    share: float,
    fontsize: float,
) -> None:
    """One sheet with its words."""
    left, bottom, width, height = box
    unit = act.unit_at(share)
    sheet = sheet_of(unit)
    # Stubs know no axes in space.
    axes: Any = drawing.add_axes(
        (left, bottom + 0.16 * height, width, 0.78 * height), projection="3d"
    )
    # In the order in which it is drawn, or the sheet hides half of its crease.
    axes.computed_zorder = False
    for polygon, is_rising in zip(sheet.polygons, sheet.is_rising, strict=True):
        color = RISING if is_rising else FLAT
        axes.add_collection3d(
            Poly3DCollection(
                [polygon], facecolors=color, edgecolors=INK, linewidths=0.7, alpha=0.9
            )
        )
    if sheet.crease is not None:
        axes.add_collection3d(
            Line3DCollection([sheet.crease], colors=RED, linewidths=2.2, zorder=9)
        )
    axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(0, TOP))
    for name, label in (("x", axes.set_xlabel), ("y", axes.set_ylabel)):
        label(name, fontsize=fontsize, color=MUTED, labelpad=-0.9 * fontsize)
    axes.set_box_aspect((1, 1, 0.75))
    axes.view_init(elev=28, azim=-62)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([-1, 0, 1])
    axes.zaxis.set_ticks([0, 2, 4])
    axes.tick_params(labelsize=0.7 * fontsize, colors=MUTED, pad=-2)
    where = left + 0.06 * width
    lines = (
        (0.915, f"{act.name}", INK),
        (0.10, f"a = {unit.a:5.2f}   b = {unit.b:5.2f}   c = {unit.c:5.2f}", INK),
        (
            0.035,
            f"slope {unit.slope:.2f}   direction {unit.direction:4.0f}"
            f"\N{DEGREE SIGN}   offset {unit.offset:5.2f}",
            MUTED,
        ),
    )
    for place, text, color in lines:
        drawing.text(
            where,
            bottom + place * height,
            text,
            fontsize=fontsize,
            color=color,
            family=FONT,
        )
