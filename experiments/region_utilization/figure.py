"""Possible, existing and occupied codes of five units, and of larger networks."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import BLUE, INK, MUTED, RED, axis_labels
from experiments.region_utilization.claims import layers_text
from experiments.region_utilization.study import Result
from regions.bounds import hanin_rolnick_2019_count

CODES = 32
SEVEN = 7


def draw(result: Result) -> Figure:
    """Settings of five units at the left; maxima, clusters and larger networks."""
    drawing = Figure(figsize=(12.8, 7.8), layout="constrained")
    grid = drawing.add_gridspec(2, 3, width_ratios=(1.25, 1.0, 1.0))
    _settings(drawing.add_subplot(grid[:, 0]), result)
    _maxima(drawing.add_subplot(grid[0, 1]), result)
    _clusters(drawing.add_subplot(grid[0, 2]), result)
    _larger(drawing.add_subplot(grid[1, 1]), result)
    _shares(drawing.add_subplot(grid[1, 2]), result)
    return drawing


def _settings(axes: Axes, result: Result) -> None:
    """Occupied codes and regions of the box, a row a setting."""
    names = list(result.five)
    for row, name in enumerate(names):
        values = result.five[name]
        for counts, shift, color in (
            (values["exact"], -0.17, MUTED),
            (values["occupied"], 0.17, RED),
        ):
            spread = row + shift + np.linspace(-0.1, 0.1, len(counts))
            axes.plot(counts, spread, "o", color=color, markersize=2.8, alpha=0.6)
            middle = float(np.median(counts))
            ends = [row + shift - 0.16, row + shift + 0.16]
            axes.plot([middle, middle], ends, color=color, linewidth=2.0)
        bound = int(values["bound"][0])
        axes.plot([bound] * 2, [row - 0.4, row + 0.4], color=INK, linewidth=1.0)
    axes.axvline(SEVEN, color=BLUE, linewidth=1.0, linestyle="--")
    axes.plot([], [], "o", color=RED, markersize=4, label="hold data")
    axes.plot([], [], "o", color=MUTED, markersize=4, label="regions of the box")
    axes.plot([], [], color=INK, linewidth=1.0, label="geometry's maximum")
    axes.plot([], [], color=BLUE, linewidth=1.0, linestyle="--", label="seven")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -2.6)
    axes.set_xlim(0, CODES + 1)
    axis_labels(axes, f"Five units, {CODES} possible codes", "codes", "")
    plain_legend(axes, "", "upper right", ncols=2)


def _maxima(axes: Axes, result: Result) -> None:
    """Regions of the whole space by dimension."""
    dims = np.arange(1, len(result.whole) + 1)
    for column, (name, style) in enumerate(
        zip(("with biases", "without"), SERIES, strict=False)
    ):
        draw_band(axes, dims, result.whole[:, column].astype(float), name, style)
        for dim, count in zip(dims, result.whole[:, column, 0], strict=True):
            below = 7 if column == 0 else -13
            axes.annotate(
                str(int(count)),
                (float(dim), float(count)),
                xytext=(0, below),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=style.color,
            )
    axes.axhline(CODES, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_xticks(dims)
    axes.set_ylim(-3, CODES + 5)
    axis_labels(axes, "Regions of the whole space, exact", "input dimension", "regions")
    plain_legend(axes, "", "lower right")


def _clusters(axes: Axes, result: Result) -> None:
    """Occupied codes of random networks, by the number of clusters."""
    clusters = np.array(result.config.swept)
    for dim, counts, style in zip(
        result.config.swept_dims, result.swept, SERIES, strict=False
    ):
        low, middle, high = np.quantile(counts, [0.1, 0.5, 0.9], axis=1)
        axes.plot(
            clusters,
            middle,
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            markersize=4,
            label=f"d = {dim}",
        )
        axes.fill_between(clusters, low, high, color=style.color, alpha=0.12, lw=0)
    axes.plot(clusters, clusters, color=MUTED, linewidth=0.8, linestyle=":")
    axes.axhline(SEVEN, color=BLUE, linewidth=1.0, linestyle="--")
    axes.set_ylim(0, 24)
    axis_labels(
        axes,
        "Random units on clusters (band: 80 %)",
        "clusters of data (dotted: as many codes)",
        "codes that hold data",
    )
    plain_legend(axes, "", "upper left", ncols=3)


def _larger(axes: Axes, result: Result) -> None:
    """Exact counts of the box over N^d / d!."""
    for style, ((dim, depth), rows) in zip(
        SERIES, _by_kind(result).items(), strict=False
    ):
        units = np.array(list(rows))
        law = np.array([float(hanin_rolnick_2019_count(n, dim)) for n in rows])
        ratio = np.array([rows[n]["exact"] for n in units.tolist()]) / law[:, None]
        draw_band(axes, units, ratio, f"d = {dim}, {layers_text(depth)}", style)
    axes.axhline(1.0, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_ylim(bottom=0.0)
    _units_axis(axes, result)
    axis_labels(
        axes, "Regions of the box, random networks", "units N", "regions over N^d / d!"
    )


def _shares(axes: Axes, result: Result) -> None:
    """Share of the regions that hold data."""
    for style, ((dim, depth), rows) in zip(
        SERIES, _by_kind(result).items(), strict=False
    ):
        units = np.array(sorted(rows))
        share = np.array(
            [rows[n]["occupied"] / rows[n]["exact"] for n in units.tolist()]
        )
        draw_band(axes, units, 100.0 * share, f"d = {dim}, {layers_text(depth)}", style)
    axes.set_ylim(0.0, 100.0)
    _units_axis(axes, result)
    title = f"Regions that hold one of {result.config.points:,} points"
    axis_labels(axes, title, "units N", "% of the regions")
    plain_legend(axes, "", "upper right")


def _units_axis(axes: Axes, result: Result) -> None:
    """Numbers of units on a logarithmic axis, as plain numbers."""
    sizes = sorted({n for _, units in result.config.sizes for n in units})
    axes.set_xscale("log")
    axes.set_xticks(sizes)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _by_kind(
    result: Result,
) -> dict[tuple[int, int], dict[int, dict[str, np.ndarray]]]:
    """Numbers by (dimension, layers), then by units."""
    kinds: dict[tuple[int, int], dict[int, dict[str, np.ndarray]]] = {}
    for (dim, units, depth), values in result.larger.items():
        kinds.setdefault((dim, depth), {})[units] = values
    return kinds
