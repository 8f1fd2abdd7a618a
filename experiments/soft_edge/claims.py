"""What the posts' question about soft edges comes to, claim by claim."""

import math

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_median

POST = "Dullien 2024-07-04 (question)"
OURS = "this project, for that question"
BASE, DEEP = "500", "19x6"
DECAY = ", decay 0.1"
"""What the name of a setting ends with whose weights decay to a balance."""

ABOVE_ONE = np.nextafter(1.0, 2.0)

Measures = dict[str, dict[str, np.ndarray]]


def soft_edge_claims(measures: Measures) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Seeds in which one of the two compared networks shows no edge are left out of a
    ratio; the number of seeds says how many are in it.

    Args:
        measures: By setting: `widths` (times, seeds), the last two of them at half of
            the training and at its end, `norms` likewise and `slopes` (seeds).
    """
    claims = [
        _ratio(
            "Without weight decay the edge of one layer of 500 units is soft, too.",
            POST,
            "width in sides of the image (at least 0.02)",
            measures[BASE]["widths"][-1],
            low=0.02,
            reason="20 of 1024 pixels; the sampled pixels are 14 apart",
        ),
        _rest(measures, BASE, "It is not at rest: it still sharpens.", high=0.9),
        _rest(measures, BASE + DECAY, "With a decay of 0.1 it is at rest.", low=0.9),
    ]
    if BASE + DECAY in measures:
        norms = measures[BASE + DECAY]["norms"][-1] / measures[BASE]["norms"][-1]
        claims.append(
            _ratio(
                "That decay does shrink weights.",
                "control of the claims on it",
                "norm of all weights over that without decay, paired (at most 0.9)",
                norms,
                high=0.9,
                reason="a tenth",
            )
        )
    for name, base, text in (
        (BASE + DECAY, BASE, "It keeps the edge softer: regularization does that."),
        (DEEP + DECAY, DEEP, "With six layers it does, too."),
    ):
        statistic = f"width, {name} over {base}, paired (above 1)"
        claims.append(_compare(measures, name, base, text, statistic, low=ABOVE_ONE))
    claims.append(
        _compare(
            measures,
            DEEP,
            BASE,
            "Six layers with as many parameters draw an edge at most a tenth as wide.",
            f"width, {DEEP} over {BASE}, paired (at most 0.1)",
            high=0.1,
        )
    )
    if DEEP in measures:
        claims.append(
            _ratio(
                "Their largest slope is at least ten times as large.",
                OURS,
                "largest slope over all regions, 19x6 over 500, paired (at least 10)",
                measures[DEEP]["slopes"] / measures[BASE]["slopes"],
                low=10.0,
                reason="the same tenth",
            )
        )
    return [claim for claim in claims if claim is not None]


def _rest(
    measures: Measures,
    name: str,
    text: str,
    low: float = -math.inf,
    high: float = math.inf,
) -> Claim | None:
    """The claim on the width at the end over that at half of the training."""
    if name not in measures:
        return None
    widths = measures[name]["widths"]
    ratio = _over(widths[-1], widths[-2])
    border = f"at most {high:g}" if math.isfinite(high) else f"at least {low:g}"
    statistic = f"width at the end over that at half of the updates, {name} ({border})"
    reason = "a tenth in a doubling of the updates"
    return _ratio(text, OURS, statistic, ratio, low=low, high=high, reason=reason)


def _compare(
    measures: Measures,
    name: str,
    base: str,
    text: str,
    statistic: str,
    low: float = -math.inf,
    high: float = math.inf,
) -> Claim | None:
    """The claim on the width of a setting over that of another."""
    if name not in measures or base not in measures:
        return None
    ratio = _over(measures[name]["widths"][-1], measures[base]["widths"][-1])
    reason = "no difference" if math.isinf(high) else "what one earlier network had"
    return _ratio(text, OURS, statistic, ratio, low=low, high=high, reason=reason)


def _over(
    widths: Float64[np.ndarray, " seeds"], others: Float64[np.ndarray, " seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """Ratios; NaN where one of the two has no edge."""
    both = np.isfinite(widths) & np.isfinite(others)
    return np.where(both, widths, np.nan) / np.where(both, others, 1.0)


def _ratio(
    text: str,
    source: str,
    statistic: str,
    values: Float64[np.ndarray, " seeds"],
    low: float = -math.inf,
    high: float = math.inf,
    reason: str = "",
) -> Claim | None:
    """A claim over the seeds that have the number; None if none has."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    return claim_median(
        text, source, statistic, finite, low=low, high=high, reason=reason
    )
