"""How close to orthogonal random directions are, and how many stay within a bound.

Two independent uniform unit vectors of R^n have a cosine of mean square 1 / n whose
square is Beta(1/2, (n-1)/2) distributed: all laws here follow from that.
"""

import math

import numpy as np
import scipy.special
from jaxtyping import Float32, Float64

BLOCK = 512
"""Vectors drawn and compared at a time."""


def unit_vectors(
    count: int, dim: int, rng: np.random.Generator
) -> Float32[np.ndarray, "count dim"]:
    """Independent uniform unit vectors, one per row."""
    vectors = rng.standard_normal((count, dim), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cosine_extremes(
    vectors: Float32[np.ndarray, "count dim"] | Float64[np.ndarray, "count dim"],
) -> tuple[float, float]:
    """Largest and root mean square cosine, in size, of pairs of unit vectors."""
    largest, squares = 0.0, 0.0
    for start in range(1, len(vectors), BLOCK):
        rows = vectors[start : start + BLOCK]
        cosines = np.abs(rows @ vectors[: start + len(rows)].T)
        # Row i of the block is compared with the vectors before it alone.
        cosines = np.tril(cosines, k=start - 1)
        largest = max(largest, float(cosines.max()))
        squares += float(np.einsum("ij,ij->", cosines, cosines, dtype=np.float64))
    pairs = len(vectors) * (len(vectors) - 1) / 2
    return largest, math.sqrt(squares / pairs)


def count_within(
    bound: float, dim: int, rng: np.random.Generator, *, most: int = 1 << 15
) -> int:
    """How many random unit vectors are drawn before two have a cosine over `bound`.

    Args:
        bound: Largest cosine allowed, in size.
        dim: Dimension of the vectors.
        rng: Draws them.
        most: Vectors after which the search is given up.

    Returns:
        The number of vectors before the first that breaks the bound.

    Raises:
        RuntimeError: If `most` vectors keep it.
    """
    kept = np.zeros((0, dim), np.float32)
    while len(kept) < most:
        rows = unit_vectors(min(BLOCK, max(32, len(kept))), dim, rng)
        kept = np.concatenate([kept, rows])
        start = len(kept) - len(rows)
        cosines = np.tril(np.abs(rows @ kept.T), k=start - 1)
        broken = np.flatnonzero((cosines > bound).any(axis=1))
        if len(broken):
            return start + int(broken[0])
    raise RuntimeError(
        f"{most} random vectors in {dim} dimensions keep cosines within {bound}: ask "
        "for a smaller bound or fewer dimensions."
    )


def largest_cosine_law(count: int, dim: int) -> float:
    """Leading order of the largest cosine of `count` vectors: `sqrt(4 ln m / n)`."""
    return math.sqrt(4.0 * math.log(count) / dim)


def exceedance(bound: float, dim: int) -> float:
    """Probability that the cosine of two random vectors is over `bound` in size."""
    return float(scipy.special.betainc((dim - 1) / 2, 0.5, 1.0 - bound**2))


def median_count(bound: float, dim: int) -> float:
    """Median of `count_within`, pairs taken as independent: m^2 / 2 p = ln 2."""
    return math.sqrt(2.0 * math.log(2.0) / exceedance(bound, dim))


def median_largest_cosine(count: int, dim: int) -> float:
    """Median of the largest cosine, pairs taken as independent: m^2 / 2 p = ln 2."""
    pairs = count * (count - 1) / 2
    probability = -math.expm1(-math.log(2.0) / pairs)
    squared = 1.0 - scipy.special.betaincinv((dim - 1) / 2, 0.5, probability)
    return math.sqrt(squared)


def welch_bound(count: int, dim: int) -> float:
    """No `count` unit vectors in R^dim have all cosines under this.

    `sqrt((m - n) / (n (m - 1)))` for m > n, else 0.

    References:
        L. R. Welch, Lower bounds on the maximum cross correlation of signals, IEEE
        Transactions on Information Theory, 1974.
    """
    if count <= dim:
        return 0.0
    return math.sqrt((count - dim) / (dim * (count - 1)))
