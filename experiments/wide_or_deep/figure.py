"""Counts over units, and regions, losses and partitions of wide and deep networks."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels, blank
from experiments.wide_or_deep.equal_parameters import count_parameters
from experiments.wide_or_deep.study import Result, widths_of
from regions.bounds import hanin_rolnick_2019_count


def draw(result: Result) -> Figure:
    """Above, random networks and regions by depth; below, losses and partitions."""
    drawing = Figure(figsize=(11.4, 7.0), layout="constrained")
    (counts, ratios, regions), (losses, wide, deep) = drawing.subplots(2, 3)
    _counts(counts, result)
    _ratios(ratios, result)
    _regions(regions, result)
    _losses(losses, result)
    depths = (result.config.depths[0], result.config.depths[-1])
    for axes, depth, polygons in zip(
        (wide, deep), depths, result.partitions, strict=True
    ):
        _partition(axes, result, depth, polygons)
    return drawing


def _by_layers(result: Result, dim: int, layers: int) -> tuple[np.ndarray, np.ndarray]:
    """Units, and counts of (units, seeds)."""
    units = dict(result.config.units)[dim]
    return np.array(units), np.array([result.random[dim, n, layers] for n in units])


def _counts(axes: Axes, result: Result) -> None:
    """Regions over units on two logarithmic axes."""
    for dim, units in result.config.units:
        for style, layers in zip(SERIES, result.config.stacks, strict=False):
            _, counts = _by_layers(result, dim, layers)
            label = f"{layers} layer{'s' * (layers > 1)}"
            axes.plot(
                units,
                np.median(counts, axis=1),
                color=style.color,
                marker=style.marker,
                linestyle="none",
                markersize=4.5,
                label=label if dim == result.config.units[0][0] else None,
            )
        law = [float(hanin_rolnick_2019_count(n, dim)) for n in units]
        axes.plot(units, law, color=MUTED, linewidth=1.0, zorder=0)
        axes.annotate(
            f"d = {dim}",
            (units[-1], law[-1]),
            xytext=(-4, 6),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=INK,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    _units_axis(axes, result)
    axis_labels(
        axes, "Random networks (lines: N^d / d!)", "units N", "regions of the space"
    )
    plain_legend(axes, "", "upper left")


def _ratios(axes: Axes, result: Result) -> None:
    """Regions over N^d / d! in the first dimension."""
    dim = result.config.units[0][0]
    for style, layers in zip(SERIES, result.config.stacks, strict=False):
        units, counts = _by_layers(result, dim, layers)
        law = np.array([float(hanin_rolnick_2019_count(int(n), dim)) for n in units])
        label = f"{layers} layer{'s' * (layers > 1)}"
        draw_band(axes, units, counts / law[:, None], label, style)
    axes.axhline(1.0, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0.0)
    _units_axis(axes, result)
    title = f"Quality of N^d / d!, d = {dim}"
    axis_labels(axes, title, "units N", "regions over N^d / d!")
    plain_legend(axes, "", "lower right")


def _units_axis(axes: Axes, result: Result) -> None:
    """Numbers of units as plain numbers."""
    sizes = sorted({n for _, units in result.config.units for n in units})
    axes.set_xticks(sizes)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _regions(axes: Axes, result: Result) -> None:
    """Regions per parameter, before and after training."""
    depths = np.array(result.config.depths)
    parameters = np.array(
        [count_parameters(widths_of(result.config, int(d)), 2) for d in depths]
    )
    for style, when in zip(SERIES, ("before", "after"), strict=False):
        counts = np.array([result.trained[int(d)][when] for d in depths])
        label = f"{when} training"
        draw_band(axes, depths, counts / parameters[:, None], label, style)
    axes.set_yscale("log")
    _depth_axis(axes, result)
    axis_labels(
        axes,
        f"Unit square, {result.config.budget:,} parameters",
        "layers x units",
        "regions per parameter",
    )
    plain_legend(axes, "", "best")


def _losses(axes: Axes, result: Result) -> None:
    """Losses on the training pixels and on others."""
    depths = np.array(result.config.depths)
    for style, (name, label) in zip(
        SERIES, (("train", "training pixels"), ("test", "other pixels")), strict=False
    ):
        values = np.array([result.trained[int(d)][name] for d in depths])
        draw_band(axes, depths, values, label, style)
    axes.set_yscale("log")
    _depth_axis(axes, result)
    axis_labels(axes, "The disc, learned", "layers x units", "mean squared error")
    plain_legend(axes, "", "best")


def _depth_axis(axes: Axes, result: Result) -> None:
    """Depths with their widths below."""
    names = [
        f"{depth}\nx{widths_of(result.config, depth)[0]}"
        for depth in result.config.depths
    ]
    axes.set_xticks(list(result.config.depths), names)


def _partition(
    axes: Axes, result: Result, depth: int, polygons: list[np.ndarray]
) -> None:
    """Regions of the unit square after training."""
    axes.add_collection(
        PolyCollection(polygons, facecolors="white", edgecolors=INK, linewidths=0.3)
    )
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal")
    width = widths_of(result.config, depth)[0]
    layers = f"{depth} layer{'s' * (depth > 1)}"
    blank(axes, f"{layers} of {width}: {len(polygons):,} regions")
