"""Intervals along a cut, and coverage and width of all seeds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.conformal_neighbors.study import LEVEL, PLACES, Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels


def draw(result: Result) -> Figure:
    """Above, the cut in both places; below, coverage and width."""
    drawing = Figure(figsize=(11.0, 8.0), layout="constrained")
    panels = drawing.subplots(2, 2)
    for axes, place in zip(panels[0], PLACES, strict=True):
        if result.cut:
            _cut(axes, result.cut, place)
        else:
            axes.set_axis_off()
    _coverage(panels[1, 0], result)
    _width(panels[1, 1], result)
    return drawing


def _cut(axes: Axes, cut: dict[str, np.ndarray], place: str) -> None:
    """Intervals of one network along y = 0, with the true 90 % of the noise."""
    style = SERIES[PLACES.index(place)]
    axes.fill_between(
        cut["x"],
        cut[f"low_{place}"],
        cut[f"high_{place}"],
        color=style.color,
        alpha=0.3,
        lw=0,
        label="corrected 90 % interval",
    )
    axes.plot(cut["x"], cut["target"], color=INK, linewidth=1.2, label="cos(||x||)")
    reach = 1.645 * cut["deviation"]
    for sign in (-1.0, 1.0):
        axes.plot(
            cut["x"],
            cut["target"] + sign * reach,
            color=MUTED,
            linewidth=0.8,
            linestyle=(0, (3, 2)),
            label="90 % of the noise" if sign > 0.0 else None,
        )
    axes.set_ylim(-2.3, 2.9)
    name = "inputs" if place == "inputs" else "last embedding"
    axis_labels(
        axes, f"Noisy surface along y = 0: neighbors in the {name}", "x", "value"
    )
    plain_legend(axes, "", "upper left", ncols=2)


def _seeds(axes: Axes, values: np.ndarray, place: float, which: int) -> None:
    """Values of all seeds as dots, and their median."""
    style = SERIES[which]
    axes.plot(
        np.full(len(values), place),
        values,
        ".",
        color=style.color,
        alpha=0.35,
        markersize=5,
        markeredgewidth=0.0,
    )
    axes.plot(place, np.median(values), style.marker, color=style.color, markersize=7)


def _coverage(axes: Axes, result: Result) -> None:
    """Share covered, without and with correction."""
    labels, ticks = [], []
    for i, (name, values) in enumerate(result.measures.items()):
        for j, key in enumerate(("raw_coverage", "coverage")):
            for k in range(2):
                place = 2.0 * i + 0.9 * j + 0.3 * k
                _seeds(axes, values[key][:, k], place, k)
            ticks.append(2.0 * i + 0.9 * j + 0.15)
            words = name.replace(" ", "\n")
            labels.append(f"{'corrected' if j else 'quantiles'}\n{words}")
    axes.axhline(LEVEL, color=MUTED, linewidth=0.8)
    axes.set_xticks(ticks, labels)
    axis_labels(axes, "Coverage on other points, all seeds", "", "share covered")
    axes.tick_params(axis="x", labelsize=7)
    for k, place in enumerate(PLACES):
        style = SERIES[k]
        axes.plot(
            [], [], style.marker, color=style.color, label=f"neighbors in the {place}"
        )
    plain_legend(axes, "", "lower left")


def _width(axes: Axes, result: Result) -> None:
    """Widths in the embedding over those in the inputs."""
    for i, values in enumerate(result.measures.values()):
        _seeds(axes, values["width"][:, 1] / values["width"][:, 0], float(i), 1)
    axes.axhline(1.0, color=MUTED, linewidth=0.8)
    axes.set_xticks(range(len(result.measures)), list(result.measures))
    axes.set_xlim(-0.5, len(result.measures) - 0.5)
    axes.set_ylim(bottom=0.0)
    axis_labels(
        axes,
        "Width of corrected intervals, all seeds",
        "",
        "embedding over inputs",
    )
