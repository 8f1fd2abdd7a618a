"""The sweep: the polyhedral complex of a generic network, unit by unit.

Vertices and edges of the complex are kept while units are inserted one after another,
layer by layer (edge subdivision: Berzins, ICML 2023). A unit that separates the ends of
an edge makes a vertex there; a 2-face that it crosses makes an edge between its two new
vertices. The faces around an edge are found by freeing one zero of the edge: equal face
keys pair up. Positions are float64, overflow and all;
`regions.enumeration.certify` proves the signs or finds them wrong.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, UInt32

from regions.enumeration.complex import Complex, SignWords, table_sums
from regions.enumeration.rows import Rows
from regions.errors import NotGenericError
from regions.network import Layer, ReluNetwork
from regions.polytopes.simple_polytope import SimplePolytope

BLOCK = 32
"""Units whose pre-activations are held at once: one sign word."""

Progress = Callable[[int, int], None]


def sign_layout(network: ReluNetwork) -> SignWords:
    """Where the sign of each hidden unit is stored: one word per block of a layer."""
    word, bit, first = [], [], 0
    for layer in network.hidden:
        unit = np.arange(layer.width)
        word.append(first + unit // BLOCK)
        bit.append(unit % BLOCK)
        first += -(-layer.width // BLOCK)
    kinks = [layer.kinks for layer in network.hidden]
    empty = np.zeros(0, np.int64)
    return SignWords(
        np.concatenate([empty, *word]),
        np.concatenate([empty, *bit]),
        np.concatenate([empty.astype(bool), *kinks]),
        np.concatenate([empty.astype(bool), *kinks]),
    )


@np.errstate(all="ignore")
def sweep(
    network: ReluNetwork,
    polytope: SimplePolytope,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Complex:
    """The complex of `network` on `polytope`, all in chart coordinates.

    Args:
        network: The network as a function of the chart coordinates.
        polytope: The domain.
        seed: Seed of the random words in the face keys.
        progress: Called with units done and units in all.
        stop: Asked before every unit. The complex of the units inserted so far is
            returned when it says yes; it serves to find points and proves nothing.

    Raises:
        NotGenericError: If a tie or an unpaired face shows that the network is not in
            general position on the domain.
    """
    state = _State.start(network, polytope, seed)
    total, done = sum(network.widths), 0
    for index, layer in enumerate(network.hidden):
        state.open_layer(index)
        for start in range(0, layer.width, BLOCK):
            if stop():
                state.skip_from(done + start)
                return state.finish()
            end = min(start + BLOCK, layer.width)
            state.insert_block(layer, index, start, end, done + start, stop)
            if state.skipped:
                return state.finish()
            if progress is not None:
                progress(done + end, total)
        state.close_layer(index)
        done += layer.width
    return state.finish()


@dataclasses.dataclass(slots=True, eq=False)
class _State:
    """The complex under construction, and the activations at its vertices."""

    network: ReluNetwork
    num_facets: int
    layout: SignWords
    table: np.ndarray
    positive_word: np.ndarray
    zero_word: np.ndarray
    sources: dict[int, Rows]
    """Activations at the vertices that some layer still reads; 0 is the position."""
    out: Rows | None
    """Activations of the layer in progress, where a later one reads them."""
    signs: Rows
    zeros: Rows
    first: Rows
    second: Rows
    edge_zeros: Rows
    pre: Rows
    crossed: Rows
    skipped: bool = False

    @classmethod
    def start(
        cls, network: ReluNetwork, polytope: SimplePolytope, seed: int
    ) -> "_State":
        layout = sign_layout(network)
        rng = np.random.default_rng(seed)
        table, positive_word = layout.random_words(rng)
        facets = len(polytope.b)
        count = len(polytope.vertices)
        return cls(
            network=network,
            num_facets=facets,
            layout=layout,
            table=table,
            positive_word=np.concatenate([np.zeros(facets, np.uint64), positive_word]),
            zero_word=rng.integers(
                0, 2**64, facets + sum(network.widths), dtype=np.uint64
            ),
            sources={0: Rows(polytope.vertices)},
            out=None,
            signs=Rows(np.zeros((count, layout.num_words), np.uint32)),
            zeros=Rows(polytope.vertex_facets.astype(np.int32)),
            first=Rows(polytope.edges[:, 0]),
            second=Rows(polytope.edges[:, 1]),
            edge_zeros=Rows(polytope.edge_facets.astype(np.int32)),
            pre=Rows(np.zeros((0, 0))),
            crossed=Rows(np.zeros(0, np.uint32)),
        )

    def skip_from(self, unit: int) -> None:
        """Leave out all units from `unit` on."""
        self.layout.keyed[unit:] = False
        self.skipped = True

    def open_layer(self, index: int) -> None:
        """Prepare to store the activations of a hidden layer, if they are read."""
        readers = self.network.hidden[index + 1 :]
        read = any(
            source == index + 1
            for later, layer in enumerate(readers, index + 1)
            for source, _ in layer.blocks(later)
        )
        width = self.network.hidden[index].width
        self.out = Rows(np.zeros((len(self.zeros), width))) if read else None

    def close_layer(self, index: int) -> None:
        """Keep the activations that later layers read, drop the others."""
        if self.out is not None:
            self.sources[index + 1] = self.out
        self.out = None
        needed = {0} | {
            source
            for later, layer in enumerate(self.network.hidden)
            if later > index
            for source, _ in layer.blocks(later)
        }
        self.sources = {k: v for k, v in self.sources.items() if k in needed}

    def insert_block(
        self,
        layer: Layer,
        index: int,
        start: int,
        stop: int,
        first_unit: int,
        asked_to_stop: Callable[[], bool],
    ) -> None:
        """Insert units `start` to `stop` of a layer; they share one sign word."""
        pre = layer.bias[start:stop] + sum(
            self.sources[source].view @ matrix[start:stop].T
            for source, matrix in layer.blocks(index)
        )
        splitting = self._splitting_units(pre, layer.kinks[start:stop], first_unit)
        self.pre = Rows(pre)
        word = int(self.layout.word[first_unit])
        self.signs.view[:, word] = sign_words(pre)[:, 0]
        if len(splitting):
            block = self.signs.view[:, word]
            self.crossed = Rows(block[self.first.view] ^ block[self.second.view])
            for column in splitting:
                if asked_to_stop():
                    self.skip_from(first_unit + int(column))
                    return
                self._insert_unit(int(column), word, first_unit + int(column), start)
        if self.out is not None:
            view = layer.slopes[start:stop]
            done = self.pre.view
            self.out.view[:, start:stop] = np.where(done > 0.0, done, view * done)
        self.pre = Rows(np.zeros((0, 0)))

    def _splitting_units(
        self, pre: np.ndarray, kinks: np.ndarray, first_unit: int
    ) -> np.ndarray:
        """Columns that are positive at some vertices and negative at others.

        A unit of one weak sign splits nothing; where it also vanishes it must not tell
        faces apart. A unit that splits and vanishes at a vertex is a tie.
        """
        low, high = pre.min(0), pre.max(0)
        splits = kinks & (low < 0.0) & (high > 0.0)
        weak = np.flatnonzero(~splits)
        self._forget(first_unit + weak)
        ties = np.flatnonzero(splits & (pre == 0.0).any(0))
        if len(ties):
            layer, unit = _unit_name(self.network, first_unit + int(ties[0]))
            raise NotGenericError(
                f"layer {layer} unit {unit} is exactly zero at a vertex of the "
                "partition that it also crosses."
            )
        return np.flatnonzero(splits)

    def _forget(self, units: np.ndarray) -> None:
        """Take units that split nothing out of the face keys."""
        self.layout.keyed[units] = False
        position = self.layout.word[units] * 32 + self.layout.bit[units]
        byte = np.arange(256)
        for unit, where in zip(units, position, strict=True):
            on = (byte >> (where % 8) & 1).astype(bool)
            self.table[where // 8, on] -= self.positive_word[self.num_facets + unit]
            self.positive_word[self.num_facets + unit] = 0

    def _insert_unit(self, column: int, word: int, unit: int, start: int) -> None:
        """Split the edges and 2-faces that one unit crosses."""
        bit = np.uint32(1 << column)
        cut = np.flatnonzero(self.crossed.view & bit)
        if not len(cut):
            return
        u, v = self.first.view[cut], self.second.view[cut]
        zeros = self.edge_zeros.view[cut]
        # Signs of units inserted before; the word in progress up to this unit.
        signs = self.signs.view[u] | self.signs.view[v]
        signs[:, word] &= np.uint32(bit - np.uint32(1))
        new = np.arange(len(self.zeros), len(self.zeros) + len(cut), dtype=np.int32)
        this = np.full((len(cut), 1), self.num_facets + unit, np.int32)
        keys = table_sums(self.table[: 4 * word + 4], signs[:, : word + 1])
        self._append_vertices(column, u, v, signs, word)
        self.zeros.append(np.concatenate([zeros, this], 1))
        # (u, new) keeps its row, (new, v) is appended.
        self.second.view[cut] = new
        left, right, rest = self._new_edges(keys, zeros, new)
        self.first.append(np.concatenate([new, left]))
        self.second.append(np.concatenate([v, right]))
        across = np.concatenate([rest, this[:1].repeat(len(rest), 0)], 1)
        self.edge_zeros.append(np.concatenate([zeros, across[:, : zeros.shape[1]]]))
        block = self.signs.view[:, word]
        later = ~np.uint32((int(bit) << 1) - 1)
        fresh = np.arange(len(self.first) - len(cut) - len(left), len(self.first))
        self.crossed.append(np.zeros(len(fresh), np.uint32))
        touched = np.concatenate([cut, fresh])
        ends = block[self.first.view[touched]] ^ block[self.second.view[touched]]
        self.crossed.view[touched] = ends & later

    def _append_vertices(
        self, column: int, u: np.ndarray, v: np.ndarray, signs: np.ndarray, word: int
    ) -> None:
        """New vertices where the unit vanishes on the edges (u, v)."""
        low, high = self.pre.view[u, column], self.pre.view[v, column]
        t = (low / (low - high))[:, None]
        s = 1.0 - t
        for rows in (*self.sources.values(), self.out, self.pre):
            if rows is not None:
                rows.append(rows.view[u] * s + rows.view[v] * t)
        made = self.pre.view[-len(u) :]
        made[:, column] = 0.0
        later = made[:, column + 1 :]
        if (later == 0.0).any():
            # Harmless for a unit that is never negative or never positive.
            column_index = column + 1 + np.flatnonzero((later == 0.0).any(0))
            view = self.pre.view[:, column_index]
            if ((view > 0.0).any(0) & (view < 0.0).any(0)).any():
                raise NotGenericError("two units vanish together at a vertex.")
        signs[:, word] |= sign_words(made)[:, 0] & ~np.uint32((2 << column) - 1)
        self.signs.append(signs)

    def _new_edges(
        self, keys: np.ndarray, zeros: np.ndarray, new: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges between the two new vertices of every 2-face that is crossed."""
        dim = zeros.shape[1] + 1
        if dim == 1:
            none = np.zeros(0, np.int32)
            return none, none, np.zeros((0, 0), np.int32)
        keys = keys + self.zero_word[zeros].sum(1, dtype=np.uint64)
        face, at, rest = [], [], []
        for k in range(dim - 1):
            free, others = zeros[:, k], np.delete(zeros, k, axis=1)
            opened = keys - self.zero_word[free]
            two = np.flatnonzero(free >= self.num_facets)
            face += [opened[two], opened + self.positive_word[free]]
            at += [new[two], new]
            rest += [others[two], others]
        key, vertex = np.concatenate(face), np.concatenate(at)
        order = np.argsort(key)
        key, left, right = key[order], order[0::2], order[1::2]
        paired = len(key) % 2 == 0 and bool((key[0::2] == key[1::2]).all())
        if not paired or (key[1:-1:2] == key[2::2]).any():
            raise NotGenericError(
                "a crossed 2-face does not have exactly two new vertices."
            )
        return vertex[left], vertex[right], np.concatenate(rest)[left]

    def finish(self) -> Complex:
        """The finished complex."""
        return Complex(
            vertices=self.sources[0].view,
            zeros=self.zeros.view,
            ends=np.stack([self.first.view, self.second.view], 1),
            edge_zeros=self.edge_zeros.view,
            signs=self.signs.view,
            words=self.layout,
            num_facets=self.num_facets,
            complete=not self.skipped,
        )


def sign_words(
    pre: Float64[np.ndarray, "rows units"],
) -> UInt32[np.ndarray, "rows words"]:
    """Signs of the units of one layer as 32-bit words, 1 where positive."""
    words = -(-pre.shape[1] // BLOCK)
    packed = np.zeros((len(pre), 4 * words), np.uint8)
    bits = np.packbits(pre > 0.0, axis=1, bitorder="little")
    packed[:, : bits.shape[1]] = bits
    return packed.view("<u4")


def _unit_name(network: ReluNetwork, unit: int) -> tuple[int, int]:
    """Layer and unit, counted from 1, of a hidden unit in network order."""
    for layer, width in enumerate(network.widths, 1):
        if unit < width:
            return layer, unit + 1
        unit -= width
    raise IndexError(unit)
