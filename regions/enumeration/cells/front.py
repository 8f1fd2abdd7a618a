"""Cells in NumPy, many at a time, while there is no compiled code.

The plain walk splits one cell after another, which takes Python hundreds of
microseconds a region. Here a unit splits all cells that it crosses at once. A cell is
its corners and edges. In general position each corner lies on `dim` rows (facets of the
domain, units) and each edge on all but one of these. Where a sign is not proved in
float64, or more rows meet, this form gives up, and the walk decides.
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.space.network import corners_of
from regions.network import ReluNetwork
from regions.signs.rounding import (
    SAFETY,
    SMALLEST,
    chart_rounding,
    gamma,
    position_bound,
    slope_error,
)

MOST_CELLS = 4096
"""Cells that go on to the next layer together: their arrays stay in the cache."""


class UndecidedError(Exception):
    """A sign is open, or the position is not general; never leaves this module."""


class Forms(NamedTuple):
    """Affine forms `a s + c` for |s| <= 1.

    Attributes:
        rows: `a, c` along the last axis.
        error: Bounds of the sums of the errors of their numbers.
    """

    rows: np.ndarray
    error: np.ndarray

    def take(self, index: np.ndarray) -> "Forms":
        """Those of some cells."""
        return Forms(self.rows[index], self.error[index])


class Corners(NamedTuple):
    """Corners, each of one cell; a corner of many cells is there many times.

    Attributes:
        cell: Their cells.
        x: Positions in s.
        reach: Bounds of their errors.
        rows: The rows that vanish there, ascending, by their place in the table.
    """

    cell: np.ndarray
    x: np.ndarray
    reach: np.ndarray
    rows: np.ndarray

    def take(self, index: np.ndarray) -> "Corners":
        """Some of them."""
        return Corners(*(array[index] for array in self))


class Edges(NamedTuple):
    """Edges, each of one cell.

    Attributes:
        ends: Their corners.
        rows: The rows that vanish there, ascending.
    """

    ends: np.ndarray
    rows: np.ndarray


class Homes(NamedTuple):
    """Cells of the layers before, whose parts share what they know.

    Attributes:
        on: Which units of the layers before are on.
        held: Forms of the inputs and of activations that are still read, by source.
        forms: Forms of the units of the layer.
        start: Place of their rows in the table.
        table: Rows of all facets and units on the way here.
    """

    on: np.ndarray
    held: dict[int, Forms]
    forms: Forms
    start: int
    table: Forms


@dataclasses.dataclass
class Cells:
    """Cells of a layer, some of whose units have split them.

    Attributes:
        layer: The layer.
        unit: The next unit.
        homes: Cells of the layers before.
        home: Which of these each cell is a part of.
        on: Which units of the layer are on, of those before the next one.
        corners: All corners.
        edges: All edges.
    """

    layer: int
    unit: int
    homes: Homes
    home: np.ndarray
    on: np.ndarray
    corners: Corners
    edges: Edges

    def __len__(self) -> int:
        return len(self.home)

    def patterns(self) -> np.ndarray:
        """Which units are on, of this layer and those before."""
        return np.concatenate([self.homes.on[self.home], self.on], axis=1)

    def split(self) -> None:
        """Split all cells that the next unit crosses."""
        corners, edges, unit, count = self.corners, self.edges, self.unit, len(self)
        self.unit += 1
        positive = self._signs(unit)
        above, below = np.zeros((2, count), bool)
        above[corners.cell[positive]] = True
        below[corners.cell[~positive]] = True
        crossed = np.flatnonzero(above & below)
        self.on[:, unit] = above
        if not len(crossed):
            return
        # The lower part keeps the number of the cell.
        self.on[crossed, unit] = False
        upper = np.arange(count)
        upper[crossed] = count + np.arange(len(crossed))
        own = np.where(positive, upper[corners.cell], corners.cell)
        ends = positive[edges.ends]
        is_cut = ends[:, 0] != ends[:, 1]
        kept, cut = np.flatnonzero(~is_cut), np.flatnonzero(is_cut)
        cell = corners.cell[edges.ends[cut, 0]]
        new = self._meet(unit, cell, edges.rows[cut])
        # New corners and the edges between them are there twice, on either side.
        self.corners = Corners(
            np.concatenate([own, cell, upper[cell]]),
            np.concatenate([corners.x, new.x, new.x]),
            np.concatenate([corners.reach, new.reach, new.reach]),
            np.concatenate([corners.rows, new.rows, new.rows]),
        )
        made = len(positive) + np.arange(len(cut))
        swap = ends[cut, 0]
        low = np.where(swap, edges.ends[cut, 1], edges.ends[cut, 0])
        high = np.where(swap, edges.ends[cut, 0], edges.ends[cut, 1])
        pairs, rows = _across(cell, new.rows)
        halves = [np.stack([low, made], 1), np.stack([high, made + len(cut)], 1)]
        between = [made[pairs], made[pairs] + len(cut)]
        self.edges = Edges(
            np.concatenate([edges.ends[kept], *halves, *between]),
            np.concatenate(
                [edges.rows[kept], edges.rows[cut], edges.rows[cut], rows, rows]
            ),
        )
        self.home = np.concatenate([self.home, self.home[crossed]])
        self.on = np.concatenate([self.on, self.on[crossed]])
        self.on[count:, unit] = True

    def _signs(self, unit: int) -> np.ndarray:
        """Whether a unit is positive at each corner, proved."""
        corners, dim = self.corners, self.corners.x.shape[1]
        rows, error = (part[:, unit] for part in self.homes.forms)
        steep = np.abs(rows[:, :dim]).sum(1)
        rounding = gamma(dim + 2) * (steep + np.abs(rows[:, dim]))
        bound = SAFETY * (error + rounding + (dim + 1) * SMALLEST)
        home = self.home[corners.cell]
        of_corner = rows[home]
        value = np.einsum("ij,ij->i", of_corner[:, :dim], corners.x) + of_corner[:, dim]
        doubt = bound[home] + SAFETY**2 * steep[home] * corners.reach
        if not (np.abs(value) > SAFETY * doubt).all():
            raise UndecidedError
        return value > 0.0

    def _meet(self, unit: int, cell: np.ndarray, rows: np.ndarray) -> Corners:
        """Where a unit meets edges."""
        dim, width = self.corners.x.shape[1], self.on.shape[1]
        # Units come in ascending order: its place is the last.
        place = self.homes.start + self.home[cell] * width + unit
        rows = np.concatenate([rows, place[:, None]], axis=1)
        form, error = self.homes.table.rows[rows], self.homes.table.error[rows]
        J, c = form[:, :, :dim], form[:, :, dim]
        try:
            x = np.linalg.solve(J, -c[:, :, None])
        except np.linalg.LinAlgError:
            raise UndecidedError from None
        size = (np.abs(J) @ np.abs(x))[:, :, 0] + np.abs(c)
        off = np.abs((J @ x)[:, :, 0] + c)
        off += gamma(dim + 2) * size + (dim + 1) * SMALLEST
        off += error * np.maximum(1.0, np.abs(x).max((1, 2)))[:, None]
        reach = position_bound(J, error, SAFETY * off)
        if not np.isfinite(reach).all():
            raise UndecidedError
        return Corners(cell, x[:, :, 0], reach, rows)

    def parts(self, most: int) -> "Iterator[Cells]":
        """The cells, as one or in halves if there are more than so many."""
        corners, edges, count = self.corners, self.edges, len(self)
        if count <= most:
            yield self
            return
        of_edge = corners.cell[edges.ends[:, 0]]
        order = np.argsort(corners.cell, kind="stable")
        edge_order = np.argsort(of_edge, kind="stable")
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(len(order))
        for first, last in ((0, count // 2), (count // 2, count)):
            part = slice(first, last)
            low, high = np.searchsorted(corners.cell[order], [first, last])
            edge_low, edge_high = np.searchsorted(of_edge[edge_order], [first, last])
            chosen = corners.take(order[low:high])
            lines = edge_order[edge_low:edge_high]
            yield dataclasses.replace(
                self,
                home=self.home[part],
                on=self.on[part],
                corners=chosen._replace(cell=chosen.cell - first),
                edges=Edges(number[edges.ends[lines]] - low, edges.rows[lines]),
            )


class Front:
    """The cells of a network on a domain, layer by layer.

    Attributes:
        found: Regions found.
    """

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        self._layers = domain.restrict(network).hidden
        self._scale = corners_of(domain).scale
        self._rounding = list(zip(*chart_rounding(network, domain), strict=True))
        self._waiting = [self._first(domain)]
        self.found = 0

    @property
    def left(self) -> int:
        """Cells that wait; each holds a region, as it has an interior."""
        return sum(map(len, self._waiting))

    def advance(self) -> Cells | None:
        """Let a unit split some cells; those that are regions now, if any.

        Raises:
            UndecidedError: If a sign is open.
        """
        cells = self._waiting.pop()
        layer = self._layers[cells.layer]
        while cells.unit < layer.width and not layer.kinks[cells.unit]:
            # As if it were on.
            cells.on[:, cells.unit] = True
            cells.unit += 1
        if cells.unit < layer.width:
            cells.split()
            self._waiting.extend(cells.parts(MOST_CELLS))
            return None
        if cells.layer + 1 == len(self._layers):
            self.found += len(cells)
            return cells
        self._waiting.append(self._next(cells))
        return None

    def points(self, cells: Cells) -> np.ndarray:
        """The mean of the corners of each cell, in the chart."""
        corners = cells.corners
        total = np.zeros((len(cells), corners.x.shape[1]))
        np.add.at(total, corners.cell, corners.x)
        return total / np.bincount(corners.cell)[:, None] * self._scale

    def waiting_points(self) -> list[np.ndarray]:
        """The same of the cells that wait."""
        return [self.points(cells) for cells in self._waiting]

    def _first(self, domain: BoundedDomain) -> Cells:
        """The domain as one cell."""
        dim, (A, b), known = domain.dim, domain.rows(), corners_of(domain)
        if any(zeros.bit_count() != dim for zeros in known.zeros):
            raise UndecidedError
        facets = range(len(b))
        rows = np.array([[k for k in facets if z >> k & 1] for z in known.zeros])
        lies_on = (rows[:, :, None] == facets).any(1)
        shared = lies_on.astype(np.int64) @ lies_on.T
        ends = np.argwhere(np.triu(shared == dim - 1, 1))
        both = lies_on[ends[:, 0]] & lies_on[ends[:, 1]]
        table = Forms(
            np.concatenate([-A * known.scale, b[:, None]], axis=1),
            # A product with a power of two may underflow.
            np.full(len(b), dim * SMALLEST),
        )
        none = np.zeros(len(rows), np.int64)
        inputs = np.concatenate([np.diag(known.scale), np.zeros((dim, 1))], axis=1)
        return self._begin(
            0,
            np.zeros((1, 0), bool),
            {0: Forms(inputs[None], np.zeros((1, dim)))},
            table,
            Corners(none, known.x, known.reach, rows),
            Edges(ends, np.nonzero(both)[1].reshape(len(ends), dim - 1)),
        )

    def _next(self, cells: Cells) -> Cells:
        """Cells of a layer, all of whose units have split them, in the next one."""
        homes, index = cells.homes, cells.layer + 1
        forms = homes.forms.take(cells.home)
        slopes = self._layers[cells.layer].slopes
        later = {s for k in range(index, len(self._layers)) for s in self._read(k)}
        held = {s: of.take(cells.home) for s, of in homes.held.items() if s in later}
        held[index] = _activated(forms, slopes, cells.on)
        on = cells.patterns()
        return self._begin(index, on, held, homes.table, cells.corners, cells.edges)

    def _read(self, index: int) -> list[int]:
        """What a layer reads."""
        return [source for source, _ in self._layers[index].blocks(index)]

    def _begin(
        self,
        index: int,
        on: np.ndarray,
        held: dict[int, Forms],
        table: Forms,
        corners: Corners,
        edges: Edges,
    ) -> Cells:
        """Cells before the first unit of a layer."""
        forms = self._forms(index, held)
        number, width, columns = forms.rows.shape
        more = forms.rows.reshape(-1, columns), forms.error.ravel()
        joined = Forms(*map(np.concatenate, zip(table, more, strict=True)))
        homes = Homes(on, held, forms, len(table.error), joined)
        none = np.zeros((number, width), bool)
        return Cells(index, 0, homes, np.arange(number), none, corners, edges)

    def _forms(self, index: int, held: dict[int, Forms]) -> Forms:
        """Forms of the units of a layer, and bounds of their errors."""
        layer = self._layers[index]
        row_doubt, bias_doubt = self._rounding[index]
        blocks, columns = layer.blocks(index), len(self._scale) + 1
        terms = sum(matrix.shape[1] for _, matrix in blocks) + len(blocks) + 2
        rows: np.ndarray = np.zeros((1, 1, 1))
        error = gamma(terms) * np.abs(layer.bias) + bias_doubt
        error = error + terms * columns * SMALLEST
        for source, matrix in blocks:
            read = held[source]
            rows = rows + matrix @ read.rows
            off = read.error + gamma(terms) * np.abs(read.rows).sum(2)
            error = error + off @ np.abs(matrix).T
            if source == 0:
                error = error + row_doubt * self._scale.max()
        rows[:, :, -1] += layer.bias
        return Forms(rows, SAFETY * error)


def _across(cell: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges between new corners of a cell: those that lie in one of its 2-faces.

    Args:
        cell: Cells of the new corners.
        rows: Rows of these, that which cuts them last.
    """
    count, slots = len(rows), rows.shape[1] - 1
    keys = np.stack(
        [
            np.column_stack([cell, np.delete(rows, slot, axis=1)])
            for slot in range(slots)
        ]
    ).reshape(count * slots, slots + 1)
    corner = np.tile(np.arange(count), slots)
    order = np.lexsort(keys.T)
    keys, corner = keys[order].reshape(-1, 2, slots + 1), corner[order].reshape(-1, 2)
    same = (keys[:, 0] == keys[:, 1]).all()
    if not same or (keys[1:, 0] == keys[:-1, 1]).all(1).any():
        raise UndecidedError
    return corner, keys[:, 0, 1:]


def _activated(forms: Forms, slopes: np.ndarray, on: np.ndarray) -> Forms:
    """Forms after the kinks."""
    slope = np.where(on, 1.0, slopes)
    rows = forms.rows * slope[:, :, None]
    is_plain = (slope == 0.0) | (slope == 1.0)
    more = np.where(is_plain, 0.0, rows.shape[2] * slope_error(np.abs(rows).sum(2)))
    return Forms(rows, SAFETY * (forms.error * np.abs(slope) + more))
