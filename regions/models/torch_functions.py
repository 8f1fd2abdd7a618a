"""What each function of PyTorch does to an expression.

A handler takes the builder and the function's own arguments, in which tensors that
depend on the input are expressions, and others arrays or numbers.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from regions.io.graph import Expression, GraphBuilder
from regions.io.spatial import Window, average_pool, convolve, max_pool, normalize
from regions.models.tensors import (
    at_least,
    at_most,
    constant,
    dense,
    largest,
    times,
    total,
)

Handler = Callable[..., Any]
Number = np.ndarray | float

_MOVES = """
__getitem__ atleast_1d atleast_2d cat chunk column_stack concat concatenate
dstack expand expand_as flatten flip H hstack index_select mH moveaxis movedim
mT narrow permute ravel repeat repeat_interleave reshape reshape_as roll select
split squeeze stack swapaxes swapdims t T tensor_split tile transpose unbind
unflatten unsqueeze view view_as vstack
"""
MOVES = frozenset(_MOVES.split())
"""Functions that move entries and compute nothing."""

_SAME = """
alpha_dropout clone contiguous cpu cuda data detach double dropout dropout1d
dropout2d dropout3d feature_alpha_dropout float identity positive to type
type_as
"""
SAME = frozenset(_SAME.split())
"""Functions that change no number, as long as none is rounded or dropped."""

_FACTS = """
__len__ device dim dtype element_size get_device is_complex is_contiguous
is_cuda is_floating_point is_leaf itemsize layout names nbytes ndim ndimension
nelement new_empty new_full new_ones new_tensor new_zeros numel ones_like
requires_grad shape size stride zeros_like
"""
FACTS = frozenset(_FACTS.split())
"""Functions that tell a tensor's shape, type and place, and none of its numbers."""

FINAL = frozenset(["log_softmax", "sigmoid", "softmax", "tanh"])
"""Activations that are left out at the output."""


class Extreme(NamedTuple):
    """What `torch.max` along an axis gives, but for the places."""

    values: Expression
    indices: None = None


def _both(a: Any, b: Any) -> tuple[Expression, Expression]:
    """Two operands as expressions."""
    left, right = (v if isinstance(v, Expression) else constant(v) for v in (a, b))
    return left, right


def _add(builder: GraphBuilder, a: Any, b: Any, alpha: float = 1.0) -> Expression:
    if alpha != 1.0:
        b = _mul(builder, b, alpha)
    return builder.add(*_both(a, b))


def _sub(builder: GraphBuilder, a: Any, b: Any, alpha: float = 1.0) -> Expression:
    if alpha != 1.0:
        b = _mul(builder, b, alpha)
    left, right = _both(a, b)
    return builder.add(left, right.negate())


def _rsub(builder: GraphBuilder, a: Any, b: Any) -> Expression:
    return _sub(builder, b, a)


def _mul(builder: GraphBuilder, a: Any, b: Any) -> Expression:
    if isinstance(a, Expression) and isinstance(b, Expression):
        raise ValueError("a product of two tensors that depend on the input")
    tensor, factors = (a, b) if isinstance(a, Expression) else (b, a)
    return times(builder, tensor, factors)


def _div(
    builder: GraphBuilder, a: Any, b: Any, rounding_mode: str | None = None
) -> Expression:
    if isinstance(b, Expression) or rounding_mode is not None:
        raise ValueError("a division by what depends on the input, or to integers")
    return times(builder, a, 1.0 / np.asarray(b, np.float64))


def _matmul(builder: GraphBuilder, a: Any, b: Any) -> Expression:
    if not isinstance(a, Expression) or isinstance(b, Expression) or np.ndim(b) != 2:
        raise ValueError("only a product with one matrix of weights on the right")
    return dense(builder, a, np.asarray(b).T)


def _addmm(
    builder: GraphBuilder,
    bias: Any,
    a: Any,
    b: Any,
    *,
    beta: float = 1.0,
    alpha: float = 1.0,
) -> Expression:
    if beta != 1.0 or alpha != 1.0:
        raise ValueError("factors other than 1")
    return builder.add(*_both(_matmul(builder, a, b), bias))


def _linear(
    builder: GraphBuilder, x: Any, weight: np.ndarray, bias: np.ndarray | None = None
) -> Expression:
    if not isinstance(x, Expression) or isinstance(weight, Expression):
        raise ValueError("its weights depend on the input")
    return dense(builder, x, weight, 0.0 if bias is None else bias)


def _kink(slope: float) -> Handler:
    """An activation of one slope below zero; what PyTorch passes besides is unused."""

    def handler(builder: GraphBuilder, x: Expression, inplace: bool = False):
        del inplace
        return builder.kink(x, slope)

    return handler


def _leaky_relu(
    builder: GraphBuilder,
    x: Expression,
    negative_slope: float = 0.01,
    inplace: bool = False,
) -> Expression:
    del inplace
    return builder.kink(x, negative_slope)


def _prelu(builder: GraphBuilder, x: Expression, weight: np.ndarray) -> Expression:
    form = [1] * len(x.shape)
    if weight.size > 1:
        form[min(1, len(form) - 1)] = weight.size
    return builder.kink(x, weight.reshape(form))


def _clamp(
    builder: GraphBuilder, x: Expression, min: Any = None, max: Any = None
) -> Expression:
    if isinstance(min, Expression) or isinstance(max, Expression):
        raise ValueError("limits that depend on the input")
    if min is not None and max is not None and np.any(np.asarray(min) > max):
        raise ValueError("a lower limit above the upper one")
    x = x if min is None else at_least(builder, x, min)
    return x if max is None else at_most(builder, x, max)


def _hardtanh(
    builder: GraphBuilder,
    x: Expression,
    min_val: float = -1.0,
    max_val: float = 1.0,
    inplace: bool = False,
) -> Expression:
    del inplace
    return _clamp(builder, x, min_val, max_val)


def _relu6(builder: GraphBuilder, x: Expression, inplace: bool = False) -> Expression:
    del inplace
    return _clamp(builder, x, 0.0, 6.0)


def _threshold(
    builder: GraphBuilder,
    x: Expression,
    threshold: float,
    value: float,
    inplace: bool = False,
) -> Expression:
    del inplace
    if threshold != value:
        raise ValueError("a threshold with a jump")
    return at_least(builder, x, threshold)


def _extreme(builder: GraphBuilder, x: Any, *more: Any, sign: int, **named: Any) -> Any:
    """`max` or `min`: of two tensors, along an axis, or of all entries."""
    other = more[0] if more else named.get("other")
    if isinstance(other, Expression | np.ndarray):
        a, b = (t if sign > 0 else t.negate() for t in _both(x, other))
        best = builder.maximum(a, b)
        return best if sign > 0 else best.negate()
    x = x if sign > 0 else x.negate()
    if not more and "dim" not in named:
        best = largest(builder, x, range(len(x.shape)), keep=False)
        return best if sign > 0 else best.negate()
    best = _along(builder, x, *more, **named)
    return Extreme(best if sign > 0 else best.negate())


def _along(
    builder: GraphBuilder, x: Expression, dim: Any, keepdim: bool = False
) -> Expression:
    return largest(builder, x, _axes(x, dim), keep=keepdim)


def _amax(
    builder: GraphBuilder, x: Expression, dim: Any = (), keepdim: bool = False
) -> Expression:
    return _along(builder, x, dim, keepdim)


def _amin(
    builder: GraphBuilder, x: Expression, dim: Any = (), keepdim: bool = False
) -> Expression:
    return _along(builder, x.negate(), dim, keepdim).negate()


def _axes(x: Expression, dim: Any) -> list[int]:
    """Axes by their numbers, all if none is named."""
    dims = [dim] if isinstance(dim, int) else list(dim or ())
    return sorted(d % len(x.shape) for d in dims) or list(range(len(x.shape)))


def _sum(
    builder: GraphBuilder, x: Expression, dim: Any = None, keepdim: bool = False
) -> Expression:
    return total(builder, x, _axes(x, dim), keep=keepdim)


def _mean(
    builder: GraphBuilder, x: Expression, dim: Any = None, keepdim: bool = False
) -> Expression:
    count = math.prod(x.shape[axis] for axis in _axes(x, dim))
    return builder.scale(_sum(builder, x, dim, keepdim), 1.0 / count)


def _one(x: Expression) -> Expression:
    """One sample without its batch axis."""
    if x.shape[:1] != (1,):
        raise ValueError(f"a tensor of shape {x.shape} is no batch of one sample")
    return x.reshape(x.shape[1:])


def _batch(x: Expression) -> Expression:
    """A sample as a batch."""
    return x.reshape((1, *x.shape))


def _sizes(value: Any, count: int) -> tuple[int, ...]:
    """One number an axis."""
    values = [value] if isinstance(value, int) else list(value)
    return tuple(int(v) for v in (values * count if len(values) == 1 else values))


def _conv(
    builder: GraphBuilder,
    x: Expression,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Expression:
    rank = weight.ndim - 2
    steps, gaps = _sizes(stride, rank), _sizes(dilation, rank)
    kernel = tuple(int(n) for n in weight.shape[2:])
    x = _one(x)
    if padding == "same":
        window = Window.same(x.shape[1:], kernel, steps, gaps)
    else:
        edges = _sizes(0 if padding == "valid" else padding, rank)
        window = Window(kernel, steps, edges, edges, gaps)
    return _batch(convolve(builder, x, weight, bias, window, groups))


def _max_pool(
    builder: GraphBuilder,
    x: Expression,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Expression:
    if return_indices:
        raise ValueError("places of the largest entries")
    rank = len(x.shape) - 2
    kernel, edges = _sizes(kernel_size, rank), _sizes(padding, rank)
    steps = kernel if not stride else _sizes(stride, rank)
    window = Window(kernel, steps, edges, edges, _sizes(dilation, rank), ceil_mode)
    return _batch(max_pool(builder, _one(x), window))


def _average_pool(
    builder: GraphBuilder,
    x: Expression,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Expression:
    if divisor_override is not None:
        raise ValueError("a divisor of its own")
    rank = len(x.shape) - 2
    kernel, edges = _sizes(kernel_size, rank), _sizes(padding, rank)
    steps = kernel if not stride else _sizes(stride, rank)
    window = Window(kernel, steps, edges, edges, (1,) * rank, ceil_mode)
    pooled = average_pool(builder, _one(x), window, count_padding=count_include_pad)
    return _batch(pooled)


def _adaptive(
    builder: GraphBuilder,
    x: Expression,
    output_size: Any,
    return_indices: bool = False,
    *,
    pool: Handler,
) -> Expression:
    if return_indices:
        raise ValueError("places of the largest entries")
    wanted = _sizes(output_size, len(x.shape) - 2)
    if any(n % size for n, size in zip(x.shape[2:], wanted, strict=True)):
        raise ValueError(f"sizes {x.shape[2:]} that {wanted} do not divide")
    kernel = tuple(n // size for n, size in zip(x.shape[2:], wanted, strict=True))
    return pool(builder, x, kernel)


def _batch_norm(
    builder: GraphBuilder,
    x: Expression,
    running_mean: np.ndarray | None = None,
    running_var: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Expression:
    del momentum
    if training or running_mean is None or running_var is None:
        raise ValueError("moments of the batch, on which outputs then depend")
    scale = np.ones_like(running_mean) if weight is None else weight
    shift = np.zeros_like(running_mean) if bias is None else bias
    moments = (scale, shift, running_mean, running_var)
    return normalize(builder, x, moments, float(eps), axis=1)


def _pad(
    builder: GraphBuilder,
    x: Expression,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Expression:
    del builder
    widths = [(0, 0)] * (len(x.shape) - len(pad) // 2)
    widths += list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    if mode != "constant" or value or min(pad) < 0:
        raise ValueError("padding other than with zeros")
    return x.select(np.pad(x.positions(), widths, constant_values=-1))


_maximum = functools.partial(_extreme, sign=1)
_minimum = functools.partial(_extreme, sign=-1)

COMPUTES: dict[str, Handler] = {
    "__add__": _add,
    "__iadd__": _add,
    "__imul__": _mul,
    "__isub__": _sub,
    "__itruediv__": _div,
    "__matmul__": _matmul,
    "__mul__": _mul,
    "__neg__": lambda builder, x: x.negate(),
    "__radd__": _add,
    "__rmul__": _mul,
    "__rsub__": _rsub,
    "__sub__": _sub,
    "__truediv__": _div,
    "abs": _kink(-1.0),
    "absolute": _kink(-1.0),
    "adaptive_avg_pool1d": functools.partial(_adaptive, pool=_average_pool),
    "adaptive_avg_pool2d": functools.partial(_adaptive, pool=_average_pool),
    "adaptive_max_pool1d": functools.partial(_adaptive, pool=_max_pool),
    "adaptive_max_pool2d": functools.partial(_adaptive, pool=_max_pool),
    "add": _add,
    "addmm": _addmm,
    "amax": _amax,
    "amin": _amin,
    "avg_pool1d": _average_pool,
    "avg_pool2d": _average_pool,
    "batch_norm": _batch_norm,
    "clamp": _clamp,
    "clamp_max": lambda builder, x, max: _clamp(builder, x, None, max),
    "clamp_min": _clamp,
    "clip": _clamp,
    "conv1d": _conv,
    "conv2d": _conv,
    "conv3d": _conv,
    "div": _div,
    "divide": _div,
    "hardtanh": _hardtanh,
    "leaky_relu": _leaky_relu,
    "linear": _linear,
    "matmul": _matmul,
    "max": _maximum,
    "max_pool1d": _max_pool,
    "max_pool2d": _max_pool,
    "maximum": _maximum,
    "mean": _mean,
    "min": _minimum,
    "minimum": _minimum,
    "mm": _matmul,
    "mul": _mul,
    "multiply": _mul,
    "neg": lambda builder, x: x.negate(),
    "negative": lambda builder, x: x.negate(),
    "pad": _pad,
    "prelu": _prelu,
    "relu": _kink(0.0),
    "relu6": _relu6,
    "rsub": _rsub,
    "sub": _sub,
    "subtract": _sub,
    "sum": _sum,
    "threshold": _threshold,
    "true_divide": _div,
}
"""Functions that compute, by their names in PyTorch."""
