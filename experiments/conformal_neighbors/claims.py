"""What the essay's claim on distributions from neighbors comes to."""

import numpy as np

from experiments.running.claims import Claim, claim_median

SOURCE = "Lux 2021"
OURS = "this project, for that essay"


def conformal_claims(measures: dict[str, dict[str, np.ndarray]]) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        measures: As in `experiments.conformal_neighbors.Result`.
    """
    claims = []
    for name, values in measures.items():
        claims += [
            claim_median(
                f"{name}: corrected intervals of neighbors in the embedding cover 90 % "
                "of new values.",
                SOURCE,
                "share covered (0.88 to 0.92)",
                values["coverage"][:, 1],
                low=0.88,
                high=0.92,
                reason="a fiftieth either way",
            ),
            claim_median(
                f"{name}: the quantiles alone do, too.",
                OURS,
                "share covered without correction (0.88 to 0.92)",
                values["raw_coverage"][:, 1],
                low=0.88,
                high=0.92,
                reason="the same fiftieth",
            ),
            claim_median(
                f"{name}: corrected intervals are clearly shorter in the embedding.",
                SOURCE,
                "ratio of mean widths, embedding over inputs, paired (at most 0.9)",
                values["width"][:, 1] / values["width"][:, 0],
                high=0.9,
                reason="clearly: a tenth",
            ),
        ]
    return claims
