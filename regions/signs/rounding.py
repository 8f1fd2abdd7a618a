"""What float64 can be off by, at most: the constants and the forward error analysis.

A sum of n products in any order errs by at most g_n |w| |h|, g_n = n u / (1 - n u),
u = 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), and by
one smallest number per term where products underflow. An error passes through a layer
by at most its largest absolute row sum and through a kink by at most its steepest
slope; a slope other than 0 and 1 rounds once more. Bounds are themselves computed in
float64, and inflated for it. Overflow gives infinities or NaN, which prove nothing.

*Error* means this everywhere: a proved bound of the distance between a computed number
and the exact one.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int8

from regions.domains.shapes import Ball, Domain
from regions.network import Layer, ReluNetwork

UNIT_ROUNDOFF = 2.0**-53
SINGLE_ROUNDOFF = 2.0**-24
"""The same of float32."""
SMALLEST = 2.0**-1074
"""What a product can lose to underflow, at most."""
FLUSHED = 2.0**-1020
"""The same where numbers below 2^-1022 are taken for zero."""
SINGLE_FLUSHED = 2.0**-124
"""The same of float32, where those below 2^-126 are."""
SAFETY = 1.0 + 2.0**-20
"""Covers the rounding of the bounds themselves."""


def gamma(terms: float) -> float:
    """Relative error of a sum of `terms` products, added up in any order."""
    return terms * UNIT_ROUNDOFF / (1.0 - terms * UNIT_ROUNDOFF)


def sum_error(
    terms: int, size: float | Float64[np.ndarray, "*some"]
) -> float | Float64[np.ndarray, "*some"]:
    """Error of a sum of `terms` products whose absolute values add up to `size`."""
    return gamma(terms) * size + terms * SMALLEST


def underflow(
    size: Float64[np.ndarray, " cells"], products: int
) -> Float64[np.ndarray, " cells"]:
    """What underflow adds to the error of so many products; those with 0 are exact."""
    return np.where(size == 0.0, 0.0, 4 * products * SMALLEST)


def slope_error(
    size: float | Float64[np.ndarray, "*some"],
) -> float | Float64[np.ndarray, "*some"]:
    """What a product with a slope adds to the error of a number of this size."""
    return 2.0 * UNIT_ROUNDOFF * size + SMALLEST


def is_certain(
    distance: float | Float64[np.ndarray, "*some"],
    error: float | Float64[np.ndarray, "*other"],
) -> np.ndarray:
    """Whether numbers this far from zero, on the claimed side, cannot be zero or less.

    The one comparison on which every float64 proof of a sign ends. NaN is not certain.
    """
    return np.greater(distance, error)


def certain_signs(
    values: Float64[np.ndarray, "*some"], error: float | Float64[np.ndarray, "*other"]
) -> Int8[np.ndarray, "*some"]:
    """1 or -1 where the sign of a computed number is certain, 0 elsewhere."""
    positive = is_certain(values, error).astype(np.int8)
    return positive - is_certain(-values, error).astype(np.int8)


def are_on(values: np.ndarray) -> Bool[np.ndarray, "*some"]:
    """Which units are on, by their pre-activations or signs: a tie counts as off."""
    return np.greater(values, 0)


def are_in_ball(
    points: Float64[np.ndarray, "points dim"], radius: float
) -> Bool[np.ndarray, " points"]:
    """Which points are proved to be nearer to the origin than a radius.

    In units of the radius, whose square may be no float64 number.
    """
    with np.errstate(over="ignore"):
        shares = points / radius
        size = (shares * shares).sum(axis=1)
    return is_certain(1.0 - size, SAFETY * gamma(points.shape[1] + 4) * (1.0 + size))


def row_sum(matrix: Float64[np.ndarray, "rows columns"]) -> float:
    """Largest absolute row sum: by how much a matrix can enlarge an error."""
    return float(np.abs(matrix).sum(1).max())


def steepest(layer: Layer) -> float:
    """Largest absolute slope of the activation of a layer."""
    return max(1.0, float(np.abs(layer.slopes).max()))


def chart_rounding(
    network: ReluNetwork, domain: Domain
) -> tuple[list[float], list[float]]:
    """Per layer, errors of the rows and biases that were composed with the chart.

    Infinite where the chart overflows.

    Returns:
        A bound of the absolute sum of the errors of any row, and one of the error of
        any bias; one number per hidden layer each.
    """
    rows, bias = [0.0] * len(network.hidden), [0.0] * len(network.hidden)
    if domain.is_chart_identity:
        return rows, bias
    if isinstance(domain, Ball):
        start, spread = np.abs(domain.center), np.eye(domain.dim)
    else:
        origin, directions = domain.rational_chart()
        start = np.array([_magnitude(v) for v in origin])
        # Most are 0 where there are many.
        sizes = [[_magnitude(v) if v else 0.0 for v in row] for row in directions]
        spread = np.array(sizes)
    # Directions are differences of float64 numbers: one rounding more.
    factor = 2.0 * gamma(len(start) + 4)
    for index, layer in enumerate(network.hidden):
        for source, matrix in layer.blocks(index):
            if source == 0 and matrix.any():
                with np.errstate(over="ignore", invalid="ignore"):
                    steep = row_sum(np.abs(matrix) @ spread.T)
                    moved = np.abs(matrix) @ start + np.abs(layer.bias)
                # A product that underflows is lost, and t may be huge.
                underflow = (len(start) + 2) * SMALLEST
                rows[index] += factor * steep + len(spread) * underflow
                bias[index] += factor * float(moved.max()) + underflow
    return rows, bias


def _magnitude(value: Fraction) -> float:
    """Absolute value in float64, infinite beyond its range."""
    try:
        return abs(float(value))
    except OverflowError:
        return float("inf")


def position_bound(
    J: Float64[np.ndarray, "vertices dim dim"],
    J_error: Float64[np.ndarray, "vertices dim"],
    residual: Float64[np.ndarray, "vertices dim"],
) -> Float64[np.ndarray, " vertices"]:
    """Bound of |x* - x| in every coordinate; infinite where none is proved.

    x* is where the affine forms with gradients J vanish, x the computed position. With
    R an approximate inverse of J, |x* - x| <= |R| |residual| / (1 - a) for any bound
    a < 1 of ||I - R J|| + |R| J_error.

    Args:
        J: Computed gradients of the zeros.
        J_error: Bounds of the absolute row sums of the error of J.
        residual: Bounds of the zeros' values at x.
    """
    dim = J.shape[1]
    try:
        R = np.linalg.inv(J)
    except np.linalg.LinAlgError:
        R = np.array([_inverse_or_nan(block) for block in J]).reshape(J.shape)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.abs(R) @ np.abs(J)
        defect = np.abs(np.eye(dim) - R @ J) + gamma(dim + 2) * size
        from_error = (np.abs(R) @ J_error[..., None])[..., 0]
        contraction = (defect.sum(2) + from_error).max(1)
        reach = (np.abs(R) @ residual[..., None])[..., 0].max(1) + dim * SMALLEST
        bound = SAFETY * reach / (1.0 - contraction)
    return np.where(np.isfinite(bound) & (contraction < 0.5), bound, np.inf)


def _inverse_or_nan(block: np.ndarray) -> np.ndarray:
    """The inverse of one matrix, NaN if it is singular."""
    try:
        return np.linalg.inv(block)
    except np.linalg.LinAlgError:
        return np.full_like(block, np.nan)
