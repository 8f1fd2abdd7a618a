"""What widths and numbers of points say of linearity."""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.measures.rank_correlation import rank_correlation
from experiments.running.claims import Claim, claim_median

THREAD = "beren 2023 and comments (almost linear models)"
WORDS = {
    "network": "the network as a function of its inputs",
    "embedding": "the classes on the last embedding",
}
NONE = "0 is no change"

Numbers = Mapping[str, Mapping[str, np.ndarray]]


def scale_headline(numbers: Numbers) -> str:
    """One line for the pages."""
    parts = []
    for task, found in numbers.items():
        network, embedding = (
            np.median(found[name][-1], axis=-1) for name in ("network", "embedding")
        )
        parts.append(
            f"{task} {network[0]:.2f} to {network[-1]:.2f} and {embedding[0]:.2f} to "
            f"{embedding[-1]:.2f}"
        )
    return (
        "linearity of the network and of its last embedding, narrowest to widest, most "
        "points, medians: " + "; ".join(parts)
    )


def scale_claims(numbers: Numbers, widths: Sequence[int]) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        numbers: By task and name, `(points, widths, seeds)`, ascending.
        widths: Units a layer.
    """
    claims = []
    for name, words in WORDS.items():
        for task, found in numbers.items():
            values = found[name]
            flat = (-1, values.shape[-1])
            claims += [
                claim_median(
                    f"Linearity grows with the width: {words}, {task}",
                    THREAD,
                    f"share of variance, {widths[-1]} units a layer less {widths[0]}, "
                    "mean over numbers of points (above 0)",
                    (values[:, -1] - values[:, 0]).mean(axis=0),
                    low=0.0,
                    reason=NONE,
                ),
                claim_median(
                    f"Linearity grows with the number of points: {words}, {task}",
                    THREAD,
                    "share of variance, most points less fewest, mean over widths "
                    "(above 0)",
                    (values[-1] - values[0]).mean(axis=0),
                    low=0.0,
                    reason=NONE,
                ),
                claim_median(
                    f"Networks that generalize better are more linear: {words}, {task}",
                    THREAD,
                    "rank correlation with the error on other points, over widths and "
                    "numbers of points, seed by seed (at most -0.5)",
                    rank_correlation(
                        values.reshape(flat), found["wrong"].reshape(flat)
                    ),
                    high=-0.5,
                    reason="a quarter of the variance of the ranks",
                ),
            ]
    return claims
