"""Parts of a count by restriction: hyperplanes, or cells of the layers before."""

import dataclasses
import hashlib
from collections.abc import Callable

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.budget import StoppedError
from regions.enumeration.restriction.betti import arrangement_betti
from regions.enumeration.restriction.hyperplanes import (
    Row,
    distinct_hyperplanes,
    primitive,
)
from regions.enumeration.restriction.inside import count_inside
from regions.enumeration.restriction.layer import (
    layer_rows,
    num_kinked_layers,
    refusal,
)
from regions.enumeration.restriction.plain import (
    distinct_traces,
    restricted,
    traces,
)
from regions.enumeration.restriction.polytopes import (
    Corner,
    crossing,
    slice_corners,
    values,
)
from regions.enumeration.restriction.prefix_cells import PrefixCells
from regions.errors.limits import never
from regions.network import ReluNetwork


@dataclasses.dataclass(frozen=True, slots=True)
class Leaf:
    """Distinct hyperplanes in a polytope, or in the whole space, which has no corners.

    Attributes:
        rows: The hyperplanes; all meet the interior.
        corners: Corners of the polytope.
        facets: Its facets, by the number of their bit in the corners.
    """

    rows: list[Row]
    corners: list[Corner]
    facets: list[Row]


class RestrictionParts:
    """Hyperplanes of the last layer, in cells of those before if there are any.

    `r(A) = 1 + sum_i r(A_1 .. A_(i-1) restricted to A_i)`: every i is a task. Where
    there are many cells, a cell is one.

    Args:
        network: The network.
        domain: Where to count.
        wanted: How many parts to make of the tasks, at most.

    Raises:
        ValueError: If restriction does not serve.
    """

    def __init__(self, network: ReluNetwork, domain: Domain, wanted: int):
        reason = refusal(network, domain)
        if reason is not None:
            raise ValueError(f"method='restriction' {reason}")
        self._leaves = _leaves(network, domain)
        tasks: list[tuple[int, int | None]] = []
        for k, leaf in enumerate(self._leaves):
            if len(self._leaves) < wanted and leaf.rows:
                tasks += [(k, i) for i in range(len(leaf.rows))]
            else:
                tasks.append((k, None))
        rows = [[str(v) for row in leaf.rows for v in row] for leaf in self._leaves]
        self._digest = hashlib.sha256(repr(rows).encode()).hexdigest()
        # Later hyperplanes have more to do: every part has some of all.
        self._parts = [tasks[k::wanted] for k in range(min(wanted, len(tasks)))]

    def __len__(self) -> int:
        return len(self._parts)

    def key(self, part: int) -> str:
        """A digest of all hyperplanes, and which of them in which cells."""
        return f"{self._digest}: {self._parts[part]}"

    def count(self, part: int, stop: Callable[[], bool]) -> int:
        """Regions of one part.

        Raises:
            StoppedError: If it was asked to stop.
        """
        total = 0
        for k, row in self._parts[part]:
            leaf = self._leaves[k]
            total += _count(leaf if row is None else _on(leaf, row), stop)
            # The one region that no hyperplane adds.
            total += row == 0
        return total


def _leaves(network: ReluNetwork, domain: Domain) -> list[Leaf]:
    """Where hyperplanes are to be counted."""
    layers = num_kinked_layers(network)
    if layers == 0:
        return [Leaf([], [], [])]
    if layers == 1 and isinstance(domain, WholeSpace):
        return [Leaf(distinct_hyperplanes(layer_rows(network, domain)), [], [])]
    return [
        Leaf(
            distinct_hyperplanes((cell.forms or {}).values()), cell.corners, cell.facets
        )
        for cell in PrefixCells(network, domain).leaves(never)
    ]


def _on(leaf: Leaf, number: int) -> Leaf:
    """What those before one hyperplane cut from it, in one coordinate less."""
    before, row = leaf.rows[:number], leaf.rows[number]
    if not leaf.corners:
        return Leaf(traces(before, row), [], [])
    inner = slice_corners(leaf.corners, values(row, leaf.corners), len(row) - 2)
    left = next(k for k, v in enumerate(row) if v)
    return Leaf(
        distinct_traces(crossing(before, inner), row)[0],
        [Corner(c.point[:left] + c.point[left + 1 :], c.facets) for c in inner],
        [primitive(facet) for facet in restricted(leaf.facets, row)],
    )


def _count(leaf: Leaf, stop: Callable[[], bool]) -> int:
    """Regions of a leaf."""

    def enough(regions: int) -> bool:
        del regions
        return stop()

    if leaf.corners:
        count, complete, _ = count_inside(
            leaf.rows, leaf.corners, leaf.facets, enough, _tell_nobody
        )
    else:
        betti = arrangement_betti(leaf.rows, enough, _tell_nobody)
        count, complete = sum(betti.numbers), betti.complete
    if not complete:
        raise StoppedError
    return count


def _tell_nobody(share: float) -> None:
    """Progress in which no one is interested."""
    del share
