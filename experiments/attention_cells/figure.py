"""Cells over the number of tokens, by law of the keys and number of heads."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from experiments.attention_cells.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels


def draw(result: Result) -> Figure:
    """A row of panels for each dimension, a panel for each law of the keys."""
    config = result.config
    size = (3.6 * len(config.laws), 3.4 * len(config.dims))
    drawing = Figure(figsize=size, layout="constrained")
    panels = drawing.subplots(
        len(config.dims), len(config.laws), squeeze=False, sharey="row"
    )
    for row, dim in zip(panels, config.dims, strict=True):
        tokens = config.tokens_in(dim)
        for axes, law in zip(row, config.laws, strict=True):
            for style, heads in zip(SERIES, config.heads, strict=False):
                counts = [result.cells[law, dim, n, heads] for n in tokens]
                axes.plot(
                    tokens,
                    [np.median(some) for some in counts],
                    color=style.color,
                    marker=style.marker,
                    markersize=5,
                    label=f"{heads} head{'s' * (heads > 1)}",
                )
                axes.plot(
                    tokens,
                    [n**heads for n in tokens],
                    color=style.color,
                    lw=0.8,
                    ls=":",
                )
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_xticks(tokens, map(str, tokens))
            axes.xaxis.set_minor_locator(NullLocator())
            first = law == config.laws[0]
            words = "cells (dotted: N^H)" if first else ""
            axis_labels(axes, f"{dim} dimensions, {law} keys", "tokens N", words)
    plain_legend(panels[0][0], title="", loc="upper left")
    return drawing
