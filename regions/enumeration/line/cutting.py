"""Cutting a line layer by layer at the zeros of its units, every decision proved.

Between two nodes everything is affine, so a layer needs its units at the nodes alone. A
unit of opposite signs at the ends of an interval vanishes once inside and makes a node
there; what the others are at the new node follows from the ends, without another
product. An infinite end is a node, too: a direction.
"""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int8

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.line.exact_forms import ExactForms, Level, last_readers
from regions.enumeration.line.values import (
    SQUARE,
    LayerBounds,
    Values,
    moved,
    multiply,
    norms,
    ratio,
)
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, is_certain

MAX_OPEN = 16
"""Single precision gives way to pairs when it leaves more decisions open."""


class ImpreciseError(Exception):
    """Single precision leaves much open; never leaves this package."""


class Origin(NamedTuple):
    """Where a node comes from: a unit vanishes on an interval that a layer found."""

    layer: int
    interval: int
    unit: int


class _Roots(NamedTuple):
    """Zeros of units inside intervals, in order along the line.

    Attributes:
        unit: Which unit vanishes.
        interval: On which interval.
        rank: How many new nodes lie before it in that interval.
        leads: Whether it is the first root of its node.
        weight: Where, as high and low parts and a bound of their error.
    """

    unit: Int[np.ndarray, " roots"]
    interval: Int[np.ndarray, " roots"]
    rank: Int[np.ndarray, " roots"]
    leads: Bool[np.ndarray, " roots"]
    weight: tuple[np.ndarray, np.ndarray | None, np.ndarray]


class Cutter:
    """The nodes of a line, and the layers that made them.

    Attributes:
        levels: What each layer did.
        exact: The forms of units on the intervals, in integers.
        places: The nodes in the chart, one row of values.
        points: 1.0 for nodes that are points, 0.0 for directions.
        exact_signs: How many signs rational arithmetic had to decide.
        exact_orders: How many zeros it had to order.
    """

    def __init__(self, network: ReluNetwork, domain: Domain, *, pairs: bool):
        self.levels: list[Level] = []
        self.exact = ExactForms(network, domain, self.levels)
        self.exact_signs = self.exact_orders = 0
        self._network, self._pairs = network, pairs
        origin, (direction,) = domain.rational_chart()
        if isinstance(domain, WholeSpace):
            # From 0, to both sides; a line without ends has no end to begin at.
            ends = [Fraction(-1), Fraction(0), Fraction(1)]
            columns = [[t * v for v in direction] for t in ends]
            self.points = np.array([0.0, 1.0, 0.0])
        else:
            ends = sorted(point[0] for point in domain.cell().points())
            columns = [
                [o + t * v for o, v in zip(origin, direction, strict=True)]
                for t in ends
            ]
            self.points = np.ones(2)
        self.places = rounded([[t] for t in ends], pairs=pairs)
        self._sources = {0: rounded(columns, pairs=pairs)}
        self._origins: list[Origin | Fraction] = list(ends)
        self._positions: dict[Origin, Fraction] = {}
        self._last = last_readers(network)

    def position(self, node: int) -> Fraction:
        """Where a node is that is a point, exactly."""
        origin = self._origins[node]
        if isinstance(origin, Fraction):
            return origin
        if origin not in self._positions:
            self._positions[origin] = self.exact.root(*origin)
        return self._positions[origin]

    def patterns(self, units: int) -> Bool[np.ndarray, "intervals units"]:
        """Signs of the units of the layers so far on every interval."""
        intervals = np.arange(len(self.points) - 1)
        result = np.zeros((len(intervals), units), bool)
        last = sum(len(level.bits) for level in self.levels)
        for level in reversed(self.levels):
            first = last - len(level.bits)
            result[:, first:last] = level.bits[:, intervals].T
            intervals, last = level.parent[intervals], first
        return result

    @np.errstate(all="ignore")
    def insert(self, index: int, check: Callable[[], None]) -> None:
        """Cut at the zeros of a layer's units.

        Args:
            index: Number of the layer.
            check: Called often; what it raises leaves the line as it was.
        """
        check()
        layer = self._network.hidden[index]
        held = LayerBounds(layer, index)
        pre, error = held.pre_activations(self._sources, self.points)
        signs = self._signs(index, layer, pre, error, check)
        roots = self._roots(index, signs, pre, error, check)
        first, second = roots.interval[roots.leads], roots.unit[roots.leads]
        # Old and new nodes in order: those of an interval follow its lower end.
        order = np.argsort(
            np.concatenate([np.arange(len(self.points)), first]), kind="stable"
        )
        parent = np.repeat(
            np.arange(len(self.points) - 1),
            1 + np.bincount(first, minlength=len(self.points) - 1),
        )
        self.levels.append(Level(parent, _bits(signs, roots, parent)))
        new = [Origin(index, k, u) for k, u in zip(first, second, strict=True)]
        both = [*self._origins, *(Origin(*map(int, o)) for o in new)]
        self._origins = [both[k] for k in order.tolist()]
        high, low, doubt = roots.weight
        low = None if low is None else low[roots.leads]
        weight = high[roots.leads], low, doubt[roots.leads]
        if self._last[index + 1] > index:
            whole = self._inserted(pre, first, weight, order, second)
            bits = _at_nodes(self.levels[-1].bits)
            self._sources[index + 1] = activated(layer, whole, bits)
        for source in list(self._sources):
            if self._last[source] <= index:
                del self._sources[source]
            elif source <= index:
                self._sources[source] = self._inserted(
                    self._sources[source], first, weight, order
                )
        self.places = self._inserted(self.places, first, weight, order)
        points = np.concatenate([self.points, np.ones(len(first))])
        self.points = points[order]
        self.exact.forget(index)

    def _signs(
        self,
        index: int,
        layer: Layer,
        pre: Values,
        error: np.ndarray,
        check: Callable[[], None],
    ) -> Int8[np.ndarray, "units nodes"]:
        """Signs at the nodes; units without a kink have none that matters."""
        signs = np.sign(pre.high).astype(np.int8)
        proved = is_certain(np.abs(pre.high), error) & np.isfinite(pre.high)
        unclear = np.argwhere(~proved & layer.kinks[:, None])
        self._count_open(len(unclear))
        self.exact_signs += len(unclear)
        for unit, node in unclear.tolist():
            check()
            # An interval at whose end the node is; the forms of both agree there.
            interval = min(node, len(self.points) - 2)
            if self.points[node]:
                point = self.position(node)
                sign = self.exact.sign(index, interval, unit, point)
            else:
                sign = self.exact.slope_sign(index, interval, unit)
                sign *= -1 if node == 0 else 1
            signs[unit, node] = sign
            if sign == 0:
                pre.high[unit, node] = 0.0
                if pre.low is not None:
                    pre.low[unit, node] = 0.0
        signs[~layer.kinks] = 0
        return signs

    def _count_open(self, number: int) -> None:
        """Give up single precision where it decides too little."""
        if not self._pairs and self.exact_signs + self.exact_orders + number > MAX_OPEN:
            raise ImpreciseError

    def _roots(
        self,
        index: int,
        signs: np.ndarray,
        pre: Values,
        error: np.ndarray,
        check: Callable[[], None],
    ) -> _Roots:
        """Zeros of units inside intervals, ordered."""
        unit, interval = np.nonzero(signs[:, :-1] * signs[:, 1:] < 0)
        # From a point: from the lower end, unless that is a direction.
        from_low = self.points[interval] == 1.0
        base = np.where(from_low, interval, interval + 1)
        step = np.where(from_low, interval + 1, interval)
        between = self.points[step] == 1.0
        x, y = (_sizes(pre, unit, columns) for columns in (base, step))
        *weight, doubt = ratio(x, y, of_sum=between)
        from_base, from_step = error[unit, base], error[unit, step]
        reach = np.where(between, 1.0, np.abs(weight[0]))
        below = np.where(between, x[0], 0.0) + y[0]
        left = below - from_step - np.where(between, from_base, 0.0)
        moved_by = (from_base + reach * from_step) / left
        # What float64 does not place at all may be anywhere.
        certain = (left > 2.0**-10 * below) & np.isfinite(moved_by)
        moved_by = np.where(certain, moved_by, np.inf)
        doubt = SAFETY * (doubt + moved_by)
        along = np.where(from_low, weight[0], -weight[0])
        along = np.where(from_low, 1.0, -1.0)
        low = np.zeros(len(unit)) if weight[1] is None else weight[1]
        order = np.lexsort([along * low, along * weight[0], interval])
        found = _Found(*(v[order] for v in (unit, interval, along, weight[0], low)))
        ties = self._settle_order(index, found, doubt[order], check)
        order, leads = order[ties.order], ties.leads
        return _Roots(
            unit[order],
            interval[order],
            _ranks(interval[order], leads),
            leads,
            (
                weight[0][order],
                None if weight[1] is None else weight[1][order],
                doubt[order],
            ),
        )

    def _settle_order(
        self,
        index: int,
        found: "_Found",
        doubt: Float64[np.ndarray, " roots"],
        check: Callable[[], None],
    ) -> "_Order":
        """The proved order of roots that are sorted by their approximate places."""
        order, leads = np.arange(len(doubt)), np.ones(len(doubt), bool)
        same = found.interval[1:] == found.interval[:-1]
        high, low = found.along * found.high, found.along * found.low
        gap = np.diff(high) + np.diff(low)
        # With the largest doubt of an interval for all of its roots, a proved gap
        # parts everything before it from everything after it.
        largest = np.zeros(int(found.interval.max(initial=-1)) + 1)
        np.maximum.at(largest, found.interval, doubt)
        close = same & ~(gap > 2.0 * SAFETY * largest[found.interval[1:]])
        starts = np.flatnonzero(close & ~np.concatenate([[False], close[:-1]]))
        ends = np.flatnonzero(close & ~np.concatenate([close[1:], [False]])) + 2
        self._count_open(int(close.sum()))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            check()
            part = slice(start, end)
            interval = int(found.interval[start])
            roots = [
                self.exact.root(index, interval, u) for u in found.unit[part].tolist()
            ]
            by = sorted(range(len(roots)), key=lambda k: (roots[k], doubt[start + k]))
            order[part] = start + np.array(by)
            leads[start + 1 : end] = [
                roots[a] != roots[b] for a, b in itertools.pairwise(by)
            ]
            self.exact_orders += end - start
        return _Order(order, leads)

    def _inserted(
        self,
        values: Values,
        interval: Int[np.ndarray, " new"],
        weight: tuple[np.ndarray, np.ndarray | None, np.ndarray],
        order: Int[np.ndarray, " nodes"],
        vanishing: Int[np.ndarray, " new"] | None = None,
    ) -> Values:
        """Values at old nodes and at new ones, in order.

        Args:
            values: Values at the old nodes.
            interval: On which interval each new node lies.
            weight: Where, as high and low parts and a bound of their error.
            order: Old and new nodes in order.
            vanishing: The row that is 0 at each new node.
        """
        if not len(interval):
            return values
        from_low = self.points[interval] == 1.0
        base = np.where(from_low, interval, interval + 1)
        step = np.where(from_low, interval + 1, interval)
        between = self.points[step] == 1.0
        new = moved(values.at(base), values.at(step), weight, between, vanishing)
        low = None
        if values.low is not None and new.low is not None:
            low = np.concatenate([values.low, new.low], axis=1)[:, order]
        return Values(
            np.concatenate([values.high, new.high], axis=1)[:, order],
            low,
            np.concatenate([values.error, new.error])[order],
        )


class _Found(NamedTuple):
    """Roots sorted by interval and approximate place along the line.

    Attributes:
        unit: Which unit vanishes.
        interval: On which interval.
        along: 1.0 where weights grow along the line, -1.0 where they fall.
        high: High part of the weight.
        low: Its low part, or 0.0.
    """

    unit: np.ndarray
    interval: np.ndarray
    along: np.ndarray
    high: np.ndarray
    low: np.ndarray


class _Order(NamedTuple):
    """The proved order of roots.

    Attributes:
        order: The roots in order.
        leads: Which of them lie beyond the one before, in that order.
    """

    order: Int[np.ndarray, " roots"]
    leads: Bool[np.ndarray, " roots"]


def _at_nodes(
    bits: Bool[np.ndarray, "units intervals"],
) -> Bool[np.ndarray, "units nodes"]:
    """Units that are on at a side of each node; one that is on at one vanishes."""
    none = np.zeros((len(bits), 1), bool)
    return np.hstack([bits, none]) | np.hstack([none, bits])


def _sizes(
    values: Values, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Absolute values of some entries."""
    high, low = values.rows(rows, columns)
    return np.abs(high), None if low is None else np.where(high < 0.0, -low, low)


def _ranks(interval: np.ndarray, leads: np.ndarray) -> Int[np.ndarray, " roots"]:
    """How many nodes lie before each root in its interval."""
    nodes = np.cumsum(leads) - 1
    _, first, back = np.unique(interval, return_index=True, return_inverse=True)
    return nodes - nodes[first][back]


def _bits(
    signs: Int8[np.ndarray, "units nodes"],
    roots: _Roots,
    parent: Int[np.ndarray, " intervals"],
) -> Bool[np.ndarray, "units intervals"]:
    """Signs on the new intervals. A unit that vanishes on an interval is off there."""
    bits = (signs[:, :-1] + signs[:, 1:] > 0)[:, parent]
    starts = np.searchsorted(parent, np.arange(signs.shape[1]))
    rows = zip(
        roots.unit.tolist(), roots.interval.tolist(), roots.rank.tolist(), strict=True
    )
    for unit, interval, rank in rows:
        start, end = starts[interval], starts[interval + 1]
        rises = signs[unit, interval] < 0
        bits[unit, start : start + rank + 1] = not rises
        bits[unit, start + rank + 1 : end] = rises
    return bits


@np.errstate(all="ignore")
def activated(layer: Layer, pre: Values, on: Bool[np.ndarray, "units nodes"]) -> Values:
    """Activations of a layer whose units are on or off as given."""
    gates = np.where(on, 1.0, layer.slopes[:, None])
    steep = max(1.0, float(np.abs(layer.slopes).max()))
    error, size = steep * pre.error, steep * pre.norms()
    if np.isin(layer.slopes, (0.0, 1.0)).all():
        low = None if pre.low is None else pre.low * gates
        return Values(pre.high * gates, low, error)
    lost = 8.0 * len(gates) * SMALLEST
    if pre.low is None:
        error = error + UNIT_ROUNDOFF * size + lost
        return Values(pre.high * gates, None, SAFETY * error)
    high, low = multiply(pre.high, pre.low, gates, np.zeros((1, 1)))
    return Values(high, low, SAFETY * (error + 8.0 * SQUARE * size + lost))


def rounded(columns: list[list[Fraction]], *, pairs: bool) -> Values:
    """Exact columns as values."""
    entries = np.array([[_parts(v) for v in column] for column in columns])
    high, low, lost = entries[..., 0].T, entries[..., 1].T, entries[..., 2].T
    error = norms((lost if pairs else np.abs(low) + lost).T)
    return Values(high, low if pairs else None, error)


def _parts(value: Fraction) -> tuple[float, float, float]:
    """The nearest float64 number, what it leaves, and the error of both together.

    NaN if it is out of range.
    """
    try:
        high = float(value)
    except OverflowError:
        return math.nan, math.nan, math.nan
    rest = value - Fraction(high)
    low = float(rest)
    # What the low part leaves is a rounding of it, or what underflows.
    lost = UNIT_ROUNDOFF * abs(low) + SMALLEST if rest else 0.0
    return high, low, lost
