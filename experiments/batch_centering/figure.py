"""How many times the regions batch normalization makes, by distance and depth."""

import numpy as np
from matplotlib.figure import Figure

from experiments.batch_centering.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import MUTED, axis_labels


def draw(result: Result) -> Figure:
    """One panel for each spread of the offsets: medians and quartiles."""
    config = result.config
    size = (4.4 * len(config.spreads), 3.9)
    drawing = Figure(figsize=size, layout="constrained")
    panels = drawing.subplots(1, len(config.spreads), squeeze=False, sharey=True)[0]
    for number, (axes, spread) in enumerate(zip(panels, config.spreads, strict=True)):
        for style, depth in zip(SERIES, config.depths, strict=False):
            ratios = result.normalized[spread, depth] / result.raw[depth]
            low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75), axis=1)
            axes.plot(
                config.distances,
                middle,
                color=style.color,
                marker=style.marker,
                markersize=5,
                label=f"{depth} layer{'s' * (depth > 1)} of {config.width}",
            )
            axes.fill_between(
                config.distances, low, high, color=style.color, alpha=0.15, lw=0
            )
        axes.axhline(1.0, color=MUTED, lw=0.8)
        axes.set_yscale("log")
        title = (
            f"offsets of deviation {spread:g}" if spread else "offsets 0 (the start)"
        )
        words = "regions, batch normalization / none" if not number else ""
        axis_labels(axes, title, "distance of the data's mean, deviations", words)
    plain_legend(panels[0], title="", loc="upper left")
    return drawing
