"""Single regions of a set: taken out by number, or found by a point."""

import dataclasses
import functools
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.domain_vectors import fractions
from regions.domains.shapes import Ball, Domain
from regions.lp.farkas import slack_signs
from regions.models.arguments import read_point
from regions.network import ArrayLike, as_numbers
from regions.patterns.halfspaces import AffineMap
from regions.patterns.packing import pack_bits
from regions.polytopes.polytope import Polytope, polytope_at
from regions.results.code_text import code_text
from regions.results.region_table import RegionTable
from regions.signs.inside import inside_domain
from regions.signs.predicate import signs


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ActivationRegion:
    """One region of a set.

    Attributes:
        regions: The set.
        index: Its number there.
    """

    regions: RegionTable
    index: int

    def __repr__(self) -> str:
        code = code_text(self.regions.network, self.pattern)
        code = code if len(code) <= 40 else f"{code[:37]}..."
        return f"ActivationRegion({self.index}, {code})"

    @property
    def pattern(self) -> Bool[np.ndarray, " bits"]:
        """Its pattern, one bool per unit, in the order of `network.units`."""
        return self.regions.pattern_bits(slice(self.index, self.index + 1))[0]

    @property
    def coordinates(self) -> Float64[np.ndarray, " dim"]:
        """A point strictly inside, in chart coordinates of the domain."""
        return self.regions.coordinates[self.index]

    @property
    def witness(self) -> Float64[np.ndarray, " ambient_dim"]:
        """A point strictly inside, in the network's input space."""
        return self.regions.domain.embed(self.coordinates[None])[0]

    @functools.cached_property
    def affine_map(self) -> AffineMap:
        """The network on it, in the network's input space."""
        parts = self.regions.affine_maps(slice(self.index, self.index + 1))
        return AffineMap(*(part[0] for part in parts))

    @functools.cached_property
    def polytope(self) -> Polytope:
        """Its inequalities and facets, in the chart of the domain."""
        return polytope_at(self.regions.network, self.coordinates, self.regions.domain)


def region_of(regions: RegionTable, points: ArrayLike) -> Any:
    """Index of the region that contains a point, or of each of several, exactly.

    Args:
        regions: The set.
        points: A point, or one a row, in chart coordinates of the domain.

    Returns:
        The index; an array of them for several points.

    Raises:
        ValueError: If a point lies on a boundary, outside of the domain, or in no
            region of the set.
    """
    array = as_numbers(points, "points")
    if array.ndim == 2:
        return _indices(regions, array)
    chart = not regions.domain.is_chart_identity
    point = read_point(array, regions.domain.dim, "points", chart=chart)
    return int(_indices(regions, point[None])[0])


def _indices(
    regions: RegionTable, points: Float64[np.ndarray, "points dim"]
) -> Int[np.ndarray, " points"]:
    """Index of the region of each point."""
    if points.shape[1] != regions.domain.dim or not np.isfinite(points).all():
        raise ValueError(
            f"`points` has shape {points.shape}: finite points of "
            f"{regions.domain.dim} entries, one a row, are required."
        )
    # A region may go on, with its pattern, where the domain has ended.
    for k in np.flatnonzero(~inside_domain(points, regions.domain)):
        if _is_outside(points[k], regions.domain):
            raise ValueError(
                f"the point {points[k][:4]} lies outside of the domain: give points of "
                "it."
            )
    here = signs(regions.network, regions.domain, points)
    tied = np.flatnonzero(~here.strict)
    if len(tied):
        raise ValueError(
            f"the point {points[tied[0]][:4]} lies on the boundary of a region: move "
            "it a little."
        )
    packed = pack_bits(here.on[:, regions.network.kinks])
    numbers = {pattern.tobytes(): k for k, pattern in enumerate(regions.patterns)}
    found = [numbers.get(pattern.tobytes(), -1) for pattern in packed]
    if -1 in found:
        more = "" if regions.complete else ", which is not complete: search further"
        raise ValueError(
            f"the point {points[found.index(-1)][:4]} lies in none of the "
            f"{len(regions)} regions found{more}."
        )
    return np.array(found, np.int64)


def _is_outside(point: Float64[np.ndarray, " dim"], domain: Domain) -> bool:
    """Whether a point of the chart lies beyond the border of a domain, exactly."""
    if isinstance(domain, Ball) and domain.squared_radius is not None:
        return sum(x * x for x in fractions(point)) > domain.squared_radius
    return bool((slack_signs(*domain.rows(), point) < 0).any())
