"""Counts against what varies, one panel per family, with fits and formulas."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED
from experiments.scaling_study.scaling_fits import Fit
from experiments.scaling_study.settings import Family
from experiments.scaling_study.study import Result
from experiments.scaling_study.tables import family_counts, value_text

NAMES = {
    "dim": "input dimension",
    "depth": "hidden layers",
    "width": "units per layer",
    "widths": "units of all layers",
    "epochs": "epochs of training",
    "half_width": "half width of the domain",
}
COLORS = {"initial": BLUE, "trained": RED}
SHIFTS = {"initial": -1.0, "trained": 1.0}
STAGE_NAMES = {"initial": "at initialization", "trained": "after training"}
MOST_COLUMNS = 3
BOUND = {True: "upper bound (Serra et al. 2018)", False: "upper bound, layer by layer"}


def draw(result: Result) -> Figure:
    """One panel per family: every count, the means, the fits, and the bounds."""
    families = result.config.families
    columns = min(len(families), MOST_COLUMNS)
    rows = -(-len(families) // columns)
    drawing = Figure(figsize=(5.2 * columns, 4.8 * rows), layout="constrained")
    for index in range(len(families)):
        _panel(drawing.add_subplot(rows, columns, index + 1), index, result)
    if result.config.seeds == 1:
        note = "one seed: intervals of the fits take more"
        drawing.supxlabel(note, fontsize=9, family=FONT, color=MUTED)
    return drawing


def _panel(axes: Axes, index: int, result: Result) -> None:
    """One family."""
    family = result.config.families[index]
    numbers, is_log = _positions(family)
    x = np.array(numbers, float)
    step = 0.06 * float(np.diff(np.unique(x)).min())
    for entry in result.summary["fits"]:
        if entry["family"] != index:
            continue
        stage, color = entry["stage"], COLORS[entry["stage"]]
        counts, side = family_counts(family, result.table, stage), SHIFTS[stage]
        at = np.repeat(x * 1.02**side if is_log else x + step * side, counts.shape[1])
        axes.scatter(at, counts.ravel(), s=5, color=color, alpha=0.4, linewidths=0)
        label = STAGE_NAMES[stage]
        if "fit" in entry:
            fit = Fit(**entry["fit"])
            label = f"{label}: {_law(fit)}"
            order = np.argsort(x)
            line = fit.counts(x[order].tolist())
            axes.plot(x[order], line, color=color, linewidth=1, label=label)
            label = None
        axes.plot(x, counts.mean(1), "o", color=color, markersize=4, label=label)
    _add_formulas(axes, family, x, result.table)
    axes.set_yscale("log")
    if is_log:
        axes.set_xscale("log", base=2)
    # Shapes with equally many units share a place.
    labels: dict[float, list[str]] = {}
    for place, value in zip(x.tolist(), family.values, strict=True):
        labels.setdefault(place, []).append(value_text(value))
    axes.set_xticks([*labels], ["\n".join(names) for names in labels.values()])
    axes.minorticks_off()
    name = NAMES.get(family.varies, family.varies.replace("_", " "))
    axes.set_xlabel(name, family=FONT, color=INK)
    axes.set_ylabel("activation regions", family=FONT, color=INK)
    title = textwrap.fill(result.summary["families"][index], 60)
    axes.set_title(title, loc="left", fontsize=10, family=FONT, color=INK)
    axes.legend(frameon=False, fontsize=8)


def _add_formulas(
    axes: Axes, family: Family, x: np.ndarray, table: list[dict[str, Any]]
) -> None:
    """What formulas say of each setting."""
    settings, order = family.settings(), np.argsort(x)
    relu = all(setting.activation == "relu" for setting in settings)
    # Between shapes lies nothing, and some share a place: marks, not lines.
    styles = ("+", "_") if family.varies == "widths" else (":", "--")
    for key, style, label in (
        ("leading_term", styles[0], r"$N^d / d!$, with $N$ units"),
        ("upper_bound", styles[1], BOUND[relu]),
    ):
        of = {row["setting"]: row[key] for row in table}
        values = np.array([of[setting.key] for setting in settings])
        # Fewer units than dimensions: less than one region says nothing.
        values = np.where(values >= 1.0, values, np.nan)
        axes.plot(x[order], values[order], style, color=MUTED, linewidth=1, label=label)


def _positions(family: Family) -> tuple[list[float], bool]:
    """Where the values lie on the axis, and whether that is logarithmic."""
    numbers = family.numbers
    if not numbers or family.law == "none":
        return [float(i) for i in range(len(family.values))], False
    return numbers, family.law == "power"


def _law(fit: Fit) -> str:
    """The fitted law in a legend."""
    if fit.low is None or fit.high is None:
        interval = ""
    else:
        interval = f" [{fit.low:.2f}, {fit.high:.2f}]"
    if fit.law == "arrangement":
        return rf"$c\,M^d / d!$, $M$ = {fit.parameter:.2f}{interval}"
    return f"{fit.name} {fit.parameter:.2f}{interval}"
