"""Points and features of toy models, random labels, linear embeddings."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from experiments.memorized_or_generalized.study import Result
from experiments.plotting.curves import SERIES, draw_bands, plain_legend
from experiments.plotting.style import BLUE, MUTED, RED, axis_labels, blank

SHOWN = 200
"""Hidden states drawn, at most."""


def draw(result: Result) -> Figure:
    """A row of hidden planes, and two rows of panels."""
    drawing = Figure(figsize=(11.5, 12.0), layout="constrained")
    parts = drawing.subfigures(2, 1, height_ratios=[0.72, 2.0], squeeze=False)[:, 0]
    _planes(parts[0], result)
    panels = parts[1].subplots(3, 2)
    _losses(panels[0, 0], result)
    _dimensions(panels[0, 1], result)
    _alone(panels[1, 0], result)
    _complexity(panels[1, 1], result)
    _sharpness(panels[2, 0], result)
    _linear(panels[2, 1], result)
    return drawing


def _planes(figure, result: Result) -> None:
    """Hidden states and features of the first seed at some sizes."""
    sizes = result.config.sizes
    chosen = sorted({0, len(sizes) // 4, len(sizes) // 2, 3 * len(sizes) // 4})
    chosen = [*chosen, len(sizes) - 1][:5]
    rows = figure.subplots(2, len(chosen), squeeze=False)
    for k, i in enumerate(chosen):
        states = result.toy["states"][i][:, : min(sizes[i], SHOWN)]
        for axes, vectors, color in (
            (rows[0, k], states, BLUE),
            (rows[1, k], result.toy["W"][i], RED),
        ):
            for x, y in vectors.T:
                axes.plot([0.0, x], [0.0, y], color=color, linewidth=0.5, alpha=0.4)
            axes.plot(vectors[0], vectors[1], ".", color=color, markersize=3)
            reach = 1.1 * max(float(np.abs(vectors).max()), 1e-9)
            axes.set_xlim(-reach, reach)
            axes.set_ylim(-reach, reach)
            axes.set_aspect("equal")
        blank(rows[0, k], f"{sizes[i]:,} points: states")
        blank(rows[1, k], "features")


def _size_axis(axes: Axes, places: tuple[int, ...]) -> None:
    """A logarithmic axis with ticks at every other place."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(p) for p in places[::2]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{p:,}" for p in places[::2]])


def _losses(axes: Axes, result: Result) -> None:
    """Losses over the number of points."""
    curves = {
        "training points": result.toy["train"],
        "fresh points": result.toy["test"],
    }
    draw_bands(axes, np.array(result.config.sizes), curves)
    axes.axhline(
        float(result.toy["zero"].mean()),
        color=MUTED,
        linewidth=0.8,
        linestyle=(0, (2, 2)),
        label="output 0",
    )
    _size_axis(axes, result.config.sizes)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.03)
    plain_legend(axes, "", "lower right")
    axis_labels(axes, "Toy models: loss", "training points T", "loss")


def _dimensions(axes: Axes, result: Result) -> None:
    """Shares of a dimension over the number of points."""
    sizes = np.array(result.config.sizes)
    curves = {
        "points": result.toy["points"],
        "features": result.toy["features"],
    }
    draw_bands(axes, sizes, curves)
    axes.plot(sizes, 2.0 / sizes, color=MUTED, linewidth=0.8, label="2 / T")
    _size_axis(axes, result.config.sizes)
    axes.set_yscale("log")
    plain_legend(axes, "", "lower left")
    axis_labels(
        axes,
        "Toy models: what has a dimension of its own",
        "training points T",
        "share of a dimension",
    )


def _alone(axes: Axes, result: Result) -> None:
    """Points alone in their region, and regions, over the share of random labels."""
    shares = np.array(result.config.shares)
    curves = {
        "points alone in their region": result.noise["alone"],
        "labels fitted": result.noise["fitted"],
    }
    draw_bands(axes, shares, curves)
    axes.set_ylim(0.0, 1.05)
    plain_legend(axes, "", "lower right")
    axis_labels(
        axes, "Ring with random labels", "share of random labels", "share of the points"
    )


def _complexity(axes: Axes, result: Result) -> None:
    """Kinks at training points and elsewhere, regions per point."""
    shares = np.array(result.config.shares)
    curves = {
        "kinks per length, at training points": result.noise["complexity_at"],
        "kinks per length, elsewhere": result.noise["complexity_elsewhere"],
        "regions per training point": result.noise["regions"],
    }
    draw_bands(axes, shares, curves)
    axes.set_yscale("log")
    plain_legend(axes, "", "best")
    axis_labels(
        axes, "Ring with random labels", "share of random labels", "density, or ratio"
    )


def _sharpness(axes: Axes, result: Result) -> None:
    """Sharpness and robustness over the share of random labels."""
    shares = np.array(result.config.shares)
    names = (
        ("sharpness", "top eigenvalue of the Hessian"),
        ("input_change", "change of output, noise on inputs"),
        ("embedding_change", "change of output, noise on last embedding"),
    )
    curves = {
        label: result.noise[name] / np.median(result.noise[name][0])
        for name, label in names
    }
    draw_bands(axes, shares, curves)
    axes.set_yscale("log")
    axes.set_ylim(top=25.0)
    plain_legend(axes, "", "upper left")
    axis_labels(
        axes,
        "Sharpness and robustness, over the median without random labels",
        "share of random labels",
        "ratio",
    )


def _linear(axes: Axes, result: Result) -> None:
    """R^2 of two principal components against the error, every network."""
    r2, error = result.linear["r2"], result.linear["error"]
    for i, size in enumerate(result.config.linear_sizes):
        for j, width in enumerate(result.config.linear_widths):
            axes.plot(
                error[i, j],
                r2[i, j],
                SERIES[j].marker,
                color=SERIES[i].color,
                markersize=4.5,
                alpha=0.7,
                fillstyle="full" if j == 0 else "none",
                label=f"{size:,} points, width {width}",
            )
    axes.set_xscale("log")
    # Room for the legend beside the points.
    axes.set_xlim(left=0.3 * float(error.min()))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    plain_legend(axes, "", "lower left")
    axis_labels(
        axes,
        "Disc: linearity of the last embedding",
        "error on the image",
        "R² on two principal components",
    )
