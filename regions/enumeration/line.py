"""One dimension: the breakpoints of a network along a segment or a line, exactly.

Between breakpoints every pre-activation is affine. Layer by layer, each interval is cut
at the zeros of that layer's units inside it. Everything is decided in rational
arithmetic, so units that vanish together make one breakpoint, and none is lost.
"""

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
from jaxtyping import Bool

from regions.domains.shapes import Domain, WholeSpace
from regions.network import ReluNetwork
from regions.results.cells import Cells
from regions.signs.exact import Columns, ExactNetwork, nearest_float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The intervals of a network along a line, in order.

    Attributes:
        breakpoints: Where the pattern changes, ends of the domain not included.
        start: Lower end of the domain; None if unbounded.
        end: Upper end of the domain; None if unbounded.
        patterns: Signs of all hidden units on each interval.
        kinks: Which units have a kink.
    """

    breakpoints: list[Fraction]
    start: Fraction | None
    end: Fraction | None
    patterns: Bool[np.ndarray, "intervals units"]
    kinks: Bool[np.ndarray, " units"]

    def cells(self) -> Cells:
        """Ends of the intervals of a bounded domain, and their neighbors.

        Units that change sign together at one breakpoint share a facet; the first of
        them names it.
        """
        assert self.start is not None
        assert self.end is not None
        ends = [self.start, *self.breakpoints, self.end]
        count = len(self.patterns)
        members = np.stack([np.arange(count), np.arange(1, count + 1)], 1).ravel()
        bits = self.patterns[:, self.kinks]
        changed = bits[1:] != bits[:-1]
        return Cells(
            vertices=np.array([[float(v)] for v in ends]),
            offsets=2 * np.arange(count + 1),
            members=members,
            neighbors=np.stack([np.arange(count - 1), np.arange(1, count)], 1),
            neighbor_bits=np.argmax(changed, axis=1)
            if len(changed)
            else np.zeros(0, np.int64),
        )

    def middles(self) -> list[Fraction]:
        """A point strictly inside each interval, of few digits where possible."""
        ends = [self.start, *self.breakpoints, self.end]
        return [inside(a, b) for a, b in itertools.pairwise(ends)]


def inside(low: Fraction | None, high: Fraction | None) -> Fraction:
    """A point strictly between two ends, either of which may be infinite.

    A float64 number if one lies strictly between, the exact middle otherwise.
    """
    if low is None and high is None:
        return Fraction(0)
    if low is None or high is None:
        end = high if low is None else low
        assert end is not None
        away = max(Fraction(1), abs(end))
        middle = end - away if low is None else end + away
    else:
        middle = (low + high) / 2
    rounded = Fraction(nearest_float(middle))
    above = low is None or low < rounded
    return rounded if above and (high is None or rounded < high) else middle


def cut_line(network: ReluNetwork, domain: Domain) -> Line:
    """All intervals of `network` on a one-dimensional `domain`.

    Raises:
        ValueError: If the domain does not have dimension 1.
    """
    if domain.dim != 1:
        raise ValueError(
            f"`domain` has dimension {domain.dim}: the line engine needs dimension 1."
        )
    start, end = _ends(domain)
    exact = ExactNetwork(network, domain)
    cuts: list[Fraction] = []
    patterns = np.zeros((1, 0), bool)
    for layer, width in enumerate(network.widths):
        kinks = network.hidden[layer].kinks
        forms = _forms(exact, patterns, layer)
        cuts, parent = _insert(cuts, start, end, forms, kinks)
        points = [inside(a, b) for a, b in _pairs(start, cuts, end)]
        patterns = patterns[parent]
        signs = np.zeros((len(points), width), bool)
        for k, (point, source) in enumerate(zip(points, parent, strict=True)):
            p, q = point.numerator, point.denominator
            signs[k] = [a * p + c * q > 0 for a, c in forms[source]]
        patterns = np.concatenate([patterns, signs], axis=1)
    kinks = [layer.kinks for layer in network.hidden]
    return Line(cuts, start, end, patterns, np.concatenate([np.zeros(0, bool), *kinks]))


def _ends(domain: Domain) -> tuple[Fraction | None, Fraction | None]:
    """Ends of a one-dimensional domain in its chart."""
    if isinstance(domain, WholeSpace):
        return None, None
    vertices = sorted(float(v) for v in domain.polytope().vertices[:, 0])
    return Fraction(vertices[0]), Fraction(vertices[1])


def _pairs(
    start: Fraction | None, cuts: list[Fraction], end: Fraction | None
) -> list[tuple[Fraction | None, Fraction | None]]:
    """The intervals between the cuts."""
    ends = [start, *cuts, end]
    return list(itertools.pairwise(ends))


def _forms(
    exact: ExactNetwork, patterns: Bool[np.ndarray, "intervals units"], layer: int
) -> list[list[tuple[int, int]]]:
    """(slope, offset) of every unit of a layer on every interval."""
    count = len(patterns)
    full = np.zeros((2 * count, sum(exact.widths)), bool)
    full[:, : patterns.shape[1]] = np.repeat(patterns, 2, axis=0)
    numerators, _ = exact.forward(Columns.identity(1, count), full.T, layers=layer + 1)
    rows = numerators[layer]
    return [[(row[2 * k], row[2 * k + 1]) for row in rows] for k in range(count)]


def _insert(
    cuts: list[Fraction],
    start: Fraction | None,
    end: Fraction | None,
    forms: list[list[tuple[int, int]]],
    kinks: np.ndarray,
) -> tuple[list[Fraction], np.ndarray]:
    """Cut every interval at the zeros of a layer; which interval each came from."""
    result, parent = [], []
    for k, (low, high) in enumerate(_pairs(start, cuts, end)):
        roots = {
            Fraction(-c, a)
            for (a, c), kink in zip(forms[k], kinks, strict=True)
            if kink and a != 0 and _crosses(a, c, low, high)
        }
        result += [*sorted(roots), *([high] if k < len(cuts) else [])]
        parent += [k] * (len(roots) + 1)
    return [r for r in result if r is not None], np.array(parent)


def _crosses(a: int, c: int, low: Fraction | None, high: Fraction | None) -> bool:
    """Whether `a t + c` vanishes strictly between `low` and `high`."""
    at_low = -a if low is None else a * low.numerator + c * low.denominator
    at_high = a if high is None else a * high.numerator + c * high.denominator
    return (at_low < 0 < at_high) or (at_high < 0 < at_low)
