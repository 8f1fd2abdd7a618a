"""What the claims on memorized and generalized solutions come to."""

import numpy as np

from experiments.measures.rank_correlation import rank_correlation
from experiments.running.claims import Claim, claim_median, claim_share

THREAD = "beren and Hoagy 2023 (comments on almost linear models)"
HENIGHAN = "Henighan et al. 2023"
ELHAGE = "Elhage et al. 2022: the pentagon"
Arrays = dict[str, np.ndarray]


def memorized_or_generalized_claims(
    toy: Arrays, noise: Arrays, linear: Arrays, sizes: tuple[int, ...]
) -> list[Claim]:
    """Claims in the order of the page; see `experiments.memorized_or_generalized`."""
    return [
        *_toy_claims(toy, sizes),
        *_noise_claims(noise),
        *_correlation_claims(noise),
        *_linear_claims(linear),
    ]


def memorized_or_generalized_headline(
    toy: Arrays, noise: Arrays, sizes: tuple[int, ...]
) -> str:
    """One line for the pages."""
    peak = int(np.median(toy["test"], axis=1).argmax())
    test = np.median(toy["test"], axis=1)
    alone = np.median(noise["alone"], axis=1)
    sharp = np.median(noise["sharpness"], axis=1)
    return (
        f"test loss {test[0]:.2f} with {sizes[0]} points, {test[peak]:.2f} with "
        f"{sizes[peak]}, {test[-1]:.3f} with {sizes[-1]}; random labels: "
        f"{alone[0]:.0%} to {alone[-1]:.0%} of the points alone in a region, sharpness "
        f"{sharp[0]:.3g} to {sharp[-1]:.3g}"
    )


def _toy_claims(toy: Arrays, sizes: tuple[int, ...]) -> list[Claim]:
    """Points, then features."""
    few, many = sizes[0], sizes[-1]
    inside = toy["test"][min(1, len(sizes) - 2) : -1].max(axis=0)
    ends = np.maximum(toy["test"][0], toy["test"][-1])
    return [
        claim_median(
            f"{few} points are stored as a polygon: each has 2 / {few} of a dimension",
            HENIGHAN,
            f"share of a dimension of a point over 2 / {few} (0.9 to 1.25)",
            toy["points"][0] * few / 2.0,
            low=0.9,
            high=1.25,
            reason="a tenth less to a quarter more: training is short",
        ),
        claim_share(
            "The points' dimensions fall from the fewest points to the most, and the "
            "features' rise",
            f"{HENIGHAN}; {THREAD}",
            f"share of seeds, {few} against {many} points (above 0.5)",
            (toy["points"][-1] < toy["points"][0])
            & (toy["features"][-1] > toy["features"][0]),
            low=0.5,
            reason="most seeds",
        ),
        claim_median(
            "Between them the test loss has a bump",
            HENIGHAN,
            "largest test loss of sizes between over the larger of those at the ends "
            "(at least 1.1)",
            inside / ends,
            low=1.1,
            reason="clearly: a tenth",
        ),
        claim_median(
            f"From {many} points the model generalizes: it is better than the output 0",
            HENIGHAN,
            "test loss over that of the output 0 (below 1)",
            toy["test"][-1] / toy["zero"],
            high=1.0,
            reason="1 is no gain",
        ),
        claim_share(
            f"From {many} points five features have a direction, whose decoder has 16 "
            "regions",
            f"{ELHAGE}; the count is of five lines in general position",
            "share of seeds (above 0.5)",
            (toy["represented"][-1] == 5.0) & (toy["cells"][-1] == 16.0),
            low=0.5,
            reason="most seeds",
        ),
    ]


def _noise_claims(noise: Arrays) -> list[Claim]:
    """All random against no random labels."""
    at = noise["complexity_at"] / noise["complexity_elsewhere"]
    return [
        claim_median(
            "Random labels leave more points alone in their region",
            THREAD,
            "share of the points alone, all labels random less none (above 0)",
            noise["alone"][-1] - noise["alone"][0],
            low=0.0,
            reason="0 is no change",
        ),
        claim_median(
            "They make more regions",
            THREAD,
            "exact regions, all labels random over none (at least 1.1)",
            noise["regions"][-1] / noise["regions"][0],
            low=1.1,
            reason="clearly: a tenth",
        ),
        claim_median(
            "The boundaries gather at the points that are memorized",
            f"{THREAD}: boundaries tuned to the points",
            "density of kinks at training points over that elsewhere, all labels "
            "random (at least 1.1)",
            at[-1],
            low=1.1,
            reason="clearly: a tenth",
        ),
        claim_median(
            "The minimum is sharper",
            f"{THREAD}: generalizing solutions lie in flat basins",
            "top eigenvalue of the Hessian, all labels random over none (at least 2)",
            noise["sharpness"][-1] / noise["sharpness"][0],
            low=2.0,
            reason="clearly: twice",
        ),
        claim_median(
            "The output is less robust to noise on the input",
            THREAD,
            "change of the output, all labels random over none (at least 2)",
            noise["input_change"][-1] / noise["input_change"][0],
            low=2.0,
            reason="clearly: twice",
        ),
        claim_median(
            "... and to noise on the last embedding, which the read-out adds up",
            THREAD,
            "change of the output, all labels random over none (at least 1.1)",
            noise["embedding_change"][-1] / noise["embedding_change"][0],
            low=1.1,
            reason="clearly: a tenth",
        ),
    ]


def _correlation_claims(noise: Arrays) -> list[Claim]:
    """Do lonely points and kinks go with sharpness over the shares?"""
    pairs = (
        ("Points alone in their region", "alone"),
        ("Kinks at the training points", "complexity_at"),
    )
    return [
        claim_median(
            f"{words} go with sharpness",
            f"{THREAD}, as a guess to be tested",
            "rank correlation over the shares of random labels, seed by seed (at least "
            "0.5)",
            rank_correlation(noise[name], noise["sharpness"]),
            low=0.5,
            reason="midway from no order to a perfect one",
        )
        for words, name in pairs
    ]


def _linear_claims(linear: Arrays) -> list[Claim]:
    """R^2 of the last embedding, error, width and data."""
    r2, error = linear["r2"], linear["error"]
    flat = (-1, r2.shape[-1])
    claims = [
        claim_median(
            "Networks that generalize better have a more linear last embedding",
            THREAD,
            "rank correlation of R^2 on two principal components with the error on the "
            "image, over sizes and widths, seed by seed (at most -0.5)",
            rank_correlation(r2.reshape(flat), error.reshape(flat)),
            high=-0.5,
            reason="midway from no order to a perfect one",
        ),
        claim_median(
            "Linearity grows with the number of points",
            THREAD,
            "R^2 with the most points less that with the fewest, mean over widths "
            "(above 0)",
            (r2[-1] - r2[0]).mean(axis=0),
            low=0.0,
            reason="0 is no change",
        ),
        claim_median(
            "Linearity grows with the width",
            THREAD,
            "R^2 of the widest less that of the narrowest, mean over sizes (above 0)",
            (r2[:, -1] - r2[:, 0]).mean(axis=0),
            low=0.0,
            reason="0 is no change",
        ),
    ]
    return claims
