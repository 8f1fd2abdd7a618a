"""Whether a point lies inside an activation region, and not on a boundary.

A point on a boundary counts as off there, and the pattern it gets may belong to no
region: the units x and -x are both off only where x = 0.
"""

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.signs.predicate import signs

_BATCH_NUMBERS = 2**22
"""Pre-activations held at a time."""


def are_strict(
    network: ReluNetwork,
    packed: UInt8[np.ndarray, "points bytes"],
    points: Float64[np.ndarray, "points dim"],
) -> Bool[np.ndarray, " points"]:
    """Whether each point has its pattern, in float64, with no unit at zero.

    Where float64 gives a zero, the exact sign and the rule for ties decide.

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
    found = signs(network, WholeSpace(network.input_dim), points[rows])
    same = pack_bits(found.on[:, network.kinks]) == packed[rows]
    strict[rows] = found.strict & same.all(1)
    return strict
