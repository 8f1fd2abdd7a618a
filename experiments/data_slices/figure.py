"""The plane through three points: regions, classes, decision boundary, the points."""

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.data_slices.study import Result
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
"""Colors of the classes, in order; light, so that lines show. They repeat after ten."""

MIN_SIDE = 8
"""Least side of a point drawn as an image: four numbers are no picture of 2 x 2."""

MAX_WIDTH, MAX_HEIGHT, MIN_MAP = 10.5, 8.2, 4.4
AREA = 56.0
"""Area of the map in square inches, where its sides are not too long for that."""

MARGIN, HEAD, FOOT, COLUMN = 0.35, 0.5, 0.75, 3.1
THUMBNAIL, LINE, MAX_CLASSES = 1.15, 0.209, 12
"""Sides of an image, lines of the legend, and how many of them; inches."""


def draw(result: Result) -> Figure:
    """Regions colored by class, thin region boundaries, thick decision boundary."""
    frame = plane_frame(result.plane.directions)
    page = _page(result, frame)
    drawing = Figure(figsize=(page.width, page.height))
    axes = drawing.add_axes(
        (
            MARGIN / page.width,
            (page.top - page.map_height) / page.height,
            page.map_width / page.width,
            page.map_height / page.height,
        )
    )
    _draw_pieces(axes, result, frame)
    _mark_points(axes, result, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) @ frame)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.margins(0.0)
    blank(axes, "")
    # The plane has its own outline, a parallelogram.
    axes.set_frame_on(False)
    summary = result.summary
    kind = "all of them" if summary["complete"] else "not all"
    regions = f"{summary['exact_regions']:,} activation regions ({kind})"
    drawing.text(
        MARGIN / page.width,
        (page.top + 0.12) / page.height,
        f"{regions} on {_plane_text(result)}",
        fontsize=11,
        color=INK,
        family=FONT,
    )
    _legend(drawing, result, page)
    _thumbnails(drawing, result, page)
    drawing.text(
        MARGIN / page.width,
        0.12 / page.height,
        caption(result),
        fontsize=9.5,
        color=MUTED,
        family=FONT,
        linespacing=1.4,
    )
    return drawing


class _Page(NamedTuple):
    """Where things stand, in inches.

    Attributes:
        width: Width of the figure.
        height: Height of the figure.
        top: Height of the upper edge of the map and of the column beside it.
        map_width: Width of the map.
        map_height: Height of the map.
        column: Left end of the column beside the map.
        thumbnails: Top of the three points in it, from below.
    """

    width: float
    height: float
    top: float
    map_width: float
    map_height: float
    column: float
    thumbnails: float


def _page(result: Result, frame: Float64[np.ndarray, "2 2"]) -> _Page:
    """A page that the plane fills, however long it is; the column fits beside it."""
    low, high = result.plane.box.lower, result.plane.box.upper
    chart = np.array([[low[0], low[1]], [low[0], high[1]], [high[0], low[1]], high])
    wide, tall = np.ptp(chart @ frame, axis=0)
    scale = min(MAX_WIDTH / wide, MAX_HEIGHT / tall, math.sqrt(AREA / (wide * tall)))
    map_width, map_height = scale * wide, scale * tall
    legend = 0.34 + LINE * min(len(result.summary["area_by_class"]), MAX_CLASSES)
    points = 3 * (THUMBNAIL + 0.15 if _image_side(result) else 0.25)
    top = FOOT + max(map_height, legend + 0.2 + points)
    column = MARGIN + max(map_width, MIN_MAP) + 0.3
    return _Page(
        column + COLUMN,
        top + HEAD,
        top,
        map_width,
        map_height,
        column,
        top - legend - 0.2,
    )


def _draw_pieces(axes: Axes, result: Result, frame: Float64[np.ndarray, "2 2"]) -> None:
    """Classes, regions and decision boundary."""
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
    """What a reader needs to know of the lines, and of the network below."""
    summary, training = result.summary, result.config.training
    lines = "thin: region boundaries   thick: decision boundary, cut exactly\n"
    if result.config.network is not None:
        return f"{lines}network {result.config.network}"
    return (
        f"{lines}shape {list(training.model.widths)}   epochs {training.epochs}   "
        f"seed {training.seed}   held-out accuracy {summary['val_accuracy']:.1%}"
    )


def _plane_text(result: Result) -> str:
    """Which plane it is."""
    config = result.config
    if config.around is not None:
        return f"a plane through the point A, to {config.radius:g} around it"
    numbers = ", ".join(map(str, result.summary["points"]))
    return f"the plane through the data points number {numbers}"


def _mark_points(
    axes: Axes, result: Result, places: Float64[np.ndarray, "3 2"]
) -> None:
    """The three points, A, B and C, or the one around which the plane is."""
    if result.config.around is not None:
        places = places[:1]
    else:
        closed = places[[0, 1, 2, 0]].T
        axes.plot(*closed, color=INK, linewidth=0.8, linestyle=(0, (4, 4)))
    axes.scatter(*places.T, s=190, c="white", edgecolors=INK, linewidths=1.6, zorder=5)
    for name, place in zip("ABC", places, strict=False):
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


def _legend(drawing: Figure, result: Result, page: _Page) -> None:
    """Classes on the plane with their share of its area, largest first."""
    shares = result.summary["area_by_class"]
    order = sorted(shares, key=lambda label: -shares[label])
    names = {label: label for label in order}
    if "threshold" in result.summary:
        threshold = f"{result.summary['threshold']:g}"
        rules = {"0": f"0: output ≤ {threshold}", "1": f"1: output > {threshold}"}
        names = {label: rules[label] for label in order}
    handles = [
        Patch(
            facecolor=COLORS[int(label) % len(COLORS)],
            edgecolor=MUTED,
            linewidth=0.5,
            label=f"{names[label]}   {percent(shares[label])}",
        )
        for label in order[:MAX_CLASSES]
    ]
    legend = drawing.legend(
        handles=handles,
        title="class, share of the area",
        loc="upper left",
        bbox_to_anchor=(page.column / page.width, page.top / page.height),
        borderaxespad=0.0,
        borderpad=0.0,
        frameon=False,
        prop={"size": 10, "family": FONT},
        title_fontproperties={"size": 10, "family": FONT},
        labelcolor=INK,
    )
    legend.set_alignment("left")


def percent(share: float) -> str:
    """A share of what is there: never rounded to nothing, nor to all."""
    if 0.0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1.0:
        return ">99.9%"
    return f"{share:.1%}"


def _image_side(result: Result) -> int:
    """Side of the square image that a point is; 0 if it is none."""
    size = math.isqrt(result.corners.shape[1])
    is_image = size * size == result.corners.shape[1] and size >= MIN_SIDE
    return size if is_image else 0


def _thumbnails(drawing: Figure, result: Result, page: _Page) -> None:
    """The three points; as images, if there are as many numbers as in a square one."""
    size = _image_side(result)
    low, high = float(result.corners.min()), float(result.corners.max())
    for k, title in enumerate(_shown_titles(result)):
        if size:
            bottom = page.thumbnails - THUMBNAIL - (THUMBNAIL + 0.15) * k
            small = drawing.add_axes(
                (
                    page.column / page.width,
                    bottom / page.height,
                    THUMBNAIL / page.width,
                    THUMBNAIL / page.height,
                )
            )
            image = result.corners[k].reshape(size, size)
            small.imshow(image, cmap="gray_r", vmin=low, vmax=high)
            blank(small, "")
            place = (page.column + THUMBNAIL + 0.12, bottom + 0.45 * THUMBNAIL)
        else:
            place = (page.column, page.thumbnails - 0.15 - 0.25 * k)
        x, y = place[0] / page.width, place[1] / page.height
        drawing.text(x, y, title, fontsize=10, color=INK, family=FONT)


def _shown_titles(result: Result) -> list[str]:
    """Titles of the points that are marked."""
    titles = _point_titles(result.summary)
    return titles if result.config.around is None else titles[:1]


def _point_titles(summary: dict[str, Any]) -> list[str]:
    """A title for each point: its class if known, and the class found or the output."""
    titles = []
    for k, name in enumerate("ABC"):
        known = f"class {summary['labels'][k]}, " if summary["labels"] else ""
        said = f"found {summary['predicted'][k]}"
        if "outputs" in summary:
            said = f"output {summary['outputs'][k]:.3g}".replace("-", "\N{MINUS SIGN}")
        titles.append(f"{name}: {known}{said}")
    return titles
