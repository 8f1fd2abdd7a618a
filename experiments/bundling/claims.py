"""What the posts' question about bundles of creases comes to, claim by claim."""

import numpy as np

from experiments.running.claims import Claim, claim_exact, claim_median

POST = "Dullien 2024-07-04 (question)"
OURS = "this project, for that question"
BASE, CENTERED = "base", "centered"
"""The settings with the origin in the corner, as in the post, and in the center."""

BELOW_ONE = np.nextafter(1.0, 0.0)

Measures = dict[str, dict[str, np.ndarray]]


def bundling_claims(measures: Measures, single: dict[str, np.ndarray]) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Args:
        measures: By setting: arrays (times, seeds), the first before training, as
            `experiments.bundling.study` names them.
        single: `formula` and `measured`, the gradients of one unit by offset.
    """
    claims = []
    for name, where in ((BASE, "corner"), (CENTERED, "center")):
        if name in measures:
            claims += _of_origin(measures[name], where)
    for name, text in (
        ("lr 0.01", "With a ten times larger learning rate they do, too."),
        ("all pixels", "Without a finite sample they do, too."),
    ):
        if name in measures:
            claims.append(_circle(measures[name], text, OURS))
    base = measures[BASE]
    for name, text, low, high in (
        ("init 0.25", "From smaller initial weights they bundle more.", -np.inf, 1),
        ("init 4", "From larger initial weights they bundle less.", 1, np.inf),
    ):
        if name in measures:
            ratio = measures[name]["over_others"][-1] / base["over_others"][-1]
            claims.append(
                claim_median(
                    text,
                    "early alignment: arXiv 1803.08367",
                    f"nearest distance over that of creases of other networks, {name} "
                    f"over base, paired ({'at least' if low == 1 else 'at most'} 1)",
                    ratio,
                    low=low,
                    high=high,
                    reason="no difference",
                )
            )
    return claims + _of_pull(measures, single)


def _circle(values: dict[str, np.ndarray], text: str, source: str) -> Claim:
    """That creases gather at the circle, in one setting."""
    return claim_median(
        text,
        source,
        "share of creases tangent to a circle of radius 0.26 to 0.28, over that by the "
        "law of the initialization (at least 2)",
        values["circle"][-1] / values["circle_law"],
        low=2.0,
        reason="twice chance; the radii are those that other seeds suggested",
    )


def _of_origin(values: dict[str, np.ndarray], where: str) -> list[Claim]:
    """Claims on one place of the origin."""
    return [
        _circle(
            values,
            f"Origin in the {where}: trained creases become tangent to a circle just "
            "outside the disc.",
            "seen in pictures of this project",
        ),
        claim_median(
            f"Origin in the {where}: trained creases are closer to each other than "
            "creases drawn by the law of the initialization.",
            POST,
            "median distance to the nearest crease over that of as many fresh ones "
            "(under 1)",
            values["over_law"][-1],
            high=BELOW_ONE,
            reason="no difference",
        ),
        claim_median(
            f"Origin in the {where}: they bundle beyond that: they are closer than "
            "creases of different networks trained alike.",
            POST,
            "median distance to the nearest crease over that of as many creases drawn "
            "from the other seeds (under 1)",
            values["over_others"][-1],
            high=BELOW_ONE,
            reason="creases that know nothing of each other",
        ),
    ]


def _of_pull(measures: Measures, single: dict[str, np.ndarray]) -> list[Claim]:
    """Claims on the mechanism."""
    error = np.abs(single["measured"] - single["formula"]).max()
    share = float(error / np.abs(single["formula"]).max())
    worst = max(float(values["mismatch"].max()) for values in measures.values())
    claims = [
        claim_exact(
            "The gradient of one unit in its offset is that of the formula for the "
            "continuous square.",
            "derived here",
            "largest difference from automatic differentiation on all pixels, over the "
            "largest gradient (at most 0.01: pixels)",
            share,
            holds=share <= 0.01,
        ),
        claim_exact(
            "So is that of every unit of the trained networks on their points.",
            "derived here",
            "largest difference from automatic differentiation, over the largest "
            "gradient of the network (at most 1e-9: float64)",
            worst,
            holds=worst <= 1e-9,
        ),
    ]
    for name, where in ((BASE, "corner"), (CENTERED, "center")):
        if name in measures:
            claims += _of_residual(measures[name], where)
    return claims


def _of_residual(values: dict[str, np.ndarray], where: str) -> list[Claim]:
    """What the mechanism predicts, for one place of the origin."""
    claims = [
        claim_median(
            f"Origin in the {where}: the residual is lowest along tangents of the "
            "disc's edge.",
            "derived here",
            "distance from the center of the lines with the lowest mean integral, in "
            "sides (0.24 to 0.30; the disc has 0.25)",
            values["deepest"][-1],
            low=0.24,
            high=0.30,
            reason="a strip inside the edge to the width of the soft edge outside",
        )
    ]
    ridges = values["ridges"][-1]
    ridges = ridges[np.isfinite(ridges)]
    if len(ridges):
        claims.append(
            claim_median(
                f"Origin in the {where}: the creases of the circle are ridges.",
                "derived here",
                "share of those tangent to it where the output folds down (at least "
                "0.9)",
                ridges,
                low=0.9,
                reason="nearly all; before training it is a half",
            )
        )
    claims.append(
        claim_median(
            f"Origin in the {where}: most creases, anywhere, are where the residual "
            "holds them.",
            "derived here",
            "share of the creases whose weight and whose integral of the residual "
            "have one sign (over 0.5)",
            values["held"][-1],
            low=float(np.nextafter(0.5, 1.0)),
            reason="signs that know nothing of each other",
        )
    )
    return claims
