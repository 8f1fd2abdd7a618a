"""ONNX operations that move entries about and compute nothing."""

import math
from typing import Any

import numpy as np

from regions.io.graph import Expression
from regions.io.onnx_node import Operation
from regions.io.spatial import concatenate


def _flatten(op: Operation) -> Expression:
    x, axis = op.tensor(), op.get("axis", 1)
    if axis not in (1, -len(x.shape)):
        raise ValueError(f"axis {axis} mixes samples of a batch")
    return x.reshape((x.size,))


def _reshape(op: Operation) -> Expression:
    x = op.tensor()
    first, *rest = op.required(1).astype(int).tolist()
    copied = op.get("allowzero", 0) == 0
    rest = [
        x.shape[i] if n == 0 and copied and i < len(x.shape) else n
        for i, n in enumerate(rest)
    ]
    if rest.count(-1) == 1:
        known = math.prod(n for n in rest if n != -1)
        rest[rest.index(-1)] = x.size // known if known > 0 else -1
    whole = all(n > 0 for n in rest) and math.prod(rest) == x.size
    if first not in {-1, 0, 1, op.batch} or not whole:
        raise ValueError(f"shape {[first, *rest]} mixes samples of a batch")
    return x.reshape(rest)


def _shape(op: Operation) -> np.ndarray:
    """The shape, its batch axis 0: `Reshape` reads 0 as "as it was"."""
    full = np.array([0, *op.tensor().shape])
    return full[op.get("start", 0) : op.get("end", None)]


def _transpose(op: Operation) -> Expression:
    x = op.tensor()
    order = list(op.get("perm", range(len(x.shape), -1, -1)))
    if order[0] != 0:
        raise ValueError(f"permutation {order} moves the batch axis")
    return x.select(x.positions().transpose([i - 1 for i in order[1:]]))


def _squeeze(op: Operation) -> Expression:
    x, given = op.tensor(), op.setting("axes", 1)
    if given is None:
        raise ValueError("its axes must be named")
    axes = tuple(op.axis(a) for a in given.tolist())
    return x.reshape(np.squeeze(x.positions(), axes).shape)


def _unsqueeze(op: Operation) -> Expression:
    x, given = op.tensor(), op.setting("axes", 1)
    if given is None:
        raise ValueError("its axes must be named")
    rank = len(x.shape) + 1 + len(given)
    axes = [a % rank - 1 for a in given.tolist()]
    if min(axes) < 0:
        raise ValueError("it adds an axis before the batch axis")
    return x.reshape(np.expand_dims(x.positions(), axes).shape)


def _concat(op: Operation) -> Expression:
    axis = op.axis(op.get("axis"))
    tensors = [op.tensor(i) for i in range(len(op.inputs))]
    op.builder.limit(sum(tensor.size for tensor in tensors))
    return concatenate(tensors, axis)


def _gather(op: Operation) -> Expression:
    x, axis = op.tensor(), op.axis(op.get("axis", 0))
    index = op.required(1).astype(np.int64)
    op.builder.limit(x.size // x.shape[axis] * index.size)
    try:
        return x.select(np.take(x.positions(), index, axis))
    except IndexError as error:
        raise ValueError(str(error)) from error


def _slice(op: Operation) -> Expression:
    x = op.tensor()
    starts, ends = op.setting("starts", 1), op.setting("ends", 2)
    if starts is None or ends is None:
        raise ValueError("its starts and ends must be named")
    axes, steps = op.setting("axes", 3), op.constant(4)
    axes = np.arange(len(starts)) if axes is None else axes
    steps = np.ones(len(starts), int) if steps is None else steps
    positions = x.positions()
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        where = [slice(None)] * positions.ndim
        where[op.axis(int(axis))] = _bounds(int(start), int(end), int(step))
        positions = positions[tuple(where)]
    if not positions.size:
        raise ValueError("nothing is left of its input")
    return x.select(positions)


def _bounds(start: int, end: int, step: int) -> slice:
    """A slice; ONNX writes "down to the start" as a very negative end."""
    return slice(start, None if step < 0 and end < -(2**30) else end, step)


def _split(op: Operation) -> list[Expression]:
    x, axis = op.tensor(), op.axis(op.get("axis", 0))
    sizes = op.setting("split", 1)
    if sizes is None:
        parts = len(op.node.output)
        size = -(-x.shape[axis] // parts)
        cuts = [size * i for i in range(1, parts)]
    else:
        cuts = np.cumsum(sizes)[:-1].tolist()
    return [x.select(p) for p in np.split(x.positions(), cuts, axis)]


def _pad(op: Operation) -> Expression:
    x, pads = op.tensor(), op.setting("pads", 1)
    value = op.setting("value", 2)
    fill = 0.0 if value is None else float(value.reshape(()))
    if pads is None or op.get("mode", b"constant") != b"constant" or op.inputs[3:]:
        raise ValueError("only constant padding of all axes is read")
    width = pads.reshape(2, -1).T.tolist()
    if len(width) != len(x.shape) + 1 or any(width[0]) or pads.min() < 0:
        raise ValueError(f"padding {width} touches the batch axis or crops")
    sizes = [n + sum(w) for n, w in zip(x.shape, width[1:], strict=True)]
    op.builder.limit(math.prod(sizes))
    index = np.pad(x.positions(), width[1:], constant_values=-1)
    return op.builder.shift(x.select(index), np.where(index < 0, fill, 0.0))


SHAPE_OPS: dict[str, Any] = {
    "Concat": _concat,
    "Flatten": _flatten,
    "Gather": _gather,
    "Pad": _pad,
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""What each of them does to an expression."""
