"""Rigorous float64 proofs about many small polyhedra `A x < b` at once.

Emptiness by Gordan's theorem: weights `y >= 0`, not all zero, with `y A = 0` and
`y b <= 0`. Approximate weights are enough. With `N = A^T diag(y) A`, the weights
`y_i (1 - A_i u)` where `N u = A^T y` satisfy `y A = 0` exactly, and they are positive
if every `|A_i u| < 1`; a verified inverse of N bounds them, every rounding included.
Where N is singular or `y b` vanishes, data that are small integers are settled by an
exact elimination: it shows which columns depend on others, and with them whether
`y b = 0` follows from `y A = 0`. What is left open is for `regions.lp.exact_lp`.

Reference for the verified inverse: S. M. Rump, "Verification methods: rigorous results
using floating-point arithmetic", Acta Numerica 19, 2010, sections 5 and 10.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

SUPPORT_THRESHOLDS = (1e-7, 1e-4, 1e-2)
"""Weights below these parts of the largest are dropped, one attempt each."""

_EPS = float(np.finfo(np.float64).eps)
_UNDERFLOW = 1e-290
"""Above the sum of all underflow errors of products and sums of scaled rows."""

_HOPELESS = 1e-3
"""Relative size of `y A` above which weights are not worth a correction."""

_POSITIVE = 1e-6
"""Relative size of `y b` above which weights prove nothing."""

_LARGEST_INTEGER = 2.0**25
"""Integers in an elimination stay below it: sums of two products are exact."""


def prove_witness_batch(
    A: Float64[np.ndarray, "batch rows dim"],
    b: Float64[np.ndarray, "batch rows"],
    x: Float64[np.ndarray, "batch dim"],
    row_error: Float64[np.ndarray, "batch rows"] | None = None,
) -> Bool[np.ndarray, " batch"]:
    """Whether `A x < b` is proved in every row, for each of many polyhedra.

    Args:
        A: Rows.
        b: Right-hand sides.
        x: A point for each polyhedron, exact.
        row_error: Bound on how far true rows are from those given: on the 1-norm of
            the difference of gradients, and on that of right-hand sides.

    Returns:
        True where proved for the true rows; False leaves the question open.
    """
    dim = A.shape[2]
    with np.errstate(all="ignore"):
        slack = b - np.einsum("brd,bd->br", A, x)
        size = np.einsum("brd,bd->br", np.abs(A), np.abs(x)) + np.abs(b)
        bound = 2 * (dim + 3) * _EPS * size + (dim + 3) * 1e-320
        if row_error is not None:
            reach = np.abs(x).max(axis=1, initial=1.0)[:, None] + 1.0
            bound = bound + row_error * reach * (1.0 + 8 * _EPS)
        return np.asarray((slack > bound).all(axis=1))


class _Problems(NamedTuple):
    """Rows scaled by powers of two, and the weights and errors to match."""

    A: np.ndarray
    b: np.ndarray
    y: np.ndarray
    error: np.ndarray
    right_error: np.ndarray
    exact: np.ndarray

    def at(self, index: np.ndarray) -> "_Problems":
        """Some of the problems."""
        return _Problems(*(a[index] for a in self))


def prove_empty_batch(
    A: Float64[np.ndarray, "batch rows dim"],
    b: Float64[np.ndarray, "batch rows"],
    duals: Float64[np.ndarray, "batch rows"],
    row_error: Float64[np.ndarray, "batch rows"] | None = None,
    *,
    right_error: Float64[np.ndarray, "batch rows"] | None = None,
    radius: float | None = None,
) -> Bool[np.ndarray, " batch"]:
    """Whether each open polyhedron `A x < b` is proved to be empty.

    Args:
        A: Rows; rows of zeros with a positive right-hand side are padding.
        b: Right-hand sides.
        duals: Approximate weights of the rows as given, such as the multipliers of
            the Chebyshev program divided by the lengths of the rows.
        row_error: Bound on how far the true rows are from those given: on the 1-norm
            of the difference of gradients, and on that of right-hand sides.
        right_error: The bound for right-hand sides, if it is another one.
        radius: If given, only points with all `|x_k| <= radius` are excluded, which
            is easier to prove.

    Returns:
        True where proved for the true rows; False leaves the question open.
    """
    error = np.zeros_like(b) if row_error is None else row_error
    proved = np.zeros(len(A), bool)
    if not A.size:
        return proved
    with np.errstate(all="ignore"):
        right = error if right_error is None else right_error
        problems = _scaled(A, b, duals, error, right)
        for threshold in SUPPORT_THRESHOLDS:
            y = np.where(problems.y > threshold, problems.y, 0.0)
            value, size = (
                (y * problems.b).sum(axis=1),
                (y * np.abs(problems.b)).sum(axis=1),
            )
            left = np.flatnonzero(
                ~proved & problems.exact & ~(value > _POSITIVE * size)
            )
            if len(left):
                part = _supporting_rows(problems._replace(y=y).at(left))
                proved[left] = _prove(part, radius)
    return proved


def _supporting_rows(problems: _Problems) -> _Problems:
    """The rows with the largest weights, as many as any problem has with weight."""
    count = max(1, int((problems.y > 0.0).sum(axis=1).max()))
    if count > 0.8 * problems.y.shape[1]:
        return problems
    order = np.argpartition(-problems.y, count - 1, axis=1)[:, :count]
    vectors = (problems.b, problems.y, problems.error, problems.right_error)
    b, y, error, right = (np.take_along_axis(a, order, axis=1) for a in vectors)
    A = np.take_along_axis(problems.A, order[:, :, None], axis=1)
    return _Problems(A, b, y, error, right, problems.exact)


def _scaled(
    A: np.ndarray, b: np.ndarray, y: np.ndarray, error: np.ndarray, right: np.ndarray
) -> _Problems:
    """Divide rows by powers of two near their largest coefficient, without rounding."""
    largest = np.abs(A).max(axis=2)
    _, shift = np.frexp(np.where(largest > 0.0, largest, 1.0))
    scaled_A = np.ldexp(A, -shift[:, :, None])
    scaled_b = np.ldexp(b, -shift)
    same = (np.ldexp(scaled_A, shift[:, :, None]) == A).all(axis=2)
    same &= np.ldexp(scaled_b, shift) == b
    weights = np.ldexp(np.where(y > 0.0, y, 0.0), shift)
    weights = weights / weights.max(axis=1, keepdims=True)
    known = same.all(axis=1) & np.isfinite(weights).all(axis=1)
    known &= np.abs(_weighted_sum(weights, scaled_A)).max(
        axis=1
    ) < _HOPELESS * weights.sum(axis=1)

    def rescaled(bound: np.ndarray) -> np.ndarray:
        scaled = np.ldexp(bound, -shift) * (1 + _EPS)
        return scaled + np.where(bound == 0.0, 0.0, _UNDERFLOW)

    return _Problems(
        scaled_A, scaled_b, weights, rescaled(error), rescaled(right), known
    )


def _weighted_sum(y: np.ndarray, A: np.ndarray) -> np.ndarray:
    """`y A` of every problem."""
    return (y[:, None, :] @ A)[:, 0]


def _prove(problems: _Problems, radius: float | None) -> np.ndarray:
    """One attempt with the support of the weights given."""
    corrected, inverse = _balanced(problems, problems.A)
    nothing = np.zeros(len(problems.y), bool)
    proved = _excluded(corrected, problems.A, inverse, nothing)
    if radius is not None:
        proved |= _excluded_within(corrected, radius)
    rounded = (problems.error != 0.0) | (problems.right_error != 0.0)
    uncertain = (rounded & (problems.y > 0.0)).any(axis=1)
    left = np.flatnonzero(~proved & ~uncertain)
    if not len(left):
        return proved
    part = problems.at(left)
    integers, columns, spanned = _column_basis(part)
    if integers.any():
        part, left = part.at(integers), left[integers]
        masked = part.A * columns[integers][:, None, :]
        corrected, inverse = _balanced(part, masked)
        proved[left] = _excluded(corrected, masked, inverse, spanned[integers])
    return proved


def _normal_matrix(A: np.ndarray, y: np.ndarray, error: np.ndarray) -> np.ndarray:
    """`A^T diag(y) A`, with ones on the diagonal for columns that are exactly zero."""
    normal = (A * y[:, :, None]).swapaxes(1, 2) @ A
    dim = A.shape[2]
    zero = ~A.any(axis=1) & (error == 0.0).all(axis=1, keepdims=True)
    normal[:, np.arange(dim), np.arange(dim)] += zero
    return normal


def _approximate_inverse(normal: np.ndarray) -> np.ndarray:
    """Inverse of matrices that may be singular: shifted a little, so none fails."""
    dim = normal.shape[1]
    finite = np.isfinite(normal).all(axis=(1, 2), keepdims=True)
    safe = np.where(finite, normal, np.eye(dim))
    shift = 1e-15 * np.trace(safe, axis1=1, axis2=2) + 1e-300
    return np.linalg.inv(safe + shift[:, None, None] * np.eye(dim))


def _balanced(problems: _Problems, A: np.ndarray) -> tuple[_Problems, np.ndarray]:
    """Weights with `y A` as near to zero as float64 brings them, and the inverse."""
    y = problems.y
    inverse = _approximate_inverse(_normal_matrix(A, y, problems.error))
    for _ in range(2):
        u = inverse @ _weighted_sum(y, A)[:, :, None]
        factor = 1.0 - (A @ u)[:, :, 0]
        y = np.where(factor > 0.1, y * factor, y)
    return problems._replace(y=y), inverse


def _excluded(
    problems: _Problems, A: np.ndarray, inverse: np.ndarray, spanned: np.ndarray
) -> np.ndarray:
    """Whether exact weights near `y` are proved to exist, with `y b <= 0`.

    Args:
        problems: The weights, in `y`.
        A: Rows with the columns that matter; all others follow from these.
        inverse: Approximate inverse of the normal matrix, of which nothing is assumed.
        spanned: Where `y b = 0` follows from `y A = 0`.
    """
    _, b, y, error, right, _ = problems
    used = y > 0.0
    count, dim = A.shape[1], A.shape[2]
    rounding = 4 * (count + dim + 4) * _EPS
    size, weighted = np.abs(A), np.abs(A) * y[:, :, None]
    lengths = size.sum(axis=2) + error
    slop = (y * error).sum(axis=1) * (1.0 + rounding)
    residual = np.abs(_weighted_sum(y, A)).max(axis=1)
    residual += rounding * weighted.sum(axis=1).max(axis=1) + slop + _UNDERFLOW
    normal = _normal_matrix(A, y, error)
    doubt = rounding * (weighted.swapaxes(1, 2) @ size + np.eye(dim))
    doubt += (2.0 * (y * error * (lengths + error)).sum(axis=1) + _UNDERFLOW)[
        :, None, None
    ]
    defect = np.abs(normal @ inverse - np.eye(dim))
    defect += (doubt + rounding * np.abs(normal)) @ np.abs(inverse)
    contraction = defect.sum(axis=2).max(axis=1) * (1.0 + rounding)
    solution = np.abs(inverse).sum(axis=2).max(axis=1) * residual / (1.0 - contraction)
    change = (np.where(used, lengths, 0.0).max(axis=1) * solution) * (1.0 + rounding)
    valid = used.any(axis=1) & (contraction < 0.9) & (change < 0.5)
    # Positive weights are proved; it remains to see what they make of b.
    certain = spanned | ~(((b != 0.0) | (right != 0.0)) & used).any(axis=1)
    margin = (change + rounding) * (y * np.abs(b)).sum(axis=1)
    margin += 2.0 * (y * right).sum(axis=1) * (1.0 + rounding)
    margin = margin * (1.0 + rounding) + _UNDERFLOW
    return valid & (certain | ((y * b).sum(axis=1) < -margin))


def _excluded_within(problems: _Problems, radius: float) -> np.ndarray:
    """Whether the weights as they are exclude every point of a cube.

    `y (A x - b) = e x + beta` is positive there if `beta > |e|_1 radius`.
    """
    A, b, y, error, right, _ = problems
    rounding = 4 * (A.shape[1] + A.shape[2] + 4) * _EPS
    gradient = np.abs(_weighted_sum(y, A)).sum(axis=1)
    gradient += rounding * (y[:, :, None] * np.abs(A)).sum(axis=(1, 2))
    gradient += (y * error).sum(axis=1) + _UNDERFLOW
    margin = (y * right).sum(axis=1) + rounding * (y * np.abs(b)).sum(axis=1)
    margin += gradient * radius + _UNDERFLOW
    return (y > 0.0).any(axis=1) & (
        -(y * b).sum(axis=1) > margin * (1.0 + 2 * rounding)
    )


def _column_basis(
    problems: _Problems,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact elimination of the supporting rows, for small integer data.

    Fraction-free (Bareiss) with the largest pivot, all problems in step.

    Returns:
        integers: Where the elimination stayed within exact integers.
        columns: Independent columns of A on the support; the others depend on them.
        spanned: Where b depends on them too.
    """
    A, b, y = problems.A, problems.b, problems.y
    count, rows, dim = A.shape
    table = np.concatenate([A, b[:, :, None]], axis=2) * (y > 0.0)[:, :, None]
    table, integers = _as_integers(table)
    columns = np.zeros((count, dim), bool)
    each, last = np.arange(count), np.ones(count)
    for _ in range(min(dim, rows)):
        table[~integers] = 0.0
        flat = np.abs(table[:, :, :dim]).reshape(count, -1)
        best = flat.argmax(axis=1)
        row, column = best // dim, best % dim
        pivot = table[each, row, column]
        active = pivot != 0.0
        if not active.any():
            break
        columns[each[active], column[active]] = True
        across, down = table[each, row], table[each, :, column]
        after = pivot[:, None, None] * table - down[:, :, None] * across[:, None, :]
        after /= last[:, None, None]
        after[each, row] = 0.0
        integers &= ~active | (np.abs(after).max(axis=(1, 2)) < _LARGEST_INTEGER)
        table = np.where(active[:, None, None], after, table)
        last = np.where(active, pivot, last)
    return integers, columns, ~table[:, :, dim].any(axis=1) & integers


def _as_integers(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows times powers of two that make them integers, and where they are small."""
    result = table
    for _ in range(5):
        broken = (result != np.rint(result)).any(axis=2, keepdims=True)
        if not broken.any():
            break
        result = np.where(broken, result * 16.0, result)
    small = (result == np.rint(result)) & (np.abs(result) < _LARGEST_INTEGER)
    return result, small.all(axis=(1, 2))
