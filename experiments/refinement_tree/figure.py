"""Nested partitions layer by layer, their tree, factors, pieces and bounds."""

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import INK, MUTED, RED, axis_labels, blank
from experiments.refinement_tree.study import Result
from regions.partition.class_polygons import area


def draw(result: Result) -> Figure:
    """Above, a map for each layer; below, the tree and three diagrams."""
    depth = len(result.levels)
    drawing = Figure(figsize=(13.0, 6.9), layout="constrained")
    grid = drawing.add_gridspec(2, 4 * depth, height_ratios=(1.0, 1.05))
    for k in range(depth):
        _map(drawing.add_subplot(grid[0, 4 * k : 4 * k + 4]), result, k)
    tree, factors, pieces, bounds = (
        drawing.add_subplot(grid[1, depth * k : depth * (k + 1)]) for k in range(4)
    )
    _tree(tree, result)
    _factors(factors, result)
    _pieces(pieces, result)
    _bounds(bounds, result)
    return drawing


def _map(axes: Axes, result: Result, level: int) -> None:
    """Regions of the first layers; what the last of them adds is red."""
    added = PolyCollection(
        result.levels[level], facecolors="white", edgecolors=RED, linewidths=0.7
    )
    axes.add_collection(added)
    if level:
        axes.add_collection(
            PolyCollection(
                result.levels[level - 1],
                facecolors="none",
                edgecolors=INK,
                linewidths=0.9,
            )
        )
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal")
    layers = "layer 1" if level == 0 else f"layers 1 to {level + 1}"
    blank(axes, f"{layers}: {len(result.levels[level]):,} regions")


def tree_order(
    parents: list[Int64[np.ndarray, " _"]],
) -> list[Int64[np.ndarray, " _"]]:
    """Places of the regions of each level, children in the order of their parents."""
    places: list[np.ndarray] = []
    for level in parents:
        above = places[-1][level] if places else level
        order = np.argsort(above, kind="stable")
        place = np.empty(len(level), np.int64)
        place[order] = np.arange(len(level))
        places.append(place)
    return places


def _tree(axes: Axes, result: Result) -> None:
    """The tree as rows of boxes as wide as the areas, each below its parent."""
    for level, (polygons, places) in enumerate(
        zip(result.levels, tree_order(result.parents), strict=True)
    ):
        widths = np.empty(len(polygons))
        widths[places] = [area(polygon) for polygon in polygons]
        _strip(axes, widths, level)
    axes.set(xlim=(0.0, 1.0), ylim=(len(result.levels), 0.0))
    axes.set_yticks(
        np.arange(len(result.levels)) + 0.5,
        [str(k + 1) for k in range(len(result.levels))],
    )
    axis_labels(
        axes, "The tree: parts below their region", "share of the area", "layer"
    )


def _strip(axes: Axes, widths: Float64[np.ndarray, " regions"], row: int) -> None:
    """One level as boxes side by side, in two grays."""
    starts = np.concatenate([[0.0], np.cumsum(widths)[:-1]])
    axes.bar(
        starts,
        0.92,
        widths,
        bottom=row + 0.04,
        align="edge",
        color=["#d9d9d9" if k % 2 else "#8c8c8c" for k in range(len(widths))],
        linewidth=0.0,
    )


def _factors(axes: Axes, result: Result) -> None:
    """By how much each layer multiplies the regions."""
    _curves(axes, _by_layer(result, "factors"))
    depth = max(len(s.widths) for s in result.config.settings)
    layers = np.arange(2, depth + 1)
    axes.plot(
        layers,
        (layers / (layers - 1.0)) ** 2,
        color=MUTED,
        linewidth=1.0,
        linestyle="--",
    )
    axes.set_xticks(layers)
    axis_labels(axes, "Factor (dashed: of N^2)", "layer", "regions after over before")


def _pieces(axes: Axes, result: Result) -> None:
    """Regions that a unit's crease passes through."""
    _curves(axes, _by_layer(result, "pieces"))
    axes.set_ylim(bottom=0.0)
    axes.set_xticks(range(1, max(len(s.widths) for s in result.config.settings) + 1))
    axis_labels(axes, "Pieces of a crease", "layer", "regions passed, mean of a layer")


def _bounds(axes: Axes, result: Result) -> None:
    """Regions over the upper bound of as many layers."""
    _curves(axes, _by_layer(result, "share"))
    axes.axhline(1.0, color=MUTED, linewidth=1.0, linestyle="--")
    axes.set_yscale("log")
    axes.set_xticks(range(1, max(len(s.widths) for s in result.config.settings) + 1))
    axis_labels(axes, "Share of the upper bound", "layer", "regions over the bound")
    plain_legend(axes, "network", "lower left")


def _by_layer(
    result: Result, kind: str
) -> dict[str, tuple[np.ndarray, Float64[np.ndarray, "layers seeds"]]]:
    """Layers, and a number of each layer and seed, by setting."""
    found = {}
    for setting in result.config.settings:
        values = result.measures[setting.name]
        counts = values["counts"].astype(float)
        layers = np.arange(1, counts.shape[1] + 1)
        if kind == "factors":
            found[setting.name] = (layers[1:], (counts[:, 1:] / counts[:, :-1]).T)
        elif kind == "pieces":
            found[setting.name] = (layers, values["pieces"].mean(axis=2).T)
        else:
            bounds = np.array(setting.upper_bounds(), float)
            found[setting.name] = (layers, (counts / bounds).T)
    return found


def _curves(
    axes: Axes,
    curves: dict[str, tuple[np.ndarray, Float64[np.ndarray, "layers seeds"]]],
) -> None:
    """One curve a setting."""
    for style, (name, (layers, values)) in zip(SERIES, curves.items(), strict=False):
        draw_band(axes, layers, values, name, style)
