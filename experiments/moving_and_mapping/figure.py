"""Eight panels: creases before and after, the split, rates, motion, and parts alone."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.measures.partition_history import FREEZE_SHARE, freeze_ratio
from experiments.moving_and_mapping.study import PARTS, Result
from experiments.plotting.curves import SERIES, draw_bands, plain_legend
from experiments.plotting.style import BLUE, INK, MUTED, RED, axis_labels, blank
from training.two_moons import moons_box

KIND_NAMES = {
    "adam": "all, Adam",
    "momentum": "all, momentum",
    "last_layer": "last layer, Adam",
    "first_biases": "first biases, Adam",
}


def draw(result: Result) -> Figure:
    """Creases, split on grid and data, changed patterns; rates, motion, losses."""
    drawing = Figure(figsize=(15.0, 7.6), layout="constrained")
    axes = np.ravel(drawing.subplots(2, 4))
    whole = [name for name in result.changes if name not in PARTS]
    panels: list[Callable[[], None]] = [
        lambda: _creases(axes[0], result),
        lambda: _split(axes[1], result),
        lambda: _windows(axes[2], result),
        lambda: _changed(axes[3], result),
        lambda: _rates(axes[4], result, whole[0]),
        lambda: _rates(axes[5], result, whole[-1]),
        lambda: _motion(axes[6], result),
        lambda: _losses(axes[7], result),
    ]
    for panel in panels:
        panel()
    return drawing


def _epochs(result: Result) -> np.ndarray:
    """Numbers of the epochs, from 1."""
    return np.arange(1, result.config.epochs + 1)


def _creases(axes: Axes, result: Result) -> None:
    """Lines of the first layer before and after, over the data."""
    box = moons_box(result.config.margin)
    reach = 2.0 * float(np.linalg.norm(box.upper - box.lower))
    middle = (box.lower + box.upper) / 2.0
    for rows, color, style, name in (
        (result.creases[0], MUTED, (0, (4, 2)), "before"),
        (result.creases[1], INK, "-", "after"),
    ):
        for k, (a, b, c) in enumerate(rows):
            normal = np.array([a, b])
            foot = middle - (normal @ middle + c) / (normal @ normal) * normal
            along = reach * np.array([-b, a]) / np.linalg.norm(normal)
            x, y = np.stack([foot - along, foot + along]).T
            label = name if k == 0 else None
            axes.plot(x, y, color=color, linestyle=style, linewidth=0.9, label=label)
    for k, (color, marker) in enumerate(((BLUE, "o"), (RED, "s"))):
        x, y = result.data.inputs[result.data.labels == k].T
        axes.plot(x, y, marker, color=color, markersize=2.2, markeredgewidth=0.0)
    axes.set(
        xlim=(box.lower[0], box.upper[0]),
        ylim=(box.lower[1], box.upper[1]),
        aspect="equal",
    )
    blank(axes, "Creases of the first layer, one network")
    legend = axes.legend(loc="lower left", fontsize=8, framealpha=0.9, labelcolor=INK)
    legend.get_frame().set_linewidth(0.0)


def _bands(axes: Axes, result: Result, curves: dict[str, np.ndarray]) -> None:
    """Medians over seeds as lines, the middle half as bands."""
    for style, (label, values) in zip(SERIES, curves.items(), strict=False):
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        x = _epochs(result)
        axes.plot(
            x, middle, color=style.color, linestyle=style.line, lw=1.3, label=label
        )
        axes.fill_between(x, low, high, color=style.color, alpha=0.15, lw=0)


def _split(axes: Axes, result: Result) -> None:
    """Share of the partition in the change of the output, epoch by epoch."""
    curves = {
        KIND_NAMES[name]: 100.0 * found["share_grid"]
        for name, found in result.changes.items()
    }
    _bands(axes, result, curves)
    axes.set_ylim(bottom=-0.3)
    axis_labels(
        axes,
        "Due to the moved partition, each epoch",
        "epoch",
        "% of the output's change",
    )
    plain_legend(axes, "", "upper left")
    axes.set_ylim(top=1.45 * axes.get_ylim()[1])


def _windows(axes: Axes, result: Result) -> None:
    """The same over windows of growing length."""
    curves = {
        KIND_NAMES[name]: 100.0 * found["windows"].T
        for name, found in result.changes.items()
    }
    draw_bands(axes, np.array(result.config.windows), curves)
    axes.set_xscale("log")
    axes.set_xticks(result.config.windows, [str(w) for w in result.config.windows])
    axes.minorticks_off()
    axes.set_ylim(bottom=-1.0)
    axis_labels(
        axes,
        "The same over longer windows",
        "length of the window in epochs",
        "% of the output's change",
    )


def _changed(axes: Axes, result: Result) -> None:
    """Share of points whose pattern changed in each epoch, by Adam."""
    found = result.changes["adam"]
    curves = {
        "grid": 100.0 * found["points_grid"],
        "data": 100.0 * found["points_data"],
    }
    _bands(axes, result, curves)
    axes.set_ylim(bottom=0.0)
    axis_labels(axes, "Points that change region, Adam", "epoch", "% an epoch")
    plain_legend(axes, "", "upper right")


def _rates(axes: Axes, result: Result, name: str) -> None:
    """Rates of change over their peaks; dots where a seed settles."""
    found, table = result.changes[name], result.summary["tables"][name]
    curves = {
        label: found[key] / found[key].max(axis=1, keepdims=True)
        for label, key in (("bits on the data", "bits_data"), ("weights", "weights"))
    }
    _bands(axes, result, {k: np.maximum(v, 2e-2) for k, v in curves.items()})
    for style, kind in zip(SERIES, ("data", "weights"), strict=False):
        settled = [r[f"{kind}_freeze"] for r in table if r[f"{kind}_freeze"]]
        axes.plot(
            settled,
            [FREEZE_SHARE] * len(settled),
            "o",
            color=style.color,
            markersize=5,
            markeredgecolor="white",
            zorder=3,
        )
    axes.axhline(FREEZE_SHARE, color=MUTED, linewidth=0.7, linestyle="--")
    axes.set_yscale("log")
    axes.set_ylim(2e-2, 1.3)
    ratio = float(np.median([freeze_ratio(row, "data") for row in table]))
    axis_labels(
        axes,
        f"Rates, {KIND_NAMES[name]} (dots: settled; {ratio:.1f} times)",
        "epoch",
        "share of the peak",
    )
    plain_legend(axes, "", "lower left")


def _motion(axes: Axes, result: Result) -> None:
    """Turn and shift of every crease of all seeds, from start to end."""
    kinds = [name for name in result.changes if name != "last_layer"]
    for style, name in zip(SERIES, kinds, strict=False):
        found = result.changes[name]
        inside = found["inside"]
        axes.plot(
            found["turned"][:, -1][inside],
            found["shifted"][:, -1][inside],
            style.marker,
            color=style.color,
            markersize=4,
            alpha=0.6,
            markeredgewidth=0.0,
            label=KIND_NAMES[name],
        )
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_yscale("symlog", linthresh=0.01)
    axes.set_xlim(left=-0.2)
    axes.set_ylim(bottom=0.0)
    axis_labels(
        axes,
        "Motion of every crease, start to end",
        "turn in degrees",
        "change of distance from the origin",
    )
    axes.set_ylim(top=30.0 * float(axes.get_ylim()[1]))
    plain_legend(axes, "", "upper left")


def _losses(axes: Axes, result: Result) -> None:
    """Training losses of all kinds."""
    curves = {KIND_NAMES[n]: found["losses"] for n, found in result.changes.items()}
    _bands(axes, result, curves)
    axes.set_yscale("log")
    axis_labels(axes, "Training loss", "epoch", "nats")
    plain_legend(axes, "", "upper right")
