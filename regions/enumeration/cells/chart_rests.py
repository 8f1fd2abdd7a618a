"""What rounding takes from the rows of a network that are composed with a chart.

Rows on a slice are W B, and biases W x + b, for a chart x + B t. In float64 they are
off by more than forms in `pairs` may be. What is left of them is found here, in pairs
as well.
"""

import numpy as np
from jaxtyping import Float64

from regions.domains.domain_vectors import difference, fractions
from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.predicates import two_product
from regions.network import Layer, ReluNetwork
from regions.signs.exact import nearest_float
from regions.signs.rounding import UNIT_ROUNDOFF

FEW_LAYERS = 8
"""Forms of so few layers are not found in pairs: their errors are small."""
REST_ERROR = 16.0 * UNIT_ROUNDOFF
"""Times n + 4 for n coordinates, the error of a rest is so small a part of the bound of
what rounding took: n + 2 roundings of numbers that are themselves roundings."""


def chart_rests(
    network: ReluNetwork, composed: ReluNetwork, domain: BoundedDomain
) -> list[Float64[np.ndarray, "width dim_plus_1"]]:
    """Exact less rounded: rows, and then the bias, of each layer; NaN beyond float64.

    Args:
        network: The network.
        composed: The same as a function of the chart's coordinates.
        domain: The domain.
    """
    origin, directions = domain.rational_chart()
    exact = [*directions, origin]
    high = np.array([[nearest_float(v) for v in row] for row in exact])
    near = [fractions(row) for row in high]
    rest = [difference(*pair) for pair in zip(exact, near, strict=True)]
    low = np.array([[nearest_float(v) for v in row] for row in rest])
    return [
        _rests(layer, rounded, index, high, low)
        for index, (layer, rounded) in enumerate(
            zip(network.hidden, composed.hidden, strict=True)
        )
    ]


def _rests(
    layer: Layer, rounded: Layer, index: int, high: np.ndarray, low: np.ndarray
) -> np.ndarray:
    """Those of one layer: zeros where it does not read the input."""
    own, new = (dict(part.blocks(index)) for part in (layer, rounded))
    if 0 not in own:
        return np.zeros((layer.width, len(high)))
    total = -np.column_stack([new[0], rounded.bias])
    begin = np.zeros_like(total)
    begin[:, -1] = layer.bias
    total, rest = _two_sum(total, begin)
    for column, first, second in zip(own[0].T[:, :, None], high.T, low.T, strict=True):
        product, error = two_product(column, first)
        total, more = _two_sum(total, product)
        rest = rest + (more + error + column * second)
    return total + rest


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sum and its rounding error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
