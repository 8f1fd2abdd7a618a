"""The tree of few inputs, as runs of an estimate need it."""

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.ball import Ball
from regions.domains.domain_vectors import fractions
from regions.domains.shapes import BoundedDomain
from regions.enumeration.balls.meeting import BallTest
from regions.enumeration.tree.cells import TreeCells
from regions.enumeration.tree.search import Forms, Tree
from regions.estimates.guesses import RegionGuess
from regions.network import ReluNetwork


class InputTree(Tree):
    """The tree of the engine `tree`, with a guess of what cells hold.

    On a ball of the norm 2 cells are dropped as soon as they are proved to lie beyond
    it; which of the last ones meet it is decided exactly.
    """

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        super().__init__(network, domain)
        self.guess = RegionGuess(network, domain.dim)
        self._ball = None
        if isinstance(domain, Ball) and domain.squared_radius is not None:
            self._ball = BallTest(network, domain)

    @property
    def counts_all(self) -> bool:
        """Whether every cell holds a region that counts."""
        return self._ball is None

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

    def inserted(
        self, cells: TreeCells, forms: Forms, parent: Int[np.ndarray, " cells"]
    ) -> tuple[TreeCells, Int[np.ndarray, " children"]]:
        """The cells split by their next unit, without those beyond the ball."""
        cells, origin = super().inserted(cells, forms, parent)
        if self._round is None:
            return cells, origin
        kept, cells = self._round.kept(cells)
        return cells.take(kept), origin[kept]

    def counted(self, cells: TreeCells) -> Bool[np.ndarray, " cells"]:
        """Which cells of all units count."""
        counted = np.ones(len(cells), bool)
        if self._ball is None:
            return counted
        # A rational point is another one than its center, and is asked itself.
        inside = self._ball.inside(cells.center) & (cells.exact == np.array(None))
        for k in np.flatnonzero(~inside).tolist():
            exact = cells.exact[k]
            point = tuple(fractions(cells.center[k]) if exact is None else exact)
            bits = cells.bits[k, self._kinks]
            met = self._ball.holds(point) or self._ball.point(bits, point) is not None
            counted[k] = met
        return counted
