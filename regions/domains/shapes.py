"""Where regions are counted: a box, a segment, a slice, a simplex or the whole space.

Every domain has coordinates `t` of its own, the *chart*: `x = origin + t @ directions`.
Engines work in the chart, where the domain is a box or the standard simplex, both of
them simple polytopes with exact float64 facets. On a `Box` the chart is the identity.
"""

import abc
import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

import numpy as np
from jaxtyping import Float64

from regions.domains.domain_vectors import (
    check_finite,
    check_independent,
    check_input_dim,
    difference,
    fractions,
    short_text,
    vector,
)
from regions.domains.simple_polytope import (
    SimplePolytope,
    box_polytope,
    standard_simplex,
)
from regions.network import ArrayLike, ReluNetwork


class _Domain(abc.ABC):
    """What all bounded domains share; each says where its chart comes from."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self is other or self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        parts = self.to_dict()
        del parts["kind"]
        return f"{type(self).__name__}({', '.join(map(short_text, parts.values()))})"

    def _parts(self) -> tuple[bytes, ...]:
        """The numbers that say which domain it is."""
        fields = (getattr(self, f.name) for f in dataclasses.fields(cast(Any, self)))
        arrays = [f._parts() if isinstance(f, _Domain) else (f + 0.0,) for f in fields]
        return tuple(
            a if isinstance(a, bytes) else a.tobytes() for part in arrays for a in part
        )

    @abc.abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return self.chart_box().dim

    @property
    def is_chart_identity(self) -> bool:
        """Whether `t` and `x` are the same."""
        return False

    @abc.abstractmethod
    def chart_box(self) -> "Box":
        """Smallest box around the domain, in chart coordinates."""

    def polytope(self) -> SimplePolytope:
        """The domain in chart coordinates."""
        box = self.chart_box()
        return box_polytope(box.lower, box.upper)

    def rational_volume(self) -> Fraction:
        """Exact volume in chart coordinates."""
        box = self.chart_box()
        sides = zip(fractions(box.lower), fractions(box.upper), strict=True)
        return math.prod((high - low for low, high in sides), start=Fraction(1))


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Box(_Domain):
    """The points with `lower <= x <= upper`.

    Raises:
        ValueError: If an entry is not finite or some `lower >= upper`.

    Example:
        >>> Box([0, 0], [1, 2]).dim
        2
    """

    lower: np.ndarray
    upper: np.ndarray

    def __init__(self, lower: ArrayLike, upper: ArrayLike):
        low, high = vector(lower, "lower"), vector(upper, "upper")
        if low.shape != high.shape:
            raise ValueError(
                f"`lower` has {len(low)} entries and `upper` has {len(high)}: they "
                "must be equal."
            )
        bad = np.flatnonzero(low >= high)
        if len(bad):
            i = int(bad[0])
            raise ValueError(
                f"`lower[{i}]` is {low[i]} and `upper[{i}]` is {high[i]}: each lower "
                "end must be below the upper end."
            )
        object.__setattr__(self, "lower", low)
        object.__setattr__(self, "upper", high)

    @classmethod
    def cube(cls, dim: int, half_width: float = 1.0) -> "Box":
        """The cube `[-half_width, half_width]^dim`."""
        return cls(np.full(dim, -half_width), np.full(dim, half_width))

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return len(self.lower)

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return self.dim

    @property
    def is_chart_identity(self) -> bool:
        """Whether `t` and `x` are the same."""
        return True

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network as a function of the chart coordinates."""
        check_input_dim(self.ambient_dim, network)
        return network

    def embed(self, t: Float64[np.ndarray, "points dim"]) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`."""
        return t

    def chart_box(self) -> "Box":
        """Smallest box around the domain, in chart coordinates."""
        return self

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        unit = [
            [Fraction(int(i == j)) for j in range(self.dim)] for i in range(self.dim)
        ]
        return [Fraction(0)] * self.dim, unit

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {
            "kind": "box",
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
        }


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Slice(_Domain):
    """The points `origin + t @ directions` with t in a box.

    Raises:
        ValueError: If shapes do not fit or the directions are linearly dependent.

    Example:
        >>> Slice(np.zeros(784), np.eye(2, 784), Box.cube(2)).dim
        2
    """

    origin: np.ndarray
    directions: np.ndarray
    box: Box

    def __init__(self, origin: ArrayLike, directions: ArrayLike, box: Box):
        start = vector(origin, "origin")
        rows = np.array(directions, np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(start) or len(rows) == 0:
            raise ValueError(
                f"`directions` has shape {rows.shape}: (slice dimensions, "
                f"{len(start)}) is required, one row per direction."
            )
        check_finite(rows, "directions")
        if box.dim != len(rows):
            raise ValueError(
                f"`box` has dimension {box.dim} and there are {len(rows)} "
                "`directions`: they must be equal."
            )
        check_independent([fractions(row) for row in rows], "directions")
        rows.setflags(write=False)
        object.__setattr__(self, "origin", start)
        object.__setattr__(self, "directions", rows)
        object.__setattr__(self, "box", box)

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return len(self.origin)

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network as a function of the chart coordinates."""
        check_input_dim(self.ambient_dim, network)
        return network.restrict(self.origin, self.directions)

    def embed(self, t: Float64[np.ndarray, "points dim"]) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`."""
        return self.origin + t @ self.directions

    def chart_box(self) -> "Box":
        """Smallest box around the domain, in chart coordinates."""
        return self.box

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        return fractions(self.origin), [fractions(row) for row in self.directions]

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {
            "kind": "slice",
            "origin": self.origin.tolist(),
            "directions": self.directions.tolist(),
            "box": self.box.to_dict(),
        }


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Segment(_Domain):
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
class Simplex(_Domain):
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
        points = np.array(vertices, np.float64)
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
        if self.dim < 1:
            raise ValueError(f"`dim` is {self.dim}: at least 1 is required.")

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return self.dim

    @property
    def is_chart_identity(self) -> bool:
        """Whether `t` and `x` are the same."""
        return True

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network itself."""
        check_input_dim(self.ambient_dim, network)
        return network

    def embed(self, t: Float64[np.ndarray, "points dim"]) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`: the same."""
        return t

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        unit = [
            [Fraction(int(i == j)) for j in range(self.dim)] for i in range(self.dim)
        ]
        return [Fraction(0)] * self.dim, unit

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {"kind": "whole_space", "dim": self.dim}


BoundedDomain = Box | Slice | Segment | Simplex
Domain = BoundedDomain | WholeSpace


def embed_exactly(domain: Domain, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The point of the ambient space for rational chart coordinates, exactly.

    Example:
        >>> embed_exactly(Segment([0.0, 1.0], [1.0, 1.0]), [Fraction(1, 3)])
        (Fraction(1, 3), Fraction(1, 1))
    """
    if domain.is_chart_identity:
        return tuple(point)
    origin, directions = domain.rational_chart()
    return tuple(
        start
        + sum(
            (t * row[i] for t, row in zip(point, directions, strict=True)), Fraction()
        )
        for i, start in enumerate(origin)
    )


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
    if kind == "whole_space":
        return WholeSpace(int(data["dim"]))
    raise ValueError(
        f"`kind` of the domain is {kind!r}: box, slice, segment, simplex or "
        "whole_space is required."
    )
