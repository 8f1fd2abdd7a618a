"""Counts against what varies, one panel per family, with fits and formulas."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED
from experiments.scaling_study import STAGES, VARIES, Family, Result, family_counts

NAMES = {"dim": "input dimension", "depth": "hidden layers", "width": "units per layer"}
COLORS = {"initial": BLUE, "trained": RED}


def figure(result: Result) -> Figure:
    """One panel per family: every count, the means, the fits, and the bounds."""
    families = result.config.families
    drawing = Figure(figsize=(5.2 * len(families), 4.6), layout="constrained")
    for axes, family in zip(
        np.ravel(drawing.subplots(1, len(families), squeeze=False)),
        families,
        strict=True,
    ):
        _panel(axes, family, result)
    return drawing


def _panel(axes: Axes, family: Family, result: Result) -> None:
    """One family."""
    x = np.array(family.values, float)
    for shift, stage in zip((0.99, 1.01), STAGES, strict=True):
        counts = family_counts(family, result.table, stage)
        fit = _fit(family, stage, result.summary)
        name = "exponent" if fit["law"] == "power" else "rate"
        label = (
            f"{stage}: {name} {fit['slope']:.2f} [{fit['low']:.2f}, {fit['high']:.2f}]"
        )
        at = np.repeat(x * shift, counts.shape[1])
        color = COLORS[stage]
        axes.scatter(at, counts.ravel(), s=5, color=color, alpha=0.25, linewidths=0)
        axes.plot(x, counts.mean(1), "o", color=color, markersize=4)
        u = np.log(x) if fit["law"] == "power" else x
        line = np.exp(fit["intercept"] + fit["slope"] * u)
        axes.plot(x, line, color=color, linewidth=1, label=label)
    for key, style, label in (
        ("leading_term", ":", "N^d / d!"),
        ("upper_bound", "--", "upper bound (Serra et al. 2018)"),
    ):
        values = [_of(a, key, result.table) for a in family.architectures()]
        axes.plot(x, values, style, color=MUTED, linewidth=1, label=label)
    axes.set_yscale("log")
    if family.varies != "dim":
        axes.set_xscale("log", base=2)
    axes.set_xticks(x, [str(v) for v in family.values])
    axes.minorticks_off()
    axes.set_xlabel(NAMES[family.varies], family=FONT, color=INK)
    axes.set_ylabel("activation regions", family=FONT, color=INK)
    fixed = [f"{k} {getattr(family, k)}" for k in VARIES if k != family.varies]
    axes.set_title(", ".join(fixed), loc="left", fontsize=10, family=FONT, color=INK)
    axes.legend(frameon=False, fontsize=8)


def _fit(family: Family, stage: str, summary: dict[str, Any]) -> dict[str, Any]:
    """The fit of one family and stage."""
    index = [
        k
        for k, entry in enumerate(summary["fits"])
        if entry["stage"] == stage
        and all(entry[name] == getattr(family, name) for name in ("varies", *VARIES))
        and list(entry["values"]) == list(family.values)
    ]
    return summary["fits"][index[0]]


def _of(architecture: Any, key: str, table: list[dict[str, Any]]) -> float:
    """A number that all networks of an architecture share."""
    return next(
        row[key]
        for row in table
        if all(row[name] == getattr(architecture, name) for name in VARIES)
    )
