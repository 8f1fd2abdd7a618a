"""Constants of ONNX models: tensors that are stored, and operations on them alone.

Operations are evaluated by ONNX's own reference code, once the size of what they give
is known to be within the limit: a few bytes can ask for a tensor of any size.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.io.onnx_node import LEGACY, Operation
from regions.io.optional import require


def _inputs(op: Operation) -> list[np.ndarray]:
    """The constants that an operation reads."""
    given = [op.constant(index) for index in range(len(op.inputs))]
    return [array for array in given if array is not None]


def _as_many(op: Operation) -> int:
    """As many entries as all inputs together: for what joins or moves them."""
    return sum(array.size for array in _inputs(op))


def _broadcast(op: Operation) -> int:
    """Entries of the shape to which all inputs are broadcast."""
    return math.prod(np.broadcast_shapes(*(array.shape for array in _inputs(op))))


def _gathered(op: Operation) -> int:
    """A slice of the first input for each index."""
    data, index = _inputs(op)
    axis = data.shape[int(op.get("axis", 0))] if data.ndim else 1
    return data.size // max(axis, 1) * index.size


def _filled(op: Operation) -> int:
    """Entries of a shape that is given."""
    return math.prod(abs(int(n)) for n in _inputs(op)[-1].reshape(-1).tolist())


def _expanded(op: Operation) -> int:
    """Entries of a shape that is given, or of the input."""
    return max(_filled(op), 1) * _inputs(op)[0].size


def _ranged(op: Operation) -> int:
    """Numbers from start to limit."""
    start, limit, step = (float(array.reshape(())) for array in _inputs(op))
    return math.ceil(abs(limit - start) / abs(step)) + 1


CONSTANT_OPS: dict[str, Callable[[Operation], int]] = {
    **dict.fromkeys(("Add", "Div", "Equal", "Mul", "Pow", "Sub", "Where"), _broadcast),
    **dict.fromkeys(("Abs", "Cast", "Ceil", "Concat", "Floor", "Identity"), _as_many),
    **dict.fromkeys(("Neg", "Reciprocal", "ReduceProd", "Reshape", "Shape"), _as_many),
    **dict.fromkeys(("Slice", "Sqrt", "Squeeze", "Transpose", "Unsqueeze"), _as_many),
    "Constant": _as_many,
    "ConstantOfShape": _filled,
    "Expand": _expanded,
    "Gather": _gathered,
    "Range": _ranged,
}
"""What is evaluated when all inputs are constants, with a bound of the entries."""


def stored_array(onnx: Any, tensor: Any) -> np.ndarray:
    """The numbers of a tensor in the file, in the type that they are stored in.

    Raises:
        ValueError: If they are no real numbers, or are not all there.
    """
    array = onnx.numpy_helper.to_array(tensor)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise ValueError(f"it holds {array.dtype} and real numbers are required")
    return array


def stored_size(tensor: Any) -> int:
    """Bytes that a tensor in the file takes as float64."""
    dims = [int(n) for n in tensor.dims]
    if min(dims, default=1) < 0:
        raise ValueError(f"it has shape {dims}")
    return 8 * math.prod(dims)


def evaluate(onnx: Any, model: Any, op: Operation) -> list[np.ndarray]:
    """The outputs of an operation on constants.

    Raises:
        ValueError: If it is none of those that are read.
        FileFormatError: If the outputs would pass the limit.
    """
    kind = op.node.op_type
    if kind not in CONSTANT_OPS:
        raise ValueError("it does not depend on the input: fold constants on export")
    if kind == "Constant":
        return [_constant(onnx, op)]
    if op.opset < LEGACY and ("axis" in op.attributes or "broadcast" in op.attributes):
        raise ValueError(f"it is of opset {op.opset}: fold constants on export")
    op.builder.reserve(8 * CONSTANT_OPS[kind](op))
    named = {n: v for n, v in zip(op.node.input, op.inputs, strict=True) if n}
    graph = onnx.helper.make_graph(
        [op.node],
        "constant",
        [onnx.helper.make_value_info(n, onnx.TypeProto()) for n in named],
        [onnx.helper.make_value_info(n, onnx.TypeProto()) for n in op.node.output],
    )
    single = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    evaluator = require("onnx.reference", "onnx", ".onnx files").ReferenceEvaluator
    return [np.asarray(value) for value in evaluator(single).run(None, named)]


def _constant(onnx: Any, op: Operation) -> np.ndarray:
    """The tensor or the numbers inside a node."""
    if "value" in op.attributes:
        op.builder.reserve(stored_size(op.get("value")))
        return stored_array(onnx, op.get("value"))
    for name in ("value_float", "value_floats"):
        if name in op.attributes:
            return np.asarray(op.get(name), np.float32)
    for name in ("value_int", "value_ints"):
        if name in op.attributes:
            return np.asarray(op.get(name), np.int64)
    raise ValueError("it holds no dense numbers")
