"""Numbers of regions of a network by five definitions, in the whole space, exactly."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from regions.domains.shapes import BoundedDomain
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.signs.exact import Columns, ExactNetwork
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex
from regions.topology.whole_space import box_with_all_vertices


class Counts(NamedTuple):
    """Numbers of regions, each at least as large as the next.

    Attributes:
        activation: Patterns that some point has, in regions without interior, too.
        proper: Activation regions with an interior.
        open: Maximal connected open sets on which the function is one affine map.
        closed: Maximal connected closed ones: parts that touch in a point are one.
        affine: Distinct affine maps: the largest sets, connected or not.
    """

    activation: int
    proper: int
    open: int
    closed: int
    affine: int


PAIRS = tuple(itertools.combinations(Counts._fields, 2))


def count_by_definition(network: ReluNetwork) -> Counts:
    """The numbers of regions of a network in the whole space.

    Raises:
        ValueError: If the network is constant along some direction.
    """
    found = box_with_all_vertices(network, lambda: False)
    assert not isinstance(found, int)
    box, table, complex_ = found
    regions = complex_.members[-1]
    bits = unpack_bits(table.patterns, network.num_bits)
    exact = ExactNetwork(network, box)
    maps = [exact.affine_map(on) for on in network.unit_patterns(bits)]
    names = {piece: number for number, piece in enumerate(dict.fromkeys(maps))}
    piece = np.array([names[m] for m in maps])
    facets = complex_.boundaries[-1]
    return Counts(
        activation=_patterns(network, box, table, complex_),
        proper=len(regions),
        open=_joined(facets.owner, facets.items, piece),
        closed=_joined(regions.owner, regions.items, piece),
        affine=len(names),
    )


def _patterns(
    network: ReluNetwork,
    box: BoundedDomain,
    table: CornerTable,
    complex_: FaceComplex,
) -> int:
    """Distinct patterns of the insides of all faces.

    A unit is on inside a face if and only if it is at one of its vertices, as it has
    one sign on the face.
    """
    corners = complex_.corner.tolist()
    points = [table.exact_point(corner) for corner in corners]
    on = ExactNetwork(network, box).signs(Columns.of_points(points)) > 0
    seen: set[bytes] = set()
    for faces, outer in zip(complex_.members, complex_.outer, strict=True):
        table_of_bits = np.stack([faces.any_in(unit) for unit in on[network.kinks]], 1)
        seen.update(row.tobytes() for row in table_of_bits[~outer])
    return len(seen)


def _joined(region: np.ndarray, item: np.ndarray, piece: np.ndarray) -> int:
    """Classes of regions of one affine map that are joined by common faces."""
    order = np.lexsort((region, piece[region], item))
    a, b = order[:-1], order[1:]
    same = (item[a] == item[b]) & (piece[region[a]] == piece[region[b]])
    one, other = region[a[same]], region[b[same]]
    size = len(piece)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), (size, size))
    return int(connected_components(graph, directed=False)[0])
