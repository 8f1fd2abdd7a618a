"""Stored features, losses beside closed forms, and one matrix of each size."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels, blank
from experiments.superposition_sizes.claims import (
    linear_loss,
    pairs_loss,
    stored_per_dimension,
)
from experiments.superposition_sizes.study import Result

SHOWN = 60
"""Features of a matrix that are drawn, at most."""


def draw(result: Result) -> Figure:
    """Three panels over the sparsity above, a matrix of each size below."""
    drawing = Figure(figsize=(11.5, 7.4), layout="constrained")
    above, below = drawing.subfigures(2, 1, squeeze=False, height_ratios=(1.0, 1.05))[
        :, 0
    ]
    first, second, third = above.subplots(1, 3)
    sizes, sparsities = result.config.sizes, result.config.sparsities
    places = np.arange(len(sparsities))
    for k, (style, size) in enumerate(zip(SERIES, sizes, strict=False)):
        stored = stored_per_dimension(result.lengths[k], size.hidden)
        label = f"{size.features} in {size.hidden}"
        draw_band(first, places, stored, label, style)
        for axes, form in ((second, linear_loss), (third, pairs_loss)):
            level = [form(size.features, size.hidden, s) for s in sparsities]
            ratio = result.losses[k] / np.array(level)[:, None]
            draw_band(axes, places, ratio, label, style)
    for axes, title, y in (
        (first, "Features a dimension", "squared norm of W over dimensions"),
        (second, "Over the best linear model", "loss over closed form"),
        (third, "Over pairs on each axis", "loss over closed form"),
    ):
        axes.axhline(1.0, color=MUTED, linewidth=0.8, linestyle="--")
        axes.set_xticks(places, [f"{s:g}" for s in sparsities])
        axis_labels(axes, title, "sparsity S (how often a feature is off)", y)
    first.set_ylim(bottom=0.0)
    second.set_ylim(bottom=0.0)
    third.set_ylim(bottom=0.0)
    plain_legend(first, "features in dimensions", "upper left")
    for axes, size, gram in zip(
        below.subplots(1, len(sizes), squeeze=False)[0],
        sizes,
        result.grams,
        strict=True,
    ):
        _matrix(axes, gram, f"{size.features} in {size.hidden}, S = {sparsities[-1]:g}")
    return drawing


def _matrix(axes: Axes, gram: np.ndarray, title: str) -> None:
    """Inner products of the first features' directions, the longest first."""
    order = np.argsort(-np.diag(gram))
    shown = gram[np.ix_(order, order)][:SHOWN, :SHOWN]
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    words = "" if len(gram) <= SHOWN else f", {SHOWN} of them"
    blank(axes, f"WᵀW: {title}{words}")
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.85, pad=0.02)
    bar.ax.tick_params(labelsize=7, colors=INK)
