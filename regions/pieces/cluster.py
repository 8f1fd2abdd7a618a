"""Pieces and parts on a cluster: one task for each, with one integer as its result."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from regions.enumeration.cluster import ClusterError, ClusterTasks
from regions.errors.limits import never
from regions.pieces.count import Runner, count_piece
from regions.pieces.parts import Part, Parts, Runner as PartRunner
from regions.pieces.plan import Piece, Problem

if TYPE_CHECKING:
    from distributed import Client

HOPELESS_REGIONS = 1000.0
"""A piece of which workers die is cut, unless it has fewer by the estimate."""

AHEAD = 4
"""Pieces handed to the scheduler per worker."""


def run_on(client: "Client") -> Runner:
    """A runner for `count_by_pieces` that counts on the workers of `client`."""

    def run(
        problem: Problem, pieces: list[Piece]
    ) -> Iterator[tuple[Piece, int | None]]:
        tasks = ClusterTasks(
            client, count_piece, problem, pieces, _to_be_cut, ahead=AHEAD
        )
        yield from tasks.results()

    return run


def run_parts_on(client: "Client") -> PartRunner:
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


def _to_be_cut(piece: Piece) -> None:
    """No count: the piece is too large for the workers.

    Raises:
        ClusterError: If it is small.
    """
    if piece.work < HOPELESS_REGIONS:
        raise ClusterError(
            f"workers died again and again of the piece from {list(piece.face.lower)} "
            f"to {list(piece.face.upper)}, which is estimated at {piece.work:,.0f} "
            "regions only: see their logs, and give them more memory."
        )
