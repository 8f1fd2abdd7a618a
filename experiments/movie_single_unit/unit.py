"""One unit, max(ax + by + c, 0), on a square: its sheet, its crease, three facts of it.

The crease is perpendicular to (a, b), the sheet rises with slope sqrt(a^2 + b^2), and
the crease lies at the distance -c / sqrt(a^2 + b^2) from the origin along (a, b).
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

import regions
from regions.partition.class_polygons import region_polygons

SQUARE = regions.Box([-1.0, -1.0], [1.0, 1.0])


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """The numbers of a unit; (a, b) is not zero."""

    a: float
    b: float
    c: float

    @property
    def slope(self) -> float:
        """Steepness of the sheet beyond the crease."""
        return math.hypot(self.a, self.b)

    @property
    def direction(self) -> float:
        """Angle of (a, b), along which the sheet rises, in degrees."""
        return math.degrees(math.atan2(self.b, self.a))

    @property
    def offset(self) -> float:
        """Signed distance of the crease from the origin along (a, b)."""
        return -self.c / self.slope


class Sheet(NamedTuple):
    """The graph of a unit over the square, from the exact regions of a network.

    Attributes:
        polygons: Corners of each area with their heights, counterclockwise.
        is_rising: Whether the unit is on in each area.
        crease: Ends of the crease, or None if it misses the square.
        errors: Differences of the three facts from what the regions say: the cosine of
            crease and (a, b), slope, and offset; NaN where there is nothing to compare.
    """

    polygons: list[Float64[np.ndarray, "corners 3"]]
    is_rising: Bool[np.ndarray, " areas"]
    crease: Float64[np.ndarray, "2 3"] | None
    errors: Float64[np.ndarray, " facts"]


def sheet_of(unit: Unit) -> Sheet:
    """The sheet of a unit."""
    network = regions.ReluNetwork.from_arrays(
        [[[unit.a, unit.b]], [[1.0]]], [[unit.c], [0.0]]
    )
    found = regions.enumerate_regions(network, SQUARE)
    polygons = [np.column_stack([p, network(p)[:, 0]]) for p in region_polygons(found)]
    errors = np.full(3, np.nan)
    is_rising = found.pattern_bits()[:, 0]
    if is_rising.any():
        gradient = found.affine_maps()[0][is_rising.argmax(), 0]
        errors[1] = abs(float(np.linalg.norm(gradient)) - unit.slope)
    if len(found) < 2:
        return Sheet(polygons, is_rising, None, errors)
    flat, rising = (polygons[k][:, :2] for k in np.argsort(is_rising))
    gaps = np.abs(flat[:, None] - rising).max(axis=2).min(axis=1)
    start, end = flat[np.argsort(gaps)[:2]]
    along = (end - start) / np.linalg.norm(end - start)
    normal = np.array([unit.a, unit.b]) / unit.slope
    errors[0] = abs(float(along @ normal))
    errors[2] = abs(float(start @ normal) - unit.offset)
    crease = np.column_stack([[start, end], [0.0, 0.0]])
    return Sheet(polygons, is_rising, crease, errors)


class Act(NamedTuple):
    """One of the movies: a name, and the unit at each share of its length."""

    name: str
    start: Unit
    varied: str

    def unit_at(self, share: float) -> Unit:
        """The unit at a share of the movie; it ends where it began."""
        if self.varied == "angle":
            turn = 2.0 * math.pi * share
            a = self.start.slope * math.cos(turn)
            return Unit(a, self.start.slope * math.sin(turn), self.start.c)
        swing = RANGE * math.cos(2.0 * math.pi * share)
        return dataclasses.replace(self.start, **{self.varied: swing})


RANGE = 2.0
"""What is varied goes from 2 to -2 and back."""

ACTS = (
    Act("rotating", Unit(1.5, 0.0, -0.3), "angle"),
    Act("varying a", Unit(0.0, 1.0, 0.25), "a"),
    Act("varying b", Unit(1.0, 0.0, 0.25), "b"),
    Act("varying c", Unit(1.2, 0.9, 0.0), "c"),
)
"""The four movies of the post."""
