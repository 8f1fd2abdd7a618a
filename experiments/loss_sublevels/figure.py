"""Components of sublevel sets over the number of errors, by classifier."""

from matplotlib.figure import Figure

from experiments.loss_sublevels.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels


def draw(result: Result) -> Figure:
    """How many sublevel sets are in parts, and in how many at most."""
    drawing = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = drawing.subplots(1, 2)
    levels = range(result.config.points)
    for number, (name, found) in enumerate(result.components.items()):
        style = SERIES[number % len(SERIES)]
        look = {
            "color": style.color,
            "marker": style.marker,
            "markersize": 5,
            "linestyle": "-" if number < len(SERIES) else "--",
        }
        found = found[:, :, : len(levels)]
        left.plot(levels, (found > 1).mean((0, 1)), label=name, **look)
        right.plot(levels, found.max((0, 1)), label=name, **look)
    for axes in (left, right):
        axes.set_xticks(levels)
    right.set_yscale("log", base=2)
    right.set_yticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    points, draws = result.config.points, result.config.seeds
    axis_labels(
        left,
        f"{points} points, all labelings, {draws} draws",
        "errors allowed",
        "share of sublevel sets in parts",
    )
    axis_labels(right, "", "errors allowed", "most components")
    plain_legend(right, title="", loc="upper right")
    return drawing
