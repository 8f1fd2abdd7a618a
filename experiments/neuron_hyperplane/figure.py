"""A unit's line with its normal and offset, its profile, and its bits on a grid."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.neuron_hyperplane.study import SLOPES, Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED, axis_labels

FILLS = ("#f2f2f2", "#cfe0f5")
"""Colors of the regions where the unit is off and on."""


def draw(result: Result) -> Figure:
    """Half-spaces, profile along the normal, bits."""
    drawing = Figure(figsize=(12.6, 4.3), layout="constrained")
    left, middle, right = drawing.subplots(1, 3)
    _plane(left, result)
    _profile(middle, result)
    _bits(right, result)
    return drawing


def _geometry(result: Result) -> tuple[np.ndarray, float]:
    """Unit normal and signed offset."""
    norm = float(np.linalg.norm(result.w))
    return result.w / norm, -result.b / norm


def _regions(axes: Axes, result: Result) -> None:
    """The two regions and the square's frame."""
    axes.add_collection(
        PolyCollection(
            result.polygons,
            facecolors=[FILLS[int(on)] for on in result.on],
            edgecolors=INK,
            linewidths=1.0,
        )
    )
    axes.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal")


def _plane(axes: Axes, result: Result) -> None:
    """Line, normal, offset and the names of the sides."""
    normal, offset = _geometry(result)
    _regions(axes, result)
    foot = offset * normal
    axes.plot([0.0, foot[0]], [0.0, foot[1]], color=RED, linewidth=1.6)
    axes.plot(0.0, 0.0, "o", color=INK, markersize=4)
    tangent = np.array([normal[1], -normal[0]])
    tip = foot + 0.45 * normal
    axes.annotate(
        "",
        (float(tip[0]), float(tip[1])),
        xytext=(float(foot[0]), float(foot[1])),
        arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 1.8},
    )
    _label(axes, tip + 0.1 * normal, "w / |w|", BLUE)
    _label(axes, 0.42 * tangent - 0.3 * normal, f"-b / |w| = {offset:.3f}", RED)
    _label(axes, foot + 0.3 * normal - 0.55 * tangent, "z > 0: on", INK)
    _label(axes, foot - 0.6 * normal - 0.55 * tangent, "z <= 0: off", INK)
    weights = f"z = {result.w[0]:g} x {_signed(result.w[1])} y {_signed(result.b)}"
    axis_labels(axes, f"The unit {weights}", "x", "y")


def _signed(value: float) -> str:
    """A number after an operation sign."""
    return f"{'-' if value < 0.0 else '+'} {abs(value):g}"


def _label(axes: Axes, place: np.ndarray, text: str, color: str) -> None:
    """Text centered at a place."""
    axes.text(
        float(place[0]),
        float(place[1]),
        text,
        color=color,
        fontsize=9,
        ha="center",
        va="center",
        family=FONT,
    )


def _profile(axes: Axes, result: Result) -> None:
    """Activations along the normal."""
    _, offset = _geometry(result)
    norm = float(np.linalg.norm(result.w))
    s = np.sort(np.append(np.linspace(-1.0, 1.0, 201), offset))
    z = norm * (s - offset)
    for (name, slope), style in zip(SLOPES.items(), SERIES, strict=False):
        axes.plot(
            s,
            np.where(z > 0.0, z, slope * z),
            color=style.color,
            linestyle=style.line,
            linewidth=1.8,
            label=name,
        )
    axes.axvline(offset, color=RED, linewidth=1.0, linestyle=":")
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    axis_labels(
        axes,
        "Activation along the normal (dotted: the line)",
        "distance from the origin along w / |w|",
        "activation",
    )
    plain_legend(axes, "activation", "best")


def _bits(axes: Axes, result: Result) -> None:
    """Grid points by bit, those on the line by a ring."""
    _regions(axes, result)
    z = result.points @ result.w + result.b
    for bit, color in ((False, MUTED), (True, BLUE)):
        kept = result.points[result.bits == bit]
        axes.plot(kept[:, 0], kept[:, 1], ".", color=color, markersize=2.6)
    tied = result.points[z == 0.0]
    axes.plot(
        tied[:, 0],
        tied[:, 1],
        "o",
        markersize=6,
        markerfacecolor="none",
        markeredgecolor=RED,
        linestyle="none",
    )
    axis_labels(
        axes,
        f"Bits on a grid: {len(tied)} points on the line (red) are off",
        "x",
        "y",
    )
