"""Claims on overfitting, settled by the rows of `experiments.overfitting`."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_median, claim_share

SOURCES = {True: "Dullien 2025-04-05", False: "Dullien 2025-04-10 (post 3, by eye)"}
"""Sources of the claims on the largest size, and on the others."""

GAP_BAR = 0.1
"""Share of the image's variance by which the error on the image may exceed that on the
training points before it counts as overfitting."""

TENTH = "a tenth of what there is to learn"

MEMORIZED = 0.1
"""Share of the variance left on the training points of a memorizing network; more than
`USELESS` is left on the image."""

USELESS = 0.5


def learned(rows: list[dict[str, Any]], points: int) -> list[dict[str, Any]]:
    """The rows of one size whose network has not diverged."""
    return [row for row in rows if row["points"] == points and row["train"] is not None]


def gaps(rows: list[dict[str, Any]], variance: float) -> Float64[np.ndarray, " seeds"]:
    """Error on the image less that on the training points, over the variance."""
    return np.array([(row["network_mse"] - row["train"]) / variance for row in rows])


def memorizes(row: dict[str, Any], variance: float) -> bool:
    """Whether a network knows its points and little else."""
    return (
        row["train"] < MEMORIZED * variance and row["network_mse"] > USELESS * variance
    )


def overfitting_claims(
    rows: list[dict[str, Any]],
    post: list[dict[str, Any]],
    variance: float,
    smaller: str = "",
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        rows: Those of all sizes.
        post: Those of the post's network from the fewest points.
        variance: Error of the constant that fits the image best.
        smaller: Where the networks of `rows` are smaller than the post's.
    """
    sizes = sorted({row["points"] for row in rows}, reverse=True)
    claims = []
    for points in sizes:
        chosen = learned(rows, points)
        claims.append(
            claim_median(
                f"No sign of overfitting from {points} pixels.",
                SOURCES[points == sizes[0]],
                "error on the image less that on the pixels, over the variance of the "
                f"image (at most {GAP_BAR})",
                gaps(chosen, variance),
                high=GAP_BAR,
                reason=TENTH,
                smaller=smaller,
            )
        )
    fitted = [row for row in post if row["state"] == "learned"]
    if fitted:
        claims.append(
            claim_median(
                "The post's network shows no sign of overfitting from "
                f"{fitted[0]['points']} pixels.",
                SOURCES[False],
                "error on the image less that on the pixels, over the variance of the "
                f"image, of the {len(fitted)} of {len(post)} networks that are no "
                f"constant (at most {GAP_BAR})",
                gaps(fitted, variance),
                high=GAP_BAR,
                reason=TENTH,
            )
        )
    fewest = learned(rows, sizes[-1])
    claims.append(
        claim_share(
            f"Most networks memorize {sizes[-1]} pixels: under a tenth of the variance "
            "is left on them, over half of it on the image.",
            "another implementation: two of three seeds",
            "share of seeds (above 0.5)",
            np.array([memorizes(row, variance) for row in fewest]),
            low=0.5,
            reason="most seeds",
        )
    )
    for points in (sizes[0], sizes[-1]):
        chosen = learned(rows, points)
        for name, words in (
            ("nearest", "the nearest neighbor"),
            ("smoothing", "kernel smoothing over 3 pixels"),
        ):
            claims.append(
                claim_median(
                    f"From {points} pixels a network is better than {words}.",
                    "this project",
                    "its error on the image over that of the other (under 1)",
                    np.array(
                        [row["network_mse"] / row[f"{name}_mse"] for row in chosen]
                    ),
                    high=1.0,
                    reason="1 is no difference",
                )
            )
    return claims


def overfitting_headline(rows: list[dict[str, Any]]) -> str:
    """One line for the pages."""
    sizes = sorted({row["points"] for row in rows}, reverse=True)

    def medians(points: int) -> str:
        chosen = learned(rows, points)
        train, image, nearest = (
            np.median([row[name] for row in chosen])
            for name in ("train", "network_mse", "nearest_mse")
        )
        return (
            f"{points} pixels: error {train:.4f} on them, {image:.4f} on the image "
            f"(nearest neighbor {nearest:.4f})"
        )

    return "; ".join(medians(points) for points in (sizes[0], sizes[-1]))
