"""Decision regions of narrow and wider networks, and how often one is bounded."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank
from experiments.unbounded_decision_regions.study import RADIUS, VIEW, Result
from regions.partition.class_polygons import ClassPolygons

FILLS = ("white", "#f3c9a5")
"""Colors of the two classes."""


def draw(result: Result) -> Figure:
    """A map for each width that is shown, then shares over the width."""
    count = len(result.shown)
    drawing = Figure(figsize=(3.3 * count + 4.0, 3.7), layout="constrained")
    panels = drawing.subplots(
        1, count + 1, width_ratios=[1.0] * count + [1.15], squeeze=False
    )[0]
    for axes, (width, pieces) in zip(panels[:-1], result.shown, strict=True):
        _map(axes, width, pieces)
    _shares(panels[-1], result)
    return drawing


def _map(axes: Axes, width: int, pieces: ClassPolygons) -> None:
    """Regions of one network, filled by class."""
    axes.add_collection(
        PolyCollection(
            pieces.polygons,
            facecolors=[FILLS[k] for k in pieces.classes],
            edgecolors=MUTED,
            linewidths=0.3,
        )
    )
    axes.add_collection(
        LineCollection(list(pieces.segments), colors=INK, linewidths=2.0)
    )
    axes.add_patch(
        Circle((0.0, 0.0), RADIUS, fill=False, color=RED, linestyle="--", linewidth=1.2)
    )
    axes.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal")
    blank(axes, f"two hidden layers of width {width}")


def _shares(axes: Axes, result: Result) -> None:
    """Share of trained networks with a bounded component, and their accuracy."""
    widths = np.array(result.config.widths)
    places = np.arange(len(widths))
    share = (result.bounded > 0).mean(axis=1)
    axes.axvspan(-0.5, float((widths <= 2).sum()) - 0.5, color="#eeeeee", zorder=0)
    axes.plot(places, share, "o-", color=RED, label="networks with a bounded component")
    axes.plot(
        places,
        np.median(result.accuracy, axis=1),
        "s--",
        color=BLUE,
        label="held-out accuracy, median",
    )
    axes.set_xlim(-0.5, len(widths) - 0.5)
    axes.set_ylim(-0.03, 1.32)
    axes.set_yticks(np.linspace(0.0, 1.0, 6))
    axes.set_xticks(places, [str(w) for w in widths])
    axis_labels(axes, "gray: width at most the input dimension", "width", "share")
    axes.legend(
        frameon=False,
        prop={"size": 8, "family": FONT},
        labelcolor=INK,
        loc="upper left",
    )
