"""What the essay's claims on neighbors in the embedding come to."""

import numpy as np
from jaxtyping import Float64

from experiments.measures.read_outs import READ_OUTS
from experiments.running.claims import Claim, claim_median, claim_share

ESSAY = "Lux 2021"
OURS = "this project, for that essay"
Measures = dict[str, dict[str, np.ndarray]]

FEW, MANY = ("40 points, Lux", "40 points, Adam"), "10,000 points"
"""Names of cases."""

LOCAL = ("nearest neighbor", "3 nearest", "Shepard")
"""Read-outs that the essay names."""

MOST = 10.0
"""Largest ratio: of a seed without errors on the inputs it would be infinite."""


def ratios(
    values: dict[str, np.ndarray], read_out: str
) -> Float64[np.ndarray, "seeds 2"]:
    """Errors on the last embedding over those on the inputs, paired.

    A seed without any error on the inputs is no better on the embedding: its ratio
    is 1, or `MOST` if there are errors on the embedding.
    """
    errors = values["errors"][:, :, list(READ_OUTS).index(read_out)]
    before, after = errors[:, 0], errors[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = after / before
    return np.minimum(np.where(after == before, 1.0, found), MOST)


def neighbor_claims(measures: Measures) -> list[Claim]:
    """Claims in the order of the page; those whose cases are there.

    Args:
        measures: As in `experiments.embedding_neighbors.Result`.
    """
    claims = []
    for name in FEW:
        if name in measures:
            claims += _few_points(name, measures[name])
    for name, values in measures.items():
        found = ratios(values, LOCAL[0])[:, 0]
        claims.append(
            claim_median(
                f"{name}: nearest neighbor errs clearly less in the embedding.",
                ESSAY,
                "ratio of RMSE or error rate, embedding over inputs, paired (at most "
                "0.9)",
                found,
                high=0.9,
                reason="clearly: a tenth",
            )
        )
    claims += _any_problem(measures)
    if MANY in measures:
        claims += [
            claim_median(
                f"{MANY}: Shepard errs clearly less in the embedding.",
                ESSAY,
                "ratio of RMSE, embedding over inputs, paired (at most 0.9)",
                ratios(measures[MANY], LOCAL[2])[:, 0],
                high=0.9,
                reason="clearly: a tenth",
            ),
            claim_median(
                f"{MANY}: the largest error of the nearest neighbor is clearly "
                "smaller, too.",
                ESSAY,
                "ratio of largest errors, embedding over inputs, paired (at most 0.9)",
                ratios(measures[MANY], LOCAL[0])[:, 1],
                high=0.9,
                reason="clearly: a tenth",
            ),
        ]
    return claims


def _any_problem(measures: Measures) -> list[Claim]:
    """Claims over the problems; the 40 points count once."""
    cases = [values for name, values in measures.items() if name != FEW[1]]
    if not cases:
        return []
    nearest = list(READ_OUTS).index(LOCAL[0])
    better = [np.median(ratios(values, LOCAL[0])[:, 0]) <= 0.9 for values in cases]
    shepard = [np.median(ratios(values, LOCAL[2])[:, 0]) <= 0.9 for values in cases]
    own = [
        np.median(values["network"][:, 0] - values["errors"][:, -1, nearest, 0]) < 0.0
        for values in cases
    ]
    return [
        claim_share(
            "Usually, for any problem, the nearest neighbor errs clearly less in the "
            "embedding.",
            ESSAY,
            "share of the problems with a median ratio of at most 0.9 (over a half)",
            np.array(better),
            low=0.5,
            reason="usually: most of them",
        ),
        claim_share(
            "Usually Shepard's method does.",
            ESSAY,
            "share of the problems with a median ratio of at most 0.9 (over a half)",
            np.array(shepard),
            low=0.5,
            reason="usually: most of them",
        ),
        claim_share(
            "Usually the network itself errs less than the nearest neighbor in its "
            "embedding.",
            OURS,
            "share of the problems (over a half)",
            np.array(own),
            low=0.5,
            reason="most of them",
        ),
    ]


def _few_points(name: str, values: dict[str, np.ndarray]) -> list[Claim]:
    """The claims of the essay's figure."""
    largest = ratios(values, LOCAL[0])[:, 1]
    nearest = list(READ_OUTS).index(LOCAL[0])
    trained = values["errors"][:, -1, nearest, 0]
    return [
        claim_median(
            f"{name}: the largest error of the nearest neighbor is much smaller in the "
            "embedding.",
            f"{ESSAY}, last figure",
            "ratio of largest errors, embedding over inputs, paired (at most 0.7)",
            largest,
            high=0.7,
            reason="much: a third",
        ),
        claim_share(
            f"{name}: it is smaller for four networks in five.",
            OURS,
            "share of seeds with a smaller largest error (at least 0.8)",
            largest < 1.0,
            low=0.8,
            reason="an earlier run had 11 of 12",
        ),
        claim_median(
            f"{name}: it is training that does it, not the layers.",
            OURS,
            "ratio of RMSE of the nearest neighbor in the last embedding, after "
            "training over before, paired (at most 0.7)",
            trained / values["start"][:, nearest, 0],
            high=0.7,
            reason="much: a third",
        ),
    ]
