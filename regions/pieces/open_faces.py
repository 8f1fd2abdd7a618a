"""Regions that meet relatively open faces, and the one sum that counts all regions.

A region is an open convex set. With the relative interior of a face it has nothing in
common, or an open ball of the dimension of the face. The Euler characteristic with
compact supports of an open k-ball is (-1)^k, and it is additive over relatively open
faces. So if faces make up a body that each region meets in an open ball of dimension m,
then

    number of regions = sum over faces F of (-1)^(m - dim F) N(F),

where N(F) is how many regions meet the relative interior of F. A box is counted so on
the faces of a grid.

On a face of full dimension, N(F) is the number of cells of the network there. On a
smaller face a cell may lie in the boundary of regions, where some unit vanishes that
does not vanish around it; it does not count. `Interiors` decides that exactly.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Bool

from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.signs.predicate import Predicate, Signs

EXACT_CHUNK, FLOAT_CHUNK = 32, 8192
"""Rational and float64 points between two questions whether to stop."""

Point = tuple[Fraction, ...]


def sign_of(codimension: int) -> int:
    """How the count of a face enters the sum: 1 or -1.

    Args:
        codimension: Dimension of the ball that a region has in common with all faces,
            minus that of the face.

    Example:
        >>> sum(sign_of(codim) * n for codim, n in [(0, 3), (0, 4), (1, 2)])
        5
    """
    return -1 if codimension % 2 else 1


class Interiors:
    """Says which points lie strictly inside a region of the whole space, exactly.

    Args:
        network: The network.

    Example:
        >>> network = ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], None)
        >>> Interiors(network).contain(np.array([[0.5, 0.0], [0.0, 3.0]])).tolist()
        [True, False]
    """

    def __init__(self, network: ReluNetwork):
        self._predicate = Predicate(network, WholeSpace(network.input_dim))
        self._kinks = network.kinks

    def signs(self, points: Sequence[Point] | np.ndarray) -> Signs:
        """Signs of the units, and at which points none vanishes that has a boundary."""
        return self._predicate.signs(points)

    def contain(
        self,
        points: Sequence[Point] | np.ndarray,
        bits: Bool[np.ndarray, "points units"] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Bool[np.ndarray, " points"]:
        """Whether every unit is nonzero at each point, or zero all around it.

        Args:
            points: Rational points, or float64 ones `(points, dim)`.
            bits: If given, whether the units moreover have these signs.
            check: Called between points; it may raise to stop.
        """
        inside = np.ones(len(points), bool)
        step = FLOAT_CHUNK if isinstance(points, np.ndarray) else EXACT_CHUNK
        for start in range(0, len(points), step):
            check()
            part = slice(start, start + step)
            found = self.signs(points[part])
            inside[part] = found.strict
            if bits is not None:
                same = (found.on == bits[part]) | ~self._kinks
                inside[part] &= same.all(axis=1)
        return inside
