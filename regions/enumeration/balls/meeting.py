"""Does the interior of a region meet an open ball? Decided by its exact distance.

In the chart of a ball its center is 0. Of a region's rows those that hold all over the
ball do not matter; a row that holds nowhere in it says no by itself. The point of the
others nearest to 0 decides: the region meets the open ball if and only if that point is
nearer than the radius. (If it is, the way from it to any point inside the region begins
in the ball, and lies inside the region.) A region that only touches the ball does not
meet it.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.ball import Ball
from regions.lp.exact_lp import interior
from regions.lp.exact_rows import IntegerRow
from regions.lp.least_distance import nearest_to_origin
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork, nearest_float, to_fraction
from regions.signs.rounding import are_in_ball

Point = tuple[Fraction, ...]


class BallTest:
    """Which regions meet a ball, and points in both.

    Args:
        network: The network.
        ball: A ball of the norm 2.
    """

    def __init__(self, network: ReluNetwork, ball: Ball):
        assert ball.squared_radius is not None
        self._exact = ExactNetwork(network, ball)
        self._kinks, self._layers = network.kinks, len(network.hidden)
        self._ball, self._square = ball, ball.squared_radius

    def inside(
        self, points: Float64[np.ndarray, "points dim"]
    ) -> Bool[np.ndarray, " points"]:
        """Which points of the chart are proved to lie in the ball, in float64."""
        return are_in_ball(points, self._ball.radius)

    def holds(self, point: Sequence[Fraction]) -> bool:
        """Whether a point of the chart lies in the open ball."""
        return sum((v * v for v in point), Fraction()) < self._square

    def point(
        self, bits: Bool[np.ndarray, " bits"], near: Sequence[Fraction]
    ) -> Point | None:
        """A point of the ball strictly inside a region; None if there is none.

        Args:
            bits: The pattern of the region, a bit for each unit with a kink.
            near: A point that may lie inside the region; it is used if it does.
        """
        rows = self._rows(bits)
        if rows is None:
            return None
        found = nearest_to_origin(rows, self._ball.dim)
        if found is None:
            return None
        nearest = [to_fraction(v) for v in found]
        if not self.holds(nearest):
            return None
        within = tuple(near) if _strictly(rows, near) else self._any_point(rows)
        return None if within is None else self._between(rows, nearest, within)

    def meets_facet(self, bits: Bool[np.ndarray, " bits"], unit: int) -> bool:
        """Whether the open ball meets the facet that a unit makes of a region.

        Args:
            bits: The pattern of the region, a bit for each unit with a kink.
            unit: Number of the hidden unit.
        """
        rows = self._rows(bits)
        full = np.zeros(len(self._kinks), bool)
        full[self._kinks] = bits
        *gradient, offset = self._exact.affine_forms(full, layers=self._layers)[unit]
        sign = 1 if full[unit] else -1
        # On the facet the row holds with equality.
        back = [*(sign * v for v in gradient), -sign * offset]
        if rows is None or [-v for v in back] not in rows:
            return False
        found = nearest_to_origin([*rows, back], self._ball.dim)
        return found is not None and self.holds([to_fraction(v) for v in found])

    def _any_point(self, rows: list[IntegerRow]) -> Point | None:
        """A point strictly inside some rows; None if they have no interior."""
        return interior([row[:-1] for row in rows], [row[-1] for row in rows]).witness

    def _between(
        self, rows: list[IntegerRow], nearest: list[Fraction], within: Point
    ) -> Point:
        """A point of the ball on the way from the nearest point to one inside."""
        share = Fraction(1)
        while True:
            point = tuple(
                a + share * (b - a) for a, b in zip(nearest, within, strict=True)
            )
            if self.holds(point):
                break
            share /= 2
        rounded = tuple(Fraction(nearest_float(v)) for v in point)
        good = self.holds(rounded) and _strictly(rows, rounded)
        return rounded if good else point

    def _rows(self, bits: Bool[np.ndarray, " bits"]) -> list[IntegerRow] | None:
        """The rows `a . t <= b` that cross the ball; None if one holds nowhere."""
        full = np.zeros(len(self._kinks), bool)
        full[self._kinks] = bits
        forms = self._exact.affine_forms(full, layers=self._layers)
        top, bottom = self._square.as_integer_ratio()
        rows = []
        for unit in np.flatnonzero(self._kinks).tolist():
            *gradient, offset = forms[unit]
            sign = 1 if full[unit] else -1
            right = sign * offset
            if right == 0 and not any(gradient):
                if full[unit]:
                    return None
                continue  # zero all over the region: off by convention
            length = sum(v * v for v in gradient)
            if right * right * bottom >= top * length:
                if right < 0:
                    return None
                continue
            rows.append([*(-sign * v for v in gradient), right])
        return rows


def _strictly(rows: Sequence[IntegerRow], point: Sequence[Fraction]) -> bool:
    """Whether a point satisfies all rows strictly."""
    return all(
        sum((a * v for a, v in zip(row, point, strict=False)), Fraction()) < row[-1]
        for row in rows
    )
