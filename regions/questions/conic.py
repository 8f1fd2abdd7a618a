"""Programs with a round ball, in floating point: hints, as those of `relaxation`.

Clarabel's interior points; nothing that comes from here is trusted.
"""

from typing import Any, NamedTuple

import clarabel
import numpy as np
from scipy import sparse

SOLVER: Any = clarabel
"""A module in machine code, of whose names type checkers know none."""

TOLERANCE = 1e-10


class RoundOptimum(NamedTuple):
    """The optimum of a program in a ball.

    Attributes:
        x: Where.
        rows: Multipliers of the rows, not negative.
        pull: The part of the cost that the ball holds, a vector of its coordinates.
    """

    x: np.ndarray
    rows: np.ndarray
    pull: np.ndarray


def solve_in_ball(
    G: np.ndarray,
    right: np.ndarray,
    cost: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    radius: float,
    dim: int,
) -> RoundOptimum | None:
    """`max cost.x`, `G x <= right`, between ends, the first `dim` entries in a ball.

    None unless Clarabel ends at an optimum.
    """
    scale = np.ones(len(cost))
    scale[:dim] = radius  # the ball has the radius 1 then, however small it is
    eye = np.eye(len(cost))
    above, below = np.isfinite(high), np.isfinite(low)
    ball = np.zeros((dim + 1, len(cost)))
    ball[1:, :dim] = -np.eye(dim)
    rows = np.concatenate([G * scale, eye[above], -eye[below], ball])
    ends = [right, (high / scale)[above], -(low / scale)[below], [1.0], np.zeros(dim)]
    flat = len(rows) - dim - 1
    cones = [SOLVER.NonnegativeConeT(flat), SOLVER.SecondOrderConeT(dim + 1)]
    found = _solved(
        np.zeros(len(cost)), -cost * scale, rows, np.concatenate(ends), cones
    )
    if found is None:
        return None
    x, z = found
    return RoundOptimum(
        x * scale, np.maximum(z[: len(G)], 0.0), -z[flat + 1 :] / radius
    )


def nearest_to_origin(G: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """The point of `G x <= right` nearest to 0; None unless Clarabel finds it."""
    dim = G.shape[1]
    cones = [SOLVER.NonnegativeConeT(len(G))]
    found = _solved(np.ones(dim), np.zeros(dim), G, right, cones)
    return None if found is None else found[0]


def _solved(
    diagonal: np.ndarray,
    cost: np.ndarray,
    rows: np.ndarray,
    right: np.ndarray,
    cones: list,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The smallest `x.Dx / 2 + cost.x` with `right - rows x` in cones; multipliers."""
    settings = SOLVER.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
    square, table = sparse.diags(diagonal, format="csc"), sparse.csc_matrix(rows)
    solver = SOLVER.DefaultSolver(square, cost, table, right, cones, settings)
    solution = solver.solve()
    if solution.status not in (
        SOLVER.SolverStatus.Solved,
        SOLVER.SolverStatus.AlmostSolved,
    ):
        return None
    x, z = np.array(solution.x), np.array(solution.z)
    return (x, z) if np.isfinite(x).all() and np.isfinite(z).all() else None
