"""Largest and root mean square cosines, numbers within bounds, packings."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.almost_orthogonal.study import Result, search_dims
from experiments.measures.random_directions import (
    largest_cosine_law,
    median_count,
    median_largest_cosine,
    welch_bound,
)
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels


def draw(result: Result) -> Figure:
    """Four panels."""
    drawing = Figure(figsize=(9.6, 7.2), layout="constrained")
    panels = drawing.subplots(2, 2)
    _largest(panels[0, 0], result)
    _root_mean_square(panels[0, 1], result)
    _numbers(panels[1, 0], result)
    _packings(panels[1, 1], result)
    return drawing


def _log_axis(axes: Axes, places: tuple[int, ...]) -> None:
    """A logarithmic axis with a tick at each place."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator([float(p) for p in places]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{p:,}" for p in places])


def _largest(axes: Axes, result: Result) -> None:
    """Largest cosine over the number of vectors, beside its law."""
    counts = result.config.counts
    m = np.geomspace(counts[0] / 1.3, counts[-1] * 1.3, 100)
    for style, n, values in zip(
        SERIES, result.config.dims, result.largest, strict=False
    ):
        law = [largest_cosine_law(int(one), n) for one in m]
        axes.plot(m, law, color=style.color, linewidth=1.0)
        exact = [median_largest_cosine(int(one), n) for one in m]
        axes.plot(m, exact, color=style.color, linewidth=1.0, linestyle=(0, (3, 2)))
        axes.plot(
            np.repeat(counts, values.shape[1]),
            values.ravel(),
            style.marker,
            color=style.color,
            markersize=4,
            alpha=0.6,
            label=f"n = {n:,}",
        )
    _log_axis(axes, counts)
    axes.set_ylim(0.0, None)
    plain_legend(axes, "", "best")
    axis_labels(
        axes,
        "Largest cosine; lines: $\\sqrt{4 \\ln m / n}$; dashed: exact median",
        "number of random directions m",
        "largest |cosine|",
    )


def _root_mean_square(axes: Axes, result: Result) -> None:
    """Root mean square cosine over the dimension."""
    dims = np.array(result.config.dims)
    axes.plot(dims, dims**-0.5, color=INK, linewidth=1.0, label="$n^{-1/2}$")
    for style, m, values in zip(
        SERIES, result.config.counts, result.rms.swapaxes(0, 1), strict=False
    ):
        axes.plot(
            dims,
            np.median(values, axis=1),
            style.marker,
            color=style.color,
            fillstyle="none",
            markersize=5 + 3 * SERIES.index(style),
            label=f"m = {m:,}",
        )
    _log_axis(axes, result.config.dims)
    axes.set_yscale("log", base=2)
    ticks = dims**-0.5
    axes.yaxis.set_major_locator(FixedLocator(ticks.tolist()))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticklabels([f"{tick:.3g}" for tick in ticks])
    plain_legend(axes, "", "upper right")
    axis_labels(axes, "Root mean square cosine", "dimension n", "rms cosine")


def _numbers(axes: Axes, result: Result) -> None:
    """Number of vectors within each bound over the dimension."""
    dims = search_dims(result.config)
    for style, bound, n, logs in zip(
        SERIES, result.config.bounds, dims, result.log_counts, strict=False
    ):
        levels = n * bound**2
        axes.plot(
            np.repeat(levels, logs.shape[1]),
            np.exp(logs).ravel(),
            style.marker,
            color=style.color,
            markersize=4,
            alpha=0.5,
            label=f"eps = {bound:g}, n = {n[0]:,} to {n[-1]:,}",
        )
        exact = [median_count(bound, int(one)) for one in n]
        axes.plot(levels, exact, color=style.color, linewidth=1.0)
    wide = np.linspace(result.config.levels[0], result.config.levels[-1], 50)
    axes.plot(
        wide,
        np.exp(wide / 4.0),
        color=MUTED,
        linestyle=(0, (2, 2)),
        label="exp(n eps² / 4)",
    )
    axes.set_yscale("log")
    plain_legend(axes, "", "upper left")
    axis_labels(
        axes,
        "Random directions before two are too close; lines: exact law",
        "n eps²",
        "number of directions m",
    )


def _packings(axes: Axes, result: Result) -> None:
    """Largest cosine of packings before and after optimization."""
    names = [f"{m} in {n}" for n, m in result.config.packings]
    for k, (label, style) in enumerate(
        zip(("random", "optimized"), (SERIES[0], SERIES[1]), strict=True)
    ):
        values = result.packed[:, k]
        places = np.repeat(np.arange(len(names)), values.shape[1])
        axes.plot(
            places,
            values.ravel(),
            style.marker,
            color=style.color,
            markersize=4,
            alpha=0.6,
            label=label,
        )
    floors = [welch_bound(m, n) for n, m in result.config.packings]
    axes.plot(
        np.arange(len(names)),
        floors,
        "_",
        color=INK,
        markersize=22,
        label="Welch's bound",
    )
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(0.0, 1.0)
    plain_legend(axes, "", "upper right")
    axis_labels(
        axes,
        "Packings: every seed",
        "vectors in dimensions",
        "largest |cosine|",
    )
