"""The last layer of a network on a plane as lines across cells of the layers before it.

Inside such a cell the network is an affine function and a kink along each line. Every
region has an edge on one of its lines, and every corner lies on one: so all lines are
walked along, each from where it enters the cell to where it leaves it. What crosses it
is sorted by position, and sums over all units change there by one of them: a region
takes a step, whatever the number of units.

Floats with proved errors. A line has coordinates: `base + t along` with |along| = 1.
With |t| <= 3/2 a unit's value there is `alpha t + beta` up to `near`; so it vanishes,
if at all, at most `near / |alpha|` from `-beta / alpha`, and the sign computed of it is
wrong only where its size is at most `near`.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.enumeration.cells.valued import Valued
from regions.questions.exact_lines import ExactCell
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, gamma

ENTRIES = 1 << 16
"""Crossings of lines that are sorted at once."""
WORST = 2.0**-12
"""Where crossings are less certain, two lines may be one: integers tell."""
ALIKE = 2.0**-30
"""Lines with such angles and offsets are looked at in integers."""
TINY = 2.0**-1000
"""Covers what underflows."""


class VagueError(Exception):
    """Floats do not tell lines apart; never leaves this package."""


class Lines(NamedTuple):
    """The lines of one cell.

    Attributes:
        cell: The cell in rational arithmetic.
        number: The line of each unit; -1 if it does not cross the cell.
        is_on: Whether a unit that does not is on.
        is_turned: Whether one that does is on where its line's leader is off.
        leader: One unit of each line.
        form: Its form.
        near: How far off values of the form are along any line.
        base: A point of each line.
        along: Its direction.
        outer: Positions beyond which it is not in the cell.
        inner: Positions between which it is.
    """

    cell: ExactCell
    number: Int[np.ndarray, " units"]
    is_on: Bool[np.ndarray, " units"]
    is_turned: Bool[np.ndarray, " units"]
    leader: Int[np.ndarray, " lines"]
    form: Float64[np.ndarray, "3 lines"]
    near: Float64[np.ndarray, " lines"]
    base: Float64[np.ndarray, "2 lines"]
    along: Float64[np.ndarray, "2 lines"]
    outer: Float64[np.ndarray, "2 lines"]
    inner: Float64[np.ndarray, "2 lines"]


class Walks(NamedTuple):
    """Walks along some lines of a cell.

    Attributes:
        own: The lines that are walked along.
        slope: `alpha` of each line of the cell on each of them.
        value: Their `beta`.
        starts_on: Which of them, their leaders, are on where the walk starts.
        number: How many cross it.
        order: These, in order; others behind them.
        t: Their positions; infinite behind them.
        off: How far these are off, at most.
    """

    own: slice
    slope: Float64[np.ndarray, "own lines"]
    value: Float64[np.ndarray, "own lines"]
    starts_on: Bool[np.ndarray, "own lines"]
    number: Int[np.ndarray, " own"]
    order: Int[np.ndarray, "own most"]
    t: Float64[np.ndarray, "own most"]
    off: Float64[np.ndarray, "own most"]


class _Corners(NamedTuple):
    """Values of all units at the corners of a cell.

    Attributes:
        x: Where these are.
        slack: Bound of what is off in positions along lines.
        low: The values, at least.
        high: At most. Both are zero where it is known to be.
    """

    x: Float64[np.ndarray, "2 corners"]
    slack: float
    low: Float64[np.ndarray, "units corners"]
    high: Float64[np.ndarray, "units corners"]


def lines_of(
    exact: ExactCell,
    cells: Valued,
    cell: int,
    kinks: Bool[np.ndarray, " units"],
) -> Lines:
    """The lines of a cell, of units that differ; units that vanish together share one.

    Args:
        exact: The cell in rational arithmetic.
        cells: Some cells, with the units of the last layer as their first outputs.
        cell: Which one.
        kinks: Which of these units have a kink.

    Raises:
        VagueError: If two lines can not be told apart.
    """
    units = len(kinks)
    form, doubt = cells.form[:, :units, cell], cells.doubt[:units, cell]
    at = _at_corners(exact, cells, cell, form, doubt, kinks)
    is_on = np.asarray((at.high > 0.0).any(1))
    crosses = is_on & (at.low < 0.0).any(1) & kinks
    leader = np.flatnonzero(crosses)
    number, is_turned = np.full(units, -1), np.zeros(units, bool)
    number[leader] = np.arange(len(leader))
    for first, second in _near_pairs(leader, form):
        if exact.are_one(first, second):
            number[second] = number[first]
            is_turned[second] = is_turned[first] ^ exact.is_turned(first, second)
    kept = np.flatnonzero(number[leader] == np.arange(len(leader)))
    number[leader] = np.searchsorted(kept, number[leader])
    leader = leader[kept]
    a, b, c = form = np.ascontiguousarray(form[:, leader])
    doubt, r = doubt[leader], np.hypot(a, b)
    if not (r > 4.0 * doubt).all():
        raise VagueError
    steep = np.abs(a) + np.abs(b)
    rounding = 16.0 * UNIT_ROUNDOFF * (steep + np.abs(c)) + TINY
    # How far the lines may be from where they are walked along.
    aside = SAFETY * ((rounding + 2.0 * doubt) / (r - 2.0 * doubt)).max(initial=0.0)
    near = SAFETY * (doubt + steep * aside + rounding)
    base, along = -(c / r) * (form[:2] / r), np.array([b, -a]) / r
    outer, inner = _ends(at, leader, base, along)
    lines = number, is_on, is_turned, leader, form, near, base, along, outer, inner
    return Lines(exact, *lines)


def _at_corners(
    exact: ExactCell,
    cells: Valued,
    cell: int,
    form: Float64[np.ndarray, "3 units"],
    doubt: Float64[np.ndarray, " units"],
    kinks: Bool[np.ndarray, " units"],
) -> _Corners:
    """Values of all units at the corners of a cell, with signs of those with kinks."""
    own = slice(int(cells.starts()[cell]), int(cells.end[cell]))
    x, reach = cells.x[:, own], cells.reach[own]
    a, b, c = form[:, :, None]
    steep = np.abs(a) + np.abs(b)
    value = a * x[0] + b * x[1] + c
    near = doubt[:, None] + gamma(5) * (steep + np.abs(c)) + 16 * SMALLEST
    near = SAFETY**2 * (near + (steep + doubt[:, None]) * reach)
    low, high = value - near, value + near
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise VagueError
    open_signs = (low <= 0.0) & (high >= 0.0) & kinks[:, None]
    for unit, q in np.argwhere(open_signs).tolist():
        sign = exact.sign(unit, q)
        low[unit, q] = max(low[unit, q], SMALLEST) if sign > 0 else low[unit, q]
        high[unit, q] = min(high[unit, q], -SMALLEST) if sign < 0 else high[unit, q]
        if sign == 0:
            low[unit, q] = high[unit, q] = 0.0
    slack = 64.0 * UNIT_ROUNDOFF + 2.0 * float(reach.max())
    return _Corners(x, slack, low, high)


def _near_pairs(
    units: Int[np.ndarray, " lines"], form: Float64[np.ndarray, "3 units"]
) -> Iterator[tuple[int, int]]:
    """Pairs of units whose lines are nearly one: neighbors by angle and offset."""
    a, b, c = form[:, units]
    r = np.where((b < 0.0) | ((b == 0.0) & (a < 0.0)), -1.0, 1.0) * np.hypot(a, b)
    angle, offset = np.arctan2(b / r, a / r), c / r
    by_angle = np.argsort(angle, kind="stable")
    group = np.empty(len(units), np.int64)
    group[by_angle] = np.cumsum(np.diff(angle[by_angle], prepend=0.0) > ALIKE)
    order = np.lexsort((offset, group))
    same = np.diff(group[order]) == 0
    same &= np.diff(offset[order]) <= ALIKE
    for k in np.flatnonzero(same).tolist():
        yield int(units[order[k]]), int(units[order[k + 1]])


def _ends(
    at: _Corners,
    leader: Int[np.ndarray, " lines"],
    base: Float64[np.ndarray, "2 lines"],
    along: Float64[np.ndarray, "2 lines"],
) -> tuple[Float64[np.ndarray, "2 lines"], Float64[np.ndarray, "2 lines"]]:
    """Where lines enter and leave a cell: beyond what, and between what.

    These are the ends of all points at which a line meets what lies between a corner
    where its unit is positive and one where it is negative, or one where it is zero.
    """
    corners = at.x.shape[1]
    outer, inner = np.empty((2, 2, len(leader)))
    step = max(1, ENTRIES // corners**2)
    for first in range(0, len(leader), step):
        own = slice(first, first + step)
        low, high = at.low[leader[own]], at.high[leader[own]]
        place = along[0, own, None] * (at.x[0] - base[0, own, None])
        place += along[1, own, None] * (at.x[1] - base[1, own, None])
        p, q, ahead = place[:, :, None], place[:, None], high[:, :, None]
        between = (low[:, :, None] > 0.0) & (high[:, None] < 0.0)
        least = low[:, :, None] / (low[:, :, None] - low[:, None])
        most = ahead / (ahead - high[:, None])
        met = np.array([p + least * (q - p), p + most * (q - p)])
        zero = (low == 0.0) & (high == 0.0)
        for side, sign in ((0, 1.0), (1, -1.0)):
            signed = np.where(between, sign * met, np.inf)
            at_zero = np.where(zero, sign * place, np.inf).min(1)
            far = np.minimum(signed.min(0).min((1, 2)), at_zero)
            close = np.minimum(signed.max(0).min((1, 2)), at_zero)
            outer[side, own] = sign * (far - at.slack)
            inner[side, own] = sign * (close + at.slack)
    return outer, inner


def walk_lines(lines: Lines, ask: Callable[[], object]) -> Iterator[Walks]:
    """Walk along all lines of a cell, some at a time.

    Args:
        lines: The lines.
        ask: Called before some of them; what it raises ends the work.

    Raises:
        VagueError: If two lines can not be told apart.
    """
    (a, b, c), near = lines.form, 2.0 * lines.near
    count = len(near)
    step = max(1, ENTRIES // max(1, count))
    for first in range(0, count, step):
        ask()
        own = slice(first, min(first + step, count))
        (px, py), (ux, uy) = lines.base[:, own, None], lines.along[:, own, None]
        slope, value = ux * a + uy * b, px * a + py * b + c
        itself = np.arange(own.stop - first), np.arange(first, own.stop)
        slope[itself] = value[itself] = 0.0
        low, high = lines.outer[:, own, None]
        steep, middle = np.abs(slope), slope * (0.5 * (low + high)) + value
        crosses = np.abs(middle) <= steep * (0.5 * (high - low)) + near
        crosses[itself] = False
        if (crosses & (near > WORST * steep)).any():
            raise VagueError
        starts_on = np.where(crosses, slope < 0.0, middle > 0.0)
        t = np.where(crosses, -value / slope, np.inf)
        number = crosses.sum(1)
        order = np.argsort(t, axis=1)[:, : number.max(initial=0)]
        t = np.take_along_axis(t, order, 1)
        off = near[order] / np.take_along_axis(steep, order, 1) + 8.0 * UNIT_ROUNDOFF
        off[t == np.inf] = 0.0
        yield Walks(own, slope, value, starts_on, number, order, t, off)
