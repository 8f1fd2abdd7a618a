"""Chain complexes over the field of two elements, and their homology by reduction.

Columns of the boundary matrices are reduced from the left: while the last entry of a
column is that of an earlier one, that one is added. Columns that are known to become
zero, as they bound something, are left out (clearing).

References:
    H. Edelsbrunner, D. Letscher, A. Zomorodian, Topological persistence and
    simplification, 2002. C. Chen, M. Kerber, Persistent homology computation with a
    twist, 2011.
"""

import numpy as np
from jaxtyping import Bool, Int

from regions.errors.limits import check
from regions.topology.faces import FaceComplex
from regions.topology.ragged import Ragged

Chains = list[Ragged]
"""For each dimension, the boundary of each generator; none in dimension 0."""


def closed_chains(
    complex_: FaceComplex, inside: list[Bool[np.ndarray, " _"]]
) -> Chains:
    """The cellular chain complex of a closed set: its faces, with their boundaries."""
    chains = [_no_boundaries(int(inside[0].sum()))]
    for k in range(1, complex_.dim + 1):
        chains.append(_restrict(complex_.boundaries[k], inside[k], inside[k - 1]))
    return chains


def open_chains(complex_: FaceComplex, inside: list[Bool[np.ndarray, " _"]]) -> Chains:
    """The chain complex of an open set: blocks dual to its faces off the boundary.

    A face of codimension k has a dual block of dimension k, whose boundary are the
    blocks of the faces that it bounds. What lies on the domain's boundary is left out:
    an open set of a manifold is homotopy equivalent to its part in the interior.
    """
    kept = [mask & ~outer for mask, outer in zip(inside, complex_.outer, strict=True)]
    chains = [_no_boundaries(int(kept[-1].sum()))]
    for k in range(complex_.dim, 0, -1):
        up = _restrict(complex_.boundaries[k], kept[k], kept[k - 1])
        chains.append(_transpose(up, int(kept[k - 1].sum())))
    return chains


def _no_boundaries(count: int) -> Ragged:
    """Generators of dimension 0."""
    return Ragged(np.zeros(count + 1, np.int64), np.zeros(0, np.int64))


def _restrict(
    lists: Ragged, rows: Bool[np.ndarray, " lists"], items: Bool[np.ndarray, " values"]
) -> Ragged:
    """Some lists, with some of their items, both numbered anew."""
    some = lists.take(np.flatnonzero(rows))
    kept = items[some.items]
    sizes = np.bincount(some.owner[kept], minlength=len(some))
    number = np.cumsum(items) - 1
    return Ragged.of_sizes(sizes, number[some.items[kept]])


def _transpose(lists: Ragged, num_items: int) -> Ragged:
    """For each item, the lists that hold it."""
    order = np.argsort(lists.items, kind="stable")
    sizes = np.bincount(lists.items, minlength=num_items)
    return Ragged.of_sizes(sizes, lists.owner[order])


def betti_by_reduction(chains: Chains) -> tuple[int, ...]:
    """Betti numbers of a chain complex over the field of two elements."""
    pairs = reduce_chains(chains)
    ranks = [len(p) for p in pairs] + [0]
    return tuple(len(chain) - ranks[k] - ranks[k + 1] for k, chain in enumerate(chains))


def reduce_chains(chains: Chains) -> list[dict[int, int]]:
    """For each dimension k, pairs of a generator of k - 1 and the one of k that bounds.

    Generators must stand in an order in which they could be added one after another.
    The pairs are those of persistent homology.
    """
    result: list[dict[int, int]] = [{} for _ in chains]
    for k in range(len(chains) - 1, 0, -1):
        cleared = result[k + 1] if k + 1 < len(chains) else {}
        result[k] = _reduce(chains[k], cleared)
    return result


def _reduce(columns: Ragged, cleared: dict[int, int]) -> dict[int, int]:
    """Last entry and number of each column that is left when all are reduced."""
    items, offsets = columns.items.tolist(), columns.offsets.tolist()
    kept: dict[int, set[int]] = {}
    pairs: dict[int, int] = {}
    for number in range(len(columns)):
        if number in cleared:
            continue
        if not number & 255:
            check()
        column = set(items[offsets[number] : offsets[number + 1]])
        while column:
            last = max(column)
            other = kept.get(last)
            if other is None:
                kept[last], pairs[last] = column, number
                break
            column ^= other
    return pairs


def unpaired(
    chains: Chains, pairs: list[dict[int, int]]
) -> list[Int[np.ndarray, " _"]]:
    """The generators of each dimension that stand for a homology class."""
    result = []
    for k, chain in enumerate(chains):
        free = np.ones(len(chain), bool)
        free[list(pairs[k].values())] = False
        if k + 1 < len(chains):
            free[list(pairs[k + 1])] = False
        result.append(np.flatnonzero(free))
    return result
