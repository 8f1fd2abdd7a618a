"""Partitions of true and random labels, and how points share the regions."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.memorization_index.study import Result
from experiments.plotting.curves import draw_bands, plain_legend
from experiments.plotting.style import BLUE, INK, RED, axis_labels, blank
from training.two_moons import moons_box


def draw(result: Result) -> Figure:
    """Two partitions and singletons above; sharing, regions and accuracy below."""
    drawing = Figure(figsize=(13.8, 8.0), layout="constrained")
    axes = np.ravel(drawing.subplots(2, 3))
    for k in (0, 1):
        _partition(axes[k], result, k)
    _singletons(axes[2], result)
    _wrong_and_right(axes[3], result)
    _counts(axes[4], result)
    _accuracies(axes[5], result)
    return drawing


def _shares(result: Result) -> np.ndarray:
    """Shares of random labels in percent."""
    return 100.0 * np.array(result.config.shares)


def _partition(axes: Axes, result: Result, end: int) -> None:
    """Regions of one network, and its points, those alone filled."""
    cells = PolyCollection(
        result.cells[end], facecolors="none", edgecolors=INK, linewidths=0.3, alpha=0.6
    )
    axes.add_collection(cells)
    inputs, labels = result.data[end].inputs, result.data[end].labels
    for k, (color, marker) in enumerate(((BLUE, "o"), (RED, "s"))):
        for alone in (False, True):
            x, y = inputs[(labels == k) & (result.alone[end] == alone)].T
            axes.plot(
                x,
                y,
                marker,
                markersize=4.5,
                markerfacecolor=color if alone else "white",
                markeredgecolor=color,
                markeredgewidth=0.8,
            )
    box = moons_box(result.config.margin)
    axes.set(
        xlim=(box.lower[0], box.upper[0]),
        ylim=(box.lower[1], box.upper[1]),
        aspect="equal",
    )
    share = _shares(result)[0 if end == 0 else -1]
    count = len(result.cells[end])
    blank(axes, f"{share:.0f} % random labels: {count:,} regions")
    handles = [
        Line2D([], [], linestyle="", marker="o", color=INK, markerfacecolor=fill)
        for fill in (INK, "white")
    ]
    axes.legend(
        handles,
        ["alone in its region", "not alone"],
        loc="upper right",
        fontsize=8,
        framealpha=0.9,
        edgecolor="none",
        labelcolor=INK,
    )


def _singletons(axes: Axes, result: Result) -> None:
    """Share of the occupied regions with one point, over the shares, by epoch."""
    values = 100.0 * result.numbers["singletons"]
    curves = {f"{e:,}": values[:, k] for k, e in enumerate(result.epochs)}
    draw_bands(axes, _shares(result), curves)
    axis_labels(
        axes,
        "Occupied regions with one training point",
        "% of the labels random",
        "% of the occupied regions",
    )
    plain_legend(axes, "updates", "upper right", ncols=3)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.3 * (high - low))


def _wrong_and_right(axes: Axes, result: Result) -> None:
    """Share of points alone, by whether their label is wrong."""
    found = [100.0 * result.numbers[f"alone_{k}"][:, -1] for k in ("wrong", "right")]
    finite = np.isfinite(found[0]).all(axis=1) & np.isfinite(found[1]).all(axis=1)
    if finite.any():
        curves = {"wrong label": found[0][finite], "true label": found[1][finite]}
        draw_bands(axes, _shares(result)[finite], curves)
        axes.set_ylim(0.0, 105.0)
        plain_legend(axes, "", "lower left")
    axis_labels(
        axes,
        "Points alone in their region, at the end",
        "% of the labels random",
        "% of the points of a kind",
    )


def _counts(axes: Axes, result: Result) -> None:
    """Exact regions in the box, and those that hold a point."""
    curves = {
        "regions in the box, exact": result.numbers["regions"][:, -1],
        "regions with a training point": result.numbers["occupied"][:, -1],
    }
    draw_bands(axes, _shares(result), curves)
    axes.set_ylim(bottom=0.0)
    axis_labels(axes, "Regions, at the end", "% of the labels random", "regions")
    plain_legend(axes, "", "center right")


def _accuracies(axes: Axes, result: Result) -> None:
    """What was learned and what generalizes."""
    curves = {
        "labels given": 100.0 * result.numbers["fitted"][:, -1],
        "test points, true labels": 100.0 * result.numbers["tested"][:, -1],
    }
    draw_bands(axes, _shares(result), curves)
    axes.set_ylim(0.0, 103.0)
    axis_labels(axes, "Accuracy, at the end", "% of the labels random", "%")
    plain_legend(axes, "", "lower left")
