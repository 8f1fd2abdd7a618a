"""The pulse: curvature and loss over the run, single pulses, periods, swings."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, axis_labels
from experiments.pulse.claims import BASE
from experiments.pulse.oscillation import around_trend
from experiments.pulse.study import Result

STRETCH = 300
"""Updates that are drawn one by one."""

SETTLED = 20
"""First updates that are not: the power iteration starts from a random vector."""


def draw(result: Result) -> Figure:
    """Six panels: the run above, periods and swings below."""
    drawing = Figure(figsize=(13.0, 7.6), layout="constrained")
    panels = drawing.subplots(2, 3)
    _curvature(panels[0, 0], result)
    _rising(panels[0, 1], result)
    _pulses(panels[0, 2], result)
    _losses(panels[1, 0], result)
    _periods(panels[1, 1], result)
    _swings(panels[1, 2], result)
    return drawing


def _ends(result: Result) -> np.ndarray:
    """Updates at the ends of the blocks."""
    config = result.config
    return np.arange(config.block, config.updates + 1, config.block)


def _curvature(axes: Axes, result: Result) -> None:
    """Curvature in units of the threshold, over the run."""
    for style, name in zip(SERIES, (BASE, "beta2 0.9", "lr 0.01"), strict=False):
        if name in result.measures:
            plain = style._replace(marker="", line="-")
            label = "adam (lr 0.001, beta2 0.999)" if name == BASE else name
            values = result.measures[name]["curvature"]
            draw_band(axes, _ends(result), values, label, plain)
    axes.axhline(1.0, color=INK, linestyle=(0, (4, 3)), linewidth=0.9)
    axes.set_ylim(0.0, 1.3)
    plain_legend(axes, "median and range of seeds", "lower right")
    title = "Preconditioned curvature over its threshold 38 / lr"
    axis_labels(axes, title, "update", "top eigenvalue / threshold")


def _rising(axes: Axes, result: Result) -> None:
    """Share of updates with rising loss, over the run."""
    for style, name in zip(SERIES, (BASE, "amsgrad", "sgd"), strict=False):
        if name in result.measures:
            plain = style._replace(marker="", line="-")
            values = result.measures[name]["block_rising"]
            draw_band(axes, _ends(result), values, name, plain)
    axes.set_ylim(-0.02, 0.7)
    plain_legend(axes, "median and range of seeds", "upper left")
    title = "Share of the updates in which the loss rises"
    axis_labels(axes, title, "update", "share, in each block of updates")


def _pulses(axes: Axes, result: Result) -> None:
    """Curvature and loss of the first seed after the end, update by update."""
    base = result.measures[BASE]
    shown = slice(SETTLED, SETTLED + STRETCH)
    losses = around_trend(base["trace_losses"][0])[shown]
    axes.plot(losses, color=SERIES[1].color, linewidth=0.9)
    axis_labels(axes, "Single pulses of one seed", "update after the end", "")
    axes.set_ylabel("log loss around its trend", color=SERIES[1].color, fontsize=9)
    right = axes.twinx()
    right.plot(base["trace_curvature"][0][shown], color=SERIES[0].color, linewidth=0.9)
    right.set_ylabel("curvature / threshold", color=SERIES[0].color, fontsize=9)
    right.tick_params(labelsize=8)


def _losses(axes: Axes, result: Result) -> None:
    """Last losses of the first seed around their trend, one setting below the other."""
    names = (BASE, "beta2 0.9", "beta2 0.9997", "amsgrad", "sgd")
    names = [name for name in names if name in result.measures]
    around = [
        around_trend(result.measures[name]["losses"][:, 0])[-STRETCH:] for name in names
    ]
    gap = 5.0 * max(float(line.std()) for line in around)
    for i, (style, name, line) in enumerate(zip(SERIES, names, around, strict=False)):
        axes.plot(line - gap * i, color=style.color, linewidth=0.8)
        axes.text(
            0.01,
            gap * (0.36 - i),
            name,
            transform=axes.get_yaxis_transform(),
            fontsize=8.5,
            color=style.color,
            family=FONT,
        )
    axes.set_ylim(-gap * (len(names) - 0.4), gap * 0.7)
    axes.set_yticks([])
    title = f"Last {STRETCH} losses of one seed, one scale"
    axis_labels(axes, title, "update", "log loss around its trend")


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
        memory[:2],
        medians[0] * memory[:2] / memory[0],
        color=INK,
        linestyle=(0, (4, 3)),
        linewidth=0.9,
        label="proportional",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(which="minor", labelsize=7)
    plain_legend(axes, "", "lower right")
    title = "Period of Adam at lr 0.001, every seed"
    axis_labels(axes, title, "1 / (1 - beta2), updates", "period, updates")
    axes.tick_params(which="minor", labelsize=7)


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
            1.0,
            i + 0.16,
            f"{rising:.0%}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            fontsize=8,
            color=color,
            family=FONT,
        )
    axes.set_xscale("log")
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.set_yticklabels(names)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.margins(y=0.08)
    title = "Swing; right: share of the last updates with rising loss"
    axis_labels(axes, title, "standard deviation of log loss around its trend", "")
