"""Chains of restrictions inside a bounded convex domain: the plain form.

Only flats that meet the open domain count. A flat cuts the domain in a polytope, which
is kept by its corners in homogeneous integer coordinates, each with the facets of the
domain through it. A hyperplane meets the polytope's interior if and only if it has
corners strictly on both sides. Its own polytope has as corners the corners on it and
the points where it crosses edges. No linear program is needed.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

from regions.domains.shapes import BoundedDomain
from regions.enumeration.restriction.hyperplanes import Row, integer_rows
from regions.enumeration.restriction.plain import distinct_traces


@dataclasses.dataclass(frozen=True, slots=True)
class Corner:
    """A point `(numerators, positive denominator)`, and the facets through it."""

    point: tuple[int, ...]
    facets: int


def domain_corners(domain: BoundedDomain) -> list[Corner]:
    """The corners of a domain in its chart."""
    polytope = domain.polytope()
    rows = integer_rows([[*point.tolist(), 1.0] for point in polytope.vertices])
    return [
        Corner(tuple(row), sum(1 << int(f) for f in facets))
        for row, facets in zip(rows, polytope.vertex_facets, strict=True)
    ]


def facet_rows(domain: BoundedDomain) -> list[Row]:
    """The facets of a domain in its chart as integer rows."""
    A, b = domain.rows()
    rows = [[*a.tolist(), -float(right)] for a, right in zip(A, b, strict=True)]
    return [tuple(row) for row in integer_rows(rows)]


class PolytopeChains:
    """Counts chains of flats that meet a domain; what is counted is a lower bound.

    Attributes:
        betti: Chains found by their length; all of them once `complete`.
        complete: Whether all are counted.
        done: Share of the chains that are counted, roughly.
    """

    def __init__(self, rows: Sequence[Row], corners: Sequence[Corner]):
        self._dim = len(corners[0].point) - 1
        self._corners = list(corners)
        self._rows = [row for row in rows if crosses(values(row, corners))]
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
        for high, over in above:
            common = low.facets & high.facets
            if common.bit_count() < dim or not _is_edge(low, high, common, corners):
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
