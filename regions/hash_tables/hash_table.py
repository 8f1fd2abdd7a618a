"""The hash table of a data set: activation patterns as codes, an affine map for each.

A ReLU network sends each point to its code (its activation pattern), and computes one
affine map for all points of a code: the network is a hash table of affine maps.
Codes and the equality of maps are decided exactly.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64, UInt8

from regions.domains.shapes import WholeSpace
from regions.errors.arguments import kinds_checked
from regions.models import as_network
from regions.models.arguments import NetworkLike
from regions.network import ArrayLike, ReluNetwork, as_numbers
from regions.patterns.halfspaces import affine_pre_activations
from regions.patterns.packing import pack_bits, unpack_bits
from regions.signs.exact import Columns, ExactNetwork
from regions.signs.predicate import signs

_PROBE_BATCH = 4096
"""Codes pushed through the network at once to compare their maps."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class HashTable:
    """Codes met by a data set, in the order of their bits, and what belongs to each.

    Attributes:
        network: The network.
        points: The data.
        patterns: Packed activation pattern of each code, as in `RegionSet.patterns`.
        codes: Code of each point, counted from 0.
        counts: Points of each code.
        inside: Whether each point lies inside an activation region, on no boundary.
        lower: Smallest output over the points of each code.
        upper: Largest output over the points of each code.
        functions: Number of each code's affine map; codes with one number share one
            affine map, exactly.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
        >>> table = hash_table(net, np.array([[1.0, 2.0], [3.0, 1.0], [-1.0, 1.0]]))
        >>> table, table.bits.tolist()
        (HashTable(2 codes of 3 points), [[False, True], [True, True]])
        >>> table.num_functions, table.occupied.tolist()
        (2, [True, True])
    """

    network: ReluNetwork
    points: Float64[np.ndarray, "points dim"]
    patterns: UInt8[np.ndarray, "codes bytes"]
    codes: Int64[np.ndarray, " points"]
    counts: Int64[np.ndarray, " codes"]
    inside: Bool[np.ndarray, " points"]
    lower: Float64[np.ndarray, "codes outputs"]
    upper: Float64[np.ndarray, "codes outputs"]
    functions: Int64[np.ndarray, " codes"]

    def __repr__(self) -> str:
        return f"HashTable({len(self)} codes of {len(self.points)} points)"

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def bits(self) -> Bool[np.ndarray, "codes bits"]:
        """Codes as one bool per bit, in the order of `network.units`."""
        return unpack_bits(self.patterns, self.network.num_bits)

    @property
    def occupied(self) -> Bool[np.ndarray, " codes"]:
        """Whether a point lies inside, so that the code is that of a region."""
        return np.bincount(self.codes, self.inside, len(self)) > 0

    @property
    def num_functions(self) -> int:
        """Different affine maps."""
        return int(self.functions.max()) + 1

    def ids(self, code: int) -> Int64[np.ndarray, " ids"]:
        """Points of a code, ascending."""
        return np.flatnonzero(self.codes == code)

    def affine_maps(
        self, codes: slice | Int[np.ndarray, " some"] = slice(None)
    ) -> tuple[
        Float64[np.ndarray, "some outputs dim"], Float64[np.ndarray, "some outputs"]
    ]:
        """Jacobian and offset of each code's affine map, in float64."""
        bits = self.bits[codes]
        jacobian, offset = affine_pre_activations(self.network, bits)[-1]
        shape = (len(bits), self.network.output_dim)
        return (
            np.broadcast_to(jacobian, (*shape, self.network.input_dim)),
            np.broadcast_to(offset, shape),
        )

    @property
    def entropy(self) -> float:
        """Entropy of the occupancy, in bits."""
        return occupancy_entropy(self.counts)

    @property
    def gini(self) -> float:
        """Gini coefficient of the points per code, over the codes that occur."""
        return occupancy_gini(self.counts)


@kinds_checked
def hash_table(network: NetworkLike, points: ArrayLike) -> HashTable:
    """Group data by activation pattern.

    Args:
        network: The network.
        points: One point per row, at least one.

    Raises:
        ValueError: If there is no point, one is not finite, or the width is wrong.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
        >>> table = hash_table(net, np.array([[1.0, 2.0], [3.0, 1.0], [-1.0, 1.0]]))
        >>> table.counts.tolist(), table.ids(1).tolist()
        ([1, 2], [0, 1])
    """
    network = as_network(network)
    points = as_numbers(points, "points")
    _check_points(network, points)
    found = signs(network, WholeSpace(network.input_dim), points)
    bits = found.on[:, network.kinks]
    packed = pack_bits(bits)
    codes, counts = _number(bits)
    first = np.unique(codes, return_index=True)[1]
    outputs = network(points)
    lower = np.full((len(counts), network.output_dim), np.inf)
    upper = -lower
    np.minimum.at(lower, codes, outputs)
    np.maximum.at(upper, codes, outputs)
    patterns = packed[first]
    return HashTable(
        network=network,
        points=points,
        patterns=patterns,
        codes=codes,
        counts=counts,
        inside=found.strict,
        lower=lower,
        upper=upper,
        functions=equal_maps(network, unpack_bits(patterns, network.num_bits)),
    )


def equal_maps(
    network: ReluNetwork, bits: Bool[np.ndarray, "codes bits"]
) -> Int64[np.ndarray, " codes"]:
    """A number for each code's affine map, equal if and only if the maps are equal.

    Maps that differ at one random integer point differ; those that agree there are
    compared in full, in rational arithmetic. Numbers count from 0 in order of first
    appearance.
    """
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    units = network.unit_patterns(bits)
    by_value: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for start in range(0, len(bits), _PROBE_BATCH):
        part = units[start : start + _PROBE_BATCH]
        for k, value in enumerate(_probe(exact, part)):
            by_value[value].append(start + k)
    groups: list[list[int]] = []
    for members in by_value.values():
        groups += [members] if len(members) == 1 else _split(exact, units, members)
    numbers = np.empty(len(bits), np.int64)
    for number, members in enumerate(sorted(groups)):
        numbers[members] = number
    return numbers


def occupancy_entropy(counts: Sequence[int] | Int[np.ndarray, " codes"]) -> float:
    """Shannon entropy of points per code, in bits: log2(n) for n equal counts.

    Example:
        >>> occupancy_entropy([2, 2, 2, 2])
        2.0
    """
    shares = np.asarray(counts, np.float64)
    shares = shares[shares > 0] / shares.sum()
    return float(max(0.0, -(shares * np.log2(shares)).sum()))


def occupancy_gini(
    counts: Sequence[int] | Int[np.ndarray, " codes"], regions: int | None = None
) -> float:
    """Gini coefficient of points per code: 0 if all are equal, near 1 if few hold all.

    Args:
        counts: Points of each code that occurs.
        regions: How many regions there are, occupied or empty; by default those given.

    Raises:
        ValueError: If there are fewer regions than codes.

    Example:
        >>> occupancy_gini([1, 3]), occupancy_gini([4], regions=4)
        (0.25, 0.75)
    """
    values = sorted(int(c) for c in counts)
    total = len(values) if regions is None else regions
    if total < len(values):
        raise ValueError(
            f"`regions` is {regions} and {len(values)} codes occur: there are at least "
            "as many regions as codes."
        )
    # Empty regions come first in the order and add nothing to the weighted sum.
    empty = total - len(values)
    weighted = sum((2 * (empty + i) - total - 1) * v for i, v in enumerate(values, 1))
    return float(Fraction(weighted, total * sum(values)))


def _check_points(network: ReluNetwork, points: np.ndarray) -> None:
    """Raise unless the network can read the points."""
    if points.ndim != 2:
        raise ValueError(
            f"`points` has shape {points.shape}: one row for each point is required."
        )
    if len(points) == 0:
        raise ValueError("`points` is empty: at least one point is required.")
    if points.shape[1] != network.input_dim:
        raise ValueError(
            f"`points` have {points.shape[1]} coordinates and the network reads "
            f"{network.input_dim}: they must be equal."
        )
    bad = np.flatnonzero(~np.isfinite(points).all(1))
    if len(bad):
        raise ValueError(
            f"`points[{bad[0]}]` holds NaN or infinity: {len(bad)} such point"
            f"{'s' * (len(bad) > 1)} must be removed."
        )


def _number(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of each row in the order of the bits, and how often each occurs."""
    if bits.shape[1] == 0:
        return np.zeros(len(bits), np.int64), np.array([len(bits)])
    # Packed with the first bit highest, bytes sort as the bits do.
    key = np.packbits(bits, axis=1)
    _, codes, counts = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    return codes.reshape(-1), counts


def _probe(exact: ExactNetwork, units: np.ndarray) -> list[tuple[int, ...]]:
    """Each code's affine map at one random integer point; all over one denominator."""
    rng = np.random.default_rng(0)
    point = [Fraction(int(v)) for v in rng.integers(-(2**31), 2**31, exact.dim)]
    columns = Columns.of_points([point] * len(units))
    numerators, _ = exact.forward(columns, np.ascontiguousarray(units.T))
    return list(zip(*numerators[-1], strict=True))


def _split(
    exact: ExactNetwork, units: np.ndarray, members: list[int]
) -> list[list[int]]:
    """The members in groups of equal affine maps."""
    groups: dict[tuple[tuple[Fraction, ...], ...], list[int]] = defaultdict(list)
    for member in members:
        groups[exact.affine_map(units[member])].append(member)
    return list(groups.values())
