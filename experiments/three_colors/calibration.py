"""How far stated probabilities are from observed frequencies."""

import numpy as np
from jaxtyping import Float, Int

BINS = 15


def calibration_error(
    probabilities: Float[np.ndarray, "points classes"],
    classes: Int[np.ndarray, " points"],
) -> float:
    """Expected calibration error of the largest probability, in bins of equal width.

    Mean over the points of |share that is right - mean probability| of their bin.

    References:
        C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On calibration of modern neural
        networks, ICML 2017, section 2.
    """
    stated = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == classes
    bins = np.minimum((stated * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, right - stated, minlength=BINS)
    return float(np.abs(gaps).sum() / len(classes))


def brier_score(
    probabilities: Float[np.ndarray, "points classes"],
    classes: Int[np.ndarray, " points"],
) -> float:
    """Mean squared distance of the probabilities from the one-hot classes."""
    truth = np.eye(probabilities.shape[1])[classes]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())
