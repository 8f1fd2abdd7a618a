"""Balls as domains: all points at a distance below the radius from a center.

The chart of a ball is centered: `t = x - center`. There a ball of the norm inf is a box
and one of the norm 1 a polytope of 2^dim rows, both exact in float64. A ball of the
norm 2 is no polytope. It stands in the box around it: `rows` and corners are those of
that box, and a region counts if its interior meets the open ball, which engines decide
from `squared_radius`.
"""

import dataclasses
import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np

from regions.domains.boxes import Box, DomainBase
from regions.domains.corners import Cell, corner_of
from regions.domains.domain_vectors import (
    check_input_dim,
    exact_numbers,
    fractions,
    unit_directions,
    vector,
)
from regions.errors.arguments import found
from regions.network import ArrayLike, ReluNetwork

MAX_SUM_DIM = 10
"""In more dimensions a ball of the norm 1 has too many rows."""
NORMS = (1.0, 2.0, math.inf)


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ball(DomainBase):
    """The points nearer to a center than a radius, in the norm 1, 2 or inf.

    Coordinates of its chart are those of `x - center`.

    Args:
        center: The center.
        radius: The radius.
        norm: 1, 2 or `math.inf`.

    Raises:
        ValueError: If the radius is not positive and finite, or the norm is another one
            or has too many rows in so many dimensions.

    Example:
        >>> disc = Ball([0.5, 0.0], 0.25)
        >>> disc, disc.embed(np.array([[0.1, 0.0]]))
        (Ball([0.5, 0], 0.25, 2), array([[0.6, 0. ]]))
    """

    center: np.ndarray
    radius: float
    norm: float

    def __init__(self, center: ArrayLike, radius: float | Fraction, norm: float = 2):
        middle = vector(center, "center")
        size = _positive(radius)
        if norm not in NORMS:
            raise ValueError(f"`norm` is {norm!r}: 1, 2 or inf is required.")
        if norm == 1 and len(middle) > MAX_SUM_DIM:
            raise ValueError(
                f"`norm` is 1 in {len(middle)} dimensions, where a ball has "
                f"2^{len(middle)} sides: at most {MAX_SUM_DIM} dimensions are served; "
                "take the norm 2 or inf, or a Slice."
            )
        object.__setattr__(self, "center", middle)
        object.__setattr__(self, "radius", size)
        object.__setattr__(self, "norm", float(norm))

    def _parts(self) -> tuple[bytes, ...]:
        """The numbers that say which domain it is."""
        numbers = np.array([self.radius, self.norm])
        return (self.center + 0.0).tobytes(), numbers.tobytes()

    @property
    def squared_radius(self) -> Fraction | None:
        """The square of the radius where the ball is round; None for a polytope."""
        round_ = self.norm == 2.0 and self.dim > 1
        return Fraction(self.radius) ** 2 if round_ else None

    @property
    def is_simple(self) -> bool:
        """Whether the domain is a box."""
        return self.norm == math.inf or self.dim == 1

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return len(self.center)

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return self.dim

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network as a function of the chart coordinates."""
        check_input_dim(self.ambient_dim, network)
        return network.restrict(self.center, np.eye(self.dim))

    def embed(self, t: np.ndarray) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`."""
        return self.center + t

    def chart_box(self) -> Box:
        """Smallest box around the ball, in chart coordinates."""
        return Box.cube(self.dim, self.radius)

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        return fractions(self.center), unit_directions(self.dim)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """`A t <= b` in the chart; of a round ball, of the box around it."""
        if self.norm != 1.0 or self.dim == 1:
            return DomainBase.rows(self)
        signs = list(itertools.product((-1.0, 1.0), repeat=self.dim))
        return np.array(signs), np.full(len(signs), self.radius)

    def cell(self) -> Cell:
        """The exact corners in the chart, with the rows of `rows()` through each."""
        if self.norm != 1.0 or self.dim == 1:
            return DomainBase.cell(self)
        signs, _ = self.rows()
        corners = self.corners()
        touched = corners @ signs.T == self.radius
        return Cell(
            tuple(corner_of(fractions(corner)) for corner in corners),
            tuple(sum(1 << int(k) for k in np.flatnonzero(row)) for row in touched),
        )

    def corners(self) -> np.ndarray:
        """The corners in the chart."""
        if self.norm != 1.0 or self.dim == 1:
            return DomainBase.corners(self)
        axes = self.radius * np.eye(self.dim)
        return np.concatenate([axes, -axes])

    def rational_volume(self) -> Fraction:
        """Exact volume in chart coordinates.

        Raises:
            ValueError: If the ball is round, which has no rational volume.
        """
        if self.squared_radius is not None:
            raise ValueError(
                "the volume of a ball of the norm 2 is no rational number: take the "
                "norm 1 or inf."
            )
        cube = (2 * Fraction(self.radius)) ** self.dim
        return cube / math.factorial(self.dim) if self.norm == 1.0 else cube

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        norm = "inf" if self.norm == math.inf else int(self.norm)
        return {
            "kind": "ball",
            "center": self.center.tolist(),
            "radius": self.radius,
            "norm": norm,
        }


def _positive(radius: Any) -> float:
    """A radius as a number."""
    try:
        size = float(radius)
    except (TypeError, ValueError):
        size = math.nan
    if not 0.0 < size < math.inf:
        raise ValueError(
            f"`radius` is {found(radius)}: a positive, finite number is required."
        )
    exact_numbers([radius], "radius")
    return size
