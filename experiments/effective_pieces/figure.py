"""A trained network of one variable with its broken line, and counts over the width."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.effective_pieces.study import CHANGES, MAIN, TOLERANCES, Result
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels


def draw(result: Result) -> Figure:
    """Left: one network of the largest width. Right: pieces over the width."""
    drawing = Figure(figsize=(10.2, 4.2), layout="constrained")
    left, right = drawing.subplots(1, 2, width_ratios=(1.15, 1.0))
    _graph(left, result)
    _counts(right, result)
    return drawing


def _graph(axes: Axes, result: Result) -> None:
    """The logit, its breakpoints, and the broken line that is near it."""
    x, y, corner = result.graph.T
    is_corner = corner == 1.0
    edges = [-1.0, *CHANGES, 1.0]
    for k in range(1, len(edges) - 1, 2):
        axes.axvspan(edges[k], edges[k + 1], color="#eeeeee", zorder=0)
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    axes.plot(x, y, color=INK, linewidth=1.2, label="network")
    axes.plot(
        x,
        np.full(len(x), y.min() - 0.07 * np.ptp(y)),
        "|",
        color=MUTED,
        markersize=7,
        markeredgewidth=0.6,
        label=f"{len(x) - 2} breakpoints",
    )
    axes.plot(
        x[is_corner],
        y[is_corner],
        "o--",
        color=RED,
        markersize=4,
        linewidth=1.0,
        label=f"broken line of {int(is_corner.sum()) - 1} pieces",
    )
    axis_labels(
        axes,
        f"Width {result.config.widths[-1]}; gray: the second class",
        "input",
        "logit",
    )
    axes.set_ylim(top=float(y.max() + 0.38 * np.ptp(y)))
    axes.legend(
        frameon=False,
        prop={"size": 8, "family": FONT},
        labelcolor=INK,
        loc="upper left",
    )


def _counts(axes: Axes, result: Result) -> None:
    """Linear pieces and effective ones of networks that classify all points."""
    widths = np.array(result.config.widths, float)
    table = [(result.pieces[-1], BLUE, "o-", "linear pieces on [-1, 1]")]
    for k, (part, style) in enumerate(zip(TOLERANCES, (":", "o-", "--"), strict=True)):
        color = RED if k == MAIN else MUTED
        label = f"effective, within {part:.0%} of the range"
        table.append((result.effective[-1, ..., k], color, style, label))
    for values, color, style, label in table:
        middle, low, high = (
            [
                np.quantile(row[kept], q) if kept.any() else np.nan
                for row, kept in zip(values, result.right, strict=True)
            ]
            for q in (0.5, 0.05, 0.95)
        )
        axes.fill_between(widths, low, high, color=color, alpha=0.12, linewidth=0)
        axes.plot(widths, middle, style, color=color, label=label, markersize=4)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(widths, [f"{w:g}" for w in widths])
    axes.set_yticks([3, 10, 30, 100, 300], ["3", "10", "30", "100", "300"])
    axes.minorticks_off()
    axis_labels(axes, "Medians; bands hold 90 % of the networks", "width", "pieces")
    axes.set_ylim(2.0, 1200.0)
    axes.legend(
        frameon=False,
        prop={"size": 8, "family": FONT},
        labelcolor=INK,
        loc="upper left",
    )
