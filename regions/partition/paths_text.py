"""Ways between regions as lines for a reader."""

from collections.abc import Sequence

from regions.network import ReluNetwork
from regions.partition.paths import Crossing
from regions.patterns.names import unit_name
from regions.polytopes.formats import hash_code
from regions.results.region_set import RegionSet


def line_text(network: ReluNetwork, line: Sequence[Crossing]) -> list[str]:
    """The intervals of a straight line, with the code on each."""
    return [
        f"{len(line)} region{'s' * (len(line) != 1)} on the straight line (exact)",
        *(
            f"  {part.start:.6f} to {part.end:.6f}  {hash_code(network, part.pattern)}"
            for part in line
        ),
    ]


def path_text(rs: RegionSet, path: Sequence[int]) -> list[str]:
    """The regions of a path, and the unit whose facet is crossed into each.

    Args:
        rs: The regions.
        path: Indices of regions, neighbors in a row.
    """
    graph, bits = rs.adjacency(), rs.pattern_bits()
    count = len(path)
    lines = [
        f"{count - 1} facet crossing{'s' * (count != 2)}, "
        f"{count} region{'s' * (count != 1)}"
    ]
    for k, region in enumerate(path):
        across = ""
        if k:
            unit = graph.edges[path[k - 1], region]["unit"]
            across = f"  across {unit_name(unit)}"
        lines.append(f"  {hash_code(rs.network, bits[region])}{across}")
    return lines
