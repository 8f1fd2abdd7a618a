"""The pulse: losses, period against memory, swing of each optimizer, curvature."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, large_labels
from experiments.pulse.claims import BASE
from experiments.pulse.oscillation import around_trend
from experiments.pulse.study import Result

SHOWN = (BASE, "beta2 0.9", "lr 0.001", "sgd")
"""Settings whose losses are drawn."""

STRETCH = 300
"""Updates that are drawn of them."""


def draw(result: Result) -> Figure:
    """Four panels."""
    drawing = Figure(figsize=(11.5, 8.0))
    panels = drawing.subplots(2, 2)
    drawing.subplots_adjust(
        left=0.1, right=0.925, top=0.95, bottom=0.08, wspace=0.32, hspace=0.33
    )
    _losses(panels[0, 0], result)
    _periods(panels[0, 1], result)
    _swings(panels[1, 0], result)
    _curvature(panels[1, 1], result)
    return drawing


def _losses(axes: Axes, result: Result) -> None:
    """The last losses of the first seed around their trend, one below the other."""
    names = [name for name in SHOWN if name in result.measures]
    for i, (style, name) in enumerate(zip(SERIES, names, strict=False)):
        around = around_trend(result.measures[name]["losses"][:, 0])[-STRETCH:]
        label = "adam (lr 0.01, beta2 0.999)" if name == BASE else name
        axes.plot(around - i, color=style.color, linewidth=0.9)
        axes.text(
            0.0,
            -0.4 - i,
            label,
            fontsize=8.5,
            color=style.color,
            family=FONT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    axes.set_ylim(-len(names) + 0.4, 0.85)
    title = "Log loss around its trend, one seed"
    large_labels(axes, title, "update", "log loss, moved down by 1 each")


def _periods(axes: Axes, result: Result) -> None:
    """Period of each seed against 1 / (1 - beta2), with a line of slope 1."""
    base = result.config.settings[0]
    rows = [
        (1.0 / (1.0 - s.optimizer.beta2), result.measures[s.name]["period"])
        for s in result.config.settings
        if s.name == base.name or s.name.startswith("beta2")
    ]
    rows.sort(key=lambda row: row[0])
    memory = np.array([row[0] for row in rows])
    for x, periods in rows:
        axes.plot(np.full(len(periods), x), periods, ".", color=MUTED, markersize=5)
    medians = np.array([np.median(periods) for _, periods in rows])
    axes.plot(memory, medians, "-o", color=SERIES[0].color, label="median")
    axes.plot(
        memory,
        medians[0] * memory / memory[0],
        color=INK,
        linestyle=(0, (4, 3)),
        linewidth=0.9,
        label="proportional",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_legend(axes, "", "upper left")
    title = "Period of the strongest line, Adam at lr 0.01"
    large_labels(axes, title, "1 / (1 - beta2), updates", "period, updates")


def _swings(axes: Axes, result: Result) -> None:
    """Swing of every setting: range and median over seeds."""
    names = [setting.name for setting in result.config.settings][::-1]
    for i, name in enumerate(names):
        swing = result.measures[name]["swing"]
        rising = float(np.median(result.measures[name]["rising"]))
        color = SERIES[0].color if rising >= 0.05 else MUTED
        axes.plot([swing.min(), swing.max()], [i, i], color=color, linewidth=2.0)
        axes.plot(np.median(swing), i, "o", color=color)
        axes.text(
            1.02,
            i,
            f"{rising:.0%}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
            color=color,
            family=FONT,
        )
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names, fontsize=8.5, family=FONT)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.margins(y=0.04)
    title = "Swing; right: share of updates with rising loss"
    large_labels(axes, title, "standard deviation of log loss around its trend", "")


def _curvature(axes: Axes, result: Result) -> None:
    """Preconditioned curvature of the first seed over its threshold, and the loss."""
    predictor, losses = result.trace["predictor"][0], result.trace["losses"][0]
    axes.plot(predictor, color=SERIES[0].color, linewidth=0.9)
    axes.axhline(1.0, color=INK, linestyle=(0, (4, 3)), linewidth=0.9)
    title = "Adam further on: curvature (blue), loss (orange)"
    large_labels(axes, title, "update", "top eigenvalue / threshold")
    right = axes.twinx()
    right.plot(losses, color=SERIES[1].color, linewidth=0.9)
    right.set_yscale("log")
    right.set_ylabel("loss", color=SERIES[1].color, family=FONT)
    right.yaxis.set_minor_formatter("{x:.3g}")
    right.yaxis.set_major_formatter("{x:.3g}")
    right.tick_params(which="both", labelsize=7)
