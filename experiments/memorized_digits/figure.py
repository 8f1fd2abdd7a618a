"""Tables of two kinds of labels, and what the numbers of all widths say."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from experiments.memorized_digits.claims import END, RANDOM, START, TRUE, ratio
from experiments.memorized_digits.study import LABELS, Result
from experiments.plotting.curves import draw_bands, plain_legend
from experiments.plotting.style import FONT, INK, axis_labels

CLASS_COLORS = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
    "#17becf",
)
"""Of the ten digits."""

BUCKETS = 40
"""Keys whose images are drawn, those with most images."""

STATES = {
    "before training": (TRUE, START),
    "true labels": (TRUE, END),
    "random labels": (RANDOM, END),
}


def draw(result: Result) -> Figure:
    """Two tables and two panels above, four below."""
    drawing = Figure(figsize=(15.6, 7.6), layout="constrained")
    axes = np.ravel(drawing.subplots(2, 4))
    top = max(int(table.sum(axis=1).max()) for table in result.tables.values())
    for k, labels in enumerate(LABELS):
        _table(axes[k], result, labels, top)
    _legend(axes[1])
    for panel, name, title, y in (
        (axes[2], "region_alone", "Training digits alone in their region", "%"),
        (axes[3], "region_met", "Held-out digits in a known region", "%"),
        (axes[4], "last_bits", "Keys of the last layer", "entropy, bits"),
        (axes[5], "within", "On lines within a class", "boundaries per unit of length"),
    ):
        _by_width(panel, result, name, title, y)
    _gathering(axes[6], result)
    _accuracies(axes[7], result)
    return drawing


def _table(axes: Axes, result: Result, labels: str, top: int) -> None:
    """The largest buckets of the last layer, colored by the labels learned."""
    table = result.tables[labels]
    order = np.argsort(-table.sum(axis=1), kind="stable")[:BUCKETS]
    left = np.zeros(len(order))
    for digit, color in enumerate(CLASS_COLORS):
        values = table[order, digit]
        axes.barh(
            np.arange(len(order)),
            values,
            0.92,
            left=left,
            color=color,
            edgecolor="white",
            linewidth=0.2,
        )
        left += values
    axes.set(xlim=(0.0, 1.04 * top), ylim=(len(order) - 0.4, -0.6))
    axes.set_yticks([])
    axis_labels(
        axes,
        f"{labels.capitalize()} labels: {len(table)} keys, {int(table.sum())} digits",
        f"digits with a key of the last layer of {result.config.shown}",
        f"the {len(order)} most frequent keys",
    )


def _legend(axes: Axes) -> None:
    """Which color is which digit."""
    handles = [Patch(color=color) for color in CLASS_COLORS]
    legend = axes.legend(
        handles,
        [str(digit) for digit in range(len(handles))],
        loc="lower right",
        ncols=2,
        title="label",
        frameon=False,
        prop={"size": 8, "family": FONT},
        labelcolor=INK,
    )
    legend.get_title().set(fontsize=8, color=INK, family=FONT)


def _width_axis(axes: Axes, result: Result) -> None:
    """Widths, twice as large at each step."""
    widths = result.config.widths
    axes.set_xscale("log", base=2)
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.xaxis.set_minor_locator(NullLocator())


def _of(result: Result, name: str, labels: int, when: int) -> np.ndarray:
    """A number of networks of two layers, `(widths, seeds)`."""
    return result.numbers[name][: len(result.config.widths), labels, when]


def _by_width(axes: Axes, result: Result, name: str, title: str, y: str) -> None:
    """A number before training, after true and after random labels."""
    factor = 100.0 if y == "%" else 1.0
    curves = {
        label: factor * _of(result, name, *state) for label, state in STATES.items()
    }
    draw_bands(axes, np.array(result.config.widths), curves)
    _width_axis(axes, result)
    axis_labels(axes, title, "units in each of two layers", y)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0), high + 0.28 * (high - low))
    plain_legend(axes, "", "upper left")


def _gathering(axes: Axes, result: Result) -> None:
    """Boundaries between classes over those within."""
    curves = {
        label: ratio(*(_of(result, name, *state) for name in ("between", "within")))
        for label, state in STATES.items()
    }
    draw_bands(axes, np.array(result.config.widths), curves)
    _width_axis(axes, result)
    axes.axhline(1.0, color=INK, linewidth=0.6)
    axis_labels(
        axes,
        "On lines between classes, over within",
        "units in each of two layers",
        "ratio of boundaries per length",
    )
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.28 * (high - low))
    plain_legend(axes, "", "upper left")


def _accuracies(axes: Axes, result: Result) -> None:
    """What was learned, and what one layer of as many parameters learns."""
    config = result.config
    curves = {
        "true labels, held out": 100.0 * _of(result, "right", TRUE, END),
        "random labels, training": 100.0 * _of(result, "learned", RANDOM, END),
    }
    draw_bands(axes, np.array(config.widths), curves)
    flat = 100.0 * result.numbers["learned"][-1, RANDOM, END]
    axes.plot(
        config.widths[0],
        np.median(flat),
        "x",
        color=INK,
        markersize=7,
        linestyle="",
        label=f"the same, one layer of {config.shallow}",
    )
    _width_axis(axes, result)
    axes.set_ylim(0.0, 125.0)
    axes.set_yticks(range(0, 101, 20))
    axis_labels(axes, "Digits right", "units in each of two layers", "%")
    plain_legend(axes, "", "upper left")
