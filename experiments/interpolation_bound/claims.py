"""What the essay's claims on piecewise linear interpolation come to."""

import numpy as np
from jaxtyping import Float64

from experiments.interpolation_bound.on_cube import METHODS
from experiments.running.claims import Claim, claim_exact, claim_median

ESSAY = "Lux 2021"
PAPER = "Lux et al. 2020, section 5"
DERIVED = "derived here"

DELAUNAY, MLP, MEAN = (METHODS.index(name) for name in ("Delaunay", "MLP", "mean"))
"""Places in the errors by dimension."""

LOW = 3
"""Dimensions up to which a space is called low."""


def interpolation_claims(
    checks: dict[str, dict[str, np.ndarray]],
    dims: dict[int, dict[str, np.ndarray]],
    embedded: dict[str, np.ndarray],
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        checks: As in `experiments.interpolation_bound.Result`, as are the others.
        dims: By dimension.
        embedded: Over inputs and embedding.
    """
    claims = []
    theorem = f"{ESSAY}; {PAPER}, theorem"
    for bound, source in (("edge", theorem), ("mean", DERIVED)):
        violations = sum(v[f"{bound}_violations"].sum() for v in checks.values())
        points = sum(values["points"].sum() for values in checks.values())
        claims.append(
            claim_exact(
                f"No error of Delaunay interpolation is above the {bound} bound.",
                source,
                f"violations at {points:,.0f} grid points (0)",
                int(violations),
                holds=bool(violations == 0),
            )
        )
    for dim, values in dims.items():
        if dim > LOW:
            wrong = values["violations"].sum()
            claims.append(
                claim_exact(
                    f"In {dim} dimensions, too, no error is above the edge bound.",
                    theorem,
                    f"violations at the points of {values['violations'].size} sets (0)",
                    int(wrong),
                    holds=bool(wrong == 0),
                )
            )
    for dim, values in dims.items():
        claims += _distance_claims(dim, values)
    for dim, values in dims.items():
        claims += _error_claims(dim, values)
    return claims + _embedding_claims(embedded)


def shrink_exponent(
    sizes: Float64[np.ndarray, " sizes"], values: Float64[np.ndarray, "sizes seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """Exponent a of `values ~ sizes^-a` of each seed, least squares in logarithms."""
    slopes = np.polynomial.polynomial.polyfit(np.log(sizes), np.log(values), 1)[1]
    return -np.asarray(slopes)


def _distance_claims(dim: int, values: dict[str, np.ndarray]) -> list[Claim]:
    """How distances shrink as points are added."""
    sizes = values["sizes"].astype(float)
    if len(sizes) < 2:
        return []
    words = {
        "nearest": "the distance to the nearest point",
        "longest": "the longest edge at it",
    }
    claims = []
    for name, word in words.items():
        low, high = 0.8 / dim, 1.2 / dim
        claims.append(
            claim_median(
                f"In {dim} dimensions {word} shrinks as the number of points to the "
                f"power -1/{dim}.",
                f"{PAPER}; exponent {DERIVED}",
                f"exponent over {sizes[0]:.0f} to {sizes[-1]:.0f} points ({low:.3g} to "
                f"{high:.3g})",
                shrink_exponent(sizes, values[name]),
                low=low,
                high=high,
                reason="a fifth either way",
            )
        )
    return claims


def _error_claims(dim: int, values: dict[str, np.ndarray]) -> list[Claim]:
    """Delaunay against the MLP, at the largest size that has one."""
    sizes = values["sizes"]
    has_mlp = np.flatnonzero(np.isfinite(values["errors"][:, 0, MLP]))
    if not len(has_mlp):
        return []
    last = has_mlp[-1]
    errors, noisy = values["errors"][last], values["noisy"][last]
    where = f"RMSE at {sizes[last]} points"
    over = f"{where}, Delaunay over MLP"
    ratio = errors[:, DELAUNAY] / errors[:, MLP]
    if dim <= LOW:
        return [
            claim_median(
                f"In {dim} dimensions Delaunay interpolates better than an MLP.",
                PAPER,
                f"{over}, paired (at most 0.9)",
                ratio,
                high=0.9,
                reason="a tenth less",
            )
        ]
    grown = values["errors"][-1, :, DELAUNAY] / values["errors"][0, :, DELAUNAY]
    return [
        claim_median(
            f"In {dim} dimensions Delaunay tells something of the function.",
            "this project, before the next",
            f"{where}, Delaunay over the mean of the values (at most 0.9)",
            errors[:, DELAUNAY] / errors[:, MEAN],
            high=0.9,
            reason="a tenth less",
        ),
        claim_median(
            f"In {dim} dimensions the two are about as good.",
            ESSAY,
            f"{over}, paired (0.8 to 1.25)",
            ratio,
            low=0.8,
            high=1.25,
            reason="a quarter either way",
        ),
        claim_median(
            f"With noise of a tenth Delaunay is better in {dim} dimensions.",
            PAPER,
            f"{over}, paired (under 1)",
            noisy[:, DELAUNAY] / noisy[:, MLP],
            high=1.0,
            reason="as good",
        ),
        claim_median(
            f"In {dim} dimensions more points bring no apparent improvement.",
            PAPER,
            f"RMSE of Delaunay at {sizes[-1]} points over that at {sizes[0]}, other "
            "points (at least 0.9)",
            grown,
            low=0.9,
            reason="a tenth less would be apparent",
        ),
    ]


def dimension_words(dims: dict[int, dict[str, np.ndarray]]) -> str:
    """The errors in the highest dimension, for the headline."""
    dim, values = max(dims.items())
    errors = np.median(values["errors"], axis=1)
    has_mlp = np.flatnonzero(np.isfinite(errors[:, MLP]))
    last = has_mlp[-1] if len(has_mlp) else -1
    methods = zip(METHODS, errors[last], strict=True)
    said = ", ".join(f"{name} {error:.3f}" for name, error in methods)
    share = np.median(values["share"])
    return (
        f"in {dim} dimensions RMSE from {values['sizes'][last]} points: {said}; errors "
        f"there are {share:.2g} of the edge bound (median)"
    )


def _embedding_claims(embedded: dict[str, np.ndarray]) -> list[Claim]:
    """What the embedding changes in the parts of the bound."""
    words = {
        "gamma": ("the change of slope around points", 0.5),
        "bound": ("the bound with that change of slope", 0.5),
        "error": ("the RMSE of Delaunay interpolation", 0.9),
    }
    return [
        claim_median(
            f"Training makes it smaller: {word}.",
            ESSAY,
            f"ratio of medians over points, two principal components of the last "
            f"embedding over the inputs, paired (at most {high:g})"
            if name != "error"
            else f"ratio, embedding over inputs, paired (at most {high:g})",
            embedded[name][:, 1] / embedded[name][:, 0],
            high=high,
            reason="a tenth less" if name == "error" else "a half",
        )
        for name, (word, high) in words.items()
    ]
