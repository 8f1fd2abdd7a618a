"""Parts of a count by the tree: the cells of its first units, each by itself."""

from collections.abc import Callable

import numpy as np

from regions.domains.shapes import Domain
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.tree.cells import TreeCells
from regions.enumeration.tree.engine import bounded_problem
from regions.enumeration.tree.search import Tree
from regions.network import ReluNetwork


class TreeParts:
    """The cells of as many units as it takes to have enough of them.

    Which cells these are, and so the parts and their counts, is a property of network
    and domain.

    Args:
        network: The network.
        domain: Where to count.
        wanted: How many parts there should be, at least.
    """

    def __init__(self, network: ReluNetwork, domain: Domain, wanted: int):
        self._problem = bounded_problem(network, domain)
        self._cells = _first_cells(Tree(*self._problem), wanted)

    def __len__(self) -> int:
        return len(self._cells)

    def key(self, part: int) -> str:
        """The pattern of a cell, as far as it is known."""
        bits = self._cells.bits[part, : self._cells.unit]
        return "".join(map(str, bits.astype(int)))

    def count(self, part: int, stop: Callable[[], bool]) -> int:
        """Regions of one part.

        Raises:
            StoppedError: If it was asked to stop.
        """
        tree = Tree(*self._problem)
        tree.stack = [self._cells.take(slice(part, part + 1))]
        found = sum(len(block) for block in tree.leaves(Budget(stop=stop)))
        if tree.stack:
            raise StoppedError
        return found


@np.errstate(all="ignore")
def _first_cells(tree: Tree, wanted: int) -> TreeCells:
    """The cells of the first units, in the order of their patterns."""
    cells, total = tree.stack.pop(), int(tree.network.unit_starts[-1])
    while cells.unit < total and len(cells) < wanted:
        forms = tree.forms(cells, tree.layer_of(cells.unit))
        cells, _ = tree.inserted(cells, forms, np.arange(len(cells)))
    return cells.compacted().take(np.lexsort(cells.bits.T))
