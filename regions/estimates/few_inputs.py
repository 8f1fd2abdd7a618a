"""The tree of few inputs, as runs of an estimate need it."""

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.enumeration.tree.cells import TreeCells
from regions.enumeration.tree.search import Forms, Tree
from regions.estimates.guesses import RegionGuess
from regions.network import ReluNetwork


class InputTree(Tree):
    """The tree of the engine `tree`, with a guess of what cells hold."""

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        super().__init__(network, domain)
        self.guess = RegionGuess(network, domain.dim)

    def start(
        self, most: int, rng: np.random.Generator
    ) -> tuple[TreeCells, Float64[np.ndarray, " cells"], bool]:
        """The whole domain, and nothing left out."""
        del most, rng
        (cells,) = self.stack
        return cells, np.zeros(1), False

    def log_sizes(
        self, cells: TreeCells, forms: Forms, parent: Int[np.ndarray, " cells"]
    ) -> Float64[np.ndarray, " cells"]:
        """Logarithms of guesses of how many regions cells hold in the end."""
        return self.guess.of_cells(cells, forms, parent)
