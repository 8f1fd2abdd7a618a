"""Radii of basins over the number of neurons, a panel a load."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.basins.study import Result
from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import INK, axis_labels


def draw(result: Result) -> Figure:
    """Median and middle nine tenths of the seeds."""
    config = result.config
    drawing = Figure(figsize=(3.2 * len(config.loads), 3.7), layout="constrained")
    panels = drawing.subplots(1, len(config.loads), sharey=True, squeeze=False)[0]
    labels = [*(energy.label for energy in config.energies), "nearest pattern"]
    for k, (axes, load) in enumerate(zip(panels, config.loads, strict=True)):
        for style, label, radii in zip(SERIES, labels, result.radii, strict=False):
            low, high = np.quantile(radii[k], [0.05, 0.95], axis=1)
            middle = np.median(radii[k], axis=1)
            values = np.stack([low, middle, high], axis=1)
            draw_band(axes, np.array(config.neurons), values, label, style)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([float(n) for n in config.neurons]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([str(n) for n in config.neurons])
        axes.set_ylim(-0.01, 0.52)
        axes.grid(axis="y", color=INK, alpha=0.08)
        words = "pattern" if load == 1.0 else "patterns"
        y = "share of flipped bits recovered" if k == 0 else ""
        axis_labels(axes, f"{load:g} {words} for each neuron", "neurons N", y)
    plain_legend(panels[0], "energy", "lower right")
    return drawing
