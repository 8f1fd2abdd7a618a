"""A movie on paper: panels of some frames, and losses and regions over the epochs."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.movies.movie_run import Result
from experiments.plotting.style import FONT, GRID, INK, MUTED, PALETTE, blank

VAL, REGIONS, TRAIN = PALETTE[:3]


def draw(result: Result) -> Figure:
    """The panels above, the curves below."""
    drawing = Figure(figsize=(13.0, 5.6))
    by_epoch = {row["epoch"]: row for row in result.rows}
    pictures = {
        _title(by_epoch[epoch]): panel for epoch, panel in result.panels.items()
    } | result.beside
    width = 0.98 / len(pictures)
    for k, (title, picture) in enumerate(pictures.items()):
        axes = drawing.add_axes((0.01 + k * width, 0.465, width - 0.008, 0.475))
        axes.imshow(picture, interpolation="antialiased")
        blank(axes, title)
    _losses(drawing.add_axes((0.07, 0.085, 0.395, 0.3)), result)
    _regions(drawing.add_axes((0.565, 0.085, 0.4, 0.3)), result)
    return drawing


def _title(row: dict[str, Any]) -> str:
    """What stands over a frame."""
    kind = "" if row["exact"] else "\u2265 "
    return f"epoch {row['epoch']:,}: {kind}{row['regions']:,} regions"


def _losses(axes: Axes, result: Result) -> None:
    """Training and validation loss at the frames."""
    epochs = [row["epoch"] for row in result.rows]
    for name, color, label in (
        ("train_loss", TRAIN, "training"),
        ("val_loss", VAL, "validation"),
    ):
        values = [row[name] for row in result.rows]
        axes.plot(epochs, values, color=color, linewidth=1.1, label=label)
    axes.set_yscale("log")
    _finish(axes, "loss")


def _regions(axes: Axes, result: Result) -> None:
    """Regions at the frames; those counted on a grid only are open circles."""
    rows = result.rows
    epochs = np.array([row["epoch"] for row in rows])
    counts = np.array([row["regions"] for row in rows])
    exact = np.array([row["exact"] for row in rows], bool)
    styles: tuple[tuple[np.ndarray, str, dict[str, Any]], ...] = (
        (exact, "exact", {"linewidth": 1.3}),
        (
            ~exact,
            "on the grid: a lower bound",
            {"linestyle": "", "marker": "o", "markersize": 3.0, "fillstyle": "none"},
        ),
    )
    for mask, label, style in styles:
        if mask.any():
            shown = np.where(mask, counts.astype(float), np.nan)
            axes.plot(epochs, shown, color=REGIONS, label=label, **style)
    axes.set_ylim(bottom=0.0)
    _finish(axes, "activation regions")


def _finish(axes: Axes, label: str) -> None:
    """Labels and a look shared by both."""
    axes.set_xlabel("epoch", fontsize=10, color=INK, family=FONT)
    axes.set_ylabel(label, fontsize=10, color=INK, family=FONT)
    axes.tick_params(labelsize=9, colors=MUTED)
    axes.tick_params(which="minor", labelsize=7, colors=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.5)
    axes.legend(frameon=False, prop={"size": 9, "family": FONT}, labelcolor=INK)
