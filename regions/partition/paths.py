"""Ways from one region to another: the straight line, the shortest, and the graph.

Regions that share a facet are neighbors. The straight line is exact in any dimension;
the shortest path is that of the graph of a set of regions.
"""

import os
import pathlib
from typing import NamedTuple

import networkx
import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import Segment
from regions.enumeration import enumerate_regions
from regions.errors.arguments import kinds_checked
from regions.errors.short_text import short_repr
from regions.files.writing import open_atomically
from regions.models import as_network
from regions.models.arguments import NetworkLike, read_point
from regions.network import ArrayLike
from regions.patterns.names import unit_name
from regions.results.region_set import RegionSet


class Crossing(NamedTuple):
    """One interval of a straight line.

    Attributes:
        start: Where it begins, as a share of the way from 0 to 1.
        end: Where it ends.
        pattern: The pattern on it, one bool per bit.
    """

    start: float
    end: float
    pattern: np.ndarray

    __repr__ = short_repr


@kinds_checked
def regions_between(
    network: NetworkLike,
    start: ArrayLike,
    end: ArrayLike,
) -> list[Crossing]:
    """The intervals in which the straight line between two inputs is cut, in order.

    Exact in any dimension; only the ends of the intervals are rounded. The line may run
    along a boundary: the units that vanish on it are off.

    Raises:
        ValueError: If the inputs coincide or do not fit the network.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> len(regions_between(net, np.array([-1.0, -2.0]), np.array([1.0, 1.0])))
        3
    """
    network = as_network(network)
    ends = (
        read_point(x, network.input_dim, n) for x, n in ((start, "start"), (end, "end"))
    )
    line = enumerate_regions(network, Segment(*ends), method="line")
    line.require_complete()
    order = np.argsort(line.coordinates[:, 0], kind="stable")
    lower, upper = line.bounds()
    bits = line.pattern_bits()
    return [
        Crossing(float(lower[k, 0]), float(upper[k, 0]), bits[k])
        for k in order.tolist()
    ]


@kinds_checked
def shortest_path(
    rs: RegionSet,
    start: Float64[np.ndarray, " dim"],
    end: Float64[np.ndarray, " dim"],
) -> list[int]:
    """Regions on a path with the fewest facet crossings, by index, both ends included.

    In a set that is not complete the path is the shortest within the set.

    Raises:
        ValueError: If an end lies in no region of the set, or no path joins them.

    Example:
        >>> from regions.network import ReluNetwork
        >>> import numpy as np
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1, 1]]], None)
        >>> found = regions.enumerate_regions(net, regions.Box.cube(2))
        >>> len(shortest_path(found, np.array([-1.0, -0.5]), np.array([1.0, 0.5])))
        3
    """
    first, last = rs.region_of(start), rs.region_of(end)
    try:
        return networkx.shortest_path(rs.adjacency(), first, last)
    except networkx.NetworkXNoPath:
        raise ValueError(
            "no path of regions in the set joins the two points: search further."
        ) from None


def labeled_graph(rs: RegionSet) -> networkx.Graph:
    """The adjacency graph with names that files can hold.

    Nodes carry `pattern` (hexadecimal, as packed), `witness` and, where the engine
    keeps vertices, `volume`; edges `unit`, such as `layer 2 unit 5`, counted from 1.
    """
    graph = rs.adjacency()
    witnesses = rs.witnesses
    for k in graph.nodes:
        graph.nodes[k]["pattern"] = rs.patterns[k].tobytes().hex()
        graph.nodes[k]["witness"] = ",".join(map(repr, witnesses[k].tolist()))
    if rs.has_cells:
        for k, volume in enumerate(rs.volumes().tolist()):
            graph.nodes[k]["volume"] = volume
    for _, _, data in graph.edges(data=True):
        data["unit"] = unit_name(data["unit"])
    graph.graph["complete"] = rs.complete
    return graph


@kinds_checked
def save_graph(path: str | os.PathLike[str], rs: RegionSet) -> pathlib.Path:
    """Write the adjacency graph as GraphML, whole or not at all.

    Raises:
        ValueError: If `path` does not end in `.graphml`.

    Example:
        >>> from regions.network import ReluNetwork
        >>> import tempfile
        >>> import regions
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> found = regions.enumerate_regions(net, regions.Box.cube(2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_graph(pathlib.Path(folder) / "regions.graphml", found).name
        'regions.graphml'
    """
    target = pathlib.Path(path)
    if target.suffix != ".graphml":
        raise ValueError(
            f"{target} ends in {target.suffix!r}: .graphml is required, so rename it."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(target) as file:
        networkx.write_graphml(labeled_graph(rs), file)
    return target
