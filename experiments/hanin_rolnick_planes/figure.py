"""Regions on planes over N^2 / 2: in training by shape, at initialization by depth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.hanin_rolnick_planes.study import Result, ratio
from experiments.plotting.curves import SERIES, draw_bands, plain_legend, training_axis
from experiments.plotting.style import MUTED, axis_labels
from experiments.running.settings import shape_name


def draw(result: Result) -> Figure:
    """Ratios over training on the left, over the number of units on the right."""
    drawing = Figure(figsize=(10.5, 4.4), layout="constrained")
    left, right = drawing.subplots(1, 2, width_ratios=(1.2, 1.0), sharey=True)
    curves = {
        shape_name(widths): ratio(counts, widths).mean(axis=2)
        for widths, counts in result.trained.items()
    }
    draw_bands(left, result.updates, curves)
    training_axis(left, result.updates)
    left.axhline(1.0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    config = result.config
    axis_labels(
        left,
        f"In training: median and range of {config.seeds} networks",
        "updates",
        r"activation regions / $\frac{1}{2}N^2$",
    )
    plain_legend(left, title="hidden widths", loc="lower left")
    _initial(right, result)
    return drawing


def _initial(axes: Axes, result: Result) -> None:
    """Mean and standard deviation over networks by depth and number of units."""
    depths = sorted({len(widths) for widths in result.initial})
    for style, depth in zip(SERIES, depths, strict=False):
        shapes = [widths for widths in result.initial if len(widths) == depth]
        means = [ratio(result.initial[w], w).mean(axis=1) for w in shapes]
        shift = 0.6 * (depths.index(depth) - (len(depths) - 1) / 2)
        axes.errorbar(
            np.array([sum(w) for w in shapes]) + shift,
            [m.mean() for m in means],
            [m.std() for m in means],
            color=style.color,
            marker=style.marker,
            markersize=4.5,
            linewidth=1.1,
            linestyle="none",
            capsize=2.0,
            label=str(depth),
        )
    axes.axhline(1.0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(bottom=0.4)
    axis_labels(
        axes,
        "At initialization: mean and deviation over networks",
        "hidden units N",
        "",
    )
    plain_legend(axes, title="hidden layers", loc="lower right", ncols=2)
