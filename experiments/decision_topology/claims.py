"""What the Betti numbers say of the claims."""

import numpy as np

from experiments.running.claims import Claim, claim_exact, claim_median

GROUPS = 10
MASDEN = "Masden, SIAGA 2025 (2207.07696), abstract"
Totals = dict[tuple[int, int, int], np.ndarray]


def claims_of(totals: Totals, few: dict[int, np.ndarray]) -> list[Claim]:
    """Growth with the width, by depth; bounded components of few units."""
    claims = []
    for dim in sorted({dim for dim, _, _ in totals}):
        widths = sorted({w for d, w, _ in totals if d == dim})
        depths = sorted({k for d, _, k in totals if d == dim})
        for depth in (depths[0], depths[-1]):
            growth = _group_means(totals[dim, widths[-1], depth]) - _group_means(
                totals[dim, widths[0], depth]
            )
            claims.append(_growth(growth, dim, widths, depth, alone=depth == 1))
    for dim, bounded in few.items():
        exceptions = int((bounded > 1).sum())
        claims.append(
            claim_exact(
                f"One hidden layer of {dim + 1} units on {dim} inputs makes at most "
                "one bounded component of a decision region",
                "Grigsby & Lindsey 2022 (2008.09052)",
                f"of {len(bounded)} networks, those with more",
                exceptions,
                holds=exceptions == 0,
            )
        )
    return claims


def _growth(
    growth: np.ndarray, dim: int, widths: list[int], depth: int, *, alone: bool
) -> Claim:
    """The claim that the topology does, or does not, grow with the width."""
    says = "does not increase" if alone else "increases"
    bound = "-0.5 to 0.5" if alone else "above 0"
    return claim_median(
        f"Width {says} the topology of decision boundaries: {dim} inputs, "
        f"{depth} hidden layer{'s' * (depth > 1)}",
        MASDEN,
        f"mean total Betti number at width {widths[-1]} less that at width "
        f"{widths[0]}, in groups of networks ({bound})",
        growth,
        low=-0.5 if alone else np.nextafter(0.0, 1.0),
        high=0.5 if alone else np.inf,
    )


def _group_means(values: np.ndarray) -> np.ndarray:
    """Means of ten groups."""
    return np.array([part.mean() for part in np.array_split(values, GROUPS)])
