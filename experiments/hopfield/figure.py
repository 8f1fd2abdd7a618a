"""Overlap over the load, by size, beside the theory of infinite size."""

import numpy as np
import scipy.special
from matplotlib.figure import Figure

from experiments.hopfield.study import MEASURED, Result, critical_point, theory_load
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels

COLORS = (MUTED, BLUE, RED)
"""Colors of the sizes, the smallest first."""


def draw(result: Result) -> Figure:
    """Means over networks with their spread, the theory, and the critical load."""
    drawing = Figure(figsize=(7.2, 4.3), layout="constrained")
    axes = drawing.subplots()
    loads = np.array(result.config.loads)
    for size, values, color in zip(
        result.config.neurons, result.overlaps, COLORS, strict=False
    ):
        low, high = np.quantile(values, [0.05, 0.95], axis=1)
        axes.fill_between(loads, low, high, color=color, alpha=0.12, linewidth=0)
        axes.plot(
            loads, values.mean(axis=1), "o-", color=color, label=f"{size} neurons"
        )
    critical, overlap = critical_point()
    y = np.linspace(scipy.special.erfinv(overlap), 2.6, 400)
    axes.plot(
        theory_load(y), scipy.special.erf(y), color=INK, label="theory, infinitely many"
    )
    axes.axvline(critical, color=INK, linewidth=0.8, linestyle=":")
    axes.text(
        critical - 0.002,
        0.12,
        f"critical load {critical:.3f}",
        rotation=90,
        ha="right",
        fontsize=8,
        color=INK,
        family=FONT,
    )
    axes.plot(
        list(MEASURED),
        list(MEASURED.values()),
        "x",
        color=INK,
        label="another program, 500 neurons",
    )
    axes.set_ylim(0.0, 1.04)
    axes.set_xlim(0.04, max(0.16, float(loads.max()) + 0.01))
    axis_labels(
        axes,
        f"Started at stored patterns, {result.config.seeds} networks each",
        "load (patterns per neuron)",
        "overlap at rest",
    )
    axes.legend(
        frameon=False,
        prop={"size": 9, "family": FONT},
        labelcolor=INK,
        loc="lower left",
    )
    return drawing
