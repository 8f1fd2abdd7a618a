"""Bundles: creases before and after, distances over time and by cause, pairs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from experiments.bundling.claims import BASE
from experiments.bundling.study import RADII, Result
from experiments.plotting.curves import SERIES, draw_bands, plain_legend
from experiments.plotting.style import FONT, INK, MUTED


def draw(result: Result) -> Figure:
    """Six panels: the base setting above, the causes below."""
    drawing = Figure(figsize=(13.0, 7.8))
    panels = drawing.subplots(2, 3)
    drawing.subplots_adjust(
        left=0.06, right=0.985, top=0.95, bottom=0.08, wspace=0.32, hspace=0.33
    )
    base = result.measures[BASE]
    for axes, when, title in (
        (panels[0, 0], 0, "Initial creases, one seed"),
        (panels[0, 1], 1, "The same after training"),
    ):
        meets = base["meets"][when]
        axes.plot(
            base["turns"][when][meets],
            base["offsets"][when][meets],
            ".",
            color=INK,
            markersize=2.5,
            alpha=0.6,
        )
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(-0.75, 0.75)
        title = f"{title}: {np.count_nonzero(meets)} in the square"
        _label(axes, title, "direction of the normal, half turns", "offset, sides")
    _pairs(panels[0, 2], base)
    _times(panels[1, 0], result)
    _causes(panels[1, 1], result, "ratio", "nearest distance / null")
    _causes(panels[1, 2], result, "rayleigh", "largest of eight Rayleigh modes")
    return drawing


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    """Words around a panel."""
    axes.set_title(title, loc="left", fontsize=10, color=INK, family=FONT)
    axes.set_xlabel(x, color=INK, family=FONT)
    axes.set_ylabel(y, color=INK, family=FONT)


def _pairs(axes: Axes, base: dict[str, np.ndarray]) -> None:
    """Pairs within each distance over the null's mean."""
    radii = np.array(RADII)
    curves = {"before": base["pairs"][0].T, "after": base["pairs"][-1].T}
    draw_bands(axes, radii, curves)
    axes.axhline(1.0, color=MUTED, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    plain_legend(axes, "median and range", "upper right")
    _label(axes, "Pairs of creases over the null", "within distance", "pairs / null")


def _times(axes: Axes, result: Result) -> None:
    """Distance over null during training, every setting."""
    for style, (name, values) in zip(SERIES, result.measures.items(), strict=False):
        axes.plot(
            values["updates"],
            np.median(values["ratio"], axis=1),
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            markersize=4.0,
            linewidth=1.3,
            label=name,
        )
    axes.axhline(1.0, color=MUTED, linewidth=0.8)
    axes.set_ylim(0.0, None)
    plain_legend(axes, "", "best", ncols=2)
    title = "Nearest distance over the null's, median of seeds"
    _label(axes, title, "update", "distance / null")


def _causes(axes: Axes, result: Result, field: str, title: str) -> None:
    """A number before (gray) and after (blue) training: each seed, and the median."""
    names = list(result.measures)[::-1]
    for i, name in enumerate(names):
        values = result.measures[name][field]
        for place, color, shift in ((0, MUTED, 0.16), (-1, SERIES[0].color, -0.16)):
            row = values[place]
            axes.plot(row, np.full(len(row), i + shift), ".", color=color, markersize=4)
            axes.plot(np.median(row), i + shift, "|", color=color, markersize=12)
    axes.set_yticks(range(len(names)), names, fontsize=9, family=FONT)
    axes.set_xlim(0.0, None)
    _label(axes, "Before (gray) and after (blue) training", title, "")
