"""Partitions of a plane of three inputs, and losses with and without biases."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.bias_free_normalized.contests import (
    BIASED,
    FREE,
    NORMALIZED,
    PLAIN,
    best_rate,
    fastest_rate,
)
from experiments.bias_free_normalized.study import VIEW, Result
from experiments.plotting.curves import SERIES, draw_band, plain_legend
from experiments.plotting.style import INK, MUTED, axis_labels, blank
from training.rms_networks import CHECK

KINDS = {NORMALIZED: "normalized", PLAIN: "plain"}


def draw(result: Result) -> Figure:
    """Two partitions and two panels of ratios above, training below."""
    tasks = list(result.contests)
    columns = max(len(tasks), 2)
    drawing = Figure(figsize=(11.5, 7.6), layout="constrained")
    above, below = drawing.subfigures(2, 1, squeeze=False, height_ratios=(1.05, 1.0))[
        :, 0
    ]
    first, second, third, fourth = above.subplots(1, 4)
    for axes, codes, title in (
        (first, result.planes[0], "With biases: curved"),
        (second, result.planes[1], "Without: cones of polytopes"),
    ):
        _partition(axes, codes, title)
    _ratios(third, result, "test", "Lowest test loss")
    _ratios(fourth, result, "reached", f"Updates to {result.config.target:g} nats")
    for axes, name in zip(
        below.subplots(1, columns, squeeze=False)[0], tasks, strict=False
    ):
        _learning(axes, result, name)
    return drawing


def _partition(axes: Axes, codes: np.ndarray, title: str) -> None:
    """Boundaries of patterns on the plane z = 1, on shades of the patterns."""
    rng = np.random.default_rng(1)
    shades = 0.82 + 0.16 * rng.random(codes.max() + 1)
    axes.imshow(
        shades[codes],
        cmap="gray",
        vmin=0.0,
        vmax=1.0,
        origin="lower",
        extent=(-VIEW, VIEW, -VIEW, VIEW),
    )
    edge = np.zeros(codes.shape, bool)
    edge[:, 1:] |= codes[:, 1:] != codes[:, :-1]
    edge[1:] |= codes[1:] != codes[:-1]
    ink = np.zeros((*codes.shape, 4))
    ink[..., 2], ink[..., 3] = 0.4, 0.65 * edge
    axes.imshow(ink, origin="lower", extent=(-VIEW, VIEW, -VIEW, VIEW))
    blank(axes, title)
    axes.set_xlabel("plane z = 1 of three inputs", fontsize=8, color=INK)


def _ratios(axes: Axes, result: Result, what: str, title: str) -> None:
    """Without over with, a dot a seed."""
    for place, contest in enumerate(result.contests.values()):
        for (kind, name), style in zip(KINDS.items(), SERIES, strict=False):
            values = getattr(contest, what)[kind].astype(float)
            pick = best_rate if what == "test" else fastest_rate
            chosen = [
                values[f, pick(getattr(contest, what)[kind, f])] for f in (BIASED, FREE)
            ]
            both = (chosen[0] > 0.0) & (chosen[1] > 0.0)
            ratio = chosen[1][both] / chosen[0][both]
            shift = -0.15 if kind == NORMALIZED else 0.15
            x = place + shift + np.linspace(-0.08, 0.08, len(ratio))
            label = name if place == 0 else None
            axes.plot(
                x,
                ratio,
                style.marker,
                color=style.color,
                ms=3.5,
                alpha=0.7,
                label=label,
            )
            if len(ratio):
                middle = [float(np.median(ratio))] * 2
                axes.plot(
                    [place + shift - 0.13, place + shift + 0.13],
                    middle,
                    color=INK,
                    lw=1.6,
                )
    axes.axhline(1.0, color=MUTED, linewidth=0.8, linestyle="--")
    names = [name.replace(" ", "\n") for name in result.contests]
    axes.set_xticks(range(len(names)), names)
    axis_labels(axes, title, "", "without biases over with")
    if what == "test":
        plain_legend(axes, "", "upper left")


def _learning(axes: Axes, result: Result, name: str) -> None:
    """Training losses at the best rates."""
    contest = result.contests[name]
    updates = CHECK * np.arange(contest.curves.shape[2])
    styles = iter(SERIES)
    for kind, words in KINDS.items():
        for f, label in ((BIASED, "with biases"), (FREE, "without")):
            style = next(styles)._replace(marker="")
            draw_band(
                axes, updates, contest.curves[kind, f], f"{words}, {label}", style
            )
    axes.axhline(result.config.target, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_yscale("log")
    axes.set_ylim(bottom=1e-4)
    axis_labels(axes, f"{name}, best rates", "updates", "training loss, nats")
    plain_legend(axes, "", "upper right")
