"""How two partitions differ: patterns born and dead, bits that differ, maps that moved.

The patterns of two networks can be compared where both have the same units, as two
snapshots of one training run do.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from regions.network import ReluNetwork
from regions.patterns.halfspaces import gates
from regions.patterns.packing import unpack_bits


class PatternChange(NamedTuple):
    """Two sets of activation patterns, compared.

    Attributes:
        shared: Patterns of both.
        born: Patterns of the second alone.
        died: Patterns of the first alone.
    """

    shared: int
    born: int
    died: int

    @property
    def jaccard(self) -> float:
        """Shared patterns over patterns of either set; 1 for two empty sets."""
        either = self.shared + self.born + self.died
        return self.shared / either if either else 1.0


class PointChange(NamedTuple):
    """Patterns of the same points under two networks, compared.

    Attributes:
        points: Share of the points whose pattern differs.
        bits: Mean Hamming distance per bit: the share of differing bits.
    """

    points: float
    bits: float


def compare_patterns(
    first: UInt8[np.ndarray, "first _"], second: UInt8[np.ndarray, "second _"]
) -> PatternChange:
    """Compare two sets of packed patterns; one given twice counts once.

    Args:
        first: One pattern a row, as `regions.RegionSet.patterns` has them.
        second: Likewise, of the same length.

    Raises:
        ValueError: If the lengths differ.

    Example:
        >>> compare_patterns(np.array([[1], [2]], "u1"), np.array([[2]], "u1"))
        PatternChange(shared=1, born=0, died=1)
    """
    _check_rows(first, second, same_count=False)
    one, two = (np.unique(rows, axis=0) for rows in (first, second))
    either = len(np.unique(np.concatenate([one, two]), axis=0))
    shared = len(one) + len(two) - either
    return PatternChange(shared, len(two) - shared, len(one) - shared)


def compare_points(
    first: UInt8[np.ndarray, "_ _"],
    second: UInt8[np.ndarray, "_ _"],
    num_bits: int,
) -> PointChange:
    """Compare the packed patterns that the same points have under two networks.

    Args:
        first: One pattern a point, as `regions.patterns.kernel.patterns_at` gives them.
        second: Likewise, of the same points in the same order.
        num_bits: Length of a pattern.

    Raises:
        ValueError: If the shapes differ, or there is no point or no bit.
    """
    _check_rows(first, second, same_count=True)
    if not len(first) or num_bits < 1:
        raise ValueError(
            f"{len(first)} points with {num_bits} bits: at least one of each is "
            "required."
        )
    differ = unpack_bits(first ^ second, num_bits)
    return PointChange(float(differ.any(1).mean()), float(differ.mean()))


def outputs_under_patterns(
    network: ReluNetwork,
    points: Float64[np.ndarray, "points dim"],
    patterns: Bool[np.ndarray, "points bits"],
) -> Float64[np.ndarray, "points outputs"]:
    """The affine map of each given pattern at its point, whether or not it is there.

    With the pattern that the network has at a point, this is the network; with one
    of an earlier snapshot, the units are held on or off as they were then.

    Raises:
        ValueError: If the patterns are not as long as those of the network.
    """
    factors = gates(network, patterns)
    activations = [points]
    for index, layer in enumerate(network.layers):
        pre = sum((activations[s] @ m.T for s, m in layer.blocks(index)), layer.bias)
        hidden = index < len(factors)
        activations.append(factors[index] * pre if hidden else pre)
    return activations[-1]


def _check_rows(first: np.ndarray, second: np.ndarray, *, same_count: bool) -> None:
    """Raise unless the patterns are of one length, and as many if asked."""
    if first.shape[1] != second.shape[1] or (same_count and len(first) != len(second)):
        raise ValueError(
            f"the packed patterns have shapes {first.shape} and {second.shape}: "
            f"{'equal shapes' if same_count else 'rows of one length'} are required."
        )
