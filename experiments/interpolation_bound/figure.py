"""Errors under their bounds, distances and errors by dimension, and embeddings."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from experiments.interpolation_bound.on_cube import METHODS
from experiments.interpolation_bound.study import Result
from experiments.plotting.curves import SERIES, draw_bands, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels

PARTS = {
    "gamma": "change of slope",
    "nearest": "distance to nearest",
    "longest": "longest edge",
    "least": "least singular value",
    "mean_square": "mean squared distance",
    "bound": "mean bound",
    "error": "RMSE of Delaunay",
}
"""Parts of the bounds, in the order of the panel."""


def draw(result: Result) -> Figure:
    """Six panels."""
    drawing = Figure(figsize=(12.5, 7.6), layout="constrained")
    panels = drawing.subplots(2, 3)
    _scatter(panels[0, 0], result)
    _shares(panels[0, 1], result)
    _embedding(panels[0, 2], result)
    _distances(panels[1, 0], result)
    spare = [panels[1, 1], panels[1, 2]]
    for axes, (dim, values) in zip(spare, result.dims.items(), strict=False):
        _errors(axes, dim, values)
    for axes in spare[len(result.dims) :]:
        axes.set_axis_off()
    return drawing


def _scatter(axes: Axes, result: Result) -> None:
    """Errors of one set against both bounds."""
    shown = result.shown
    names = {"edge": "edge bound", "mean": "mean bound"}
    for style, (key, label) in zip(SERIES, names.items(), strict=False):
        axes.plot(
            shown[key],
            np.maximum(shown["error"], 1e-6),
            ".",
            color=style.color,
            markersize=2.5,
            alpha=0.5,
            markeredgewidth=0.0,
        )
        axes.plot([], [], "o", color=style.color, markersize=4, label=label)
    ends = (1e-4, 1e3)
    axes.plot(ends, ends, color=INK, linewidth=0.9, label="error = bound")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=(1e-6, 10.0))
    size = int(shown["size"])
    axis_labels(
        axes, f"cos(||x||) from {size} points, one set", "bound", "size of the error"
    )
    plain_legend(axes, "", "lower right")


def _shares(axes: Axes, result: Result) -> None:
    """How much of the bounds the largest error reaches."""
    curves = {}
    words = {"cosine": "cos(||x||)", "wave": "wave"}
    for name, values in result.checks.items():
        curves[f"{words[name]}, edge bound"] = values["edge_share"]
        curves[f"{words[name]}, mean bound"] = values["mean_share"]
    draw_bands(axes, np.array(result.config.sizes), curves)
    axes.axhline(1.0, color=MUTED, linewidth=0.8)
    axes.set(xscale="log", ylim=(0.0, 1.18))
    _sizes(axes, result.config.sizes)
    axis_labels(
        axes, "Largest share of a bound that an error has", "points", "error / bound"
    )
    plain_legend(axes, "", "upper left", ncols=2)


def _embedding(axes: Axes, result: Result) -> None:
    """Parts of the bounds over the embedding, over those over the inputs."""
    for i, name in enumerate(PARTS):
        ratio = result.embedded[name][:, 1] / result.embedded[name][:, 0]
        place = len(PARTS) - 1 - i
        style = SERIES[0]
        axes.plot(
            ratio,
            np.full(len(ratio), place),
            ".",
            color=style.color,
            alpha=0.4,
            markeredgewidth=0.0,
        )
        axes.plot(np.median(ratio), place, style.marker, color=style.color)
    axes.axvline(1.0, color=MUTED, linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(PARTS)), list(PARTS.values())[::-1])
    axis_labels(
        axes, "Last embedding (two components)", "value over that in the inputs", ""
    )


def _distances(axes: Axes, result: Result) -> None:
    """Distances by the number of points."""
    words = {"nearest": "nearest point", "longest": "longest edge"}
    k = 0
    for dim, values in result.dims.items():
        for name, word in words.items():
            style = SERIES[k]
            median = np.median(values[name], axis=1)
            axes.plot(
                values["sizes"],
                median,
                color=style.color,
                marker=style.marker,
                linestyle=style.line,
                markersize=4.5,
                label=f"d = {dim}, {word}",
            )
            k += 1
    axes.set(xscale="log", yscale="log")
    axes.yaxis.set_major_formatter("{x:g}")
    _sizes(axes, result.config.sizes)
    axis_labels(
        axes,
        "Distances in the unit cube, medians",
        "points",
        "distance",
    )
    plain_legend(axes, "", "lower left")


def _errors(axes: Axes, dim: int, values: dict[str, np.ndarray]) -> None:
    """RMSE of each method by the number of points; thin: from values with noise."""
    for k, (style, name) in enumerate(zip(SERIES, METHODS, strict=False)):
        for kind, width, label in (("errors", 1.5, name), ("noisy", 0.7, None)):
            errors = values[kind][:, :, k]
            has = np.isfinite(errors).all(axis=1)
            if not has.any() or (kind == "noisy" and name not in ("Delaunay", "MLP")):
                continue
            axes.plot(
                values["sizes"][has],
                np.median(errors[has], axis=1),
                color=style.color,
                marker=style.marker if label else "",
                linestyle=style.line,
                linewidth=width,
                markersize=4.5,
                label=label,
            )
            if label:
                low, high = errors[has].min(axis=1), errors[has].max(axis=1)
                axes.fill_between(
                    values["sizes"][has], low, high, color=style.color, alpha=0.1, lw=0
                )
    axes.set(xscale="log", yscale="log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    _sizes(axes, tuple(values["sizes"].tolist()))
    title = f"cos(||x||), d = {dim}; thin: with noise"
    axis_labels(axes, title, "points", "RMSE in the cube")
    plain_legend(axes, "", "best")


def _sizes(axes: Axes, sizes: tuple[int, ...]) -> None:
    """Ticks at the numbers of points."""
    axes.set_xticks(list(sizes), [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
