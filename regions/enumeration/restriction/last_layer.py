"""The last layer of a network, counted by restriction in each cell of those before."""

from collections import Counter

from regions.domains.shapes import Domain
from regions.enumeration.restriction.hyperplanes import distinct_hyperplanes
from regions.enumeration.restriction.inside import Stop, Tell, count_inside
from regions.enumeration.restriction.prefix_cells import PrefixCells
from regions.network import ReluNetwork


class LastLayer:
    """Counts the regions of a network with kinks; those so far are a lower bound.

    Attributes:
        regions: Regions counted, and one for each cell that waits.
        complete: Whether all are counted.
        facts: What was done.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        self._cells = PrefixCells(network, domain)
        self.complete = False
        self.regions = self._finished = 0
        self.facts: Counter[str] = Counter()

    def count(self, stop: Stop, tell: Tell) -> None:
        """Count until all is counted or `stop` says so, which is asked often."""
        waiting = self._cells.stack
        done = 0.0
        self.regions = len(waiting)

        def enough(here: int) -> bool:
            self.regions = self._finished + here + len(waiting)
            return stop(self.regions)

        # No cell is in hand while the next one is looked for.
        for cell in self._cells.leaves(lambda: enough(0)):
            rows = distinct_hyperplanes((cell.forms or {}).values())
            found, complete, facts = count_inside(
                rows,
                cell.corners,
                cell.facets,
                enough,
                lambda share, begun=done, part=cell.share: tell(begun + share * part),
                1 + len(waiting),
            )
            self._finished += found
            self.regions = self._finished + len(waiting)
            self.facts.update(facts, cells=1)
            if not complete:
                return
            done += cell.share
            tell(done)
        self.complete = not waiting
