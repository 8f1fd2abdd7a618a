"""What each ONNX operation does to an expression: arithmetic, kinks and windows."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.io.graph import Expression
from regions.io.onnx_node import Operation, Value
from regions.io.onnx_shapes import SHAPE_OPS
from regions.io.spatial import (
    Window,
    average_pool,
    convolve,
    max_pool,
    normalize,
    tournament,
)

CONSTANT_OPS = frozenset(
    {"Add", "Cast", "Concat", "Constant", "Div", "Gather", "Identity", "Mul", "Neg"}
    | {"Reshape", "Shape", "Slice", "Sqrt", "Squeeze", "Sub", "Transpose"}
    | {"Unsqueeze"}
)
"""Operations that are evaluated when all their inputs are constants."""


def _same(op: Operation) -> Expression:
    return op.tensor()


def _dropout(op: Operation) -> Expression:
    training = op.constant(2)
    if training is not None and training.any():
        raise ValueError("it is in training mode")
    return op.tensor()


def _gemm(op: Operation) -> Expression:
    x, weight = op.tensor(), op.required(1)
    if op.get("transA", 0) or len(x.shape) != 1 or weight.ndim != 2:
        raise ValueError("its first input must be a batch of vectors, not transposed")
    weight = weight if op.get("transB", 0) else weight.T
    product = op.builder.affine(x, _fitting(op.get("alpha", 1.0) * weight, x))
    bias = op.constant(2)
    if bias is None:
        return product
    bias = op.aligned(bias, product.shape)
    return op.builder.shift(product, op.get("beta", 1.0) * bias)


def _matmul(op: Operation) -> Expression:
    x, weight = op.tensor(), op.required(1)
    if weight.ndim != 2 or x.shape[-1] != weight.shape[0]:
        raise ValueError(f"shapes {x.shape} and {weight.shape} do not multiply")
    rows = x.shape[:-1]
    count = math.prod(rows)
    op.builder.reserve(16 * count * weight.size)
    matrix = sp.csr_array(sp.kron(sp.eye_array(count), sp.csr_array(weight.T)))
    return op.builder.affine(x, matrix, 0.0, (*rows, weight.shape[1]))


def _fitting(weight: np.ndarray, x: Expression) -> sp.csr_array:
    if weight.shape[1] != x.size:
        raise ValueError(f"a weight for {weight.shape[1]} inputs meets {x.size}")
    return sp.csr_array(weight)


def _sum(op: Operation) -> Expression:
    total = None
    for index, value in enumerate(op.inputs):
        total = _plus(op, total, value if value is not None else op.required(index))
    if not isinstance(total, Expression):
        raise ValueError("it has no inputs")
    return total


def _plus(op: Operation, a: Value, b: Expression | np.ndarray) -> Value:
    if a is None:
        return b
    if isinstance(a, Expression) and isinstance(b, Expression):
        return op.builder.add(a, b)
    tensor, constant = (a, b) if isinstance(a, Expression) else (b, a)
    if not isinstance(tensor, Expression):
        return np.asarray(a) + np.asarray(b)
    constant = np.asarray(constant, np.float64)
    shape = np.broadcast_shapes(tensor.shape, constant.shape[-len(tensor.shape) :])
    repeated = tensor.select(np.broadcast_to(tensor.positions(), shape))
    return op.builder.shift(repeated, op.aligned(constant, shape))


def _sub(op: Operation) -> Expression:
    a, b = op.inputs[:2]
    assert a is not None
    assert b is not None
    negated = b.negate() if isinstance(b, Expression) else -b
    result = _plus(op, a, negated)
    assert isinstance(result, Expression)
    return result


def _mul(op: Operation) -> Expression:
    a, b = op.inputs[:2]
    if isinstance(a, Expression) and isinstance(b, Expression):
        raise ValueError("a product of two tensors is not piecewise affine")
    x = op.tensor(0 if isinstance(a, Expression) else 1)
    factor = op.required(1 if isinstance(a, Expression) else 0)
    return op.builder.scale(x, op.aligned(factor, x.shape))


def _div(op: Operation) -> Expression:
    x, divisor = op.tensor(), op.required(1)
    if not np.all(divisor):
        raise ValueError("it divides by zero")
    return op.builder.scale(x, op.aligned(1.0 / divisor, x.shape))


def _relu(op: Operation) -> Expression:
    return op.builder.kink(op.tensor(), 0.0)


def _leaky_relu(op: Operation) -> Expression:
    alpha = op.get("alpha", float(np.float32(0.01)))
    return op.builder.kink(op.tensor(), float(alpha))


def _prelu(op: Operation) -> Expression:
    x = op.tensor()
    return op.builder.kink(x, op.aligned(op.required(1), x.shape))


def _abs(op: Operation) -> Expression:
    return op.builder.kink(op.tensor(), -1.0)


def _clip(op: Operation) -> Expression:
    limits = []
    for name, index in (("min", 1), ("max", 2)):
        given = op.setting(name, index)
        limits.append(None if given is None else float(given.reshape(())))
    lower, upper = (None if v is None or math.isinf(v) else v for v in limits)
    if lower is not None and upper is not None and lower > upper:
        raise ValueError(f"its limits {lower} and {upper} are in the wrong order")
    return op.builder.clip(op.tensor(), lower, upper)


def _max(op: Operation) -> Expression:
    return tournament(op.builder, _operands(op))


def _min(op: Operation) -> Expression:
    negated = [tensor.negate() for tensor in _operands(op)]
    return tournament(op.builder, negated).negate()


def _operands(op: Operation) -> list[Expression]:
    tensors = [v for v in op.inputs if isinstance(v, Expression)]
    shape = np.broadcast_shapes(*(t.shape for t in tensors))
    result = []
    for index, value in enumerate(op.inputs):
        if isinstance(value, Expression):
            result.append(value.select(np.broadcast_to(value.positions(), shape)))
        else:
            flat = op.aligned(op.required(index), shape).ravel()
            result.append(Expression(shape, {}, flat.astype(np.float64)))
    return result


def _batch_norm(op: Operation) -> Expression:
    if op.get("training_mode", 0):
        raise ValueError("it is in training mode")
    moments = tuple(op.required(i) for i in (1, 2, 3, 4))
    epsilon = float(op.get("epsilon", float(np.float32(1e-5))))
    gamma, beta, mean, variance = moments
    return normalize(op.builder, op.tensor(), (gamma, beta, mean, variance), epsilon)


def _conv(op: Operation) -> Expression:
    x, weight, bias = op.tensor(), op.required(1), op.constant(2)
    window = op.window(weight.shape[2:])
    return convolve(op.builder, x, weight, bias, window, op.get("group", 1))


def _average_pool(op: Operation) -> Expression:
    window = op.window(tuple(op.get("kernel_shape")))
    counted = bool(op.get("count_include_pad", 0))
    return average_pool(op.builder, op.tensor(), window, count_padding=counted)


def _max_pool(op: Operation) -> Expression:
    if len([name for name in op.node.output if name]) > 1:
        raise ValueError("its indices cannot be given")
    return max_pool(op.builder, op.tensor(), op.window(tuple(op.get("kernel_shape"))))


def _global_window(op: Operation) -> Window:
    return op.window(op.tensor().shape[1:])


def _global_average_pool(op: Operation) -> Expression:
    return average_pool(op.builder, op.tensor(), _global_window(op), count_padding=True)


def _global_max_pool(op: Operation) -> Expression:
    return max_pool(op.builder, op.tensor(), _global_window(op))


def _reduce_mean(op: Operation) -> Expression:
    x, given = op.tensor(), op.setting("axes", 1)
    if given is None:
        raise ValueError("its axes must be named")
    axes = [op.axis(int(a)) for a in given]
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    shape = kept if op.get("keepdims", 1) else np.delete(x.shape, axes).tolist()
    table = np.moveaxis(x.positions(), axes, range(-len(axes), 0))
    table = table.reshape(math.prod(kept), -1)
    rows = np.arange(len(table)).repeat(table.shape[1])
    mean = np.full(table.size, 1.0 / table.shape[1])
    matrix = sp.csr_array((mean, (rows, table.ravel())), shape=(len(table), x.size))
    return op.builder.affine(x, matrix, 0.0, shape)


def _negate(op: Operation) -> Expression:
    return op.tensor().negate()


def _cast(op: Operation) -> Expression:
    if op.get("to") not in (1, 11):
        raise ValueError("only casts to float and double are read")
    return op.tensor()


OPS: dict[str, Callable[[Operation], Any]] = {
    **SHAPE_OPS,
    "Abs": _abs,
    "Add": _sum,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Conv": _conv,
    "Div": _div,
    "Dropout": _dropout,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool,
    "GlobalMaxPool": _global_max_pool,
    "Identity": _same,
    "LeakyRelu": _leaky_relu,
    "MatMul": _matmul,
    "Max": _max,
    "MaxPool": _max_pool,
    "Min": _min,
    "Mul": _mul,
    "Neg": _negate,
    "PRelu": _prelu,
    "ReduceMean": _reduce_mean,
    "Relu": _relu,
    "Sub": _sub,
    "Sum": _sum,
}
