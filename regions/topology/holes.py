"""Cycles that no chain of a set bounds: a witness for each hole.

A cycle is a sum of generators without boundary. Those found are independent: each has a
generator that is in no other and in no boundary.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.errors.limits import check
from regions.topology.chains import Chains, reduce_chains
from regions.topology.ragged import Ragged


class Hole(NamedTuple):
    """A hole of a set, with a cycle around it.

    Attributes:
        dimension: 1 for a tunnel, 2 for a cavity, and so on.
        faces: The cycle: faces of the complex of dimension `dimension` for a closed
            set; for an open one, of the codimension, through which the cycle passes.
        loop: For dimension 1, the corners of a closed polygon inside the set that runs
            along the cycle, in chart coordinates; no rows else.
    """

    dimension: int
    faces: Int[np.ndarray, " faces"]
    loop: Float64[np.ndarray, "corners dim"]


def cycles(chains: Chains, k: int) -> list[list[int]]:
    """Independent cycles of generators of dimension k that span the homology there."""
    ordered = _by_distance(chains) if k == 1 else np.arange(len(chains[k]))
    columns = chains[k].take(ordered)
    above: Chains = [*chains]
    above[k] = columns
    if k + 1 < len(chains):
        place = np.empty(len(ordered), np.int64)
        place[ordered] = np.arange(len(ordered))
        up = chains[k + 1]
        above[k + 1] = Ragged(up.offsets, place[up.items])
    killed = reduce_chains(above[k:])[1] if k + 1 < len(chains) else {}
    found = _zero_columns(columns, set(killed))
    return [[int(ordered[g]) for g in cycle] for cycle in found]


def _zero_columns(columns: Ragged, cleared: set[int]) -> list[set[int]]:
    """Sums of columns that vanish, one for each column that is the last of one."""
    kept: dict[int, tuple[set[int], set[int]]] = {}
    result = []
    for number in range(len(columns)):
        if number in cleared:
            continue
        if not number & 255:
            check()
        column, added = set(columns.row(number).tolist()), {number}
        while column:
            last = max(column)
            if last not in kept:
                kept[last] = column, added
                break
            column = column ^ kept[last][0]
            added = added ^ kept[last][1]
        else:
            result.append(added)
    return result


def _by_distance(chains: Chains) -> Int[np.ndarray, " edges"]:
    """The generators of dimension 1, those near a first point of each part first.

    Those of the trees of shortest paths come first of all, so that cycles are short.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    ends, nodes = chains[1].items.reshape(-1, 2), len(chains[0])
    if not len(ends):
        return np.zeros(0, np.int64)
    both = np.concatenate([ends, ends[:, ::-1]])
    ones = np.ones(len(both), np.int8)
    graph = coo_array((ones, (both[:, 0], both[:, 1])), (nodes, nodes)).tocsr()
    depth, parent = np.zeros(nodes, np.int64), np.full(nodes, -1)
    label = connected_components(graph, directed=False)[1]
    for first in np.unique(label, return_index=True)[1].tolist():
        order, before = breadth_first_order(graph, first, directed=False)
        parent[order[1:]] = before[order[1:]]
        for node in order[1:].tolist():
            depth[node] = depth[parent[node]] + 1
    far = depth[ends].max(1)
    in_tree = (parent[ends[:, 0]] == ends[:, 1]) | (parent[ends[:, 1]] == ends[:, 0])
    # Two nodes may be joined twice: one edge of them is the tree's.
    pair = np.sort(ends, axis=1) @ np.array([nodes, 1])
    once = np.zeros(len(ends), bool)
    once[np.unique(pair, return_index=True)[1]] = True
    return np.lexsort((far, ~(in_tree & once)))


def walk_along(
    cycle: list[int], ends: Int[np.ndarray, "edges 2"]
) -> list[tuple[int, int]]:
    """A cycle of edges as pairs (node, edge that leads on), in the order of a walk."""
    left = {edge: ends[edge].tolist() for edge in cycle}
    at = {}
    for edge, (a, b) in left.items():
        at.setdefault(a, []).append(edge)
        at.setdefault(b, []).append(edge)
    node, edge = left[cycle[0]][0], cycle[0]
    walk = []
    while edge in left:
        walk.append((node, edge))
        a, b = left.pop(edge)
        node = b if node == a else a
        edge = next((e for e in at[node] if e in left), -1)
    assert not left
    return walk
