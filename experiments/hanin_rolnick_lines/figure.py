"""Regions on lines over N, distances times N, and networks from R to R."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.hanin_rolnick_lines.study import BAND, Result, line_ratio
from experiments.plotting.curves import draw_bands, plain_legend, training_axis
from experiments.plotting.style import BLUE, MUTED, axis_labels
from experiments.running.settings import shape_name


def draw(result: Result) -> Figure:
    """Two panels over training, one at initialization."""
    drawing = Figure(figsize=(12.5, 4.0), layout="constrained")
    left, middle, right = drawing.subplots(1, 3, width_ratios=(1.1, 1.1, 0.8))
    names = {widths: shape_name(widths) for widths in result.lines}
    draw_bands(
        left,
        result.updates,
        {names[w]: line_ratio(counts, w) for w, counts in result.lines.items()},
    )
    axis_labels(
        left,
        f"Lines through two images, {result.config.seeds} networks",
        "updates",
        "activation regions / N",
    )
    left.axhline(1.0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    plain_legend(left, title="hidden widths", loc="lower left")
    draw_bands(
        middle,
        result.updates,
        {names[w]: sum(w) * found for w, found in result.distances.items()},
    )
    middle.axhspan(*BAND, color=MUTED, alpha=0.1, lw=0)
    middle.set_ylim(bottom=0.0)
    axis_labels(
        middle,
        "Held-out images; gray: 0.4 to 1.5, as remembered",
        "updates",
        "mean distance to the nearest boundary x N",
    )
    for axes in (left, middle):
        training_axis(axes, result.updates)
    _scalar(right, result)
    return drawing


def _scalar(axes: Axes, result: Result) -> None:
    """Regions of R at initialization, every network and the median."""
    for place, (widths, counts) in enumerate(result.scalar.items()):
        values = counts / (sum(widths) + 1)
        rng = np.random.default_rng(place)
        at = place + rng.uniform(-0.2, 0.2, len(values))
        axes.scatter(at, values, s=9, color=BLUE, alpha=0.35, linewidths=0)
        median = np.median(values)
        axes.hlines(median, place - 0.32, place + 0.32, color="black", linewidth=1.6)
    axes.set_xticks(range(len(result.scalar)), [shape_name(w) for w in result.scalar])
    axes.set_ylim(bottom=0.0)
    axis_labels(
        axes,
        f"From R to R at initialization, {result.config.scalar_seeds} each",
        "hidden widths",
        "activation regions / (N + 1)",
    )
