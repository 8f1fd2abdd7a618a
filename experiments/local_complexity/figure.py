"""Local complexity, density of kinks and accuracy over training."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.local_complexity.study import NEAR, PLACES, RADIUS, Result
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels

COLORS = (RED, BLUE, MUTED)


def draw(result: Result) -> Figure:
    """Medians over networks, bands of 90 % of them, on a logarithmic time axis."""
    drawing = Figure(figsize=(12.0, 3.9), layout="constrained")
    left, middle, right = drawing.subplots(1, 3, width_ratios=(1.0, 1.0, 0.8))
    for place, color in enumerate(COLORS):
        label = PLACES[place]
        _curve(left, result, result.complexity[..., place], color, label)
        _curve(middle, result, result.density[..., place], color, label)
    _curve(right, result, result.accuracy, INK, "")
    axis_labels(
        left,
        f"Local complexity, radius {RADIUS:g}",
        "updates",
        "units that change sign",
    )
    axis_labels(
        middle,
        f"Density of kinks within {NEAR:g}",
        "updates",
        "hyperplanes per unit of length",
    )
    axis_labels(right, "Held-out digits", "updates", "accuracy")
    for axes in (left, middle):
        axes.set_ylim(bottom=0.0)
    left.legend(frameon=False, prop={"size": 8, "family": FONT}, labelcolor=INK)
    right.set_ylim(0.0, 1.0)
    return drawing


def _curve(
    axes: Axes, result: Result, values: np.ndarray, color: str, label: str
) -> None:
    """One median with its band; the start is drawn at the left end."""
    times = np.maximum(result.epochs, result.config.early_every / 3.0)
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    axes.fill_between(times, low, high, color=color, alpha=0.15, linewidth=0)
    axes.plot(times, middle, color=color, label=label)
    axes.set_xscale("log")
