"""Average degrees, diameters and degree counts of adjacency graphs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.adjacency_graphs import Result, family
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels

NAMES = ("input dimension d", "units per layer", "hidden layers")


def figure(result: Result) -> Figure:
    """A column for dimension, width and depth, and one of degrees and data regions."""
    drawing = Figure(figsize=(12.0, 6.2), layout="constrained")
    panels = drawing.subplots(2, 4)
    for varies in range(3):
        _degrees(panels[0, varies], result, varies)
        _diameters(panels[1, varies], result, varies)
    _histogram(panels[0, 3], result)
    _data(panels[1, 3], result)
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
    rows = family(result.config, 0)
    shades = np.linspace(0.25, 1.0, len(rows))
    for k, shade in zip(rows, shades, strict=True):
        counts = result.histogram[k]
        dim = result.config.shapes[k][0]
        (line,) = axes.plot(
            counts / counts.sum(), color=BLUE, alpha=shade, label=f"d = {dim}"
        )
        axes.plot(2 * dim, 0.0, "^", color=line.get_color(), alpha=shade, clip_on=False)
    axes.set_ylim(bottom=0.0)
    axis_labels(axes, "Degrees (triangles: 2d)", "facets per region", "share")
    axes.legend(frameon=False, prop={"size": 8, "family": FONT}, labelcolor=INK)


def _data(axes: Axes, result: Result) -> None:
    """Mean degree of the regions with data over that of the rest."""
    share = result.column("degree_with_data") / result.column("degree_without_data")
    names = ["-".join(map(str, shape)) for shape in result.config.shapes]
    for k, values in enumerate(share):
        kept = values[np.isfinite(values)]
        axes.scatter(
            kept, np.full(len(kept), k), s=9, color=RED, alpha=0.3, linewidths=0
        )
        if len(kept):
            axes.plot(np.median(kept), k, "o", color=RED, markersize=4)
    axes.axvline(1.0, color=MUTED, linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axis_labels(
        axes,
        "Regions with data against the rest",
        "ratio of the mean degrees",
        "inputs-width-layers",
    )
