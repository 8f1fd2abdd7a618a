"""A ball of the norm 2 around the origin of the chart, for the cells of the tree.

Everything here only leaves out what is proved not to meet the ball; whether a region
does is decided exactly in the end (`regions.enumeration.balls`).
"""

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.enumeration.tree.cells import TreeCells, value_doubt
from regions.enumeration.tree.unit_form import Form
from regions.lp.batch_proofs import prove_witness_batch
from regions.lp.least_distance import nearest_weights
from regions.signs.rounding import is_certain

INSIDE = 0.999
"""Share of the radius below which a nearest point is worth moving a witness to."""


class Round:
    """The ball of a radius."""

    def __init__(self, radius: float):
        self.radius = radius

    def side(self, form: Form) -> Int[np.ndarray, " cells"]:
        """1 or -1 where a unit has that sign all over the ball, else 0."""
        reach = self.radius * _lengths(form.gradient)
        bound = self._value_doubt(form.gradient, form.offset, form.doubt)
        above = is_certain(form.offset - reach, bound)
        below = is_certain(-form.offset - reach, bound)
        return np.where(above, 1, np.where(below, -1, 0))

    def _value_doubt(
        self, A: np.ndarray, b: np.ndarray, doubt: np.ndarray
    ) -> Float64[np.ndarray, "..."]:
        """Bound of the error of `b - |a| r` for rounded rows."""
        dim = A.shape[-1]
        size = np.abs(b) + self.radius * np.abs(A).sum(axis=-1)
        return value_doubt(doubt, size, np.full_like(b, self.radius), 2 * dim)

    def kept(self, cells: TreeCells) -> tuple[Bool[np.ndarray, " cells"], TreeCells]:
        """Which cells may meet the ball, and all with witnesses inside where found."""
        far = _lengths(cells.center) >= self.radius
        kept = np.ones(len(cells), bool)
        if not far.any():
            return kept, cells
        which = np.flatnonzero(far)
        part = cells.take(which)
        A, b, doubt = part.inequalities()
        reach = self.radius * _lengths(A)
        bound = self._value_doubt(A, b, doubt)
        beyond = is_certain(-b - reach, bound).any(axis=1)
        kept[which[beyond]] = False
        for k in np.flatnonzero(~beyond).tolist():
            kept[which[k]] = self._may_meet(cells, int(which[k]))
        return kept, cells

    def _may_meet(self, cells: TreeCells, k: int) -> bool:
        """Whether a cell is not proved to lie beyond the ball; may move its witness."""
        A, b, doubt = (v[0] for v in cells.take(slice(k, k + 1)).inequalities())
        lengths = _lengths(A)
        lengths = np.where(lengths > 0.0, lengths, 1.0) * self.radius
        # In units of the radius, and rows of unit length.
        scaled, right = A * (self.radius / lengths)[:, None], b / lengths
        weights = nearest_weights(scaled, right) / lengths
        if not weights.any() or not np.isfinite(weights).all():
            return True
        gradient, bound = weights @ A, weights @ b
        # Every point t of the cell in the ball has gradient . t <= bound + doubts.
        # The sums over at most dim + 1 weights round as well, by less than the values.
        error = 2.0 * float(weights @ self._value_doubt(A, b, doubt))
        if is_certain(-bound - self.radius * _lengths(gradient[None]), error).all():
            return False
        self._move(cells, k, -(gradient * self.radius) / (1.0 + bound) * self.radius)
        return True

    def _move(self, cells: TreeCells, k: int, nearest: np.ndarray) -> None:
        """Bring the witness of a cell into the ball, in place, if it can be proved."""
        center = cells.center[k]
        size = float(_lengths(nearest))
        if not size < INSIDE * self.radius:
            return
        share = 0.5 * (self.radius - size) / (_lengths(center) + size)
        point = nearest + min(share, 1.0) * (center - nearest)
        A, b, doubt = cells.take(slice(k, k + 1)).inequalities()
        if prove_witness_batch(A, b, point[None], row_error=doubt)[0]:
            lengths = _lengths(A[0])
            steep = lengths > 0.0
            gaps = (b[0] - A[0] @ point)[steep] / lengths[steep]
            cells.center[k], cells.radius[k] = point, max(float(gaps.min()), 0.0)
            cells.exact[k] = None


def _lengths(vectors: Float64[np.ndarray, "*some dim"]) -> np.ndarray:
    """Euclidean lengths; no square overflows or vanishes, however large the ball."""
    largest = np.abs(vectors).max(axis=-1)
    unit = np.where(largest > 0.0, largest, 1.0)
    return np.asarray(np.linalg.norm(vectors / unit[..., None], axis=-1) * unit)
