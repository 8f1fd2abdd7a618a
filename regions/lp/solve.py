"""Linear programs over one polyhedron, and over stacks of them, with CVXPY.

The only file that imports CVXPY, and it does so when a program is first solved: that
takes longer than all else in a first call. A solver proposes, `regions.lp.farkas`
proves: whether a polyhedron has an interior, whether a row is redundant and whether a
direction is unbounded are decided in exact arithmetic on the rows as given, never by a
tolerance. Numbers such as radii and bounds are float64 and good to about 1e-9.
"""

import functools
import itertools
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse
from jaxtyping import Float64

from regions.errors import EmptyPolyhedronError, SolverError
from regions.errors.limits import check, seconds_left
from regions.errors.short_text import short_repr
from regions.lp import exact_lp, farkas
from regions.lp.exact_rows import free_axes
from regions.lp.warm_lp import LARGE, WarmProgram
from regions.patterns.halfspaces import Halfspaces
from regions.signs.exact import to_fraction

if TYPE_CHECKING:
    import cvxpy as cp

SOLVER_TOLERANCE = 1e-10
"""Feasibility tolerance asked of HiGHS, on rows of unit length: its smallest."""

_MAX_EXACT_VARIABLES = 40
"""Above it an exact program may take minutes."""

OPTIMAL = "optimal"
"""Status of a program that was solved, in CVXPY's words as the others."""
_STATUS = {
    "Infeasible": "infeasible",
    "Unbounded": "unbounded",
    "Primal infeasible or unbounded": "infeasible_or_unbounded",
}
"""What HiGHS calls that there is no optimum."""
_NO_OPTIMUM = ("infeasible", "unbounded", "infeasible_or_unbounded")


class ChebyshevBall(NamedTuple):
    """Largest ball inside a polyhedron.

    Attributes:
        center: Its center, strictly inside (proved) where the radius is positive; where
            float64 has no point inside, the neighbor of a rational one.
        radius: Distance from the center to the nearest row.
    """

    center: Float64[np.ndarray, " dim"]
    radius: float

    __repr__ = short_repr


class SolverAnswer(NamedTuple):
    """Outcome of a program; `x` and `duals` are empty unless the status is optimal."""

    status: str
    x: np.ndarray
    duals: np.ndarray


@functools.lru_cache(maxsize=128)
def _maximum_problem(rows: int, variables: int) -> tuple["cp.Problem", "cp.Constraint"]:
    """`max c.x` subject to `G x <= h`; parameters are set before each solve."""
    import cvxpy as cp

    c = cp.Parameter(variables, name="c")
    G = cp.Parameter((rows, variables), name="G")
    h = cp.Parameter(rows, name="h")
    x = cp.Variable(variables, name="x")
    constraint = G @ x <= h
    return cp.Problem(cp.Maximize(c @ x), [constraint]), constraint


def maximize_by_solver(c: np.ndarray, G: np.ndarray, h: np.ndarray) -> SolverAnswer:
    """Solve with HiGHS, and where it gives up once more from a start of its own.

    Rows are padded to few shapes. Where both give up, the answer is exact.

    Raises:
        SolverError: If both give up on a program with too many variables for that.
    """
    check()
    rows, variables = G.shape
    if G.size >= LARGE:
        return _maximize_directly(c, G, h)
    import cvxpy as cp

    padded = rows + (-rows % 8 or 8 * (rows == 0))
    problem, constraint = _maximum_problem(padded, variables)
    full, bound = np.zeros((padded, variables)), np.ones(padded)
    full[:rows], bound[:rows] = G, h
    values = problem.param_dict
    values["c"].value, values["G"].value, values["h"].value = c, full, bound
    try:
        problem.solve(
            solver=cp.HIGHS,
            primal_feasibility_tolerance=SOLVER_TOLERANCE,
            dual_feasibility_tolerance=SOLVER_TOLERANCE,
            time_limit=seconds_left(),
        )
        status = str(problem.status)
    except (ValueError, cp.SolverError):  # CVXPY's answers to a status of "unknown"
        status = "unknown"
    check()
    if status in _NO_OPTIMUM:
        return SolverAnswer(status, np.zeros(0), np.zeros(0))
    if status != OPTIMAL:
        return _maximize_directly(c, G, h)
    x, duals = problem.var_dict["x"].value, constraint.dual_value
    assert x is not None
    return SolverAnswer(status, x, np.asarray(duals)[:rows])


def _maximize_directly(c: np.ndarray, G: np.ndarray, h: np.ndarray) -> SolverAnswer:
    """The same without CVXPY, which takes longer to write a large program down.

    Nor with its presolve, after which some programs have an unknown status.
    """
    try:
        x, duals = WarmProgram(G, h).optimum(c)
    except SolverError as error:
        status = _STATUS.get(error.status, error.status)
        if status in _NO_OPTIMUM:
            return SolverAnswer(status, np.zeros(0), np.zeros(0))
        return _solved_exactly(c, G, h, status)
    return SolverAnswer(OPTIMAL, x, duals)


def _solved_exactly(
    c: np.ndarray, G: np.ndarray, h: np.ndarray, status: str
) -> SolverAnswer:
    """The optimum in rational arithmetic, for a program of few variables."""
    if len(c) > _MAX_EXACT_VARIABLES:
        raise SolverError("linear program not solved", status=status)
    answer = exact_lp.maximize(c, G, h)
    if answer.x is None or answer.multipliers is None:
        return SolverAnswer(answer.status, np.zeros(0), np.zeros(0))
    duals = np.zeros(len(h))
    for row, weight in answer.multipliers.items():
        duals[row] = float(to_fraction(weight))
    return SolverAnswer(OPTIMAL, np.array([float(v) for v in answer.x]), duals)


@np.errstate(all="ignore")
def unit_rows(A: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows of unit length, right-hand sides, lengths; rows of zeros stay so."""
    largest = np.abs(A).max(axis=-1, keepdims=True, initial=0.0)
    safe = np.where(largest > 0.0, largest, 1.0)
    lengths = np.linalg.norm(A / safe, axis=-1) * safe[..., 0]
    lengths = np.where(lengths > 0.0, lengths, 1.0)
    return A / lengths[..., None], b / lengths, lengths


def check_constants(
    rows: Halfspaces, exact: farkas.ExactRows | None = None
) -> np.ndarray:
    """Which rows have a gradient; raise if a constant row cannot hold."""
    A, b = (rows.A, rows.b) if exact is None else (exact.A, exact.b)
    steep = np.asarray((A != 0).any(axis=1), bool)
    bad = np.flatnonzero(~steep & np.asarray(b < 0, bool))
    if len(bad):
        raise EmptyPolyhedronError(
            f"row {bad[0]} says 0 <= {rows.b[bad[0]]:.3e}: no point satisfies it; use "
            "a pattern that some point has."
        )
    return steep


def chebyshev_ball(
    rows: Halfspaces, *, max_radius: float, exact: farkas.ExactRows | None = None
) -> ChebyshevBall:
    r"""Largest ball inside a polyhedron, of radius at most `max_radius`.

    Solves `max r` subject to `A x + r ||A_i||_2 <= b` and `r <= max_radius`. The
    radius is unique, the center need not be. Whether there is an interior is decided
    exactly: a positive radius comes with a center strictly inside, an error or a
    radius of zero with multipliers `y >= 0`, `y A = 0`, `y b <= 0`.

    Args:
        rows: Where the ball must lie; may be unbounded.
        max_radius: Cap on the radius, which keeps the program bounded. A result equal
            to it says nothing about whether the polyhedron is bounded.
        exact: What the rows were before they were rounded: decides in their place.

    Returns:
        Center and radius. Radius 0.0: the polyhedron has no interior.

    Raises:
        EmptyPolyhedronError: If no point satisfies `A x <= b`.
        SolverError: If the solver stops without an answer.

    Example:
        >>> square = Halfspaces(np.vstack([np.eye(2), -np.eye(2)]), np.ones(4))
        >>> round(chebyshev_ball(square, max_radius=10.0).radius, 6)
        1.0

    References:
        Boyd and Vandenberghe, Convex Optimization, section 8.5.1, 2004.
    """
    steep = np.flatnonzero(check_constants(rows, exact))
    A, b = rows.A[steep], rows.b[steep]
    true = None if exact is None else exact.at(steep)
    normals, rhs, lengths = unit_rows(A, b)
    center, duals = _deepest_point(normals, rhs, max_radius)
    radius = float(np.min(rhs - normals @ center, initial=max_radius))
    tiny = float(np.finfo(float).tiny)
    if (farkas.slack_signs(A, b, center, true) > 0).all():
        return ChebyshevBall(center, max(radius, tiny))
    # Multipliers of the rows as given, not of the rows of unit length.
    weights = np.where(duals > 1e-9, duals, 0.0) / lengths
    total = weights.sum()
    given = (A, b) if true is None else (true.A, true.b)
    proof = farkas.combination(
        given[0],
        np.zeros(rows.dim),
        weights / total if total > 0 else weights,
        total=True,
    )
    if proof is None or farkas.weighted_bound(given[1], proof) > 0:
        answer = exact_lp.interior(*given)
        if answer.witness is not None:
            center = np.array([float(v) for v in answer.witness])
            return ChebyshevBall(center, max(radius, tiny))
        assert answer.multipliers is not None
        proof = answer.multipliers
    if farkas.weighted_bound(given[1], proof) < 0:
        raise EmptyPolyhedronError(
            f"no point satisfies the {len(rows)} rows: the best one violates a row of "
            f"unit length by about {abs(radius):.3e}."
        )
    return ChebyshevBall(center, 0.0)


def proposed_ball(
    rows: Halfspaces, around: Float64[np.ndarray, " dim"], *, max_radius: float
) -> ChebyshevBall:
    """What `chebyshev_ball` finds, without a proof that its center lies inside.

    The radius is not positive where the solver found no point inside.

    Args:
        rows: Where the ball must lie.
        around: A point near it, or inside: where the solver begins.
        max_radius: Cap on the radius.

    Raises:
        SolverError: If the solver stops without an answer.
    """
    steep = rows.A.any(axis=1)
    normals, rhs, _ = unit_rows(rows.A[steep], rows.b[steep])
    move, _ = _deepest_point(normals, rhs - normals @ around, max_radius)
    center = around + move
    radius = float(np.min(rhs - normals @ center, initial=max_radius))
    return ChebyshevBall(center, radius)


def _deepest_point(
    normals: np.ndarray, rhs: np.ndarray, max_radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Center and row multipliers of the Chebyshev program, for rows of unit length.

    In the space that the rows span, as moves orthogonal to them change nothing: with
    hundreds of inputs it is far smaller.
    """
    if normals.shape[1] <= _MAX_EXACT_VARIABLES:
        return _deepest_of(normals, rhs, max_radius)
    _, sizes, axes = np.linalg.svd(normals, full_matrices=False)
    axes = axes[sizes > 1e-12 * sizes.max(initial=0.0)]
    center, duals = _deepest_of(normals @ axes.T, rhs, max_radius)
    return center @ axes, duals


def _deepest_of(
    normals: np.ndarray, rhs: np.ndarray, max_radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same in the coordinates given.

    A thin polyhedron is solved again in coordinates around the last answer, in units
    of its radius: this takes the solver's absolute tolerance out of the result.
    """
    rows, dim = normals.shape
    G = np.zeros((rows + 1, dim + 1))
    G[:-1, :-1], G[:, -1] = normals, 1.0
    cost = np.append(np.zeros(dim), 1.0)
    center, unit = np.zeros(dim), 1.0
    duals = np.zeros(rows)
    for _ in range(3):
        slack = rhs - normals @ center
        answer = maximize_by_solver(cost, G, np.append(slack, max_radius) / unit)
        if answer.status != OPTIMAL:
            raise SolverError("Chebyshev program not solved", status=answer.status)
        center, duals = center + unit * answer.x[:-1], answer.duals[:-1]
        radius = abs(unit * float(answer.x[-1]))
        if radius > 1e-4 * unit:
            break
        unit = max(radius, 1e-8 * unit)
    return center, duals


def has_interior(rows: Halfspaces, exact: farkas.ExactRows | None = None) -> bool:
    """Whether some point satisfies every row strictly, decided exactly.

    Raises:
        SolverError: If the solver stops without an answer.
    """
    try:
        return chebyshev_ball(rows, max_radius=1.0, exact=exact).radius > 0.0
    except EmptyPolyhedronError:
        return False


def bounds(
    rows: Halfspaces,
) -> tuple[Float64[np.ndarray, " dim"], Float64[np.ndarray, " dim"]]:
    """The smallest box around a polyhedron, infinite where it is unbounded.

    An infinite bound is certified: the axis is independent of the rows, or there is a
    rational direction u with `A u <= 0` along which the coordinate grows, by an exact
    program if the solver's does not serve.

    Raises:
        EmptyPolyhedronError: If no point satisfies the rows.
        SolverError: If the solver stops without an answer.
    """
    steep = check_constants(rows)
    A, b = rows.A[steep], rows.b[steep]
    normals, rhs, _ = unit_rows(A, b)
    result = np.zeros((2, rows.dim))
    free = free_axes(A)
    if free.any():
        chebyshev_ball(rows, max_radius=1.0)  # raises, with a proof, if there is none
        result[:, free] = np.array([[-np.inf], [np.inf]])
    for side, axis in itertools.product((0, 1), np.flatnonzero(~free)):
        cost = np.zeros(rows.dim)
        cost[axis] = (-1.0, 1.0)[side]
        answer = maximize_by_solver(cost, normals, rhs)
        if answer.status == OPTIMAL:
            result[side, axis] = answer.x[axis]
            continue
        chebyshev_ball(rows, max_radius=1.0)  # raises, with a proof, if there is none
        if _is_unbounded(A, normals, cost):
            result[side, axis] = cost[axis] * np.inf
            continue
        value = exact_lp.maximize(cost, A, b).value
        result[side, axis] = cost[axis] * (np.inf if value is None else float(value))
    return result[0], result[1]


def _is_unbounded(A: np.ndarray, normals: np.ndarray, cost: np.ndarray) -> bool:
    """Whether `cost` grows without end along a direction that the solver finds.

    First along one on which all rows fall, which not every cone has, but which needs
    no equations; then along one on which the tight rows stay as they are.
    """
    dim = A.shape[1]
    axis, zeros = int(np.flatnonzero(cost)[0]), np.zeros(len(normals))
    cube = np.concatenate([np.eye(dim), -np.eye(dim)])
    G = np.concatenate([normals, cube])
    h = np.concatenate([zeros, np.ones(2 * dim)])
    answer = maximize_by_solver(cost, G, h)
    if answer.status != OPTIMAL:
        return False
    # Half of what there is at most, and the rest is for the rows to fall.
    slack = np.concatenate([np.ones(len(normals)), np.zeros(2 * dim + 1)])
    deep = np.column_stack([np.vstack([G, -cost]), slack])
    least = np.append(h, -0.5 * float(cost @ answer.x))
    strict = maximize_by_solver(np.append(np.zeros(dim), 1.0), deep, least)
    tight = np.flatnonzero(normals @ answer.x > -1e-9)
    none = np.zeros(0, np.int64)
    hints = [(strict.x[:-1], none)] if strict.status == OPTIMAL else []
    for near, rows in [*hints, (answer.x, tight)]:
        direction = farkas.recession_direction(A, near, rows)
        if direction is not None and direction[axis] * int(cost[axis]) > 0:
            return True
    return False


def chebyshev_balls_stacked(
    A: Float64[np.ndarray, "batch rows dim"],
    b: Float64[np.ndarray, "batch rows"],
    *,
    max_radius: float,
) -> tuple[Float64[np.ndarray, "batch dim"], Float64[np.ndarray, " batch"]]:
    """Centers and radii of many Chebyshev balls by one block-diagonal program.

    Rows of zeros are padding or constants, as in `chebyshev_ball`; a polyhedron with
    an impossible one has radius minus infinity. A radius is the distance of the center
    from the nearest row, as float64 evaluates it; a negative one means that the solver
    found no point.

    Raises:
        SolverError: If the solver stops without an answer.
    """
    count, _, dim = A.shape
    normals, rhs, _ = unit_rows(A, b)
    steep = np.asarray(A.any(axis=2))
    blocks = [
        np.vstack(
            [
                np.column_stack([normals[i][steep[i]], np.ones(steep[i].sum())]),
                np.append(np.zeros(dim), 1.0),
            ]
        )
        for i in range(count)
    ]
    cost = np.append(np.zeros(dim), 1.0)
    centers, units = np.zeros((count, dim)), np.ones(count)
    slacks, left = rhs, np.arange(count)
    # Thin ones again, around the last center and in units of its radius, as in
    # `_deepest_point`.
    for _ in range(3):
        ends = [
            np.append(slacks[i][steep[i]], max_radius) / units[i] for i in left.tolist()
        ]
        answer = _maximize_stack(cost, [blocks[i] for i in left.tolist()], ends)
        centers[left] += units[left, None] * answer[:, :-1]
        slacks = rhs - np.einsum("brd,bd->br", normals, centers)
        radii = np.abs(units[left] * answer[:, -1])
        thin = radii <= 1e-4 * units[left]
        units[left] = np.maximum(radii, 1e-8 * units[left])
        left = left[thin]
        if not len(left):
            break
    radii = np.where(steep, slacks, np.inf).min(axis=1, initial=max_radius)
    impossible = (~steep & (b < 0.0)).any(axis=1)
    return centers, np.where(impossible, -np.inf, radii)


def bounding_boxes_stacked(
    A: Float64[np.ndarray, "batch rows dim"], b: Float64[np.ndarray, "batch rows"]
) -> tuple[Float64[np.ndarray, "batch dim"], Float64[np.ndarray, "batch dim"]]:
    """Smallest boxes around many polytopes, by one program for each side of them all.

    Rows of zeros are padding.

    Raises:
        SolverError: If a polyhedron is empty or unbounded, or the solver stops
            without an answer.
    """
    count, _, dim = A.shape
    normals, rhs, _ = unit_rows(A, b)
    steep = np.asarray(A.any(axis=2))
    blocks = [normals[i][steep[i]] for i in range(count)]
    ends = [rhs[i][steep[i]] for i in range(count)]
    result = np.zeros((2, count, dim))
    for side, axis in itertools.product((0, 1), range(dim)):
        cost = np.zeros(dim)
        cost[axis] = (-1.0, 1.0)[side]
        result[side, :, axis] = _maximize_stack(cost, blocks, ends)[:, axis]
    return result[0], result[1]


def _maximize_stack(
    cost: np.ndarray, blocks: list[np.ndarray], ends: list[np.ndarray]
) -> np.ndarray:
    """`max cost.x_i` subject to `G_i x_i <= h_i`, all in one program: one x_i a row.

    Raises:
        SolverError: If the solver stops without an answer.
    """
    import cvxpy as cp
    from cvxpy.constraints.nonpos import Inequality

    x = cp.Variable(len(blocks) * len(cost))
    stack = scipy.sparse.block_diag(blocks, format="csr")
    inside = Inequality(stack @ x, cp.Constant(np.concatenate(ends)))
    problem = cp.Problem(
        cp.Maximize(cp.Constant(np.tile(cost, len(blocks))) @ x), [inside]
    )
    tolerance = 1e-11
    check()
    try:
        with warnings.catch_warnings():
            # Of inaccurate solutions, whose status says the same.
            warnings.simplefilter("ignore", UserWarning)
            problem.solve(
                solver=cp.CLARABEL,
                tol_gap_abs=tolerance,
                tol_gap_rel=tolerance,
                tol_feas=tolerance,
                time_limit=seconds_left(),
            )
    except (ValueError, cp.SolverError) as error:
        check()
        raise SolverError("stacked program not solved", status="unknown") from error
    check()
    if problem.status != OPTIMAL or x.value is None:
        raise SolverError("stacked program not solved", status=str(problem.status))
    return x.value.reshape(len(blocks), len(cost))
