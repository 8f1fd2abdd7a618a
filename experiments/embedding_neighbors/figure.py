"""Nearest neighbors before and after, their errors, and the ratios of all problems."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from experiments.embedding_neighbors.claims import ratios
from experiments.embedding_neighbors.study import HIGH, LOW, Result
from experiments.embedding_neighbors.surfaces import TITLES, draw_surface
from experiments.measures.read_outs import READ_OUTS
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, RED, axis_labels
from regions.grid.hash_grid import boundary_pixels

ERRORS = "Greys"
VIEW = 0.0
"""Share of a turn from which the figure shows the surfaces."""


def draw(result: Result) -> Figure:
    """Three surfaces, two maps of errors, and two panels of numbers."""
    drawing = Figure(figsize=(11.5, 13.4))
    for k, name in enumerate(TITLES):
        box = (k / 3, 0.73, 1 / 3, 0.25)
        draw_surface(drawing, box, result.drawn, name, VIEW)
    grid = drawing.add_gridspec(
        2,
        2,
        left=0.125,
        right=0.965,
        top=0.7,
        bottom=0.05,
        wspace=0.24,
        hspace=0.25,
        height_ratios=(1.18, 1.0),
    )
    top = grid[0, :].subgridspec(1, 3, width_ratios=(1.0, 1.0, 0.04), wspace=0.14)
    maps = [drawing.add_subplot(top[k]) for k in range(3)]
    _maps(drawing, maps, result)
    _ratios(drawing.add_subplot(grid[1, 0]), result)
    _layers(drawing.add_subplot(grid[1, 1]), result)
    return drawing


def _maps(drawing: Figure, axes: list[Axes], result: Result) -> None:
    """Errors on one scale, with the borders of the cells."""
    drawn = result.drawn
    largest = max(float(drawn[f"error_{n}"].max()) for n in ("before", "after"))
    extent = (LOW, HIGH, LOW, HIGH)
    picture = None
    for panel, name in zip(axes, ("before", "after"), strict=False):
        error = drawn[f"error_{name}"]
        picture = panel.imshow(
            error.T,
            origin="lower",
            extent=extent,
            cmap=ERRORS,
            vmin=0.0,
            vmax=largest,
            interpolation="nearest",
        )
        border = boundary_pixels(drawn[f"cells_{name}"])
        overlay = np.zeros((*border.T.shape, 4))
        overlay[border.T] = (0.0, 0.447, 0.698, 1.0)
        panel.imshow(overlay, origin="lower", extent=extent, interpolation="nearest")
        panel.plot(*drawn["points"].T, ".", color=RED, markersize=5)
        panel.set_title(
            f"{TITLES[name]}: largest error {error.max():.2f}",
            loc="left",
            fontsize=10,
            color=INK,
            family=FONT,
        )
        panel.tick_params(labelsize=8, colors=INK)
    assert picture is not None
    bar = drawing.colorbar(picture, cax=axes[2])
    bar.set_label("size of the error (blue: borders of cells)", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)


def _ratios(axes: Axes, result: Result) -> None:
    """Errors on the embedding over those on the inputs: every seed, and the median."""
    names = list(READ_OUTS)
    rows = len(result.measures)
    for i, values in enumerate(result.measures.values()):
        style = SERIES[i]
        for k, read_out in enumerate(names):
            found = ratios(values, read_out)[:, 0]
            found = found[np.isfinite(found)]
            place = len(names) - 1 - k + 0.3 - 0.6 * i / max(rows - 1, 1)
            axes.plot(
                found,
                np.full(len(found), place),
                ".",
                color=style.color,
                alpha=0.35,
                markersize=4,
                markeredgewidth=0.0,
            )
            axes.plot(
                np.median(found),
                place,
                style.marker,
                color=style.color,
                markersize=6,
            )
    axes.axvline(1.0, color=MUTED, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names[::-1])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axis_labels(
        axes,
        "Read-outs, all seeds and the median",
        "error in the embedding over that in the inputs",
        "",
    )


def _layers(axes: Axes, result: Result) -> None:
    """RMSE or error rate of the nearest neighbor by layer, over that of the inputs."""
    for style, (case, values) in zip(SERIES, result.measures.items(), strict=False):
        errors = values["errors"][:, :, 0, 0]
        found = np.median(errors / errors[:, :1], axis=0)
        axes.plot(
            np.linspace(0.0, 1.0, len(found)),
            found,
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            markersize=5,
            label=case,
        )
    axes.axhline(1.0, color=MUTED, linewidth=0.8)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0, 7.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axis_labels(
        axes,
        "Nearest neighbor by layer, median of seeds",
        "depth: inputs (0) to the last hidden layer (1)",
        "error over that in the inputs",
    )
    plain_legend(axes, "", "best")
