"""Signs of the decision functions at the vertices of the complex, proved.

On each region a decision function is an affine form, known in float64 with a bound of
its error, as the corners are. Where the bound leaves the sign at a vertex open for all
regions around, the rational coordinates of the vertex decide: most often it lies on the
decision boundary.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64, Int8

from regions.domains.shapes import BoundedDomain
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.signs.exact import Columns, ExactNetwork
from regions.signs.layer_forms import layer_forms
from regions.signs.rounding import SAFETY, certain_signs, chart_rounding, gamma
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex
from regions.topology.ragged import Ragged

BATCH_NUMBERS = 1 << 22
"""Entries of float64 forms held at a time."""
EXACT_BATCH = 256


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Values of the units of the last hidden layer at corners, and bounds.

    Attributes:
        values: What float64 computes, `(corners, units)`.
        errors: Proved bounds of the errors; infinite where none is proved.
    """

    values: Float64[np.ndarray, "corners units"]
    errors: Float64[np.ndarray, "corners units"]


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
    found = corner_values(network, domain, table)
    certain = certain_signs(found.values, found.errors)
    units = certain.shape[1]
    result = np.zeros((len(complex_.corner), units), np.int8)
    for sign in (-1, 1):
        corner, unit = np.nonzero(certain == sign)
        result[table.vertex[corner], unit] = sign
    zero = _on_their_facets(table, *result.shape, network.num_bits - units)
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


@np.errstate(all="ignore")
def corner_values(
    network: ReluNetwork, domain: BoundedDomain, table: CornerTable
) -> Values:
    """Values of the units of the last hidden layer at all corners, with bounds."""
    restricted, chart = domain.restrict(network), chart_rounding(network, domain)
    last, dim = len(network.hidden) - 1, table.dim
    width = network.widths[-1]
    values = np.zeros((len(table.vertex), width))
    errors = np.full((len(table.vertex), width), np.inf)
    step = max(1, BATCH_NUMBERS // (max(network.widths) * (dim + 1)))
    for first in range(0, table.num_regions, step):
        check()
        end = min(first + step, table.num_regions)
        bits = unpack_bits(table.patterns[first:end], network.num_bits)
        forms = layer_forms(restricted, network.unit_patterns(bits), last, chart)
        here = slice(int(table.offsets[first]), int(table.offsets[end]))
        region = np.repeat(
            np.arange(end - first), np.diff(table.offsets[first : end + 1])
        )
        values[here], errors[here] = _at_corners(
            forms, region, table.points[here], table.errors[here]
        )
    return Values(values, errors)


def _at_corners(
    forms: tuple[np.ndarray, np.ndarray, np.ndarray],
    region: np.ndarray,
    points: np.ndarray,
    reach: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Values of affine forms at corners of their regions, and bounds of the errors."""
    gradients, offsets, doubts = forms
    count, dim = offsets.shape[0], points.shape[1]
    gradients = np.broadcast_to(gradients, (count, *gradients.shape[1:]))[region]
    offset = offsets[region]
    value = np.einsum("qud,qd->qu", gradients, points) + offset
    size = np.einsum("qud,qd->qu", np.abs(gradients), np.abs(points)) + np.abs(offset)
    steep = np.abs(gradients).sum(2)
    far = np.abs(points).max(1) + reach
    # What the forms, the positions and the sums are off by.
    error = doubts[region][:, None] * (1.0 + far)[:, None]
    error = (
        error + steep * reach[:, None] + gamma(dim + 3) * size + np.finfo(float).tiny
    )
    return value, SAFETY * error
