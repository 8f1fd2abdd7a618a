"""Regions before and after training, sweep by sweep."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.hanin_rolnick_memorization.study import Result, Setting
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, axis_labels

SWEEPS = {
    "points": "random points memorized",
    "noise": "share of random classes, digits",
    "rate": "learning rate, digits",
    "scale": "factor of initial weights, digits",
}


def draw(result: Result) -> Figure:
    """One panel a sweep: every network, medians, and the share learned."""
    drawing = Figure(figsize=(12.5, 3.9), layout="constrained")
    panels = drawing.subplots(1, len(SWEEPS), sharey=True)
    for axes, (sweep, label) in zip(panels, SWEEPS.items(), strict=True):
        chosen = [s for s in result.counts if s.sweep == sweep]
        _panel(axes, result, chosen)
        axis_labels(axes, "", label, "")
    panels[0].set_ylabel("activation regions of a plane", color=INK, family=FONT)
    panels[0].set_ylim(bottom=0.0)
    # Random points train for other numbers of epochs than digits.
    for axes in panels[:2]:
        plain_legend(axes, title="epoch", loc="lower left", ncols=3)
    drawing.suptitle(
        f"Hidden widths {'-'.join(map(str, result.config.widths))}, "
        f"{result.config.seeds} networks; lines: medians; dashes: $N^2/2$; under each "
        "value: share of the given classes learned",
        x=0.01,
        ha="left",
        fontsize=10,
        color=INK,
        family=FONT,
    )
    return drawing


def _panel(axes: Axes, result: Result, chosen: list[Setting]) -> None:
    """One sweep."""
    config = result.config
    epochs = config.point_epochs if chosen[0].sweep == "points" else config.epochs
    for k, (style, epoch) in enumerate(zip(SERIES, epochs, strict=False)):
        at = np.arange(len(chosen)) + 0.22 * (k - (len(epochs) - 1) / 2)
        for place, setting in zip(at, chosen, strict=True):
            values = result.counts[setting][k]
            axes.scatter(
                np.full(len(values), place),
                values,
                s=10,
                color=style.color,
                alpha=0.35,
                linewidths=0,
            )
        medians = [np.median(result.counts[setting][k]) for setting in chosen]
        axes.plot(
            at,
            medians,
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            markersize=4.5,
            linewidth=1.1,
            label=f"{epoch:,}",
        )
    axes.axhline(
        sum(config.widths) ** 2 / 2, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3))
    )
    labels = [f"{s.value:g}\n{result.fitted[s][-1].mean():.0%}" for s in chosen]
    axes.set_xticks(range(len(chosen)), labels)
