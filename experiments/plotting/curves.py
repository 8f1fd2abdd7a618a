"""Curves over training with bands over seeds, told apart without color too."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.plotting.style import FONT, INK, PALETTE

LegendPlace = Literal[
    "best", "upper left", "upper right", "lower left", "lower right", "center right"
]


class Style(NamedTuple):
    """How one curve looks."""

    color: str
    marker: str
    line: str | tuple[int, tuple[int, ...]]


SERIES = (
    Style(PALETTE[0], "o", "-"),
    Style(PALETTE[1], "s", (0, (6, 2))),
    Style(PALETTE[2], "^", (0, (2, 1))),
    Style(PALETTE[3], "D", (0, (6, 2, 1, 2))),
    Style(PALETTE[4], "v", (0, (1, 1))),
    Style(PALETTE[5], "P", (0, (8, 3))),
)
"""The palette, each color with its own marker and dashes."""


def draw_bands(
    axes: Axes,
    places: Int[np.ndarray, " places"] | Float[np.ndarray, " places"],
    curves: Mapping[str, Float[np.ndarray, "places seeds"]],
) -> None:
    """Median over seeds as a line, their whole range as a band, one style a curve."""
    for style, (label, values) in zip(SERIES, curves.items(), strict=False):
        draw_band(axes, places, values, label, style)


def draw_band(
    axes: Axes,
    places: Int[np.ndarray, " places"] | Float[np.ndarray, " places"],
    values: Float[np.ndarray, "places seeds"],
    label: str,
    style: Style,
) -> None:
    """One curve: the median over seeds as a line, their whole range as a band."""
    axes.plot(
        places,
        np.median(values, axis=1),
        color=style.color,
        marker=style.marker,
        linestyle=style.line,
        markersize=4.0,
        linewidth=1.4,
        label=label,
    )
    low, high = values.min(axis=1), values.max(axis=1)
    axes.fill_between(places, low, high, color=style.color, alpha=0.12, lw=0)


def training_axis(axes: Axes, updates: Int[np.ndarray, " epochs"]) -> None:
    """Updates on an axis that is linear up to the first one and logarithmic beyond."""
    later = updates[updates > 0]
    first = int(later.min()) if len(later) else 1
    axes.set_xscale("symlog", linthresh=first, linscale=0.5)
    axes.set_xlim(-0.35 * first, 1.2 * float(updates.max()))
    axes.xaxis.set_major_locator(FixedLocator([float(u) for u in updates]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{u:,}" for u in updates])


def plain_legend(axes: Axes, title: str, loc: LegendPlace, ncols: int = 1) -> None:
    """A legend without a frame."""
    legend = axes.legend(
        title=title,
        loc=loc,
        ncols=ncols,
        frameon=False,
        prop={"size": 8, "family": FONT},
        title_fontproperties={"size": 8, "family": FONT},
        labelcolor=INK,
    )
    legend.set_alignment("left")
