"""A unit of the next layer on many cells: an affine form with a bound of its error."""

import dataclasses

import numpy as np
from jaxtyping import Float64, Int

from regions.enumeration.tree.cells import value_doubt
from regions.signs.rounding import SAFETY, SMALLEST, is_certain

MODERATE = 2.0**300
"""Forms with a largest number above it, or below its inverse, are rescaled."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A unit's pre-activation on each cell: gradient, offset and rounding."""

    gradient: Float64[np.ndarray, "cells dim"]
    offset: Float64[np.ndarray, " cells"]
    doubt: Float64[np.ndarray, " cells"]

    def take(self, index: np.ndarray) -> "Form":
        """The form on some of the cells."""
        return Form(self.gradient[index], self.offset[index], self.doubt[index])

    def rescaled(self) -> "Form":
        """The same zeros and signs, with huge or tiny numbers brought near 1."""
        size = np.maximum(np.abs(self.gradient).max(1), np.abs(self.offset))
        extreme = (size > MODERATE) | ((size < 1.0 / MODERATE) & (size > 0.0))
        extreme &= np.isfinite(size)
        if not extreme.any():
            return self
        shift = np.where(extreme, np.frexp(size)[1], 0)
        gradient = np.ldexp(self.gradient, -shift[:, None])
        offset = np.ldexp(self.offset, -shift)
        same = (np.ldexp(gradient, shift[:, None]) == self.gradient).all(1)
        same &= np.ldexp(offset, shift) == self.offset
        lost = np.where(same & (self.doubt == 0.0), 0.0, 8 * gradient.shape[1])
        doubt = SAFETY * np.ldexp(self.doubt, -shift) + lost * SMALLEST
        return Form(gradient, offset, np.where(extreme, doubt, self.doubt))

    def norm(self) -> Float64[np.ndarray, " cells"]:
        """Length of the gradient, 1 where it is zero."""
        length = np.linalg.norm(self.gradient, axis=1)
        return np.where(length > 0.0, length, 1.0)

    def distance(self, points: np.ndarray) -> Float64[np.ndarray, " cells"]:
        """Distance of points from the unit's boundary, infinite without gradient."""
        value = np.abs((self.gradient * points).sum(1) + self.offset)
        flat = ~self.gradient.any(1)
        return np.where(flat, np.inf, value / self.norm())

    def side_of_box(
        self,
        low: Float64[np.ndarray, "cells dim"],
        high: Float64[np.ndarray, "cells dim"],
    ) -> Int[np.ndarray, " cells"]:
        """1 or -1 where the unit has that sign on a whole box, else 0."""
        reach = np.maximum(np.abs(low), np.abs(high))
        one, two = self.gradient * low, self.gradient * high
        least = np.minimum(one, two).sum(1) + self.offset
        most = np.maximum(one, two).sum(1) + self.offset
        size = (np.abs(self.gradient) * reach).sum(1) + np.abs(self.offset)
        bound = value_doubt(self.doubt, size, reach.max(1), low.shape[1])
        zero = ~self.gradient.any(1) & (self.offset == 0.0) & (self.doubt == 0.0)
        above, below = is_certain(least, bound), is_certain(-most, bound)
        return np.where(above, 1, np.where(below | zero, -1, 0))
