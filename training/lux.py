"""An optimizer whose rates follow the loss, steps scaled by the gradient's deviation.

Written from its description, not from its code. With the gradient `g` of the mean
squared error over all points (full batch), elementwise, from zeros:

    m <- m + a (g - m)
    v <- max(c (m - g)^2 + (1 - c) v, eps)
    step = -s m / sqrt(v), and -s m at the first update

`v` is taken around the mean, as AdaBelief does, and nothing corrects the bias of the
start. Then `s`, `a` and `c` are all multiplied by 1.001 if the error is at most the one
before, and else by 0.999. After each step every kernel but the last is divided by the
largest norm among its columns (a column holds the weights into one unit), and the best
parameters seen are kept. Each of the three is a transformation of its own here.

Source: T. C. H. Lux, the programs behind "MLP's are actually nonlinear -> linear
preconditioners", 2021.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree

FASTER, SLOWER = 1.001, 0.999
"""Factors of the rates after an update that did not raise the error, and others."""

FLOOR = float(np.finfo(np.float32).eps)
"""Least `v`."""


class LuxState(NamedTuple):
    """State of `scale_by_lux`.

    Attributes:
        updates: How many were done.
        mean: Running mean `m` of the gradients.
        variance: Running mean `v` of their squared distances from it.
        rates: Present `s`, `a` and `c`.
        last: Error at the update before, infinite at the start.
    """

    updates: Int[Array, ""]
    mean: PyTree
    variance: PyTree
    rates: Float[Array, " 3"]
    last: Float[Array, ""]


class BestState(NamedTuple):
    """State of `keep_best`.

    Attributes:
        value: Smallest error that an update was given.
        params: The parameters that had it.
    """

    value: Float[Array, ""]
    params: PyTree


def scale_by_lux(
    step: float = 1e-3, mean_rate: float = 0.1, variance_rate: float = 0.01
) -> optax.GradientTransformationExtraArgs:
    """The steps of the optimizer, whose `update` takes the error as `value=`.

    Nothing holds the rates below 1, which a mean needs: that many rising updates
    (2,300 with the defaults) are more than its source makes.

    Args:
        step: `s` at the start.
        mean_rate: `a` at the start.
        variance_rate: `c` at the start.
    """

    def init(params: PyTree) -> LuxState:
        return LuxState(
            jnp.zeros((), jnp.int32),
            jax.tree.map(jnp.zeros_like, params),
            jax.tree.map(jnp.zeros_like, params),
            jnp.array([step, mean_rate, variance_rate], jnp.float32),
            jnp.array(jnp.inf, jnp.float32),
        )

    def update(
        updates: PyTree,
        state: Any,
        params: PyTree = None,
        *,
        value: Float[Array, ""] | None = None,
        **others: Any,
    ) -> tuple[PyTree, LuxState]:
        del params, others
        value = _require_value(value)
        s, a, c = state.rates
        mean = jax.tree.map(lambda g, m: m + a * (g - m), updates, state.mean)
        variance = jax.tree.map(
            lambda g, m, v: jnp.maximum(c * (m - g) ** 2 + (1.0 - c) * v, FLOOR),
            updates,
            mean,
            state.variance,
        )
        is_first = state.updates == 0
        steps = jax.tree.map(
            lambda m, v: -s * m / jnp.where(is_first, 1.0, jnp.sqrt(v)), mean, variance
        )
        factor = jnp.where(value <= state.last, FASTER, SLOWER).astype(jnp.float32)
        last = jnp.asarray(value, jnp.float32)
        rates = state.rates * factor
        return steps, LuxState(state.updates + 1, mean, variance, rates, last)

    return optax.GradientTransformationExtraArgs(init, update)


def unit_columns() -> optax.GradientTransformation:
    """Lets each update end with every kernel but the last divided by a number.

    It is the largest norm among the kernel's columns, so that no unit has weights of
    a norm above 1. The last in a chain, for parameters of `training.models.Mlp`.
    """

    def init(params: PyTree) -> optax.EmptyState:
        del params
        return optax.EmptyState()

    def update(
        updates: PyTree, state: Any, params: PyTree = None
    ) -> tuple[PyTree, Any]:
        wanted = normalize_columns(optax.apply_updates(params, updates))
        return jax.tree.map(jnp.subtract, wanted, params), state

    return optax.GradientTransformation(init, update)


def normalize_columns(params: PyTree) -> PyTree:
    """Parameters of an `Mlp`, each kernel but the last one over its largest column."""
    last = str(len(params["layers"]) - 1)

    def normalize(path: tuple[Any, ...], leaf: Array) -> Array:
        name, index, *part = (entry.key for entry in path)
        if name != "layers" or index == last or part != ["kernel"]:
            return leaf
        return leaf / jnp.linalg.norm(leaf, axis=0).max()

    return jax.tree_util.tree_map_with_path(normalize, params)


def keep_best() -> optax.GradientTransformationExtraArgs:
    """Leaves updates as they are and remembers the parameters of the smallest error.

    The parameters after the last update are never judged: nobody gave their error.
    """

    def init(params: PyTree) -> BestState:
        return BestState(jnp.array(jnp.inf, jnp.float32), params)

    def update(
        updates: PyTree,
        state: Any,
        params: PyTree = None,
        *,
        value: Float[Array, ""] | None = None,
        **others: Any,
    ) -> tuple[PyTree, BestState]:
        del others
        value = _require_value(value)
        is_better = value < state.value
        best = jax.tree.map(
            lambda new, old: jnp.where(is_better, new, old), params, state.params
        )
        least = jnp.minimum(jnp.asarray(value, jnp.float32), state.value)
        return updates, BestState(least, best)

    return optax.GradientTransformationExtraArgs(init, update)


def lux(step: float = 1e-3) -> optax.GradientTransformationExtraArgs:
    """The whole optimizer: steps, unit columns, best parameters kept in its state."""
    return optax.chain(keep_best(), scale_by_lux(step), unit_columns())


def best_params(opt_state: PyTree) -> PyTree:
    """The parameters kept by `lux`, given its state, alone or inside of another.

    Raises:
        ValueError: If the state is that of another optimizer.
    """
    parts = jax.tree.leaves(opt_state, is_leaf=lambda part: isinstance(part, BestState))
    for part in parts:
        if isinstance(part, BestState):
            return part.params
    raise ValueError("`opt_state` keeps no best parameters: the optimizer must be lux.")


def _require_value(value: Float[Array, ""] | None) -> Float[Array, ""]:
    """The error that an update was given.

    Raises:
        ValueError: If it was given none.
    """
    if value is None:
        raise ValueError("`value` is missing: give `update` the loss as `value=`.")
    return value
