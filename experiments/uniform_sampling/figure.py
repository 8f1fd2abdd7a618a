"""Share of the regions found over the dimension, and by volume."""

import numpy as np
from matplotlib.figure import Figure

from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels
from experiments.uniform_sampling.study import Result


def draw(result: Result) -> Figure:
    """Two panels."""
    config = result.config
    drawing = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = drawing.subplots(1, 2)
    for number, points in enumerate(config.points):
        style = SERIES[number % len(SERIES)]
        table = result.shares[:, :, number]
        left.plot(
            config.dims,
            np.median(table, axis=1),
            color=style.color,
            marker=style.marker,
            markersize=5,
            label=f"{points:,} points",
        )
        low, high = table.min(axis=1), table.max(axis=1)
        left.fill_between(config.dims, low, high, color=style.color, alpha=0.12, lw=0)
    left.set_xticks(config.dims)
    left.set_yscale("log")
    title = f"Two layers of {config.width}, {config.seeds} networks each"
    axis_labels(left, title, "input dimension", "share of the regions found")
    plain_legend(left, title="", loc="lower left")
    edges = np.logspace(-9, 0, 19)
    for style, (dim, table) in zip(SERIES, result.volumes.items(), strict=False):
        place = np.digitize(table[:, 0], edges)
        middles, shares = [], []
        for k in range(1, len(edges)):
            mine = place == k
            if mine.any():
                middles.append(np.sqrt(edges[k - 1] * edges[k]))
                shares.append(table[mine, 1].mean())
        right.plot(
            middles,
            shares,
            color=style.color,
            marker=style.marker,
            markersize=4,
            label=f"{dim} inputs",
        )
    right.set_xscale("log")
    title = f"What {config.points[1]:,} points meet"
    axis_labels(right, title, "volume over that of the box", "share met")
    plain_legend(right, title="", loc="upper left")
    return drawing
