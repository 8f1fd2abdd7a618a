"""Corners and facets of the regions of a domain of three to six dimensions."""

from collections.abc import Callable

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.drawing import Rings, match_bits
from regions.enumeration.cells.space.drawing import facet_slots
from regions.enumeration.cells.space.exact import ExactCorners, unpack
from regions.enumeration.cells.space.state import Leaves
from regions.enumeration.cells.space.walk import SpaceTask, walk_all
from regions.enumeration.engine import Progress
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.topology.corners import NONE, CornerTable
from regions.topology.matching import (
    ExactPlaces,
    Facets,
    Places,
    match_facets,
    same_vertices,
)


def space_corners(
    network: ReluNetwork,
    domain: BoundedDomain,
    stop: Callable[[], bool],
    progress: Progress | None = None,
) -> CornerTable | int:
    """What `corner_table` gives, in three dimensions and more."""
    task = SpaceTask(network, domain, _keep)
    walks = walk_all(task, stop, progress)
    if any(walk.parts_left for walk in walks):
        return sum(walk.regions for walk in walks)
    chunks: list[Leaves] = [chunk for walk in walks for chunk in walk.taken]
    layers = len(network.hidden)
    bits = np.concatenate([unpack(task.net, chunk.bits, layers) for chunk in chunks])
    patterns = pack_bits(bits[:, network.kinks])
    facets = _facets(chunks)
    exact = ExactPlaces(ExactCorners(network, domain, task.net), chunks)
    rings = _rings(network, len(task.net.facets), facets, len(bits))
    partner = match_bits(rings, patterns)
    points = np.concatenate([chunk.x.T for chunk in chunks]) * task.net.scale
    reach = np.concatenate([chunk.reach for chunk in chunks]) * task.net.scale.max()
    places = Places(points, reach)
    match_facets(facets, rings, partner, places, exact)
    counts = np.concatenate([np.diff(chunk.end, prepend=0) for chunk in chunks])
    return CornerTable(
        dim=domain.dim,
        patterns=patterns,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        vertex=same_vertices(facets, partner, places, exact),
        points=points,
        errors=reach,
        facet_region=facets.region,
        facet_offsets=facets.offsets,
        facet_corners=facets.corners,
        facet_bit=rings.bit,
        partner=partner,
        exact_point=exact.point,
    )


def _keep(task: SpaceTask, leaves: Leaves) -> Leaves:
    """The regions as they are."""
    del task
    return leaves


def _facets(chunks: list[Leaves]) -> Facets:
    """The facets of all regions, region after region."""
    parts, first_region, first_corner = [], 0, 0
    for chunk in chunks:
        slots = 64 * len(chunk.zeros)
        flat = np.ascontiguousarray(chunk.zeros.T).view(np.uint8)
        inside = np.unpackbits(flat, axis=1, bitorder="little")[:, :slots]
        is_facet = facet_slots(chunk)
        region, slot = np.nonzero(is_facet)
        number = np.full(is_facet.shape, NONE)
        number[region, slot] = np.arange(len(region))
        of_corner = np.repeat(np.arange(len(chunk.end)), np.diff(chunk.end, prepend=0))
        q, s = np.nonzero(inside & is_facet[of_corner])
        facet = number[of_corner[q], s]
        order = np.argsort(facet, kind="stable")
        sizes = np.bincount(facet, minlength=len(region))
        rows = chunk.row[region, slot].astype(np.int64)
        parts.append((first_region + region, rows, sizes, first_corner + q[order]))
        first_region += len(chunk.end)
        first_corner += len(of_corner)
    region, row, sizes, corners = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return Facets(region, row, np.concatenate([[0], np.cumsum(sizes)]), corners)


def _rings(
    network: ReluNetwork, num_domain_facets: int, facets: Facets, num_regions: int
) -> Rings:
    """The facets as `match_bits` reads them."""
    bit_of = np.where(network.kinks, np.cumsum(network.kinks) - 1, NONE)
    bit_of = np.concatenate([np.full(num_domain_facets, NONE), bit_of])
    counts = np.bincount(facets.region, minlength=num_regions)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    number = np.arange(len(facets.row))
    return Rings(offsets, facets.region, number, bit_of[facets.row], facets.row)
