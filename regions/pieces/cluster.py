"""Pieces on a cluster: one task a piece, with one integer as its result."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from regions.enumeration.cluster import ClusterError, ClusterTasks
from regions.pieces.count import Runner, count_piece
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
