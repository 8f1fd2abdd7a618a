"""The views of the atlas as static figures, vector graphics in PDF."""

import numpy as np
from jaxtyping import Float64, Int64, UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from experiments.atlas.classes import class_pieces
from experiments.atlas.contents import Atlas
from experiments.atlas.partition import Partition, next_corners
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, blank

CLASSES = ("#3a4f8f", "#f0c75e", "#4fa58a", "#d2695e", "#8d6cab", "#7fb4dc")
KEPT, LOST, BORN = "#dcdfe4", "#c8553d", "#4bb08b"
LABELS = {
    "output": "Output f(x)",
    "inradius": "Inradius (radius of the Chebyshev ball)",
    "gradient": "Gradient norm",
    "code": "Activation pattern: one color per code",
    "layer": "Deepest layer among the facets",
    "class": "Class",
    "change": "Gray: code in both networks; red: lost; green: born",
}
MAPS = {"output": "cividis", "inradius": "viridis", "gradient": "magma"}
_GOLDEN = 0.6180339887


def figure(atlas: Atlas, color: str = "output", *, points: bool = False) -> Figure:
    """The last partition of each series, colored as in the page.

    Args:
        atlas: What the page shows.
        color: A key of `LABELS`; `change` needs two series.
        points: Whether to draw the data.

    Raises:
        ValueError: If `color` is none of these.
    """
    if color not in LABELS or (color == "change" and len(atlas.series) < 2):
        raise ValueError(
            f"`color` is {color!r}: one of {', '.join(LABELS)} is required (change "
            "only for two networks)."
        )
    last = [series.frames[-1] for series in atlas.series]
    drawing = Figure(figsize=(7.4 * len(last), 7.8))
    panels = drawing.subplots(1, len(last), squeeze=False)[0]
    drawing.subplots_adjust(left=0.02, right=0.98, top=0.95, bottom=0.09, wspace=0.04)
    for index, (axes, partition) in enumerate(zip(panels, last, strict=True)):
        others = [p for i, p in enumerate(last) if i != index]
        _fill(axes, partition, color, atlas.threshold, others, born=index == 1)
        _sides(axes, partition)
        if points:
            _points(axes, atlas)
        kind = "activation regions" if partition.complete else "regions found, not all"
        blank(axes, f"{partition.name}: {len(partition):,} {kind}")
        _limits(axes, partition, y_down=atlas.y_down)
    if color not in MAPS:
        drawing.text(0.02, 0.03, LABELS[color], color=MUTED, fontsize=10, family=FONT)
    return drawing


def _limits(axes: Axes, partition: Partition, *, y_down: bool) -> None:
    """The whole domain, its second coordinate downward in images."""
    (x0, y0), (x1, y1) = partition.vertices.min(0), partition.vertices.max(0)
    axes.set_xlim(x0, x1)
    axes.set_ylim((y1, y0) if y_down else (y0, y1))
    axes.set_aspect("equal")


def _fill(
    axes: Axes,
    partition: Partition,
    color: str,
    threshold: float,
    others: list[Partition],
    *,
    born: bool,
) -> None:
    """Colors of the regions."""
    if color in MAPS:
        _quantity(axes, partition, color)
    elif color == "class":
        pieces, classes = class_pieces(partition, threshold)
        colors = [CLASSES[k % len(CLASSES)] for k in classes]
        _flat(axes, pieces, colors)
    elif color == "layer":
        layers = deepest_layers(partition)
        shades = colormaps["turbo"](np.linspace(0.1, 0.9, layers.max() + 1))
        shades = 0.55 * shades + 0.45
        _flat(axes, partition.polygons(), list(shades[layers]))
    elif color == "code":
        colors = code_colors()[code_indices(partition.patterns)]
        _flat(axes, partition.polygons(), list(colors))
    else:
        known = {row.tobytes() for other in others for row in other.patterns}
        kept = [row.tobytes() in known for row in partition.patterns]
        change = BORN if born else LOST
        _flat(axes, partition.polygons(), [KEPT if k else change for k in kept])


def _quantity(axes: Axes, partition: Partition, color: str) -> None:
    """A quantity of the regions, or the output, linear inside each of them."""
    if color == "output":
        values = partition.outputs[:, 0].astype(np.float64)
        norm = Normalize(*np.percentile(values, [1, 99]))
        corners = partition.members
        x, y = partition.vertices[corners].T
        fans = Triangulation(x, y, triangles=_fans(partition))
        axes.tripcolor(
            fans, values[corners], shading="gouraud", cmap=MAPS[color], norm=norm
        )
    else:
        one = {"inradius": partition.radii, "gradient": partition.gradients[:, 0]}
        values = np.maximum(one[color].astype(np.float64), 1e-300)
        norm = LogNorm(*np.percentile(values, [1, 99]))
        shades = colormaps[MAPS[color]](norm(values))
        _flat(axes, partition.polygons(), list(shades))
    scale = ScalarMappable(norm, MAPS[color])
    bar = axes.figure.colorbar(
        scale,
        ax=axes,
        orientation="horizontal",
        fraction=0.035,
        pad=0.02,
        extend="both",
    )
    bar.set_label(LABELS[color], color=INK, family=FONT)


def _fans(partition: Partition) -> Int64[np.ndarray, "triangles 3"]:
    """Triangles over the corners, as a fan in each region."""
    starts = partition.offsets[:-1]
    first = np.repeat(starts, partition.counts - 2)
    steps = np.concatenate([np.arange(1, n - 1) for n in partition.counts])
    return np.stack([first, first + steps, first + steps + 1], axis=1)


def _flat(axes: Axes, polygons: list[Float64[np.ndarray, "_ 2"]], colors: list) -> None:
    """Polygons of one color each, without seams between them."""
    axes.add_collection(
        PolyCollection(polygons, facecolors=colors, edgecolors=colors, linewidths=0.1)
    )


def _sides(axes: Axes, partition: Partition) -> None:
    """All boundaries, each once, thinner where there are many."""
    ends = partition.members[next_corners(partition.counts)]
    once = (partition.members < ends) | (partition.sides < 0)
    pairs = np.stack([partition.members[once], ends[once]], axis=1)
    width = float(np.clip(18.0 / np.sqrt(len(partition)), 0.08, 0.6))
    axes.add_collection(
        LineCollection(
            list(partition.vertices[pairs]), colors=INK, linewidths=width, alpha=0.75
        )
    )


def _points(axes: Axes, atlas: Atlas) -> None:
    """The data, mistakes of the last partition as crosses."""
    for points, color in zip(atlas.points, (RED, BLUE), strict=False):
        wrong = points.mistakes[-1]
        axes.scatter(*points.positions[~wrong].T, s=1.5, c=color, linewidths=0.0)
        axes.scatter(*points.positions[wrong].T, s=14, c=color, marker="x")


def deepest_layers(partition: Partition) -> Int64[np.ndarray, " regions"]:
    """Deepest layer among the facets of each region, from 1; 0 where no unit bounds."""
    layer_of = np.array([layer + 1 for layer, _ in partition.network.units] + [0])
    layers = layer_of[np.maximum(partition.sides, -1)]
    return np.maximum.reduceat(layers, partition.offsets[:-1])


def code_indices(
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Int64[np.ndarray, " regions"]:
    """FNV-1a of each packed pattern, folded to 8 bits, as in the page."""
    hashes = np.full(len(patterns), 0x811C9DC5, np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    for column in patterns.T:
        hashes = ((hashes ^ column.astype(np.uint64)) * np.uint64(0x01000193)) & mask
    hashes ^= hashes >> np.uint64(16)
    return ((hashes ^ (hashes >> np.uint64(8))) & np.uint64(255)).astype(np.int64)


def code_colors() -> Float64[np.ndarray, "256 3"]:
    """The page's colors for codes: OKLCH, hues by the golden ratio, three tones."""
    index = np.arange(256)
    lightness = np.array([0.84, 0.74, 0.62])[index % 3]
    chroma = np.array([0.075, 0.1, 0.11])[index % 3]
    turn = 2.0 * np.pi * (index * _GOLDEN % 1.0)
    lab = np.stack([lightness, chroma * np.cos(turn), chroma * np.sin(turn)], axis=1)
    # B. Ottosson, "A perceptual color space for image processing", 2020.
    cone = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.291485548],
        ]
    )
    linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.707614701],
        ]
    )
    rgb = np.clip((lab @ cone.T) ** 3 @ linear.T, 0.0, 1.0)
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
