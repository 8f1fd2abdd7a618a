"""Whether two networks agree on all regions of a domain, of whatever kind it is.

On a region each network is one affine map. Their difference vanishes all over it, or
some point as near to any other as one likes shows that they differ.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from regions.domains.shapes import Domain, Simplex, WholeSpace
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import Budget
from regions.lp.exact_lp import check_witness
from regions.network import ReluNetwork
from regions.questions.answer import Point
from regions.questions.gated_forms import activations, input_forms, pre_activations
from regions.signs.exact import Columns, ExactNetwork


class Compared(NamedTuple):
    """What the regions say.

    Attributes:
        witness: A point of the chart at which the outputs differ; None if none is.
        regions: Regions that were looked at.
        complete: Whether these are all.
    """

    witness: Point | None
    regions: int
    complete: bool


def compare_regions(both: ReluNetwork, domain: Domain, budget: Budget) -> Compared:
    """Compare two networks side by side on each region."""
    left = budget.max_seconds
    if left is not None:
        left = max(left - budget.seconds, 1e-9)
    found = enumerate_regions(both, domain, max_seconds=left, stop=budget.spent)
    exact = ExactNetwork(both, domain)
    for k, bits in enumerate(both.unit_patterns(found.pattern_bits())):
        gap = _first_gap(exact, bits.tolist())
        if gap is not None:
            given = found.coordinates[k].tolist()
            inside = found.exact_witnesses.get(k, tuple(map(Fraction, given)))
            return Compared(beside(exact, domain, inside, gap), k + 1, True)
        if budget.spent():
            return Compared(None, k + 1, False)
    return Compared(None, len(found), found.complete)


def _first_gap(exact: ExactNetwork, on: Sequence[bool]) -> list[int] | None:
    """The first difference of two outputs that is no zero, as an integer form."""
    sources, first = [input_forms(exact.dim)], 0
    for index, width in enumerate(exact.widths):
        layer = exact.layer(index)
        pre = pre_activations(layer, sources)
        sources.append(activations(layer, pre, on[first : first + width]))
        first += width
    rows = pre_activations(exact.layer(len(exact.widths)), sources).matrix.tolist()
    half = len(rows) // 2
    for one, other in zip(rows[:half], rows[half:], strict=True):
        gap = [int(a - b) for a, b in zip(one, other, strict=True)]
        if any(gap):
            return gap
    return None


def beside(
    exact: ExactNetwork,
    domain: Domain,
    point: Point,
    gap: Sequence[int] | Sequence[Fraction],
) -> Point:
    """A point of the domain at or near one inside a region, where outputs differ."""
    step, moved = Fraction(1), point
    largest = max(map(abs, gap)) or 1
    while not (is_inside(domain, moved) and largest_gap(exact, moved)):
        moved = tuple(x + step * g / largest for x, g in zip(point, gap, strict=False))
        step /= 2
    return moved


def is_inside(domain: Domain, point: Point) -> bool:
    """Whether a point of the chart lies strictly inside a domain."""
    square = domain.squared_radius
    if square is not None:
        return sum((t * t for t in point), Fraction()) < square
    if isinstance(domain, WholeSpace):
        return True
    if domain.is_simple and not isinstance(domain, Simplex):
        box = domain.chart_box()
        ends = zip(box.lower.tolist(), point, box.upper.tolist(), strict=True)
        return all(low < t < high for low, t, high in ends)
    return check_witness(*domain.rows(), point)


def largest_gap(exact: ExactNetwork, point: Point) -> Fraction:
    """The largest difference of the outputs of two networks side by side at a point."""
    columns = Columns.of_points([point])
    numerators, scales = exact.forward(columns)
    values = [row[0] for row in numerators[-1]]
    half = len(values) // 2
    gap = max(abs(a - b) for a, b in zip(values[:half], values[half:], strict=True))
    return Fraction(gap, scales[-1][0] * columns.denominators[0])
