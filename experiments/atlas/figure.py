"""The views of the atlas as static figures, vector graphics in PDF."""

from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.ticker import (
    FuncFormatter,
    Locator,
    LogLocator,
    MaxNLocator,
    NullLocator,
)
from matplotlib.tri import Triangulation

from experiments.atlas.classes import class_pieces
from experiments.atlas.colors import code_colors, code_indices, layer_colors
from experiments.atlas.contents import Atlas
from experiments.atlas.panels import (
    axis_names,
    chosen,
    draw_history,
    draw_space,
    plane_of,
)
from experiments.atlas.partition import Partition, next_corners, same_units
from experiments.plotting.curves import SERIES, Style
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, blank

CLASSES = ("#3a4f8f", "#f0c75e", "#4fa58a", "#d2695e", "#8d6cab", "#7fb4dc")
KEPT, LOST, BORN = "#dcdfe4", "#c8553d", "#4bb08b"
OVERLAID = SERIES[:2]
"""Lines of two networks on one map, told apart without color too."""
LABELS = {
    "output": "Output f(x)",
    "inradius": "Inradius (radius of the Chebyshev ball)",
    "gradient": "Gradient norm",
    "code": "Activation pattern: 256 colors, by a hash of the code",
    "layer": "Deepest layer among the facets",
    "class": "Class",
    "change": "Codes of the two networks",
}
FADE = 0.65
"""Share of white in the fills under the lines of two networks."""

MAPS = {"output": "cividis", "inradius": "viridis", "gradient": "magma"}

LINE = 76
"""Letters of the names of two networks that fit on one line above a map."""


def figure(
    atlas: Atlas,
    color: str = "output",
    *,
    points: bool = False,
    at: str | None = None,
    overlay: bool = False,
) -> Figure:
    """The views of the page: a map, two compared, snapshots, or a plane through space.

    Under the map of a run are its counts and losses; beside a plane are the domain and
    the decision surface.

    Args:
        atlas: What the page shows.
        color: A key of `LABELS`; `change` needs two series.
        points: Whether to draw the data.
        at: Epoch of the snapshot (the last by default), or the plane, such as `z=0.3`
            (through the middle by default).
        overlay: Draw the boundaries of both networks on one map.

    Raises:
        ValueError: If `color` or `at` is none of these, or if `color` is `change` and
            there are no two networks whose codes are of the same units.
    """
    if color not in LABELS:
        raise ValueError(
            f"`color` is {color!r}: one of {', '.join(LABELS)} is required."
        )
    shown = chosen(atlas, at)
    if color == "change":
        _check_comparable(atlas, shown)
    drawing, panels = _layout(
        atlas, 1 if overlay else len(shown), has_key=color not in MAPS
    )
    pairs = zip(panels, shown, strict=not overlay)
    for index, (axes, partition) in enumerate(pairs):
        others = [p for i, p in enumerate(shown) if i != index]
        fade = FADE if overlay and others else 0.0
        _fill(
            axes, partition, color, atlas.threshold, others, born=index == 1, fade=fade
        )
        if overlay and others:
            for style, each in zip(OVERLAID, (partition, others[0]), strict=True):
                _sides(axes, each, style)
            _name_lines(axes, [partition, others[0]])
        else:
            _sides(axes, partition)
        if points:
            _points(axes, atlas)
        overlaid = overlay and bool(others)
        blank(axes, "" if overlaid else _name_and_count(partition))
        _limits(axes, partition, y_down=atlas.y_down)
        _coordinates(axes, axis_names(atlas, at), first=index == 0)
    if atlas.series[0].solid is not None:
        draw_space(drawing.axes[len(panels)], atlas, *plane_of(atlas, at))
    elif len(atlas.series[0].frames) > 1:
        now = atlas.series[0].frames.index(shown[0])
        draw_history(drawing.axes[len(panels)], atlas, now)
    if color not in MAPS:
        fade = FADE if overlay and len(shown) > 1 else 0.0
        _key(panels[0], color, shown[0], fade)
    return drawing


def _check_comparable(atlas: Atlas, shown: list[Partition]) -> None:
    """Raise unless the codes of two networks can be compared unit by unit."""
    if len(atlas.series) < 2:
        raise ValueError(
            "`color` is 'change' and there is one network: it compares two; add "
            "another, or choose another color."
        )
    first, second = shown
    if not same_units(first, second):
        shapes = " and ".join(
            f"{p.name}: {'-'.join(map(str, p.network.widths))}" for p in shown
        )
        raise ValueError(
            f"`color` is 'change' and the hidden layers differ ({shapes}): a code of "
            "one network is no code of the other; choose another color."
        )


def _coordinates(axes: Axes, names: tuple[str, str], *, first: bool) -> None:
    """Small ticks, so that the box can be read off; maps side by side share theirs."""
    look = {"color": MUTED, "fontsize": 8, "family": FONT, "labelpad": 1.0}
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.tick_params(
        length=2.5, width=0.6, labelsize=7.5, color=MUTED, labelcolor=MUTED
    )
    axes.set_xlabel(names[0], **look)
    if first:
        axes.set_ylabel(names[1], **look)
    else:
        axes.tick_params(labelleft=False)


def _name_and_count(partition: Partition) -> str:
    """Which network, and how many regions it has."""
    plural = "" if len(partition) == 1 else "s"
    kind = f"activation region{plural}"
    if not partition.complete:
        kind = f"region{plural} found, not all"
    return f"{partition.name}: {len(partition):,} {kind}"


def _name_lines(axes: Axes, partitions: list[Partition]) -> None:
    """Whose boundaries the lines of an overlay are, in place of a title."""
    handles = [
        axes.plot([], [], color=style.color, linestyle=style.line, linewidth=1.2)[0]
        for style in OVERLAID
    ]
    names = [_name_and_count(p) for p in partitions]
    columns = 2 if sum(map(len, names)) <= LINE else 1
    # Another legend, that of the fills, is yet to come.
    axes.add_artist(
        Legend(
            axes,
            handles,
            names,
            loc="lower left",
            bbox_to_anchor=(-0.01, 0.995),
            ncols=columns,
            frameon=False,
            prop={"size": 10, "family": FONT},
            labelcolor=INK,
        )
    )


def _key(axes: Axes, color: str, partition: Partition, fade: float) -> None:
    """What flat colors mean, below a map."""
    shades: dict[str, Any] = {}
    if color == "class":
        count = max(2, partition.network.output_dim)
        shades = {f"class {k}": CLASSES[k % len(CLASSES)] for k in range(count)}
    elif color == "layer":
        shades = {
            str(k): shade for k, shade in enumerate(_layer_shades(partition)[1:], 1)
        }
    elif color == "change":
        shades = {"code in both": KEPT, "lost": LOST, "born": BORN}
    legend = axes.legend(
        handles=[
            Patch(color=_lighter([shade], fade)[0], label=str(name))
            for name, shade in shades.items()
        ],
        title=LABELS[color],
        loc="upper left",
        bbox_to_anchor=(-0.01, -0.05),
        ncols=10,
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
        handlelength=1.0,
        alignment="left",
    )
    legend.get_title().set(color=MUTED, fontsize=9, family=FONT)


def _layout(atlas: Atlas, maps: int, *, has_key: bool) -> tuple[Figure, list[Axes]]:
    """A figure with panels for the maps, and one more where the atlas needs it."""
    space = atlas.series[0].solid is not None
    history = not space and len(atlas.series[0].frames) > 1
    columns = maps + space
    drawing = Figure(figsize=(7.4 * columns, 7.8 + 2.2 * history))
    grid = drawing.add_gridspec(
        1 + history,
        columns,
        left=0.10 if history else 0.07 / columns,
        right=0.90 if history else 0.98,
        top=0.93,  # room for the names of two networks, one below the other
        bottom=0.07 if history else 0.13 if has_key else 0.06,
        wspace=0.04,
        hspace=0.26,
        height_ratios=[1.0, 0.22][: 1 + history],
    )
    panels = [drawing.add_subplot(grid[0, column]) for column in range(maps)]
    if space:
        drawing.add_subplot(grid[0, maps], projection="3d")
    if history:
        drawing.add_subplot(grid[1, :])
    return drawing, panels


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
    fade: float,
) -> None:
    """Colors of the regions, lighter by `fade` under the lines of two networks."""
    if color in MAPS:
        _quantity(axes, partition, color, fade)
        return
    polygons = partition.polygons()
    if color == "class":
        polygons, classes = class_pieces(partition, threshold)
        colors = [CLASSES[k % len(CLASSES)] for k in classes]
    elif color == "layer":
        colors = list(_layer_shades(partition)[deepest_layers(partition)])
    elif color == "code":
        colors = list(code_colors()[code_indices(partition.patterns)])
    else:
        known = {row.tobytes() for other in others for row in other.patterns}
        kept = [row.tobytes() in known for row in partition.patterns]
        change = BORN if born else LOST
        colors = [KEPT if k else change for k in kept]
    _flat(axes, polygons, list(_lighter(colors, fade)))


def _lighter(colors: list, share: float) -> Float64[np.ndarray, "colors 3"]:
    """Colors mixed with white, opaque: see-through ones would show seams."""
    return (1.0 - share) * to_rgba_array(colors)[:, :3] + share


def _layer_shades(partition: Partition) -> Float64[np.ndarray, "depth_plus_1 3"]:
    """Fills for deepest layers; the first for regions that no unit bounds."""
    shades = 0.55 * layer_colors(len(partition.network.widths)) + 0.45
    return np.vstack([[0.87, 0.88, 0.89], shades])


def _quantity(axes: Axes, partition: Partition, color: str, fade: float) -> None:
    """A quantity of the regions, or the output, linear inside each of them."""
    steps = colormaps[MAPS[color]](np.arange(256))
    shades = ListedColormap(_lighter(list(steps), fade))
    if color == "output":
        values = partition.outputs[:, 0].astype(np.float64)
        norm = Normalize(*np.percentile(values, [1, 99]))
        corners = partition.members
        x, y = partition.vertices[corners].T
        fans = Triangulation(x, y, triangles=_fans(partition))
        axes.tripcolor(fans, values[corners], shading="gouraud", cmap=shades, norm=norm)
    else:
        one = {"inradius": partition.radii, "gradient": partition.gradients[:, 0]}
        values = one[color].astype(np.float64)
        norm = _log_scale(values)
        # A gradient may be zero: the lowest color, as whatever lies below the scale.
        positive = np.maximum(values, 1e-300)
        _flat(axes, partition.polygons(), list(shades(norm(positive))))
    scale = ScalarMappable(norm, shades)
    bar = axes.figure.colorbar(
        scale,
        ax=axes,
        orientation="horizontal",
        fraction=0.035,
        pad=0.065,
        extend="both",
    )
    if isinstance(norm, LogNorm):
        bar.ax.xaxis.set_major_locator(_log_ticks(norm))
        bar.ax.xaxis.set_minor_locator(NullLocator())
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    bar.set_label(_quantity_name(partition, color), color=INK, family=FONT)


def _quantity_name(partition: Partition, color: str) -> str:
    """What a bar of colors shows; of several outputs, which."""
    count = partition.network.output_dim
    if count == 1 or color == "inradius":
        return LABELS[color]
    which = f"utput 0 of {count} (counted from 0)"
    return f"O{which}" if color == "output" else f"{LABELS[color]} of o{which}"


def _log_scale(values: Float64[np.ndarray, " regions"]) -> LogNorm:
    """A scale for the positive ones among the values, but for the outer hundredths."""
    positive = values[values > 0.0]
    low, high = np.percentile(positive, [1, 99]) if len(positive) else (1.0, 1.0)
    return LogNorm(low, high) if low < high else LogNorm(low / 2.0, low * 2.0)


def _log_ticks(norm: LogNorm) -> Locator:
    """Few round numbers: evenly spaced ones, 1-2-5, 1-3, or powers of ten."""
    assert norm.vmin is not None
    assert norm.vmax is not None
    ratio = norm.vmax / norm.vmin
    if ratio < 10.0:
        return MaxNLocator(5, steps=[1, 2, 5, 10])
    steps = (1.0, 2.0, 5.0) if ratio < 150.0 else (1.0, 3.0)
    return LogLocator(subs=steps if ratio < 2e3 else (1.0,), numticks=8)


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


def _sides(axes: Axes, partition: Partition, style: Style | None = None) -> None:
    """All boundaries, each once, thinner where there are many."""
    ends = partition.members[next_corners(partition.counts)]
    once = (partition.members < ends) | (partition.sides < 0)
    pairs = np.stack([partition.members[once], ends[once]], axis=1)
    width = float(np.clip(18.0 / np.sqrt(len(partition)), 0.08, 0.6))
    look = {"colors": INK, "linewidths": width, "alpha": 0.75}
    if style is not None:
        look = {
            "colors": style.color,
            "linestyles": [style.line],
            "linewidths": 2.0 * width,
        }
    axes.add_collection(LineCollection(list(partition.vertices[pairs]), **look))


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
