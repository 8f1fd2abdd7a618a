"""Exact values at corners of visited regions, of which many may be equal."""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from regions.enumeration.cells.valued import Valued
from regions.questions.answer import Point
from regions.questions.carried_back import CarriedBack, Map
from regions.signs.exact import ExactNetwork


@dataclasses.dataclass(frozen=True, eq=False)
class Spot:
    """A corner of a region.

    Attributes:
        regions: Some regions.
        region: Which one.
        place: Which of all their corners.
    """

    regions: Valued
    region: int
    place: int

    @functools.cached_property
    def point(self) -> Point:
        """The corner in the chart."""
        return self.regions.corner(self.region, self.place)


class CornerValues:
    """The values of a combination of the outputs.

    Where it is constant no corner is made.

    Args:
        exact: The network on the domain.
        weights: One for each output.
    """

    def __init__(self, exact: ExactNetwork, weights: Sequence[Fraction]):
        self._network = exact.network
        self._maps = CarriedBack(exact, weights)
        self._last: tuple[Valued, int, Map] | None = None

    def at(self, spot: Spot) -> Fraction:
        """The value at a corner."""
        found = self._map(spot)
        return found.at(() if found.is_constant else spot.point)

    def _map(self, spot: Spot) -> Map:
        """The map on the region of a corner: mostly the same as the time before."""
        last = self._last
        if last is None or last[0] is not spot.regions or last[1] != spot.region:
            bits = spot.regions.bits(np.array([spot.region]))
            (units,) = self._network.unit_patterns(bits)
            last = self._last = spot.regions, spot.region, self._maps(units)
        return last[2]

    def thinned(
        self, held: list[tuple[float, Spot]], stop: Callable[[], bool]
    ) -> tuple[float, list[tuple[float, Spot]]]:
        """One of some corners at which the value is largest, and a bound below it.

        Args:
            held: Bounds above the values, and the corners: all are handed back where
                it is stopped before.
            stop: Asked often; says whether to stop.
        """
        best, least, known = None, -math.inf, None
        for top, spot in held:
            # Of a map that is constant one corner is enough.
            if top <= least or (found := self._map(spot)) is known:
                continue
            if stop():
                return -math.inf, held
            value = self.at(spot)
            if best is None or value > best[0]:
                best, least = (value, top, spot), below(value)
            if found.is_constant:
                known = found
        return (least, []) if best is None else (least, [best[1:]])


def below(value: Fraction) -> float:
    """A float64 number that is at most this, and near; minus infinity if none is."""
    try:
        near = float(value)
    except OverflowError:
        return -math.inf
    return near if near <= value else math.nextafter(near, -math.inf)
