"""Zig-zags counted, a folded square, and lengths through depth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.folding.curve_lengths import leading_order
from experiments.folding.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels, blank
from experiments.running.settings import shape_name


def draw(result: Result) -> Figure:
    """Four panels."""
    drawing = Figure(figsize=(10.5, 8.4), layout="constrained")
    grid = drawing.subplots(2, 2)
    _zig_zags(grid[0, 0], result)
    _square(grid[0, 1], result)
    _circle(grid[1, 0], result)
    _stretch(grid[1, 1], result)
    return drawing


def _zig_zags(axes: Axes, result: Result) -> None:
    """Exact counts as marks, formulas as lines."""
    for style, units, pieces, activation in zip(
        SERIES, result.config.units, result.pieces, result.activation, strict=False
    ):
        depths = np.arange(1, len(pieces) + 1)
        axes.plot(depths, float(units) ** depths, color=style.color, linewidth=1.0)
        axes.plot(
            depths,
            pieces,
            linestyle="none",
            color=style.color,
            marker=style.marker,
            markersize=6,
            label=f"n = {units}",
        )
        axes.plot(
            depths,
            activation,
            linestyle="none",
            color=style.color,
            marker="_",
            markersize=11,
        )
    axes.set_yscale("log")
    axis_labels(
        axes,
        "Zig-zags: $n^k$ (line), pieces on [0, 1], regions of R (dash)",
        "depth k",
        "exact count",
    )
    plain_legend(axes, title="units a layer", loc="lower right", ncols=2)


def _square(axes: Axes, result: Result) -> None:
    """The activation regions of a folding network."""
    axes.add_collection(
        PolyCollection(
            result.polygons, facecolors="white", edgecolors=INK, linewidths=0.5
        )
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    folds, layers, last = result.config.folds[result.config.drawn]
    widths = shape_name([2 * folds] * layers + [last])
    blank(
        axes, f"Folding network 2-{widths}: {len(result.polygons)} activation regions"
    )


def _circle(axes: Axes, result: Result) -> None:
    """Length over depth by variance, with the derived slope."""
    circle = result.config.circle
    layers = np.arange(circle.depth + 1)
    for style, variance, lengths in zip(
        SERIES, circle.variances, result.lengths, strict=False
    ):
        ratio = lengths / lengths[:, :1]
        axes.plot(
            layers,
            np.median(ratio, axis=0),
            color=style.color,
            marker=style.marker,
            linestyle="none",
            markersize=4.5,
            label=f"{variance:g}",
        )
        axes.fill_between(
            layers, ratio.min(0), ratio.max(0), color=style.color, alpha=0.15, lw=0
        )
        axes.plot(
            layers, (variance / 2.0) ** (layers / 2.0), color=MUTED, linewidth=0.7
        )
    axes.set_yscale("log")
    axis_labels(
        axes,
        f"Image of a circle, width {circle.width}; lines: $(s/2)^{{l/2}}$",
        "layer l",
        "length / length of the circle",
    )
    plain_legend(axes, title="s, variance x fan-in", loc="upper left")


def _stretch(axes: Axes, result: Result) -> None:
    """Mean stretch with three standard errors, and its leading order."""
    config = result.config
    widths = sorted({width for _, width in config.stretch_shapes})
    for style, width in zip(SERIES, widths, strict=False):
        chosen = [k for k, s in enumerate(config.stretch_shapes) if s[1] == width]
        layers = np.array([config.stretch_shapes[k][0] for k in chosen])
        values = result.stretches[chosen]
        axes.errorbar(
            layers,
            values.mean(axis=1),
            3.0 * values.std(axis=1) / np.sqrt(values.shape[1]),
            color=style.color,
            marker=style.marker,
            markersize=4.5,
            linestyle="none",
            capsize=2.0,
            label=str(width),
        )
        every = np.linspace(0.0, layers.max(), 50)
        axes.plot(
            every, [leading_order(x, width) for x in every], color=style.color, lw=1.0
        )
    axes.axhline(1.0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(bottom=0.0)
    axis_labels(
        axes,
        r"Variance 2 / fan-in; lines: $\exp(-\frac{5}{8}\sum 1/n_l)$",
        "hidden layers",
        "mean stretch of a direction",
    )
    plain_legend(axes, title="width", loc="lower left")
