"""The largest difference of two networks that are near each other, over regions of one.

Where every unit of a network has one near it in another, regions of both are those of
the one, and slivers beside their walls, of which there are many times as many. The
bounds of `sliver_bounds` leave few regions of the one on which the largest difference
can be; of these the parts on which both are affine are listed, exactly.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.corners import Cell, clipped, split
from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import Valued, visit_regions, visits_serve
from regions.network import ReluNetwork
from regions.questions.corner_values import below
from regions.questions.gated_forms import activations, input_forms, pre_activations
from regions.questions.listed import Largest
from regions.questions.pieces import Pieces, can_be_listed, values_at_corners
from regions.questions.problem import Problem
from regions.questions.records import Record
from regions.questions.relaxation import solve_rows
from regions.questions.sliver_bounds import SliverBounds
from regions.questions.visited_extremes import Best, EngineList
from regions.signs.exact import ExactNetwork

MOST_REGIONS = 64
"""Of more regions the parts are not listed."""
BITS = 30
"""Bits after the point of the normals by which cells are cut."""


class _Spot(NamedTuple):
    """A region, of some."""

    regions: Valued
    region: int


_Held = tuple[float, _Spot]


class CloseList(EngineList):
    """Largest differences, over regions of the first network where that tells enough.

    Args:
        network: The first network.
        other: The second network.
        apart: A network of what differs, of which else all regions are listed.
        domain: The domain.
    """

    def __init__(
        self,
        network: ReluNetwork,
        other: ReluNetwork,
        apart: ReluNetwork,
        domain: BoundedDomain,
    ):
        super().__init__(apart, domain)
        self._one, self._second = network, other

    def largest(self, problem: Problem, budget: Budget) -> Best | None:
        """The largest value of the goals; None if that is not found in time.

        Args:
            problem: The differences of the outputs, then their negatives, of the
                network of what differs.
            budget: The list's own.
        """
        if close_lists_serve(self._one, self._second, problem.domain):
            best = _largest(self._one, self._second, problem, budget)
            if best is not None:
                return best
        return super().largest(problem, budget)


def close_lists_serve(
    network: ReluNetwork, other: ReluNetwork, domain: BoundedDomain
) -> bool:
    """Whether regions of one network can be visited, and that tells more than others.

    Where only units of the last layer differ, all that is listed of both are regions of
    the layers before, which they share.
    """
    pairs = zip(network.layers[:-2], other.layers[:-2], strict=False)
    return (
        can_be_listed(domain)
        and visits_serve(network, domain)
        and SliverBounds.serves(network, other)
        and any(one != two for one, two in pairs)
    )


def _largest(
    network: ReluNetwork, other: ReluNetwork, problem: Problem, budget: Budget
) -> Best | None:
    """The largest difference; None if it may be on many regions, or time is over."""
    bounds = SliverBounds(network, other, problem.domain)
    crowded: list[bool] = []

    def thinned(held: list[_Held]) -> tuple[float, list[_Held]]:
        if held and max(top for top, _ in held) <= 0.0:
            return 0.0, held[:1]
        crowded.append(True)
        return -math.inf, []

    record: Record[_Spot] = Record(thinned)

    def take(regions: Valued) -> None:
        low, high = bounds.ends(regions)
        record.take(low.max(0), high.max(0), lambda region: _Spot(regions, region))

    def over() -> bool:
        return budget.spent() or record.is_open or bool(crowded)

    visit = visit_regions(network, problem.domain, take, over)
    places = record.places()
    if over() or not visit.complete:
        return None
    best: Best | None = None
    for count, (top, spot) in enumerate(places):
        if best is not None and best[1] >= Fraction(top):
            break
        if budget.spent() or count == MOST_REGIONS:
            return None
        least = record.least if best is None else max(record.least, below(best[1]))
        found = _largest_on(bounds, network, spot, problem, least)
        if best is None or found[1] > best[1]:
            best = found
    return best


def _largest_on(
    bounds: SliverBounds,
    network: ReluNetwork,
    spot: _Spot,
    problem: Problem,
    least: float,
) -> Best:
    """The largest of the goals on a region, exactly, if it is at least `least`."""
    regions, region = spot
    (on,) = network.unit_patterns(regions.bits(np.array([region])))
    domain, units = problem.domain, sum(problem.network.widths)
    row = units + len(domain.rows()[1])
    cell = _cell(network, on.tolist(), domain, row + 1)
    corners = np.array([[float(v) for v in point] for point in cell.points()])
    cell = _cut(cell, corners, bounds.highest(regions, region, corners), least, row)
    largest = Largest([goal[0].outputs for goal in problem.goals])
    for piece in Pieces(problem.network, domain, within=cell):
        largest.take(piece)
    return largest.best([goal[0].offset for goal in problem.goals])


def _cut(
    cell: Cell, corners: np.ndarray, most: np.ndarray, least: float, row: int
) -> Cell:
    """A part of a cell that holds all points at which a convex function is `least`.

    At a point that is a mean of corners the function is at most the mean of what it is
    there: corners at which it is too small have a small weight. So a linear function
    that is larger there than at the others is small where the function is not.

    Args:
        cell: The cell.
        corners: Its corners as floats.
        most: What the function is at most at the corners.
        least: The least value of interest.
        row: A number for the row by which the cell is cut.
    """
    is_top = ~(most < min(least, most.max()))
    if is_top.all() or not np.isfinite(most).all():
        return cell
    normal = _apart(corners[is_top], corners[~is_top])
    if normal is None:
        return cell
    highest, rest = Fraction(most.max()), Fraction(most[~is_top].max())
    weight = (highest - Fraction(least)) / (highest - rest)
    weight = max(weight, Fraction(1, 1 << BITS))  # Some interior is left.
    values = [
        sum(a * v for a, v in zip(normal, point, strict=True))
        for point in cell.points()
    ]
    near = max(v for v, top in zip(values, is_top, strict=True) if top)
    end = near + weight * max(0, *(v - near for v in values))
    if end >= max(values) or end <= min(values):
        return cell
    bottom = math.lcm(end.denominator, *(a.denominator for a in normal))
    return clipped(cell, [int(v * bottom) for v in (*normal, end)], row)


def _apart(tops: np.ndarray, others: np.ndarray) -> list[Fraction] | None:
    """A linear function that is larger at some points than at others, if one is found.

    On the first points it is nearly constant.
    """
    sides = others - tops[0]
    sides = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    along = tops[1:] - tops[0]
    zero = np.zeros((len(along), 1))
    rows = [
        np.append(-sides, np.ones((len(sides), 1)), axis=1),
        np.append(along, zero, axis=1),
        np.append(-along, zero, axis=1),
    ]
    dim = tops.shape[1]
    G, ones = np.concatenate(rows), np.ones(dim + 1)
    cost = np.append(np.zeros(dim), 1.0)
    if not np.isfinite(G).all():
        return None
    solved = solve_rows(G, np.zeros(len(G)), cost, -ones, ones)
    if solved is None or not solved[0][-1] > 0.0:
        return None
    return [
        Fraction(round(v * (1 << BITS)), 1 << BITS) for v in solved[0][:dim].tolist()
    ]


def _cell(
    network: ReluNetwork, on: Sequence[bool], domain: BoundedDomain, row: int
) -> Cell:
    """The region of a pattern, by its corners; its rows are numbered from one on."""
    exact, cell, start = ExactNetwork(network, domain), domain.cell(), 0
    sources = [input_forms(exact.dim)]
    for index, layer in enumerate(network.hidden):
        pre = pre_activations(exact.layer(index), sources)
        own = on[start : start + layer.width]
        for unit in np.flatnonzero(layer.kinks).tolist():
            (values,) = values_at_corners(cell, pre, [unit])
            if min(values) < 0 < max(values):
                cell = split(cell, values, row)[0 if own[unit] else 1]
                row += 1
        sources.append(activations(exact.layer(index), pre, own))
        start += layer.width
    return cell
