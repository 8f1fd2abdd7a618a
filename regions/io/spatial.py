"""Convolution, pooling and normalization as operations on expressions.

Tensors are channels-first, `(channels, *positions)`. A convolution is written out as
one sparse matrix, its entries those of the kernel; average pooling has entries
`1 / count`, rounded to float64 unless the count is a power of two.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from regions.io.graph import Expression, GraphBuilder, num_columns


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """How a kernel slides over the spatial axes, one entry per axis.

    Attributes:
        kernel: Size of the kernel.
        strides: Step between two windows.
        before: Padding at the start.
        after: Padding at the end.
        dilations: Step inside a window.
        ceil: Round the number of windows up instead of down.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    dilations: tuple[int, ...]
    ceil: bool = False

    @classmethod
    def same(
        cls,
        shape: Sequence[int],
        kernel: Sequence[int],
        strides: Sequence[int],
        dilations: Sequence[int],
        *,
        lower: bool = False,
    ) -> "Window":
        """Padding such that each axis gives `ceil(size / stride)` windows.

        An odd padding puts one more at the end, or at the start when `lower`.
        """
        before, after = [], []
        for n, k, s, d in zip(shape, kernel, strides, dilations, strict=True):
            total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
            half = (total + 1) // 2 if lower else total // 2
            before.append(half)
            after.append(total - half)
        return cls(
            tuple(kernel),
            tuple(strides),
            tuple(before),
            tuple(after),
            tuple(dilations),
        )

    def counts(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Number of windows along each axis of a tensor with this spatial shape."""
        result = []
        for axis, n in enumerate(shape):
            span = self.dilations[axis] * (self.kernel[axis] - 1) + 1
            room = n + self.before[axis] + self.after[axis] - span
            stride = self.strides[axis]
            count = (-(-room // stride) if self.ceil else room // stride) + 1
            if self.ceil and (count - 1) * stride >= n + self.before[axis]:
                count -= 1  # a window may not start in the padding at the end
            result.append(count)
        return tuple(result)

    def indices(self, shape: Sequence[int]) -> np.ndarray:
        """Flat spatial positions `(windows, kernel size)`.

        Padding is -1, and what lies beyond the padding (`ceil` only) is -2.
        """
        flat = np.zeros((1, 1), np.int64)
        worst = np.zeros((1, 1), np.int64)
        for axis, (n, count) in enumerate(zip(shape, self.counts(shape), strict=True)):
            start = np.arange(count) * self.strides[axis] - self.before[axis]
            offset = np.arange(self.kernel[axis]) * self.dilations[axis]
            position = start[:, None] + offset[None, :]
            bad = np.where((position < 0) | (position >= n), -1, 0)
            bad[position >= n + self.after[axis]] = -2
            flat = _outer(flat * n, np.clip(position, 0, n - 1), np.add)
            worst = _outer(worst, bad, np.minimum)
        return np.where(worst < 0, worst, flat)


def _outer(a: np.ndarray, b: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """`combine` over all pairs of rows and of columns, the second index fastest."""
    table = combine(a[:, None, :, None], b[None, :, None, :])
    return table.reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])


def convolve(
    builder: GraphBuilder,
    tensor: Expression,
    weight: np.ndarray,
    bias: np.ndarray | None,
    window: Window,
    groups: int = 1,
) -> Expression:
    """Cross-correlation with `weight` of shape `(outputs, inputs / groups, *kernel)`.

    Raises:
        ValueError: If channels, groups and kernel do not fit the tensor.
    """
    channels, *spatial = tensor.shape
    outputs, per_group = weight.shape[:2]
    if channels != per_group * groups or outputs % groups:
        raise ValueError(
            f"a kernel of shape {weight.shape} in {groups} groups meets a tensor of "
            f"shape {tensor.shape}"
        )
    counts = _checked_counts(window, spatial)
    positions, windows = math.prod(spatial), math.prod(counts)
    builder.reserve(32 * weight.size * windows)
    builder.limit(outputs * windows * channels * positions)
    index = window.indices(spatial)
    out, inner, p, q = np.broadcast_arrays(
        np.arange(outputs)[:, None, None, None],
        np.arange(per_group)[None, :, None, None],
        np.arange(windows)[None, None, :, None],
        np.arange(index.shape[1])[None, None, None, :],
    )
    used = index[p, q] >= 0
    out, inner, p, q = out[used], inner[used], p[used], q[used]
    channel = out // (outputs // groups) * per_group + inner
    values = weight.reshape(outputs, per_group, -1)[out, inner, q]
    matrix = sp.csr_array(
        (values, (out * windows + p, channel * positions + index[p, q])),
        shape=(outputs * windows, channels * positions),
    )
    shift = 0.0 if bias is None else np.repeat(bias, windows)
    return builder.affine(tensor, matrix, shift, (outputs, *counts))


def convolve_transposed(
    builder: GraphBuilder,
    tensor: Expression,
    weight: np.ndarray,
    bias: np.ndarray | None,
    window: Window,
    extra: Sequence[int],
    groups: int = 1,
) -> Expression:
    """The transpose of a convolution, `weight` `(inputs, outputs / groups, *kernel)`.

    Args:
        builder: Where layers go.
        tensor: What takes the place of the convolution's output.
        weight: The kernel.
        bias: One number for each output channel.
        window: The convolution's, over the result.
        extra: Positions added at the end of each axis.
        groups: Number of groups of channels.

    Raises:
        ValueError: If channels, groups and kernel do not fit the tensor.
    """
    channels, *spatial = tensor.shape
    per_group = weight.shape[1]
    if channels != weight.shape[0] or channels % groups or len(extra) != len(spatial):
        raise ValueError(
            f"a kernel of shape {weight.shape} in {groups} groups meets a tensor of "
            f"shape {tensor.shape}"
        )
    sizes = [
        s * (n - 1) + e + d * (k - 1) + 1 - b - a
        for n, s, e, d, k, b, a in zip(
            spatial,
            window.strides,
            extra,
            window.dilations,
            window.kernel,
            window.before,
            window.after,
            strict=True,
        )
    ]
    if min(sizes) < 1 or window.counts(sizes) != tuple(spatial):
        raise ValueError(f"its window and its output padding give shape {sizes}")
    positions, windows = math.prod(sizes), math.prod(spatial)
    outputs = per_group * groups
    builder.reserve(32 * weight.size * windows)
    builder.limit(outputs * windows * channels * positions)
    index = window.indices(sizes)
    inner, out, p, q = np.broadcast_arrays(
        np.arange(channels)[:, None, None, None],
        np.arange(per_group)[None, :, None, None],
        np.arange(windows)[None, None, :, None],
        np.arange(index.shape[1])[None, None, None, :],
    )
    used = index[p, q] >= 0
    inner, out, p, q = inner[used], out[used], p[used], q[used]
    channel = inner // (channels // groups) * per_group + out
    values = weight.reshape(channels, per_group, -1)[inner, out, q]
    matrix = sp.csr_array(
        (values, (channel * positions + index[p, q], inner * windows + p)),
        shape=(outputs * positions, channels * windows),
    )
    shift = 0.0 if bias is None else np.repeat(bias, positions)
    return builder.affine(tensor, matrix, shift, (outputs, *sizes))


def average_pool(
    builder: GraphBuilder, tensor: Expression, window: Window, *, count_padding: bool
) -> Expression:
    """Mean over each window, of its entries or, if asked, of the padding too."""
    channels, *spatial = tensor.shape
    counts = _checked_counts(window, spatial)
    builder.reserve(32 * channels * math.prod(counts) * math.prod(window.kernel))
    index = window.indices(spatial)
    divisor = np.sum(index >= -1 if count_padding else index >= 0, axis=1)
    rows, columns = np.nonzero(index >= 0)
    pool = sp.csr_array(
        (1.0 / divisor[rows], (rows, index[rows, columns])),
        shape=(len(index), math.prod(spatial)),
    )
    matrix = sp.csr_array(sp.kron(sp.eye_array(channels), pool))
    return builder.affine(tensor, matrix, 0.0, (channels, *counts))


def max_pool(builder: GraphBuilder, tensor: Expression, window: Window) -> Expression:
    """Largest entry of each window: a tournament of `b + relu(a - b)`."""
    channels, *spatial = tensor.shape
    counts = _checked_counts(window, spatial)
    builder.reserve(32 * channels * math.prod(counts) * math.prod(window.kernel))
    index = window.indices(spatial)
    best = index.max(axis=1, keepdims=True)
    if best.min() < 0:
        raise ValueError("a window of the pooling lies wholly in the padding")
    index = np.where(index < 0, best, index)  # the padding of a maximum is -infinity
    table = np.arange(channels)[:, None, None] * math.prod(spatial) + index
    players = [
        tensor.select(table[:, :, i].reshape(channels, *counts))
        for i in range(table.shape[2])
    ]
    return tournament(builder, players)


def tournament(builder: GraphBuilder, players: Sequence[Expression]) -> Expression:
    """Entrywise maximum of several tensors, in rounds; each round is one layer deep."""
    current = list(players)
    while len(current) > 1:
        pairs = zip(current[::2], current[1::2], strict=False)
        rest = current[len(current) - len(current) % 2 :]
        current = [*_round(builder, list(pairs)), *rest]
    return current[0]


def _round(
    builder: GraphBuilder, pairs: list[tuple[Expression, Expression]]
) -> list[Expression]:
    """The winners of all pairs, in one hidden layer."""
    first = stack([a for a, _ in pairs])
    winners = builder.maximum(first, stack([b for _, b in pairs]))
    return [winners.select(position) for position in winners.positions()]


def stack(tensors: Sequence[Expression]) -> Expression:
    """Tensors of one shape along a new first axis."""
    shape = (len(tensors), *tensors[0].shape)
    return concatenate([t.reshape((1, *t.shape)) for t in tensors], 0).reshape(shape)


def concatenate(tensors: Sequence[Expression], axis: int) -> Expression:
    """Tensors that agree but in one axis, joined along it.

    Raises:
        ValueError: If they do not agree.
    """
    sources = sorted({k for t in tensors for k in t.blocks})
    blocks = {}
    for k in sources:
        width = next(num_columns(t.blocks[k]) for t in tensors if k in t.blocks)
        empty = [sp.csr_array((t.size, width)) for t in tensors]
        parts = [t.blocks.get(k, e) for t, e in zip(tensors, empty, strict=True)]
        blocks[k] = sp.csr_array(sp.vstack(parts))
    starts = np.cumsum([0, *(t.size for t in tensors)]).tolist()
    order = np.concatenate(
        [t.positions() + s for t, s in zip(tensors, starts[:-1], strict=True)], axis
    )
    joined = Expression(
        (starts[-1],), blocks, np.concatenate([t.offset for t in tensors])
    )
    return joined.select(order)


def normalize(
    builder: GraphBuilder,
    tensor: Expression,
    moments: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    epsilon: float,
    axis: int = 0,
) -> Expression:
    """Batch normalization in inference: one scale and shift per entry of `axis`.

    The scale `gamma / sqrt(variance + epsilon)` and the shift `beta - mean * scale`
    are computed and rounded in float64; what follows takes them as exact.

    Args:
        builder: Where layers go.
        tensor: What is normalized.
        moments: `(gamma, beta, mean, variance)`, each a vector along `axis`.
        epsilon: Added to the variance.
        axis: Axis of the channels, the batch axis not counted.

    Raises:
        ValueError: If a vector does not have one entry per channel.
    """
    gamma, beta, mean, variance = moments
    if any(m.shape != (tensor.shape[axis],) for m in moments):
        raise ValueError(
            f"vectors of shapes {[m.shape for m in moments]} meet a tensor of shape "
            f"{tensor.shape}"
        )
    if np.any(variance + epsilon <= 0):
        raise ValueError("a variance plus epsilon is not positive")
    scale = gamma / np.sqrt(variance + epsilon)
    form = [1] * len(tensor.shape)
    form[axis] = -1
    offset = (beta - mean * scale).reshape(form)
    return builder.scale(tensor, scale.reshape(form), offset)


def _checked_counts(window: Window, spatial: Sequence[int]) -> tuple[int, ...]:
    """Number of windows per axis, at least one each."""
    if len(window.kernel) != len(spatial):
        raise ValueError(
            f"a kernel of shape {window.kernel} meets spatial shape {tuple(spatial)}"
        )
    counts = window.counts(spatial)
    if min(counts, default=1) < 1:
        raise ValueError(f"a kernel of shape {window.kernel} is larger than its input")
    return counts
