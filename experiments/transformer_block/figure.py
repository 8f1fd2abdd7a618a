"""Regions on the plane of three tokens, patterns, dimensions, accuracy."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, RED, axis_labels, blank
from experiments.transformer_block.study import MEASURES, Result


def draw(result: Result) -> Figure:
    """Two planes and four panels of numbers."""
    drawing = Figure(figsize=(11.0, 7.4), layout="constrained")
    panels = drawing.subplots(2, 3)
    for axes, cells, tokens, words in zip(
        (panels[0, 0], panels[0, 1]),
        result.cells,
        result.tokens,
        ("Before training", "After"),
        strict=True,
    ):
        _plane(axes, cells, tokens, f"{words}: {len(cells)} regions on the plane")
    count = result.config.learned + result.config.held_out
    for axes, name, title, y in (
        (
            panels[0, 2],
            "told",
            "What a pattern alone tells, held out",
            "share of answers that are right",
        ),
        (panels[1, 0], "patterns", f"Patterns that {count:,} tokens meet", "patterns"),
        (
            panels[1, 1],
            "neighbor_dimension",
            "Dimension of the attention's output",
            "from two neighbors",
        ),
    ):
        _by_heads(axes, result, name)
        axis_labels(axes, title, "heads", y)
    _scatter(panels[1, 2], result)
    return drawing


def _plane(axes: Axes, cells: list[np.ndarray], tokens: np.ndarray, title: str) -> None:
    """Regions of the feed-forward layer, and the three tokens of the plane."""
    axes.add_collection(
        PolyCollection(cells, facecolors="none", edgecolors=INK, linewidths=0.5)
    )
    axes.plot(tokens[:, 0], tokens[:, 1], "o", color=RED, markersize=5)
    corners = np.concatenate(cells)
    axes.set_xlim(corners[:, 0].min(), corners[:, 0].max())
    axes.set_ylim(corners[:, 1].min(), corners[:, 1].max())
    axes.set_aspect("equal")
    blank(axes, title)


def _by_heads(axes: Axes, result: Result, name: str) -> None:
    """A number before and after training, every seed and the median."""
    values = result.numbers[MEASURES.index(name)]
    for t, label in enumerate(("before training", "after")):
        style = SERIES[t]
        for i in range(len(result.config.heads)):
            x = i + 0.2 * (t - 0.5)
            axes.plot(
                np.full(values.shape[2], x),
                values[i, t],
                style.marker,
                color=style.color,
                markersize=4,
                alpha=0.5,
                label=label if i == 0 else None,
            )
            axes.plot(x, np.median(values[i, t]), "_", color=style.color, markersize=18)
    axes.set_xticks(range(len(result.config.heads)), map(str, result.config.heads))
    axes.set_xlim(-0.5, len(result.config.heads) - 0.5)
    axes.set_ylim(0.0, 1.3 * float(values.max()))
    plain_legend(axes, "", "upper left", ncols=2)


def _scatter(axes: Axes, result: Result) -> None:
    """Patterns against dimension, every model."""
    dimension = result.numbers[MEASURES.index("neighbor_dimension")]
    patterns = result.numbers[MEASURES.index("patterns")]
    for i, heads in enumerate(result.config.heads):
        for t, fill in enumerate(("none", "full")):
            axes.plot(
                dimension[i, t],
                patterns[i, t],
                SERIES[i].marker,
                color=SERIES[i].color,
                fillstyle=fill,
                markersize=5,
                linestyle="none",
                label=f"heads {heads}, {('before', 'after')[t]}",
            )
    axes.set_ylim(0.0, 1.4 * float(patterns.max()))
    plain_legend(axes, "", "upper left", ncols=2)
    axis_labels(
        axes,
        "Dimension and patterns",
        "dimension from two neighbors",
        "patterns",
    )
