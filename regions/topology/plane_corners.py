"""Corners and edges of the regions of a plane domain."""

import dataclasses
import functools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.answers import PatternForms, meeting_point
from regions.enumeration.cells.drawing import (
    Rings,
    begin_vertices,
    match_bits,
    match_ends,
    rings_of,
    unit_bits,
)
from regions.enumeration.cells.flat import FlatNetwork, flatten
from regions.enumeration.cells.plane import DRAW
from regions.enumeration.cells.plane_walk import UNLIMITED, Task, walk_all
from regions.enumeration.engine import Progress
from regions.network import ReluNetwork
from regions.topology.corners import CornerTable


def plane_corners(
    network: ReluNetwork,
    domain: BoundedDomain,
    stop: Callable[[], bool],
    progress: Progress | None = None,
) -> CornerTable | int:
    """What `corner_table` gives, in two dimensions."""
    net = flatten(network, domain)
    walks = walk_all(Task(network, domain, net, UNLIMITED, DRAW), stop, progress)
    if any(walk.parts_left for walk in walks):
        return sum(walk.regions for walk in walks)
    chunks = [chunk for walk in walks for chunk in walk.chunks]
    patterns = np.concatenate([chunk.patterns for chunk in chunks])
    corners = np.concatenate([chunk.corners for chunk in chunks])
    rings = rings_of(
        net,
        np.concatenate([chunk.ring_sizes for chunk in chunks]),
        np.concatenate([chunk.rows for chunk in chunks]),
    )
    partner = match_bits(rings, patterns)
    match_ends(network, domain, net, rings, patterns, partner)
    points = net.middle + net.scale * corners[:, :2]
    errors = corners[:, 2] * net.scale.max()
    errors += 4.0 * np.finfo(float).eps * (np.abs(points).max(1) + net.scale.max())
    count = len(points)
    before = np.empty(count, np.int64)
    before[rings.after] = np.arange(count)
    return CornerTable(
        dim=2,
        patterns=patterns,
        offsets=rings.offsets,
        vertex=begin_vertices(rings, partner),
        points=points,
        errors=errors,
        facet_region=rings.region,
        facet_offsets=np.arange(0, 2 * count + 1, 2),
        facet_corners=np.stack([np.arange(count), rings.after], 1).ravel(),
        facet_bit=rings.bit,
        partner=partner,
        exact_point=_ExactPoints(network, domain, net, patterns, rings, before),
    )


@dataclasses.dataclass(frozen=True)
class _ExactPoints:
    """Where the edges that meet at a corner do, exactly; it pickles."""

    network: ReluNetwork
    domain: BoundedDomain
    net: FlatNetwork
    patterns: UInt8[np.ndarray, "regions bytes"]
    rings: Rings
    before: Int[np.ndarray, " corners"]

    @functools.cached_property
    def forms(self) -> PatternForms:
        """Affine forms of the units under a pattern."""
        return PatternForms(self.network, self.domain, self.net)

    def __call__(self, corner: int) -> tuple[Fraction, ...]:
        rings = self.rings
        bits = unit_bits(self.network, self.net, self.patterns[rings.region[corner]])
        known, ends = self.forms.of_bits(bits), (self.before[corner], corner)
        return meeting_point(*(self.forms.row(int(rings.row[e]), known) for e in ends))

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
