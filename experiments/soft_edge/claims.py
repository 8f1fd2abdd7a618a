"""What the posts' question about soft edges comes to, claim by claim."""

import math

import numpy as np
from jaxtyping import Float64, Int

from experiments.running.claims import Claim, claim_median

POST = "Dullien 2024-07-04 (question)"
OURS = "this project, for that question"
BASE, DEEP = "500", "19x6"
Measures = dict[str, dict[str, np.ndarray]]


def soft_edge_claims(
    measures: Measures, epochs: Int[np.ndarray, " times"]
) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Seeds in which one of the two compared networks shows no edge are left out of a
    ratio; the number of seeds says how many are in it.

    Args:
        measures: By setting: `widths` (times, seeds) and `slopes` (seeds).
        epochs: The times.
    """
    claims = [
        _ratio(
            "Without weight decay the edge of one layer of 500 units is soft, too: "
            "regularization is not what prevents a sharp one.",
            POST,
            "width in sides of the image (at least 0.02: 20 of 1024 pixels)",
            measures[BASE]["widths"][-1],
            low=0.02,
        )
    ]
    for decay in ("1e-4", "1e-2"):
        claims += _compare(
            measures,
            f"500, decay {decay}",
            f"Weight decay {decay} changes the width by less than a tenth.",
            low=0.9,
            high=1.1,
        )
    claims += _compare(
        measures,
        "500, decay 1",
        "Weight decay 1 makes the edge at least half as wide again.",
        low=1.5,
    )
    claims += _compare(
        measures,
        "500, lr 0.01",
        "A ten times larger learning rate makes it at most half as wide.",
        high=0.5,
    )
    claims += _compare(
        measures,
        "500, init 4",
        "Four times larger initial weights make it at most half as wide.",
        high=0.5,
    )
    claims += _compare(
        measures,
        DEEP,
        "Six layers with as many parameters draw an edge at most a tenth as wide.",
        high=0.1,
    )
    if DEEP in measures:
        claims.append(
            claim_median(
                "Their largest slope is at least ten times as large.",
                OURS,
                "largest slope over all regions, 19x6 over 500, paired (at least 10)",
                measures[DEEP]["slopes"] / measures[BASE]["slopes"],
                low=10.0,
            )
        )
    for name in (BASE, DEEP):
        if name not in measures:
            continue
        exponents = shrink_exponents(epochs, measures[name]["widths"])
        claims.append(
            _ratio(
                f"The edge of {name} still sharpens at the end: width ~ t^-a, a > 0.1.",
                OURS,
                "exponent a over the measured times (at least 0.1)",
                exponents,
                low=0.1,
            )
        )
    return [claim for claim in claims if claim is not None]


def shrink_exponents(
    epochs: Int[np.ndarray, " times"], widths: Float64[np.ndarray, "times seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """Exponent a of width ~ t^-a by least squares in logarithms; infinite without one.

    Times at which a seed shows no edge are left out; two are required.
    """
    result = []
    for column in widths.T:
        seen = np.isfinite(column)
        if seen.sum() < 2:
            result.append(np.inf)
            continue
        x, y = np.log(epochs[seen]), np.log(column[seen])
        result.append(-np.polynomial.polynomial.polyfit(x, y, 1)[1])
    return np.array(result)


def _compare(
    measures: Measures, name: str, text: str, **borders: float
) -> list[Claim | None]:
    """The claim on the width of a setting over that of the base."""
    if name not in measures:
        return []
    low, high = borders.get("low"), borders.get("high")
    if low is not None and high is not None:
        wanted = f"{low:g} to {high:g}"
    else:
        wanted = f"at least {low:g}" if low is not None else f"at most {high:g}"
    with np.errstate(invalid="ignore"):
        ratio = measures[name]["widths"][-1] / measures[BASE]["widths"][-1]
    statistic = f"width, {name} over 500, paired ({wanted})"
    return [_ratio(text, OURS, statistic, ratio, **borders)]


def _ratio(
    text: str,
    source: str,
    statistic: str,
    values: Float64[np.ndarray, " seeds"],
    low: float = -math.inf,
    high: float = math.inf,
) -> Claim | None:
    """A claim over the seeds that have the number; None if none has."""
    finite = values[np.isfinite(values)]
    return (
        claim_median(text, source, statistic, finite, low=low, high=high)
        if len(finite)
        else None
    )
