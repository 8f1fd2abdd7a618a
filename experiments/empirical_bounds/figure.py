"""Counts, bounds and estimates over the splits, and what each took."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.empirical_bounds.study import SIZES, Result, bound
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels


def draw(result: Result) -> Figure:
    """Numbers at the left, processor time at the right."""
    drawing = Figure(figsize=(10.5, 4.6), layout="constrained")
    numbers, times = drawing.subplots(1, 2, width_ratios=(1.6, 1.0))
    _numbers(numbers, result)
    _times(times, result)
    return drawing


def _rows(result: Result) -> list[dict[str, Any]]:
    """What the summary says of every network."""
    return list(result.summary["table"])


def _numbers(axes: Axes, result: Result) -> None:
    """Everything that is said of the number of regions."""
    every = range(1, result.config.units)
    bounds = [bound((a, result.config.units - a)) for a in every]
    axes.plot(every, bounds, color=MUTED, linewidth=1.0, label="upper bound")
    rows = _rows(result)
    x = np.array([row["first layer"] for row in rows], float)
    axes.plot(
        x,
        [row["whole space"] for row in rows],
        "_",
        color=INK,
        ms=14,
        label="counted, whole space",
    )
    mean = np.array([row["estimate"] for row in rows])
    ends = np.array([[row["low"], row["high"]] for row in rows]).T
    style = SERIES[0]
    axes.errorbar(
        x,
        mean,
        abs(ends - mean),
        fmt=style.marker,
        color=style.color,
        markersize=5,
        label="estimate in the box, 95 % interval",
    )
    names = {"at least": "95 % lower bound of the estimate"}
    names |= {f"XOR-{size}": f"95 % lower bound, XOR-{size}" for size in SIZES}
    for (key, label), style in zip(names.items(), SERIES[1:], strict=False):
        axes.plot(
            x, [row[key] for row in rows], style.marker, color=style.color, label=label
        )
    axes.set_yscale("log")
    # Room for the legend, which would hide bounds elsewhere.
    axes.set_ylim(0.5, 3e10)
    axes.set_xticks(range(1, result.config.units, 2))
    title = (
        f"784 inputs, {result.config.units} units, after {result.config.epochs} epochs"
    )
    axis_labels(axes, title, "units of the first layer", "activation regions")
    plain_legend(axes, "", "upper left", ncols=2)


def _times(axes: Axes, result: Result) -> None:
    """CPU seconds of each."""
    rows = _rows(result)
    x = [row["first layer"] for row in rows]
    keys = ("estimate seconds", *(f"XOR-{size} seconds" for size in SIZES))
    styles = (SERIES[0], *SERIES[2:])
    for key, style in zip(keys, styles, strict=False):
        axes.plot(
            x,
            [row[key] for row in rows],
            style.marker,
            color=style.color,
            label=key.removesuffix(" seconds"),
        )
    axes.set_yscale("log")
    axes.set_xticks(range(1, result.config.units, 4))
    axis_labels(axes, "Processor time", "units of the first layer", "s")
    plain_legend(axes, "", "lower right")
