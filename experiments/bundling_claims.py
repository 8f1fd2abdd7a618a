"""What the posts' question about bundles of creases comes to, claim by claim."""

import numpy as np

from experiments.claims import Claim, claim_median, claim_share

BASE = "base"
"""The setting that the others are compared with."""

POST = "Dullien 2024-07-04 (question)"
OURS = "this project, for that question"


def bundling_claims(measures: dict[str, dict[str, np.ndarray]]) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Args:
        measures: By setting, then by field of `experiments.creases.Bunching`:
            (times, seeds), the first before training.
    """
    base = measures[BASE]
    ratio = base["ratio"]
    claims = [
        claim_median(
            "Trained creases are closer to each other than random ones.",
            POST,
            "nearest distance over that of uniform directions with permuted offsets "
            "(at most 0.8)",
            ratio[-1],
            high=0.8,
        ),
        claim_share(
            "Chance does not explain it (Monte Carlo p under 0.01).",
            OURS,
            "share of seeds (at least 0.7)",
            base["p_value"][-1] < 0.01,
            low=0.7,
        ),
        claim_median(
            "Training makes the bundles: the initial creases have none.",
            POST,
            "distance over null after training over that before (at most 0.8)",
            ratio[-1] / ratio[0],
            high=0.8,
        ),
        claim_median(
            "There are fewer bundles than creases.",
            OURS,
            "effective number of bundles over creases, after over before (at most 0.8)",
            base["effective"][-1] / base["effective"][0],
            high=0.8,
        ),
        claim_median(
            "A Rayleigh statistic does not see the bundles.",
            OURS,
            "largest of eight modes, after minus before (at most 0.05)",
            base["rayleigh"][-1] - base["rayleigh"][0],
            high=0.05,
        ),
    ]
    texts = {
        "lr 0.001": "A ten times smaller learning rate bundles less.",
        "init 4": "Larger initial weights bundle less.",
    }
    for name, text in texts.items():
        if name in measures:
            claims.append(_against(text, measures, name, low=1.0))
    if "init 0.25" in measures:
        text = "Smaller initial weights bundle more (early alignment)."
        claims.append(_against(text, measures, "init 0.25", high=1.0))
    for name, text in (
        ("all pixels", "Without a finite sample the creases still bundle."),
        ("centered", "With the origin in the center the creases still bundle."),
    ):
        if name in measures:
            claims.append(
                claim_median(
                    text,
                    OURS,
                    "nearest distance over that of random creases (at most 0.8)",
                    measures[name]["ratio"][-1],
                    high=0.8,
                )
            )
    return claims


def _against(
    text: str, measures: dict[str, dict[str, np.ndarray]], name: str, **border: float
) -> Claim:
    """A claim on the distances of a setting over those of the base."""
    kind = "at least" if "low" in border else "at most"
    return claim_median(
        text,
        OURS,
        f"distance over null, {name} over base, paired ({kind} 1)",
        measures[name]["ratio"][-1] / measures[BASE]["ratio"][-1],
        **border,
    )
