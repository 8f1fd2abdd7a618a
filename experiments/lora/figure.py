"""Partitions and drift of tuned networks, and numbers of all methods."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.lora.claims import FAR, NEAR
from experiments.lora.study import Picture, Result
from experiments.measures.tuned_networks import MARKS
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels, blank

NAMES = {
    "full": "all",
    "biases": "biases",
    "last_layer": "last\nlayer",
}
HEADING: dict[str, Any] = {
    "fontsize": 11,
    "color": INK,
    "family": FONT,
    "x": 0.01,
    "ha": "left",
}
TASKS = ((NEAR, "near", BLUE, -0.17), (FAR, "far", RED, 0.17))


def draw(result: Result) -> Figure:
    """Partitions above, drift of their maps below, then six panels of numbers."""
    columns = max(len(result.pictures), 4)
    drawing = Figure(figsize=(15.0, 13.2), layout="constrained")
    parts = drawing.subfigures(2, 1, squeeze=False, height_ratios=(1.0, 1.15))
    above, below = parts[:, 0]
    maps = above.subplots(2, columns, squeeze=False)
    top = max(
        float(np.quantile(p.drift, 0.99))
        for p in result.pictures
        if p.drift is not None
    )
    shown = None
    for k, picture in enumerate(result.pictures):
        _partition(maps[0, k], result, picture)
        if picture.drift is None:
            _losses(maps[1, k], result)
        else:
            shown = _drift(maps[1, k], result, picture, top)
    for place in maps[:, len(result.pictures) :].ravel():
        place.set_axis_off()
    assert shown is not None
    above.suptitle(
        "Above: exact regions, how many, and the data tuned on. Below: how the maps "
        "changed, and the old data (one network)",
        **HEADING,
    )
    bar = above.colorbar(shown, ax=maps[1, :], shrink=0.85, extend="max", pad=0.01)
    bar.set_label("change of the Jacobian (Frobenius norm)", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    axes = below.subplots(2, 3)
    _dots(axes[0, 0], result, _growth(result), "Regions after over before, exact")
    axes[0, 0].axhline(1.0, color=MUTED, linewidth=0.8, linestyle="--")
    for place, name, title in (
        (axes[0, 1], "jaccard", "Patterns kept, exact (Jaccard index)"),
        (axes[0, 2], "bits_old", "Share of bits that differ on old data"),
        (axes[1, 0], "old_after", "Accuracy on the old task"),
        (axes[1, 1], "drift_old", "Change of the Jacobian on old data"),
    ):
        _dots(place, result, result.tunings.numbers[name], title)
    axes[1, 1].set_ylim(bottom=0.0)
    _ranks(axes[1, 2], result)
    below.suptitle(
        "At the distance from the start at which full tuning reaches the loss "
        "(blue: near task, red: far; hollow: distance not reached; bars: medians)",
        **HEADING,
    )
    return drawing


def _growth(result: Result) -> np.ndarray:
    """Regions after over before."""
    numbers = result.tunings.numbers
    return numbers["regions_after"] / numbers["regions_before"]


def _label(name: str) -> str:
    """A method for the reader."""
    method, _, rank = name.partition("-")
    long = {"lora": "LoRA", "plate": "PLATE-\nlike"}
    return NAMES.get(name) or f"{long[method]}\n{rank}".replace("like\n", "like ")


def _frame(axes: Axes, result: Result, title: str) -> None:
    """The box, without ticks."""
    limits = (result.config.lower, result.config.upper)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    blank(axes, title)


def _title(picture: Picture, result: Result) -> str:
    """Method and task."""
    if picture.drift is None:
        return "Before tuning"
    near = result.pictures[1].data.inputs
    task = "near" if np.array_equal(picture.data.inputs, near) else "far"
    return f"{_label(picture.title)}, {task}".replace("-\n", "-").replace("\n", " ")


def _partition(axes: Axes, result: Result, picture: Picture) -> None:
    """Cells and the data tuned on."""
    cells = PolyCollection(
        picture.cells, facecolors="none", edgecolors=INK, linewidths=0.3, alpha=0.7
    )
    axes.add_collection(cells)
    _points(axes, picture.data.inputs, picture.data.labels)
    count = len(picture.cells)
    _frame(axes, result, f"{_title(picture, result)}: {count:,}")


def _points(axes: Axes, inputs: np.ndarray, labels: np.ndarray) -> None:
    """Points of both classes."""
    for k, (color, marker) in enumerate(((BLUE, "o"), (RED, "s"))):
        x, y = inputs[labels == k][:120].T
        axes.plot(x, y, marker, color=color, markersize=1.8, markeredgewidth=0.0)


def _drift(axes: Axes, result: Result, picture: Picture, top: float):
    """Change of the Jacobian over the box, with the old data on it."""
    limits = (result.config.lower, result.config.upper)
    assert picture.drift is not None
    shown = axes.imshow(
        picture.drift,
        origin="lower",
        extent=(*limits, *limits),
        cmap="gray_r",
        vmin=0.0,
        vmax=top,
    )
    _points(axes, result.old.inputs, result.old.labels)
    _frame(axes, result, "")
    return shown


def _losses(axes: Axes, result: Result) -> None:
    """Loss at the end of the tuning, by the distance of the task."""
    tunings = result.tunings
    chosen = [
        m for m in ("full", "lora-1", "lora-4", "last_layer") if m in tunings.methods
    ]
    places = np.arange(len(tunings.moves))
    for style, method in zip(SERIES, chosen, strict=False):
        axes.plot(
            places,
            np.median(tunings.losses(method), axis=1),
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            markersize=4,
            label=_label(method).replace("\n", " "),
        )
    axes.set_xticks(places, [f"{degrees:g}°" for degrees, _ in tunings.moves])
    axes.set_yscale("log")
    axis_labels(axes, "Loss after all updates", "turn of the new task", "nats (median)")
    plain_legend(axes, "", "lower right")


def _dots(axes: Axes, result: Result, values: np.ndarray, title: str) -> None:
    """A dot a network at the same distance, and a bar for the median."""
    tunings, mark = result.tunings, MARKS.index("distance")
    for k in range(len(tunings.methods)):
        for task, name, color, shift in TASKS:
            found = values[k, task, mark]
            reached = tunings.numbers["reached"][k, task, mark] > 0.0
            x = k + shift + np.linspace(-0.09, 0.09, len(found))
            for these, fill in ((reached, color), (~reached, "none")):
                axes.plot(
                    x[these],
                    found[these],
                    "o",
                    markerfacecolor=fill,
                    markeredgecolor=color,
                    markeredgewidth=0.6,
                    markersize=3.5,
                    alpha=0.7,
                    label=name if k == 0 and fill != "none" else None,
                )
            middle = [float(np.median(found))] * 2
            axes.plot([k + shift - 0.14, k + shift + 0.14], middle, color=INK, lw=1.8)
    axes.set_xticks(range(len(tunings.methods)), [_label(m) for m in tunings.methods])
    axis_labels(axes, title, "", "")


def _ranks(axes: Axes, result: Result) -> None:
    """Exact counts of layers of low rank against their formula."""
    rows = result.summary["low_rank"]
    for base, color, marker, name in (
        (False, BLUE, "o", "adapter of rank r alone"),
        (True, RED, "s", "adapter on a weight of full rank"),
    ):
        these = [row for row in rows if row["base"] == base]
        axes.plot(
            [row["bound"] for row in these],
            [row["regions"] for row in these],
            marker,
            color=color,
            markersize=6,
            markerfacecolor="none",
            label=name,
        )
    for row in {
        (r["dim"], r["rank"], r["bound"]): r for r in rows if not r["base"]
    }.values():
        axes.annotate(
            f"d={row['dim']}, r={row['rank']}",
            (row["bound"], row["regions"]),
            xytext=(7, -4 if row["dim"] == 3 else -14),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    ends = [row["bound"] for row in rows]
    line = [0.7 * min(ends), 1.5 * max(ends)]
    axes.plot(line, line, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set(xscale="log", yscale="log")
    axis_labels(
        axes,
        f"One layer of {result.config.rank_units} units on the whole space",
        "sum of C(n, k), k up to the rank of the weight",
        "regions, exact",
    )
    plain_legend(axes, "", "upper left")
