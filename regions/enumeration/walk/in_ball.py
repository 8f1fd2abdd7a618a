"""Walks in a ball of the norm 2: which regions belong, and points of the ball in them.

The ball is convex, so any two regions that meet it are joined by a way inside it, which
crosses facets only between regions that meet it, too: those beyond need no look.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.ball import Ball
from regions.enumeration.balls.meeting import BallTest
from regions.network import ReluNetwork
from regions.polytopes.crossing import Place
from regions.signs.exact import nearest_float


class InBall:
    """The regions of a network that meet an open ball."""

    def __init__(self, network: ReluNetwork, ball: Ball):
        self._test, self._kinks = BallTest(network, ball), network.kinks
        self._center = (Fraction(0),) * ball.dim

    def check_start(self, start: Float64[np.ndarray, " dim"]) -> None:
        """Raise unless a point of the chart lies inside.

        Raises:
            ValueError: If not.
        """
        if not self._test.holds([Fraction(v) for v in start.tolist()]):
            raise ValueError(
                f"`start` is {np.linalg.norm(start):g} away from the center, outside "
                "the ball or on its border: give a point inside, as its difference "
                "from the center."
            )

    def belongs(self, bits: Bool[np.ndarray, " units"]) -> bool:
        """Whether a region meets the open ball."""
        return self._test.point(bits[self._kinks], self._center) is not None

    def shares(self, bits: Bool[np.ndarray, " units"], unit: int) -> bool:
        """Whether the facet that a unit makes of a region meets the open ball."""
        return self._test.meets_facet(bits[self._kinks], unit)

    def moved(self, place: Place) -> Place:
        """The same region by a point in the ball."""
        near = [Fraction(v) for v in place.inside]
        point = self._test.point(place.bits[self._kinks], near)
        assert point is not None
        floats = [nearest_float(v) for v in point]
        exact = None if list(point) == floats else point
        return Place(place.bits, np.array(floats), exact)
