"""Many small linear programs at once, on JAX's devices: Chebyshev balls, boxes, others.

The devices scale the rows, solve the programs and judge the answers, so that the rows
travel once, or never where the devices made them. Answers are hints, exact only as far
as float64 goes; programs that did not converge are reported as such, and never as
empty. Callers need no global flag: 64-bit floats are switched on here.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float64

from regions.compiled.devices import devices_for
from regions.errors.limits import check
from regions.lp.interior_point import has_converged, solve_one

CPU_PROGRAMS = 1024
"""Programs that a CPU takes at once, at most; more leave its caches."""

CPU_WORK = 2.0**28
"""Multiply-adds of them: some tenths of a second, in which no limit is heard."""

MOST_PROGRAMS = 2**16
"""The same of an accelerator, where few cost as much as many."""

MOST_NUMBERS = 2**26
"""Coefficients of all programs at once, at most; the solver needs some ten times it."""

SMALL_PROGRAMS = 2.0**23
"""Multiply-adds that a few cores do while an accelerator starts all steps of a batch:
some hundred programs of 3 variables and 40 rows."""

_STEPS = 20
"""Steps of the interior point, for an estimate of the work."""

TINY = 2.0**-900
"""Rows below it are made longer: XLA takes numbers below 2^-1022 for zero."""


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


def solve_batch(
    cost: Float64[np.ndarray, "batch vars"],
    G: Float64[np.ndarray, "batch rows vars"],
    h: Float64[np.ndarray, "batch rows"],
) -> Solutions:
    """`min cost.x` subject to `G x <= h`, for every entry of a batch.

    A row of zeros with a positive right-hand side is padding. Rows of about unit
    length and right-hand sides of about 1 serve accuracy best.

    Example:
        >>> square = np.vstack([np.eye(2), -np.eye(2)])[None]
        >>> solve_batch(np.ones((1, 2)), square, np.ones((1, 4))).x.round(6).tolist()
        [[-1.0, -1.0]]
    """
    rows = G.shape[1]
    G, h = _padded(G, h)
    batch = Batch(*G.shape, programs=1)
    parts = batch.parts(sharded(_solution, batch.devices, own=3), [cost, G, h])
    x, z, *rest = map(np.concatenate, zip(*parts, strict=True))
    return Solutions(x, z[:, :rows], *rest)


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

    Example:
        >>> square = np.vstack([np.eye(2), -np.eye(2)])
        >>> balls = chebyshev_balls(square[None], np.ones((1, 4)), 10.0)
        >>> balls.radii.round(6).tolist(), balls.converged.tolist()
        ([1.0], [True])
    """
    rows = A.shape[1]
    A, b = _padded(*_visible(A, b))
    batch = Batch(*A.shape, programs=1)
    parts = batch.parts(batch.balls(), [A, b, np.full(len(A), max_radius)])
    centers, radii, duals, converged = map(np.concatenate, zip(*parts, strict=True))
    return Balls(centers, radii, duals[:, :rows], converged)


def bounding_boxes(
    A: Float64[np.ndarray, "batch rows dim"], b: Float64[np.ndarray, "batch rows"]
) -> Boxes:
    """Smallest boxes around many polytopes `A x <= b`: 2 dim programs each.

    Where a polyhedron is empty or unbounded in a direction, `converged` is False.

    Example:
        >>> square = np.vstack([np.eye(2), -np.eye(2)])
        >>> boxes = bounding_boxes(square[None], np.array([[1.0, 2.0, 3.0, 4.0]]))
        >>> boxes.lower.round(6).tolist(), boxes.upper.round(6).tolist()
        ([[-3.0, -4.0]], [[1.0, 2.0]])
    """
    A, b = _padded(*_visible(A, b))
    batch = Batch(*A.shape, programs=2 * A.shape[2])
    parts = batch.parts(batch.boxes(), [A, b])
    return Boxes(*map(np.concatenate, zip(*parts, strict=True)))


def padded_rows(rows: int) -> int:
    """To how many rows so many are filled up: few shapes are ever compiled."""
    return rows + (7 - rows) % 8


class Batch:
    """How programs of one shape are spread over devices, some at a time.

    Args:
        count: Polyhedra.
        rows: Of each, from `padded_rows`.
        dim: Of the space.
        programs: For each polyhedron.

    Attributes:
        devices: That do the work.
    """

    def __init__(self, count: int, rows: int, dim: int, *, programs: int):
        numbers = programs * (rows + 1) * (dim + 1)
        work = numbers * (dim + 8.0) * _STEPS
        self.devices = devices_for(count * work, SMALL_PROGRAMS)
        most = min(CPU_PROGRAMS // programs, int(CPU_WORK / work))
        if self.devices[0].platform != "cpu":
            most = min(MOST_PROGRAMS // programs, MOST_NUMBERS // numbers)
        self._most = _power_of_four(max(most, 1), up=False) * len(self.devices)

    def balls(self) -> Callable[..., Any]:
        """Compiled: `A, b, max_radius` of a part to the fields of `Balls`."""
        return sharded(_ball, self.devices, own=3)

    def boxes(self) -> Callable[..., Any]:
        """Compiled: `A, b` of a part to the fields of `Boxes`."""
        return sharded(_box, self.devices, own=2)

    def parts(
        self, solve: Callable[..., Any], arrays: Sequence[np.ndarray]
    ) -> Iterator[Any]:
        """What `solve` makes of the arrays, part by part; one is always under way.

        At least one part, which may be of no polyhedron.
        """
        count = len(arrays[0])

        def launch(start: int) -> tuple[int, Any]:
            parts = [array[start : start + self._most] for array in arrays]
            inside = len(parts[0])
            each = _power_of_four(-(-inside // len(self.devices)), up=True)
            more = each * len(self.devices) - inside
            padded = [
                np.concatenate([part, np.broadcast_to(one, (more, *part.shape[1:]))])
                for part in parts
                for one in [part[:1] if inside else np.zeros((), part.dtype)]
            ]
            with jax.enable_x64(True):
                return inside, solve(*padded)

        under_way = launch(0)
        for start in range(0, max(count, 1), self._most):
            check()
            inside, found = under_way
            if start + self._most < count:
                under_way = launch(start + self._most)
            yield tuple(np.array(field[:inside]) for field in found)


def _power_of_four(number: int, *, up: bool) -> int:
    """The next 16, 64, 256, ... not below a number, or not above it."""
    size = 16
    while size < number:
        size *= 4
    return size if up or size <= max(number, 16) else size // 4


@functools.cache
def sharded(
    function: Callable[..., Any],
    devices: tuple[Any, ...],
    *,
    own: int,
    shared: int = 0,
) -> Callable[..., Any]:
    """A traced function over a leading axis that is spread over devices, compiled.

    Args:
        function: Of one entry.
        devices: Whose number divides the length of the axis.
        own: Number of arguments with that axis.
        shared: Number of arguments before them that all entries share.
    """
    mesh = Mesh(np.array(devices), ("batch",))
    everywhere, split = PartitionSpec(), PartitionSpec("batch")
    return jax.jit(
        jax.shard_map(
            jax.vmap(function, in_axes=(None,) * shared + (0,) * own),
            mesh=mesh,
            in_specs=(everywhere,) * shared + (split,) * own,
            out_specs=split,
            check_vma=False,
        )
    )


def _padded(A: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows filled up with constants that hold."""
    more = padded_rows(A.shape[1]) - A.shape[1]
    A = np.pad(A, ((0, 0), (0, more), (0, 0)))
    return A, np.pad(b, ((0, 0), (0, more)), constant_values=1.0)


def _visible(A: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows none of which is so short that XLA loses it."""
    # Column by column: NumPy's reductions along a short last axis are slow.
    largest = np.zeros(b.shape)
    for column in range(A.shape[2]):
        np.maximum(largest, np.abs(A[:, :, column]), out=largest)
    short = (largest > 0.0) & (largest < TINY)
    if not short.any():
        return A, b
    _, exponent = np.frexp(np.where(short, largest, 0.5))
    return np.ldexp(A, -exponent[..., None]), np.ldexp(b, -exponent)


class _Rows(NamedTuple):
    """Rows of unit length: normals, right-hand sides, and which are constants.

    `impossible` tells whether there is a constant row that never holds.
    """

    normals: Array
    rhs: Array
    flat: Array
    impossible: Array


def _unit_rows(A: Array, b: Array) -> _Rows:
    """The rows of one polyhedron at unit length; rows of zeros become padding."""
    largest = jnp.abs(A).max(axis=1, initial=0.0)
    safe = jnp.where(largest > 0.0, largest, 1.0)
    scaled = A / safe[:, None]  # no overflow or underflow of squares
    lengths = jnp.sqrt((scaled**2).sum(axis=1))
    flat = largest == 0.0
    lengths = jnp.where(flat, 1.0, lengths)
    rhs = jnp.where(flat, 0.0, b / safe / lengths)
    impossible = (flat & (b < 0.0)).any()
    return _Rows(scaled / lengths[:, None], rhs, flat, impossible)


def _solution(cost: Array, G: Array, h: Array) -> tuple[Array, ...]:
    """The fields of `Solutions`, of one program."""
    state = solve_one(cost, G, h)
    return state.x, state.z, state.gap, state.residual, has_converged(state)


def _ball(A: Array, b: Array, max_radius: Array) -> tuple[Array, ...]:
    """The fields of `Balls`, of one polyhedron."""
    rows, dim = _unit_rows(A, b), A.shape[1]
    # Work in units in which the right-hand sides are at most about 1.
    unit = jnp.clip(jnp.abs(rows.rhs).max(initial=0.0), 1e-300, max_radius)
    G = jnp.concatenate([rows.normals, jnp.where(rows.flat, 0.0, 1.0)[:, None]], axis=1)
    cap = jnp.zeros((1, dim + 1)).at[0, -1].set(1.0)
    h = jnp.append(jnp.where(rows.flat, 1.0, rows.rhs / unit), max_radius / unit)
    state = solve_one(-cap[0], jnp.concatenate([G, cap]), h)
    center = state.x[:-1] * unit
    slack = rows.rhs - (rows.normals * center).sum(axis=1)
    radius = jnp.where(rows.flat, jnp.inf, slack).min(initial=jnp.inf)
    radius = jnp.where(rows.impossible, -jnp.inf, jnp.minimum(radius, max_radius))
    return center, radius, state.z[:-1], has_converged(state) | rows.impossible


def _box(A: Array, b: Array) -> tuple[Array, ...]:
    """The fields of `Boxes`, of one polytope."""
    rows, dim = _unit_rows(A, b), A.shape[1]
    unit = jnp.maximum(jnp.abs(rows.rhs).max(initial=0.0), 1e-300)
    h = jnp.where(rows.flat, 1.0, rows.rhs / unit)
    costs = jnp.concatenate([jnp.eye(dim), -jnp.eye(dim)])
    state = jax.vmap(solve_one, in_axes=(0, None, None))(costs, rows.normals, h)
    values = (state.x * costs).sum(axis=1) * unit
    converged = has_converged(state).reshape(2, dim).T & ~rows.impossible
    return values[:dim], -values[dim:], converged
