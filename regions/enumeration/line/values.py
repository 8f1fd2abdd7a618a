"""Values of many units at many points of a line, in float64, with error bounds.

A column is a point, or a direction at an end of the line that is infinite. Values come
in two precisions: single ones are float64 numbers, pairs are unevaluated sums of two of
them, some 100 bits. Products of pairs are sums of products of slices so short that
float64 makes no error in them (Ozaki, Ogita, Oishi and Rump, Error-free transformations
of matrix multiplication, Numerical Algorithms 59, 2012).

Errors are kept as one bound a column, of the 2-norm of the error of all its entries.
Overflow gives infinities or NaN, which prove nothing.
"""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from jaxtyping import Float64

from regions.enumeration.line.spectral import spectral_bound
from regions.network import Layer
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, gamma

SQUARE = UNIT_ROUNDOFF**2
PAIR_BITS = 104
"""Bits kept of the largest entry of a column in a product of pairs."""
SPARSE = 0.1
"""Matrices with a smaller share of nonzero entries are stored without the zeros."""
SMALL = 1 << 14
"""Matrices of fewer entries are stored with their zeros."""
MAX_GRAM = 300
"""Up to this size the norm of a matrix is bounded through its Gram matrix."""

Matrix = Any
"""A dense array or one of `scipy.sparse`."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Approximate values with a bound of their errors.

    Attributes:
        high: Values `(rows, columns)`.
        low: What to add to them, or None in single precision.
        error: Bound of the 2-norm of the errors of each column.
    """

    high: Float64[np.ndarray, "rows columns"]
    low: Float64[np.ndarray, "rows columns"] | None
    error: Float64[np.ndarray, " columns"]

    def at(self, columns: np.ndarray) -> "Values":
        """Some of the columns."""
        low = None if self.low is None else self.low[:, columns]
        return Values(self.high[:, columns], low, self.error[columns])

    def rows(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, Any]:
        """Some entries, as high and low parts."""
        low = None if self.low is None else self.low[rows, columns]
        return self.high[rows, columns], low

    def norms(self) -> Float64[np.ndarray, " columns"]:
        """Bounds of the 2-norm of each column."""
        return norms(self.high.T)


def norms(
    rows: Float64[np.ndarray, "rows entries"],
) -> Float64[np.ndarray, " rows"]:
    """Upper bounds of the 2-norms of some rows, low parts included."""
    size = np.abs(rows).max(1, initial=0.0)
    safe = np.where(size > 0.0, size, 1.0)
    scaled = rows / safe[:, None]
    square = np.einsum("ij,ij->i", scaled, scaled)
    return np.where(size > 0.0, size * np.sqrt(square) * SAFETY + SMALLEST, size)


class Block(NamedTuple):
    """One matrix of a layer, and what bounds its products.

    Attributes:
        source: What it reads.
        matrix: The matrix.
        row_norms: Bounds of the 2-norms of its rows.
        spectral: Bound of its spectral norm.
    """

    source: int
    matrix: Matrix
    row_norms: np.ndarray
    spectral: float


class LayerBounds:
    """The matrices of a layer, ready for products with bounds."""

    def __init__(self, layer: Layer, index: int):
        self.bias = layer.bias
        self.blocks = [_block(s, m) for s, m in layer.blocks(index)]

    def pre_activations(
        self, sources: dict[int, Values], weights: np.ndarray
    ) -> tuple[Values, np.ndarray]:
        """Pre-activations, and a bound of the error of each entry.

        Args:
            sources: What the layer reads.
            weights: 1 for the columns that are points, 0 for directions: these take no
                bias.
        """
        if sources[self.blocks[0].source].low is not None:
            return self._in_pairs(sources, weights)
        bias = self.bias[:, None] * weights
        high, terms = bias, len(self.blocks) + 1
        error = np.zeros(high.shape)
        norm = np.zeros(len(weights))
        for block in self.blocks:
            held = sources[block.source]
            high = high + block.matrix @ held.high
            terms += block.matrix.shape[1]
        rounding, lost = gamma(terms), terms * SMALLEST
        for block in self.blocks:
            held = sources[block.source]
            size = held.norms()
            error += np.multiply.outer(block.row_norms, held.error + rounding * size)
            whole = _whole(block.row_norms)
            norm += block.spectral * held.error + rounding * whole * size
        error = SAFETY * (error + rounding * np.abs(bias) + lost)
        norm += rounding * _whole(self.bias) + lost * math.sqrt(len(high))
        return Values(high, None, SAFETY * norm), error

    def _in_pairs(
        self, sources: dict[int, Values], weights: np.ndarray
    ) -> tuple[Values, np.ndarray]:
        """The same in pairs."""
        high = self.bias[:, None] * weights
        low, size = np.zeros(high.shape), np.abs(high)
        own, error = np.zeros(high.shape), np.zeros(high.shape)
        norm = np.zeros(len(weights))
        for block in self.blocks:
            held = sources[block.source]
            more, least, bound, rounding = _product(block.matrix, held)
            high, low = _add(high, low, more, least)
            size, own = size + bound, own + rounding
            error += np.multiply.outer(block.row_norms, held.error)
            norm += block.spectral * held.error
        own += 8.0 * (len(self.blocks) + 1) * SQUARE * size
        return (
            Values(high, low, SAFETY * (norm + norms(own.T))),
            SAFETY * (error + own),
        )


def _block(source: int, matrix: np.ndarray) -> Block:
    """A matrix with bounds of its norms; without its zeros if they are many."""
    size = np.abs(matrix)
    # The norm is at most the root of the product of the largest sums (Schur).
    spectral = math.sqrt(size.sum(0).max()) * math.sqrt(size.sum(1).max())
    spectral = SAFETY * spectral + SMALLEST
    if min(matrix.shape) <= MAX_GRAM:
        spectral = min(spectral, spectral_bound(matrix))
    row_norms = norms(matrix)
    few = np.count_nonzero(matrix) < SPARSE * matrix.size
    held = scipy.sparse.csr_array(matrix) if few and matrix.size > SMALL else matrix
    return Block(source, held, row_norms, spectral)


def _product(
    matrix: Matrix, held: Values
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A matrix times pairs: high and low parts, bounds of sizes, bounds of rounding.

    With rows of at most 2^f and columns of at most 2^e, slice i of the matrix is a
    multiple of 2^(f - bits i), slice k of the columns one of 2^(e - bits k). Sums of
    their products are integers below 2^53 times a power of two, and exact.
    """
    terms = matrix.shape[1]
    bits = (52 - terms.bit_length()) // 2
    count = -(-PAIR_BITS // bits)
    f, e = _exponents(_row_sizes(matrix)), _exponents(np.abs(held.high).max(0))
    left, rest = _matrix_slices(matrix, f, bits, count)
    low = np.zeros(held.high.shape) if held.low is None else held.low
    right = _slices(held.high, low, e, bits, count)
    high = least = np.zeros((matrix.shape[0], len(e)))
    sums = 0
    for order in range(count):
        for i in range(min(order + 1, len(left))):
            high, lost = _two_sum(high, left[i] @ right[order - i])
            least, sums = least + lost, sums + 1
    bound = np.multiply.outer(terms * np.exp2(f), np.exp2(e))
    dropped = (count**2 + 2) * 2.0 ** (-bits * count) + rest
    rounding = (dropped + 2.0 * (sums + 2) ** 2 * SQUARE) * bound
    return *_two_sum(high, least), bound, rounding + sums * terms * SMALLEST


def _exponents(sizes: np.ndarray) -> np.ndarray:
    """Exponents of powers of two that are no smaller than some sizes."""
    _, exponents = np.frexp(sizes)
    return exponents.astype(np.float64)


def _row_sizes(matrix: Matrix) -> np.ndarray:
    """Largest absolute entry of each row."""
    if isinstance(matrix, np.ndarray):
        return np.abs(matrix).max(1)
    return abs(matrix).max(axis=1).toarray().ravel()


def _slices(
    high: np.ndarray, low: np.ndarray, e: np.ndarray, bits: int, count: int
) -> list[np.ndarray]:
    """Pairs of columns up to 2^e, cut into slices of so many bits."""
    parts = []
    for k in range(1, count + 1):
        # Adding and taking away leaves what lies above a power of two.
        shift = 1.5 * np.exp2(e - bits * k + 52)
        part = (high + shift) - shift
        parts.append(part)
        high, low = _two_sum(high - part, low)
    return parts


def _matrix_slices(
    matrix: Matrix, f: np.ndarray, bits: int, count: int
) -> tuple[list[Matrix], float]:
    """A matrix with rows up to 2^f in slices, and what is left of 2^f at most."""
    dense = isinstance(matrix, np.ndarray)
    exponent = f[:, None] if dense else np.repeat(f, np.diff(matrix.indptr))
    rest = matrix if dense else matrix.data
    parts: list[Matrix] = []
    for k in range(1, count + 1):
        shift = 1.5 * np.exp2(exponent - bits * k + 52)
        part = (rest + shift) - shift
        rest = rest - part
        if dense:
            parts.append(part)
        else:
            whole = (part, matrix.indices, matrix.indptr)
            parts.append(scipy.sparse.csr_array(whole, shape=matrix.shape))
        if not rest.any():
            return parts, 0.0
    return parts, 2.0 ** (-bits * count)


def _whole(vector: np.ndarray) -> float:
    """An upper bound of the 2-norm of a vector."""
    return float(norms(vector[None])[0])


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A rounded sum, and what rounding took away, exactly."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _add(
    a: np.ndarray, a_low: np.ndarray, b: np.ndarray, b_low: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of two pairs, to 8 units of 2^-106 of their sizes."""
    high, low = _two_sum(a, b)
    return _two_sum(high, low + (a_low + b_low))


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A number as the sum of two of 26 bits (Veltkamp)."""
    shifted = 134217729.0 * a
    high = shifted - (shifted - a)
    return high, a - high


def multiply(
    a: np.ndarray, a_low: np.ndarray, b: np.ndarray, b_low: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Product of two pairs, to 8 units of 2^-106 of its size (Dekker)."""
    high = a * b
    (p, q), (r, s) = _halves(a), _halves(b)
    low = ((p * r - high) + p * s + q * r) + q * s
    return _two_sum(high, low + (a * b_low + a_low * b))


def ratio(
    x: tuple[np.ndarray, Any], y: tuple[np.ndarray, Any], *, of_sum: np.ndarray
) -> tuple[np.ndarray, Any, np.ndarray]:
    """Where a unit vanishes between two columns: a weight and its rounding.

    Args:
        x: Absolute values at the first column.
        y: The same at the second.
        of_sum: Whether the weight is `x / (x + y)`, as between two points, or `x / y`,
            as from a point along a direction.
    """
    if x[1] is None:
        below = np.where(of_sum, x[0], 0.0) + y[0]
        weight = x[0] / below
        return weight, None, 4.0 * UNIT_ROUNDOFF * weight + SMALLEST
    added = (np.where(of_sum, x[0], 0.0), np.where(of_sum, x[1], 0.0))
    below, below_low = _add(*added, *y)
    zero = np.zeros(below.shape)
    high = x[0] / below
    rest = _add(*x, *(-v for v in multiply(high, zero, below, below_low)))
    high, low = _two_sum(high, rest[0] / below)
    rest = _add(*x, *(-v for v in multiply(high, low, below, below_low)))
    doubt = np.abs(rest[0]) + 32.0 * (SQUARE * np.abs(x[0]) + SMALLEST)
    return high, low, SAFETY * doubt / np.abs(below) + SMALLEST


def moved(
    base: Values,
    step: Values,
    weight: tuple[np.ndarray, Any, np.ndarray],
    between: np.ndarray,
    vanishing: np.ndarray | None = None,
) -> Values:
    """Values at `base + weight * direction`, columns of as many.

    Args:
        base: Columns of points.
        step: The directions; or, where `between` says so, other points, and the
            direction is the difference.
        weight: Weights, high and low parts, and bounds of their errors.
        between: Which columns lie between two points.
        vanishing: A row of each column that is known to be 0 there.
    """
    high, low, doubt = weight
    if base.low is None or step.low is None:
        rise = step.high - np.where(between, base.high, 0.0)
        values = base.high + high * rise
        result_low, unit = None, 4.0 * UNIT_ROUNDOFF
    else:
        less = (np.where(between, -v, 0.0) for v in (base.high, base.low))
        rise, rise_low = _add(step.high, step.low, *less)
        more = multiply(rise, rise_low, high, low)
        values, result_low = _add(base.high, base.low, *more)
        unit = 40.0 * SQUARE
    if vanishing is not None:
        known = vanishing, np.arange(len(vanishing))
        rise[known] = values[known] = 0.0
        if result_low is not None:
            result_low[known] = 0.0
    size = norms(rise.T)
    reach = np.abs(high) + doubt
    error = np.where(
        between,
        np.maximum(base.error, step.error),
        base.error + reach * step.error,
    )
    error = error + doubt * size
    error += unit * (base.norms() + reach * (size + step.norms()))
    error += 8.0 * math.sqrt(len(values)) * SMALLEST
    if vanishing is not None and len(values) == 1:
        error = np.zeros(len(error))
    return Values(values, result_low, SAFETY**2 * error)
