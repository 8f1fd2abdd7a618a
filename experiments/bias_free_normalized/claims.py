"""What cones and trained networks say of biases left out of normalized networks."""

from collections.abc import Mapping

import numpy as np

from experiments.bias_free_normalized.contests import (
    BIASED,
    FREE,
    NORMALIZED,
    PLAIN,
    Contest,
    best_rate,
    fastest_rate,
)
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.sources import HASHING

BELOW_ONE = float(np.nextafter(1.0, 0.0))
"""Upper end of what is below 1: as many updates are not fewer."""

NONE = "1 is no difference"
KINDS = {NORMALIZED: "normalized", PLAIN: "plain"}


def cone_claims(cones: Mapping[str, np.ndarray]) -> list[Claim]:
    """Exact facts, at points of trained networks; arrays `(tasks, 2, seeds)`."""

    def total(name: str, kind: int) -> int:
        return int(cones[name][:, kind].sum())

    unlike, scaled = total("unlike_plain", FREE), total("unlike_scaled", FREE)
    bent, curved = total("bent", FREE), total("bent", BIASED)
    return [
        claim_exact(
            "Without biases the partition of a normalized network is that of the plain "
            "one with its gains in the weights",
            "derived: normalization divides by a positive number",
            f"of {total('points', FREE):,} points of trained networks, those with "
            "another pattern (0)",
            unlike,
            holds=unlike == 0,
        ),
        claim_exact(
            "Its regions are cones: x and t x have one code",
            f"{HASHING}: hyperplanes through the origin",
            f"of {total('scaled', FREE):,} pairs, t a power of 2, those with different "
            "codes (0)",
            scaled,
            holds=scaled == 0,
        ),
        claim_exact(
            "Without biases each first unit has a half-space",
            HASHING,
            f"of {total('triples', FREE):,} pairs of points on one side of a unit, "
            "those whose middle is on the other (0)",
            bent,
            holds=bent == 0,
        ),
        claim_exact(
            "With biases it has none: its boundary is curved",
            "derived: w . x + b rms(x) = 0",
            f"of {total('triples', BIASED):,} such pairs, those whose middle is on the "
            "other side (at least 1)",
            curved,
            holds=curved > 0,
        ),
    ]


def contest_claims(name: str, contest: Contest, target: float) -> list[Claim]:
    """Losses and updates of one task."""
    claims = []
    for kind, words in KINDS.items():
        losses = [
            contest.test[kind, f, best_rate(contest.test[kind, f])]
            for f in (BIASED, FREE)
        ]
        ratio = losses[1] / losses[0]
        claims += [
            claim_median(
                f"Leaving out biases is a beneficial regularization: {words}, {name}",
                HASHING,
                "lowest test loss without biases over that with, best rate of each, "
                "paired (below 1)",
                ratio,
                high=BELOW_ONE,
                reason=NONE,
            ),
            _updates(name, contest, kind, target),
        ]
        if kind == NORMALIZED:
            claims.append(
                claim_median(
                    f"Leaving them out changes little either way: {words}, {name}",
                    "this project",
                    "that ratio (0.9 to 1.1)",
                    ratio,
                    low=0.9,
                    high=1.1,
                    reason="a tenth, chosen beforehand",
                )
            )
    return claims


def _updates(name: str, contest: Contest, kind: int, target: float) -> Claim:
    """Updates to the target; a share where not all seeds get there."""
    reached = [
        contest.reached[kind, f, fastest_rate(contest.reached[kind, f])]
        for f in (BIASED, FREE)
    ]
    text = f"It simplifies optimization, fewer updates are needed: {KINDS[kind]}, "
    if all((one > 0).all() for one in reached):
        return claim_median(
            text + name,
            HASHING,
            f"updates to a training loss of {target:g} without biases over those with, "
            "fastest rate of each, paired (below 1)",
            reached[1] / reached[0],
            high=BELOW_ONE,
            reason=NONE,
        )
    never = np.iinfo(np.int64).max
    steps = [np.where(one > 0, one, never) for one in reached]
    return claim_share(
        text + name,
        HASHING,
        f"seeds that reach a training loss of {target:g} sooner without biases, "
        "fastest rate of each (above 0.5)",
        steps[1] < steps[0],
        low=0.5,
        reason="as many sooner as later",
    )
