"""Six panels of the classifier: a neuron a color, regions, classes, points."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.plotting.style import DPI, FONT, MUTED, blank
from experiments.three_colors.study import BLUE, GREEN, RED, Result, probabilities

COLORS = np.eye(3)
"""Pure red, green and blue, as in the image that is learned."""

DOT = (2.0 * 72.0 / DPI) ** 2
"""Area of a dot in square points: two pixels of the figure on a side."""


def draw(result: Result) -> Figure:
    """Red and blue neuron, probabilities; green neuron, classes, sampled points."""
    drawing = Figure(figsize=(15.0, 10.6))
    panels = drawing.subplots(2, 3)
    drawing.subplots_adjust(
        left=0.012, right=0.988, top=0.96, bottom=0.05, wspace=0.03, hspace=0.08
    )
    outputs = result.outputs
    _neuron(panels[0, 0], outputs[..., RED], "Red neuron")
    _neuron(panels[0, 1], outputs[..., BLUE], "Blue neuron")
    _neuron(panels[1, 0], outputs[..., GREEN], "Green neuron")
    said = probabilities(outputs.reshape(-1, 3), "cross_entropy")
    summary, config = result.summary, result.config
    regions = f"{summary['first_regions']:,} activation regions"
    _image(panels[0, 2], said.reshape(outputs.shape), f"Probabilities and {regions}")
    panels[0, 2].add_collection(
        PolyCollection(
            result.polygons, facecolors="none", edgecolors="white", linewidths=0.35
        )
    )
    wrong, total = summary["first_misclassified"], config.data.num_train
    _image(
        panels[1, 1],
        COLORS[outputs.argmax(axis=2)],
        f"Classes; misclassified: {wrong}/{total:,} training points",
    )
    _image(panels[1, 2], COLORS[result.classes], "Original and sampled points")
    for points, color in (
        (result.data.train_inputs, "#ff00ff"),
        (result.data.val_inputs, "#00ffff"),
    ):
        x, y = np.asarray(points).T
        panels[1, 2].scatter(x, y, s=DOT, c=color, marker="s", linewidths=0.0)
    text = (
        f"cross-entropy   epoch {config.training.epochs}   "
        f"shape {list(config.training.model.widths)}   seed {config.seeds[0]}   "
        f"points {total:,} (magenta; cyan: {config.data.num_val:,} for validation)   "
        "neurons: logits, black lowest, white highest"
    )
    drawing.text(0.012, 0.018, text, fontsize=10.5, color=MUTED, family=FONT)
    return drawing


def _neuron(axes: Axes, values: np.ndarray, title: str) -> None:
    """An output in grays, its range in the title."""
    low, high = float(values.min()), float(values.max())
    axes.imshow(values, cmap="gray", extent=(0.0, 1.0, 1.0, 0.0))
    blank(axes, f"{title}: {low:.1f} to {high:.1f}")


def _image(axes: Axes, colors: np.ndarray, title: str) -> None:
    """Red, green and blue in [0, 1]."""
    axes.imshow(colors, extent=(0.0, 1.0, 1.0, 0.0), interpolation="nearest")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(1.0, 0.0)
    blank(axes, title)
