"""Corners of domains in exact integers, and directions where a domain has no end."""

import itertools
import math
from collections.abc import Iterator, Sequence

from flint import fmpq, fmpq_mat, fmpz_mat

from regions.domains.shapes import BoundedDomain
from regions.enumeration.restriction.hyperplanes import Row, integer_rows
from regions.enumeration.restriction.polytopes import Corner, slice_corners, values


def domain_corners(domain: BoundedDomain) -> tuple[list[Corner], list[Row]]:
    """The corners of a domain in its chart, and its facets by their bit in these.

    Raises:
        ValueError: If the domain has no corner.
    """
    facets = facet_rows(domain)
    if not domain.is_simple:
        return _corners_of_rows(facets)
    polytope = domain.polytope()
    rows = integer_rows([[*point.tolist(), 1.0] for point in polytope.vertices])
    corners = [
        Corner(tuple(row), sum(1 << int(f) for f in facets))
        for row, facets in zip(rows, polytope.vertex_facets, strict=True)
    ]
    return corners, facets


def facet_rows(domain: BoundedDomain) -> list[Row]:
    """The facets of a domain in its chart as integer rows, negative inside."""
    A, b = domain.rows()
    rows = [[*a.tolist(), -float(right)] for a, right in zip(A, b, strict=True)]
    return [tuple(v // math.gcd(*row) for v in row) for row in integer_rows(rows)]


def most_corners(domain: BoundedDomain) -> int:
    """Corners that a polytope of so many rows has at most (McMullen's bound)."""
    rows, dim = len(domain.rows()[1]) + (not domain.is_bounded), domain.dim
    return sum(
        math.comb(rows - (dim + k) // 2, rows - dim) for k in (1, 2) if rows > dim
    )


def has_corner(domain: BoundedDomain) -> bool:
    """Whether a domain holds no whole line."""
    return len(independent([row[:-1] for row in facet_rows(domain)])[0]) == domain.dim


def _corners_of_rows(rows: Sequence[Row]) -> tuple[list[Corner], list[Row]]:
    """Corners of the polyhedron in which rows are negative, and its facets.

    Some rows have a cone between them; the others cut it.
    """
    dim = len(rows[0]) - 1
    first, columns = independent([row[:-1] for row in rows])
    if len(columns) < dim:
        raise ValueError("the polyhedron holds a whole line, and so has no corner.")
    order = [*first, *(k for k in range(len(rows)) if k not in first)]
    facets = [rows[k] for k in order[:dim]] + [(*[0] * dim, 1)]
    # Negative on all sides, the last of all cones.
    *_, corners = cones_between(facets)
    for k in order[dim:]:
        at, bit = values(rows[k], corners), 1 << len(facets)
        facets.append(rows[k])
        if max(at) < 0:
            continue
        kept = [c for c, value in zip(corners, at, strict=True) if value < 0]
        cut = slice_corners(corners, at, dim - 1)
        corners = kept + [Corner(c.point, c.facets | bit) for c in cut]
    return corners, facets


def cones_between(facets: Sequence[Row]) -> Iterator[list[Corner]]:
    """Corners of all cones between independent forms; the last is positive on all.

    They come in the order of the signs, those with positive ones first.
    """
    size = len(facets)
    matrix = fmpz_mat(size, size, [v for row in facets for v in row])
    # Column k of the inverse is where all forms vanish but the k-th, which is positive.
    inverse = fmpq_mat(matrix.transpose()).inv()
    rays = [_primitive_ray(row) for row in inverse.table()]
    every = (1 << size) - 1
    for signs in itertools.product((1, -1), repeat=size - 1):
        yield [
            Corner(tuple(sign * v for v in ray), every & ~(1 << k))
            for k, (ray, sign) in enumerate(zip(rays, (*signs, 1), strict=True))
        ]


def _primitive_ray(direction: Sequence[fmpq]) -> Row:
    """The shortest integer vector of a direction."""
    common = math.lcm(*(int(v.q) for v in direction))
    row = [int(v.p) * (common // int(v.q)) for v in direction]
    return tuple(v // math.gcd(*row) for v in row)


def independent(normals: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The first rows that span all of them, and columns on which they keep their rank.

    Args:
        normals: Integer rows, at least one.
    """
    entries = [v for row in normals for v in row]
    matrix = fmpz_mat(len(normals), len(normals[0]), entries)
    return _pivots(matrix.transpose()), _pivots(matrix)


def _pivots(matrix: fmpz_mat) -> list[int]:
    """The first columns on which a matrix keeps its rank."""
    reduced, _, rank = matrix.rref()
    columns = range(matrix.ncols())
    return [next(c for c in columns if reduced[k, c] != 0) for k in range(rank)]
