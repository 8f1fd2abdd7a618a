"""Chains of restrictions inside a polytope: the plain form.

Only flats that meet the open polytope count. A flat cuts it in a polytope, which is
kept by its corners in homogeneous integer coordinates, each with the facets of the
first polytope through it. A hyperplane meets the polytope's interior if and only if it
has corners strictly on both sides. Its own polytope has as corners the corners on it
and the points where it crosses edges. No linear program is needed.

Nothing asks for the last coordinate to be positive: a polyhedron without end has
directions among its corners, and a cone may be given by its rays alone.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64, Int8

from regions.enumeration.restriction.hyperplanes import Row
from regions.enumeration.restriction.plain import distinct_traces
from regions.signs.rounding import SAFETY, SMALLEST, certain_signs, gamma


@dataclasses.dataclass(frozen=True, slots=True)
class Corner:
    """Homogeneous coordinates up to a positive factor, and the facets through it.

    A point is `(numerators, positive denominator)`, a direction `(direction, 0)`.
    """

    point: tuple[int, ...]
    facets: int

    def floats(self) -> tuple[list[float], float]:
        """The same in float64, and how far each coordinate may be off."""
        denominator = self.point[-1]
        if denominator > 0 and denominator & (denominator - 1) == 0:
            rounded = [v / denominator for v in self.point]
            ratios = [v.as_integer_ratio() for v in rounded]
            pairs = zip(self.point, ratios, strict=True)
            if all(v * q == p * denominator for v, (p, q) in pairs):
                return rounded, 0.0
        largest = max(map(abs, self.point))
        return [v / largest for v in self.point], 2.0**-53


def crossing(rows: Sequence[Row], corners: Sequence[Corner]) -> list[Row]:
    """The hyperplanes that meet the interior of a polytope."""
    if not rows:
        return []
    floats = np.array([corner.floats()[0] for corner in corners])
    signs = signs_at_corners(rows, corners, floats)
    meets = (signs.min(axis=1) < 0) & (signs.max(axis=1) > 0)
    return [row for row, met in zip(rows, meets.tolist(), strict=True) if met]


@np.errstate(all="ignore")
def signs_at_corners(
    rows: Sequence[Row],
    corners: Sequence[Corner],
    floats: Float64[np.ndarray, "corners width"],
) -> Int8[np.ndarray, "rows corners"]:
    """Signs of forms at corners: by float64 where that is certain, else by integers.

    `floats` are the corners' coordinates, each rounded once.
    """
    scaled = np.array([_rounded(row) for row in rows])
    # Each factor is rounded once, too.
    terms = floats.shape[1] + 4
    size = np.abs(scaled) @ np.abs(floats).T
    lost = 8 * terms * SMALLEST * (1.0 + np.abs(floats).max())
    signs = certain_signs(
        scaled @ floats.T, SAFETY * gamma(2 * terms) * size + SAFETY * lost
    )
    for k, v in np.argwhere(signs == 0).tolist():
        (exact,) = values(rows[k], corners[v : v + 1])
        signs[k, v] = (exact > 0) - (exact < 0)
    return signs


def _rounded(row: Row) -> list[float]:
    """A form with its largest coefficient brought to 1, each rounded once."""
    largest = max(map(abs, row))
    return [v / largest for v in row] if largest else [0.0] * len(row)


class PolytopeChains:
    """Counts chains of flats that meet a polytope; what is counted is a lower bound.

    All hyperplanes given must meet its interior.

    Attributes:
        betti: Chains found by their length; all of them once `complete`.
        complete: Whether all are counted.
        done: Share of the chains that are counted, roughly.
    """

    def __init__(self, rows: Sequence[Row], corners: Sequence[Corner]):
        self._dim = len(corners[0].point) - 1
        self._corners = list(corners)
        self._rows = list(rows)
        self.betti = [1, len(self._rows)] + [0] * (self._dim - 1)
        self.complete = False
        self.done = 0.0

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so, which is asked often."""
        for i in range(len(self._rows)):
            # The traces of the hyperplanes before, each with the one that it is of.
            if not self._descend(
                self._rows[: i + 1], self._rows, self._corners, 1, stop
            ):
                return
            self.done = ((i + 1) / len(self._rows)) ** self._dim
            tell(self.done)
        self.complete = True

    def _descend(
        self,
        traces: Sequence[Row],
        forms: Sequence[Row],
        corners: Sequence[Corner],
        depth: int,
        stop: Callable[[], bool],
    ) -> bool:
        """Count the chains through the last of some traces; False if it was stopped.

        `forms` are the hyperplanes themselves, whose values at corners are asked for.
        """
        if stop():
            return False
        if depth == self._dim:
            return True
        last = len(traces) - 1
        inner = slice_corners(corners, values(forms[last], corners), self._dim - depth)
        near = [j for j in range(last) if crosses(values(forms[j], inner))]
        kept, which = distinct_traces([traces[j] for j in near], traces[last])
        under = [forms[near[k]] for k in which]
        self.betti[depth + 1] += len(kept)
        return all(
            self._descend(kept[: i + 1], under, inner, depth + 1, stop)
            for i in range(1, len(kept))
        )


def values(form: Row, corners: Sequence[Corner]) -> list[int]:
    """Values of a form at corners, up to positive factors."""
    return [sum(map(int.__mul__, form, corner.point)) for corner in corners]


def crosses(at_corners: Sequence[int]) -> bool:
    """Whether a hyperplane has corners strictly on both sides."""
    return min(at_corners) < 0 < max(at_corners)


def slice_corners(
    corners: Sequence[Corner], at_corners: Sequence[int], dim: int
) -> list[Corner]:
    """Corners of what a hyperplane cuts from a polytope of dimension `dim + 1`.

    Two corners span an edge if and only if no third one lies on all their facets.
    """
    result = [c for c, value in zip(corners, at_corners, strict=True) if value == 0]
    pairs = list(zip(corners, at_corners, strict=True))
    above = [pair for pair in pairs if pair[1] > 0]
    for low, below in pairs:
        if below >= 0:
            continue
        is_simple = low.facets.bit_count() == dim + 1
        for high, over in above:
            common = low.facets & high.facets
            if common.bit_count() < dim:
                continue
            # As many facets as a simple corner has edges tell an edge by themselves.
            if not is_simple and not _is_edge(low, high, common, corners):
                continue
            point = [
                over * a - below * b for a, b in zip(low.point, high.point, strict=True)
            ]
            divisor = math.gcd(*point)
            result.append(Corner(tuple(v // divisor for v in point), common))
    return result


def _is_edge(one: Corner, two: Corner, common: int, corners: Sequence[Corner]) -> bool:
    """Whether no corner but these two lies on all of some facets."""
    return not any(
        c.facets & common == common and c is not one and c is not two for c in corners
    )
