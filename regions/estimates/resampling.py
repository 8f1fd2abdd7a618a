"""Keeping a few of many weighted cells, so that no expectation changes."""

import numpy as np
from jaxtyping import Float64, Int


def kept_systematically(
    chances: Float64[np.ndarray, " cells"], rng: np.random.Generator
) -> Int[np.ndarray, " kept"]:
    """Indices of a sample in which cell k is with probability `chances[k]`.

    One random number places a comb of spacing 1 over the cumulated chances; a cell is
    kept if a tooth falls on its share. Cells that stand next to each other are thus
    never kept or dropped together more than need be: they stand by their chances, so
    that large ones and small ones are both kept as often as they should be, and those
    of equal chance at random, as any other order has patterns that the comb may meet.

    Args:
        chances: Probability of each cell to be kept, at most 1.
        rng: Where chance comes from.
    """
    order = np.lexsort((rng.random(len(chances)), chances))
    teeth = np.floor(np.cumsum(chances[order]) + rng.random())
    return np.sort(order[np.diff(teeth, prepend=0.0) > 0.0])


def inclusion_chances(
    sizes: Float64[np.ndarray, " cells"], most: int
) -> Float64[np.ndarray, " cells"]:
    """Probabilities proportional to `sizes` but at most 1, of sum `most`.

    Args:
        sizes: How much each cell is expected to give to the count; positive.
        most: How many cells to keep on average, fewer than there are.
    """
    chances = np.ones(len(sizes))
    open_ = np.ones(len(sizes), bool)
    while True:
        room = most - (len(sizes) - open_.sum())
        share = room * sizes[open_] / sizes[open_].sum()
        full = share >= 1.0
        chances[open_] = np.minimum(share, 1.0)
        if not full.any():
            return chances
        # What a large cell can not take beyond 1 goes to the others.
        open_[np.flatnonzero(open_)[full]] = False
        if not open_.any():
            return chances
