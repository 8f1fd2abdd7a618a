"""What the posts' question about the pulse of Adam comes to, claim by claim."""

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_median

BASE = "adam"
"""The setting that the others are compared with."""

RATIOS = {
    "lr 0.001": "A ten times smaller learning rate at least halves the pulse.",
    "amsgrad": "AMSGrad, whose denominators never fall, at least halves the pulse.",
    "eps 1e-4": "A larger eps (1e-4) at least halves the pulse.",
    "beta1 0": "Adam without momentum (beta1 0) pulses at most half as much.",
    "adamw": "Weight decay (AdamW, 0.01) at least halves the pulse.",
    "rmsprop": "RMSprop pulses at most half as much as Adam.",
    "muon": "Muon pulses at most half as much as Adam.",
}
"""What is claimed of settings against the base."""


def pulse_claims(
    measures: dict[str, dict[str, np.ndarray]],
    trace: dict[str, np.ndarray],
    slopes: Float64[np.ndarray, " seeds"],
) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Args:
        measures: By setting, then by number, one a seed.
        trace: The numbers of `experiments.pulse.oscillation.Leads`, one a seed.
        slopes: Exponents of the period in 1 / (1 - beta2).
    """
    post, ours = "Dullien 2024-07-04 (question)", "this project, for that question"
    rising = "share of updates in which the loss rises"
    claims = [
        claim_median(
            "Adam pulses at a learning rate of 0.01.",
            post,
            f"{rising} (at least 0.05)",
            measures[BASE]["rising"],
            low=0.05,
        )
    ]
    if "sgd" in measures:
        claims.append(
            claim_median(
                "Plain gradient descent does not pulse.",
                ours,
                f"{rising} (at most 0.01)",
                measures["sgd"]["rising"],
                high=0.01,
            )
        )
    exponent = "exponent of the period in 1 / (1 - beta2), beta2 from 0.9 to 0.999"
    claims += [
        claim_median(
            "The period grows with 1 / (1 - beta2), the memory of the denominators.",
            ours,
            f"{exponent} (above 0)",
            slopes,
            low=0.0,
        ),
        claim_median(
            "The period is proportional to that memory.",
            ours,
            f"{exponent} (0.9 to 1.1)",
            slopes,
            low=0.9,
            high=1.1,
        ),
    ]
    if {"beta2 0.99", "beta2 0.9999"} <= set(measures):
        claims.append(
            claim_median(
                "It still grows from beta2 0.99 to 0.9999.",
                ours,
                "period at 0.9999 over that at 0.99, paired (at least 1.2)",
                measures["beta2 0.9999"]["period"] / measures["beta2 0.99"]["period"],
                low=1.2,
            )
        )
    swings = {name: value["swing"] for name, value in measures.items()}
    for name, text in RATIOS.items():
        if name in swings:
            claims.append(
                claim_median(
                    text,
                    ours,
                    f"swing with {name} over that of the base (at most 0.5)",
                    swings[name] / swings[BASE],
                    high=0.5,
                )
            )
    return claims + _lead_claims(trace)


def _lead_claims(trace: dict[str, np.ndarray]) -> list[Claim]:
    """Claims about the predictor, over the seeds that have pulses."""
    seen = trace["peaks"] > 0
    if not seen.any():
        return []
    announced = trace["announced"][seen] / trace["peaks"][seen]
    source = "after arXiv 2506.04805 and 2207.14484"
    claims = [
        claim_median(
            "The preconditioned curvature is over its threshold shortly before each "
            "pulse.",
            source,
            "share of the pulses with it in the 40 updates before (at least 0.9)",
            announced,
            low=0.9,
        ),
        claim_median(
            "Pulses at random times would be announced less often.",
            "control of the claim before",
            "share of all updates with it in the 40 before, over that of the pulses "
            "(below 1)",
            trace["chance"][seen] / np.maximum(announced, 1e-9),
            high=1.0,
        ),
    ]
    leads = trace["lead"][seen]
    leads = leads[np.isfinite(leads)]
    if len(leads):
        claims.append(
            claim_median(
                "Crossing the threshold leads the pulse by at least five updates.",
                source,
                "updates from crossing to peak (at least 5)",
                leads,
                low=5.0,
            )
        )
    return claims
