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
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int

from regions.estimates.linear import LinearParts
from regions.estimates.resampling import inclusion_chances, kept_systematically

Keep = Callable[[Float64[np.ndarray, " cells"], np.random.Generator], np.ndarray]
"""Indices of the cells that are kept, given the chance of each."""


@runtime_checkable
class SampledTree(Protocol):
    """A tree of cells that are split by a unit at a time, each split proved."""

    def start(
        self, most: int, rng: np.random.Generator
    ) -> tuple[Any, Float64[np.ndarray, " cells"], bool]:
        """Cells, logarithms of their weights, and whether others were left out."""
        ...

    def layer_of(self, unit: int) -> int:
        """Index of the hidden layer of a unit."""
        ...

    def forms(self, cells: Any, layer: int) -> Any:
        """Affine forms of the units of a layer on cells."""
        ...

    def inserted(
        self, cells: Any, forms: Any, parent: Int[np.ndarray, " cells"]
    ) -> tuple[Any, Int[np.ndarray, " children"]]:
        """The cells split by their next unit; the cell that each was part of."""
        ...

    @property
    def counts_all(self) -> bool:
        """Whether every cell holds a region that counts."""
        ...

    def counted(self, cells: Any) -> np.ndarray:
        """Which cells of all units count."""
        ...

    def log_sizes(
        self, cells: Any, forms: Any, parent: Int[np.ndarray, " cells"]
    ) -> Float64[np.ndarray, " cells"]:
        """Logarithms of guesses of how many regions cells hold in the end."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class RunValue:
    """What one run gives.

    Attributes:
        log: Natural logarithm of the unbiased value. Of a run that was stopped: of how
            many cells of the units so far there are, by what it has; each holds a
            region, so that this is too small on average, whenever it was stopped.
        exact: Whether nothing was dropped, so that the value is the count.
        cells: Different regions at the end: so many exist.
        ended: Whether it was not stopped.
    """

    log: float
    exact: bool
    cells: int
    ended: bool = True


@np.errstate(all="ignore")
def run_once(
    tree: SampledTree,
    most: int,
    rng: np.random.Generator,
    stop: Callable[[], bool] = lambda: False,
    keep: Keep = kept_systematically,
    on_from: int | None = None,
    parts: LinearParts | None = None,
) -> RunValue:
    """One unbiased value; less than that if `stop` said so before the end.

    Args:
        tree: The tree of the network on the domain.
        most: Cells to keep at most, on average.
        rng: Chances come from here alone.
        stop: Asked before every unit.
        keep: Draws which cells are kept, each with its chance.
        on_from: Only cells where this unit and all after it are on are counted.
        parts: Count linear regions by these, and not activation regions.
    """
    cells, log_weight, dropped = tree.start(most, rng)
    forms, parent, layer = None, np.arange(len(cells)), -1
    last = cells.bits.shape[1]
    while cells.unit < last:
        if stop():
            break
        if tree.layer_of(cells.unit) != layer:
            layer = tree.layer_of(cells.unit)
            forms, parent = tree.forms(cells, layer), np.arange(len(cells))
        assert forms is not None
        cells, origin = tree.inserted(cells, forms, parent)
        # An order that does not depend on which part of a cell a program found.
        order = np.lexsort((cells.bits[:, cells.unit - 1], origin))
        if on_from is not None and cells.unit > on_from:
            order = order[cells.bits[order, cells.unit - 1]]
        if not len(order):
            return RunValue(-np.inf, not dropped, 0)
        if len(order) > most and cells.unit < last:
            size = log_weight[origin[order]]
            size = size + tree.log_sizes(cells, forms, parent[origin])[order]
            chances = inclusion_chances(np.exp(size - size.max()), most)
            kept = keep(chances, rng)
            log_weight = log_weight[origin[order[kept]]] - np.log(chances[kept])
            order, dropped = order[kept], True
        else:
            log_weight = log_weight[origin[order]]
        cells, parent = cells.take(order).compacted(), parent[origin[order]]
    ended = cells.unit == last
    if not ended and not (on_from is None and parts is None and tree.counts_all):
        # Whether these cells hold regions that count is not known.
        return RunValue(-np.inf, False, 0, ended)
    if ended:
        counted = tree.counted(cells)
        cells, log_weight = cells.take(counted), log_weight[counted]
    if not len(cells):
        return RunValue(-np.inf, not dropped, 0)
    names = [row.tobytes() for row in cells.bits]
    if parts is not None:
        found = [parts.part_of(bits, stop) for bits in cells.bits]
        linear = [part for part in found if part is not None]
        if len(linear) < len(found):
            return RunValue(-np.inf, False, 0, False)
        names = [name for name, _ in linear]
        # A part of a linear region of n of them counts 1/n.
        log_weight = log_weight - np.log([size for _, size in linear])
    top = log_weight.max()
    log = float(top + np.log(np.exp(log_weight - top).sum()))
    return RunValue(log, ended and not dropped, len(set(names)), ended)
