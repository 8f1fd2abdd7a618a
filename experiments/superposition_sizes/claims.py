"""What models of many features store, and what they gain over closed forms."""

from collections.abc import Sequence

import numpy as np

from experiments.running.claims import Claim, claim_median
from training.toy_models import antipodal_loss, ignored_loss

ELHAGE = "Elhage et al. 2022 (2209.10652)"
THREAD = "Hoagy 2023 (comment on almost linear models)"
MEASURE = "squared norm of W over dimensions: features a dimension"

Sizes = Sequence[tuple[int, int]]
Arrays = Sequence[np.ndarray]


def stored_per_dimension(lengths: np.ndarray, hidden: int) -> np.ndarray:
    """Features a dimension, `(sparsities, seeds)`: the squared norm of W over m.

    A feature that is stored whole has a column of length 1; a projection onto m
    dimensions, which the best linear model is, has the squared norm m.
    """
    return np.asarray((lengths**2).sum(axis=-1) / hidden)


def linear_loss(features: int, hidden: int, sparsity: float) -> float:
    """Loss of the best linear model: the variance of the features beyond `hidden`.

    All features have one variance and no correlation, so every subspace of that many
    dimensions is as good, and the best constant is the mean.
    """
    return (features - hidden) * float(ignored_loss(1.0 - sparsity))


def pairs_loss(features: int, hidden: int, sparsity: float) -> float:
    """Loss of two features on each axis in opposite senses, the others ignored."""
    paired = min(features, 2 * hidden)
    density = 1.0 - sparsity
    ignored = (features - paired) * float(ignored_loss(density))
    return paired * float(antipodal_loss(density)) + ignored


def size_headline(
    sizes: Sizes, sparsities: Sequence[float], losses: Arrays, lengths: Arrays
) -> str:
    """One line for the pages."""
    parts = []
    for (features, hidden), loss, length in zip(sizes, losses, lengths, strict=True):
        stored = np.median(stored_per_dimension(length, hidden), axis=1)
        gain = np.median(loss[-1]) / linear_loss(features, hidden, sparsities[-1])
        parts.append(
            f"{features} in {hidden}: {', '.join(f'{s:.2g}' for s in stored)} features "
            f"a dimension, loss {gain:.2f} of the best linear one"
        )
    return (
        f"at sparsity {', '.join(f'{s:g}' for s in sparsities)} (loss: at the last), "
        "medians: " + "; ".join(parts)
    )


def size_claims(
    sizes: Sizes, sparsities: Sequence[float], losses: Arrays, lengths: Arrays
) -> list[Claim]:
    """Claims in the order of the page; see `experiments.superposition_sizes`."""
    claims = []
    for (features, hidden), loss, length in zip(sizes, losses, lengths, strict=True):
        label = f"{features} features in {hidden} dimensions"
        stored = stored_per_dimension(length, hidden)
        claims += [
            _linear_claim(label, loss[0], linear_loss(features, hidden, 0.0)),
            claim_median(
                f"They store no more features than they have dimensions: {label}, "
                "without sparsity",
                ELHAGE,
                f"{MEASURE} (at most 1.1)",
                stored[0],
                high=1.1,
                reason="a tenth for what training leaves",
            ),
            *_sparse_claims(
                f"{label}, sparsity {sparsities[-1]:g}",
                stored[-1],
                loss[-1],
                linear_loss(features, hidden, sparsities[-1]),
                pairs_loss(features, hidden, sparsities[-1]),
            ),
            claim_median(
                f"The sparser, the more: {label}",
                ELHAGE,
                "smallest step in features a dimension from one sparsity to the next "
                "(at least 0)",
                np.diff(stored, axis=0).min(axis=0),
                low=0.0,
                reason="0 is no change",
            ),
        ]
    return claims


def _linear_claim(label: str, loss: np.ndarray, wanted: float) -> Claim:
    """No superposition without sparsity."""
    return claim_median(
        f"Without sparsity a model gains nothing over the best linear one: {label}",
        f"{ELHAGE}; closed form derived",
        "loss over the closed form (at least 0.95)",
        loss / wanted,
        low=0.95,
        reason="a twentieth for points drawn anew",
    )


def _sparse_claims(
    label: str, stored: np.ndarray, loss: np.ndarray, linear: float, pairs: float
) -> list[Claim]:
    """Superposition of sparse features."""
    return [
        claim_median(
            f"Networks pack more features than dimensions: {label}",
            f"{THREAD}; {ELHAGE}",
            f"{MEASURE} (above 1.5)",
            stored,
            low=1.5,
            reason="halfway between one feature and a pair on each dimension",
        ),
        claim_median(
            f"They gain by it over every linear model: {label}",
            f"{ELHAGE}; closed form derived",
            "loss over that of the best linear one (at most 0.9)",
            loss / linear,
            high=0.9,
            reason="more than what training leaves",
        ),
        claim_median(
            f"... and over pairs of features on each axis: {label}",
            f"{ELHAGE}: denser packings; closed form derived",
            "loss over that of pairs (below 1)",
            loss / pairs,
            high=1.0,
            reason="1 is no gain",
        ),
    ]
