"""From a graph of operations to hidden layers: the one builder of all importers.

Every tensor of a model is kept as an affine expression of sources: the input (source
0) and the activations of the hidden layers made so far (source k). Affine operations
are linear algebra on expressions; whatever bends them makes a hidden layer. Residual
sums, concatenations and max-pooling then become skip blocks of `ReluNetwork` without
further ado.

Exactness: an affine operation is multiplied into an expression only when no entry
rounds. Otherwise the expression first becomes a hidden layer whose units have slope 1,
which make no kink and take no bit of the pattern.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from regions.errors import FileFormatError
from regions.network import ReluNetwork


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """The tensor `sum_k blocks[k] h_k + offset` of one sample, flattened in C order.

    Attributes:
        shape: Shape of the tensor without the batch axis.
        blocks: Matrix `(size, width of source k)` of each source k that is read.
        offset: Vector `(size,)`.
    """

    shape: tuple[int, ...]
    blocks: Mapping[int, sp.csr_array]
    offset: np.ndarray

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.offset)

    def reshape(self, shape: Sequence[int]) -> "Expression":
        """The same entries under another shape of the same size."""
        return Expression(tuple(shape), self.blocks, self.offset)

    def select(self, index: np.ndarray) -> "Expression":
        """The entries at flat positions `index`, in its shape; -1 gives zero."""
        flat = index.ravel()
        rows = np.flatnonzero(flat >= 0)
        picks = sp.csr_array(
            (np.ones(len(rows)), (rows, flat[rows])), shape=(flat.size, self.size)
        )
        blocks = {k: clean(picks @ block) for k, block in self.blocks.items()}
        return Expression(index.shape, blocks, picks @ self.offset)

    def positions(self) -> np.ndarray:
        """Flat positions of the entries, in the tensor's shape: to slice and select."""
        return np.arange(self.size).reshape(self.shape)

    def negate(self) -> "Expression":
        """Minus this tensor."""
        blocks = {k: -block for k, block in self.blocks.items()}
        return Expression(self.shape, blocks, -self.offset)


class GraphBuilder:
    """Collects the hidden layers that a model's operations call for.

    Attributes:
        name: The model's path or name, for messages.
        max_bytes: Limit of the memory of all dense matrices together.
        fold: Multiply affine layers out in float64, one rounding per entry and
            product, instead of keeping them exact as layers of slope 1.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        *,
        name: str,
        max_bytes: int,
        fold: bool = False,
    ):
        self.name, self.max_bytes, self.fold = name, max_bytes, fold
        size = math.prod(input_shape)
        self._bytes = 0
        self.reserve(24 * size)  # an identity, sparse
        self._widths = [size]
        self._layers: list[tuple[Expression, np.ndarray]] = []
        self._emitted: dict[int, tuple[Expression, Expression]] = {}
        self.input = _identity(0, tuple(input_shape))

    def reserve(self, size: int) -> None:
        """Raise when `size` more bytes of matrices would pass the limit."""
        self._bytes += size
        if self._bytes > self.max_bytes:
            raise FileFormatError(
                f"{self.name} needs matrices of {self._bytes} bytes or more when "
                f"unrolled; at most {self.max_bytes} are allowed: raise `max_bytes` "
                "or use a smaller input."
            )

    def limit(self, size: int) -> None:
        """Raise when a tensor of `size` entries alone would pass the limit."""
        if 8 * size > self.max_bytes:
            raise FileFormatError(
                f"{self.name} makes a tensor of {size} entries, beyond the limit of "
                f"{self.max_bytes} bytes: raise `max_bytes` if you trust it."
            )

    def affine(
        self,
        expression: Expression,
        matrix: sp.csr_array,
        offset: np.ndarray | float = 0.0,
        shape: Sequence[int] | None = None,
    ) -> Expression:
        """`matrix @ expression + offset`, in `shape` (a vector when left out)."""
        matrix = clean(matrix)
        rows = len(matrix.indptr) - 1
        shift = np.broadcast_to(np.asarray(offset, np.float64), (rows,))
        if not self.fold and not _is_exact_product(matrix, shift, expression):
            expression = self.as_layer(expression)
        blocks = {k: clean(matrix @ b) for k, b in expression.blocks.items()}
        return Expression(
            tuple(shape) if shape is not None else shift.shape,
            blocks,
            matrix @ expression.offset + shift,
        )

    def scale(
        self,
        expression: Expression,
        factors: np.ndarray | float,
        offset: np.ndarray | float = 0.0,
    ) -> Expression:
        """`factors * expression + offset`; both are broadcast to its shape."""
        diagonal = np.broadcast_to(factors, expression.shape).ravel()
        shift = np.broadcast_to(offset, expression.shape).ravel()
        matrix = sp.csr_array(sp.diags_array(diagonal))
        return self.affine(expression, matrix, shift, expression.shape)

    def add(self, a: Expression, b: Expression) -> Expression:
        """The sum of two tensors, broadcast to one shape."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = broadcast(a, shape), broadcast(b, shape)
        if not self.fold and not _is_exact_sum(a, b):
            b = self.as_layer(b)
        blocks = dict(a.blocks)
        for k, block in b.blocks.items():
            blocks[k] = clean(blocks[k] + block) if k in blocks else block
        return Expression(shape, blocks, a.offset + b.offset)

    def shift(self, expression: Expression, offset: np.ndarray | float) -> Expression:
        """`expression + offset`, the offset broadcast to its shape."""
        flat = np.broadcast_to(offset, expression.shape).ravel()
        return self.add(expression, Expression(expression.shape, {}, flat))

    def kink(self, expression: Expression, slopes: np.ndarray | float) -> Expression:
        """`max(e, 0) + slopes * min(e, 0)`: a new hidden layer."""
        vector = np.broadcast_to(slopes, expression.shape).ravel()
        self._layers.append((expression, np.array(vector, np.float64)))
        self._reserve_layer(expression)
        self._widths.append(expression.size)
        return _identity(len(self._layers), expression.shape)

    def as_layer(self, expression: Expression) -> Expression:
        """The same tensor as the activation of a hidden layer of slope 1."""
        known = self._emitted.get(id(expression))
        if known is None:
            known = (expression, self.kink(expression, 1.0))
            self._emitted[id(expression)] = known  # keeps the key's object alive
        return known[1]

    def maximum(self, a: Expression, b: Expression) -> Expression:
        """`b + relu(a - b)`, entry by entry; entries that agree take no bit."""
        difference = self.add(a, b.negate())
        zero = np.array(difference.offset == 0.0)
        for block in difference.blocks.values():
            zero &= np.diff(block.indptr) == 0
        slopes = np.where(zero, 1.0, 0.0).reshape(difference.shape)
        return self.add(broadcast(b, difference.shape), self.kink(difference, slopes))

    def clip(
        self, expression: Expression, lower: float | None, upper: float | None
    ) -> Expression:
        """`lower + relu(e - lower) - relu(e - upper)`, for `lower <= upper`."""
        result = expression
        if lower is not None:
            above = self.kink(self.shift(expression, -lower), 0.0)
            result = self.shift(above, lower)
        if upper is not None:
            excess = self.kink(self.shift(expression, -upper), 0.0)
            result = self.add(result, excess.negate())
        return result

    def finish(self, expression: Expression) -> ReluNetwork:
        """The network whose output is `expression`."""
        self._reserve_layer(expression)
        weights, biases, skips = [], [], {}
        rows = [*(pre for pre, _ in self._layers), expression]
        kept = self._kept(rows)
        # Source k is the activation of layer k - 1; those that go close the ranks.
        place = {0: 0} | {index + 1: k + 1 for k, index in enumerate(kept)}
        widths = [self._widths[0], *(self._widths[index + 1] for index in kept)]
        for index, row in enumerate([*(rows[k] for k in kept), expression]):
            blocks = {place[k]: b.toarray() for k, b in row.blocks.items() if b.nnz}
            own = blocks.pop(index, None)
            weights.append(np.zeros((row.size, widths[index])) if own is None else own)
            biases.append(row.offset)
            skips[index] = blocks
        slopes = [self._layers[index][1] for index in kept]
        try:
            return ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)
        except ValueError as error:
            raise FileFormatError(f"{self.name}: {error}") from error

    def _kept(self, rows: list[Expression]) -> list[int]:
        """The hidden layers but those without a kink that nothing reads."""
        read: set[int] = set()
        kept = []
        for index in range(len(rows) - 1, -1, -1):
            last = index == len(rows) - 1
            if last or index + 1 in read or np.any(self._layers[index][1] != 1.0):
                read |= {k for k, block in rows[index].blocks.items() if block.nnz}
                kept += [] if last else [index]
        return kept[::-1]

    def _reserve_layer(self, expression: Expression) -> None:
        """Count the dense matrices of a layer, and its activations' identity."""
        previous = len(self._widths) - 1
        sources = {previous, *(k for k, b in expression.blocks.items() if b.nnz)}
        columns = sum(self._widths[k] for k in sources if k < len(self._widths))
        self.reserve(8 * expression.size * (columns + 3))


def clean(matrix) -> sp.csr_array:
    """`matrix` as CSR without stored zeros."""
    result = sp.csr_array(matrix)
    result.eliminate_zeros()
    return result


def num_columns(matrix: sp.csr_array) -> int:
    """Number of columns, that is the width of the source that a block reads."""
    assert matrix.shape is not None
    return matrix.shape[1]


def broadcast(expression: Expression, shape: Sequence[int]) -> Expression:
    """The expression repeated to a larger shape."""
    if expression.shape == tuple(shape):
        return expression
    return expression.select(np.broadcast_to(expression.positions(), shape))


def _identity(source: int, shape: tuple[int, ...]) -> Expression:
    """All of one source."""
    size = math.prod(shape)
    eye = sp.csr_array(sp.eye_array(size))
    return Expression(shape, {source: eye}, np.zeros(size))


def _is_unit(matrix: sp.csr_array) -> bool:
    """Whether every entry is -1, 0 or 1."""
    return bool(np.all(np.abs(matrix.data) == 1.0))


def _is_exact_product(
    matrix: sp.csr_array, shift: np.ndarray, expression: Expression
) -> bool:
    """Whether `matrix @ expression + shift` rounds nowhere.

    True when the expression picks entries of its sources, each at most once, up to
    sign; or when the matrix picks entries of the expression.
    """
    blocks = expression.blocks.values()
    entries = sum((np.diff(b.indptr) for b in blocks), np.zeros(expression.size, int))
    picks = (
        not expression.offset.any()
        and bool(np.all(entries <= 1))
        and all(_is_unit(b) and np.all(np.bincount(b.indices) <= 1) for b in blocks)
    )
    if picks:
        return True
    if not (_is_unit(matrix) and np.all(np.diff(matrix.indptr) <= 1)):
        return False
    return _sums_exactly(matrix @ expression.offset, shift)


def _is_exact_sum(a: Expression, b: Expression) -> bool:
    """Whether `a + b` rounds in no entry."""
    if not _sums_exactly(a.offset, b.offset):
        return False
    for k in set(a.blocks) & set(b.blocks):
        first, second = clean(a.blocks[k]), clean(b.blocks[k])
        both = abs(first).sign().multiply(abs(second).sign())
        pair = [sp.csr_array(block.multiply(both)) for block in (first, second)]
        for block in pair:
            block.sort_indices()  # the two now hold the same entries in one order
        if not _sums_exactly(pair[0].data, pair[1].data):
            return False
    return True


def _sums_exactly(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether `a + b` is exact in every entry (Knuth's two-sum has no error)."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = a + b
        part = total - a
        error = (a - (total - part)) + (b - part)
    return bool(np.all(error == 0.0))
