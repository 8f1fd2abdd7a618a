"""A small linear program in traced code: a primal-dual interior point, float64.

Mehrotra's predictor-corrector for `min c.x` subject to `G x <= h`. `regions.lp.batches`
vmaps it over thousands of programs; `regions.lp.solve` is the reference that it is
tested against.

Reference: S. Mehrotra, On the implementation of a primal-dual interior point method,
SIAM Journal on Optimization 2(4), 1992.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

MAX_STEPS = 60
GAP = 1e-12
"""Relative duality gap and residuals at which a program counts as solved."""

_MAX_UNROLLED = 12
_REGULARIZATION = 1e-14


def _definite_solver(matrix: Array):
    """Solve with a small positive definite matrix; loops unrolled at trace time.

    Under `vmap` every scalar below is a vector over the batch, which is several times
    faster than one LAPACK call per matrix.
    """
    n = matrix.shape[0]
    if n > _MAX_UNROLLED:
        factor = jnp.linalg.cholesky(matrix)
        return lambda rhs: jax.scipy.linalg.cho_solve((factor, True), rhs)
    # Without square roots: accelerators only approximate their inverses.
    low: list[list[Array]] = [[] for _ in range(n)]
    inverse: list[Array] = []
    for i in range(n):
        scaled: list[Array] = []
        for j in range(i):
            dot = sum((scaled[k] * low[j][k] for k in range(j)), jnp.zeros(()))
            scaled.append(matrix[i, j] - dot)
            low[i].append(scaled[j] * inverse[j])
        dot = sum((scaled[k] * low[i][k] for k in range(i)), jnp.zeros(()))
        inverse.append(1.0 / (matrix[i, i] - dot))

    def solve(rhs: Array) -> Array:
        y: list[Array] = []
        for i in range(n):
            dot = sum((low[i][k] * y[k] for k in range(i)), jnp.zeros(()))
            y.append(rhs[i] - dot)
        for i in reversed(range(n)):
            dot = sum((low[k][i] * y[k] for k in range(i + 1, n)), jnp.zeros(()))
            y[i] = y[i] * inverse[i] - dot
        return jnp.stack(y)

    return solve


class State(NamedTuple):
    """Where the iteration stands in one program.

    Attributes:
        step: Steps done.
        x: Variables.
        s: Slacks of the rows.
        z: Multipliers of the rows.
        gap: Relative duality gap.
        residual: Relative residual of the equations.
        go: Whether to go on.
    """

    step: Array
    x: Array
    s: Array
    z: Array
    gap: Array
    residual: Array
    go: Array


def _longest_step(value: Array, change: Array) -> Array:
    """The largest step in [0, 1] that keeps `value` nonnegative."""
    ratios = jnp.where(change < 0.0, -value / change, jnp.inf)
    return jnp.minimum(1.0, jnp.min(ratios))


def _errors(
    cost: Array, G: Array, h: Array, x: Array, s: Array, z: Array
) -> tuple[Array, Array, Array, Array]:
    """Dual and primal residual vectors, relative gap and relative residual."""
    dual, primal = cost + G.T @ z, G @ x + s - h
    gap = s @ z / (1.0 + jnp.abs(cost @ x))
    size = jnp.maximum(
        jnp.max(jnp.abs(dual)) / (1.0 + jnp.max(jnp.abs(cost))),
        jnp.max(jnp.abs(primal)) / (1.0 + jnp.max(jnp.abs(h))),
    )
    return dual, primal, gap, size


def _search_direction(
    cost: Array, G: Array, h: Array, state: State
) -> tuple[Array, Array, Array]:
    """Mehrotra's corrected direction `(dx, ds, dz)` at a point."""
    x, s, z = state.x, state.s, state.z
    dual, primal, _, _ = _errors(cost, G, h, x, s, z)
    mean = s @ z / len(s)
    normal = (G * (z / s)[:, None]).T @ G
    shift = _REGULARIZATION * jnp.max(jnp.diagonal(normal))
    solve = _definite_solver(normal + shift * jnp.eye(len(x)))

    def direction(complementarity: Array) -> tuple[Array, Array, Array]:
        rhs = -dual - G.T @ ((z * primal - complementarity) / s)
        dx = solve(rhs)
        # One step of refinement: the matrix is nearly singular at the end.
        dx = dx + solve(rhs - normal @ dx)
        ds = -primal - G @ dx
        return dx, ds, (-complementarity - z * ds) / s

    _, ds, dz = direction(s * z)
    ahead_s = s + _longest_step(s, ds) * ds
    ahead_z = z + _longest_step(z, dz) * dz
    centering = (ahead_s @ ahead_z / len(s) / mean) ** 3
    return direction(s * z + ds * dz - centering * mean)


def solve_one(cost: Array, G: Array, h: Array) -> State:
    """One program by Mehrotra's predictor-corrector, in traced code."""
    rows, variables = G.shape

    def body(state: State) -> State:
        dx, ds, dz = _search_direction(cost, G, h, state)
        a = 0.995 * _longest_step(state.s, ds)
        b = 0.995 * _longest_step(state.z, dz)
        x, s, z = state.x + a * dx, state.s + a * ds, state.z + b * dz
        _, _, gap, residual = _errors(cost, G, h, x, s, z)
        good = jnp.isfinite(gap) & jnp.isfinite(residual)
        # A step that makes matters worse near the end is rounding: keep the last.
        error, last = jnp.maximum(gap, residual), jnp.maximum(state.gap, state.residual)
        take = good & ((error < last) | (last > 1e-9)) & state.go
        step = state.step + 1
        go = take & ((gap >= GAP) | (residual >= GAP)) & (step < MAX_STEPS)
        return State(
            step,
            jnp.where(take, x, state.x),
            jnp.where(take, s, state.s),
            jnp.where(take, z, state.z),
            jnp.where(take, gap, state.gap),
            jnp.where(take, residual, state.residual),
            go,
        )

    height = jnp.maximum(1.0, jnp.max(jnp.abs(h)))
    x, s, z = jnp.zeros(variables), jnp.full(rows, height), jnp.ones(rows)
    _, _, gap, residual = _errors(cost, G, h, x, s, z)
    start = State(jnp.array(0), x, s, z, gap, residual, jnp.array(True))
    return jax.lax.while_loop(lambda state: state.go, body, start)


def has_converged(state: State) -> Array:
    """Whether gap and residual are small enough to call a program solved."""
    return (state.gap < 100 * GAP) & (state.residual < 100 * GAP)
