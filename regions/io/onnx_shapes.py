"""ONNX operations that move entries about and compute nothing."""

import math
from typing import Any

import numpy as np

from regions.io.graph import Expression, broadcast
from regions.io.onnx_node import Operation
from regions.io.spatial import concatenate


def _flatten(op: Operation) -> Expression:
    x, axis = op.tensor(), op.get("axis", 1)
    if op.lead:
        if axis not in (1, -len(x.shape)):
            raise ValueError(f"axis {axis} mixes samples of a batch")
        return x.reshape((x.size,))
    axis = axis + len(x.shape) if axis < 0 else axis
    if not 0 <= axis <= len(x.shape):
        raise ValueError(f"axis {axis} does not exist")
    return x.reshape((math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def _reshape(op: Operation) -> Expression:
    x, given = op.tensor(), op.integers("shape", 1)
    first, *rest = given if op.lead else [op.batch, *given]
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
        mixes = " mixes samples of a batch" if op.lead else f" is not that of {x.size}"
        raise ValueError(f"shape {given}{mixes}")
    return x.reshape(rest)


def _shape(op: Operation) -> np.ndarray:
    """The shape, its batch axis 0: `Reshape` reads 0 as "as it was"."""
    full = np.array([0] * op.lead + [*op.tensor().shape], np.int64)
    return full[op.get("start", 0) : op.get("end", None)]


def _transpose(op: Operation) -> Expression:
    x = op.tensor()
    order = list(op.get("perm", range(len(x.shape) + op.lead - 1, -1, -1)))
    if op.lead and order[0] != 0:
        raise ValueError(f"permutation {order} moves the batch axis")
    return x.select(x.positions().transpose([i - op.lead for i in order[op.lead :]]))


def _squeeze(op: Operation) -> Expression:
    x, given = op.tensor(), op.setting("axes", 1)
    if given is None and not op.lead:
        return x.reshape(np.squeeze(x.positions()).shape)
    axes = tuple(op.axis(a) for a in op.integers("axes", 1))
    return x.reshape(np.squeeze(x.positions(), axes).shape)


def _unsqueeze(op: Operation) -> Expression:
    x, given = op.tensor(), op.integers("axes", 1)
    rank = len(x.shape) + op.lead + len(given)
    return x.reshape(
        np.expand_dims(x.positions(), [op.axis(a, rank) for a in given]).shape
    )


def _concat(op: Operation) -> Expression:
    axis = op.axis(op.get("axis", 1), len(_first(op).shape) + op.lead)
    tensors = [_part(op, index) for index in range(len(op.inputs))]
    op.builder.limit(sum(tensor.size for tensor in tensors))
    return concatenate(tensors, axis)


def _first(op: Operation) -> Expression:
    """The first input that is no constant."""
    return next(value for value in op.inputs if isinstance(value, Expression))


def _part(op: Operation, index: int) -> Expression:
    """A tensor, or a constant as one; with a batch axis there is none for each."""
    value = op.inputs[index]
    if op.lead or isinstance(value, Expression):
        return op.tensor(index)
    constant = op.required(index)
    return Expression(constant.shape, {}, constant.ravel())


def _expand(op: Operation) -> Expression:
    x, shape = op.tensor(), op.integers("shape", 1)
    if op.lead and len(shape) > len(x.shape):
        if len(shape) > len(x.shape) + 1 or shape[0] not in (0, 1, op.batch):
            raise ValueError(f"shape {shape} mixes samples of a batch")
        shape = shape[1:]
    full = np.broadcast_shapes(x.shape, tuple(shape))
    op.builder.limit(math.prod(full))
    return broadcast(x, full)


def _gather(op: Operation) -> Expression:
    x, axis = op.tensor(), op.axis(op.get("axis", 0))
    index = op.constant(1)
    if index is None or index.dtype.kind not in "iu":
        raise ValueError("its indices must be constant integers")
    op.builder.limit(x.size // x.shape[axis] * index.size)
    return x.select(np.take(x.positions(), index.astype(np.int64), axis))


def _slice(op: Operation) -> Expression:
    x = op.tensor()
    starts, ends = op.integers("starts", 1), op.integers("ends", 2)
    axes, steps = op.setting("axes", 3), op.constant(4)
    axes = np.arange(len(starts)) if axes is None else axes.reshape(-1)
    steps = np.ones(len(starts), int) if steps is None else steps.reshape(-1)
    positions = x.positions()
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        where = [slice(None)] * positions.ndim
        where[op.axis(int(axis))] = _bounds(start, end, int(step))
        positions = positions[tuple(where)]
    if not positions.size:
        raise ValueError("nothing is left of its input")
    return x.select(positions)


def _bounds(start: int, end: int, step: int) -> slice:
    """A slice; ONNX writes "down to the start" as a very negative end."""
    return slice(start, None if step < 0 and end < -(2**30) else end, step)


def _split(op: Operation) -> list[Expression]:
    x, axis = op.tensor(), op.axis(op.get("axis", 0))
    if op.setting("split", 1) is None:
        parts = len(op.node.output)
        size = -(-x.shape[axis] // parts)
        cuts = [size * i for i in range(1, parts)]
    else:
        cuts = np.cumsum(op.integers("split", 1))[:-1].tolist()
    pieces = np.split(x.positions(), cuts, axis)
    if any(not piece.size for piece in pieces):
        raise ValueError("one of its outputs is empty")
    return [x.select(piece) for piece in pieces]


def _pad(op: Operation) -> Expression:
    x, pads = op.tensor(), op.integers("pads", 1)
    value = op.setting("value", 2)
    fill = 0.0 if value is None else float(value.reshape(()))
    named = [entry for entry in op.inputs[3:] if entry is not None]
    if op.get("mode", b"constant") != b"constant" or named:
        raise ValueError("only constant padding of all axes is read")
    width = np.array(pads, object).reshape(2, -1).T.tolist()
    if len(width) != len(x.shape) + op.lead or any(any(w) for w in width[: op.lead]):
        raise ValueError(f"padding {width} touches the batch axis or misses an axis")
    width = width[op.lead :]
    sizes = [n + sum(w) for n, w in zip(x.shape, width, strict=True)]
    if min(sizes, default=1) < 1:
        raise ValueError(f"padding {width} leaves nothing")
    op.builder.limit(math.prod(max(n, m) for n, m in zip(sizes, x.shape, strict=True)))
    # What is negative crops.
    kept = x.positions()[tuple(slice(-min(a, 0), min(b, 0) or None) for a, b in width)]
    added = [(max(a, 0), max(b, 0)) for a, b in width]
    index = np.pad(kept, added, constant_values=-1)
    return op.builder.shift(x.select(index), np.where(index < 0, fill, 0.0))


def _resize(op: Operation) -> Expression:
    """Nearest neighbors along each axis; what lies between them would be computed."""
    x = op.tensor()
    if op.get("mode", b"nearest") != b"nearest":
        raise ValueError(f"mode {op.get('mode').decode()!r} is not read, only nearest")
    if op.get("antialias", 0) or op.get("axes") is not None:
        raise ValueError("antialias and axes are not read")
    if op.get("keep_aspect_ratio_policy", b"stretch") != b"stretch":
        raise ValueError("only sizes that are stretched to are read")
    modern = op.node.op_type == "Resize" and op.opset >= 11
    scales = op.setting("scales", 2 if modern else 1)
    if scales is not None and scales.size:
        factors = [float(s) for s in scales.reshape(-1)]
        sizes = None
    else:
        sizes = op.integers("sizes", 3)
        full = [1] * op.lead + list(x.shape)
        factors = [s / n for s, n in zip(sizes, full, strict=True)]
    if len(factors) != len(x.shape) + op.lead or min(factors) <= 0:
        raise ValueError(f"scales {factors} do not fit shape {x.shape}")
    if any(f != 1 for f in factors[: op.lead]):
        raise ValueError("it resizes the batch axis")
    counts = [int(f * n) for f, n in zip(factors[op.lead :], x.shape, strict=True)]
    counts = counts if sizes is None else sizes[op.lead :]
    op.builder.limit(math.prod(counts))
    index = x.positions()
    for axis, (count, factor) in enumerate(
        zip(counts, factors[op.lead :], strict=True)
    ):
        if count != x.shape[axis]:
            places = _nearest(op, x.shape[axis], count, factor, modern)
            index = np.take(index, places, axis)
    return x.select(index)


def _nearest(
    op: Operation, size: int, count: int, factor: float, modern: bool
) -> np.ndarray:
    """Which entry of an axis each of the new ones repeats."""
    place = np.arange(count)
    mode = op.get("coordinate_transformation_mode", b"half_pixel").decode()
    if not modern or mode == "asymmetric":
        place = place / factor
    elif mode == "half_pixel" or (mode == "pytorch_half_pixel" and count > 1):
        place = (place + 0.5) / factor - 0.5
    elif mode == "pytorch_half_pixel":
        place = np.zeros(count)
    elif mode == "align_corners":
        place = place * (size - 1) / max(count - 1, 1)
    else:
        raise ValueError(f"coordinates {mode!r} are not read")
    how = op.get("nearest_mode", b"round_prefer_floor").decode()
    rounding = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda p: np.ceil(p - 0.5),
        "round_prefer_ceil": lambda p: np.floor(p + 0.5),
    }[how if modern else "floor"]
    return np.clip(rounding(place), 0, size - 1).astype(np.int64)


SHAPE_OPS: dict[str, Any] = {
    "Concat": _concat,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Upsample": _resize,
}
"""What each of them does to an expression."""
