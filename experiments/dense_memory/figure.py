"""Capacities, memories of digits, recall against completion."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.dense_memory.study import Result
from experiments.plotting.curves import SERIES, Style, draw_bands, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, axis_labels


def draw(result: Result) -> Figure:
    """Three panels, and rows of memories under them."""
    drawing = Figure(figsize=(12.0, 9.0), layout="constrained")
    parts = drawing.subfigures(2, 1, height_ratios=[0.8, 1.0], squeeze=False)
    upper, lower = parts[:, 0]
    first, second, third = upper.subplots(1, 3)
    _powers(first, result)
    _exponential(second, result)
    _completion(third, result)
    left, right = lower.subfigures(1, 2, width_ratios=[1.5, 1.0])
    _memories(left, result)
    _digits(right.subplots(2, 1, sharex=True), result)
    return drawing


def _ticks(axes: Axes, places: list[int]) -> None:
    """A logarithmic axis with a tick at each place."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(p) for p in places]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{p:,}" for p in places])


def _draw(axes: Axes, result: Result, g: int, style: Style) -> None:
    """Settled capacities of one growth as marks, the median as a line."""
    growth, values = result.config.growths[g], result.arrays["capacity"][str(g)][0]
    axes.plot(
        growth.neurons,
        np.median(values, axis=1),
        color=style.color,
        marker=style.marker,
        linestyle=style.line,
        linewidth=1.3,
        markersize=4.5,
        label=growth.energy.label,
    )
    low, high = values.min(axis=1), values.max(axis=1)
    axes.fill_between(growth.neurons, low, high, color=style.color, alpha=0.15, lw=0)


def _powers(axes: Axes, result: Result) -> None:
    """Capacity over size in logarithms, beside slopes n - 1."""
    growths = result.config.growths
    for g, style in zip(range(len(growths)), SERIES, strict=False):
        if growths[g].energy.kind == "exp":
            continue
        _draw(axes, result, g, style)
        neurons = np.array(growths[g].neurons, float)
        values = np.median(result.arrays["capacity"][str(g)][0], axis=1)
        power = (neurons / neurons[-1]) ** (growths[g].energy.degree - 1)
        axes.plot(neurons, values[-1] * power, color=MUTED, linewidth=0.8)
    axes.set_yscale("log")
    sizes = sorted({n for one in growths if one.energy.degree for n in one.neurons})
    _ticks(axes, [n for i, n in enumerate(sizes) if i % 2 == 0])
    plain_legend(axes, "energy", "upper right")
    axis_labels(
        axes,
        "Capacity of powers; gray: slope n - 1",
        "neurons N",
        "patterns stored (under 1 % wrong bits)",
    )


def _exponential(axes: Axes, result: Result) -> None:
    """Capacity of the exponential over the size, its logarithm."""
    for g, growth in enumerate(result.config.growths):
        if growth.energy.kind != "exp":
            continue
        _draw(axes, result, g, SERIES[4])
        neurons = np.array(growth.neurons, float)
        axes.plot(
            neurons, 2.0 ** (neurons / 2.0), color=MUTED, linewidth=0.8, label="2^(N/2)"
        )
    axes.set_yscale("log")
    plain_legend(axes, "energy", "upper left")
    axis_labels(
        axes,
        "Capacity of the exponential",
        "neurons N",
        "patterns stored (under 1 % wrong bits)",
    )


def _completion(axes: Axes, result: Result) -> None:
    """Every energy between recall and held-out completion."""
    arrays = result.arrays["completion"]
    x = np.median(arrays["recall"], axis=1)
    y = np.median(arrays["completed"], axis=1)
    axes.plot(x, y, "-", color=MUTED, linewidth=0.8)
    axes.plot(x, y, "o", color=SERIES[0].color, markersize=5)
    for i, energy in enumerate(result.config.completing):
        axes.annotate(
            energy.label,
            (x[i], y[i]),
            xytext=(-4, 5) if i % 2 else (5, -11),
            textcoords="offset points",
            ha="right" if i % 2 else "left",
            fontsize=7.5,
            color=INK,
            family=FONT,
        )
    mean = float(np.median(arrays["mean"]))
    axes.axhline(mean, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.text(
        x.max(),
        mean,
        "majority of the stored digits",
        ha="right",
        va="bottom",
        fontsize=7.5,
        color=MUTED,
        family=FONT,
    )
    axes.margins(x=0.14, y=0.14)
    axis_labels(
        axes,
        f"Lower halves of digits, {result.config.stored:,} stored",
        "recall: right bits of stored digits",
        "completion: right bits of others",
    )


def _memories(figure, result: Result) -> None:
    """Memories that weigh most, a row for each degree."""
    shown = result.arrays["digits"]["shown"]
    grid = figure.subplots(len(shown), shown.shape[1])
    figure.suptitle(
        "Memories of digits (those that weigh most), by degree n",
        fontsize=10,
        color=INK,
        family=FONT,
    )
    for degree, row, axes_row in zip(result.config.degrees, shown, grid, strict=True):
        for image, axes in zip(row, axes_row, strict=True):
            # Zero is white; signs are told by blue and red.
            limit = max(float(np.abs(image).max()), 1e-9)
            axes.imshow(image.reshape(8, 8), cmap="RdBu_r", vmin=-limit, vmax=limit)
            axes.set_xticks([])
            axes.set_yticks([])
        axes_row[0].set_ylabel(f"n = {degree}", fontsize=9, color=INK, family=FONT)


def _digits(panels: np.ndarray, result: Result) -> None:
    """Closeness to digits, and memories that share in a decision, over the degree."""
    arrays, degrees = result.arrays["digits"], result.config.degrees
    for axes, name, title, y in (
        (panels[0], "closeness", "Feature to prototype", "largest cosine with a digit"),
        (panels[1], "shared", "Memories in a decision", "participation ratio"),
    ):
        draw_bands(axes, np.array(degrees), {name: arrays[name]})
        _ticks(axes, list(degrees))
        axis_labels(axes, title, "degree n" if name == "shared" else "", y)
