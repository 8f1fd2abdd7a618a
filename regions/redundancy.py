"""Which rows of a polyhedron define facets, with a proof for every row.

`regions.lp` proposes, `regions.farkas` checks in exact arithmetic: a facet has a point
beyond it that no other row excludes, a redundant row is a combination of others.
"""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions import farkas
from regions.errors import EmptyPolyhedronError, SolverError
from regions.halfspaces import Halfspaces
from regions.lp import (
    OPTIMAL,
    SOLVER_TOLERANCE,
    ChebyshevBall,
    chebyshev_ball,
    check_constants,
    maximize,
    unit_rows,
)


class FacetPoint(NamedTuple):
    """Evidence that a row defines a facet.

    Attributes:
        point: A point in the relative interior of the facet, rounded to float64.
        beyond: A point that violates this row and satisfies all the other rows that
            matter, every sign strict and checked exactly.
    """

    point: Float64[np.ndarray, " dim"]
    beyond: Float64[np.ndarray, " dim"]


class Irredundant(NamedTuple):
    """Which rows define facets, and the proof for each row.

    Attributes:
        facets: Evidence for every facet, by row index.
        redundant: Multipliers y for every other row i: `y >= 0`, `y A = A_i`,
            `y b <= b_i`, exactly.
    """

    facets: dict[int, FacetPoint]
    redundant: dict[int, farkas.Multipliers]


def facets(rows: Halfspaces) -> Irredundant:
    """Rows that define facets, and a proof for each row that it does or does not.

    Of equal halfspaces the one with the lowest index is kept. Most facets are found by
    the straight line from the Chebyshev center to the row, without a program; for the
    rest, row i is maximized over the other rows.

    Raises:
        EmptyPolyhedronError: If the polyhedron has no interior.
        SolverError: If the solver stops without an answer.
        UndecidedError: If a row could be proved neither way.
    """
    steep = check_constants(rows)
    ball = chebyshev_ball(rows, max_radius=1.0)
    if ball.radius == 0.0:
        raise EmptyPolyhedronError(
            "the polyhedron has no interior, and facets need one: the pattern belongs "
            "to no activation region."
        )
    redundant = farkas.parallel_groups(rows.A, rows.b)
    redundant |= {int(i): {} for i in np.flatnonzero(~steep)}
    open_rows = np.array([i for i in range(len(rows)) if i not in redundant], int)
    found = _facets_in_sight(rows, open_rows, ball.center)
    for row in open_rows:
        if row in found:
            continue
        others = np.array([i for i in open_rows if i not in redundant], int)
        answer = _decide_row(rows, int(row), others, ball)
        if isinstance(answer, FacetPoint):
            found[int(row)] = answer
        else:
            redundant[int(row)] = answer
    return Irredundant(dict(sorted(found.items())), dict(sorted(redundant.items())))


def _is_beyond(rows: Halfspaces, row: int, others: np.ndarray, x: np.ndarray) -> bool:
    """Whether x violates `row` and no other row of `others`, strictly and exactly."""
    signs = farkas.slack_signs(rows.A[others], rows.b[others], x)
    return bool((signs == np.where(others == row, -1, 1)).all())


def _facets_in_sight(
    rows: Halfspaces, candidates: np.ndarray, center: np.ndarray
) -> dict[int, FacetPoint]:
    """Facets that the perpendicular from an interior point meets before other rows."""
    normals, rhs, _ = unit_rows(rows.A[candidates], rows.b[candidates])
    slack = rhs - normals @ center
    cosines = normals @ normals.T
    np.fill_diagonal(cosines, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        reach = np.where(cosines > 0.0, slack[:, None] / cosines, np.inf)
    second = reach.min(axis=0, initial=np.inf)
    found = {}
    for k in np.flatnonzero(second > slack * (1.0 + 1e-9)):
        beyond = center + 0.5 * (slack[k] + min(second[k], 3 * slack[k])) * normals[k]
        if _is_beyond(rows, int(candidates[k]), candidates, beyond):
            point = center + slack[k] * normals[k]
            found[int(candidates[k])] = FacetPoint(point, beyond)
    return found


def _decide_row(
    rows: Halfspaces, row: int, others: np.ndarray, ball: ChebyshevBall
) -> FacetPoint | farkas.Multipliers:
    """Maximize `row` over `others`, in units of the ball; then prove the outcome."""
    A, b = rows.A[others], rows.b[others]
    normals, rhs, lengths = unit_rows(A, b)
    slack = rhs - normals @ ball.center
    own = int(np.flatnonzero(others == row)[0])
    relaxed = slack / ball.radius
    relaxed[own] *= 2.0  # keeps the program bounded
    answer = maximize(normals[own], normals, relaxed)
    if answer.status != OPTIMAL:
        raise SolverError("redundancy program not solved", status=answer.status)
    reached = ball.radius * float(normals[own] @ answer.x)
    step = ball.radius * answer.x
    if reached > slack[own]:
        crossing = slack[own] / reached
        beyond = ball.center + 0.5 * (crossing + 1.0) * step
        if _is_beyond(rows, row, others, beyond):
            return FacetPoint(ball.center + crossing * step, beyond)
    weights = np.where(answer.duals > 1e-9, answer.duals, 0.0) / lengths * lengths[own]
    weights[own] = 0.0
    for proof in (
        lambda: farkas.combination(A, A[own], weights),
        lambda: farkas.repaired(A, own, weights, _axis_multipliers(A, relaxed)),
    ):
        named = {int(others[i]): w for i, w in (proof() or {}).items()}
        if named and farkas.proves_redundant(rows.A, rows.b, row, named):
            return named
    raise farkas.undecided(
        f"is row {row} redundant", reached - slack[own], SOLVER_TOLERANCE
    )


def _axis_multipliers(
    A: np.ndarray, slack: np.ndarray
) -> list[farkas.Multipliers | None]:
    """Weights of rows that add up to `-e_0, e_0, -e_1, ...`; None where unbounded."""
    normals, _, lengths = unit_rows(A, slack)
    result: list[farkas.Multipliers | None] = []
    for axis, sign in itertools.product(range(A.shape[1]), (-1.0, 1.0)):
        cost = np.zeros(A.shape[1])
        cost[axis] = sign
        answer = maximize(cost, normals, slack)
        if answer.status != OPTIMAL:
            result.append(None)
            continue
        weights = np.where(answer.duals > 1e-9, answer.duals, 0.0) / lengths
        result.append(farkas.combination(A, cost, weights))
    return result
