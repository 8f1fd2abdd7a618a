"""The complex under construction: vertices, edges, and activations at the vertices."""

import dataclasses
from collections.abc import Callable

import numpy as np

from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.sweep.complex import Complex, SignWords, table_sums
from regions.enumeration.sweep.rows import Rows
from regions.errors import RegionsError
from regions.network import Layer, ReluNetwork

MAX_ROWS = 2**31 - 1
"""Vertices and edges are numbered in 32 bits."""
BYTES = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool)
"""Bits of all bytes."""


@dataclasses.dataclass(slots=True, eq=False)
class ValueColumns:
    """Where a row of carried values holds what; the last layer's sources come last.

    Attributes:
        at: First column of each source; 0 is the position.
        kept: ValueColumns before the activations of the layer in progress.
        out: ValueColumns before the sources that only the layer in progress reads.
        width: All columns.
    """

    at: dict[int, int]
    kept: int
    out: int
    width: int


@dataclasses.dataclass(slots=True, eq=False)
class PartialComplex:
    """Vertices and edges so far, and values at the vertices that change affinely.

    Attributes:
        num_facets: Facets of the domain.
        room: Vertices that there will be, about.
        walls: Units of the first layer on whose zeros the domain ends, too.
        layout: Layout of the signs.
        table: Sums of random words over sign bytes.
        positive_word: Random word of each zero where it is positive; 0 where it has one
            side only, as facets and walls.
        zero_word: Random word of each zero.
        columns: Layout of `carried`.
        carried: Positions, and the activations that some layer still reads.
        signs: Signs of all units at the vertices.
        zeros: Zeros of the vertices.
        parents: Ends of the edge on which each vertex was made; -1 for corners.
        first: First ends of the edges.
        second: Second ends of the edges.
        edge_zeros: Zeros of the edges.
        pre: Pre-activations of the block of units in progress.
        crossed: Which units of the block cross each edge.
        keys: Sums of random words over the units of finished blocks, for the compiled
            form; None where they are not up to date.
    """

    num_facets: int
    room: int
    walls: np.ndarray
    layout: SignWords
    table: np.ndarray
    positive_word: np.ndarray
    zero_word: np.ndarray
    columns: ValueColumns
    carried: Rows
    signs: Rows
    zeros: Rows
    parents: Rows
    first: Rows
    second: Rows
    edge_zeros: Rows
    pre: Rows
    crossed: Rows
    keys: Rows | None = None

    @classmethod
    def start(
        cls,
        network: ReluNetwork,
        layout: SignWords,
        polytope: SimplePolytope,
        seed: int,
        room: int = 0,
    ) -> "PartialComplex":
        """The polytope itself, before any unit.

        Facets with the number of a unit of the first layer are walls (`chambers`).
        """
        rng = np.random.default_rng(seed)
        table, positive_word = layout.random_words(rng)
        facets = len(polytope.b)
        count, dim = polytope.vertices.shape
        units = sum(network.widths)
        walls = np.unique(polytope.vertex_facets)
        walls = walls[walls >= facets] - facets
        state = cls(
            num_facets=facets,
            room=room,
            walls=walls,
            layout=layout,
            table=table,
            positive_word=np.concatenate([np.zeros(facets, np.uint64), positive_word]),
            zero_word=rng.integers(0, 2**64, facets + units, dtype=np.uint64),
            columns=ValueColumns({0: 0}, dim, dim, dim),
            carried=Rows(polytope.vertices, room),
            signs=Rows(np.zeros((count, layout.num_words), np.uint32), room),
            zeros=Rows(polytope.vertex_facets.astype(np.int32), room),
            parents=Rows(np.full((count, 2), -1, np.int32), room),
            first=Rows(polytope.edges[:, 0], dim * room),
            second=Rows(polytope.edges[:, 1], dim * room),
            edge_zeros=Rows(polytope.edge_facets.astype(np.int32), dim * room),
            pre=Rows(np.zeros((0, 0))),
            crossed=Rows(np.zeros(0, np.uint32), dim * room),
        )
        state.forget(walls)
        return state

    def open_layer(self, network: ReluNetwork, index: int) -> None:
        """Lay out the carried values for a hidden layer."""
        layers = network.hidden
        read_later = {
            source
            for later in range(index + 1, len(layers))
            for source, _ in layers[later].blocks(later)
        }
        old = self.columns
        widths = [self.zeros.view.shape[1], *network.widths]
        kept = [s for s in old.at if s == 0 or s in read_later]
        only = [s for s, _ in layers[index].blocks(index) if s not in kept]
        at, column = {}, 0
        for source in kept:
            at[source], column = column, column + widths[source]
        kept_end = column
        if index + 1 in read_later:
            column += layers[index].width
        out_end = column
        for source in dict.fromkeys(only):
            at[source], column = column, column + widths[source]
        new = ValueColumns(at, kept_end, out_end, column)
        if [*at.items(), column] != [*old.at.items(), old.width]:
            moved = Rows.empty(len(self.carried), (column,), np.float64, self.room)
            for source, start in at.items():
                size = widths[source]
                moved.view[:, start : start + size] = self.carried.view[
                    :, old.at[source] : old.at[source] + size
                ]
            self.carried = moved
        self.columns = new

    def pre_activations(self, layer: Layer, index: int, start: int, stop: int) -> None:
        """Evaluate units `start` to `stop` of a layer at all vertices."""
        if self.pre.view.shape[1] != stop - start:
            self.pre = Rows(np.zeros((0, stop - start)), self.room)
        self.pre.extend(len(self.zeros))
        pre = self.pre.view
        for number, (source, matrix) in enumerate(layer.blocks(index)):
            at = self.columns.at[source]
            values = self.carried.view[:, at : at + matrix.shape[1]]
            if number:
                pre += values @ matrix[start:stop].T
            else:
                np.matmul(values, matrix[start:stop].T, out=pre)
        pre += layer.bias[start:stop]
        # Exactly zero on a wall, not up to rounding.
        for unit in self.walls[(self.walls >= start) & (self.walls < stop)]:
            if index == 0:
                on_wall = (self.zeros.view == self.num_facets + unit).any(1)
                pre[on_wall, unit - start] = 0.0

    def close_layer(self, index: int) -> None:
        """The activations of the layer are a source from now on."""
        columns = self.columns
        if columns.out > columns.kept:
            columns.at[index + 1] = columns.kept

    def activate(
        self, layer: Layer, start: int, stop: int, compiled: Callable[..., None] | None
    ) -> None:
        """Keep the activations of a block, if they are read."""
        columns = self.columns
        if columns.out > columns.kept:
            done, slopes = self.pre.view, np.array(layer.slopes[start:stop])
            first = columns.kept + start
            if compiled is not None:
                compiled(done, slopes, self.carried.view, first)
                return
            self.carried.view[:, first : first + stop - start] = np.where(
                done > 0.0, done, slopes * done
            )

    def ranges(self, start: int, last: bool) -> tuple[int, int, int]:
        """ValueColumns that new vertices need: `0:a` and `b:c`.

        Args:
            start: Units of the layer whose activations are there.
            last: Whether no other block of this layer follows.
        """
        columns = self.columns
        filled = min(columns.kept + start, columns.out)
        return filled, columns.out, columns.out if last else columns.width

    def reserve(self, room: int) -> tuple[int, int]:
        """Make room for so many vertices, and the edges that come with them.

        Returns:
            How many vertices and edges there is room for.
        """
        extra = self.zeros.view.shape[1] * room
        check_room(len(self.first) + extra)
        for rows in self._vertex_rows():
            rows.reserve(len(self.zeros) + room)
        for rows in self._edge_rows():
            rows.reserve(len(self.first) + extra)
        return (
            min(len(rows.buffer) for rows in self._vertex_rows()),
            min(len(rows.buffer) for rows in self._edge_rows()),
        )

    def extend(self, vertices: int, edges: int) -> None:
        """Count rows as there that were written beyond the end."""
        for rows in self._vertex_rows():
            rows.extend(vertices)
        for rows in self._edge_rows():
            rows.extend(edges)

    def _edge_rows(self) -> list[Rows]:
        """What there is one row of per edge."""
        return [self.first, self.second, self.edge_zeros, self.crossed]

    def _vertex_rows(self) -> list[Rows]:
        """What there is one row of per vertex."""
        keys = [] if self.keys is None else [self.keys]
        return [self.carried, self.pre, self.signs, self.zeros, self.parents, *keys]

    def forget(self, units: np.ndarray) -> None:
        """Take units that split nothing out of the face keys."""
        if not len(units):
            return
        self.layout.keyed[units] = False
        position = self.layout.word[units] * 32 + self.layout.bit[units]
        words = self.positive_word[self.num_facets + units]
        self.positive_word[self.num_facets + units] = 0
        on = BYTES[:, position % 8]
        np.subtract.at(self.table, position // 8, np.where(on, words, 0).T)

    def finished_keys(self, word: int) -> np.ndarray:
        """Sums of random words over the units of all words before `word`."""
        signs = np.ascontiguousarray(self.signs.view[:, :word])
        return table_sums(self.table[: 4 * word], signs)

    def finish(self, complete: bool) -> Complex:
        """The finished complex."""
        return Complex(
            vertices=np.ascontiguousarray(
                self.carried.view[:, : self.zeros.view.shape[1]]
            ),
            zeros=self.zeros.view,
            ends=np.stack([self.first.view, self.second.view], 1),
            edge_zeros=self.edge_zeros.view,
            signs=self.signs.view,
            words=self.layout,
            num_facets=self.num_facets,
            parents=self.parents.view,
            complete=complete,
        )


def check_room(rows: int) -> None:
    """Raise if so many vertices or edges can not be numbered.

    Raises:
        RegionsError: If so.
    """
    if rows > MAX_ROWS:
        raise RegionsError(
            f"{rows:,} vertices or edges are more than 32 bits can number: count by "
            "pieces (relu-regions pieces)."
        )
