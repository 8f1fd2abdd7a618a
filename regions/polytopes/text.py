"""The report on a polytope as plain text."""

from collections.abc import Iterator, Sequence

import numpy as np

from regions.lp import solve
from regions.lp.recession import Recession
from regions.patterns.names import unit_name
from regions.polytopes.formats import hash_code, inequality_text
from regions.polytopes.report import HULL_DIM, SHAPE_DIM, Inequality, PolytopeReport

MAX_SHOWN = 8
"""Longer vectors, and matrices with more rows, are cut."""
BALL_CAP = 1e6


def to_text(report: PolytopeReport) -> str:
    """The whole report."""
    lines = [
        f"point       {vector(report.x)}",
        f"pattern     {_cut(hash_code(report.network, report.pattern), 400)}",
        *_affine_map(report),
    ]
    lines += _boundary(report) if report.meeting is not None else _region(report)
    return "\n".join(lines) + "\n"


def vector(values: Sequence[float] | np.ndarray) -> str:
    """`(0.5, -1, ...)`, cut after a few entries."""
    shown = [f"{v:.6g}" for v in values[:MAX_SHOWN]]
    more = len(values) - len(shown)
    return f"({', '.join(shown)}{f', ... {more} more' if more else ''})"


def _cut(text: str, length: int) -> str:
    """The text, or its beginning."""
    return text if len(text) <= length else f"{text[:length]}... ({len(text)} signs)"


def _affine_map(report: PolytopeReport) -> Iterator[str]:
    """The map, one output per line."""
    jacobian, offset = report.affine_map.jacobian, report.affine_map.offset
    for k, (row, constant) in enumerate(zip(jacobian, offset, strict=True), start=1):
        if k > MAX_SHOWN:
            yield f"            ... {len(offset) - MAX_SHOWN} more outputs"
            return
        head = "affine map" if k == 1 else ""
        yield f"{head:<11} y{k} = {vector(row)} . x + {constant:.6g}"


def _boundary(report: PolytopeReport) -> Iterator[str]:
    """What meets at a point of a boundary."""
    meeting = report.meeting
    assert meeting is not None
    units = ", ".join(map(unit_name, meeting.units))
    yield ""
    count = len(meeting.patterns)
    where = units or "the edge of the domain"
    yield f"The point lies exactly on a boundary: {where}."
    yield f"{count} region{'s' * (count > 1)} meet{'s' * (count == 1)} there:"
    for pattern, direction in zip(meeting.patterns, meeting.directions, strict=True):
        code = _cut(hash_code(report.network, pattern), 120)
        yield f"  {code}  along {vector(direction)}"


def _region(report: PolytopeReport) -> Iterator[str]:
    """Facets and shape."""
    facets = report.inequalities
    yield ""
    redundant = report.num_rows - len(facets)
    ending = "y" if redundant == 1 else "ies"
    yield (
        f"{len(facets)} facet{'s' * (len(facets) != 1)}, {redundant or 'no'} redundant "
        f"inequalit{ending}"
    )
    width = max((len(f.name) for f in facets), default=0)
    for facet in facets:
        yield f"  {facet.name:<{width}}  {inequality_text(facet)}"
        about = (
            f"distance {facet.distance:.4g} to its hyperplane; on the facet lies "
            f"{vector(facet.point)}"
        )
        if facet.neighbor is not None:
            about += f"; {_change(facet)}"
        yield f"  {'':<{width}}  {about}"
    yield ""
    yield from _shape(report)
    yield from _recession(report)


def _change(facet: Inequality) -> str:
    """What happens to the affine map where the facet is crossed."""
    if facet.rank == 0:
        return "across the facet the affine map stays the same"
    return (
        f"across the facet the Jacobian changes by a matrix of norm {facet.jump:.4g} "
        f"and rank {facet.rank}; the output is continuous"
    )


def _shape(report: PolytopeReport) -> Iterator[str]:
    """Ball, bounds, volume and vertices, as far as the dimension allows."""
    polytope = report.polytope
    assert polytope is not None
    if polytope.dim > SHAPE_DIM:
        ball = solve.chebyshev_ball(polytope.rows, max_radius=BALL_CAP)
        least = ball.radius > 0.99 * BALL_CAP
        radius = f"more than {0.99 * BALL_CAP:.3g}" if least else f"{ball.radius:.6g}"
        yield f"ball        radius {radius} around {vector(ball.center)}"
        yield f"            (bounds and vertices: up to {SHAPE_DIM} dimensions)"
        return
    center, radius = polytope.chebyshev
    yield f"ball        radius {radius:.6g} around {vector(center)}"
    lower, upper = polytope.bounds
    yield f"bounds      {vector(lower)} to {vector(upper)}"
    closed = report.recession is None or report.recession.is_trivial
    if closed and polytope.is_bounded and polytope.dim <= HULL_DIM:
        vertices = polytope.vertices()
        yield f"volume      {polytope.volume():.6g}"
        yield f"vertices    {len(vertices)}"
        yield from (f"            {vector(v)}" for v in vertices[: 4 * MAX_SHOWN])


def _recession(report: PolytopeReport) -> Iterator[str]:
    """Whether the region is bounded, and where it recedes."""
    cone, dim = report.recession, len(report.x)
    if cone is None:
        if len(report.inequalities) < dim:
            free = dim - len(report.inequalities)
            yield f"unbounded   it holds whole planes of dimension {free} at least"
        else:
            yield f"recession   not looked for in {dim} dimensions"
        return
    if cone.is_trivial:
        yield "bounded     no direction recedes"
        return
    if not cone.lineality and cone.direction is None:
        yield "recession   no receding direction was found"
        return
    yield f"unbounded   {_directions_title(cone)}:"
    for u in cone.lineality:
        yield f"            +- {vector(_scaled(u))}"
    rays = cone.rays if cone.rays is not None else (cone.direction,)
    for u in rays:
        if u is not None:
            yield f"            {vector(_scaled(u))}"


def _directions_title(cone: Recession) -> str:
    """What the directions are that follow: all of the recession cone, or a part."""
    if cone.rays is None:
        return "it recedes along these directions, and perhaps others (too many facets)"
    if not cone.rays:
        return "it recedes along these lines and their combinations, and no other way"
    if not cone.lineality:
        return "it recedes along these directions, which are all its extreme rays"
    return "it recedes along these lines (+-) and rays, which are all the extreme ones"


def _scaled(direction: Sequence[int]) -> list[float]:
    """A direction with the largest entry 1 or -1."""
    largest = max(abs(v) for v in direction)
    return [v / largest for v in direction]
