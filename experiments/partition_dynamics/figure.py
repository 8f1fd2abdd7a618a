"""Eight panels of a partition that learns, from counts to freezing."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.measures.partition_history import FREEZE_SHARE
from experiments.partition_dynamics.study import Result
from experiments.plotting.style import BLUE, INK, MUTED, PALETTE, RED, axis_labels

GREEN = PALETTE[3]
PARTS = {"all": "all", "last_layer": "last layer", "first_biases": "first biases"}


def draw(result: Result) -> Figure:
    """Counts, births, migration, split above; losses, rates, distances, parts below."""
    drawing = Figure(figsize=(15.0, 7.4), layout="constrained")
    axes = np.ravel(drawing.subplots(2, 4))
    panels: list[Callable[[Axes, Result], None]] = [
        _counts,
        _births,
        _migration,
        _split,
        _losses,
        _rates,
        _distances,
        _parts,
    ]
    for panel, place in zip(panels, axes, strict=True):
        panel(place, result)
    return drawing


def _all(result: Result, name: str) -> Float[np.ndarray, "seeds steps"]:
    """One number of all seeds over time."""
    return np.stack([history[name] for history in result.histories]).astype(float)


def _lines(
    axes: Axes,
    x: np.ndarray,
    values: Float[np.ndarray, "seeds steps"],
    color: str,
    label: str | None = None,
) -> None:
    """A thin line a seed and a thick one for the median."""
    axes.plot(x, values.T, color=color, linewidth=0.5, alpha=0.35)
    axes.plot(x, np.median(values, axis=0), color=color, linewidth=2.0, label=label)


def _legend(axes: Axes) -> None:
    """A small legend without a frame."""
    axes.legend(frameon=False, fontsize=8, loc="upper right", labelcolor=INK)


def _counts(axes: Axes, result: Result) -> None:
    """Exact region counts."""
    _lines(axes, result.epochs, _all(result, "regions"), RED)
    axes.set_ylim(bottom=0)
    axis_labels(axes, "Activation regions, exact", "epoch", "regions")


def _births(axes: Axes, result: Result) -> None:
    """Patterns born and dead in each window, as shares of the regions."""
    ends, counts = result.epochs[1:], _all(result, "regions")
    _lines(axes, ends, _all(result, "born") / counts[:, 1:], BLUE, "born")
    _lines(axes, ends, _all(result, "died") / counts[:, :-1], RED, "died")
    window = int(result.epochs[1] - result.epochs[0])
    axes.set_ylim(0.0, 1.05)
    axis_labels(
        axes,
        f"Patterns born and dead in {window} epochs",
        "epoch",
        "share of the regions",
    )
    _legend(axes)


def _migration(axes: Axes, result: Result) -> None:
    """Share of boundary length near the ring's edges."""
    _lines(axes, result.epochs, 100.0 * _all(result, "near_edges"), INK)
    axes.set_ylim(bottom=0)
    axis_labels(
        axes,
        "Boundaries within 16 px of the ring's edges",
        "epoch",
        "% of their length",
    )


def _split(axes: Axes, result: Result) -> None:
    """Share of the moved partition in the change of the output."""
    values = 100.0 * _all(result, "partition_share")
    _lines(axes, result.epochs[1:], values, GREEN)
    axes.axhline(50.0, color=MUTED, linewidth=0.7, linestyle="--")
    axes.set_ylim(0.0, 100.0)
    axis_labels(
        axes,
        "Change due to the moved partition",
        "epoch",
        "% of the output's change",
    )


def _losses(axes: Axes, result: Result) -> None:
    """Training losses of all seeds."""
    x = np.arange(1, len(result.losses) + 1)
    axes.plot(x, result.losses, color=INK, linewidth=0.3, alpha=0.3, rasterized=True)
    axes.plot(x, np.median(result.losses, axis=1), color=INK, linewidth=1.2)
    axes.set_yscale("log")
    axis_labels(axes, "Training loss", "epoch", "mean squared error")


def _rates(axes: Axes, result: Result) -> None:
    """Rates of change, each over its peak; dots where a seed freezes."""
    ends = result.epochs[1:]
    for name, color, label in (
        ("data_bits", BLUE, "bits on the data"),
        ("weights", RED, "weights"),
    ):
        values = _all(result, name)
        _lines(axes, ends, values / values.max(axis=1, keepdims=True), color, label)
        kind = "data_freeze" if name == "data_bits" else "weights_freeze"
        frozen = [row[kind] for row in result.summary["table"] if row[kind]]
        axes.plot(
            frozen,
            [FREEZE_SHARE] * len(frozen),
            "o",
            color=color,
            markersize=5,
            markeredgecolor="white",
            zorder=3,
        )
    axes.axhline(FREEZE_SHARE, color=MUTED, linewidth=0.7, linestyle="--")
    axes.set_yscale("log")
    axis_labels(axes, "Rates of change (dots: frozen)", "epoch", "share of the peak")
    _legend(axes)


def _distances(axes: Axes, result: Result) -> None:
    """Distances between all snapshots' partitions, of the seed with most spikes."""
    spikes = [row["spike_rate"] for row in result.summary["table"]]
    chosen = int(np.argmax(spikes))
    last = float(result.epochs[-1])
    shown = axes.imshow(
        100.0 * result.histories[chosen]["distances"],
        cmap="gray_r",
        origin="lower",
        extent=(0.0, last, 0.0, last),
        vmin=0.0,
    )
    for spike in result.summary["table"][chosen]["spikes"]:
        axes.axvline(spike["start"], color=RED, linewidth=0.8)
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.75)
    bar.ax.tick_params(labelsize=8)
    bar.set_label("% of the bits on the grid", fontsize=8, color=INK)
    seed = result.summary["table"][chosen]["seed"]
    axis_labels(
        axes, f"Distance of partitions, seed {seed} (red: spikes)", "epoch", "epoch"
    )


def _parts(axes: Axes, result: Result) -> None:
    """Errors when only a part of the parameters moves."""
    axes.axhline(result.summary["variance"], color=MUTED, linewidth=0.8, linestyle="--")
    for k, part in enumerate(PARTS):
        errors = [row["mse"] for row in result.summary["ablations"][part]]
        spread = np.linspace(-0.15, 0.15, len(errors))
        axes.plot(k + spread, errors, "o", color=INK, markersize=4, alpha=0.7)
        axes.plot([k - 0.25, k + 0.25], [np.median(errors)] * 2, color=RED, linewidth=2)
    axes.set_xticks(range(len(PARTS)), list(PARTS.values()))
    axes.set_xlim(-0.5, len(PARTS) - 0.5)
    axes.set_yscale("log")
    axis_labels(
        axes,
        "Only a part trained (dashed: constant)",
        "",
        "mean squared error on the image",
    )
