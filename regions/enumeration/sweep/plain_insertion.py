"""Inserting units into the complex: the plain form, one unit at a time in NumPy.

The compiled form, `kernels.insertion`, does the same, with the same
vertices and edges in the same order.
"""

from collections.abc import Callable

import numpy as np

from regions.enumeration.sweep.complex import table_sums
from regions.enumeration.sweep.partial_complex import PartialComplex, check_room
from regions.errors import NotGenericError
from regions.patterns.packing import sign_words

TIE = "two units vanish together at a vertex."
UNPAIRED = "a crossed 2-face does not have exactly two new vertices."


def insert_units(
    state: PartialComplex,
    columns: np.ndarray,
    word: int,
    first_unit: int,
    ranges: tuple[int, int, int],
    stop: Callable[[], bool],
) -> int | None:
    """Insert units of a block; the first column left out if asked to stop.

    Args:
        state: The complex, with the pre-activations of the block.
        columns: Columns of the units to insert, rising.
        word: Sign word of the block.
        first_unit: Unit of column 0.
        ranges: Carried columns that new vertices need: `0:a` and `b:c`.
        stop: Asked before every unit.

    Raises:
        NotGenericError: If a tie or an unpaired face shows up.
    """
    state.keys = None
    block = state.signs.view[:, word]
    state.crossed.extend(len(state.first))
    state.crossed.view[:] = block[state.first.view] ^ block[state.second.view]
    for column in columns.tolist():
        if stop():
            return column
        _insert_unit(state, column, word, first_unit + column, ranges)
    return None


def _insert_unit(
    state: PartialComplex,
    column: int,
    word: int,
    unit: int,
    ranges: tuple[int, int, int],
) -> None:
    """Split the edges and 2-faces that one unit crosses."""
    bit = np.uint32(1 << column)
    cut = np.flatnonzero(state.crossed.view & bit)
    if not len(cut):
        return
    check_room(len(state.first) + state.zeros.view.shape[1] * len(cut))
    u, v = state.first.view[cut], state.second.view[cut]
    zeros = state.edge_zeros.view[cut]
    # Signs of units inserted before; the word in progress up to this unit.
    signs = state.signs.view[u] | state.signs.view[v]
    signs[:, word] &= np.uint32(bit - np.uint32(1))
    new = np.arange(len(state.zeros), len(state.zeros) + len(cut), dtype=np.int32)
    this = np.full((len(cut), 1), state.num_facets + unit, np.int32)
    keys = table_sums(state.table[: 4 * word + 4], signs[:, : word + 1])
    _append_vertices(state, column, u, v, signs, word, ranges)
    state.zeros.append(np.concatenate([zeros, this], 1))
    state.parents.append(np.stack([u, v], 1))
    # (u, new) keeps its row, (new, v) is appended.
    state.second.view[cut] = new
    left, right, rest = _new_edges(state, keys, zeros, new)
    state.first.append(np.concatenate([new, left]))
    state.second.append(np.concatenate([v, right]))
    across = np.concatenate([rest, this[:1].repeat(len(rest), 0)], 1)
    state.edge_zeros.append(np.concatenate([zeros, across[:, : zeros.shape[1]]]))
    block = state.signs.view[:, word]
    later = ~np.uint32((int(bit) << 1) - 1)
    fresh = np.arange(len(state.crossed), len(state.first))
    state.crossed.extend(len(state.first))
    touched = np.concatenate([cut, fresh])
    ends = block[state.first.view[touched]] ^ block[state.second.view[touched]]
    state.crossed.view[touched] = ends & later


def _append_vertices(
    state: PartialComplex,
    column: int,
    u: np.ndarray,
    v: np.ndarray,
    signs: np.ndarray,
    word: int,
    ranges: tuple[int, int, int],
) -> None:
    """New vertices where the unit vanishes on the edges (u, v)."""
    low, high = state.pre.view[u, column], state.pre.view[v, column]
    t = (low / (low - high))[:, None]
    s = 1.0 - t
    a, b, c = ranges
    for rows, part in (
        (state.carried, slice(0, a)),
        (state.carried, slice(b, c)),
        (state.pre, slice(None)),
    ):
        rows.extend(len(state.zeros) + len(u))
        view = rows.view[:, part]
        view[-len(u) :] = view[u] * s + view[v] * t
    made = state.pre.view[-len(u) :]
    made[:, column] = 0.0
    later = made[:, column + 1 :]
    if (later == 0.0).any():
        # Harmless for a unit that is never negative or never positive.
        column_index = column + 1 + np.flatnonzero((later == 0.0).any(0))
        view = state.pre.view[:, column_index]
        if ((view > 0.0).any(0) & (view < 0.0).any(0)).any():
            raise NotGenericError(TIE)
    signs[:, word] |= sign_words(made)[:, 0] & ~np.uint32((2 << column) - 1)
    state.signs.append(signs)


def _new_edges(
    state: PartialComplex, keys: np.ndarray, zeros: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges between the two new vertices of every 2-face that is crossed.

    In the order of the later one of the two, as it is met vertex by vertex.
    """
    slots = zeros.shape[1]
    if slots == 0:
        none = np.zeros(0, np.int32)
        return none, none, np.zeros((0, 0), np.int32)
    keys = keys + state.zero_word[zeros].sum(1, dtype=np.uint64)
    opened = keys[:, None] - state.zero_word[zeros]
    # Off and on: a facet has one side only.
    words = state.positive_word[zeros]
    sides = np.stack([opened, opened + words], 2)
    there = np.stack([words != 0, np.ones(zeros.shape, bool)], 2)
    met = np.flatnonzero(there)
    key = sides.reshape(-1)[met]
    order = np.argsort(key, kind="stable")
    key, left, right = key[order], met[order[0::2]], met[order[1::2]]
    paired = len(key) % 2 == 0 and bool((key[0::2] == key[1::2]).all())
    if not paired or (key[1:-1:2] == key[2::2]).any():
        raise NotGenericError(UNPAIRED)
    by_later = np.argsort(right)
    left, right = left[by_later], right[by_later]
    rest = np.stack([np.delete(zeros, k, axis=1) for k in range(slots)], 1)
    row, slot = left // (2 * slots), left // 2 % slots
    return new[row], new[right // (2 * slots)], rest[row, slot]
