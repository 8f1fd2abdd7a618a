"""What the posts' question about bundles of creases comes to, claim by claim."""

import numpy as np

from experiments.running.claims import Claim, claim_median, claim_share

BASE = "base"
"""The setting that the others are compared with."""

POST = "Dullien 2024-07-04 (question)"
OURS = "this project, for that question"


def bundling_claims(measures: dict[str, dict[str, np.ndarray]]) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Args:
        measures: By setting, then by field of `experiments.bundling.creases.Bunching`:
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
            "share of seeds (at least 0.5)",
            base["p_value"][-1] < 0.01,
            low=0.5,
            reason="most runs",
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
        "lr 0.001": ("With a ten times smaller learning rate they bundle less.", "low"),
        "init 4": ("From larger initial weights they bundle less.", "low"),
        "init 0.25": (
            "From smaller initial weights they bundle more (early alignment).",
            "high",
        ),
    }
    for name, (text, border) in texts.items():
        if name in measures:
            change = _change(measures[name]) / _change(base)
            kind = "at least" if border == "low" else "at most"
            statistic = (
                f"distance over null, after over before, {name} over base, paired "
                f"({kind} 1)"
            )
            low, high = (1.0, np.inf) if border == "low" else (-np.inf, 1.0)
            claims.append(
                claim_median(text, OURS, statistic, change, low=low, high=high)
            )
    if "all pixels" in measures:
        claims.append(
            claim_median(
                "Without a finite sample training bundles them, too.",
                OURS,
                "distance over null, after over before (at most 0.8)",
                _change(measures["all pixels"]),
                high=0.8,
            )
        )
    if "centered" in measures:
        claims += _centered(measures["centered"], base)
    return claims


def _centered(
    centered: dict[str, np.ndarray], base: dict[str, np.ndarray]
) -> list[Claim]:
    """Claims about the origin of the coordinates."""
    return [
        claim_median(
            "With the origin in the center training bundles them, too.",
            OURS,
            "distance over null, after over before (at most 0.8)",
            _change(centered),
            high=0.8,
        ),
        claim_median(
            "The origin in the corner, with one bias for all units, bundles the "
            "initial creases already.",
            OURS,
            "initial distance over null, corner over center, paired (at most 0.8)",
            base["ratio"][0] / centered["ratio"][0],
            high=0.8,
        ),
    ]


def _change(values: dict[str, np.ndarray]) -> np.ndarray:
    """Distance over null after training, over that before."""
    return values["ratio"][-1] / values["ratio"][0]
