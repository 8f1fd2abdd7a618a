"""Counts against what varies, one panel per family, with fits and formulas."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED
from experiments.scaling_study.scaling_fits import Fit
from experiments.scaling_study.study import (
    STAGES,
    VARIES,
    Family,
    Result,
    family_counts,
)

NAMES = {"dim": "input dimension", "depth": "hidden layers", "width": "units per layer"}
COLORS = {"initial": BLUE, "trained": RED}
STAGE_NAMES = {"initial": "at initialization", "trained": "after training"}


def draw(result: Result) -> Figure:
    """One panel per family: every count, the means, the fits, and the bounds."""
    families = result.config.families
    drawing = Figure(figsize=(5.2 * len(families), 4.8), layout="constrained")
    for axes, family in zip(
        np.ravel(drawing.subplots(1, len(families), squeeze=False)),
        families,
        strict=True,
    ):
        _panel(axes, family, result)
    if result.config.seeds == 1:
        note = "one seed: intervals of the fits take more"
        drawing.supxlabel(note, fontsize=9, family=FONT, color=MUTED)
    return drawing


def _panel(axes: Axes, family: Family, result: Result) -> None:
    """One family."""
    x, is_power = np.array(family.values, float), family.varies != "dim"
    for side, stage in zip((-1.0, 1.0), STAGES, strict=True):
        counts = family_counts(family, result.table, stage)
        fit = _fit(family, stage, result.summary)
        at = np.repeat(x * 1.02**side if is_power else x + 0.06 * side, counts.shape[1])
        color = COLORS[stage]
        axes.scatter(at, counts.ravel(), s=5, color=color, alpha=0.25, linewidths=0)
        axes.plot(x, counts.mean(1), "o", color=color, markersize=4)
        label = f"{STAGE_NAMES[stage]}: {_law(fit)}"
        axes.plot(x, fit.counts(family.values), color=color, linewidth=1, label=label)
    for key, style, label in (
        ("leading_term", ":", r"$N^d / d!$, with $N$ units"),
        ("upper_bound", "--", "upper bound (Serra et al. 2018)"),
    ):
        values = [_of(a, key, result.table) for a in family.architectures()]
        axes.plot(x, values, style, color=MUTED, linewidth=1, label=label)
    axes.set_yscale("log")
    if is_power:
        axes.set_xscale("log", base=2)
    axes.set_xticks(x, [str(v) for v in family.values])
    axes.minorticks_off()
    axes.set_xlabel(NAMES[family.varies], family=FONT, color=INK)
    axes.set_ylabel("activation regions", family=FONT, color=INK)
    fixed = [f"{NAMES[k]}: {getattr(family, k)}" for k in VARIES if k != family.varies]
    axes.set_title("; ".join(fixed), loc="left", fontsize=10, family=FONT, color=INK)
    axes.legend(frameon=False, fontsize=8)


def _law(fit: Fit) -> str:
    """The fitted law in a legend."""
    if fit.low is None or fit.high is None:
        interval = ""
    else:
        interval = f" [{fit.low:.2f}, {fit.high:.2f}]"
    if fit.law == "power":
        return f"exponent {fit.parameter:.2f}{interval}"
    return rf"$c\,M^d / d!$, $M$ = {fit.parameter:.2f}{interval}"


def _fit(family: Family, stage: str, summary: dict[str, Any]) -> Fit:
    """The fit of one family and stage."""
    (entry,) = (
        entry
        for entry in summary["fits"]
        if entry["stage"] == stage
        and all(entry[name] == getattr(family, name) for name in ("varies", *VARIES))
        and list(entry["values"]) == list(family.values)
    )
    return Fit(**{name: entry[name] for name in Fit._fields})


def _of(architecture: Any, key: str, table: list[dict[str, Any]]) -> float:
    """A number that all networks of an architecture share."""
    return next(
        row[key]
        for row in table
        if all(row[name] == getattr(architecture, name) for name in VARIES)
    )
