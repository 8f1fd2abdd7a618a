"""What the essay's claims on embeddings of the cosine of the norm come to."""

import numpy as np
import scipy.stats
from jaxtyping import Float64

from experiments.preconditioner.embedding_measures import MEASURES
from experiments.running.claims import Claim, claim_median, claim_share

ESSAY = "Lux 2021"
OURS = "this project, for that essay"
Measures = dict[str, dict[str, np.ndarray]]

CURVED = {
    "r2_plane": "1 - R^2 on two components",
    "gamma": "change of slope",
    "triangulation": "error of interpolation",
}
"""Measures of curvature and their names."""


def preconditioner_claims(measures: Measures) -> list[Claim]:
    """Claims in the order of the page; those whose settings are there.

    Args:
        measures: As in `experiments.preconditioner.Result`.
    """
    claims = []
    for name in ("Adam", "Lux"):
        if name in measures:
            claims += _fit_claims(name, measures[name])
    if "Adam" in measures:
        claims += _curvature_claims(measures["Adam"])
    if "autoencoder" in measures:
        claims.append(
            claim_median(
                "An autoencoder's last embedding does not do that: what straightens "
                "the target is learning it.",
                OURS,
                "R^2 of the target on two components (at most 0.1)",
                _of(measures["autoencoder"]["end"][-1], "r2_plane"),
                high=0.1,
            )
        )
    return claims


def monotonicity(
    values: Float64[np.ndarray, "places seeds"],
) -> Float64[np.ndarray, " seeds"]:
    """Spearman's correlation of the values with their place; 0 of equal values."""
    places = np.arange(len(values))
    found = [
        scipy.stats.spearmanr(places, column)[0] if np.ptp(column) else 0.0
        for column in values.T
    ]
    return np.array(found, np.float64)


def curved(
    values: Float64[np.ndarray, "*places measures"], name: str
) -> Float64[np.ndarray, "*places"]:
    """A measure of curvature, larger where the target is more curved."""
    found = _of(values, name)
    return 1.0 - found if name == "r2_plane" else found


def _fit_claims(name: str, values: dict[str, np.ndarray]) -> list[Claim]:
    """How well a setting fits, and how linear its last embedding is."""
    r2 = _of(values["end"][-1], "r2_plane")
    return [
        claim_median(
            f"{name}: the fit is a good one.",
            ESSAY,
            "RMSE on other points (at most 0.1; the target's deviation is 0.7)",
            values["errors"][:, 0],
            high=0.1,
        ),
        claim_median(
            f"{name}: over two principal components of the last embedding the target "
            "is almost a plane.",
            ESSAY,
            "R^2 (at least 0.95)",
            r2,
            low=0.95,
        ),
        claim_share(
            f"{name}: that holds for four networks in five.",
            OURS,
            "share of seeds with R^2 above 0.95 (at least 0.8)",
            r2 > 0.95,
            low=0.8,
        ),
        claim_median(
            f"{name}: before training it is not so.",
            OURS,
            "R^2 on two components of the same networks' start (at most 0.1)",
            _of(values["start"][-1], "r2_plane"),
            high=0.1,
        ),
    ]


def _curvature_claims(values: dict[str, np.ndarray]) -> list[Claim]:
    """Whether the target's curvature falls from layer to layer and over training."""
    claims = []
    for measure, words in CURVED.items():
        claims += [
            claim_median(
                f"From layer to layer the target is less curved: {words}.",
                ESSAY,
                "Spearman's correlation with the layer (at most -0.8)",
                monotonicity(curved(values["end"], measure)),
                high=-0.8,
            ),
            claim_median(
                f"In the course of training it is less and less curved over the last "
                f"embedding: {words}.",
                ESSAY,
                "Spearman's correlation with the update (at most -0.8)",
                monotonicity(curved(values["last"], measure)),
                high=-0.8,
            ),
            claim_median(
                f"Training leaves it less than half as curved there: {words}.",
                ESSAY,
                "after training over before, paired (at most 0.5)",
                curved(values["end"][-1], measure)
                / curved(values["start"][-1], measure),
                high=0.5,
            ),
        ]
    return claims


def _of(
    values: Float64[np.ndarray, "*places measures"], name: str
) -> Float64[np.ndarray, "*places"]:
    """One of the measures along the last axis."""
    return np.asarray(values[..., MEASURES.index(name)])
