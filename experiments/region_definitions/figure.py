"""How often two definitions differ, by shape of the network."""

import numpy as np
from matplotlib.figure import Figure

from experiments.plotting.style import INK, axis_labels
from experiments.region_definitions.study import Result
from experiments.running.settings import shape_name


def draw(result: Result) -> Figure:
    """A table of shares in color."""
    shapes = list(result.differ)
    pairs = list(next(iter(result.differ.values())))
    shares = np.array([[result.differ[s][p] for s in shapes] for p in pairs])
    drawing = Figure(figsize=(1.1 * len(shapes) + 3.4, 4.6), layout="constrained")
    axes = drawing.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            color = "white" if share > 0.6 else INK
            axes.text(
                column,
                row,
                f"{share:.0%}",
                ha="center",
                va="center",
                color=color,
                fontsize=8,
            )
    axes.set_xticks(range(len(shapes)), [shape_name(s) for s in shapes], fontsize=8)
    axes.set_yticks(range(len(pairs)), pairs, fontsize=8)
    axis_labels(axes, "Networks on which two definitions differ", "hidden units", "")
    return drawing
