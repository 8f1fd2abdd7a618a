"""Both linearities over the width, and against the error."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.linearity_and_scale.study import MEASURES, Result
from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import axis_labels

TITLES = {
    "network": "Network, affine in its inputs",
    "embedding": "Classes, affine in last embedding",
}


def draw(result: Result) -> Figure:
    """A row for each measure: over the width, a panel a task; then over the error."""
    tasks = result.config.tasks
    drawing = Figure(figsize=(3.1 * (len(tasks) + 1), 6.4), layout="constrained")
    panels = drawing.subplots(2, len(tasks) + 1, squeeze=False)
    for row, name in zip(panels, MEASURES, strict=True):
        for axes, task in zip(row, tasks, strict=False):
            _widths(axes, result, name, task)
        _errors(row[-1], result, name)
        for axes in row:
            axes.set_ylim(-0.02, 1.02)
    plain_legend(panels[0, 0], "", "lower right")
    plain_legend(panels[0, -1], "", "lower right")
    return drawing


def _widths(axes: Axes, result: Result, name: str, task) -> None:
    """Over the width, fewest and most points."""
    widths = result.config.widths
    values = result.numbers[task.name][name]
    labels = [f"{count} points" for count in task.points[::-1]]
    for style, label, rows in zip(SERIES, labels, values, strict=False):
        draw_band(axes, np.array(widths), rows, label, style)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(w) for w in widths]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(w) for w in widths])
    plain_legend(axes, "", "lower right")
    y = f"{TITLES[name]}:\nshare of variance" if task == result.config.tasks[0] else ""
    axis_labels(axes, task.name, "units a layer", y)


def _errors(axes: Axes, result: Result, name: str) -> None:
    """Every network against its error."""
    for style, (task, found) in zip(SERIES, result.numbers.items(), strict=False):
        axes.plot(
            found["wrong"].ravel(),
            found[name].ravel(),
            style.marker,
            color=style.color,
            markersize=3.0,
            alpha=0.5,
            label=task,
        )
    axis_labels(axes, "All networks", "error on other points", "")
