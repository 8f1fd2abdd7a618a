"""The seeded maxout network on its square, and counts over the rank."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from experiments.maxout.study import Result
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank
from experiments.running.settings import shape_name


def draw(result: Result) -> Figure:
    """Linear regions with the decision boundary; linear and activation regions."""
    drawing = Figure(figsize=(10.5, 4.9), layout="constrained")
    left, right = drawing.subplots(1, 2, width_ratios=(1.0, 1.05))
    _square(left, result)
    _ranks(right, result)
    return drawing


def _square(axes: Axes, result: Result) -> None:
    """The linear regions of the seeded network, and its decision boundary."""
    axes.add_collection(
        PolyCollection(
            result.polygons, facecolors="white", edgecolors=MUTED, linewidths=0.5
        )
    )
    axes.add_collection(
        LineCollection(
            list(result.segments), colors=RED, linewidths=2.0, capstyle="round"
        )
    )
    half = result.config.half_width
    axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
    summary = result.summary
    blank(
        axes,
        f"{summary['linear_regions']} linear regions, "
        f"{summary['boundary_pieces']} pieces of decision boundary (red)",
    )


def _ranks(axes: Axes, result: Result) -> None:
    """Every count over the rank, and the medians."""
    ranks = np.array(result.config.ranks, float)
    for shift, counts, color, label in (
        (-0.06, result.linear, RED, "linear regions of the network"),
        (0.06, result.activation, BLUE, "activation regions of the tournament"),
    ):
        at = np.repeat(ranks + shift, counts.shape[1])
        axes.scatter(at, counts.ravel(), s=8, color=color, alpha=0.3, linewidths=0)
        axes.plot(
            ranks + shift, np.median(counts, axis=1), "o-", color=color, label=label
        )
    axes.set_xticks(ranks)
    axes.set_ylim(bottom=0)
    widths = shape_name(result.config.study_widths)
    axis_labels(
        axes,
        f"Maxout 2-{widths}-2 on the same square, {result.config.seeds} networks each",
        "rank of the maxout units",
        "number",
    )
    axes.legend(
        frameon=False,
        prop={"size": 9, "family": FONT},
        labelcolor=INK,
        loc="upper left",
    )
