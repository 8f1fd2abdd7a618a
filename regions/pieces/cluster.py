"""Parts on a cluster: one task for each, with one integer as its result."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from regions.enumeration.cluster import ClusterError, ClusterTasks
from regions.errors.limits import never
from regions.pieces.parts import Part, Parts, Runner

if TYPE_CHECKING:
    from distributed import Client

AHEAD = 4
"""Parts handed to the scheduler per worker."""


def run_parts_on(client: "Client") -> Runner:
    """A runner for `count_study` that counts on the workers of `client`."""

    def run(
        splits: Sequence[Parts], parts: Sequence[Part]
    ) -> Iterator[tuple[Part, int]]:
        tasks = ClusterTasks(client, _count_part, splits, parts, _give_up, ahead=AHEAD)
        yield from tasks.results()

    return run


def _count_part(splits: Sequence[Parts], part: Part) -> int:
    """The count of one part, on a worker."""
    which, number = part
    return splits[which].count(number, never)


def _give_up(part: Part) -> int:
    """No count.

    Raises:
        ClusterError: Always.
    """
    raise ClusterError(
        f"workers died again and again of part {part[1]}: see their logs, and give "
        "them more memory, or begin another journal with more parts."
    )
