"""Bias, coverage, the bound, spread against cells kept, and ideas."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.estimate_coverage.ideas import IDEAS
from experiments.estimate_coverage.study import Result, joined
from experiments.estimate_coverage.trials import LEVELS, SIZES
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels


def draw(result: Result) -> Figure:
    """Families at the left; errors, spread and ideas at the right."""
    drawing = Figure(figsize=(12.8, 7.2), layout="constrained")
    grid = drawing.add_gridspec(2, 3, width_ratios=(1.15, 1.0, 1.0))
    _families(drawing.add_subplot(grid[:, 0]), result)
    _errors(drawing.add_subplot(grid[0, 1]), result)
    _shares(drawing.add_subplot(grid[0, 2]), result)
    _spread(drawing.add_subplot(grid[1, 1]), result)
    _ideas(drawing.add_subplot(grid[1, 2]), result)
    return drawing


def _families(axes: Axes, result: Result) -> None:
    """Coverage by family, a row each."""
    names = list(result.trials)
    for column, (level, style) in enumerate(zip(LEVELS, SERIES, strict=False)):
        for row, trials in enumerate(result.trials.values()):
            open_ = ~trials["exact"]
            if open_.any():
                share = 100.0 * trials["covered"][open_, column].mean()
                axes.plot(share, row, style.marker, color=style.color, markersize=5)
        axes.axvline(100.0 * level, color=style.color, linewidth=0.8, linestyle=":")
        axes.plot([], [], style.marker, color=style.color, label=f"{level:.0%}")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -2.4)
    axes.set_xlim(0, 103)
    axis_labels(axes, "Intervals that hold the count", "% of the networks", "")
    plain_legend(axes, "", "upper left", ncols=3)


def _errors(axes: Axes, result: Result) -> None:
    """Errors over standard errors."""
    every = joined(result.trials)
    z = every["z"][~every["exact"]]
    axes.hist(np.clip(z, -4.0, 4.0), bins=33, color=SERIES[0].color, alpha=0.7)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.axvline(float(z.mean()), color=SERIES[1].color, linewidth=1.5)
    title = f"Errors of {len(z)} estimates (line: mean {z.mean():+.3f})"
    axis_labels(axes, title, "error / standard error of other runs", "networks")


def _shares(axes: Axes, result: Result) -> None:
    """Lower bounds and points that were drawn, as shares of the count."""
    every = joined(result.trials)
    open_ = ~every["exact"]
    points = f"met by {result.config.points:,} points"
    shares = {"95 % lower bound": every["bound"], points: every["points"]} | {
        f"XOR-{size}": every["parity"][:, k] for k, size in enumerate(SIZES)
    }
    for (label, share), style in zip(shares.items(), SERIES, strict=False):
        axes.plot(
            every["regions"][open_],
            share[open_],
            style.marker,
            color=style.color,
            markersize=3,
            alpha=0.6,
            label=label,
        )
    axes.axhline(1.0, color=INK, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.6)
    axis_labels(axes, "Bounds, points met", "regions, counted", "share of the count")
    plain_legend(axes, "", "upper left", ncols=2)


def _spread(axes: Axes, result: Result) -> None:
    """Spread of a run against its time, one line a network."""
    for rows in result.spread:
        real = rows[:, 0] > 0.0
        axes.plot(1e3 * rows[real, 1], rows[real, 0], "-", color=MUTED, linewidth=0.8)
        for k in np.flatnonzero(real).tolist():
            style = SERIES[k]
            axes.plot(
                1e3 * rows[k, 1], rows[k, 0], style.marker, color=style.color, ms=4
            )
    for kept, style in zip(result.config.kept, SERIES, strict=False):
        label = "1 cell (Knuth)" if kept == 1 else f"{kept} cells"
        axes.plot([], [], style.marker, color=style.color, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axis_labels(
        axes, "More cells, less spread", "CPU ms a run", "standard deviation / mean"
    )
    plain_legend(axes, "", "upper right")


def _ideas(axes: Axes, result: Result) -> None:
    """Efficiency of every idea, a row each, over that of none."""
    ideas = result.ideas
    efficiency = 1.0 / (ideas[..., 0] * ideas[..., 1])
    relative = efficiency / efficiency[:, :1]
    for row in range(relative.shape[1]):
        axes.plot(
            relative[:, row], [row] * len(relative), "o", color=SERIES[0].color, ms=3
        )
        middle = float(np.exp(np.log(relative[:, row]).mean()))
        axes.plot([middle] * 2, [row - 0.3, row + 0.3], color=SERIES[1].color, lw=2)
    axes.axvline(1.0, color=INK, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks([0.3, 1.0, 3.0], ["0.3", "1", "3"])
    axes.minorticks_off()
    axes.set_yticks(range(len(IDEAS)), list(IDEAS), fontsize=7)
    axes.set_ylim(len(IDEAS) - 0.5, -0.5)
    axis_labels(axes, "Ideas", "1 / (variance x time), first row = 1", "")
