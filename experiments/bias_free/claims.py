"""What rays, cones and trained networks say of biases left out."""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.bias_free.tuned_training import Contest, Task, best_rate
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.sources import HASHING

BELOW_ONE = float(np.nextafter(1.0, 0.0))
"""Upper end of what is below 1: as many updates are not fewer."""

SLACK = 0.97
"""How far under the estimate of a bound an error may be: the estimate is sampled, and
test points are."""


def bias_claims(
    tasks: Sequence[Task],
    rates: Sequence[float],
    contests: Mapping[str, Contest],
    cones: Mapping[str, np.ndarray],
    rays: Mapping[str, np.ndarray],
    bounds: Mapping[str, float],
) -> list[Claim]:
    """The verdicts.

    Args:
        tasks: What was learned.
        rates: Learning rates.
        contests: By task.
        cones: `counts`, `bounded` and `formula` of single layers.
        rays: `codes`, `outputs` and `pairs` of trained networks without biases.
        bounds: Least errors of homogeneous functions, by task.
    """
    claims = [*_cones(cones), *_rays(rays), *_bounded(contests, bounds)]
    for task in tasks:
        claims += _contest(task, rates, contests[task.name])
    return claims


def _cones(cones: Mapping[str, np.ndarray]) -> list[Claim]:
    """Counts and boundedness of single layers."""
    counts = cones["counts"]
    other = int((counts != cones["formula"][:, None]).sum())
    bounded = int(cones["bounded"].sum())
    return [
        claim_exact(
            "One layer of n units without biases has 2 sum_{i<d} C(n - 1, i) regions "
            "of R^d; in the plane 2 n",
            "Cover 1965; derived",
            f"of {counts.size} exact counts, other ones (0)",
            other,
            holds=other == 0,
        ),
        claim_exact(
            "All its regions are unbounded",
            HASHING,
            f"bounded ones of {int(counts.sum()):,} regions, by their recession cones "
            "(0)",
            bounded,
            holds=bounded == 0,
        ),
    ]


def _rays(rays: Mapping[str, np.ndarray]) -> list[Claim]:
    """Points against their multiples."""
    pairs, codes = int(rays["pairs"].sum()), int(rays["codes"].sum())
    outputs = float(rays["outputs"].max())
    return [
        claim_exact(
            "Without biases all hyperplanes pass through the origin: x and t x have "
            "one code",
            HASHING,
            f"of {pairs:,} pairs, t a power of 2, those with different exact signs, "
            "trained networks (0)",
            codes,
            holds=codes == 0,
        ),
        claim_exact(
            "f(t x) = t f(x)",
            "derived",
            "largest difference, over the largest output (0 for powers of 2)",
            outputs,
            holds=outputs == 0.0,
        ),
    ]


def _bounded(
    contests: Mapping[str, Contest], bounds: Mapping[str, float]
) -> list[Claim]:
    """Test losses against what any homogeneous function leaves."""
    claims = []
    for name, bound in bounds.items():
        losses = contests[name].test[1]
        least = float(losses.min()) / bound
        claims.append(
            claim_exact(
                f"No network without biases beats the best multiples of the distance: "
                f"{name}",
                "derived",
                f"lowest test loss of {losses.size} networks over the least error "
                f"{bound:.4f} (at least {SLACK:g})",
                least,
                holds=least >= SLACK,
            )
        )
    return claims


def _contest(task: Task, rates: Sequence[float], contest: Contest) -> list[Claim]:
    """Losses, updates, rates and curvature of one task."""
    biased, free = (best_rate(contest, kind) for kind in (0, 1))
    name = task.name
    trained = (contest.reached > 0).sum(axis=1)
    claims = [
        claim_median(
            f"Leaving out biases is a beneficial regularization: {name}",
            HASHING,
            "test loss without biases over that with, equal parameters, the best rate "
            "of each (below 1)",
            contest.test[1, free] / contest.test[0, biased],
            high=BELOW_ONE,
            reason="1 is no change",
        ),
        claim_median(
            f"It simplifies optimization, more learning rates train: {name}",
            HASHING,
            f"rates that reach a training loss of {task.target:g} without biases less "
            f"those with, of {len(rates)} half decades (at least 1)",
            (trained[1] - trained[0]).astype(float),
            low=1.0,
            reason="a rate more, of half decades",
        ),
        _updates(task, contest, biased, free),
    ]
    for when, label in enumerate(("at initialization", "after training")):
        ratio = contest.sharpness[1, when] / contest.sharpness[0, when]
        claims.append(
            claim_median(
                f"It simplifies optimization, the loss is less curved {label}: {name}",
                HASHING,
                "top eigenvalue of the Hessian without biases over that with (below 1)",
                ratio[np.isfinite(ratio)],
                high=BELOW_ONE,
                reason="1 is no change",
            )
        )
    return claims


def _updates(task: Task, contest: Contest, biased: int, free: int) -> Claim:
    """Updates to the target; a share where not all seeds get there."""
    reached = np.stack([contest.reached[0, biased], contest.reached[1, free]])
    text = f"It simplifies optimization, fewer updates are needed: {task.name}"
    if (reached > 0).all():
        return claim_median(
            text,
            HASHING,
            f"updates to a training loss of {task.target:g} without biases over those "
            "with, the best rate of each (below 1)",
            reached[1] / reached[0],
            high=BELOW_ONE,
            reason="1 is no change",
        )
    never = np.iinfo(np.int64).max
    steps = np.where(reached > 0, reached, never)
    return claim_share(
        text,
        HASHING,
        f"seeds that reach a training loss of {task.target:g} sooner without biases, "
        f"the best rate of each; {int((reached[0] > 0).sum())} reach it with and "
        f"{int((reached[1] > 0).sum())} without (above 0.5)",
        steps[1] < steps[0],
        low=0.5,
        reason="most seeds",
    )
