"""Largest values by walks along the lines of a wide last layer, in the plane.

The largest value of a combination of the outputs is at a corner: where two lines cross,
where one ends, or at a corner of a cell. Along a line a combination is a function of
one variable, whose slope changes where another line crosses, by the size of that
unit's own slope times what it is multiplied by.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.valued import Valued
from regions.network import ReluNetwork
from regions.questions.answer import Point
from regions.questions.last_layer import combined_weights
from regions.questions.last_lines import Lines, Walks, walk_lines
from regions.questions.line_visits import ramps_on, visit_lines
from regions.questions.records import Record
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF

SMALL = 2.0**-500
"""Covers what underflows."""

Row = tuple[Fraction, ...]
Spot = Callable[[], Point | None]
"""Gives a point of the chart, exactly; None if it is not in the domain."""
Ends = tuple[Record[Spot], Record[Spot]]
"""Where a combination is largest, and where its negative is."""


class _Values(NamedTuple):
    """Values at some places.

    Attributes:
        value: The values.
        doubt: Bounds of their errors; -inf for one that is none.
        is_met: Whether the place is proved to be in the cell.
        spot: Gives a place by its number.
    """

    value: Float64[np.ndarray, "*places"]
    doubt: Float64[np.ndarray, "*places"]
    is_met: Bool[np.ndarray, "*places"]
    spot: Callable[[int], Spot]


class _Sum(NamedTuple):
    """A combination of the outputs on a cell: affine, with a kink along each line.

    Attributes:
        base: The affine function where all leaders are off.
        kink: What the value of each leader is multiplied by where it is on, more.
        size: No value and no slope is larger.
        error: How far off a value can be, where its place is right.
    """

    base: Float64[np.ndarray, " 3"]
    kink: Float64[np.ndarray, " lines"]
    size: float
    error: float


def line_values(
    network: ReluNetwork,
    domain: BoundedDomain,
    rows: Sequence[Row],
    stop: Callable[[], bool],
) -> dict[Row, Ends] | None:
    """Where some combinations of the outputs, and their negatives, can be largest.

    Args:
        network: A network.
        domain: One that `lines_serve` says yes to.
        rows: The combinations.
        stop: Asked often; says whether to stop.

    Returns:
        For each combination both; None if it was stopped.

    Raises:
        VagueError: If two lines can not be told apart.
    """
    slopes = network.hidden[-1].slopes
    weights = {row: combined_weights(network, row) for row in rows}
    records: dict[Row, Ends] = {row: (Record(), Record()) for row in rows}

    def take(lines: Lines, cells: Valued, cell: int, ask: Callable[[], None]) -> None:
        sums = {row: _sum_on(lines, cells, cell, slopes, weights[row]) for row in rows}
        for row, one in sums.items():
            _record(records[row], _at_corners(lines, cells, cell, one))
        for walks in walk_lines(lines, ask):
            for row, one in sums.items():
                for found in _along(walks, lines, one):
                    _record(records[row], found)

    visit = visit_lines(network, domain, take, stop)
    return records if visit.complete else None


def _record(records: Ends, found: _Values) -> None:
    """Look at some values, and at their negatives."""
    exists = found.doubt >= 0.0
    for record, value in zip(records, (found.value, -found.value), strict=True):
        low = np.where(found.is_met & exists, value - found.doubt, -np.inf)
        high = np.where(exists, value + found.doubt, -np.inf)
        record.take(low, high, found.spot)


def _sum_on(
    lines: Lines,
    cells: Valued,
    cell: int,
    slopes: Float64[np.ndarray, " units"],
    weights: Float64[np.ndarray, " units_and_outputs"],
) -> _Sum:
    """A combination on one cell."""
    units = len(slopes)
    form, doubt = cells.form[:, :, cell], cells.doubt[:, cell]
    ramps = ramps_on(lines, slopes, weights[None, :units])
    base = form @ np.concatenate([ramps.factor[0], weights[units:]])
    long = np.hypot(*form[:2, ramps.crossing]) / np.hypot(*lines.form[:2])[ramps.lines]
    # Where a leader is on a unit that is turned is off: less of a negative value.
    kink = np.bincount(ramps.lines, ramps.kink[0] * long, len(lines.leader))
    most = np.abs(weights)
    most[:units] *= 1.0 + np.abs(slopes)
    # Signs are wrong only where values are near zero.
    near = most[ramps.crossing] * long * lines.near[ramps.lines]
    size = float(most @ np.abs(form).sum(0))
    rounding = 16.0 * (len(weights) + 64) * UNIT_ROUNDOFF * size
    error = float(16.0 * (most @ doubt + near.sum()) + rounding)
    return _Sum(base, kink, 2.0 * size, SAFETY**2 * error + SMALL)


def _at_corners(lines: Lines, cells: Valued, cell: int, one: _Sum) -> _Values:
    """Values at the corners of a cell."""
    own = slice(int(cells.starts()[cell]), int(cells.end[cell]))
    x, y = cells.x[:, own]
    a, b, c = lines.form[:, :, None]
    value = one.base[0] * x + one.base[1] * y + one.base[2]
    value = value + one.kink @ np.maximum(a * x + b * y + c, 0.0)
    doubt = one.error + one.size * cells.reach[own]

    def spot(q: int) -> Spot:
        return functools.partial(lines.cell.corner, q)

    return _Values(value, doubt, np.ones(len(x), bool), spot)


def _along(walks: Walks, lines: Lines, one: _Sum) -> Iterator[_Values]:
    """Values where other lines cross those walked along, then at their ends."""
    own, leader = walks.own, lines.leader
    (px, py), (ux, uy) = lines.base[:, own], lines.along[:, own]
    outer, inner = lines.outer[:, own], lines.inner[:, own]
    exists, most = walks.t < np.inf, walks.t.shape[1]
    t, on = np.where(exists, walks.t, 0.0), walks.starts_on
    # A kink adds to the slope on the side where its unit is on, to which it turns.
    turn = np.abs(np.take_along_axis(walks.slope, walks.order, 1))
    turn *= np.where(exists, one.kink[walks.order], 0.0)
    slope, value = np.empty((2, len(t), most + 1))
    slope[:, 0] = one.base[0] * ux + one.base[1] * uy + (walks.slope * on) @ one.kink
    value[:, 0] = one.base[0] * px + one.base[1] * py + one.base[2]
    value[:, 0] += (walks.value * on) @ one.kink
    slope[:, 1:] = slope[:, :1] + np.cumsum(turn, axis=1)
    turn *= t
    value[:, 1:] = value[:, :1] - np.cumsum(turn, axis=1)

    def crossing(k: int) -> Spot:
        i, j = divmod(k, most)
        pair = int(leader[own.start + i]), int(leader[walks.order[i, j]])
        return functools.partial(lines.cell.crossing, *pair)

    def end(k: int) -> Spot:
        i, which = divmod(k, 2)
        return functools.partial(lines.cell.end, int(leader[own.start + i]), which)

    yield _Values(
        value[:, 1:] + slope[:, 1:] * t,
        np.where(exists, one.error + one.size * walks.off, -np.inf),
        (t > inner[0, :, None]) & (t < inner[1, :, None]),
        crossing,
    )
    yield _Values(
        value[:, [0, -1]] + slope[:, [0, -1]] * outer.T,
        one.error + one.size * np.abs(inner - outer).T,
        np.ones((len(t), 2), bool),
        end,
    )
