"""Signs of the decision functions at the vertices of the complex, proved.

The network is evaluated once for each vertex, in float64, with a bound of the error
that holds what the position of the vertex is off by, too. Where the bound leaves a sign
open, the rational coordinates of the vertex decide: most often it lies on the decision
boundary.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int8

from regions.domains.shapes import BoundedDomain
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.signs.exact import Columns, ExactNetwork
from regions.signs.float_bounds import PointBounds
from regions.signs.rounding import certain_signs
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex
from regions.topology.ragged import Ragged

BATCH_NUMBERS = 1 << 18
"""Pre-activations of a layer held at a time: few enough for a cache."""
EXACT_BATCH = 256


class Values(NamedTuple):
    """Values of the units of the last hidden layer at vertices, and bounds.

    Attributes:
        values: What float64 computes.
        errors: Proved bounds of the errors of all units of a vertex; infinite where
            none is proved.
    """

    values: Float64[np.ndarray, "vertices units"]
    errors: Float64[np.ndarray, " vertices"]


def vertex_signs(
    network: ReluNetwork,
    domain: BoundedDomain,
    table: CornerTable,
    complex_: FaceComplex,
) -> Int8[np.ndarray, "vertices units"]:
    """Signs (-1, 0, 1) of the units of the last hidden layer at every vertex, exactly.

    Args:
        network: The network whose regions they are.
        domain: The domain.
        table: Its corners.
        complex_: Its faces.
    """
    found = vertex_values(network, domain, table)
    result = certain_signs(found.values, found.errors[:, None])
    count, units = result.shape
    zero = _on_their_facets(table, count, units, network.num_bits - units)
    left = np.flatnonzero(((result == 0) & ~zero).any(1))
    exact = ExactNetwork(network, domain)
    for start in range(0, len(left), EXACT_BATCH):
        check()
        few = left[start : start + EXACT_BATCH]
        points = [table.exact_point(int(q)) for q in complex_.corner[few]]
        signs = exact.signs(Columns.of_points(points)).T
        result[few] = signs[:, -units:]
    return result


def _on_their_facets(
    table: CornerTable, num_vertices: int, num_units: int, first_bit: int
) -> Bool[np.ndarray, "vertices units"]:
    """Which vertices are corners of facets on which a unit of the last layer vanishes.

    It is zero there: most of its zeros need no proof.
    """
    zero = np.zeros((num_vertices, num_units), bool)
    facets = Ragged(table.facet_offsets, table.facet_corners)
    mine = np.flatnonzero(table.facet_bit >= first_bit)
    unit = np.repeat(table.facet_bit[mine] - first_bit, facets.sizes[mine])
    zero[table.vertex[facets.take(mine).items], unit] = True
    return zero


def vertex_values(
    network: ReluNetwork, domain: BoundedDomain, table: CornerTable
) -> Values:
    """Values of the units of the last hidden layer at all vertices, with bounds."""
    corner = _best_corners(table)
    points, reach = table.points[corner], table.errors[corner]
    bounds = PointBounds(network, domain)
    values = np.zeros((len(corner), network.widths[-1]))
    errors = np.zeros(len(corner))
    step = max(1, BATCH_NUMBERS // max(network.widths))
    for first in range(0, len(corner), step):
        check()
        some = slice(first, first + step)
        values[some], errors[some] = bounds.last_layer(points[some], reach[some])
    return Values(values, errors)


def _best_corners(table: CornerTable) -> Int[np.ndarray, " vertices"]:
    """For each vertex, the corner whose position is known best."""
    least = np.full(int(table.vertex.max()) + 1, np.inf)
    np.minimum.at(least, table.vertex, table.errors)
    best = np.flatnonzero(table.errors == least[table.vertex])
    result = np.empty(len(least), np.int64)
    result[table.vertex[best]] = best
    return result
