"""Chains of flats that meet a bounded domain, counted in compiled loops."""

from collections.abc import Callable, Sequence

import numpy as np

from regions.enumeration.restriction.claims import are_true
from regions.enumeration.restriction.fast import (
    CLAIMS_ROOM,
    MAX_CLAIMS,
    UnprovedError,
    residues,
)
from regions.enumeration.restriction.hyperplanes import Row, minor_bound
from regions.enumeration.restriction.kernels import field
from regions.enumeration.restriction.kernels.polytopes import advance_inside
from regions.enumeration.restriction.polytopes import Corner

QUOTA = 1 << 24
"""Pairs of corners, and so on, between two questions whether to stop: some 50 ms."""
MAX_FACETS = 64


class FastPolytopes:
    """What `regions.enumeration.restriction.polytopes.PolytopeChains` does, compiled.

    Corners are held in float64 with bounds of their errors, which prove the signs
    of most values, and modulo a prime, where a value is zero exactly if it is zero.

    Attributes:
        complete: Whether all are counted.
        done: Share of the chains that are counted, roughly.
        claims: How many dependences were checked in integer arithmetic.
    """

    def __init__(
        self, rows: Sequence[Row], corners: Sequence[Corner], facets: Sequence[Row]
    ):
        assert len(facets) <= MAX_FACETS
        rows, facets = list(rows), list(facets)
        dim, count, num = len(corners[0].point) - 1, len(rows), len(corners)
        self.complete = False
        self.done = 0.0
        self.claims = 0
        self._dim, self._rows, self._facet_rows = dim, rows, facets
        self._exact = minor_bound([*rows, *facets]) < field.PRIME
        # Small hyperplanes in a box of long numbers need no proof among themselves.
        self._pairs_too = not minor_bound(rows) < field.PRIME
        self._betti = np.zeros(dim + 2, np.int64)
        self._betti[:2] = 1, count
        # The largest coefficient becomes 1; the others are rounded once.
        floats = [[v / max(map(abs, row)) for v in row] for row in rows]
        self._forms = np.array(floats, np.float64).reshape(count, dim + 1)
        self._residues = residues(rows).reshape(count, dim + 1)
        self._levels = np.zeros((dim + 1, max(count, 1), dim + 1), np.uint64)
        self._levels[0, :count] = self._residues
        self._ids = np.zeros((dim + 1, max(count, 1)), np.int64)
        self._ids[0, :count] = np.arange(count)
        self._counts = np.zeros(dim + 1, np.int64)
        self._index = np.zeros(dim + 1, np.int64)
        self._counts[0], self._index[0] = count, min(1, count)
        room = 4 * num + 16
        self._points = np.zeros((dim + 1, room, dim + 1))
        self._errors = np.zeros((dim + 1, room))
        self._homogeneous = np.zeros((dim + 1, room, dim + 1), np.uint64)
        self._facets = np.zeros((dim + 1, room), np.uint64)
        self._corners = np.zeros(dim + 1, np.int64)
        self._corners[0] = num
        for k, corner in enumerate(corners):
            self._points[0, k], self._errors[0, k] = corner.floats()
            self._homogeneous[0, k] = [v % field.PRIME for v in corner.point]
            self._facets[0, k] = corner.facets

    @property
    def betti(self) -> list[int]:
        """Chains found by their length."""
        return self._betti[: self._dim + 1].tolist()

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so, which is asked often.

        Raises:
            UnprovedError: If a sign or a dependence is open.
        """
        room = 0 if self._exact else CLAIMS_ROOM
        claims = np.zeros((room, self._dim + 4), np.int64)
        level, status = (0 if self._dim > 1 else -1), field.PAUSED
        while status != field.DONE:
            if stop():
                return
            before = self._betti.copy()
            status, level, found = advance_inside(
                self._levels,
                self._ids,
                self._counts,
                self._index,
                level,
                self._forms,
                self._residues,
                self._points,
                self._errors,
                self._homogeneous,
                self._facets,
                self._corners,
                self._betti,
                claims,
                self._pairs_too,
                QUOTA,
            )
            self._check(status, claims[:found], before)
            if status == field.NO_ROOM:
                self._make_room()
            count = max(int(self._counts[0]), 1)
            self.done = (int(self._index[0]) / count) ** self._dim
            tell(self.done)
        self.complete = True

    def _check(self, status: int, claims: np.ndarray, before: np.ndarray) -> None:
        """Prove what was claimed; what is not proved is not counted."""
        self.claims += len(claims)
        stuck = status == field.CLAIMS_FULL and not len(claims)
        if (
            status == field.OPEN
            or stuck
            or self.claims > MAX_CLAIMS
            or not are_true(claims, self._rows, self._facet_rows)
        ):
            self._betti[:] = before
            raise UnprovedError

    def _make_room(self) -> None:
        """Double the room for corners."""
        for name in ("_points", "_errors", "_homogeneous", "_facets"):
            held = getattr(self, name)
            setattr(self, name, np.concatenate([held, np.zeros_like(held)], axis=1))
