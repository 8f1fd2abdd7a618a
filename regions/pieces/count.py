"""Counting by pieces: a box is cut by axis-parallel walls, and only integers add up.

Let R be an open convex set and F a relatively open face of a box that R meets. A wall
cuts F into two halves and the wall itself, again relatively open. R meets both halves
exactly if it meets the wall, so

    count(F) = count(lower half) + count(upper half) - count(wall),

where count(F) is the number of activation regions whose interior meets F. Used again on
halves and walls this is inclusion-exclusion over the faces of an adaptive grid: ridges,
corners and signs come by themselves. The sum is the same integer wherever the walls
are, in whatever order the pieces are counted, and on whatever machine.

On a wall the network has fewer variables. A cell there lies inside a region of the
domain unless some unit that vanishes on all of the cell has a gradient across the wall;
such cells lie on boundaries and are left out, in exact arithmetic.
"""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool

from regions.domains import Domain
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.journal import fingerprint
from regions.errors import NotGenericError
from regions.exact import Columns, ExactNetwork
from regions.network import ReluNetwork
from regions.pieces.journal import PieceJournal
from regions.pieces.plan import Face, Piece, Problem, plan_pieces
from regions.point_signs import are_inside, exact_signs, unit_kinks
from regions.region_set import RegionCount, RegionSet

T = TypeVar("T")
Progress = Callable[[int, int], None]
Runner = Callable[[Problem, list[Piece]], Iterator[tuple[Piece, int]]]
"""Counts pieces in any order and gives each with its count, exactly once."""

PIECE_REGIONS = 100_000
"""Regions that a piece should have at most, about: seconds of work."""


def count_by_pieces(
    network: ReluNetwork,
    domain: Domain,
    *,
    piece_regions: int = PIECE_REGIONS,
    journal: str | os.PathLike[str] | None = None,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> RegionCount:
    """Number of activation regions, counted in independent pieces of the domain.

    Args:
        network: The network.
        domain: A `Box` or a `Slice`.
        piece_regions: Cut until a piece has about so many regions, by an estimate. It
            decides memory and time per piece, never the total.
        journal: A file to keep each count in. A run that was killed goes on from
            there when it is called again; it then keeps to the pieces of its first run.
        runner: Who counts the pieces: one after another in this process, or
            `regions.pieces.cluster.run_on(client)`.
        progress: Called with (done, total), in estimated regions.

    Returns:
        The count, always complete. `stats` tell the pieces, how many came from the
        journal, and the numbers of its damaged lines, whose pieces were counted again.

    Raises:
        ValueError: If the domain is no box or slice, or does not fit the network.
        FileFormatError: If the journal belongs to another count.
        OSError: If the journal can not be written.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains import Box
        >>> int(count_by_pieces(net, Box([-1, -1], [1, 1]), piece_regions=2))
        4
    """
    start = time.perf_counter()
    if piece_regions < 1:
        raise ValueError(f"`piece_regions` is {piece_regions}: at least 1 is required.")
    problem = Problem.of(network, domain)
    with contextlib.ExitStack() as stack:
        book = None
        if journal is not None:
            opened = PieceJournal(journal, fingerprint(network, domain))
            book = stack.enter_context(opened)
        plan = book.plan if book is not None else None
        if plan is None:
            plan = plan_pieces(problem, piece_regions)
            if book is not None:
                book.record_plan(plan)
        known = dict(book.counts) if book is not None else {}
        counts = _count_all(problem, plan, known, book, runner or run_here, progress)
    total = sum(piece.sign * counts[piece.face] for piece in plan)
    return RegionCount(
        total,
        True,
        "pieces",
        time.perf_counter() - start,
        _stats(plan, counts, known, book),
    )


def _count_all(
    problem: Problem,
    plan: list[Piece],
    known: dict[Face, int],
    book: PieceJournal | None,
    runner: Runner,
    progress: Progress | None,
) -> dict[Face, int]:
    """The count of every piece: from the journal, or now."""
    counts = dict(known)
    total = sum(piece.work for piece in plan)
    left = [piece for piece in plan if piece.face not in counts]
    done = total - sum(piece.work for piece in left)

    def report() -> None:
        if progress is not None:
            progress(round(done), max(1, round(total)))

    report()
    for piece, count in runner(problem, left):
        if book is not None:
            book.record(piece, count)
        counts[piece.face] = count
        done += piece.work
        report()
    return counts


def _stats(
    plan: list[Piece],
    counts: dict[Face, int],
    known: dict[Face, int],
    book: PieceJournal | None,
) -> dict[str, Any]:
    """What the count took."""
    result: dict[str, Any] = {
        "pieces": len(plan),
        "walls": sum(piece.sign < 0 for piece in plan),
        "largest_piece": max(counts[piece.face] for piece in plan),
    }
    if book is not None:
        result["from_journal"] = sum(piece.face in known for piece in plan)
        if book.damaged:
            result["damaged_journal_lines"] = list(book.damaged)
    return result


def run_here(problem: Problem, pieces: list[Piece]) -> Iterator[tuple[Piece, int]]:
    """Count pieces one after another in this process."""
    for piece in pieces:
        count = interruptible(functools.partial(count_face, problem, piece.face))
        yield piece, count


class _StoppedError(Exception):
    """Ends the thread of a piece."""


def interruptible(work: Callable[[Progress], T]) -> T:
    """Run a piece so that Ctrl-C is never lost.

    In the main thread an engine takes Ctrl-C for a request to stop early, and a piece
    that just ends anyway would hide it. So pieces run in a thread of their own.

    Args:
        work: Called with a progress callback, through which it is stopped.
    """
    stop = threading.Event()

    def check(done: int, total: int) -> None:
        if stop.is_set():
            raise _StoppedError

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work, check)
        try:
            return future.result()
        except BaseException:
            stop.set()
            raise


def count_face(problem: Problem, face: Face, progress: Progress | None = None) -> int:
    """How many activation regions of the domain have an interior that meets a face.

    Raises:
        KeyboardInterrupt: If it was interrupted.
    """
    free = face.free
    if len(free) == problem.domain.dim:
        box = problem.open_piece(face)
        found = count_regions(problem.network, box, progress=progress)
        if not found.complete:
            raise KeyboardInterrupt
        return found.count
    if not free:
        point = np.array([face.lower])
        signs = exact_signs(problem.chart_network, point)
        return int(are_inside(problem.chart_network, point, signs)[0])
    cells = _cells(problem, face, progress)
    return int(_are_open(problem, cells).sum())


def wall_patterns(
    problem: Problem, face: Face, progress: Progress | None = None
) -> set[bytes]:
    """Packed patterns of the regions whose interior meets a face with fixed axes."""
    if face.free:
        cells = _cells(problem, face, progress)
        packed = cells.patterns[_are_open(problem, cells)]
    else:
        network, point = problem.chart_network, np.array([face.lower])
        signs = exact_signs(network, point)
        signs = signs[are_inside(network, point, signs)]
        bits = signs[:, unit_kinks(network)] > 0
        packed = np.packbits(bits, axis=1, bitorder="little")
    return {row.tobytes() for row in packed}


def _cells(problem: Problem, face: Face, progress: Progress | None) -> RegionSet:
    """The cells of the network restricted to a face with fixed and free axes."""
    network, wall = problem.chart_network, problem.wall(face)
    try:
        # In one dimension too: the sweep is not rational all the way.
        method = "sweep" if wall.dim == 1 else "auto"
        cells = enumerate_regions(network, wall, method=method, progress=progress)
    except NotGenericError:
        cells = enumerate_regions(network, wall, progress=progress)
    if not cells.complete:
        raise KeyboardInterrupt
    return cells


def _are_open(problem: Problem, cells: RegionSet) -> Bool[np.ndarray, " cells"]:
    """Which cells of a wall lie in the interior of a region of the domain.

    A unit that vanishes at a cell's witness vanishes on all of the cell, which then is
    inside a region only if the unit has no gradient across the wall either.
    """
    network = problem.chart_network
    points = cells.witnesses
    signs = exact_signs(network, points)
    if cells.exact_witnesses:
        rows = list(cells.exact_witnesses)
        exact = ExactNetwork(network, cells.domain)
        columns = Columns.of_points([cells.exact_witnesses[row] for row in rows])
        signs[rows] = exact.signs(columns).T
    return are_inside(network, points, signs)
