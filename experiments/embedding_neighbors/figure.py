"""Nearest neighbors before and after, their errors, and the ratios of all problems."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from experiments.embedding_neighbors.claims import MOST, ratios
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
        wspace=0.34,
        hspace=0.25,
        height_ratios=(1.18, 1.0),
    )
    top = grid[0, :].subgridspec(1, 3, width_ratios=(1.0, 1.0, 0.04), wspace=0.14)
    maps = [drawing.add_subplot(top[k]) for k in range(3)]
    _maps(drawing, maps, result)
    _ratios(drawing.add_subplot(grid[1, 0]), result)
    _own(drawing.add_subplot(grid[1, 1]), result)
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
    """Errors on the embedding over those on the inputs, by problem."""
    shown = ("nearest neighbor", "Shepard")
    curves = {
        read_out: [ratios(v, read_out)[:, 0] for v in result.measures.values()]
        for read_out in shown
    }
    _by_problem(axes, list(result.measures), curves)
    axis_labels(
        axes,
        "Is the embedding better than the inputs?",
        "error in the embedding over that in the inputs",
        "",
    )


def _own(axes: Axes, result: Result) -> None:
    """Errors in the embedding and of the network over the nearest neighbor's."""
    nearest, shepard = (
        list(READ_OUTS).index(n) for n in ("nearest neighbor", "Shepard")
    )
    curves: dict[str, list[np.ndarray]] = {
        "nearest neighbor in the embedding": [],
        "Shepard in the embedding": [],
        "the network itself": [],
    }
    for values in result.measures.values():
        errors = values["errors"][:, :, :, 0]
        base = np.maximum(errors[:, 0, nearest], 1e-9)
        rows = (errors[:, -1, nearest], errors[:, -1, shepard], values["network"][:, 0])
        for name, row in zip(curves, rows, strict=True):
            curves[name].append(np.clip(row / base, 1.0 / MOST, MOST))
    _by_problem(axes, list(result.measures), curves)
    axis_labels(
        axes,
        "And than the network itself?",
        "error over that of the nearest neighbor in the inputs",
        "",
    )


def _by_problem(
    axes: Axes, names: list[str], curves: dict[str, list[np.ndarray]]
) -> None:
    """A row for each problem: of each curve all seeds, and the median."""
    for i, (style, (label, rows)) in enumerate(
        zip(SERIES, curves.items(), strict=False)
    ):
        shift = 0.22 - 0.44 * i / max(len(curves) - 1, 1)
        for k, row in enumerate(rows):
            place = len(names) - 1 - k + shift
            axes.plot(
                row,
                np.full(len(row), place),
                ".",
                color=style.color,
                alpha=0.35,
                markersize=4,
                markeredgewidth=0.0,
            )
            axes.plot(
                np.median(row),
                place,
                style.marker,
                color=style.color,
                markersize=5.5,
                label=label if k == 0 else None,
            )
    axes.axvline(1.0, color=MUTED, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names[::-1])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.6, len(names) + 0.7 * len(curves))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    plain_legend(axes, "", "upper right")
