"""Losses of shallow and deep networks, and spikes by depth and by remedy."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.depth_stability.study import Result
from experiments.measures.spikes import FACTOR
from experiments.plotting.style import INK, MUTED, RED, axis_labels

REMEDY_NAMES = {
    "clip": "clip 1",
    "eps": "eps 1e-6",
    "amsgrad": "AMS-\nGrad",
    "slow": "rate\n3e-4",
}


def draw(result: Result) -> Figure:
    """Losses at three depths above; spike rates, worst spikes, remedies below."""
    drawing = Figure(figsize=(13.5, 7.4), layout="constrained")
    axes = np.ravel(drawing.subplots(2, 3))
    depths = result.config.depths
    chosen = (depths[0], depths[len(depths) // 2], depths[-1])
    for place, depth in zip(axes[:3], chosen, strict=True):
        _losses(place, result, depth)
    low = min(float(np.nanmin(losses)) for losses in result.losses.values())
    for place in axes[:3]:
        place.set_ylim(bottom=0.7 * low)
    plain = [f"depth-{depth}" for depth in depths]
    names = [str(depth) for depth in depths]
    _dots(axes[3], result, plain, names, "spike_rate")
    axis_labels(
        axes[3], "Spikes by depth", "hidden layers", "spike epochs per 1000 epochs"
    )
    _dots(axes[4], result, plain, names, "max_ratio")
    axes[4].axhline(FACTOR, color=MUTED, linewidth=0.8, linestyle="--")
    axes[4].set_yscale("log")
    axis_labels(
        axes[4],
        "Worst epoch (dashed: a spike)",
        "hidden layers",
        "loss over its running median",
    )
    depth = result.config.remedy_depth
    remedies = result.config.remedies
    kinds = [f"depth-{depth}", *remedies]
    labels = ["plain", *(REMEDY_NAMES[name] for name in remedies)]
    _dots(axes[5], result, kinds, labels, "max_ratio")
    axes[5].axhline(FACTOR, color=MUTED, linewidth=0.8, linestyle="--")
    axes[5].set_yscale("log")
    axis_labels(
        axes[5],
        f"Remedies at depth {depth}, worst epoch",
        "",
        "loss over its running median",
    )
    return drawing


def _losses(axes: Axes, result: Result, depth: int) -> None:
    """Losses of all seeds of one depth, one of them in red."""
    losses = result.losses[f"depth-{depth}"]
    x = np.arange(1, len(losses) + 1)
    axes.plot(x, losses, color=INK, linewidth=0.5, alpha=0.3)
    axes.plot(x, losses[:, 0], color=RED, linewidth=0.9)
    axes.set_yscale("log")
    title = f"Depth {depth} (red: seed {result.config.seeds[0]})"
    axis_labels(axes, title, "epoch", "training loss")


def _dots(
    axes: Axes,
    result: Result,
    kinds: Sequence[str],
    labels: Sequence[str],
    name: str,
) -> None:
    """One dot a seed and a bar for the median; diverged seeds are left out."""
    for k, kind in enumerate(kinds):
        rows = result.summary["tables"][kind]
        values = [row[name] for row in rows if row[name] is not None]
        spread = np.linspace(-0.18, 0.18, len(values))
        axes.plot(k + spread, values, "o", color=INK, markersize=4, alpha=0.6)
        if values:
            middle = [np.median(values)] * 2
            axes.plot([k - 0.28, k + 0.28], middle, color=RED, linewidth=2)
    axes.set_xlim(-0.5, len(kinds) - 0.5)
    axes.set_xticks(range(len(kinds)), labels)
