"""From a complex to its cells: which vertices each region has, and its neighbors."""

import numpy as np
from jaxtyping import Float64, Int, UInt32

from regions.enumeration.sweep.complex import Complex, RisingEdges, table_sums
from regions.errors import NotGenericError
from regions.results.cells import Cells


def cell_signs(
    complex_: Complex,
    low: Int[np.ndarray, " cells"],
    uppers: Int[np.ndarray, "cells some"],
) -> UInt32[np.ndarray, "cells words"]:
    """Signs of the units inside cells given by a corner and ends of edges there.

    A unit is positive inside where it is positive at one of these points.
    """
    signs = complex_.signs[low]
    for k in range(uppers.shape[1]):
        signs |= complex_.signs[uppers[:, k]]
    return signs


class _CellIndex:
    """Finds cells by their signs: by a 64-bit key, confirmed word by word.

    A unit that splits nothing may vanish at some corners of a cell only, or have no
    kink: it tells no cells apart and is left out.
    """

    def __init__(self, complex_: Complex, signs: UInt32[np.ndarray, "cells words"]):
        words = complex_.words
        self._table, _ = words.random_words(np.random.default_rng(1))
        self._telling = np.zeros(signs.shape[1], np.uint32)
        kept = np.flatnonzero(words.keyed)
        flag = np.left_shift(np.uint32(1), words.bit[kept].astype(np.uint32))
        np.bitwise_or.at(self._telling, words.word[kept], flag)
        self._signs = signs & self._telling
        keys = table_sums(self._table, signs)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def find(self, signs: UInt32[np.ndarray, "some words"]) -> Int[np.ndarray, " some"]:
        """Index of the cell with each row of signs."""
        at = np.searchsorted(self._keys, table_sums(self._table, signs))
        found = self._order[np.minimum(at, len(self._order) - 1)]
        if not (self._signs[found] == signs & self._telling).all():
            raise NotGenericError("a cell at a vertex is not among the regions.")
        return found


def build_cells(
    complex_: Complex,
    rising: RisingEdges,
    signs: UInt32[np.ndarray, "cells words"],
    position_errors: Float64[np.ndarray, " vertices"] | None = None,
) -> Cells:
    """Vertices and neighbors of the cells whose signs are `signs`, in that order."""
    index = _CellIndex(complex_, signs)
    offsets, members = _members(complex_, index, len(signs))
    pairs, bits = _neighbors(complex_, rising, index)
    return Cells(
        vertices=complex_.vertices,
        offsets=offsets,
        members=members,
        neighbors=pairs,
        neighbor_bits=bits,
        position_errors=position_errors,
        vertex_rows=complex_.zeros,
    )


def _members(
    complex_: Complex, index: _CellIndex, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of all cells: at one, one edge on leaving each zero makes a cell."""
    vertex, uppers = complex_.edges_around().cells()
    region = index.find(cell_signs(complex_, vertex, uppers))
    order = np.lexsort((vertex, region))
    counts = np.bincount(region, minlength=count)
    return np.concatenate([[0], np.cumsum(counts)]), vertex[order]


def _neighbors(
    complex_: Complex, rising: RisingEdges, index: _CellIndex
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cells that share a facet, and the bit of the pattern between them."""
    words = complex_.words
    bit_number = np.cumsum(words.kinks) - 1
    pairs, bits = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.int64)]
    for k in range(complex_.dim):
        low, uppers = rising.cells(fixed=k)
        unit = complex_.zeros[low, k] - complex_.num_facets
        inside = unit >= 0
        low, uppers, unit = low[inside], uppers[inside], unit[inside]
        off = cell_signs(complex_, low, uppers)
        on = off.copy()
        flip = np.left_shift(np.uint32(1), words.bit[unit].astype(np.uint32))
        on[np.arange(len(on)), words.word[unit]] |= flip
        pairs.append(np.stack([index.find(off), index.find(on)], 1))
        bits.append(bit_number[unit])
    pair, bit = np.sort(np.concatenate(pairs), axis=1), np.concatenate(bits)
    order = np.lexsort((pair[:, 1], pair[:, 0]))
    return pair[order], bit[order]


@np.errstate(all="ignore")
def middle_points(
    complex_: Complex,
    low: Int[np.ndarray, " cells"],
    uppers: Int[np.ndarray, "cells dim"],
) -> Float64[np.ndarray, "cells dim"]:
    """The mean of each cell's corner and edge ends, which is strictly inside it."""
    total = complex_.vertices[low].copy()
    for k in range(uppers.shape[1]):
        total += complex_.vertices[uppers[:, k]]
    return total / (uppers.shape[1] + 1)
