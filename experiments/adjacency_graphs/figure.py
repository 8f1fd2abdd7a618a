"""Average degrees, diameters and degree counts of adjacency graphs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.adjacency_graphs.study import Result, family
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels

NAMES = ("input dimension d", "units per layer", "hidden layers")


def draw(result: Result) -> Figure:
    """A column for dimension, width and depth each, and two of all architectures."""
    drawing = Figure(figsize=(15.0, 6.2), layout="constrained")
    panels = drawing.subplots(2, 5)
    for varies in range(3):
        _degrees(panels[0, varies], result, varies)
        _diameters(panels[1, varies], result, varies)
    _histogram(panels[0, 3], result)
    dims = np.array([shape[0] for shape in result.config.shapes])[:, None]
    units = np.array([w * depth for _, w, depth in result.config.shapes])[:, None]
    degree, diameter = result.column("mean_degree"), result.column("diameter")
    _all(panels[0, 4], result, degree / (2.0 * dims))
    axis_labels(panels[0, 4], "Average degree", "regions", "share of 2d")
    _all(panels[1, 3], result, diameter / units)
    axis_labels(panels[1, 3], "Diameter", "regions", "share of the number of units")
    with_data, rest = (
        result.column(name) for name in ("degree_with_data", "degree_without_data")
    )
    _all(panels[1, 4], result, with_data / rest)
    axis_labels(
        panels[1, 4],
        "Regions with data against the rest",
        "regions",
        "ratio of the mean degrees",
    )
    return drawing


def _points(
    axes: Axes, result: Result, varies: int, values: np.ndarray, color: str
) -> list[int]:
    """A dot for every graph of a family, and the medians; the numbers that vary."""
    rows = family(result.config, varies)
    numbers = [result.config.shapes[k][varies] for k in rows]
    places = np.arange(len(rows), dtype=float)
    at = np.repeat(places, values.shape[1])
    axes.scatter(at, values[rows].ravel(), s=9, color=color, alpha=0.3, linewidths=0)
    axes.plot(places, np.median(values[rows], axis=1), "o-", color=color, markersize=4)
    axes.set_xticks(places, [str(n) for n in numbers])
    axes.set_xlim(-0.4, max(len(rows) - 0.6, 0.4))
    return rows


def _degrees(axes: Axes, result: Result, varies: int) -> None:
    """Average degree and twice the dimension."""
    rows = _points(axes, result, varies, result.column("mean_degree"), RED)
    bound = [2.0 * result.config.shapes[k][0] for k in rows]
    axes.plot(range(len(rows)), bound, "--", color=INK, linewidth=1.0, label="2d")
    axes.set_ylim(0.0, 1.12 * max(bound))
    axis_labels(axes, "Average degree", NAMES[varies], "facets per region")
    axes.legend(frameon=False, prop={"size": 8, "family": FONT}, labelcolor=INK)


def _diameters(axes: Axes, result: Result, varies: int) -> None:
    """Diameters, and the number of units: the diameter of one layer in the space."""
    rows = _points(axes, result, varies, result.column("diameter"), BLUE)
    units = [result.config.shapes[k][1] * result.config.shapes[k][2] for k in rows]
    axes.plot(
        range(len(rows)), units, ":", color=INK, linewidth=1.0, label="number of units"
    )
    axes.set_ylim(bottom=0.0)
    axis_labels(axes, "Diameter", NAMES[varies], "facets crossed")
    axes.legend(frameon=False, prop={"size": 8, "family": FONT}, labelcolor=INK)


def _histogram(axes: Axes, result: Result) -> None:
    """Shares of degrees, by dimension."""
    for style, k in zip(SERIES, family(result.config, 0), strict=False):
        counts = np.trim_zeros(result.histogram[k], "b")
        dim = result.config.shapes[k][0]
        axes.plot(
            counts / counts.sum(),
            color=style.color,
            linestyle=style.line,
            label=f"d = {dim}",
        )
        axes.plot(2 * dim, 0.0, "^", color=style.color, clip_on=False)
    axes.set_ylim(bottom=0.0)
    axis_labels(axes, "Degrees (triangles: 2d)", "facets per region", "share")
    axes.legend(frameon=False, prop={"size": 8, "family": FONT}, labelcolor=INK)


def _all(axes: Axes, result: Result, values: np.ndarray) -> None:
    """Medians of all architectures over their numbers of regions, by dimension."""
    counts = np.median(result.column("regions"), axis=1)
    known = np.isfinite(values).any(axis=1)
    medians = np.full(len(values), np.nan)
    medians[known] = np.nanmedian(values[known], axis=1)
    dims = np.array([shape[0] for shape in result.config.shapes])
    for style, dim in zip(SERIES, np.unique(dims), strict=False):
        axes.scatter(
            counts[dims == dim],
            medians[dims == dim],
            s=16,
            color=style.color,
            marker=style.marker,
            linewidths=0,
            label=f"d = {dim}",
        )
    axes.axhline(1.0, color=MUTED, linewidth=0.8)
    axes.set_xscale("log")
    plain_legend(axes, title="", loc="best")
