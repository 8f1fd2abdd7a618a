"""One line before and after tuning, and numbers of all methods."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from experiments.lora_digits.claims import FAR, NEAR
from experiments.lora_digits.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, axis_labels, blank

TASKS = ((NEAR, "near: a pixel lower", -0.16), (FAR, "far: pixels shuffled", 0.16))
TOP = 0.3
"""Share of bits that differ at which the color is the last one."""


def draw(result: Result) -> Figure:
    """A line above, six panels of numbers below."""
    drawing = Figure(figsize=(11.5, 9.0), layout="constrained")
    above, below = drawing.subfigures(2, 1, squeeze=False, height_ratios=(1.0, 2.4))[
        :, 0
    ]
    _line(above.subplots(), result)
    panels = below.subplots(2, 3)
    numbers = result.tunings.numbers
    growth = numbers["regions_after"] / numbers["regions_before"]
    for axes, values, title, y in (
        (panels[0, 0], numbers["bits"], "Old digits: bits that differ", "share"),
        (panels[0, 1], growth, "Regions on lines", "after over before"),
        (panels[0, 2], numbers["jaccard"], "Regions that stay", "Jaccard index"),
        (panels[1, 0], numbers["old_after"], "Old task", "accuracy after tuning"),
        (panels[1, 1], numbers["new_after"], "New task", "accuracy after tuning"),
    ):
        _dots(axes, result, values[:, :, 0], numbers["reached"][:, :, 0], title, y)
    between = float(np.median(numbers["between"]))
    for axes, level in ((panels[0, 0], between), (panels[0, 1], 1.0)):
        axes.axhline(level, color=MUTED, linewidth=0.8, linestyle="--")
    panels[0, 0].annotate(
        "two different\ndigits",
        (len(result.config.methods) - 1.0, between),
        fontsize=8,
        color=MUTED,
        ha="center",
        va="bottom",
    )
    end = result.tunings.final
    _dots(
        panels[1, 2],
        result,
        end,
        np.ones_like(end),
        "New task, at the end",
        "loss, nats",
    )
    panels[1, 2].set_yscale("log")
    plain_legend(panels[0, 0], "", "upper right")
    below.suptitle(
        f"Where the loss on the new task first is {result.config.schedule.loss:g} nats "
        "(hollow: not reached; bars: medians)",
        fontsize=10,
        color=INK,
        family=FONT,
        x=0.01,
        ha="left",
    )
    return drawing


def _name(method: str) -> str:
    """A method for the reader."""
    kind, _, rank = method.partition("-")
    names = {"full": "all", "last_layer": "last\nlayer"}
    return f"rank {rank}" if kind == "lora" else names[method]


def _line(axes: Axes, result: Result) -> None:
    """The regions along a line, before tuning and after each way of it."""
    rows = [("", "before")]
    rows += [(str(k), _name(m)) for k, m in enumerate(result.config.methods)]
    colors = ScalarMappable(Normalize(0.0, TOP), "viridis")
    for y, (suffix, _) in enumerate(rows):
        lengths, differ = (result.line[f"{n}{suffix}"] for n in ("lengths", "differ"))
        starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
        axes.barh(
            y,
            lengths,
            0.72,
            left=starts,
            color=colors.to_rgba(differ),
            edgecolor="white",
            linewidth=0.4,
        )
    axes.set(xlim=(0.0, 1.0), ylim=(len(rows) - 0.5, -0.5))
    counts = [len(result.line[f"lengths{suffix}"]) for suffix, _ in rows]
    blank(axes, "All regions on a line between two old digits, tuned for the near task")
    labels = [
        f"{name}: {count}".replace("\n", " ")
        for (_, name), count in zip(rows, counts, strict=True)
    ]
    axes.set_yticks(range(len(rows)), labels, fontsize=9, color=INK, family=FONT)
    bar = axes.figure.colorbar(colors, ax=axes, pad=0.01, extend="max")
    bar.set_label("bits that differ\nfrom before", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)


def _dots(
    axes: Axes,
    result: Result,
    values: np.ndarray,
    reached: np.ndarray,
    title: str,
    y: str,
) -> None:
    """A dot a network, and a bar for the median of those that reached the mark."""
    for k in range(len(result.config.methods)):
        for (task, name, shift), style in zip(TASKS, SERIES, strict=False):
            found, there = values[k, task], reached[k, task] > 0.0
            x = k + shift + np.linspace(-0.1, 0.1, len(found))
            for these, fill in ((there, style.color), (~there, "none")):
                axes.plot(
                    x[these],
                    found[these],
                    style.marker,
                    markerfacecolor=fill,
                    markeredgecolor=style.color,
                    markeredgewidth=0.6,
                    markersize=3.5,
                    alpha=0.7,
                    label=name if k == 0 and fill != "none" else None,
                )
            shown = found[there] if there.any() else found
            axes.plot(
                [k + shift - 0.14, k + shift + 0.14],
                [float(np.median(shown))] * 2,
                color=INK,
                lw=1.6,
            )
    axes.set_xticks(
        range(len(result.config.methods)), [_name(m) for m in result.config.methods]
    )
    axis_labels(axes, title, "", y)
