"""Mean total Betti number of the boundary over the width, by depth."""

import numpy as np
from matplotlib.figure import Figure

from experiments.decision_topology.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels


def draw(result: Result) -> Figure:
    """One panel for each number of inputs."""
    config = result.config
    drawing = Figure(figsize=(4.6 * len(config.dims), 3.9), layout="constrained")
    panels = drawing.subplots(1, len(config.dims), squeeze=False)[0]
    for axes, dim, widths in zip(panels, config.dims, config.widths, strict=True):
        for style, depth in zip(SERIES, config.depths, strict=False):
            totals = [result.boundary[dim, w, depth].sum(1) for w in widths]
            spread = [t.std() / np.sqrt(len(t)) for t in totals]
            axes.errorbar(
                widths,
                [t.mean() for t in totals],
                yerr=spread,
                color=style.color,
                marker=style.marker,
                markersize=5,
                capsize=2,
                label=f"{depth} hidden layer{'s' * (depth > 1)}",
            )
        axes.set_xticks(widths)
        axes.set_ylim(bottom=0.0)
        axis_labels(
            axes,
            f"{dim} inputs, {config.seeds} networks each",
            "units per layer",
            "total Betti number of the boundary, mean",
        )
        plain_legend(axes, title="", loc="upper left")
    return drawing
