"""Exact clipping of intervals, polygons and polyhedra by integer halfspaces.

A polytope is the list of its facets, each a tuple of vertices: one end, an edge run
counterclockwise, or a polygon run counterclockwise as seen from outside. Vertices are
primitive integer vectors (t w, w) with w > 0, so that equal points are equal tuples.
"""

import itertools
from collections.abc import Iterable

from flint import fmpq, fmpz

from regions.certificates.integer_forms import Row, primitive, value

Facet = tuple[Row, ...]


def cut(facets: list[Facet], row: Row) -> list[Facet]:
    """The part of a polytope where `row` is not negative.

    Returns:
        The facets of the part, or none if it has no interior.
    """
    vertices = {vertex for facet in facets for vertex in facet}
    values = {vertex: value(row, vertex) for vertex in vertices}
    if all(v >= 0 for v in values.values()):
        return facets
    if all(v <= 0 for v in values.values()):
        return []
    return _CUTS[len(row) - 2](facets, values)


def _cut_interval(facets: list[Facet], values: dict[Row, fmpz]) -> list[Facet]:
    """Facets are the lower end, then the upper end."""
    (low,), (high,) = facets
    root = crossing(low, high, values)
    return [(root,), (high,)] if values[low] < 0 else [(low,), (root,)]


def _cut_polygon(facets: list[Facet], values: dict[Row, fmpz]) -> list[Facet]:
    """Facets are edges in order; one new edge closes the polygon."""
    return _edges(_cut_cycle(tuple(start for start, _ in facets), values))


def _edges(cycle: tuple[Row, ...]) -> list[Facet]:
    """Edges between consecutive vertices."""
    return list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))


def _cut_cycle(cycle: tuple[Row, ...], values: dict[Row, fmpz]) -> tuple[Row, ...]:
    """The part of a polygon where values are not negative."""
    kept: list[Row] = []
    for start, end in _edges(cycle):
        if values[start] >= 0:
            kept.append(start)
        if values[start] * values[end] < 0:
            kept.append(crossing(start, end, values))
    return tuple(kept)


def _cut_polyhedron(facets: list[Facet], values: dict[Row, fmpz]) -> list[Facet]:
    """Each facet is cut; the edges on the cut, reversed, make the new facet."""
    kept, follow = [], {}
    for facet in facets:
        if all(values[vertex] <= 0 for vertex in facet):
            continue
        part = _cut_cycle(facet, values)
        kept.append(part)
        for start, end in _edges(part):
            if not values.get(start, 0) and not values.get(end, 0):
                follow[end] = start
    first = next(iter(follow))
    cycle = [first]
    while (vertex := follow[cycle[-1]]) != first:
        cycle.append(vertex)
    return [*kept, tuple(cycle)]


_CUTS = (_cut_interval, _cut_polygon, _cut_polyhedron)
MAX_DIM = len(_CUTS)


def crossing(start: Row, end: Row, values: dict[Row, fmpz]) -> Row:
    """The point between two vertices of opposite signs where the form vanishes."""
    a, b = abs(values[start]), abs(values[end])
    return primitive(tuple(p * b + q * a for p, q in zip(start, end, strict=True)))


def domain_facets(corners: list[Row]) -> list[Facet]:
    """Facets of a box or simplex of dimension 1 to 3, from its corners.

    Args:
        corners: The corners: of a simplex the origin first, of a box in
            lexicographic order.
    """
    dim = len(corners[0]) - 1
    if dim == 1:
        return [(corner,) for corner in corners]
    if len(corners) == dim + 1:
        cycles = [(0, 1, 2)] if dim == 2 else _TETRAHEDRON
    else:
        cycles = [(0, 2, 3, 1)] if dim == 2 else _CUBE
    picked = [tuple(corners[k] for k in cycle) for cycle in cycles]
    return _edges(picked[0]) if dim == 2 else picked


# Seen from outside, counterclockwise; corner 4 i + 2 j + k of the cube is (i, j, k).
_TETRAHEDRON = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
_CUBE = [
    (0, 1, 3, 2),
    (4, 6, 7, 5),
    (0, 4, 5, 1),
    (2, 3, 7, 6),
    (0, 2, 6, 4),
    (1, 5, 7, 3),
]


def oriented(facet: Facet, index: int) -> tuple[Facet, int]:
    """A name of a facet that both its sides agree on, and on which side it is seen.

    Args:
        facet: The facet.
        index: Its place among the facets, which tells an interval's ends apart.
    """
    if len(facet) == 1:
        return facet, 1 if index else -1
    if len(facet) == 2:
        start, end = facet
        return (facet, 1) if start < end else ((end, start), -1)
    first = facet.index(min(facet))
    turned = (*facet[first:], *facet[:first])
    if turned[1] < turned[-1]:
        return turned, 1
    return (turned[0], *reversed(turned[1:])), -1


def signed_volume(facet: Facet) -> fmpq:
    """Volume of the cone from the origin over an oriented facet."""
    if len(facet) == 1:
        return fmpq(*facet[0])
    if len(facet) == 2:
        (px, py, pw), (qx, qy, qw) = facet
        return fmpq(px * qy - qx * py, 2 * pw * qw)
    first = facet[0]
    return exact_sum(
        fmpq(_determinant(first, p, q), 6 * first[3] * p[3] * q[3])
        for p, q in itertools.pairwise(facet[1:])
    )


def _determinant(p: Row, q: Row, r: Row) -> fmpz:
    """Determinant of the first three coordinates."""
    return (
        p[0] * (q[1] * r[2] - q[2] * r[1])
        - p[1] * (q[0] * r[2] - q[2] * r[0])
        + p[2] * (q[0] * r[1] - q[1] * r[0])
    )


def exact_sum(terms: Iterable[fmpq]) -> fmpq:
    """The sum, in a balanced tree: denominators grow with the number of terms."""
    level = list(terms)
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0] if level else fmpq(0)
