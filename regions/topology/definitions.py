"""Numbers of regions of a network by five definitions, exactly.

References:
    M. Stargalla, C. Hertrich, D. Reichman, The computational complexity of counting
    linear regions in ReLU neural networks, NeurIPS 2025 (2505.16716).
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain
from regions.errors.arguments import kinds_checked
from regions.errors.limits import check, limited, never
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.signs.exact import Columns, ExactNetwork
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex
from regions.topology.topology import complex_of
from regions.topology.vertex_values import with_outputs_hidden


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


@kinds_checked
def count_by_definition(
    network: NetworkLike,
    domain: DomainLike,
    *,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
) -> Counts:
    """The numbers of regions of a network by several definitions.

    Patterns of points on the boundary of a bounded domain do not count.

    Args:
        network: The network.
        domain: A bounded domain of 2 to 5 dimensions, or the whole space.
        max_seconds: Give up after this time.
        stop: Asked often whether to give up.

    Raises:
        ValueError: If the domain is not served.
        LimitError: If a limit was reached.

    Example:
        >>> from regions.domains.shapes import WholeSpace
        >>> cross = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> count_by_definition(cross, WholeSpace(2))
        Counts(activation=4, proper=4, open=4, closed=4, affine=4)
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    if not network.hidden:
        network = with_outputs_hidden(network)
    with limited(max_seconds=max_seconds, stop=stop):
        return _counts(network, domain)


def _counts(network: ReluNetwork, domain: Domain) -> Counts:
    """The same, within the limits of the block around."""
    table, complex_, box = complex_of(network, domain)
    regions = complex_.members[-1]
    bits = unpack_bits(table.patterns, network.num_bits)
    exact = ExactNetwork(network, box)
    maps = []
    for on in network.unit_patterns(bits):
        check()
        maps.append(exact.affine_map(on))
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
    if not network.num_bits:
        return 1  # the pattern of no unit
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
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    order = np.lexsort((region, piece[region], item))
    a, b = order[:-1], order[1:]
    same = (item[a] == item[b]) & (piece[region[a]] == piece[region[b]])
    one, other = region[a[same]], region[b[same]]
    size = len(piece)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), (size, size))
    return int(connected_components(graph, directed=False)[0])
