"""The polyhedral complex of a generic network on a domain: vertices and edges.

A *zero* of a vertex is a facet of the domain or a unit that vanishes there. In general
position a vertex has exactly `dim` zeros and an edge `dim - 1`. Zeros are numbered:
facets of the domain first, then units. Every region is found at its lowest vertex along
a direction: DESIGN of this project, after the edge subdivision of Berzins (ICML 2023).
"""

import dataclasses
import itertools

import numpy as np
from jaxtyping import Bool, Float64, Int, Int32, UInt8, UInt32, UInt64

from regions.enumeration.sweep import loading
from regions.errors import NotGenericError
from regions.patterns.packing import WORD_BITS, unpack_words, word_bytes

BLOCK = WORD_BITS
"""Units whose signs share a word, and whose pre-activations are held at once."""
STRAY_EDGE = "an edge does not share its zeros with its end."
THIRD_EDGE = "three edges leave one zero of a vertex."


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SignWords:
    """How the signs of units are laid out in words of 32 bits.

    Attributes:
        word: Word of each unit, in unit order (linear units included).
        bit: Bit of each unit in its word.
        kinks: Which units have a kink, and so a bit in a pattern.
        keyed: Which units split something, and so tell faces apart.
    """

    word: Int[np.ndarray, " units"]
    bit: Int[np.ndarray, " units"]
    kinks: Bool[np.ndarray, " units"]
    keyed: Bool[np.ndarray, " units"]

    @property
    def num_words(self) -> int:
        """Number of 32-bit words per vertex."""
        return int(self.word.max(initial=-1)) + 1

    def random_words(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Tables of sums over sign bytes, and the word of each unit when positive.

        A face's key is the sum over its positive units of a random 64-bit word, plus
        the sum over its zeros of other words; equal faces have equal keys.
        """
        positive = rng.integers(0, 2**64, len(self.word), dtype=np.uint64)
        positive[~self.keyed] = 0
        per_bit = np.zeros((self.num_words * 32,), np.uint64)
        per_bit[self.word * 32 + self.bit] = positive
        per_byte = per_bit.reshape(-1, 8, 1)
        table = np.zeros((len(per_byte), 256), np.uint64)
        for position in range(8):
            size = 1 << position
            table[:, size : 2 * size] = table[:, :size] + per_byte[:, position]
        return table, positive

    def unpack(
        self, signs: UInt32[np.ndarray, "rows words"]
    ) -> Bool[np.ndarray, "rows units"]:
        """Signs as one bool per hidden unit, linear units included."""
        return unpack_words(signs)[:, self.word * 32 + self.bit].astype(bool)

    def pack(
        self, signs: UInt32[np.ndarray, "rows words"]
    ) -> UInt8[np.ndarray, "rows bytes"]:
        """Patterns as packed bytes: bit k is bit k % 8 of byte k // 8."""
        count, first = int(self.kinks.sum()), 0
        # A word falls into five bytes, at most.
        packed = np.zeros((len(signs), -(-count // 8) + 5), np.uint8)
        for word in range(self.num_words):
            mine = self.word == word
            value = _compress(signs[:, word], self.bit[mine & self.kinks])
            value <<= np.uint64(first % 8)
            flat = value.astype("<u8", copy=False).view(np.uint8)
            packed[:, first // 8 : first // 8 + 5] |= flat.reshape(-1, 8)[:, :5]
            first += int((mine & self.kinks).sum())
        return np.ascontiguousarray(packed[:, : -(-count // 8)])


def _compress(
    words: UInt32[np.ndarray, " rows"], bits: Int[np.ndarray, " chosen"]
) -> UInt64[np.ndarray, " rows"]:
    """Some bits of each word, one after another."""
    if np.array_equal(bits, np.arange(len(bits))):
        return words.astype(np.uint64) & np.uint64((1 << len(bits)) - 1)
    result = np.zeros(len(words), np.uint64)
    for place, bit in enumerate(bits.tolist()):
        result |= (
            words.astype(np.uint64) >> np.uint64(bit) & np.uint64(1)
        ) << np.uint64(place)
    return result


def table_sums(
    table: np.ndarray, signs: UInt32[np.ndarray, "rows words"]
) -> np.ndarray:
    """Sum over the sign bytes of each row of the table's entries: 64-bit keys."""
    flat = word_bytes(signs)
    keys = np.zeros(len(signs), np.uint64)
    for column in range(flat.shape[1]):
        keys += table[column][flat[:, column]]
    return keys


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Complex:
    """Vertices and edges of a generic complex, with the signs of all units.

    Attributes:
        vertices: Positions in chart coordinates.
        zeros: The zeros of each vertex.
        ends: The two vertices of each edge.
        edge_zeros: The zeros of each edge.
        signs: One bit per vertex and unit: 1 where the unit is positive.
        words: Layout of `signs`.
        num_facets: Facets of the domain; zero `num_facets + k` is unit k.
        parents: Ends of the edge on which each vertex was made; -1 for corners.
        complete: Whether all units were inserted.
    """

    vertices: Float64[np.ndarray, "vertices dim"]
    zeros: Int32[np.ndarray, "vertices dim"]
    ends: Int32[np.ndarray, "edges 2"]
    edge_zeros: Int32[np.ndarray, "edges dim_minus_1"]
    signs: UInt32[np.ndarray, "vertices words"]
    words: SignWords
    num_facets: int
    parents: Int32[np.ndarray, "vertices 2"]
    complete: bool = True

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return self.vertices.shape[1]

    def freed(
        self,
        corners: Int32[np.ndarray, " edges"],
        edge_zeros: Int32[np.ndarray, "edges dim_minus_1"],
    ) -> Int[np.ndarray, " edges"]:
        """For each edge, which zero of its corner is not zero along it."""
        kept = np.zeros((len(corners), self.dim), bool)
        zeros = self.zeros[corners]
        for k in range(self.dim - 1):
            kept |= zeros == edge_zeros[:, k : k + 1]
        if (kept.sum(1) != self.dim - 1).any():
            raise NotGenericError(STRAY_EDGE)
        return np.argmin(kept, axis=1)

    def num_cells(self, ascends: Bool[np.ndarray, " edges"]) -> int:
        """Number of regions, each counted at its lowest vertex.

        Args:
            ascends: Whether the second end of each edge is the higher one.

        Raises:
            NotGenericError: If vertices and edges do not fit, or the Euler
                characteristic is not that of a convex domain.
        """
        compiled = loading.load("counting")
        if compiled is None:
            with loading.plain_work(compiled):
                return self.rising_edges(ascends).num_cells()
        cells, euler = compiled.count(self.zeros, self.ends, self.edge_zeros, ascends)
        if cells == -1:
            raise NotGenericError(STRAY_EDGE)
        if cells == -2:
            raise NotGenericError(THIRD_EDGE)
        check_euler(euler)
        return cells

    def rising_edges(self, ascends: Bool[np.ndarray, " edges"]) -> "RisingEdges":
        """Edges by their lower end and by the zero that they leave there.

        Args:
            ascends: Whether the second end of each edge is the higher one.
        """
        first, second = self.ends[:, 0], self.ends[:, 1]
        low, high = np.where(ascends, first, second), np.where(ascends, second, first)
        return self._by_zero(low, high, self.edge_zeros)

    def edges_around(self) -> "RisingEdges":
        """All edges, from both of their ends, by the zero that they leave there."""
        first, second = self.ends[:, 0], self.ends[:, 1]
        return self._by_zero(
            np.concatenate([first, second]),
            np.concatenate([second, first]),
            np.concatenate([self.edge_zeros, self.edge_zeros]),
        )

    def _by_zero(
        self, corners: np.ndarray, others: np.ndarray, edge_zeros: np.ndarray
    ) -> "RisingEdges":
        """Edges from `corners` to `others`, by corner and by the zero they leave."""
        freed = self.freed(corners, edge_zeros)
        slot = corners.astype(np.int64) * self.dim + freed
        order = np.argsort(slot, kind="stable")
        count = np.bincount(slot, minlength=len(self.vertices) * self.dim)
        if (count > 2).any():
            raise NotGenericError(THIRD_EDGE)
        start = np.cumsum(count) - count
        return RisingEdges(
            count.reshape(-1, self.dim), start.reshape(-1, self.dim), others[order]
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RisingEdges:
    """Edges that rise from each vertex, by the zero that they leave.

    Attributes:
        count: How many (0, 1 or 2) rise from a vertex on leaving each of its zeros.
        start: Where they start in `upper`.
        upper: Upper ends.
    """

    count: Int[np.ndarray, "vertices dim"]
    start: Int[np.ndarray, "vertices dim"]
    upper: Int[np.ndarray, " edges"]

    def num_cells(self) -> int:
        """Number of regions, each counted at its lowest vertex.

        Raises:
            NotGenericError: If the Euler characteristic is not that of a convex domain.
        """
        check_euler(int((1 - self.count).prod(1).sum()))
        return int(self.count.prod(1).sum())

    def cells(self, fixed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lowest vertices of the regions, and the upper ends of their rising edges.

        With `fixed`, the faces of one dimension less on which that zero stays zero.
        Shapes `(regions,)` and `(regions, dim)`; without the column `fixed`, if given.
        """
        axes = [k for k in range(self.count.shape[1]) if k != fixed]
        counts = self.count[:, axes]
        lowest, uppers = [], []
        for choice in itertools.product(range(2), repeat=len(axes)):
            at = np.flatnonzero((counts > np.array(choice, np.int64)).all(1))
            lowest.append(at)
            index = self.start[at][:, axes] + np.array(choice, np.int64)
            uppers.append(self.upper[index])
        low = np.concatenate(lowest)
        order = np.argsort(low, kind="stable")
        return low[order], np.concatenate(uppers)[order]


def check_euler(euler: int) -> None:
    """Raise unless the Euler characteristic is that of a convex domain.

    Raises:
        NotGenericError: If so.
    """
    if euler != 1:
        raise NotGenericError(
            f"the complex has Euler characteristic {euler}, a convex domain has 1."
        )
