"""What counts and losses say of wide and deep networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_median
from regions.bounds import hanin_rolnick_2019_count

SOURCE = "Hanin & Rolnick 2019 (1906.00904)"
QUESTION = "Shekkizhar 2024, later version: a question"

Shape = tuple[int, int, int]
"""Dimension, units in all and layers."""


def wide_or_deep_claims(
    random: Mapping[Shape, np.ndarray],
    trained: Mapping[int, Mapping[str, np.ndarray]],
    stacks: Sequence[int],
) -> list[Claim]:
    """The verdicts; arguments as `wide_or_deep.Result` has them."""
    claims = []
    for dim in sorted({shape[0] for shape in random}):
        # Of one layer the numbers are a formula's, whatever the seed.
        for layers in stacks[1:]:
            claims += _law(random, dim, layers)
        claims.append(_stacking(random, dim, stacks))
    first, *deeper = trained
    claims.append(
        claim_median(
            "Of equally many parameters, deep networks have fewer regions at "
            f"initialization: {deeper[-1]} layers against {first}",
            f"{SOURCE}: they have fewer units",
            "regions of the unit square, deep over wide (below 0.5)",
            trained[deeper[-1]]["before"] / trained[first]["before"],
            high=0.5,
            reason="half as many",
        )
    )
    for depth in deeper:
        claims += _trained(trained, first, depth)
    return claims


def slopes(
    units: Sequence[int], counts: Float64[np.ndarray, "units seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """Least-squares slope of log count over log units, of each seed."""
    x = np.log(np.asarray(units, float))
    x -= x.mean()
    return np.asarray(x @ np.log(counts) / (x @ x))


def _law(random: Mapping[Shape, np.ndarray], dim: int, layers: int) -> list[Claim]:
    """Slope and size against N^d / d!."""
    units = sorted(n for d, n, k in random if (d, k) == (dim, layers))
    counts = np.array([random[dim, n, layers] for n in units], float)
    text = f"{layers} layers, d = {dim}"
    law = float(hanin_rolnick_2019_count(units[-1], dim))
    return [
        claim_median(
            f"Regions grow as the d-th power of the number of units: {text}",
            SOURCE,
            f"slope of log regions over log units from {units[0]} to {units[-1]} "
            f"({0.9 * dim:g} to {1.1 * dim:g})",
            slopes(units, counts),
            low=0.9 * dim,
            high=1.1 * dim,
            reason="a tenth either way for so few units",
        ),
        claim_median(
            f"There are about N^d / d! of them: {text}",
            SOURCE,
            f"regions over N^d / d! at N = {units[-1]} (0.8 to 1.2)",
            counts[-1] / law,
            low=0.8,
            high=1.2,
            reason="a fifth either way for terms beyond the leading one",
        ),
    ]


def _stacking(
    random: Mapping[Shape, np.ndarray], dim: int, stacks: Sequence[int]
) -> Claim:
    """Deepest against shallowest at equal units."""
    units = max(n for d, n, _ in random if d == dim)
    deep, wide = (random[dim, units, layers] for layers in (stacks[-1], stacks[0]))
    return claim_median(
        f"Stacking the same units in more layers changes little at initialization: "
        f"d = {dim}",
        SOURCE,
        f"regions of {units} units in {stacks[-1]} layers over those in {stacks[0]} "
        "(0.8 to 1.25)",
        deep / wide,
        low=0.8,
        high=1.25,
        reason="a quarter either way",
    )


def _trained(
    trained: Mapping[int, Mapping[str, np.ndarray]], wide: int, deep: int
) -> list[Claim]:
    """One depth against one layer, at equal parameters, after training."""
    a, b = trained[wide], trained[deep]
    return [
        claim_median(
            f"A deep network fits better than a wide one: {deep} layers",
            QUESTION,
            "test loss over that of one layer, equal parameters (below 1)",
            b["test"] / a["test"],
            high=1.0,
            reason="1 is no difference",
        ),
        claim_median(
            f"Training adds more regions to a deep network: {deep} layers",
            "this project",
            "growth of the regions in training over that of one layer (above 1)",
            (b["after"] / b["before"]) / (a["after"] / a["before"]),
            low=1.0,
            reason="1 is no difference",
        ),
        claim_median(
            f"After it a deep network has more regions per parameter: {deep} layers",
            QUESTION,
            "regions over those of one layer, equal parameters (above 1)",
            b["after"] / a["after"],
            low=1.0,
            reason="1 is no difference",
        ),
    ]
