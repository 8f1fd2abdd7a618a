"""Surfaces and embedding of one network; R^2 and curvature by layer and over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from experiments.plotting.curves import draw_bands, plain_legend
from experiments.plotting.style import axis_labels
from experiments.preconditioner.claims import MIDDLE, curved
from experiments.preconditioner.embedding_measures import FLOORS
from experiments.preconditioner.study import Result
from experiments.preconditioner.surfaces import draw_panel

VIEW = 0.02
"""Share of a turn from which the figure shows the surfaces."""


def draw(result: Result) -> Figure:
    """Above, the three surfaces; below, numbers of all seeds."""
    drawing = Figure(figsize=(11.5, 10.2))
    for k in range(3):
        draw_panel(drawing, (k / 3, 0.66, 1 / 3, 0.31), result.drawn, k, VIEW)
    panels = drawing.subplots(2, 2)
    drawing.subplots_adjust(
        left=0.075, right=0.985, top=0.62, bottom=0.06, wspace=0.22, hspace=0.42
    )
    _layers(panels[0, 0], result, "r2_plane", "R\u00b2 on two principal components")
    _times(panels[0, 1], result)
    _layers(panels[1, 0], result, "r2_all", "R\u00b2 on all dimensions")
    _layers(panels[1, 1], result, MIDDLE, "change of slope, median over points")
    return drawing


_TITLES = {
    "r2_plane": "Linear in two components? By layer",
    "r2_all": "Linear in all dimensions? By layer",
    MIDDLE: f"Curvature in all dimensions by layer (noise floor {FLOORS[1]:g})",
}


def _layers(axes: Axes, result: Result, measure: str, label: str) -> None:
    """A measure by layer, of the trained networks and of the controls."""
    curves = {
        name: _shown(values["end"], measure) for name, values in result.measures.items()
    }
    first = next(iter(result.measures))
    curves["before training"] = _shown(result.measures[first]["start"], measure)
    places = np.arange(len(curves[first]))
    draw_bands(axes, places, curves)
    axes.set_xticks(places, ["input", *map(str, places[1:])])
    if measure.startswith("r2"):
        axes.set_ylim(-0.03, 1.03)
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
    axis_labels(axes, _TITLES[measure], "layer", label)
    plain_legend(axes, "", "best")


def _times(axes: Axes, result: Result) -> None:
    """1 - R^2 on two components of the last embedding over training."""
    curves = {
        name: curved(values["last"], "r2_plane")
        for name, values in result.measures.items()
    }
    times = next(iter(result.measures.values()))["times"]
    draw_bands(axes, times, curves)
    axes.set_yscale("log")
    axis_labels(
        axes,
        "Last embedding over training",
        "update",
        "1 - R\u00b2 on two principal components",
    )
    plain_legend(axes, "", "best")


def _shown(values: np.ndarray, measure: str) -> np.ndarray:
    """A measure as it is drawn."""
    found = curved(values, measure)
    return 1.0 - found if measure.startswith("r2") else found
