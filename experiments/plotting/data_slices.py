"""The plane through three points: regions, classes, decision boundary, the points."""

import math

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.data_slices import Result
from experiments.plotting.style import FONT, INK, MUTED, blank

COLORS = (
    "#a6cee3",
    "#fdbf6f",
    "#b2df8a",
    "#fb9a99",
    "#cab2d6",
    "#ffed9f",
    "#80cdc1",
    "#e0c8a8",
    "#d9d9d9",
    "#f4cae4",
)
"""Of the classes, in order; light, so that lines show. They repeat after ten."""

MIN_SIDE = 8
"""Of a point that is drawn as an image: four numbers are no picture of 2 x 2."""


def figure(result: Result) -> Figure:
    """Regions colored by class, thin region boundaries, thick decision boundary."""
    frame = plane_frame(result.plane.directions)
    drawing = Figure(figsize=(11.5, 8.2))
    axes = drawing.add_axes((0.03, 0.07, 0.68, 0.87))
    pieces = result.pieces
    axes.add_collection(
        PolyCollection(
            [polygon @ frame for polygon in pieces.polygons],
            facecolors=[COLORS[k % len(COLORS)] for k in pieces.classes],
            edgecolors="none",
            # Without it, light seams show between neighbors of one color.
            antialiaseds=False,
        )
    )
    axes.add_collection(
        PolyCollection(
            [polygon @ frame for polygon in result.polygons],
            facecolors="none",
            edgecolors=MUTED,
            linewidths=0.35,
        )
    )
    axes.add_collection(
        LineCollection(
            list(pieces.segments @ frame),
            colors=INK,
            linewidths=2.2,
            capstyle="round",
        )
    )
    _mark_points(axes, result, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) @ frame)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.margins(0.0)
    summary = result.summary
    kind = "all of them" if summary["complete"] else "not all"
    blank(
        axes,
        f"{summary['exact_regions']:,} activation regions ({kind}) on the plane "
        f"through the data points number {', '.join(map(str, summary['points']))}",
    )
    # The plane has its own outline, a parallelogram.
    axes.set_frame_on(False)
    _legend(drawing, result)
    _thumbnails(drawing, result)
    drawing.text(0.03, 0.025, caption(result), fontsize=9.5, color=MUTED, family=FONT)
    return drawing


def plane_frame(
    directions: Float64[np.ndarray, "2 dim"],
) -> Float64[np.ndarray, "2 2"]:
    """The matrix that takes chart coordinates to lengths and angles as in the space.

    Its rows are the two directions in an orthonormal frame of the plane, the first
    along the x axis.
    """
    _, upper = np.linalg.qr(directions.T)
    return (upper * np.sign(np.diag(upper))[:, None]).T


def caption(result: Result) -> str:
    """One line with what a reader needs to know of the network."""
    summary, training = result.summary, result.config.training
    lines = "thin: region boundaries   thick: decision boundary, cut exactly   "
    if result.config.network is not None:
        return f"{lines}network {result.config.network}"
    return (
        f"{lines}shape {list(training.model.widths)}   epochs {training.epochs}   "
        f"seed {training.seed}   held-out accuracy {summary['val_accuracy']:.1%}"
    )


def _mark_points(
    axes: Axes, result: Result, places: Float64[np.ndarray, "3 2"]
) -> None:
    """The three points, A, B and C."""
    axes.plot(*places[[0, 1, 2, 0]].T, color=INK, linewidth=0.8, linestyle=(0, (4, 4)))
    axes.scatter(*places.T, s=190, c="white", edgecolors=INK, linewidths=1.6, zorder=5)
    for name, place in zip("ABC", places, strict=True):
        axes.text(
            float(place[0]),
            float(place[1]),
            name,
            ha="center",
            va="center_baseline",
            fontsize=9,
            color=INK,
            family=FONT,
            weight="bold",
            zorder=6,
        )


def _legend(drawing: Figure, result: Result) -> None:
    """Classes on the plane with their share of its area, largest first."""
    shares = result.summary["area_by_class"]
    order = sorted(shares, key=lambda label: -shares[label])
    handles = [
        Patch(
            facecolor=COLORS[int(label) % len(COLORS)],
            edgecolor=MUTED,
            linewidth=0.5,
            label=f"{label}   {shares[label]:.1%}",
        )
        for label in order[:12]
    ]
    legend = drawing.legend(
        handles=handles,
        title="class, share of the area",
        loc="upper left",
        bbox_to_anchor=(0.73, 0.955),
        frameon=False,
        prop={"size": 10, "family": FONT},
        title_fontproperties={"size": 10, "family": FONT},
        labelcolor=INK,
    )
    legend.set_alignment("left")


def _thumbnails(drawing: Figure, result: Result) -> None:
    """The three points; as images, if there are as many numbers as in a square one."""
    summary, size = result.summary, math.isqrt(result.corners.shape[1])
    are_images = size * size == result.corners.shape[1] and size >= MIN_SIDE
    labels = summary["labels"] or ["?"] * 3
    low, high = float(result.corners.min()), float(result.corners.max())
    for k, name in enumerate("ABC"):
        title = f"{name}: class {labels[k]}, found {summary['predicted'][k]}"
        box = (0.745, 0.405 - 0.165 * k, 0.10, 0.135)
        if are_images:
            small = drawing.add_axes(box)
            image = result.corners[k].reshape(size, size)
            small.imshow(image, cmap="gray_r", vmin=low, vmax=high)
            blank(small, "")
        place = (
            (box[0] + 0.11, box[1] + 0.06) if are_images else (0.745, 0.5 - 0.03 * k)
        )
        drawing.text(*place, title, fontsize=10, color=INK, family=FONT)
