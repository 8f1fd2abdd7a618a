"""Cells of the layers before the last one, by their corners in exact integers.

A cell is split by one unit after another: it is known by its corners, so a unit crosses
it if and only if it has both signs there. In the whole space a cell is a polyhedron
with directions among its corners. Those of independent units of the first layer come
first: between d of them every cell has a corner, and it is a simplicial cone.

Without biases everything is a cone around the origin. A unit cuts the space in two
halves, on which its value takes the place of the constant 1: what is left is the whole
space of one dimension less, for each half.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from flint import fmpz_mat

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.restriction.corners import (
    cones_between,
    domain_corners,
    independent,
)
from regions.enumeration.restriction.hyperplanes import Row, primitive
from regions.enumeration.restriction.polytopes import (
    Corner,
    signs_at_corners,
    slice_corners,
    values,
)
from regions.enumeration.tree.homogeneous import is_bias_free
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PrefixCell:
    """A cell of some units.

    Attributes:
        bits: Sign of each hidden unit; False for those not decided.
        corners: Its corners, each with the facets of the cell through it, as bits.
        floats: Their coordinates in float64, each rounded once.
        facets: Rows of the facets, by the number of their bit.
        frame: Takes the coordinates of the corners to those of the domain's chart and
            1, up to a positive factor; None if they are these.
        layer: Layer whose units are next.
        forms: Forms of its units that may cross the cell, by unit; None before any was
            asked for.
        share: Share of all the work that the cell stands for; a split halves it.
    """

    bits: np.ndarray
    corners: list[Corner]
    floats: np.ndarray
    facets: list[Row]
    frame: fmpz_mat | None
    layer: int
    forms: dict[int, Row] | None
    share: float


class PrefixCells:
    """Cells of all units before the last layer with kinks, depth first.

    Attributes:
        stack: Cells that wait; each has an interior.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        self._exact = ExactNetwork(network, domain)
        self._starts = network.unit_starts
        kinked = [k for k, v in enumerate(network.hidden) if v.kinks.any()]
        self._first, self._last = kinked[0], kinked[-1]
        self._kinks = [np.flatnonzero(v.kinks).tolist() for v in network.hidden]
        nothing_on = np.zeros(sum(network.widths), bool)
        if isinstance(domain, WholeSpace):
            self.stack = self._cones(nothing_on)
        else:
            corners, facets = domain_corners(domain)
            self.stack = [
                PrefixCell(
                    nothing_on,
                    corners,
                    _floats(corners),
                    facets,
                    None,
                    self._first,
                    None,
                    1.0,
                )
            ]

    def leaves(self, stop: Callable[[], bool]) -> Iterator[PrefixCell]:
        """Cells in which only the last layer is left, with its forms.

        A cell is on the stack until it is given. Ends when `stop` says so, too.
        """
        while self.stack and not stop():
            cell = self.stack.pop()
            if cell.forms is None:
                cell = dataclasses.replace(cell, forms=self._forms(cell))
            cell, crossed = _settled(cell, int(self._starts[cell.layer]))
            if cell.layer == self._last:
                yield cell
            elif crossed:
                self.stack += _halves(cell, int(self._starts[cell.layer]))
            else:
                after = dataclasses.replace(cell, layer=cell.layer + 1, forms=None)
                self.stack.append(after)

    def _forms(self, cell: PrefixCell) -> dict[int, Row]:
        """Forms of the units with a kink of the cell's layer."""
        start, units = int(self._starts[cell.layer]), self._kinks[cell.layer]
        table = self._exact.affine_forms(cell.bits, layers=cell.layer + 1)
        rows = [table[start + unit] for unit in units]
        if cell.frame is not None and rows:
            entries = [v for row in rows for v in row]
            rows = (fmpz_mat(len(rows), len(rows[0]), entries) * cell.frame).table()
        return {u: tuple(map(int, row)) for u, row in zip(units, rows, strict=True)}

    def _cones(self, bits: np.ndarray) -> list[PrefixCell]:
        """The whole space between independent units of the first layer."""
        start = int(self._starts[self._first])
        table = self._exact.affine_forms(bits, layers=self._first + 1)
        rows = [table[start + unit] for unit in self._kinks[self._first]]
        chosen, columns = independent([row[:-1] for row in rows])
        basis, width = [rows[k] for k in chosen], len(rows[0])
        frames = [_selection([*columns, width - 1], width)]
        if basis and is_bias_free(self._exact.network):
            halved = basis.pop()
            frames = [_beside(halved, sign, columns) for sign in (1, -1)]
        cells = []
        for frame in frames:
            entries = [v for row in basis for v in row]
            sides = (fmpz_mat(len(basis), width, entries) * frame).table()
            facets = [*sides, [0] * len(basis) + [1]]
            facets = [primitive([int(v) for v in row]) for row in facets]
            corners = list(cones_between(facets))
            share = 1.0 / (len(frames) * len(corners))
            cells += [
                PrefixCell(
                    bits, some, _floats(some), facets, frame, self._first, None, share
                )
                for some in corners
            ]
        return cells


def unseen(network: ReluNetwork, most: int) -> str | None:
    """Why the whole space can not be cut by units of the first layer with kinks.

    Args:
        network: A network with kinks.
        most: In how many dimensions that are seen, at most.
    """
    too_many = (
        f"cuts the whole space into orthants, which are too many from dimension "
        f"{most + 1} on: use method='tree'."
    )
    first = next(k for k, layer in enumerate(network.hidden) if layer.kinks.any())
    # Rounded, but to find the rank of many inputs exactly takes long.
    if first == 0 and np.linalg.matrix_rank(network.hidden[0].weight) > most:
        return too_many
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    table = exact.affine_forms(np.zeros(sum(network.widths), bool), layers=first + 1)
    layer, start = network.hidden[first], int(network.unit_starts[first])
    normals = [row[:-1] for row in table[start : start + layer.width]]
    with_kink = [normals[unit] for unit in np.flatnonzero(layer.kinks).tolist()]
    rank = len(independent(with_kink)[0])
    if rank > most:
        return too_many
    # What units without a kink read, or a later layer of what was before this one.
    passed = [
        source
        for k in range(first + 1, len(network.layers) - 1)
        for source, _ in network.layers[k].blocks(k)
        if source <= first
    ]
    skips = bool(passed) and rank < network.input_dim
    if skips or rank < len(independent(normals)[0]):
        return (
            "cuts the whole space by units of the first layer with kinks, and later "
            "ones see more directions than these: use method='auto'."
        )
    return None


def _floats(corners: Sequence[Corner]) -> np.ndarray:
    """Coordinates of corners in float64, each rounded once."""
    return np.array([corner.floats()[0] for corner in corners])


def _settled(cell: PrefixCell, start: int) -> tuple[PrefixCell, bool]:
    """The cell with the signs of units that do not cross it, and whether some do."""
    assert cell.forms is not None
    if not cell.forms:
        return cell, False
    units, rows = list(cell.forms), list(cell.forms.values())
    signs = signs_at_corners(rows, cell.corners, cell.floats)
    above, below = (signs > 0).any(axis=1), (signs < 0).any(axis=1)
    bits = cell.bits.copy()
    bits[start + np.array(units)] = above
    left = np.flatnonzero(above & below).tolist()
    forms = {units[k]: rows[k] for k in left}
    return dataclasses.replace(cell, bits=bits, forms=forms), bool(left)


def _halves(cell: PrefixCell, start: int) -> list[PrefixCell]:
    """The two parts of a cell on the sides of the first unit that crosses it."""
    assert cell.forms
    (unit, row), *left = cell.forms.items()
    at = values(row, cell.corners)
    facets = [*cell.facets, primitive(row)]
    bit = 1 << len(cell.facets)
    dim = len(row) - 1
    cut = [
        Corner(corner.point, corner.facets | bit)
        for corner in slice_corners(cell.corners, at, dim - 1)
    ]
    cut_floats = _floats(cut)
    parts = []
    for side in (1, -1):
        kept = [k for k, value in enumerate(at) if value * side > 0]
        bits = cell.bits.copy()
        bits[start + unit] = side > 0
        part = dataclasses.replace(
            cell,
            bits=bits,
            corners=[cell.corners[k] for k in kept] + cut,
            floats=np.concatenate([cell.floats[kept], cut_floats]),
            facets=facets,
            forms=dict(left),
            share=0.5 * cell.share,
        )
        parts.append(part)
    return parts


def _selection(columns: Sequence[int], width: int) -> fmpz_mat:
    """Sets all coordinates to zero but some."""
    entries = [int(c == k) for k in range(width) for c in columns]
    return fmpz_mat(width, len(columns), entries)


def _beside(row: Sequence[int], sign: int, columns: Sequence[int]) -> fmpz_mat:
    """Puts `sign` times a form without offset in the place of the constant.

    Of the columns that are not zero, one is eliminated:
    `x_p = (sign y - sum of row_c x_c) / row_p`, all times the positive `|row_p|`.
    """
    p = next(c for c in columns if row[c])
    rest = [c for c in columns if c != p]
    head = 1 if row[p] > 0 else -1
    table = [[0] * (len(rest) + 1) for _ in row]
    for k, c in enumerate(rest):
        table[c][k] = abs(row[p])
        table[p][k] = -head * row[c]
    table[p][-1] = head * sign
    return fmpz_mat(len(row), len(rest) + 1, [v for line in table for v in line])
