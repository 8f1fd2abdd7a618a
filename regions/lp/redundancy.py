"""Which rows of a polyhedron define facets, with a proof for every row.

`regions.lp.solve` proposes, `regions.lp.farkas` checks in exact arithmetic: a facet has
a point beyond it that no other row excludes, a redundant row is a combination of
others.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.errors import EmptyPolyhedronError
from regions.errors.limits import check
from regions.lp import exact_lp, farkas
from regions.lp.solve import (
    OPTIMAL,
    ChebyshevBall,
    chebyshev_ball,
    check_constants,
    maximize_by_solver,
    unit_rows,
)
from regions.patterns.halfspaces import Halfspaces
from regions.signs.exact import nearest_float, to_fmpq

_LARGEST_SLACK = 1e15
"""Slack in units of the ball's radius beyond which float64 programs mean nothing."""


class FacetPoint(NamedTuple):
    """Evidence that a row defines a facet.

    Attributes:
        point: A point in the relative interior of the facet, rounded to float64.
        beyond: A point that violates this row and satisfies all the other rows that
            matter, every sign strict and checked exactly.
        exact: That point in rationals where float64 was too coarse for it, and
            `beyond` and `point` are its float64 neighbor; else None.
    """

    point: Float64[np.ndarray, " dim"]
    beyond: Float64[np.ndarray, " dim"]
    exact: tuple[Fraction, ...] | None = None


class Irredundant(NamedTuple):
    """Which rows define facets, and the proof for each row.

    Attributes:
        facets: Evidence for every facet, by row index.
        redundant: Multipliers y for every other row i: `y >= 0`, `y A = A_i`,
            `y b <= b_i`, exactly.
    """

    facets: dict[int, FacetPoint]
    redundant: dict[int, farkas.Multipliers]


def facets(rows: Halfspaces, exact: farkas.ExactRows | None = None) -> Irredundant:
    """Rows that define facets, and a proof for each row that it does or does not.

    Of equal halfspaces the one with the lowest index is kept. Most facets are found by
    the straight line from the Chebyshev center to the row, without a program; for the
    rest, row i is maximized over the other rows, exactly where float64 leaves it open.

    Args:
        rows: The rows.
        exact: What they were before they were rounded: decides in their place, and
            the proofs are about these rows.

    Raises:
        EmptyPolyhedronError: If the polyhedron has no interior.
        SolverError: If the solver stops without an answer.
    """
    steep = check_constants(rows, exact)
    ball = chebyshev_ball(rows, max_radius=1.0, exact=exact)
    if ball.radius == 0.0:
        raise EmptyPolyhedronError(
            "the polyhedron has no interior, and facets need one: the pattern belongs "
            "to no activation region."
        )
    true = exact or farkas.given_rows(rows.A, rows.b)
    redundant = farkas.parallel_groups(true.A, true.b)
    redundant |= {int(i): {} for i in np.flatnonzero(~steep)}
    open_rows = np.array([i for i in range(len(rows)) if i not in redundant], int)
    found = _facets_in_sight(rows, true, open_rows, ball.center)
    for row in open_rows:
        check()
        if row in found:
            continue
        others = np.array([i for i in open_rows if i not in redundant], int)
        answer = _decide_row(rows, true, int(row), others, ball)
        if isinstance(answer, FacetPoint):
            found[int(row)] = answer
        else:
            redundant[int(row)] = answer
    return Irredundant(dict(sorted(found.items())), dict(sorted(redundant.items())))


def _is_beyond(
    rows: Halfspaces,
    true: farkas.ExactRows,
    row: int,
    others: np.ndarray,
    x: np.ndarray,
) -> bool:
    """Whether x violates `row` and no other row of `others`, strictly and exactly."""
    signs = farkas.slack_signs(rows.A[others], rows.b[others], x, true.at(others))
    return bool((signs == np.where(others == row, -1, 1)).all())


def _facets_in_sight(
    rows: Halfspaces,
    true: farkas.ExactRows,
    candidates: np.ndarray,
    center: np.ndarray,
) -> dict[int, FacetPoint]:
    """Facets that the perpendicular from an interior point meets before other rows."""
    normals, rhs, _ = unit_rows(rows.A[candidates], rows.b[candidates])
    slack = rhs - normals @ center
    cosines = normals @ normals.T
    np.fill_diagonal(cosines, 0.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        reach = np.where(cosines > 0.0, slack[:, None] / cosines, np.inf)
    second = reach.min(axis=0, initial=np.inf)
    found = {}
    for k in np.flatnonzero(second > slack * (1.0 + 1e-9)):
        beyond = center + 0.5 * (slack[k] + min(second[k], 3 * slack[k])) * normals[k]
        if _is_beyond(rows, true, int(candidates[k]), candidates, beyond):
            point = center + slack[k] * normals[k]
            found[int(candidates[k])] = FacetPoint(point, beyond)
    return found


def _decide_row(
    rows: Halfspaces,
    true: farkas.ExactRows,
    row: int,
    others: np.ndarray,
    ball: ChebyshevBall,
) -> FacetPoint | farkas.Multipliers:
    """Maximize `row` over `others`, in units of the ball; then prove the outcome."""
    normals, rhs, lengths = unit_rows(rows.A[others], rows.b[others])
    with np.errstate(all="ignore"):
        slack = rhs - normals @ ball.center
    own = int(np.flatnonzero(others == row)[0])
    with np.errstate(all="ignore"):
        relaxed = slack / ball.radius
        relaxed[own] *= 2.0  # keeps the program bounded
    if not (np.abs(relaxed) < _LARGEST_SLACK).all():
        return _decide_exactly(true, row, others, ())
    answer = maximize_by_solver(normals[own], normals, relaxed)
    if answer.status != OPTIMAL:
        return _decide_exactly(true, row, others, ())
    reached = ball.radius * float(normals[own] @ answer.x)
    step = ball.radius * answer.x
    if reached > slack[own]:
        crossing = slack[own] / reached
        beyond = ball.center + 0.5 * (crossing + 1.0) * step
        if _is_beyond(rows, true, row, others, beyond):
            return FacetPoint(ball.center + crossing * step, beyond)
    duals = np.where(answer.duals > 1e-9, answer.duals, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        weights = duals / lengths * lengths[own]
    weights[own] = 0.0
    if not np.isfinite(weights).all():
        return _decide_exactly(true, row, others, np.argsort(-duals).tolist())
    proof = farkas.combination(true.A[others], true.A[row], weights)
    named = {int(others[i]): w for i, w in (proof or {}).items()}
    if named and farkas.multipliers_prove_redundant(true.A, true.b, row, named):
        return named
    return _decide_exactly(true, row, others, np.argsort(-weights).tolist())


def _decide_exactly(
    true: farkas.ExactRows, row: int, others: np.ndarray, tight: Sequence[int]
) -> FacetPoint | farkas.Multipliers:
    """Maximize `row` over the other rows of `others` with an exact program."""
    rest = others[others != row]
    hint = exact_lp.Start(
        tight=[
            int(np.flatnonzero(rest == others[i])[0]) for i in tight if others[i] != row
        ]
    )
    A, b = true.A[rest].tolist(), true.b[rest].tolist()
    best = exact_lp.maximize(true.A[row].tolist(), A, b, start=hint)
    if best.value is not None and to_fmpq(best.value) <= true.b[row]:
        assert best.multipliers is not None
        return {int(rest[i]): w for i, w in best.multipliers.items()}
    across = exact_lp.interior(
        [*A, (-true.A[row]).tolist()], [*b, -true.b[row]], start=hint
    ).witness
    assert across is not None  # the inside of the others comes near their maximum
    rounded = np.array([nearest_float(v) for v in across])
    return FacetPoint(rounded, rounded, across)
