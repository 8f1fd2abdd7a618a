"""Exact counts between the bounds, over width, over depth, and of one layer."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.bounds_and_counts.study import NARROW_DIM, Result, Shape
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, MUTED, PALETTE, axis_labels
from regions import bounds

LOWER, UPPER = PALETTE[:2]


def _raghu(d: int, widths: Shape) -> int:
    """The order of growth of Raghu et al., for equal widths."""
    return bounds.raghu_2017_growth(d, widths[0], len(widths))


def _arora(d: int, widths: Shape) -> int:
    """Pieces of the construction of Arora et al. with such a first layer."""
    if len(widths) == 1 or widths[0] < 2:
        raise ValueError(f"`widths` is {widths}: two layers are required.")
    return bounds.arora_2018_pieces(d, widths[0] // 2, widths[-1], len(widths) - 1)


LINES: tuple[tuple[str, Callable[[int, Shape], int], str, str | tuple], ...] = (
    ("Raghu 2017, order of growth", _raghu, MUTED, (0, (1, 2))),
    ("Montufar 2014, upper", bounds.montufar_2014_upper_bound, UPPER, ":"),
    ("Montufar 2017, upper", bounds.montufar_2017_upper_bound, UPPER, (0, (4, 2))),
    ("Serra 2018, Hinz 2018, upper", bounds.serra_2018_upper_bound, UPPER, "-"),
    ("Serra 2018, built", bounds.serra_2018_lower_bound, LOWER, "-"),
    ("Montufar 2014, built", bounds.montufar_2014_lower_bound, LOWER, (0, (4, 2))),
    ("Arora 2018, built", _arora, LOWER, (0, (6, 2, 1, 2))),
    ("Pascanu 2013, built", bounds.pascanu_2013_lower_bound, LOWER, ":"),
)
"""Upper bounds, which every network obeys, then what some network of the shape has."""


def draw(result: Result) -> Figure:
    """Four panels and one legend of the bounds."""
    drawing = Figure(figsize=(11.0, 9.2), layout="constrained")
    (left, middle), (narrow, right) = drawing.subplots(2, 2)
    config = result.config
    _panel(left, result.counts, 2, config.by_width, [w[0] for w in config.by_width])
    axis_labels(
        left,
        "Two hidden layers of n units, plane",
        "n",
        "activation regions",
    )
    depths = [len(w) for w in config.by_depth]
    _panel(middle, result.counts, 2, config.by_depth, depths)
    width = config.by_depth[0][0]
    axis_labels(middle, f"Hidden layers of {width} units, plane", "hidden layers", "")
    places = [w[0] for w in config.narrow]
    _panel(narrow, result.narrow, NARROW_DIM, config.narrow, places)
    axis_labels(
        narrow,
        f"Two hidden layers of n units, {NARROW_DIM} inputs",
        "n",
        "activation regions",
    )
    _shallow(right, result)
    handles, labels = left.get_legend_handles_labels()
    drawing.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
    )
    return drawing


def _panel(
    axes: Axes,
    counts: Mapping[Shape, np.ndarray],
    dim: int,
    shapes: Sequence[Shape],
    places: Sequence[int],
) -> None:
    """Bounds as lines where they hold, exact counts as marks."""
    for label, bound, color, style in LINES:
        found = [_value(bound, dim, w) for w in shapes]
        axes.plot(
            places, found, color=color, linestyle=style, linewidth=1.3, label=label
        )
    typical = [float(bounds.hanin_rolnick_2019_count(sum(w), dim)) for w in shapes]
    axes.plot(places, typical, color=MUTED, linewidth=1.0, label="$N^d/d!$")
    for k, (place, widths) in enumerate(zip(places, shapes, strict=True)):
        values = counts[widths]
        axes.scatter(
            np.full(len(values), place),
            values,
            s=13,
            color=INK,
            alpha=0.55,
            linewidths=0,
            zorder=3,
            label=None if k else "exact counts of random networks",
        )
    axes.set_yscale("log")
    axes.set_xticks(places)


def _value(bound: Callable[[int, Shape], int], dim: int, widths: Shape) -> float:
    """A bound; NaN outside its hypothesis."""
    try:
        return float(bound(dim, widths))
    except ValueError:
        return float("nan")


def _shallow(axes: Axes, result: Result) -> None:
    """One hidden layer: formulas as lines, counts as marks."""
    dims = sorted({dim for _, dim in result.shallow})
    for style, dim in zip(SERIES, dims, strict=False):
        units = [n for n, d in result.shallow if d == dim]
        every = np.arange(1, max(units) + 1)
        axes.plot(
            every,
            [bounds.zaslavsky_count(int(n), dim) for n in every],
            color=style.color,
            linewidth=1.1,
        )
        axes.plot(
            every,
            [bounds.central_count(int(n), dim) for n in every],
            color=style.color,
            linewidth=1.1,
            linestyle=(0, (4, 2)),
        )
        for table, fill in ((result.shallow, style.color), (result.central, "white")):
            axes.plot(
                np.repeat(units, result.config.seeds),
                np.concatenate([table[n, dim] for n in units]),
                linestyle="none",
                marker=style.marker,
                markersize=5,
                color=style.color,
                markerfacecolor=fill,
                label=f"d = {dim}" if fill != "white" else None,
            )
    axes.set_yscale("log")
    axis_labels(
        axes,
        "One layer; open, dashed: without biases",
        "hidden units",
        "",
    )
    plain_legend(axes, title="lines: formulas", loc="lower right")
