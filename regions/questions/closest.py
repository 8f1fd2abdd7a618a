"""The nearest input of another class, over the list of pieces, exactly."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from regions.domains.corners import Cell
from regions.domains.shapes import Box
from regions.enumeration.budget import Budget
from regions.lp.exact_lp import maximize
from regions.network import ReluNetwork
from regions.questions.answer import Point
from regions.questions.class_cells import class_cells, gaps
from regions.questions.nearest import nearest_in_hull
from regions.questions.pieces import Pieces


class Closest(NamedTuple):
    """The nearest point.

    Attributes:
        point: The point.
        size: Its distance, for norm 2 squared.
        pieces: How many pieces were looked at.
    """

    point: Point
    size: Fraction
    pieces: int


def closest_listed(
    network: ReluNetwork,
    box: Box,
    center: Point,
    label: int,
    norm: float | int,
    budget: Budget,
) -> Closest | None:
    """The point of a box nearest to another where another output begins to exceed.

    None if there is none in the box, or the budget was spent.
    """
    pieces = Pieces(network, box, budget)
    best: tuple[Fraction, Point] | None = None
    for piece in pieces:
        for found, cell in class_cells(piece, network.output_dim):
            # Where outputs are equal all over a part, none exceeds the other.
            if found == label or not any(gaps(piece, cell, found, label)):
                continue
            if best is not None and _least(cell, center, norm) >= best[0]:
                continue
            point, size = _nearest(cell, center, norm)
            if best is None or size < best[0]:
                best = size, point
    if best is None or not pieces.complete:
        return None
    return Closest(best[1], best[0], pieces.count)


def _least(cell: Cell, center: Point, norm: float | int) -> Fraction:
    """A lower bound of the distance: that of the box around a cell."""
    gaps = []
    for axis, middle in zip(zip(*cell.points(), strict=True), center, strict=True):
        gaps.append(max(min(axis) - middle, middle - max(axis), Fraction(0)))
    return sum((g * g if norm == 2 else g for g in gaps), Fraction())


def separating_normal(
    cell: Cell, center: Point, norm: float | int, size: Fraction
) -> Point:
    """A normal that proves a cell to lie at least so far from a point.

    For all points p of the cell `normal . (p - center)` is at least the distance times
    the norm of the normal, in norm 1 at least the distance, where no entry exceeds 1.

    Args:
        cell: A cell that does.
        center: The point.
        norm: 1 or 2.
        size: The distance, for norm 2 squared.
    """
    gaps = []
    for axis, middle in zip(zip(*cell.points(), strict=True), center, strict=True):
        below, above = middle - max(axis), min(axis) - middle
        gaps.append(above if above > 0 else -below if below > 0 else Fraction(0))
    # Of most cells the box around them lies that far.
    if norm == 2 and sum((g * g for g in gaps), Fraction()) >= size:
        return tuple(gaps)
    if norm == 1 and sum(map(abs, gaps), Fraction()) >= size:
        return tuple(Fraction((g > 0) - (g < 0)) for g in gaps)
    if norm == 2:
        point, _ = nearest_in_hull(cell.points(), center)
        return tuple(p - c for p, c in zip(point, center, strict=True))
    return _steepest_normal(cell.points(), center)


def _steepest_normal(corners: Sequence[Point], center: Point) -> Point:
    """The normal without entries beyond 1 along which all corners lie farthest."""
    dim = len(center)
    rows = [
        [*(c - v for v, c in zip(corner, center, strict=True)), Fraction(1)]
        for corner in corners
    ]
    right = [Fraction(0)] * len(rows)
    for sign in (1, -1):
        rows += [
            [Fraction(sign * int(i == k)) for i in range(dim + 1)] for k in range(dim)
        ]
        right += [Fraction(1)] * dim
    best = maximize([Fraction(0)] * dim + [Fraction(1)], rows, right)
    assert best.x is not None
    return tuple(best.x[:-1])


def _nearest(cell: Cell, center: Point, norm: float | int) -> tuple[Point, Fraction]:
    """The nearest point of a cell, and its distance, for norm 2 squared."""
    corners = cell.points()
    if norm == 2:
        return nearest_in_hull(corners, center)
    return _nearest_in_sum(corners, center)


def _nearest_in_sum(corners: Sequence[Point], center: Point) -> tuple[Point, Fraction]:
    """The same in norm 1: a linear program in the weights of the corners.

    For each pattern of signs the distance is linear, and the largest of them is it.
    """
    count = len(corners)
    rows, right = [], []
    for k in range(count):
        rows.append([Fraction(-int(i == k)) for i in range(count)] + [Fraction(0)])
        right.append(Fraction(0))
    for sign in (1, -1):
        rows.append([Fraction(sign)] * count + [Fraction(0)])
        right.append(Fraction(sign))
    for signs in itertools.product((1, -1), repeat=len(center)):
        row = [
            sum((s * v for s, v in zip(signs, corner, strict=True)), Fraction())
            for corner in corners
        ]
        rows.append([*row, Fraction(-1)])
        right.append(
            sum((s * c for s, c in zip(signs, center, strict=True)), Fraction())
        )
    best = maximize([Fraction(0)] * count + [Fraction(-1)], rows, right)
    assert best.x is not None
    assert best.value is not None
    weights = best.x[:-1]
    point = tuple(
        sum((w * v for w, v in zip(weights, axis, strict=True)), Fraction())
        for axis in zip(*corners, strict=True)
    )
    return point, -best.value
