"""Whether a point lies inside an activation region, and not on a boundary.

A point on a boundary counts as off there, and the pattern it gets may belong to no
region: the units x and -x are both off only where x = 0.
"""

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from regions.network import ReluNetwork
from regions.packing import pack_bits

_BATCH_NUMBERS = 2**22
"""Pre-activations, or entries of Jacobians, held at a time."""


def are_strict(
    network: ReluNetwork,
    packed: UInt8[np.ndarray, "points bytes"],
    points: Float64[np.ndarray, "points dim"],
) -> Bool[np.ndarray, " points"]:
    """Whether each point has its pattern, in float64, with no unit at zero.

    A unit whose pre-activation is zero with zero gradient is constant around the point,
    makes no boundary there, and is no tie.

    Args:
        network: The network.
        packed: Packed pattern that each point should have.
        points: The points.
    """
    strict = np.empty(len(points), bool)
    batch = max(1, _BATCH_NUMBERS // max(1, sum(network.widths)))
    for start in range(0, len(points), batch):
        part = slice(start, start + batch)
        strict[part] = _batch_is_strict(network, packed[part], points[part])
    return strict


def _batch_is_strict(
    network: ReluNetwork, packed: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """`are_strict` for points that fit in memory at once."""
    with np.errstate(over="ignore", invalid="ignore"):
        pres = network.pre_activations(points)[:-1]
    tied, on = np.zeros(len(points), bool), [np.zeros((len(points), 0), bool)]
    for pre, layer in zip(pres, network.hidden, strict=True):
        on.append(pre[:, layer.kinks] > 0.0)
        tied |= (pre[:, layer.kinks] == 0.0).any(1)
    strict = (pack_bits(np.concatenate(on, 1)) == packed).all(1)
    # What overflows tells nothing of the layers after it.
    strict &= np.all([np.isfinite(pre).all(1) for pre in pres], axis=0)
    rows = np.flatnonzero(strict & tied)
    largest = max((network.input_dim, *network.widths))
    batch = max(1, _BATCH_NUMBERS // (largest * network.input_dim))
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        strict[part] = ~_moving_tie(network, points[part])
    return strict


def _moving_tie(network: ReluNetwork, points: np.ndarray) -> np.ndarray:
    """Whether a unit is zero at the point but has a gradient there."""
    dim = network.input_dim
    jacobians = [np.broadcast_to(np.eye(dim), (len(points), dim, dim))]
    moving = np.zeros(len(points), bool)
    pres = network.pre_activations(points)
    for index, (layer, pre) in enumerate(zip(network.hidden, pres, strict=False)):
        jacobian = np.sum([m @ jacobians[s] for s, m in layer.blocks(index)], axis=0)
        tied = (pre == 0.0) & layer.kinks
        moving |= (tied & (jacobian != 0.0).any(2)).any(1)
        factor = np.where(pre > 0.0, 1.0, layer.slopes)
        jacobians.append(factor[:, :, None] * jacobian)
    return moving
