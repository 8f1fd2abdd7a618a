"""One run: the tree with a bounded number of cells, the others dropped by chance.

All cells get a unit at a time. Where more than `most` cells are alive then, each is
kept with a known chance, and divides its weight by that chance: in expectation nothing
changes, whatever the chances. The sum of the weights at the last unit is an unbiased
estimate of the number of regions, and the number itself if nothing was dropped. Every
split is proved, as the tree proves it: no tolerance takes part in the estimate.

Reference: D. E. Knuth, "Estimating the efficiency of backtrack programs", Mathematics
of Computation 29, 1975 (one cell kept); R. Vaisman and D. P. Kroese, "Stochastic
enumeration method for counting trees", Methodology and Computing in Applied
Probability 19, 2017 (several).
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from regions.enumeration.tree.cells import TreeCells
from regions.enumeration.tree.search import Tree
from regions.estimates.resampling import inclusion_chances, kept_systematically

SMALLEST_SIDE = 1e-100
"""Sides of boxes below it count as it: a guess is positive."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunValue:
    """What one run gives.

    Attributes:
        log: Natural logarithm of the unbiased value.
        exact: Whether nothing was dropped, so that the value is the count.
        cells: Cells at the end: so many regions exist.
    """

    log: float
    exact: bool
    cells: int


def guess_of(cells: TreeCells) -> Float64[np.ndarray, " cells"]:
    """How many regions each cell may hold in the end, up to a common factor.

    Any positive guess leaves the value unbiased, and a good one makes it spread less.
    Units cut large cells more often: the mean side of the box around a cell, squared.
    """
    return np.maximum((cells.high - cells.low).mean(1), SMALLEST_SIDE) ** 2


@np.errstate(all="ignore")
def run_once(
    tree: Tree,
    most: int,
    rng: np.random.Generator,
    stop: Callable[[], bool] = lambda: False,
) -> RunValue | None:
    """One unbiased value; None if `stop` said so before the end.

    Args:
        tree: The tree of the network on the domain.
        most: Cells to keep at most, on average.
        rng: Chances come from here alone.
        stop: Asked before every unit.
    """
    (cells,) = tree.stack
    log_weight = np.zeros(1)
    forms, parent, layer, dropped = None, np.zeros(1, np.int64), -1, False
    while cells.unit < cells.bits.shape[1]:
        if stop():
            return None
        if tree.layer_of(cells.unit) != layer:
            layer = tree.layer_of(cells.unit)
            forms, parent = tree.forms(cells, layer), np.arange(len(cells))
        assert forms is not None
        cells, origin = tree.inserted(cells, forms, parent)
        # Parts of one cell stand side by side: what is kept is then spread evenly.
        order = np.argsort(origin, kind="stable")
        if len(cells) > most:
            size = log_weight[origin[order]]
            size = size + np.log(guess_of(cells))[order]
            chances = inclusion_chances(np.exp(size - size.max()), most)
            kept = kept_systematically(chances, rng)
            log_weight = log_weight[origin[order[kept]]] - np.log(chances[kept])
            order, dropped = order[kept], True
        else:
            log_weight = log_weight[origin[order]]
        cells, parent = cells.take(order).compacted(), parent[origin[order]]
    top = log_weight.max()
    log = float(top + np.log(np.exp(log_weight - top).sum()))
    return RunValue(log, not dropped, len(cells))
