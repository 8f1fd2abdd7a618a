"""Wrong verdicts by margin and kind of network; times of the large one."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import INK, axis_labels
from experiments.referee.study import Result, signed_margins
from experiments.referee.verifiers import VERIFIERS


def draw(result: Result) -> Figure:
    """A table of wrong verdicts for each verifier above; questions below."""
    drawing = Figure(figsize=(12.8, 6.8), layout="constrained")
    grid = drawing.add_gridspec(2, len(VERIFIERS))
    margins = signed_margins(result.config)
    for k, name in enumerate(VERIFIERS):
        axes = drawing.add_subplot(grid[0, k])
        _table(axes, result, k, margins)
        axes.set_title(name, fontsize=9, color=INK)
        if k == 0:
            axes.set_yticks(range(len(result.trials)), [*result.trials], fontsize=8)
        else:
            axes.set_yticks([])
    _questions(drawing.add_subplot(grid[1, :]), result)
    seeds = len(result.config.seeds)
    drawing.suptitle(
        f"Networks judged wrongly, of {seeds} of each kind; no number where none is",
        fontsize=9,
        color=INK,
    )
    return drawing


def _table(axes: Axes, result: Result, verifier: int, margins: list[float]) -> None:
    """How many networks of each kind are judged wrongly at each margin."""
    wrong = np.array(
        [
            (t["said"][..., verifier] != t["right"]).sum(0)
            for t in result.trials.values()
        ]
    )
    seeds = len(result.config.seeds)
    axes.imshow(wrong, cmap="Reds", vmin=0, vmax=seeds, aspect="auto")
    for (row, column), count in np.ndenumerate(wrong):
        if count:
            color = "white" if count > 0.6 * seeds else INK
            text = f"{count}"
            axes.text(
                column, row, text, ha="center", va="center", fontsize=8, color=color
            )
    labels = [f"{m:+.0e}" for m in margins]
    axes.set_xticks(range(len(margins)), labels, fontsize=7, rotation=60)
    axes.set_xlabel("bound minus exact maximum", fontsize=8, color=INK)


def _questions(axes: Axes, result: Result) -> None:
    """Seconds of each question, settled or not."""
    rows = result.asked
    for settled, style in zip((True, False), SERIES, strict=False):
        places = [k for k, row in enumerate(rows) if row.proved is settled]
        label = "settled, proved" if settled else "left open, with proved ends"
        if not places:
            continue
        seconds = [max(rows[k].seconds, 1e-2) for k in places]
        axes.plot(places, seconds, style.marker, color=style.color, label=label)
    axes.set_yscale("log")
    names = [row.question for row in rows]
    axes.set_xticks(range(len(rows)), names, fontsize=7, rotation=30, ha="right")
    widths = "-".join(map(str, (5, *result.config.widths, 5)))
    axis_labels(axes, f"Questions about {widths}", "", "seconds")
    plain_legend(axes, "", "best")
