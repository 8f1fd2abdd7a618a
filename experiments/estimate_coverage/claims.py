"""What the trials say of bias, intervals and the bound."""

from collections.abc import Mapping

import numpy as np
import scipy.stats
from jaxtyping import Float64

from experiments.estimate_coverage.trials import LEVELS
from experiments.running.claims import Claim, claim_exact, claim_normal, claim_share

LEAST_COVERED = 0.92
MOST_FAILED = 0.05
NEAR_ZERO = 0.2


def coverage_claims(trials: Mapping[str, np.ndarray]) -> list[Claim]:
    """Bias, coverage and the bound, over the networks whose estimate is one."""
    open_ = ~trials["exact"]
    claims = [
        _mean_near_zero(
            "Estimates are not biased",
            "error over the standard error of other runs, mean",
            trials["z"][open_],
        ),
        _mean_near_zero(
            "... nor is a mean of all runs, by the spread of other networks",
            "error over the standard error of other networks' runs, mean",
            trials["pooled"][open_],
        ),
    ]
    for column, level in enumerate(LEVELS):
        low = LEAST_COVERED if level == 0.95 else level - 0.05
        claims.append(
            claim_share(
                f"{level:.0%} intervals hold the count as often as they say",
                "this project",
                f"share of intervals that hold it (at least {low:.0%})",
                trials["covered"][open_, column],
                low=low,
            )
        )
    claims.append(
        claim_share(
            "The lower bound fails in one of twenty estimates at most",
            "this project",
            "share of bounds above the count (at most 5 %)",
            trials["bound"][open_] > 1.0 + 1e-9,
            high=MOST_FAILED,
        )
    )
    listed = open_ & np.isfinite(trials["parity"]).all(1)
    parity = trials["parity"][listed].max(1)
    claims.append(
        claim_share(
            "The lower bound is above those by parity constraints",
            "this project; Serra & Ramalingam, AAAI 2020",
            "share of networks where it is above the larger of two (at least 95 %)",
            trials["bound"][listed] > parity,
            low=0.95,
        )
    )
    wrong = int((np.rint(trials["mean"]) != trials["regions"])[~open_].sum())
    claims.append(
        claim_exact(
            "An estimate that dropped nothing is the count",
            "this project",
            "such estimates that differ from it (none)",
            wrong,
            holds=wrong == 0,
        )
    )
    return claims


def _mean_near_zero(
    claim: str, statistic: str, values: Float64[np.ndarray, " networks"]
) -> Claim:
    """The claim that a mean is within `NEAR_ZERO` of 0, by Student's interval."""
    return claim_normal(
        claim,
        "this project",
        f"{statistic} (-{NEAR_ZERO} to {NEAR_ZERO})",
        float(values.mean()),
        float(scipy.stats.sem(values)),
        len(values),
        low=-NEAR_ZERO,
        high=NEAR_ZERO,
        values=values.tolist(),
    )
