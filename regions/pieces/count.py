"""Counting by pieces: a box is cut by axis-parallel walls, and only integers add up.

A wall cuts an open face of the box into two halves and the wall itself, again
relatively open faces: the sum over open faces of `regions.pieces.open_faces`
counts the regions that meet the box, whatever the walls. Ridges, corners and signs come
by themselves. The sum is the same integer wherever the walls are, in whatever order the
pieces are counted, and on whatever machine.

On a wall the network has fewer variables. A cell there lies inside a region of the
domain unless some unit that vanishes on all of the cell has a gradient across the wall;
such cells lie on boundaries and are left out, in exact arithmetic.
"""

import contextlib
import dataclasses
import functools
import math
import os
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool

from regions.domains.shapes import Domain, embed_exactly
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.tree.journal import fingerprint
from regions.errors import NotGenericError, RegionsError
from regions.errors.limits import never
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.pieces.journal import PieceJournal
from regions.pieces.open_faces import Interiors
from regions.pieces.plan import Face, Piece, Problem, plan_pieces
from regions.results.region_set import RegionCount, RegionSet
from regions.results.statistics import Statistics, Stop
from regions.signs.predicate import Signs

Progress = Callable[[int, int], None]
Runner = Callable[[Problem, list[Piece]], Iterator[tuple[Piece, int | None]]]
"""Counts pieces in any order and gives each with its count, exactly once.

The count is None if the piece took longer than it may, or more memory than there is.
"""

PIECE_REGIONS = 100_000
"""Regions that a piece should have at most, about: seconds of work."""

PIECE_SECONDS = 300.0
"""A piece that takes longer is cut; its parts may take twice as long, and so on."""

SPLIT_SHARES = 8
"""Boxes into which such a piece is cut, about: the time lost is a small share."""


class PieceTooLargeError(RegionsError):
    """A piece takes more time or memory than it may."""


def count_by_pieces(
    network: ReluNetwork,
    domain: Domain,
    *,
    piece_regions: int = PIECE_REGIONS,
    piece_seconds: int | float | None = PIECE_SECONDS,
    journal: str | os.PathLike[str] | None = None,
    runner: Runner | None = None,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> RegionCount:
    """Number of activation regions, counted in independent pieces of the domain.

    Args:
        network: The network.
        domain: A `Box` or a `Slice`.
        piece_regions: Cut until a piece has about so many regions, by an estimate. It
            decides memory and time per piece, never the total.
        piece_seconds: Cut a piece further when its count takes longer, or runs out of
            memory; None for no limit of time. Parts of a cut piece may take twice as
            long, so that an end is reached where cutting does not help.
        journal: A file to keep each count in. A run that was killed goes on from
            there when it is called again; it then keeps to the pieces of its first run.
        runner: Who counts the pieces: one after another in this process, or
            `regions.pieces.cluster.run_on(client)`.
        max_seconds: Stop after this time; with a journal a later call goes on.
        stop: Called often, from any thread: says whether to stop.
        progress: Called with (done, total), in estimated regions.

    Returns:
        The count, complete unless it was stopped: then the largest of one piece, since
        a region may lie in several. `stats` tell the pieces, how many of the first plan
        were cut further, how many came from the journal, and the numbers of its damaged
        lines, whose pieces were counted again.

    Raises:
        ValueError: If the domain is no box or slice, or does not fit the network.
        PieceTooLargeError: If memory runs out on a piece that can not be cut.
        FileFormatError: If the journal belongs to another count.
        OSError: If the journal can not be written.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> int(count_by_pieces(net, Box([-1, -1], [1, 1]), piece_regions=2))
        4
    """
    budget = Budget(None, max_seconds, stop=stop)
    if piece_regions < 1:
        raise ValueError(f"`piece_regions` is {piece_regions}: at least 1 is required.")
    seconds = math.inf if piece_seconds is None else float(piece_seconds)
    if not seconds > 0:
        raise ValueError(f"`piece_seconds` is {seconds}: more than 0 is required.")
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
        run = _Run(problem, plan, seconds, book, progress, budget)
        run.count_all(runner or functools.partial(run_here, stop=budget.spent))
    complete = run.is_complete()
    total = run.total() if complete else run.least()
    return RegionCount(total, complete, "pieces", budget.seconds, run.stats())


class _Run:
    """The pieces of one count: those known, those left, and those cut further."""

    def __init__(
        self,
        problem: Problem,
        plan: list[Piece],
        seconds: float,
        book: PieceJournal | None,
        progress: Progress | None,
        budget: Budget,
    ):
        self._problem, self._book, self._progress = problem, book, progress
        self._budget = budget
        self._splits = dict(book.splits) if book is not None else {}
        self._known = dict(book.counts) if book is not None else {}
        self._counts = dict(self._known)
        self._pieces: dict[Face, Piece] = {}
        """Pieces that make up the total: they are counted, or will be."""
        self._num_split = 0
        self._work = self._done = 0.0
        self._enter([piece._replace(seconds=seconds) for piece in plan])

    def _enter(self, pieces: list[Piece]) -> None:
        """Take pieces, or the parts into which an earlier run had to cut them."""
        waiting = pieces[::-1]
        while waiting:
            piece = waiting.pop()
            parts = self._splits.get(piece.face)
            if parts is None or piece.face in self._counts:
                self._pieces[piece.face] = piece
                self._work += piece.work
                self._done += piece.work * (piece.face in self._counts)
                continue
            self._num_split += 1
            limit = 2.0 * piece.seconds
            waiting += [part._replace(seconds=limit) for part in parts[::-1]]

    def count_all(self, runner: Runner) -> None:
        """Count every piece that the journal does not know, while there is time."""
        self._report()
        while left := self._left():
            if self._budget.spent():
                return
            # Closed at the end: what a cluster still runs is taken back.
            with contextlib.closing(_generated(runner(self._problem, left))) as found:
                for piece, count in found:
                    self._take(piece, count)
                    if self._budget.spent():
                        return

    def _left(self) -> list[Piece]:
        """Pieces that are not counted."""
        return [p for f, p in self._pieces.items() if f not in self._counts]

    def _take(self, piece: Piece, count: int | None) -> None:
        """Keep what is known of a piece."""
        if count is None:
            self._cut(piece)
            return
        if self._book is not None:
            self._book.record(piece, count)
        self._counts[piece.face] = count
        self._done += piece.work
        self._report()

    def _cut(self, piece: Piece) -> None:
        """Put the parts of a piece that was too large in its place."""
        size = piece.work / SPLIT_SHARES
        parts = plan_pieces(self._problem, size, piece.face)
        del self._pieces[piece.face]
        self._work -= piece.work
        if len(parts) > 1:
            if self._book is not None:
                self._book.record_split(piece, parts)
            self._splits[piece.face] = parts
            self._enter([piece])
        elif piece.seconds < math.inf:
            # Nothing changes its sign there that the pilot sees: let it take its time.
            self._enter([piece._replace(seconds=math.inf)])
        else:
            raise PieceTooLargeError(
                f"memory ran out on the piece from {list(piece.face.lower)} to "
                f"{list(piece.face.upper)}, which can not be cut: count it where there "
                "is more."
            )

    def _report(self) -> None:
        """Tell the estimated regions done and in all."""
        if self._progress is not None:
            self._progress(round(self._done), max(1, round(self._work)))

    def is_complete(self) -> bool:
        """Whether all pieces are counted."""
        return not self._left()

    def least(self) -> int:
        """Regions that there are at least: those of the largest piece so far."""
        return max([1, *(self._counts.get(face, 0) for face in self._pieces)])

    def total(self) -> int:
        """The number of regions of the domain."""
        return sum(p.sign * self._counts[face] for face, p in self._pieces.items())

    def stats(self) -> "PieceStats":
        """What the count took."""
        known = damaged = None
        if self._book is not None:
            known = sum(face in self._known for face in self._pieces)
            damaged = list(self._book.damaged) or None
        return PieceStats(
            pieces=len(self._pieces),
            walls=sum(piece.sign < 0 for piece in self._pieces.values()),
            cut_further=self._num_split,
            largest_piece=max(self._counts.get(face, 0) for face in self._pieces),
            from_journal=known,
            damaged_journal_lines=damaged,
            stopped=None if self.is_complete() else self._budget.reason(),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PieceStats(Statistics):
    """What a count by pieces did.

    Attributes:
        pieces: Pieces in all, walls included.
        walls: Pieces with fixed axes, whose counts are subtracted or added back.
        cut_further: Pieces of the first plan that turned out too large.
        largest_piece: Regions of the largest piece.
        from_journal: Pieces that an earlier run had counted.
        damaged_journal_lines: Lines whose pieces were counted again.
    """

    pieces: int
    walls: int
    cut_further: int
    largest_piece: int
    from_journal: int | None = None
    damaged_journal_lines: list[int] | None = None


def _generated(
    found: Iterator[tuple[Piece, int | None]],
) -> Generator[tuple[Piece, int | None], None, None]:
    """What a runner gives, as something that can be closed."""
    yield from found


def run_here(
    problem: Problem, pieces: list[Piece], stop: Callable[[], bool] = never
) -> Iterator[tuple[Piece, int | None]]:
    """Count pieces one after another in this process, until asked to stop."""
    for piece in pieces:
        try:
            yield piece, count_piece(problem, piece, stop)
        except StoppedError:
            return


def count_piece(
    problem: Problem, piece: Piece, stop: Callable[[], bool] = never
) -> int | None:
    """The count of a piece; None if it took longer than it may, or too much memory.

    Raises:
        StoppedError: If it was asked to stop.
    """
    try:
        return count_face(problem, piece.face, piece.seconds, stop)
    except PieceTooLargeError:
        return None


def count_face(
    problem: Problem,
    face: Face,
    seconds: float = math.inf,
    stop: Callable[[], bool] = never,
) -> int:
    """How many activation regions of the domain have an interior that meets a face.

    Raises:
        StoppedError: If it was asked to stop.
        PieceTooLargeError: If it takes longer than `seconds`, or too much memory.
    """
    free = face.free
    if not free:
        return int(_at_corner(problem, face).strict[0])
    limit = None if seconds == math.inf else seconds
    try:
        if len(free) < problem.domain.dim:
            cells = _cells(problem, face, limit, stop)
            return int(_are_open(problem, cells).sum())
        found = count_regions(
            problem.network, problem.open_piece(face), max_seconds=limit, stop=stop
        )
    except MemoryError as error:
        raise PieceTooLargeError("memory ran out on a piece") from error
    _refuse_incomplete(found)
    return found.count


def _refuse_incomplete(found: RegionCount | RegionSet) -> None:
    """Raise unless all regions were found."""
    if found.complete:
        return
    if found.stop is Stop.INTERRUPTED:
        raise StoppedError
    raise PieceTooLargeError(f"a piece takes too much: {found.stats.get('stopped')}")


def wall_patterns(
    problem: Problem, face: Face, stop: Callable[[], bool] = never
) -> set[bytes]:
    """Packed patterns of the regions whose interior meets a face with fixed axes.

    Raises:
        StoppedError: If it was asked to stop.
    """
    if face.free:
        cells = _cells(problem, face, None, stop)
        packed = cells.patterns[_are_open(problem, cells)]
    else:
        here = _at_corner(problem, face)
        packed = pack_bits(here.on[here.strict][:, problem.chart_network.kinks])
    return {row.tobytes() for row in packed}


def _at_corner(problem: Problem, face: Face) -> Signs:
    """Signs at a face that is a point, and whether it is on no boundary."""
    return Interiors(problem.chart_network).signs(np.array([face.lower]))


def _cells(
    problem: Problem,
    face: Face,
    seconds: float | None,
    stop: Callable[[], bool],
) -> RegionSet:
    """The cells of the network restricted to a face with fixed and free axes."""
    network, wall = problem.chart_network, problem.wall(face)
    how: dict[str, Any] = {"max_seconds": seconds, "stop": stop}
    try:
        # In one dimension too: the sweep is not rational all the way.
        method = "sweep" if wall.dim == 1 else "auto"
        cells = enumerate_regions(network, wall, method=method, **how)
    except NotGenericError:
        cells = enumerate_regions(network, wall, **how)
    _refuse_incomplete(cells)
    return cells


def _are_open(problem: Problem, cells: RegionSet) -> Bool[np.ndarray, " cells"]:
    """Which cells of a wall lie in the interior of a region of the domain.

    A unit that vanishes at a cell's witness vanishes on all of the cell, which then is
    inside a region only if the unit has no gradient across the wall either.
    """
    interiors = Interiors(problem.chart_network)
    strict = interiors.contain(cells.witnesses)
    for row, point in cells.exact_witnesses.items():
        strict[row] = interiors.contain([embed_exactly(cells.domain, point)])[0]
    return strict
