"""Many small linear programs at once: a primal-dual interior point in JAX, float64.

Mehrotra's predictor-corrector for `min c.x` subject to `G x <= h`, one program per
batch entry, vmapped and compiled once per shape. Callers need no global flag: 64-bit
floats are switched on here. Programs that did not converge are reported as such, and
never as empty. `regions.lp.solve` is the reference that this file is tested against.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float64

CHUNK = 4096
"""Largest number of programs per call of the compiled solver, on a CPU."""

ACCELERATOR_CHUNK = 2**16
"""The same on an accelerator, where small calls cost as much as large ones."""

MAX_STEPS = 60
GAP = 1e-12
"""Relative duality gap and residuals at which a program counts as solved."""

_MAX_UNROLLED = 12
_REGULARIZATION = 1e-14


class Solutions(NamedTuple):
    """Answers to a batch of programs.

    Attributes:
        x: Minimizers.
        duals: Multipliers of the rows, nonnegative, `G^T duals = -cost`.
        gap: Relative duality gap.
        residual: Largest relative violation of a primal or dual equation.
        converged: Whether gap and residual are below the stated tolerance.
    """

    x: Float64[np.ndarray, "batch vars"]
    duals: Float64[np.ndarray, "batch rows"]
    gap: Float64[np.ndarray, " batch"]
    residual: Float64[np.ndarray, " batch"]
    converged: Bool[np.ndarray, " batch"]


class Balls(NamedTuple):
    """Chebyshev balls of a batch of polyhedra.

    Attributes:
        centers: Points deepest inside, in units of distance to the nearest row.
        radii: That distance as float64 evaluates it at the center, at most
            `max_radius`; negative where no point satisfies all rows.
        duals: Multipliers of the rows scaled to unit length: convex weights whose
            combination of normals vanishes, unless the cap on the radius binds.
        converged: Whether the program was solved; where it is False nothing is known
            but that the center has the radius given.
    """

    centers: Float64[np.ndarray, "batch dim"]
    radii: Float64[np.ndarray, " batch"]
    duals: Float64[np.ndarray, "batch rows"]
    converged: Bool[np.ndarray, " batch"]


class Boxes(NamedTuple):
    """Bounding boxes of a batch of polytopes; False in `converged`: unknown."""

    lower: Float64[np.ndarray, "batch dim"]
    upper: Float64[np.ndarray, "batch dim"]
    converged: Bool[np.ndarray, "batch dim 2"]


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


class _State(NamedTuple):
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
    cost: Array, G: Array, h: Array, state: _State
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


def _solve_one(cost: Array, G: Array, h: Array) -> _State:
    """One program by Mehrotra's predictor-corrector."""
    rows, variables = G.shape

    def body(state: _State) -> _State:
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
        return _State(
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
    start = _State(jnp.array(0), x, s, z, gap, residual, jnp.array(True))
    return jax.lax.while_loop(lambda state: state.go, body, start)


_solve_many = jax.jit(jax.vmap(_solve_one))


def _largest_batch() -> int:
    """Programs per call, at most, on the device that solves them."""
    return CHUNK if jax.default_backend() == "cpu" else ACCELERATOR_CHUNK


def _padded_batch(count: int) -> int:
    """The next power of four from 16 on: few shapes are ever compiled."""
    size = 16
    while size < count:
        size *= 4
    return size


def solve_batch(
    cost: Float64[np.ndarray, "batch vars"],
    G: Float64[np.ndarray, "batch rows vars"],
    h: Float64[np.ndarray, "batch rows"],
) -> Solutions:
    """`min cost.x` subject to `G x <= h`, for every entry of a batch.

    A row of zeros with a positive right-hand side is padding. Rows of about unit
    length and right-hand sides of about 1 serve accuracy best.

    References:
        S. Mehrotra, On the implementation of a primal-dual interior point method,
        SIAM Journal on Optimization 2(4), 1992.
    """
    count, rows, variables = G.shape
    padding = -rows % 8
    if padding:
        G = np.concatenate([G, np.zeros((count, padding, variables))], axis=1)
        h = np.concatenate([h, np.ones((count, padding))], axis=1)
    parts, most = [], _largest_batch()
    for start in range(0, count, most):
        chunk = slice(start, start + most)
        parts.append(_solve_chunk(cost[chunk], G[chunk], h[chunk]))
    if not parts:
        empty = np.zeros(0)
        return Solutions(
            np.zeros((0, variables)), np.zeros((0, rows)), empty, empty, empty > 0
        )
    x, z, gap, residual = (np.concatenate(p) for p in zip(*parts, strict=True))
    converged = (gap < 100 * GAP) & (residual < 100 * GAP)
    return Solutions(x, z[:, :rows], gap, residual, converged)


def _solve_chunk(
    cost: np.ndarray, G: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pad one chunk with copies of its first program, solve, and cut."""
    count = len(G)
    more = _padded_batch(count) - count
    if more:
        cost, G, h = (
            np.concatenate([a, np.broadcast_to(a[:1], (more, *a.shape[1:]))])
            for a in (cost, G, h)
        )
    with jax.enable_x64(True):
        state = _solve_many(cost, G, h)
        result = [np.asarray(a) for a in (state.x, state.z, state.gap, state.residual)]
    return result[0][:count], result[1][:count], result[2][:count], result[3][:count]


class _Rows(NamedTuple):
    """Rows of unit length: normals, right-hand sides, and which are constants.

    `impossible` tells which polyhedra have a constant row that never holds.
    """

    normals: np.ndarray
    rhs: np.ndarray
    flat: np.ndarray
    impossible: np.ndarray


def _normalized(A: np.ndarray, b: np.ndarray) -> _Rows:
    """The rows at unit length; rows of zeros become padding."""
    # Column by column: NumPy's reductions along a short last axis are slow.
    largest = np.zeros(b.shape)
    for column in range(A.shape[2]):
        np.maximum(largest, np.abs(A[:, :, column]), out=largest)
    safe = np.where(largest > 0.0, largest, 1.0)
    scaled = A / safe[..., None]  # no overflow or underflow of squares
    norms = np.sqrt(np.einsum("brd,brd->br", scaled, scaled)) * safe
    flat = norms == 0.0
    lengths = np.where(flat, 1.0, norms)
    rhs = np.where(flat, 1.0, b / lengths)
    return _Rows(A / lengths[..., None], rhs, flat, (flat & (b < 0.0)).any(axis=1))


def chebyshev_balls(
    A: Float64[np.ndarray, "batch rows dim"],
    b: Float64[np.ndarray, "batch rows"],
    max_radius: float,
) -> Balls:
    """The largest ball in each of many polyhedra `A x <= b`, at most `max_radius`.

    Rows are scaled to unit length first. Rows of zeros are constants: padding if
    their right-hand side is nonnegative, else the polyhedron is empty and its radius
    minus infinity. The radius is unique; the center need not be.

    Args:
        A: Outward normals, any lengths.
        b: Right-hand sides.
        max_radius: Keeps the programs bounded. A radius equal to it says nothing
            about whether the polyhedron is bounded.
    """
    count, rows, dim = A.shape
    normals, rhs, flat, impossible = _normalized(A, b)
    # Work in units in which the right-hand sides are at most about 1.
    unit = np.clip(np.abs(rhs).max(axis=1, initial=0.0), 1e-300, max_radius)
    G = np.zeros((count, rows + 1, dim + 1))
    G[:, :-1, :-1] = normals
    G[:, :-1, -1] = ~flat
    G[:, -1, -1] = 1.0
    h = np.concatenate([rhs / unit[:, None], (max_radius / unit)[:, None]], axis=1)
    cost = np.zeros((count, dim + 1))
    cost[:, -1] = -1.0
    solution = solve_batch(cost, G, h)
    centers = solution.x[:, :-1] * unit[:, None]
    slack = rhs - np.einsum("brd,bd->br", normals, centers)
    slack = np.where(flat, np.inf, slack)
    radii = np.minimum(slack.min(axis=1, initial=np.inf), max_radius)
    return Balls(
        centers,
        np.where(impossible, -np.inf, radii),
        solution.duals[:, :-1],
        solution.converged | impossible,
    )


def bounding_boxes(
    A: Float64[np.ndarray, "batch rows dim"], b: Float64[np.ndarray, "batch rows"]
) -> Boxes:
    """Smallest boxes around many polytopes `A x <= b`: 2 dim programs each.

    Where a polyhedron is empty or unbounded in a direction, `converged` is False.
    """
    count, _, dim = A.shape
    normals, rhs, _, impossible = _normalized(A, b)
    cost = np.concatenate([np.eye(dim), -np.eye(dim)])
    solution = solve_batch(
        np.tile(cost, (count, 1)),
        np.repeat(normals, 2 * dim, axis=0),
        np.repeat(rhs, 2 * dim, axis=0),
    )
    values = np.einsum("bid,id->bi", solution.x.reshape(count, 2 * dim, dim), cost)
    converged = solution.converged.reshape(count, 2, dim).swapaxes(1, 2)
    return Boxes(
        values[:, :dim], -values[:, dim:], converged & ~impossible[:, None, None]
    )
