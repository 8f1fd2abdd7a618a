"""Soft edges: profile, width over time, width and largest slope of each setting."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import FONT, MUTED, axis_labels
from experiments.soft_edge.study import REACH, Result


def draw(result: Result) -> Figure:
    """Four panels."""
    drawing = Figure(figsize=(11.5, 8.0))
    panels = drawing.subplots(2, 2)
    drawing.subplots_adjust(
        left=0.115, right=0.985, top=0.95, bottom=0.08, wspace=0.36, hspace=0.33
    )
    _profiles(panels[0, 0], result)
    _times(panels[0, 1], result)
    pixels = {
        name: values["widths"][-1] * result.config.data.size
        for name, values in result.measures.items()
    }
    _settings(panels[1, 0], pixels, "10-90 width at the end, pixels")
    slopes = {name: values["slopes"] for name, values in result.measures.items()}
    _settings(panels[1, 1], slopes, "largest slope over all regions, per side")
    return drawing


def _profiles(axes: Axes, result: Result) -> None:
    """Output along one radius."""
    size = result.config.data.size
    for style, name in zip(SERIES, result.measures, strict=False):
        profile = result.measures[name]["profile"]
        away = np.linspace(-REACH, REACH, len(profile)) * size
        axes.plot(away, profile, color=style.color, linestyle=style.line, label=name)
    axes.axvline(0.0, color=MUTED, linewidth=0.6)
    for level in (0.1, 0.9):
        axes.axhline(level, color=MUTED, linewidth=0.6, linestyle=(0, (2, 2)))
    plain_legend(axes, "", "lower right")
    axis_labels(
        axes, "Output along a radius, one seed", "pixels from the edge", "output"
    )


def _times(axes: Axes, result: Result) -> None:
    """Width over training, medians over the seeds; none where half show no edge."""
    epochs = np.array(result.config.measured)
    size = result.config.data.size
    for style, (name, values) in zip(SERIES, result.measures.items(), strict=False):
        median = np.median(values["widths"], axis=1) * size
        median[~np.isfinite(median)] = np.nan
        axes.plot(
            epochs,
            median,
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            markersize=4.5,
            linewidth=1.3,
            label=name,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(epochs)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(epoch) for epoch in epochs])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    plain_legend(axes, "", "best", ncols=2)
    axis_labels(
        axes, "Width over training, median of seeds", "epoch", "10-90 width, pixels"
    )


def _settings(axes: Axes, numbers: dict[str, np.ndarray], title: str) -> None:
    """A number of each setting: every seed, and the median."""
    names = list(numbers)[::-1]
    for i, name in enumerate(names):
        values = numbers[name][np.isfinite(numbers[name])]
        color = SERIES[0].color if name[0] == "5" else SERIES[1].color
        axes.plot(values, np.full(len(values), i), ".", color=color, alpha=0.6)
        if len(values):
            axes.plot(np.median(values), i, "|", color=color, markersize=16)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(names)), names, fontsize=9, family=FONT)
    axes.yaxis.set_minor_locator(NullLocator())
    axis_labels(axes, "Every seed, and the median", title, "")
