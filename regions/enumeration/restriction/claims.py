"""Dependences found modulo a prime, proved in integer arithmetic."""

from collections.abc import Sequence

import numpy as np
from flint import fmpz_mat

from regions.enumeration.restriction.hyperplanes import Row
from regions.enumeration.restriction.kernels.field import CORNER, EMPTY


def are_true(
    claims: np.ndarray, rows: Sequence[Row], facets: Sequence[Row] = ()
) -> bool:
    """Whether all dependences hold that the loops wrote down.

    A claim is a hyperplane; another one with the same trace on a flat, or `EMPTY` if
    the first is parallel to the flat or holds it, or `CORNER` if it vanishes at a
    corner; the facets through that corner, as bits; and the hyperplanes of the flat,
    which are independent.
    """
    points: dict[tuple[int, ...], Row | None] = {}
    return all(_holds(claim, rows, facets, points) for claim in claims.tolist())


def _holds(
    claim: list[int],
    rows: Sequence[Row],
    facets: Sequence[Row],
    points: dict[tuple[int, ...], Row | None],
) -> bool:
    one, two, bits, *rest = claim
    flat = [rows[k] for k in rest if k != EMPTY]
    if two == EMPTY:
        return _rank([row[:-1] for row in [*flat, rows[one]]]) == len(flat)
    if two == CORNER:
        # Many hyperplanes may go through one corner.
        key = (bits, *rest)
        if key not in points:
            through = [row for k, row in enumerate(facets) if bits >> k & 1]
            points[key] = _only_point([*flat, *through])
        point = points[key]
        return point is not None and not sum(map(int.__mul__, rows[one], point))
    return _rank([*flat, rows[one], rows[two]]) == len(flat) + 1


def _only_point(rows: Sequence[Row]) -> Row | None:
    """Homogeneous coordinates of the one point on all rows; None if it is not one."""
    table = fmpz_mat(len(rows), len(rows[0]), [v for row in rows for v in row])
    basis, nullity = table.nullspace()
    if nullity != 1:
        return None
    return tuple(int(line[0]) for line in basis.table())


def _rank(rows: Sequence[Row]) -> int:
    """Rank of integer rows."""
    if not rows:
        return 0
    return fmpz_mat(len(rows), len(rows[0]), [v for row in rows for v in row]).rank()
