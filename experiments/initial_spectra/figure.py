"""Spectra of the first and the last layer, and effective dimensions by depth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.initial_spectra.study import BIASES, LAWS, Result, effective_dimension
from experiments.plotting.curves import SERIES, draw_bands, plain_legend
from experiments.plotting.style import axis_labels

LEAST = 1e-8
"""Singular values below it are drawn there."""


def draw(result: Result) -> Figure:
    """Rows: without and with biases; columns: spectra, dimensions."""
    drawing = Figure(figsize=(11.0, 7.6), layout="constrained")
    panels = drawing.subplots(2, 2)
    for row, biases in zip(panels, BIASES, strict=True):
        _spectra(row[0], result, biases)
        _dimensions(row[1], result, biases)
    return drawing


def _spectra(axes: Axes, result: Result, biases: str) -> None:
    """Medians over the seeds, first layer thin, last thick."""
    for style, law in zip(SERIES, LAWS, strict=False):
        spectra = result.spectra[law, biases]
        for layer, width in ((0, 0.9), (-1, 2.2)):
            values = np.maximum(np.median(spectra[:, layer], axis=0), LEAST)
            name = "first" if layer == 0 else "last"
            axes.plot(
                np.arange(1, len(values) + 1),
                values,
                color=style.color,
                linestyle=style.line,
                linewidth=width,
                label=f"{law}, {name} layer",
            )
    axes.set_yscale("log")
    axis_labels(
        axes,
        f"Singular values, {biases}, median of seeds",
        "index",
        "singular value over the largest (0 as 1e-8)",
    )
    plain_legend(axes, "", "best")


def _dimensions(axes: Axes, result: Result, biases: str) -> None:
    """Effective dimension by layer."""
    curves = {law: effective_dimension(result.spectra[law, biases]).T for law in LAWS}
    layers = np.arange(1, result.config.depth + 1)
    draw_bands(axes, layers, curves)
    axes.set_xticks(layers)
    axes.set_ylim(bottom=0.0)
    axis_labels(axes, f"Effective dimension, {biases}", "layer", "effective dimension")
    plain_legend(axes, "", "best")
