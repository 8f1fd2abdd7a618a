"""Largest Jacobians by walks along the lines of a wide last layer, in the plane.

The Jacobian of every region is that on one side of a piece of a line. Where it is not
proved that a piece has a length, or which lines come first, it is bounded whatever is
there; where that bound matters, integers tell.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.valued import Valued
from regions.network import ReluNetwork
from regions.questions.answer import Point
from regions.questions.last_lines import Lines, Walks, walk_lines
from regions.questions.line_visits import ramps_on, visit_lines
from regions.questions.norms import plane_norms
from regions.questions.records import Record
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF

NORM_ROUNDING, SMALL = 1e-11, 2.0**-500
"""What norms in floats lose, of their own size; and what underflows."""
NONE = -1


class Candidate(NamedTuple):
    """A region whose Jacobian may be the largest.

    Attributes:
        units: Which hidden units are on.
        inside: Gives a point inside, in the chart.
    """

    units: Bool[np.ndarray, " units"]
    inside: Callable[[], Point]


class Side(NamedTuple):
    """One side of a line of a cell, from one of the lines that cross it to another.

    Attributes:
        lines: The lines of the cell.
        line: Which one; `NONE` if none crosses the cell.
        is_on: Which side: where its leader is on?
        starts_on: Leaders that are on before all of `events`.
        events: Lines that cross it, whose order may be unknown.
        is_first: Whether it begins where the line enters the cell.
        is_last: Whether it ends where the line leaves it.
    """

    lines: Lines
    line: int
    is_on: bool
    starts_on: Bool[np.ndarray, " lines"]
    events: Int[np.ndarray, " events"]
    is_first: bool
    is_last: bool

    def candidates(self) -> Iterator[Candidate]:
        """The regions along it."""
        lines, cell = self.lines, self.lines.cell
        if self.line == NONE:
            yield Candidate(self._units(self.starts_on), cell.middle)
            return
        unit = int(lines.leader[self.line])
        others = lines.leader[self.events].tolist()
        for gap in cell.gaps(unit, others, self.is_first, self.is_last):
            on = self.starts_on.copy()
            on[self.events[list(gap.crossed)]] ^= True
            on[self.line] = self.is_on

            def inside(middle: Point = gap.middle) -> Point:
                return cell.beside(unit, middle, self.is_on)

            yield Candidate(self._units(on), inside)

    def _units(self, on: Bool[np.ndarray, " lines"]) -> Bool[np.ndarray, " units"]:
        """All hidden units that are on where these leaders are."""
        lines, units = self.lines, self.lines.cell.before.copy()
        own = units[len(units) - len(lines.number) :]
        own[:] = lines.is_on
        crosses = lines.number >= 0
        own[crosses] = on[lines.number[crosses]] ^ lines.is_turned[crosses]
        return units


class LineSlopes:
    """Where the Jacobian can be largest, over the cells of all layers but the last.

    Attributes:
        record: Sides of pieces of lines.
        cells: How many cells were looked at.
        complete: Whether these are all.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: BoundedDomain,
        norm: float | int,
        stop: Callable[[], bool],
    ):
        """Look at all of them.

        Args:
            network: A network.
            domain: One that `lines_serve` says yes to, and that is its own chart.
            norm: 1, 2 or infinity.
            stop: Asked often; says whether to stop.

        Raises:
            VagueError: If two lines can not be told apart.
        """
        self.record: Record[Side] = Record()
        self._network, self._norm = network, norm
        visit = visit_lines(network, domain, self._take, stop)
        self.cells, self.complete = visit.regions, visit.complete

    def _take(
        self, lines: Lines, cells: Valued, cell: int, ask: Callable[[], None]
    ) -> None:
        """Look at one cell."""
        slopes, weight = self._network.hidden[-1].slopes, self._network.output.weight
        outputs, units = weight.shape
        # In the chart's own coordinates, which are scaled by powers of two.
        form = cells.form[:2, :, cell] / cells.scale[:, None]
        ramps = ramps_on(lines, slopes, weight)
        # One entry after another: where all leaders are off, and what each adds.
        base = np.einsum("ok,ck->oc", ramps.factor, form[:, :units])
        base = (base + form[:, units:].T).ravel()
        turned = np.where(lines.is_turned[ramps.crossing], -1.0, 1.0)
        steps = (turned * ramps.kink)[:, None] * form[:, ramps.crossing]
        jump = np.zeros((len(lines.leader), 2 * outputs))
        np.add.at(jump, ramps.lines, steps.reshape(2 * outputs, -1).T)
        most = np.abs(weight).sum(0) * (1.0 + np.abs(slopes))
        most = np.concatenate([most, np.ones(outputs)])
        wrong = 2.0 * cells.doubt[:, cell] / cells.scale.min()
        wrong += 16.0 * (units + 64) * UNIT_ROUNDOFF * np.abs(form).sum(0)
        error = float(SAFETY**2 * (most @ wrong)) + SMALL
        if not len(lines.leader):
            nothing = np.zeros(0, np.int64)
            whole = Side(lines, NONE, False, nothing > 0, nothing, True, True)
            norms, off = self._norms(base[:, None], error)
            self.record.take(norms - off, norms + off, lambda _: whole)
        for walks in walk_lines(lines, ask):
            self._along(walks, lines, base, np.ascontiguousarray(jump.T), error)

    def _along(
        self,
        walks: Walks,
        lines: Lines,
        base: Float64[np.ndarray, " entries"],
        jump: Float64[np.ndarray, "entries lines"],
        error: float,
    ) -> None:
        """Look at both sides of all pieces of some lines."""
        rises = np.take_along_axis(walks.slope, walks.order, 1)
        change = jump[:, walks.order]
        change *= np.where(walks.t < np.inf, np.sign(rises), 0.0)
        entries = np.empty((len(base), len(rises), rises.shape[1] + 1))
        entries[:, :, 0] = base[:, None] + jump @ walks.starts_on.T
        np.cumsum(change, axis=2, out=entries[:, :, 1:])
        entries[:, :, 1:] += entries[:, :, :1]
        pieces = _pieces(walks, lines, np.abs(jump).sum(0))
        for is_on in (False, True):
            if is_on:
                entries += jump[:, walks.own, None]
            norms, off = self._norms(entries, error)
            self.record.take(
                np.where(pieces.is_proved, norms - off, -np.inf),
                np.where(pieces.exists, norms + off + pieces.around, -np.inf),
                lambda k, is_on=is_on: _side(walks, lines, pieces, k, is_on),
            )

    def _norms(
        self, entries: Float64[np.ndarray, "entries ..."], error: float
    ) -> tuple[Float64[np.ndarray, "*places"], Float64[np.ndarray, "*places"]]:
        """Norms of Jacobians, and how far off they are."""
        norms = plane_norms(entries[0::2], entries[1::2], self._norm)
        # The sum of all entries is at most so many times the norm.
        return norms, error + NORM_ROUNDING * len(entries) * norms


class _Pieces(NamedTuple):
    """Pieces of lines between the lines that cross them, one more than these.

    Attributes:
        exists: Whether there is such a piece, if it has a length.
        is_proved: Whether it has one, and the lines before it are known.
        around: Where this is not proved, what all lines whose order is unknown add.
        since: The last piece up to this one that is proved; -1 if none is.
        until: The next one from this on; more than there are if none is.
    """

    exists: Bool[np.ndarray, "own pieces"]
    is_proved: Bool[np.ndarray, "own pieces"]
    around: Float64[np.ndarray, "own pieces"]
    since: Int[np.ndarray, "own pieces"]
    until: Int[np.ndarray, "own pieces"]


def _pieces(
    walks: Walks, lines: Lines, sizes: Float64[np.ndarray, " lines"]
) -> _Pieces:
    """The pieces of some lines; `sizes` is what each line adds to a Jacobian."""
    inner, count = lines.inner[:, walks.own, None], walks.number[:, None]
    before = np.concatenate([inner[0], walks.t + walks.off], axis=1)
    after = np.concatenate([walks.t - walks.off, inner[1]], axis=1)
    before = np.maximum.accumulate(before, axis=1)
    after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    number = np.arange(before.shape[1])
    exists = number <= count
    is_proved = exists & (before < after)
    if (is_proved == exists).all():
        nothing = np.zeros((1, 1))
        return _Pieces(exists, is_proved, nothing, number[None], number[None])
    since = np.maximum.accumulate(np.where(is_proved, number, -1), axis=1)
    until = np.where(is_proved, number, len(number))[:, ::-1]
    until = np.minimum.accumulate(until, axis=1)[:, ::-1]
    added = np.zeros(exists.shape)
    np.cumsum(sizes[walks.order], axis=1, out=added[:, 1:])
    around = np.take_along_axis(added, np.minimum(until, count), 1)
    around -= np.take_along_axis(added, np.maximum(since, 0), 1)
    around = np.where(is_proved, 0.0, SAFETY * around + SMALL)
    return _Pieces(exists, is_proved, around, since, until)


def _side(walks: Walks, lines: Lines, pieces: _Pieces, place: int, is_on: bool) -> Side:
    """A side of a piece, or of all those around it whose order is unknown."""
    i, first = divmod(place, pieces.exists.shape[1])
    last, count = first, int(walks.number[i])
    if not pieces.is_proved[i, first]:
        last = min(int(pieces.until[i, first]) - 1, count)
        first = int(pieces.since[i, first]) + 1
    begin = max(first - 1, 0)
    starts_on = walks.starts_on[i].copy()
    starts_on[walks.order[i, :begin]] ^= True
    events = walks.order[i, begin : min(last + 1, count)].copy()
    line = walks.own.start + i
    return Side(lines, line, is_on, starts_on, events, first == 0, last == count)
