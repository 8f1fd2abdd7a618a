"""Signs of all units at given points, proved.

Float64 with an error bound decides nearly all; rational arithmetic decides the points
where some unit lies within its bound of zero.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int8

from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.signs.exact import Columns, ExactNetwork

_UNIT_ROUNDOFF = 2.0**-53
_SMALLEST = 2.0**-1000
"""Covers what underflow loses in a product or a sum."""
_INFLATION = 1.0 + 2.0**-20
"""Covers the rounding of the bounds themselves, for layers up to 2^31 wide."""
_BATCH_NUMBERS = 2**22
_EXACT_BATCH = 256


def exact_signs(
    network: ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> Int8[np.ndarray, "points units"]:
    """Sign (-1, 0 or 1) of the pre-activation of every hidden unit at each point.

    Units are counted layer by layer, those of slope 1 included. The signs are those of
    exact arithmetic.
    """
    signs = np.zeros((len(points), sum(network.widths)), np.int8)
    batch = max(1, _BATCH_NUMBERS // max(1, signs.shape[1], network.input_dim))
    left = [np.zeros(0, np.int64)]
    for start in range(0, len(points), batch):
        part = slice(start, start + batch)
        signs[part], proved = _float_signs(network, points[part])
        left.append(start + np.flatnonzero(~proved))
    rows = np.concatenate(left)
    if len(rows):
        exact = ExactNetwork(network, WholeSpace(network.input_dim))
        for start in range(0, len(rows), _EXACT_BATCH):
            some = rows[start : start + _EXACT_BATCH]
            signs[some] = exact.signs(Columns.of_floats(points[some])).T
    return signs


def are_inside(
    network: ReluNetwork,
    points: Float64[np.ndarray, "points dim"],
    signs: Int8[np.ndarray, "points units"],
) -> Bool[np.ndarray, " points"]:
    """Whether each point lies inside its activation region, and on no boundary.

    A unit that is zero on a whole neighborhood makes no boundary there.

    Args:
        network: The network.
        points: The points.
        signs: Of the units there, from `exact_signs`.
    """
    kinks = network.kinks
    inside = (signs[:, kinks] != 0).all(1)
    tied = np.flatnonzero(~inside)
    if len(tied):
        exact = ExactNetwork(network, WholeSpace(network.input_dim))
        for point in tied:
            forms = exact.affine_forms(signs[point] > 0, layers=len(network.hidden))
            zeros = np.flatnonzero((signs[point] == 0) & kinks)
            # The first tie that has a gradient bends the rest, but is a tie by itself.
            inside[point] = not any(any(forms[unit]) for unit in zeros)
    return inside


def _float_signs(
    network: ReluNetwork, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Signs in float64, and the points at which all of them are proved.

    The bound of a sum of n products and a bias is the classical one, gamma_(n + 2)
    times the sum of absolute values (Higham, Accuracy and Stability, section 3.1),
    plus what the error of the layers before makes of it.
    """
    values, errors = [points], [np.zeros_like(points)]
    signs = [np.zeros((len(points), 0), np.int8)]
    proved = np.ones(len(points), bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for index, layer in enumerate(network.hidden):
            blocks = layer.blocks(index)
            pre = sum((values[s] @ m.T for s, m in blocks), start=layer.bias)
            size = sum(
                (np.abs(values[s]) @ np.abs(m).T for s, m in blocks),
                start=np.abs(layer.bias),
            )
            spread = sum((errors[s] @ np.abs(m).T for s, m in blocks), start=0.0)
            terms = sum(m.shape[1] for _, m in blocks) + len(blocks) + 2
            gamma = terms * _UNIT_ROUNDOFF / (1.0 - terms * _UNIT_ROUNDOFF)
            bound = (spread + gamma * size + _SMALLEST) * _INFLATION
            # Written so that NaN and infinity prove nothing.
            sure = (np.abs(pre) > bound) & np.isfinite(bound)
            proved &= (sure | ~layer.kinks).all(1)
            signs.append(np.sign(pre).astype(np.int8))
            steep = np.maximum(1.0, np.abs(layer.slopes))
            activation = layer.activate(pre)
            values.append(activation)
            rounding = _UNIT_ROUNDOFF * np.abs(activation) + _SMALLEST
            errors.append((bound * steep + rounding) * _INFLATION)
    return np.concatenate(signs, axis=1), proved
