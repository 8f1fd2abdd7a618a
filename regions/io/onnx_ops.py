"""What each ONNX operation does to an expression: arithmetic, kinks and windows."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.io.contraction import contract
from regions.io.graph import Expression, broadcast
from regions.io.onnx_node import LEGACY, Condition, Operation
from regions.io.onnx_shapes import SHAPE_OPS
from regions.io.spatial import (
    average_pool,
    convolve,
    convolve_transposed,
    max_pool,
    normalize,
    tournament,
)


def _same(op: Operation) -> Expression:
    return op.tensor()


def _dropout(op: Operation) -> Expression:
    training = op.constant(2)
    if (training is not None and training.any()) or _is_training(op):
        raise ValueError("it is in training mode")
    return op.tensor()


def _is_training(op: Operation) -> bool:
    """Whether an operation of an old opset does not say that it is in inference."""
    return op.opset < LEGACY and not op.get("is_test", 0)


def _gemm(op: Operation) -> Expression:
    first, second = op.inputs[:2]
    alpha, flags = op.get("alpha", 1.0), (op.get("transA", 0), op.get("transB", 0))
    if isinstance(first, Expression) and not op.lead:
        x, weight = first, op.required(1)
        labels = ("ji" if flags[0] else "ij", "kj" if flags[1] else "jk", "ik")
        product = _product(op, x, labels[0], alpha * weight, labels[1], labels[2])
    elif isinstance(second, Expression) and not op.lead:
        x, weight = second, op.required(0)
        labels = ("kj" if flags[1] else "jk", "ji" if flags[0] else "ij", "ik")
        product = _product(op, x, labels[0], alpha * weight, labels[1], labels[2])
    else:
        x, weight = op.tensor(), op.required(1)
        if flags[0] or len(x.shape) != 1 or weight.ndim != 2:
            raise ValueError("its first input must be a batch of vectors")
        weight = weight if flags[1] else weight.T
        product = op.builder.affine(x, _fitting(alpha * weight, x))
    bias = op.inputs[2] if len(op.inputs) > 2 else None
    if bias is None:
        return product
    if isinstance(bias, Expression):
        return op.builder.add(product, op.builder.scale(bias, op.get("beta", 1.0)))
    bias = op.aligned(op.required(2), product.shape)
    return op.builder.shift(product, op.get("beta", 1.0) * bias)


def _product(
    op: Operation, x: Expression, labels: str, weight: np.ndarray, own: str, out: str
) -> Expression:
    """A product with a constant; the usual one, of a single row, without a table."""
    usual = len(labels) == 2 and x.shape[:1] == (1,) and labels == "ij" and out == "ik"
    if usual and weight.ndim == 2:
        matrix = weight.T if own == "jk" else weight
        flat = op.builder.affine(x.reshape((x.size,)), _fitting(matrix, x))
        return flat.reshape((1, flat.size))
    return contract(op.builder, x, labels, weight, own, out)


def _matmul(op: Operation) -> Expression:
    """Products as in NumPy: vectors on either side, leading axes broadcast."""
    left = isinstance(op.inputs[0], Expression)
    x, weight = op.tensor(0 if left else 1), op.required(1 if left else 0)
    rank = len(x.shape) + op.lead
    while 2 < weight.ndim <= rank and weight.shape[0] == 1:
        weight = weight[0]
    if op.lead and (weight.ndim > max(len(x.shape), 2) or not (left or x.shape[1:])):
        raise ValueError(f"a constant of shape {weight.shape} mixes samples of a batch")
    if left and weight.ndim == 2:
        return _rows_times(op, x, weight)
    heads, labels = (), "j"
    if len(x.shape) > 1:
        heads = np.broadcast_shapes(x.shape[:-2], weight.shape[:-2])
        x = broadcast(x, (*heads, *x.shape[-2:]))
        labels = _HEADS[: len(heads)] + ("ij" if left else "ji")
    own, heads = "j", (heads or weight.shape[:-2])
    if weight.ndim > 2:
        weight = np.broadcast_to(weight, (*heads, *weight.shape[-2:]))
        own = _HEADS[: len(heads)]
        own += "jk" if left else "kj"
    elif weight.ndim == 2:
        own = "jk" if left else "kj"
    tails = [t for t in ("ik" if left else "ki") if t in labels + own]
    result = _HEADS[: len(heads)] + "".join(tails)
    return contract(op.builder, x, labels, weight, own, result)


_HEADS = "abcdefgh"
"""Letters of the leading axes of a product."""


def _rows_times(op: Operation, x: Expression, weight: np.ndarray) -> Expression:
    """`x @ weight` for a vector or a matrix x."""
    if x.shape[-1] != weight.shape[0]:
        raise ValueError(f"shapes {x.shape} and {weight.shape} do not multiply")
    rows = x.shape[:-1]
    count = math.prod(rows)
    op.builder.reserve(16 * count * weight.size)
    matrix = sp.csr_array(sp.kron(sp.eye_array(count), sp.csr_array(weight.T)))
    return op.builder.affine(x, matrix, 0.0, (*rows, weight.shape[1]))


def _einsum(op: Operation) -> Expression:
    equation = op.get("equation").decode().replace(" ", "")
    given, arrow, result = equation.partition("->")
    terms = given.split(",")
    if not arrow:
        counted = sorted(set(given) - {","})
        result = "".join(c for c in counted if given.count(c) == 1)
    if "." in equation or len(terms) != len(op.inputs) or len(terms) > 2:
        raise ValueError(f"equation {equation!r} is not read: one or two plain terms")
    place = 0 if isinstance(op.inputs[0], Expression) else 1
    x, labels = op.tensor(place), terms[place]
    own = terms[1 - place] if len(terms) == 2 else ""
    weight = op.required(1 - place) if len(terms) == 2 else np.ones(())
    if op.lead:
        batch = labels[:1]
        if not batch or result[:1] != batch or batch in own:
            raise ValueError(f"equation {equation!r} mixes samples of a batch")
        labels, result = labels[1:], result[1:]
    return contract(op.builder, x, labels, weight, own, result)


def _fitting(weight: np.ndarray, x: Expression) -> sp.csr_array:
    if weight.shape[1] != x.size:
        raise ValueError(f"a weight for {weight.shape[1]} inputs meets {x.size}")
    return sp.csr_array(weight)


def _sum(op: Operation) -> Expression:
    total = None
    for index, value in enumerate(op.inputs):
        term = value if isinstance(value, Expression) else op.required(index)
        total = _plus(op, total, term)
    if not isinstance(total, Expression):
        raise ValueError("it has no inputs")
    return total


def _plus(
    op: Operation, a: Expression | np.ndarray | None, b: Expression | np.ndarray
) -> Expression | np.ndarray:
    if a is None:
        return b
    if isinstance(a, Expression) and isinstance(b, Expression):
        _check_ranks(op, a, b)
        return op.builder.add(a, b)
    tensor, constant = (a, b) if isinstance(a, Expression) else (b, a)
    if not isinstance(tensor, Expression):
        return np.asarray(a) + np.asarray(b)
    repeated, offset = op.meet(tensor, np.asarray(constant))
    return op.builder.shift(repeated, offset)


def _check_ranks(op: Operation, a: Expression, b: Expression) -> None:
    """Raise where one operand's batch axis would meet another axis of the other."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    op.builder.limit(math.prod(shape))
    old = op.opset < LEGACY and a.shape != b.shape
    if (op.lead and len(a.shape) != len(b.shape)) or old:
        raise ValueError(f"shapes {a.shape} and {b.shape} of its operands do not fit")


def _sub(op: Operation) -> Expression:
    a, b = (
        value if isinstance(value, Expression) else op.required(index)
        for index, value in enumerate(op.inputs[:2])
    )
    result = _plus(op, a, b.negate() if isinstance(b, Expression) else -b)
    assert isinstance(result, Expression)
    return result


def _mul(op: Operation) -> Expression:
    a, b = op.inputs[:2]
    if isinstance(a, Expression) and isinstance(b, Expression):
        raise ValueError("a product of two tensors is not piecewise affine")
    x = op.tensor(0 if isinstance(a, Expression) else 1)
    factor = op.required(1 if isinstance(a, Expression) else 0)
    repeated, factors = op.meet(x, factor)
    result = op.builder.scale(repeated, factors)
    if repeated is x:
        op.multiples[id(result)] = (result, x, factors)
    return result


def _div(op: Operation) -> Expression:
    x, divisor = op.tensor(), op.required(1)
    if not np.all(divisor):
        raise ValueError("it divides by zero")
    return op.builder.scale(*op.meet(x, 1.0 / divisor))


def _scaler(op: Operation) -> Expression:
    """`(x - offset) * scale`, the standardization of a pipeline."""
    x = op.tensor()
    shift = np.asarray(op.get("offset", [0.0]), np.float64)
    factors = np.asarray(op.get("scale", [1.0]), np.float64)
    moved = op.builder.shift(x, -op.aligned(shift, x.shape))
    return op.builder.scale(moved, op.aligned(factors, x.shape))


def _compare(op: Operation) -> Condition:
    """Whether a tensor is above or below 0."""
    above = op.node.op_type.startswith("Greater")
    if isinstance(op.inputs[0], Expression):
        tensor, other, negated = op.tensor(0), op.required(1), not above
    else:
        tensor, other, negated = op.tensor(1), op.required(0), above
    if other.any():
        raise ValueError("only comparisons with 0 are read")
    return Condition(tensor, negated)


def _where(op: Operation) -> Expression:
    """`where(x > 0, a x, b x)`, of which a or b is 1: a leaky ReLU."""
    condition = op.inputs[0]
    if not isinstance(condition, Condition):
        raise ValueError("only `where(x > 0, x, a * x)` and the like are read")
    x = condition.tensor
    above, below = (_factors(op, x, index) for index in (1, 2))
    if condition.negated:
        above, below = below, above
    if np.all(above == 1.0):
        return op.builder.kink(x, below)
    if np.all(below == 1.0):
        return op.builder.kink(x.negate(), above).negate()
    raise ValueError("neither side of its condition is the tensor compared")


def _factors(op: Operation, x: Expression, index: int) -> np.ndarray:
    """By what a side of a condition multiplies the tensor compared."""
    value = op.inputs[index]
    if value is x:
        return np.ones(x.shape)
    if isinstance(value, Expression):
        known = op.multiples.get(id(value))
        if known is not None and known[1] is x:
            return known[2]
    elif not op.required(index).any():
        op.aligned(op.required(index), x.shape)
        return np.zeros(x.shape)
    raise ValueError("a side of its condition is no multiple of the tensor compared")


def _relu(op: Operation) -> Expression:
    return op.builder.kink(op.tensor(), 0.0)


def _leaky_relu(op: Operation) -> Expression:
    alpha = op.get("alpha", float(np.float32(0.01)))
    return op.builder.kink(op.tensor(), float(alpha))


def _prelu(op: Operation) -> Expression:
    x, slopes = op.tensor(), op.required(1)
    if op.opset < LEGACY and slopes.size > 1:  # one for each channel
        after = len(x.shape) + op.lead - 2
        slopes = slopes.reshape(slopes.shape + (1,) * max(after, 0))
    return op.builder.kink(x, op.aligned(slopes, x.shape))


def _hard_sigmoid(op: Operation) -> Expression:
    alpha, beta = (
        float(op.get(name, float(np.float32(fill))))
        for name, fill in (("alpha", 0.2), ("beta", 0.5))
    )
    return op.builder.clip(op.builder.scale(op.tensor(), alpha, beta), 0.0, 1.0)


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
    shape = tensors[0].shape
    for index, value in enumerate(op.inputs):
        if isinstance(value, Expression):
            _check_ranks(op, tensors[0], value)
            shape = np.broadcast_shapes(shape, value.shape)
        else:
            met = op.meet(tensors[0], op.required(index))[0]
            shape = np.broadcast_shapes(shape, met.shape)
    op.builder.limit(len(op.inputs) * math.prod(shape))
    result = []
    for index, value in enumerate(op.inputs):
        if isinstance(value, Expression):
            result.append(broadcast(value, shape))
        else:
            flat = op.aligned(op.required(index), shape).ravel()
            result.append(Expression(shape, {}, flat))
    return result


def _batch_norm(op: Operation) -> Expression:
    if op.get("training_mode", 0) or _is_training(op):
        raise ValueError("it is in training mode")
    moments = tuple(op.required(i) for i in (1, 2, 3, 4))
    epsilon = float(op.get("epsilon", float(np.float32(1e-5))))
    gamma, beta, mean, variance = moments
    result = normalize(op.builder, op.sample(), (gamma, beta, mean, variance), epsilon)
    return op.batched(result)


def _conv(op: Operation) -> Expression:
    x, weight, bias = op.sample(), op.required(1), op.weight(2)
    window = op.window(weight.shape[2:], x.shape[1:])
    return op.batched(convolve(op.builder, x, weight, bias, window, op.get("group", 1)))


def _conv_transpose(op: Operation) -> Expression:
    x, weight, bias = op.sample(), op.required(1), op.weight(2)
    rank = len(weight.shape) - 2
    window = op.window(weight.shape[2:], x.shape[1:])
    if op.get("auto_pad", b"NOTSET") != b"NOTSET" or op.get("output_shape"):
        raise ValueError("auto_pad and output_shape are not read: give its pads")
    extra = tuple(op.get("output_padding", [0] * rank))
    return op.batched(
        convolve_transposed(
            op.builder, x, weight, bias, window, extra, op.get("group", 1)
        )
    )


def _average_pool(op: Operation) -> Expression:
    x, counted = op.sample(), bool(op.get("count_include_pad", 0))
    window = op.window(tuple(op.get("kernel_shape")), x.shape[1:])
    return op.batched(average_pool(op.builder, x, window, count_padding=counted))


def _max_pool(op: Operation) -> Expression:
    if len([name for name in op.node.output if name]) > 1:
        raise ValueError("its indices cannot be given")
    x = op.sample()
    window = op.window(tuple(op.get("kernel_shape")), x.shape[1:])
    return op.batched(max_pool(op.builder, x, window))


def _global_pool(op: Operation) -> Expression:
    x = op.sample()
    window = op.window(x.shape[1:], x.shape[1:])
    if op.node.op_type == "GlobalMaxPool":
        return op.batched(max_pool(op.builder, x, window))
    return op.batched(average_pool(op.builder, x, window, count_padding=True))


def _table(op: Operation) -> tuple[np.ndarray, list[int]]:
    """Flat positions, one row of those that are reduced for each result, its shape."""
    x, axes = op.tensor(), op.axes()
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    shape = kept if op.get("keepdims", 1) else np.delete(x.shape, axes).tolist()
    table = np.moveaxis(x.positions(), axes, range(-len(axes), 0))
    return table.reshape(math.prod(kept), -1), shape


def _reduce(op: Operation) -> Expression:
    """The sum of the entries along some axes, or their mean."""
    x, (table, shape) = op.tensor(), _table(op)
    rows = np.arange(len(table)).repeat(table.shape[1])
    entry = 1.0 if op.node.op_type == "ReduceSum" else 1.0 / table.shape[1]
    matrix = sp.csr_array(
        (np.full(table.size, entry), (rows, table.ravel())), shape=(len(table), x.size)
    )
    return op.builder.affine(x, matrix, 0.0, shape)


def _reduce_max(op: Operation) -> Expression:
    """The largest entry along some axes; the smallest is minus that of minus all."""
    sign = op.node.op_type == "ReduceMin"
    x, (table, shape) = op.tensor(), _table(op)
    op.builder.reserve(32 * table.size)
    x = x.negate() if sign else x
    players = [x.select(column) for column in table.T]
    best = tournament(op.builder, players)
    return (best.negate() if sign else best).reshape(shape)


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
    "ConvTranspose": _conv_transpose,
    "Div": _div,
    "Dropout": _dropout,
    "Einsum": _einsum,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool,
    "GlobalMaxPool": _global_pool,
    "Greater": _compare,
    "GreaterOrEqual": _compare,
    "HardSigmoid": _hard_sigmoid,
    "Identity": _same,
    "LeakyRelu": _leaky_relu,
    "Less": _compare,
    "LessOrEqual": _compare,
    "MatMul": _matmul,
    "Max": _max,
    "MaxPool": _max_pool,
    "Min": _min,
    "Mul": _mul,
    "Neg": _negate,
    "PRelu": _prelu,
    "ReduceMax": _reduce_max,
    "ReduceMean": _reduce,
    "ReduceMin": _reduce_max,
    "ReduceSum": _reduce,
    "Relu": _relu,
    "Sub": _sub,
    "Sum": _sum,
    "Where": _where,
}
"""What each operation of ONNX does to an expression."""

ML_OPS: dict[str, Callable[[Operation], Any]] = {"Scaler": _scaler}
"""The same of the operations of the domain `ai.onnx.ml`."""
