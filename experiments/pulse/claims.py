"""What the posts' question about the pulse of Adam comes to, claim by claim."""

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_median

BASE = "adam"
"""The setting that the others are compared with."""

SHORT = 150.0
"""Memory of the denominators, 1 / (1 - beta2) in updates, up to which it is short."""

POST, OURS = "Dullien 2024-07-04 (question)", "this project, for that question"
EDGE = "after arXiv 2207.14484"
RISING = "share of updates in which the loss rises"
UNDER, AT = 0.8, 0.95
"""Shares of the threshold under which the curvature is below it, and from which it is
at the edge."""

Measures = dict[str, dict[str, np.ndarray]]


def pulse_claims(
    measures: Measures, slopes: dict[str, Float64[np.ndarray, " seeds"]]
) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Args:
        measures: By setting, as `experiments.pulse.study` names them.
        slopes: Exponents of the period in 1 / (1 - beta2), by regime.
    """
    base = measures[BASE]
    claims = [
        claim_median(
            "Adam pulses at the author's rate of 0.001.",
            POST,
            f"{RISING}, last 1500 of 30,000 (at least 0.25)",
            base["rising"],
            low=0.25,
            reason="a saw that falls in three updates of four",
        ),
        *_edge_claims(base),
        *_regime_claims(slopes),
    ]
    if "sgd" in measures:
        claims.append(
            claim_median(
                "Plain gradient descent does not pulse.",
                OURS,
                f"{RISING}, last 1500 of 30,000 (at most 0.01)",
                measures["sgd"]["rising"],
                high=0.01,
                reason="one in a hundred: rounding",
            )
        )
    for name, text, low, high in (
        ("amsgrad", "AMSGrad, whose denominators never fall, pulses less.", 0.0, 1.0),
        ("lr 0.01", "A ten times larger rate pulses more.", 1.0, np.inf),
    ):
        if name in measures:
            claims.append(
                claim_median(
                    text,
                    OURS,
                    f"swing with {name} over that of the base, paired "
                    f"({'at least' if low else 'at most'} 1)",
                    measures[name]["swing"] / base["swing"],
                    low=low or -np.inf,
                    high=high,
                    reason="no difference",
                )
            )
    return [
        *claims,
        claim_median(
            "The curvature foretells the pulse: the higher it is, the more the loss "
            "rises.",
            "after arXiv 2506.04805",
            "rank correlation of the curvature with the rise of the log loss over the "
            "next 5 updates (above 0)",
            base["foretelling"],
            low=np.nextafter(0.0, 1.0),
            reason="no relation",
        ),
    ]


def _edge_claims(base: dict[str, np.ndarray]) -> list[Claim]:
    """Progressive sharpening, and what follows at the edge of stability."""
    curvature, rising = base["curvature"], base["block_rising"]
    claims = [
        claim_median(
            "The preconditioned curvature comes to its threshold, 38 / lr, and stays.",
            EDGE,
            "median of the last third over the threshold (0.9 to 1.1)",
            base["edge"],
            low=0.9,
            high=1.1,
            reason="a tenth: power iteration gives a little less",
        )
    ]
    # A block is at the edge if it ends there, so that it began on the way.
    before = _mean_where(rising, curvature < UNDER)
    after = _mean_where(rising, curvature >= AT)
    if len(before):
        claims.append(
            claim_median(
                "Before that the loss does not rise.",
                EDGE,
                f"{RISING}, over blocks that end under {UNDER:g} of the threshold (at "
                "most 0.05)",
                before,
                high=0.05,
                reason="one in twenty",
            )
        )
    if len(after):
        claims.append(
            claim_median(
                "From there on it does.",
                EDGE,
                f"{RISING}, over blocks that end at {AT:g} of the threshold or more "
                "(at least 0.25)",
                after,
                low=0.25,
                reason="a saw that falls in three updates of four",
            )
        )
    return claims


def _mean_where(values: np.ndarray, mask: np.ndarray) -> Float64[np.ndarray, " some"]:
    """Mean over the blocks of a mask, of the seeds that have one."""
    return np.array(
        [v[m].mean() for v, m in zip(values.T, mask.T, strict=True) if m.any()]
    )


def _regime_claims(slopes: dict[str, Float64[np.ndarray, " seeds"]]) -> list[Claim]:
    """How the period follows the memory of the denominators."""
    claims = []
    if "short" in slopes:
        claims.append(
            claim_median(
                "While the denominators forget within 100 updates, the period grows "
                "with their memory 1 / (1 - beta2).",
                OURS,
                "exponent of the period in it, beta2 0.9 and 0.99 (at least 0.25)",
                slopes["short"],
                low=0.25,
                reason="half of a root",
            )
        )
    if "long" in slopes:
        claims.append(
            claim_median(
                "Beyond that it does not.",
                OURS,
                "exponent of the period in it, beta2 0.997 to 0.9997 (at most 0.25)",
                slopes["long"],
                high=0.25,
                reason="the same border",
            )
        )
    return claims
