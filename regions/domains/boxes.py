"""What all domains share, and boxes: of the whole space, or in a slice through it.

Engines ask a domain for its rows `A t <= b`, for its corners with the rows through
each, and for a point inside, all in its chart and all exact.
"""

import abc
import dataclasses
import math
from fractions import Fraction
from typing import Any, cast

import numpy as np
from jaxtyping import Float64

from regions.domains.corners import Cell, corner_of
from regions.domains.domain_vectors import (
    check_finite,
    check_independent,
    check_input_dim,
    exact_numbers,
    fractions,
    short_text,
    unit_directions,
    vector,
    whole_number,
)
from regions.domains.simple_polytope import SimplePolytope, box_polytope
from regions.errors.arguments import found
from regions.network import ArrayLike, ReluNetwork


class DomainBase(abc.ABC):
    """What all domains but the whole space share."""

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
        arrays = [
            f._parts() if isinstance(f, DomainBase) else (f + 0.0,) for f in fields
        ]
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

    @property
    def is_bounded(self) -> bool:
        """Whether the domain is bounded."""
        return True

    @property
    def squared_radius(self) -> Fraction | None:
        """Of a ball of the norm 2, the square of its radius; None for a polytope."""
        return None

    @property
    def is_simple(self) -> bool:
        """Whether the domain has a `polytope()`, with exact float64 corners."""
        return True

    def polytope(self) -> SimplePolytope:
        """A simple domain in chart coordinates."""
        box = self.chart_box()
        return box_polytope(box.lower, box.upper)

    def rows(self) -> tuple[Float64[np.ndarray, "rows dim"], np.ndarray]:
        """`A t <= b` in the chart, exact, as `polytope()` numbers its facets.

        Does not list the corners of a box, of which there are too many in high
        dimension.
        """
        box = self.chart_box()
        A, axes = np.zeros((2 * box.dim, box.dim)), np.arange(box.dim)
        A[2 * axes, axes], A[2 * axes + 1, axes] = -1.0, 1.0
        return A, np.stack([-box.lower, box.upper], axis=1).ravel() + 0.0

    def corners(self) -> Float64[np.ndarray, "corners dim"]:
        """The corners in the chart, rounded to float64."""
        return self.polytope().vertices

    def cell(self) -> Cell:
        """The exact corners in the chart, with the rows of `rows()` through each."""
        polytope = self.polytope()
        corners = tuple(corner_of(fractions(v)) for v in polytope.vertices)
        zeros = (sum(1 << int(f) for f in facets) for facets in polytope.vertex_facets)
        return Cell(corners, tuple(zeros))

    def inside(self) -> tuple[Fraction, ...]:
        """A point strictly inside, in the chart, exactly."""
        box = self.chart_box()
        ends = zip(fractions(box.lower), fractions(box.upper), strict=True)
        return tuple((low + high) / 2 for low, high in ends)

    def rational_volume(self) -> Fraction:
        """Exact volume in chart coordinates."""
        box = self.chart_box()
        sides = zip(fractions(box.lower), fractions(box.upper), strict=True)
        return math.prod((high - low for low, high in sides), start=Fraction(1))


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Box(DomainBase):
    """The points with `lower <= x <= upper`.

    Where both ends are equal on some axes, what is made is the `Slice` that this is,
    whose coordinates are those of the other axes.

    Raises:
        ValueError: If an entry is not finite, some `lower > upper`, or all are equal.

    Example:
        >>> Box([0, 0], [1, 2]).dim
        2
        >>> Box([0, 0.5], [1, 0.5])
        Slice([0, 0.5], [[1, 0]], Box([0], [1]))
    """

    lower: np.ndarray
    upper: np.ndarray

    def __new__(cls, lower: Any = None, upper: Any = None) -> "Box":
        """The box, or the slice that it is."""
        # Copies are made without arguments.
        if lower is not None and upper is not None:
            low, high = vector(lower, "lower"), vector(upper, "upper")
            fixed = low == high if low.shape == high.shape else np.zeros(1, bool)
            if fixed.any() and (low <= high).all():
                return cast(Box, _flat_box(low, high, fixed))
        return object.__new__(cls)

    def __init__(self, lower: ArrayLike, upper: ArrayLike):
        low, high = vector(lower, "lower"), vector(upper, "upper")
        if low.shape != high.shape:
            raise ValueError(
                f"`lower` has {len(low)} entries and `upper` has {len(high)}: they "
                "must be equal."
            )
        bad = np.flatnonzero(low > high)
        if len(bad):
            i = int(bad[0])
            raise ValueError(
                f"`lower[{i}]` is {low[i]} and `upper[{i}]` is {high[i]}: no lower end "
                "may be above the upper end."
            )
        object.__setattr__(self, "lower", low)
        object.__setattr__(self, "upper", high)

    @classmethod
    def cube(cls, dim: int, half_width: float = 1.0) -> "Box":
        """The cube `[-half_width, half_width]^dim`."""
        dim = whole_number(dim, "dim")
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
        return [Fraction(0)] * self.dim, unit_directions(self.dim)

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {
            "kind": "box",
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
        }


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Slice(DomainBase):
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
        rows = exact_numbers(directions, "directions")
        if rows.ndim != 2 or rows.shape[1] != len(start) or len(rows) == 0:
            raise ValueError(
                f"`directions` has shape {rows.shape}: (slice dimensions, "
                f"{len(start)}) is required, one row per direction."
            )
        check_finite(rows, "directions")
        if not isinstance(box, Box):
            raise TypeError(
                f"`box` is {found(box)}: a Box of the slice's coordinates is required."
            )
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


def _flat_box(low: np.ndarray, high: np.ndarray, fixed: np.ndarray) -> Slice:
    """The box on whose fixed axes both ends are equal."""
    if fixed.all():
        raise ValueError(
            "`lower` and `upper` are the same point: on some axis the lower end must "
            "be below the upper end."
        )
    free = ~fixed
    return Slice(
        np.where(fixed, low, 0.0), np.eye(len(low))[free], Box(low[free], high[free])
    )
