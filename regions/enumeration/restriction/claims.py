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
    return all(_holds(claim, rows, facets) for claim in claims.tolist())


def _holds(claim: list[int], rows: Sequence[Row], facets: Sequence[Row]) -> bool:
    one, two, bits, *rest = claim
    flat = [rows[k] for k in rest if k != EMPTY]
    if two == EMPTY:
        return _rank([row[:-1] for row in [*flat, rows[one]]]) == len(flat)
    if two == CORNER:
        through = [row for k, row in enumerate(facets) if bits >> k & 1]
        dim = len(rows[one]) - 1
        corner = [*flat, *through]
        return _rank(corner) == dim == _rank([*corner, rows[one]])
    return _rank([*flat, rows[one], rows[two]]) == len(flat) + 1


def _rank(rows: Sequence[Row]) -> int:
    """Rank of integer rows."""
    if not rows:
        return 0
    return fmpz_mat(len(rows), len(rows[0]), [v for row in rows for v in row]).rank()
