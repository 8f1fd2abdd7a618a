"""The look that all figures share."""

import pathlib

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from regions.files.writing import open_atomically

RED = "#ff0000"
BLUE = "#0000ff"
INK = "#222222"
MUTED = "#666666"
PALETTE = ("#0072b2", "#d55e00", INK, "#009e73", "#cc79a7", "#8c6d31")
"""Colors of curves, which the color-blind tell apart: blue, orange, ink, green, pink,
brown."""
GRID = "#dddddd"
DPI = 180
FORMATS = ("png", "svg", "pdf")
"""Suffixes of the files that every figure is written to."""
FONT = "DejaVu Sans"


def blank(axes: Axes, title: str) -> None:
    """A square panel without ticks, its title on the left above it."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=7, family=FONT)
    for spine in axes.spines.values():
        spine.set_color(MUTED)
        spine.set_linewidth(0.6)


def axis_labels(axes: Axes, title: str, x: str, y: str) -> None:
    """Title on the left and names of both axes, two spines, small ticks."""
    axes.set_title(title, loc="left", fontsize=10, color=INK, family=FONT)
    axes.set_xlabel(x, fontsize=9, color=INK, family=FONT)
    axes.set_ylabel(y, fontsize=9, color=INK, family=FONT)
    axes.tick_params(which="both", labelsize=8, colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save_figure(figure: Figure, path: str | pathlib.Path, *, dpi: float = DPI) -> None:
    """Write a figure in the format of the suffix, whole or not at all.

    What is placed automatically stays where the first format puts it: the others show
    the same picture, and placing takes as long as drawing.
    """
    path = pathlib.Path(path)
    with open_atomically(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=dpi, facecolor="white")
    figure.set_layout_engine("none")
