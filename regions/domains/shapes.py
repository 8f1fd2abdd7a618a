"""Where regions are counted: a box, a segment, a slice, a simplex or the whole space.

Every domain has coordinates `t` of its own, the *chart*: `x = origin + t @ directions`.
Engines work in the chart, where the domain is a polytope with exact float64 rows: a box
and the standard simplex are simple ones. On a `Box` the chart is the identity.
"""

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float64

from regions.domains.ball import Ball as Ball
from regions.domains.boxes import Box as Box, DomainBase, Slice as Slice
from regions.domains.domain_vectors import (
    check_finite,
    check_independent,
    check_input_dim,
    difference,
    exact_numbers,
    fractions,
    unit_directions,
    vector,
    whole_number,
)
from regions.domains.hpolytope import HPolytope as HPolytope
from regions.domains.simple_polytope import SimplePolytope, standard_simplex
from regions.network import ArrayLike, ReluNetwork


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Segment(DomainBase):
    """The straight line from `start` to `end`; chart coordinate 0 to 1.

    Raises:
        ValueError: If the ends have different lengths or coincide.

    Example:
        >>> Segment([0.0, 0.0], [2.0, 4.0]).embed(np.array([[0.5]]))
        array([[1., 2.]])
    """

    start: np.ndarray
    end: np.ndarray

    def __init__(self, start: ArrayLike, end: ArrayLike):
        first, last = vector(start, "start"), vector(end, "end")
        if first.shape != last.shape:
            raise ValueError(
                f"`start` has {len(first)} entries and `end` has {len(last)}: they "
                "must be equal."
            )
        if (first == last).all():
            raise ValueError(
                "`start` and `end` are the same point: a segment needs two."
            )
        object.__setattr__(self, "start", first)
        object.__setattr__(self, "end", last)

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return len(self.start)

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network as a function of the chart coordinate."""
        check_input_dim(self.ambient_dim, network)
        with np.errstate(over="ignore"):
            direction = self.end - self.start
        return network.restrict(self.start, direction[None])

    def embed(self, t: Float64[np.ndarray, "points 1"]) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`."""
        return self.start * (1.0 - t) + self.end * t

    def chart_box(self) -> "Box":
        """Smallest box around the domain, in chart coordinates."""
        return Box([0.0], [1.0])

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and direction of the chart, exactly."""
        start, end = fractions(self.start), fractions(self.end)
        return start, [difference(end, start)]

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {
            "kind": "segment",
            "start": self.start.tolist(),
            "end": self.end.tolist(),
        }


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Simplex(DomainBase):
    """The convex hull of affinely independent points; the chart is barycentric.

    Raises:
        ValueError: If the points are not affinely independent.

    Example:
        >>> triangle = Simplex([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
        >>> triangle.dim, triangle.embed(np.array([[0.5, 0.25]]))
        (2, array([[1. , 0.5]]))
    """

    vertices: np.ndarray

    def __init__(self, vertices: ArrayLike):
        points = exact_numbers(vertices, "vertices")
        if points.ndim != 2 or not 2 <= len(points) <= points.shape[1] + 1:
            raise ValueError(
                f"`vertices` has shape {points.shape}: 2 to dim + 1 points, one per "
                "row, are required."
            )
        check_finite(points, "vertices")
        first, *rest = (fractions(point) for point in points)
        check_independent([difference(point, first) for point in rest], "vertices")
        points.setflags(write=False)
        object.__setattr__(self, "vertices", points)

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return self.vertices.shape[1]

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network as a function of the chart coordinates."""
        check_input_dim(self.ambient_dim, network)
        with np.errstate(over="ignore"):
            directions = self.vertices[1:] - self.vertices[0]
        return network.restrict(self.vertices[0], directions)

    def embed(self, t: Float64[np.ndarray, "points dim"]) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`."""
        first = 1.0 - t.sum(1, keepdims=True)
        return first * self.vertices[0] + t @ self.vertices[1:]

    def chart_box(self) -> "Box":
        """Smallest box around the domain, in chart coordinates."""
        dim = len(self.vertices) - 1
        return Box(np.zeros(dim), np.ones(dim))

    def polytope(self) -> SimplePolytope:
        """The domain in chart coordinates."""
        return standard_simplex(self.dim)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """`A t <= b` in the chart, as `polytope()` numbers its facets."""
        polytope = self.polytope()
        return polytope.A, polytope.b

    def inside(self) -> tuple[Fraction, ...]:
        """A point strictly inside, in the chart, exactly."""
        return (Fraction(1, self.dim + 1),) * self.dim

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        first, *rest = (fractions(v) for v in self.vertices)
        return first, [difference(row, first) for row in rest]

    def rational_volume(self) -> Fraction:
        """Exact volume in chart coordinates: 1 / dim!."""
        return Fraction(1, math.factorial(self.dim))

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {"kind": "simplex", "vertices": self.vertices.tolist()}


@dataclasses.dataclass(frozen=True, slots=True)
class WholeSpace:
    """All of R^dim.

    Example:
        >>> WholeSpace(2).embed(np.array([[1.0, 2.0]]))
        array([[1., 2.]])
    """

    dim: int

    def __post_init__(self):
        object.__setattr__(self, "dim", whole_number(self.dim, "dim"))

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return self.dim

    @property
    def is_bounded(self) -> bool:
        """Whether the domain is bounded."""
        return False

    @property
    def squared_radius(self) -> None:
        """None: it is no ball."""
        return

    @property
    def is_chart_identity(self) -> bool:
        """Whether `t` and `x` are the same."""
        return True

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """No rows."""
        return np.zeros((0, self.dim)), np.zeros(0)

    def inside(self) -> tuple[Fraction, ...]:
        """The origin."""
        return (Fraction(0),) * self.dim

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network itself."""
        check_input_dim(self.ambient_dim, network)
        return network

    def embed(self, t: Float64[np.ndarray, "points dim"]) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`: the same."""
        return t

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        return [Fraction(0)] * self.dim, unit_directions(self.dim)

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {"kind": "whole_space", "dim": self.dim}


BoundedDomain = Box | Slice | Segment | Simplex | HPolytope | Ball
"""Domains made of rows. (An `HPolytope` may be unbounded: `is_bounded` says so.)"""
Domain = BoundedDomain | WholeSpace


def check_not_round(domain: Domain) -> None:
    """Raise for a ball of the norm 2, in which regions are no polytopes.

    Example:
        >>> try:
        ...     check_not_round(Ball([0.0, 0.0], 1.0))
        ... except ValueError as error:
        ...     print(error)
        `domain` is a ball of the norm 2, and a polytope is required here: take the \
norm 1 or inf, or a Box around it.
    """
    if domain.squared_radius is not None:
        raise ValueError(
            "`domain` is a ball of the norm 2, and a polytope is required here: take "
            "the norm 1 or inf, or a Box around it."
        )


def embed_exactly(domain: Domain, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The point of the ambient space for rational chart coordinates, exactly.

    Example:
        >>> embed_exactly(Segment([0.0, 1.0], [1.0, 1.0]), [Fraction(1, 3)])
        (Fraction(1, 3), Fraction(1, 1))
    """
    if domain.is_chart_identity:
        return tuple(point)
    if isinstance(domain, Ball):
        center = fractions(domain.center)
        return tuple(t + c for t, c in zip(point, center, strict=True))
    origin, directions = domain.rational_chart()
    image = [*origin]
    for t, row in zip(point, directions, strict=True):
        for axis, v in enumerate(row):
            # Most are 0 where there are many.
            if v:
                image[axis] += t * v
    return tuple(image)


def domain_from_dict(data: dict[str, Any]) -> Domain:
    """The domain that `to_dict` described.

    Raises:
        ValueError: If `data` describes no domain.
    """
    if (kind := data.get("kind")) == "box":
        return Box(data["lower"], data["upper"])
    if kind == "slice":
        box = Box(data["box"]["lower"], data["box"]["upper"])
        return Slice(data["origin"], data["directions"], box)
    if kind == "segment":
        return Segment(data["start"], data["end"])
    if kind == "simplex":
        return Simplex(data["vertices"])
    if kind == "polytope":
        return HPolytope(data["A"], data["b"])
    if kind == "ball":
        return Ball(data["center"], data["radius"], float(data["norm"]))
    if kind == "whole_space":
        return WholeSpace(int(data["dim"]))
    raise ValueError(
        f"`kind` of the domain is {kind!r}: box, slice, segment, simplex, "
        "polytope, ball or whole_space is required."
    )
