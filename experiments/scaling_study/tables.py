"""The counts of a study as tables: by seeds, and as means with intervals."""

from typing import Any

import numpy as np
import scipy.stats
from jaxtyping import Float64

from experiments.scaling_study.scaling_fits import Fit
from experiments.scaling_study.settings import Config, Family

LEVEL = 0.95
"""Coverage of the intervals, as of those of the fits."""


def family_counts(
    family: Family, rows: list[dict[str, Any]], stage: str
) -> Float64[np.ndarray, "values seeds"]:
    """Counts of one family and stage, one row per value and one column per seed."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["stage"] == stage:
            found.setdefault(row["setting"], []).append(row["regions"])
    return np.array([found[setting.key] for setting in family.settings()], float)


def table_of_means(
    config: Config, rows: list[dict[str, Any]], fits: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One row per family, stage and value, for a paper.

    Args:
        config: The study.
        rows: One per network and stage.
        fits: As in `summary.json`.

    Returns:
        The mean count, its interval over the seeds by Student's law (none of one seed),
        what the fitted law gives (None where none is), and what formulas say.
    """
    table = []
    for entry in fits:
        family = config.families[entry["family"]]
        counts = family_counts(family, rows, entry["stage"])
        law = [None] * len(counts)
        if "fit" in entry:
            law = Fit(**entry["fit"]).counts(family.numbers).tolist()
        for setting, value, own, fitted in zip(
            family.settings(), family.values, counts, law, strict=True
        ):
            row = next(row for row in rows if row["setting"] == setting.key)
            low, high = _interval(own)
            table.append(
                {
                    "family": entry["family"],
                    "varies": family.varies,
                    "value": value_text(value),
                    "stage": entry["stage"],
                    "seeds": len(own),
                    "mean": float(own.mean()),
                    "low": low,
                    "high": high,
                    "fit": fitted,
                    "leading_term": row["leading_term"],
                    "upper_bound": row["upper_bound"],
                }
            )
    return table


def _interval(
    counts: Float64[np.ndarray, " seeds"],
) -> tuple[float, float] | tuple[None, None]:
    """The interval of a mean."""
    if len(counts) < 2:
        return None, None
    quantile = scipy.stats.t.ppf(0.5 + 0.5 * LEVEL, len(counts) - 1)
    half = float(quantile * counts.std(ddof=1) / np.sqrt(len(counts)))
    return float(counts.mean()) - half, float(counts.mean()) + half


def value_text(value: Any) -> str:
    """A value of a family: of widths, `8x4x8`."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
