"""What the essay's claims on embeddings of the cosine of the norm come to."""

import numpy as np
import scipy.stats
from jaxtyping import Float64

from experiments.preconditioner.embedding_measures import FLOORS, MEASURES
from experiments.running.claims import Claim, claim_median

ESSAY = "Lux 2021"
OURS = "this project, for that essay"
Measures = dict[str, dict[str, np.ndarray]]

CURVED = {
    "r2_plane": "1 - R^2 on two components",
    "r2_all": "1 - R^2 on all dimensions",
    **{
        f"gamma {floor:g}": f"change of slope in all dimensions, noise floor {floor:g}"
        for floor in FLOORS
    },
}
"""Measures of curvature and their names."""

MIDDLE = f"gamma {FLOORS[1]:g}"
"""The change of slope that is followed by layer and over training."""


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
        claims += _control_claims(measures)
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
    return 1.0 - found if name.startswith("r2") else found


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
            reason="a seventh of the deviation",
        ),
        claim_median(
            f"{name}: over two principal components of the last embedding the target "
            "is almost a plane.",
            ESSAY,
            "R^2 (at least 0.95)",
            r2,
            low=0.95,
            reason="almost: one part in twenty is left",
        ),
        claim_median(
            f"{name}: before training it is not so.",
            OURS,
            "R^2 on two components of the same networks' start (at most 0.1)",
            _of(values["start"][-1], "r2_plane"),
            high=0.1,
            reason="a tenth",
        ),
    ]


def _curvature_claims(values: dict[str, np.ndarray]) -> list[Claim]:
    """Whether the target's curvature falls from layer to layer and over training."""
    claims = []
    for measure, words in CURVED.items():
        if measure in ("r2_plane", "r2_all", MIDDLE):
            claims += [
                claim_median(
                    f"From layer to layer the target is less curved: {words}.",
                    ESSAY,
                    "Spearman's correlation with the layer (at most -0.5)",
                    monotonicity(curved(values["end"], measure)),
                    high=-0.5,
                    reason="more down than up",
                ),
                claim_median(
                    "In the course of training it is less and less curved over the "
                    f"last embedding: {words}.",
                    ESSAY,
                    "Spearman's correlation with the update (at most -0.5)",
                    monotonicity(curved(values["last"], measure)),
                    high=-0.5,
                    reason="more down than up",
                ),
            ]
        claims.append(
            claim_median(
                f"Training leaves it less than half as curved there: {words}.",
                ESSAY,
                "after training over before, paired (at most 0.5)",
                curved(values["end"][-1], measure)
                / curved(values["start"][-1], measure),
                high=0.5,
                reason="a half",
            )
        )
    return claims


def _control_claims(measures: Measures) -> list[Claim]:
    """What autoencoders, which do not learn the target, do to its curvature."""
    control = measures["autoencoder"]
    claims = [
        claim_median(
            "An autoencoder's last embedding does not do that: what straightens the "
            "target is learning it.",
            OURS,
            "R^2 of the target on all dimensions (at most 0.1)",
            _of(control["end"][-1], "r2_all"),
            high=0.1,
            reason="a tenth",
        )
    ]
    if "Adam" in measures:
        gammas = [_of(m["end"][-1], MIDDLE) for m in (measures["Adam"], control)]
        fewer = min(map(len, gammas))
        claims.append(
            claim_median(
                "The target is less curved over a trained embedding than over an "
                "autoencoder's.",
                OURS,
                f"change of slope in all dimensions, noise floor {FLOORS[1]:g}, "
                "network over autoencoder of the same seed (under 1)",
                gammas[0][:fewer] / gammas[1][:fewer],
                high=np.nextafter(1.0, 0.0),
                reason="no difference",
            )
        )
    return claims


def _of(
    values: Float64[np.ndarray, "*places measures"], name: str
) -> Float64[np.ndarray, "*places"]:
    """One of the measures along the last axis."""
    return np.asarray(values[..., MEASURES.index(name)])
