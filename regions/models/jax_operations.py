"""What each primitive of JAX does to an expression.

A handler takes a `Step`: the values that an equation reads, of which some are
expressions and others arrays, and the equation's parameters.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.io.graph import Expression, GraphBuilder, broadcast
from regions.io.spatial import Window, convolve, max_pool
from regions.models.tensors import (
    at_least,
    at_most,
    constant,
    dense,
    in_a_row,
    largest,
    times,
    total,
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Where a tensor lies above constants, or below them.

    Attributes:
        tensor: What is compared.
        level: The constants.
        above: Whether it is true above them.
    """

    tensor: Expression
    level: np.ndarray
    above: bool


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One equation of a program.

    Attributes:
        builder: Where layers go.
        values: What it reads: expressions, comparisons, arrays.
        settings: Its parameters.
        run: Runs its primitive on arrays.
        multiples: For each tensor that is a multiple of another one, by the identity of
            its expression: that one, and the factors.
    """

    builder: GraphBuilder
    values: list[Any]
    settings: dict[str, Any]
    run: Callable[..., Any]
    multiples: dict[int, tuple[Expression, Expression, np.ndarray]]

    def expressions(self) -> list[Expression]:
        """All values as expressions.

        Raises:
            ValueError: If one is a truth value.
        """
        if any(isinstance(value, Comparison) for value in self.values):
            raise ValueError("on a comparison")
        return [v if isinstance(v, Expression) else constant(v) for v in self.values]


def _move(step: Step) -> Any:
    """A primitive that moves entries, run on their positions."""
    import jax.numpy as jnp

    moved = [k for k, v in enumerate(step.values) if isinstance(v, Expression)]
    row, positions = in_a_row([step.values[k] for k in moved])
    arguments = list(step.values)
    for k, places in zip(moved, positions, strict=True):
        arguments[k] = jnp.asarray(places, jnp.int32)
    found = step.run(*arguments)
    return row.select(np.asarray(found, np.int64))


def _concatenate(step: Step) -> Expression:
    row, positions = in_a_row(step.expressions())
    return row.select(np.concatenate(positions, step.settings["dimension"]))


def _pad(step: Step) -> Expression:
    tensor, value = step.values
    if isinstance(value, Expression) or np.any(value):
        raise ValueError("with other values than zero")
    import jax.numpy as jnp

    places = jnp.asarray(tensor.positions(), jnp.int32)
    return tensor.select(np.asarray(step.run(places, jnp.int32(-1)), np.int64))


def _convert(step: Step) -> Any:
    name = np.dtype(step.settings["new_dtype"]).name
    if name not in ("float32", "float64"):
        raise ValueError(f"which rounds to {name}")
    return step.values[0]


def _same(step: Step) -> Any:
    return step.values[0]


def _add(step: Step) -> Expression:
    return step.builder.add(*step.expressions())


def _sub(step: Step) -> Expression:
    first, second = step.expressions()
    return step.builder.add(first, second.negate())


def _neg(step: Step) -> Expression:
    return _multiple(step, step.values[0], np.array(-1.0))


def _mul(step: Step) -> Expression:
    first, second = step.values
    if isinstance(first, Expression) and isinstance(second, Expression):
        raise ValueError("of two tensors that depend on the input")
    tensor, factors = (
        (first, second) if isinstance(first, Expression) else (second, first)
    )
    return _multiple(step, tensor, np.asarray(factors, np.float64))


def _div(step: Step) -> Expression:
    tensor, divisor = step.values
    if isinstance(divisor, Expression):
        raise ValueError("by what depends on the input")
    return _multiple(step, tensor, np.asarray(1.0 / np.asarray(divisor, np.float64)))


def _multiple(step: Step, tensor: Expression, factors: np.ndarray) -> Expression:
    """A multiple, of which it is remembered of what."""
    result = times(step.builder, tensor, factors)
    if result.shape == tensor.shape:
        # The result is kept, so that its identity stays its own.
        step.multiples[id(result)] = (result, tensor, factors)
    return result


def _extreme(step: Step, *, sign: int) -> Expression:
    first, second = step.values
    if isinstance(first, Expression) and isinstance(second, Expression):
        if sign > 0:
            return step.builder.maximum(first, second)
        return step.builder.maximum(first.negate(), second.negate()).negate()
    tensor, level = (
        (first, second) if isinstance(first, Expression) else (second, first)
    )
    level = np.asarray(level, np.float64)
    if np.all(level == -sign * np.inf):
        return tensor
    limit = at_least if sign > 0 else at_most
    return limit(step.builder, tensor, level)


def _clamp(step: Step) -> Expression:
    low, tensor, high = step.values
    if not isinstance(tensor, Expression) or np.any(np.asarray(low) > high):
        raise ValueError("with limits that depend on the input, or cross")
    return at_most(step.builder, at_least(step.builder, tensor, low), high)


def _abs(step: Step) -> Expression:
    return step.builder.kink(step.values[0], -1.0)


def _compare(step: Step, *, above: bool) -> Comparison:
    first, second = step.values
    if isinstance(first, Expression) and isinstance(second, Expression):
        raise ValueError("of two tensors that depend on the input")
    if isinstance(first, Expression):
        return Comparison(first, np.asarray(second, np.float64), above)
    return Comparison(second, np.asarray(first, np.float64), not above)


def _select(step: Step) -> Any:
    """`where(t >= 0, t, s t)`: the two branches must meet where the choice changes."""
    which, *branches = step.values
    if isinstance(which, np.ndarray):
        if which.dtype != bool or len(branches) != 2:
            raise ValueError("among several branches")
        tensors = [v if isinstance(v, Expression) else constant(v) for v in branches]
        row, positions = in_a_row(tensors)
        return row.select(np.where(which, positions[1], positions[0]))
    if not isinstance(which, Comparison) or np.any(which.level != 0.0):
        raise ValueError("by a comparison with other numbers than zero")
    tensor = which.tensor
    below, above = branches if which.above else branches[::-1]
    high, low = (_factors(step, branch, tensor) for branch in (above, below))
    if high is None or low is None or np.any(high != 1.0):
        raise ValueError("of branches that are no multiples of what is compared")
    shape = np.broadcast_shapes(tensor.shape, low.shape)
    return step.builder.kink(broadcast(tensor, shape), low)


def _factors(step: Step, branch: Any, tensor: Expression) -> np.ndarray | None:
    """Factors with which a branch is a multiple of a tensor; None if it is none."""
    if branch is tensor:
        return np.ones(())
    if isinstance(branch, np.ndarray):
        return None if np.any(branch) else np.zeros(())
    known = step.multiples.get(id(branch))
    return known[2] if known is not None and known[1] is tensor else None


def _dot(step: Step) -> Expression:
    left, right = step.values
    ((left_sum, right_sum), (batch, _)) = step.settings["dimension_numbers"]
    if batch or (isinstance(left, Expression) and isinstance(right, Expression)):
        raise ValueError("of two tensors that depend on the input, or in batches")
    swapped = isinstance(right, Expression)
    if swapped:
        left, right, left_sum, right_sum = right, left, right_sum, left_sum
    result = _contract(step.builder, left, left_sum, np.asarray(right), right_sum)
    if not swapped:
        return result
    free = len(left.shape) - len(left_sum)
    places = np.moveaxis(result.positions(), range(free), range(-free, 0))
    return result.select(places)


def _contract(
    builder: GraphBuilder,
    tensor: Expression,
    axes: Sequence[int],
    weights: np.ndarray,
    weight_axes: Sequence[int],
) -> Expression:
    """The sum of products over some axes; free axes of the tensor come first."""
    places = np.moveaxis(tensor.positions(), axes, range(-len(axes), 0))
    front = places.shape[: len(tensor.shape) - len(axes)]
    matrix = np.moveaxis(weights, weight_axes, range(len(weight_axes)))
    back = matrix.shape[len(weight_axes) :]
    size = int(np.prod([weights.shape[a] for a in weight_axes]))
    matrix = matrix.reshape(size, -1).astype(np.float64).T
    flat = tensor.select(places.reshape(-1, size))
    return dense(builder, flat, matrix).reshape((*front, *back))


def _conv(step: Step) -> Expression:
    tensor, kernel = step.values
    settings = step.settings
    numbers = settings["dimension_numbers"]
    ones = (1,) * (len(tensor.shape) - 2)
    if (
        isinstance(kernel, Expression)
        or tuple(settings["lhs_dilation"]) != ones
        or settings["batch_group_count"] != 1
    ):
        raise ValueError("that is transposed, or whose kernel depends on the input")
    places = tensor.positions().transpose(numbers.lhs_spec)
    sample = tensor.select(places[0])
    weight = np.asarray(kernel, np.float64).transpose(numbers.rhs_spec)
    before, after = zip(*settings["padding"], strict=True)
    window = Window(
        weight.shape[2:],
        tuple(settings["window_strides"]),
        before,
        after,
        tuple(settings["rhs_dilation"]),
    )
    groups = settings["feature_group_count"]
    result = convolve(step.builder, sample, weight, None, window, groups)
    places = result.positions()[None].transpose(np.argsort(numbers.out_spec))
    return result.select(places)


def _window(step: Step) -> tuple[Expression, Window]:
    """The tensor with one channel, and the window over all its axes."""
    tensor, settings = step.values[0], step.settings
    if any(n != 1 for n in settings["base_dilation"]):
        raise ValueError("with dilated inputs")
    before, after = zip(*settings["padding"], strict=True)
    window = Window(
        tuple(settings["window_dimensions"]),
        tuple(settings["window_strides"]),
        before,
        after,
        tuple(settings["window_dilation"]),
    )
    return tensor.reshape((1, *tensor.shape)), window


def _window_max(step: Step) -> Expression:
    tensor, window = _window(step)
    found = max_pool(step.builder, tensor, window)
    return found.reshape(found.shape[1:])


def _window_sum(step: Step) -> Expression:
    tensor, window = _window(step)
    shape = tensor.shape[1:]
    index = window.indices(shape)
    rows, columns = np.nonzero(index >= 0)
    entries = (np.ones(len(rows)), (rows, index[rows, columns]))
    matrix = sp.csr_array(entries, shape=(len(index), tensor.size))
    return step.builder.affine(tensor, matrix, 0.0, window.counts(shape))


def _sum(step: Step) -> Expression:
    return total(step.builder, step.values[0], step.settings["axes"], keep=False)


def _max(step: Step) -> Expression:
    return largest(step.builder, step.values[0], step.settings["axes"], keep=False)


def _min(step: Step) -> Expression:
    tensor = step.values[0].negate()
    return largest(step.builder, tensor, step.settings["axes"], keep=False).negate()


def _power(step: Step) -> Expression:
    if step.settings["y"] != 1:
        raise ValueError("with an exponent other than 1")
    return step.values[0]


_below = functools.partial(_compare, above=False)
_above = functools.partial(_compare, above=True)

OPERATIONS: dict[str, Callable[[Step], Any]] = {
    **dict.fromkeys(
        (
            "broadcast_in_dim",
            "dynamic_slice",
            "gather",
            "reshape",
            "rev",
            "slice",
            "squeeze",
            "transpose",
        ),
        _move,
    ),
    **dict.fromkeys(
        (
            "copy",
            "mesh_cast",
            "optimization_barrier",
            "sharding_constraint",
            "stop_gradient",
        ),
        _same,
    ),
    "abs": _abs,
    "add": _add,
    "add_any": _add,
    "clamp": _clamp,
    "concatenate": _concatenate,
    "conv_general_dilated": _conv,
    "convert_element_type": _convert,
    "div": _div,
    "dot_general": _dot,
    "ge": _above,
    "gt": _above,
    "integer_pow": _power,
    "le": _below,
    "lt": _below,
    "max": functools.partial(_extreme, sign=1),
    "min": functools.partial(_extreme, sign=-1),
    "mul": _mul,
    "neg": _neg,
    "pad": _pad,
    "reduce_max": _max,
    "reduce_min": _min,
    "reduce_sum": _sum,
    "reduce_window_max": _window_max,
    "reduce_window_sum": _window_sum,
    "select_n": _select,
    "sub": _sub,
}
"""The primitives that are read, by their names."""

FINAL = {"logistic": "sigmoid", "tanh": "tanh"}
"""Primitives that are left out at the output, with the names of what they are."""
