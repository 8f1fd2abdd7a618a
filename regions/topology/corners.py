"""Corners and facets of all regions, and which corners are the same point.

Where two regions share a facet, its corners are the same points for both. Around a
vertex, facets lead from each region to all others; so what is matched across facets is
all that is the same. Nothing is decided by distances: corners of a shared facet are
matched by the rows that vanish there, or by their rational coordinates.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, UInt8

NONE = -1


class CornerTable(NamedTuple):
    """Corners and facets of all regions of a network on a domain.

    Attributes:
        dim: Dimension of the domain.
        patterns: Packed pattern of each region.
        offsets: Region r has the corners `offsets[r]` to `offsets[r + 1]`.
        vertex: The vertex that each corner is.
        points: Position of each corner, in chart coordinates.
        errors: Proved bounds, in every coordinate, of what the positions are off by.
        facet_region: Region of each facet.
        facet_offsets: Where the corners of each facet start in `facet_corners`.
        facet_corners: Corners of the facets.
        facet_bit: Bit of the unit that vanishes on each facet; `NONE` on the domain's
            boundary.
        partner: The same facet of the region beyond; `NONE` on the domain's boundary.
        exact_point: Gives the rational chart coordinates of a corner.
    """

    dim: int
    patterns: UInt8[np.ndarray, "regions bytes"]
    offsets: Int[np.ndarray, " regions_plus_1"]
    vertex: Int[np.ndarray, " corners"]
    points: Float64[np.ndarray, "corners dim"]
    errors: Float64[np.ndarray, " corners"]
    facet_region: Int[np.ndarray, " facets"]
    facet_offsets: Int[np.ndarray, " facets_plus_1"]
    facet_corners: Int[np.ndarray, " incidences"]
    facet_bit: Int[np.ndarray, " facets"]
    partner: Int[np.ndarray, " facets"]
    exact_point: Callable[[int], tuple[Fraction, ...]]

    @property
    def num_regions(self) -> int:
        """Number of regions."""
        return len(self.offsets) - 1

    @property
    def region(self) -> Int[np.ndarray, " corners"]:
        """Region of each corner."""
        return np.repeat(np.arange(self.num_regions), np.diff(self.offsets))
