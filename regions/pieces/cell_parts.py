"""Parts of a count by cells: what the first cuts of the domain leave."""

import heapq
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.budget import StoppedError
from regions.enumeration.cells.engine import refusal
from regions.enumeration.cells.walks import (
    AnyTask,
    Sides,
    counting_task,
    halve,
    walk_to,
)
from regions.errors import RegionsError
from regions.network import ReluNetwork


class OtherCellError(RegionsError):
    """A part is another cell here than where the parts were made."""

    def __init__(self, part: int):
        super().__init__(
            f"part {part} is another cell here than where the run was begun: the "
            "versions of the program or of its packages differ."
        )


class CellParts:
    """Cells of the domain, the largest cut in two until there are enough.

    A part is known by the sides taken on the way to it, which is walked once more by
    whoever counts it: a task has a few bytes, and memory is that of one path. A digest
    of the cell says whether it is the same one there.

    Args:
        network: The network.
        domain: A bounded domain of two to six dimensions.
        wanted: How many parts there should be, at most.

    Raises:
        ValueError: If cells do not serve.
    """

    def __init__(self, network: ReluNetwork, domain: Domain, wanted: int):
        reason = refusal(network, domain)
        if reason is not None:
            raise ValueError(f"method='cells' {reason}")
        assert not isinstance(domain, WholeSpace)
        self._task: AnyTask | None = None
        self._parts: list[tuple[Sides, str]] = [((), "")]
        if network.hidden:
            self._task = task = counting_task(network, domain)
            cells = _cut(task, wanted)
            self._parts = [(sides, walk_to(task, sides).digest()) for sides in cells]

    def __len__(self) -> int:
        return len(self._parts)

    def key(self, part: int) -> str:
        """The way to a cell, and a digest of it."""
        sides, digest = self._parts[part]
        return f"{''.join(map(str, sides))}: {digest}"

    def count(self, part: int, stop: Callable[[], bool]) -> int:
        """Regions of one part.

        Raises:
            StoppedError: If it was asked to stop.
        """
        if self._task is None:
            return 1
        sides, digest = self._parts[part]
        walk = walk_to(self._task, sides)
        if walk.digest() != digest:
            raise OtherCellError(part)
        more = True
        while more:
            if stop():
                raise StoppedError
            more = walk.advance()
        return walk.regions


def _cut(task: AnyTask, wanted: int) -> list[Sides]:
    """The cells after some cuts, in the order of a walk; the largest is cut first."""
    waiting: list[tuple[float, Sides]] = [(0.0, ())]
    regions: list[Sides] = []
    while waiting and len(waiting) + len(regions) < wanted:
        _, sides = heapq.heappop(waiting)
        upper = walk_to(task, sides)
        lower = halve(upper)
        if lower is None:
            regions.append(sides)
            continue
        for side, half in enumerate((lower, upper)):
            # Rounded: another processor should find the same order.
            size = round(math.log(half.work_left() or math.ulp(0.0)), 6)
            heapq.heappush(waiting, (-size, (*sides, side)))
    return sorted([*regions, *(sides for _, sides in waiting)], reverse=True)


class CountedCell(NamedTuple):
    """A cell and how many regions it has.

    Attributes:
        sides: The way to it.
        digest: A digest of it.
        regions: How many regions it has.
    """

    sides: Sides
    digest: str
    regions: int


def plan_files(
    network: ReluNetwork, domain: BoundedDomain, most: int, stop: Callable[[], bool]
) -> list[list[CountedCell]]:
    """Cells of the domain in groups of at most so many regions.

    A cell is counted until it has too many; then its halves are. That takes at most
    about three times the time of a count.

    Args:
        network: The network.
        domain: What cells serve.
        most: Regions of a group, at most.
        stop: Asked often.

    Raises:
        StoppedError: If it was asked to stop.
    """
    if not network.hidden:
        return [[CountedCell((), "", 1)]]
    groups: list[list[CountedCell]] = [[]]
    filled = 0
    for cell in _counted(counting_task(network, domain), (), most, stop):
        if filled + cell.regions > most and groups[-1]:
            groups.append([])
            filled = 0
        groups[-1].append(cell)
        filled += cell.regions
    return groups


def _counted(
    task: AnyTask, sides: Sides, most: int, stop: Callable[[], bool]
) -> Iterator[CountedCell]:
    """Cells of at most so many regions, in the order of a walk."""
    walk = walk_to(task, sides)
    digest, more = walk.digest(), True
    while more and walk.regions + walk.parts_left <= most:
        if stop():
            raise StoppedError
        more = walk.advance()
    fits = not more and walk.regions <= most
    # A walk that counts does not cut a cell that few units of the last layer cross.
    if fits or halve(walk_to(task, sides)) is None:
        yield CountedCell(sides, digest, walk.regions)
        return
    for side in (1, 0):
        yield from _counted(task, (*sides, side), most, stop)
