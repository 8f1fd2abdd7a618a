"""Ideas for less spread, and what each is worth for its time.

How cells are guessed and drawn within a run; and runs in groups, whose first layers are
drawn apart: the combs over the cells of the first layer stand the same share of their
spacing from each other, over the same order. Each run is unbiased as before, as its own
comb is placed evenly; the mean of a group spreads less where large parts are missed by
one run and met by the next. Runs of a group are one value for an interval, however.
"""

import time
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int

import regions
from experiments.estimate_coverage.families import Family
from regions.estimates.few_inputs import InputTree
from regions.estimates.guesses import SHARE
from regions.estimates.resampling import kept_systematically
from regions.estimates.run import Keep, run_once


def _in_tree_order(
    chances: Float64[np.ndarray, " cells"], rng: np.random.Generator
) -> np.ndarray:
    """The systematic sample of cells as the tree has them: parts side by side."""
    teeth = np.floor(np.cumsum(chances) + rng.random())
    return np.flatnonzero(np.diff(teeth, prepend=0.0) > 0.0)


def _nothing(tree: Any, cells: Any, forms: Any, parent: Any) -> np.ndarray:
    """All cells alike."""
    del tree, forms, parent
    return np.zeros(len(cells))


def _units(tree: Any, cells: Any, forms: Any, parent: Any) -> np.ndarray:
    """By the units that are on alone."""
    del forms, parent
    return tree.guess.log_sizes(cells.bits, cells.unit)


def _to_come(tree: Any, cells: Any, forms: Any, parent: Any) -> np.ndarray:
    """By how evenly the units to come part the box alone."""
    return SHARE * tree.guess.to_come(cells, forms, parent)


def _in_full(tree: Any, cells: Any, forms: Any, parent: Any) -> np.ndarray:
    """By both, at full length."""
    return tree.guess.of_cells(cells, forms, parent) / SHARE


class Idea(NamedTuple):
    """How runs are done.

    Attributes:
        guess: Logarithms of what cells hold, `InputTree.log_sizes`.
        keep: Draws which cells are kept.
        together: Runs of a group, whose first layers are drawn apart.
    """

    guess: Any = InputTree.log_sizes
    keep: Keep = kept_systematically
    together: int = 1


IDEAS = {
    "cells alike, in random order": Idea(_nothing),
    "cells alike, parts side by side": Idea(_nothing, _in_tree_order),
    "guess by the units that are on": Idea(_units),
    "guess by the units to come": Idea(_to_come),
    "both, at full length": Idea(_in_full),
    "both, parts side by side": Idea(keep=_in_tree_order),
    "both, by their size (as kept)": Idea(),
    "as kept, pairs antithetic": Idea(together=2),
    "as kept, fours stratified": Idea(together=4),
}


def idea_values(
    network: regions.ReluNetwork, family: Family, cells: int, groups: int
) -> Float64[np.ndarray, "ideas 2"]:
    """Variance of a run over the squared mean, and CPU seconds, of every idea.

    Of runs in groups the variance is that of a group's mean, times the runs in it.
    """
    return np.array(
        [_variance(idea, network, family, cells, groups) for idea in IDEAS.values()]
    )


def _variance(
    idea: Idea, network: regions.ReluNetwork, family: Family, cells: int, groups: int
) -> tuple[float, float]:
    """Variance over the squared mean, and CPU seconds a run."""
    domain = family.domain
    assert isinstance(domain, regions.Box)
    logs = np.empty((groups, idea.together))
    tree_class = type("Tree", (_WatchedTree,), {"log_sizes": idea.guess})
    start = time.process_time()
    for group, run in np.ndindex(*logs.shape):
        rng = np.random.default_rng([group, run] if run else group)
        tree, keep = tree_class(network, domain), idea.keep
        if idea.together > 1:
            keep = _Apart(tree, group, run / idea.together)
        logs[group, run] = run_once(tree, cells, rng, keep=keep).log
    seconds = (time.process_time() - start) / logs.size
    sizes = np.exp(logs - logs.max())
    spread = idea.together * sizes.mean(1).var(ddof=1)
    return float(spread / sizes.mean() ** 2), seconds


class _WatchedTree(InputTree):
    """The tree, with the layer that it is at."""

    layer = 0

    def forms(self, cells: Any, layer: int) -> Any:
        """Affine forms of the units of a layer on cells."""
        self.layer = layer
        return super().forms(cells, layer)


class _Apart:
    """Draws cells of the first layer by combs of a group, others by those of the run.

    Args:
        tree: The tree of the run.
        group: The group, whose runs share the chance of the first layer.
        shift: How far the combs of this run stand from those of the group's first one.
    """

    def __init__(self, tree: _WatchedTree, group: int, shift: float):
        self._tree, self._shift = tree, shift
        self._shared = np.random.default_rng([group, 0, 0])

    def __call__(
        self, chances: Float64[np.ndarray, " cells"], rng: np.random.Generator
    ) -> Int[np.ndarray, " kept"]:
        """`kept_systematically` with the chance of the group, or of the run."""
        if self._tree.layer:
            return kept_systematically(chances, rng)
        order = np.lexsort((self._shared.random(len(chances)), chances))
        comb = (self._shared.random() + self._shift) % 1.0
        teeth = np.floor(np.cumsum(chances[order]) + comb)
        return np.sort(order[np.diff(teeth, prepend=0.0) > 0.0])
