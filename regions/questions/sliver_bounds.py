"""Bounds of the difference of two networks on regions of the first, in float64.

On a region of the first network let the second have the same units on. Then the
difference A is affine, and what the second network has more or less comes from units
whose pre-activation y has the wrong sign there, in slivers along the walls where the
two networks are near each other. Such a unit adds s = (1 - slope) max(-y, 0) to its
activation if it should be on, and (1 - slope) max(y, 0) if it should be off. The output
adds a multiple p of that, so the difference is A + sum of p s, exactly.

y is affine up to what the units before add, so with the most that these may add at each
point, a convex function, s is at most a convex function, and so is A + sum of max(p, 0)
s: it is largest at a corner. Off the slivers the difference is A, a step away from the
corner: where networks are near each other both ends agree but for the square of how
near they are. Differences are never taken of large numbers, so errors are as small as
they are.
"""

import bisect
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.valued import Valued
from regions.network import Layer, ReluNetwork
from regions.questions.float_forms import (
    Forms,
    Near,
    at_points,
    gated,
    input_forms,
    runs_of,
    through,
    times,
)
from regions.signs.exact import float_or_infinity
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, gamma

FARTHER = 1.0 + 2.0**-20
"""Steps away from corners are longer by so much, which covers their rounding."""


POINTS = 2048
"""Points at which networks are evaluated at once: more do not stay in a cache."""


class Ends(NamedTuple):
    """Ends of the largest value that goals have on regions, `(goals, regions)`.

    Attributes:
        low: A value that is attained.
        high: A bound that nothing exceeds.
    """

    low: Float64[np.ndarray, "goals regions"]
    high: Float64[np.ndarray, "goals regions"]


class _Points(NamedTuple):
    """Corners of regions, and a point inside each.

    Attributes:
        corners: Coordinates of the corners, `(corners, dim)`.
        region: On which region each lies.
        begins: Where those of each region begin.
        inside: The points inside, `(regions, dim)`.
        spread: How far corners are from these, at most, in every coordinate.
        reach: Largest absolute coordinates, and 1.
    """

    corners: Near
    region: Int[np.ndarray, " corners"]
    begins: Int[np.ndarray, " regions"]
    inside: Near
    spread: Float64[np.ndarray, "regions dim"]
    reach: Float64[np.ndarray, " dim_1"]


class _Units(NamedTuple):
    """Units of a layer, at corners near which their signs may be the wrong ones.

    Attributes:
        place: The corners.
        unit: The unit at each.
        wrong: By how much the sign may be the wrong one, from above, whatever the units
            before do; negative where it is the right one.
        added: The most that the unit adds to its activation, in slivers.
        slack: For all units how right their signs are at the points inside, at least,
            `(regions, units)`.
    """

    place: np.ndarray
    unit: np.ndarray
    wrong: np.ndarray
    added: np.ndarray
    slack: np.ndarray


_Moves = tuple[np.ndarray, np.ndarray] | None
"""How far numbers are moved, down and up, at corners; None where none is."""


class SliverBounds:
    """Bounds of the difference of two networks of the same shape.

    Args:
        network: The first network, whose regions are looked at.
        other: The second one.
        domain: In whose chart the regions are given.
    """

    def __init__(self, network: ReluNetwork, other: ReluNetwork, domain: BoundedDomain):
        self._network, self._other = network, other
        origin, directions = domain.rational_chart()
        self._origin = np.array([float_or_infinity(v) for v in origin])
        self._directions = np.array(
            [[float_or_infinity(v) for v in row] for row in directions]
        )
        pairs = zip(network.layers, other.layers, strict=True)
        self._change = [_less(b, a) for a, b in pairs]
        # Units whose pre-activations may differ.
        self._touched: list[Bool[np.ndarray, " _"]] = []
        for index, (own, change) in enumerate(
            zip(other.layers, self._change, strict=True)
        ):
            touched = change.bias != 0.0
            for _, matrix in change.blocks(index):
                touched = touched | (matrix != 0.0).any(1)
            for source, matrix in own.blocks(index):
                if source:
                    before = self._touched[source - 1]
                    touched = touched | (matrix[:, before] != 0.0).any(1)
            self._touched.append(touched)

    @staticmethod
    def serves(network: ReluNetwork, other: ReluNetwork) -> bool:
        """Whether two networks have the same shape, and slopes from 0 to 1."""
        if network.widths != other.widths or network.input_dim != other.input_dim:
            return False
        return all(
            np.array_equal(a.slopes, b.slopes)
            and bool(((a.slopes >= 0.0) & (a.slopes <= 1.0)).all())
            and [source for source, _ in a.skips] == [source for source, _ in b.skips]
            for a, b in zip(network.hidden, other.hidden, strict=True)
        ) and [s for s, _ in network.output.skips] == [s for s, _ in other.output.skips]

    @np.errstate(all="ignore")
    def ends(self, regions: Valued) -> Ends:
        """Ends for the difference of each output, first less second, then negatives.

        Args:
            regions: Regions of the first network.
        """
        places, parts = regions.end.tolist(), []
        first = 0
        while first < len(places):
            before = places[first - 1] if first else 0
            last = max(first + 1, bisect.bisect_right(places, before + POINTS))
            parts.append(self._ends_of(regions, first, last))
            first = last
        return Ends(
            *(np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        )

    def _ends_of(self, regions: Valued, first: int, last: int) -> Ends:
        """The same of some of the regions, from one to before another."""
        on = self._gates(regions, first, last)
        points = self._points(regions, first, last)
        ends = [
            [np.maximum.reduceat(part, points.begins).T for part in pair]
            for pair in self._at_corners(points, on)
        ]
        lows, highs = zip(*ends, strict=True)
        # A way and its negative: the larger of both is not negative.
        return Ends(np.maximum(np.concatenate(lows), 0.0), np.concatenate(highs))

    @np.errstate(all="ignore")
    def highest(
        self, regions: Valued, region: int, corners: Float64[np.ndarray, "corners dim"]
    ) -> Float64[np.ndarray, " corners"]:
        """What all goals are at most at corners of a region, as a convex function.

        Args:
            regions: Some regions.
            region: One of them.
            corners: Its corners in the chart, rounded once.
        """
        x = (corners - regions.middle) / regions.scale
        reach = (
            4.0 * UNIT_ROUNDOFF * (np.abs(x) + np.abs(regions.middle / regions.scale))
        )
        own = dataclasses.replace(
            regions,
            end=np.array([len(x)]),
            x=x.T,
            reach=reach.max(1) + SMALLEST / regions.scale.min(),
            bits=lambda _: regions.bits(np.array([region])),
        )
        points = self._points(own, 0, 1)
        pairs = self._at_corners(points, self._gates(own, 0, 1))
        return np.max([high.max(1) for _, high in pairs], axis=0)

    def _gates(
        self, regions: Valued, first: int, last: int
    ) -> list[Bool[np.ndarray, "regions _"]]:
        """Which units of each layer are on, on some of the regions."""
        bits = regions.bits(np.arange(first, last)).reshape(last - first, -1)
        patterns = self._network.unit_patterns(bits)
        starts = self._network.unit_starts
        return [patterns[:, a:b] for a, b in itertools.pairwise(starts)]

    def _at_corners(
        self, points: _Points, on: Sequence[Bool[np.ndarray, "regions _"]]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each way what is attained near corners, and bounds of the goals there."""
        units, apart = self._forward(points, on)
        value, error = apart.on_regions()
        region = points.region
        gap = at_points(value[region], error[region], points.corners)
        middle = at_points(value, error, points.inside)
        step = self._steps(points, units)
        for way, more in zip((-1.0, 1.0), self._added(points, on, units), strict=True):
            most = (way * gap.value + gap.error) + more
            sizes = np.abs(gap.value) + gap.error + more
            most = most + 4.0 * UNIT_ROUNDOFF * sizes
            corner = way * gap.value - gap.error
            there = (way * middle.value - middle.error)[region]
            # A sum of three terms, none of which is larger than the first two.
            lost = 4.0 * UNIT_ROUNDOFF * (np.abs(corner) + np.abs(there))
            held = corner + step[:, None] * (there - corner) - SAFETY * lost
            held = np.where(np.isfinite(step)[:, None], held, 0.0)
            yield held, most

    def _points(self, regions: Valued, first: int, last: int) -> _Points:
        """The corners of some regions, and the mean of those of each, as inputs."""
        start = int(regions.end[first - 1]) if first else 0
        here = slice(start, int(regions.end[last - 1]))
        sizes = np.diff(regions.end[first:last], prepend=start)
        region, begins = (
            np.repeat(np.arange(last - first), sizes),
            np.cumsum(sizes) - sizes,
        )
        chart = regions.middle + regions.x[:, here].T * regions.scale
        doubt = regions.reach[here, None] * regions.scale
        doubt = SAFETY * (doubt + UNIT_ROUNDOFF * np.abs(chart))
        value = self._origin + chart @ self._directions
        steep = np.abs(self._directions)
        size = np.abs(self._origin) + np.abs(chart) @ steep
        # Of numbers that are rounded themselves.
        terms = len(self._directions) + 4
        lost = gamma(terms) * (size + doubt @ steep) + terms * SMALLEST
        error = SAFETY * (doubt @ steep + lost)
        mean = np.add.reduceat(value, begins, axis=0) / sizes[:, None]
        largest = np.maximum.reduceat(np.abs(value), begins, axis=0)
        mean_error = np.maximum.reduceat(error, begins, axis=0)
        mean_error = SAFETY * (mean_error + gamma(int(sizes.max()) + 4) * largest)
        apart = np.abs(value - mean[region]) + error + mean_error[region]
        reach = (np.abs(value) + 2.0 * error).max(0) + mean_error.max(0)
        return _Points(
            Near(value, error),
            region,
            begins,
            Near(mean, mean_error),
            SAFETY * np.maximum.reduceat(apart, begins, axis=0),
            SAFETY * np.append(reach, 1.0),
        )

    def _forward(
        self, points: _Points, on: Sequence[Bool[np.ndarray, "regions _"]]
    ) -> tuple[list[_Units], Forms]:
        """Hidden units at corners, and how far the outputs are apart."""
        count, reach = len(points.begins), points.reach
        held: list[Forms | None] = [input_forms(len(reach) - 1, count)]
        apart: list[Forms | None] = [None]
        # What units in slivers take from each activation, and add, at most.
        moved: list[_Moves] = [None]
        run, units = runs_of([], count), []
        for index, own in enumerate(self._network.hidden):
            pre = through(own, index, held, run, reach)
            gap = self._gap(index, held, apart, run, reach)
            moves = self._moves(index, moved, len(points.region))
            found = self._near_walls(index, points, on[index], (pre, gap), moves)
            units.append(found)
            factor = np.where(on[index], 1.0, own.slopes)
            moved.append(_activated(found, moves, factor, points.region))
            run = runs_of(on[: index + 1], count)
            held.append(gated(pre, factor, run, reach))
            apart.append(gated(gap, factor, run, reach))
        return units, self._gap(len(units), held, apart, run, reach)

    def _near_walls(
        self,
        index: int,
        points: _Points,
        on: Bool[np.ndarray, "regions units"],
        forms: tuple[Forms, Forms],
        moves: _Moves,
    ) -> _Units:
        """Units of a layer at corners where they may have the wrong sign.

        Args:
            index: The layer.
            points: The points.
            on: Which units are on.
            forms: Pre-activations of the first network, and how much those of the
                second are larger.
            moves: How far slivers of the layers before move these.
        """
        (own, own_doubt), (gap, gap_doubt) = (f.on_regions() for f in forms)
        bend, side = 1.0 - self._network.hidden[index].slopes, np.where(on, 1.0, -1.0)
        asked = self._touched[index] & (bend > 0.0)
        slack = np.full(on.shape, np.inf)
        near, far = (
            at_points(value[:, :, asked], doubt[:, asked], points.inside)
            for value, doubt in ((own, own_doubt), (gap, gap_doubt))
        )
        slack[:, asked] = -_wrong(
            side[:, asked] * near.value - near.error, side[:, asked], far
        )
        steep = np.abs(own[:, :-1, asked]) + np.abs(gap[:, :-1, asked])
        span = SAFETY**2 * np.einsum("rcu,rc->ru", steep, points.spread)
        if moves is not None:
            # The sum of both is at least each.
            most = (moves[0] + moves[1]).max(1, initial=0.0)
            span = span + np.maximum.reduceat(most, points.begins)[:, None]
        region, unit = np.nonzero(~(slack[:, asked] > span))
        unit = np.flatnonzero(asked)[unit]
        # Each at all corners of its region.
        sizes = np.diff(points.begins, append=len(points.region))[region]
        ends = np.cumsum(sizes)
        place = np.arange(sizes.sum()) + np.repeat(
            points.begins[region] - ends + sizes, sizes
        )
        at = Near(points.corners.value[place], points.corners.error[place])
        near, far = (
            at_points(
                np.repeat(value[region, :, unit], sizes, axis=0),
                np.repeat(doubt[region, unit], sizes),
                at,
            )
            for value, doubt in ((own, own_doubt), (gap, gap_doubt))
        )
        turn = np.repeat(side[region, unit], sizes)
        unit = np.repeat(unit, sizes)
        # On its region a unit of the first network has its sign, weakly.
        right = np.maximum(turn * near.value - near.error, 0.0)
        wrong = added = _wrong(right, turn, far)
        if moves is not None:
            below, above = moves
            added = wrong + np.where(turn > 0.0, below[place, unit], above[place, unit])
        added = SAFETY * bend[unit] * np.maximum(added, 0.0)
        return _Units(place, unit, wrong, added, slack)

    def _gap(
        self,
        index: int,
        held: Sequence[Forms | None],
        apart: Sequence[Forms | None],
        run: Int[np.ndarray, " regions"],
        reach: Float64[np.ndarray, " dim_1"],
    ) -> Forms:
        """By how much the pre-activations of the second network are larger.

        Of units that the networks share that is 0, without error.
        """
        touched = self._touched[index]
        own = dataclasses.replace(
            self._other.layers[index], bias=np.zeros(len(touched))
        )
        first = through(self._change[index], index, held, run, reach)
        second = through(own, index, apart, run, reach)
        value = first.value + second.value
        lost = UNIT_ROUNDOFF * np.einsum("rcu,c->ru", np.abs(value), reach)
        error = SAFETY * (first.error + second.error + lost)
        value = np.where(touched, value, 0.0)
        return Forms(value, np.where(touched, error, 0.0), run)

    def _moves(self, index: int, moved: Sequence[_Moves], corners: int) -> _Moves:
        """How far the second network's pre-activations are moved."""
        layer = self._other.layers[index]
        if all(moved[source] is None for source, _ in layer.blocks(index)):
            return None
        below, above = np.zeros((2, corners, layer.width))
        for source, matrix in layer.blocks(index):
            pair = moved[source]
            if pair is None:
                continue
            some = np.flatnonzero(pair[0].any(1) | pair[1].any(1))
            down, up = (part[some] for part in pair)
            rises, falls = np.maximum(matrix, 0.0).T, np.maximum(-matrix, 0.0).T
            tiny = 4 * matrix.shape[1] * SMALLEST
            below[some] += down @ rises + up @ falls + tiny
            above[some] += up @ rises + down @ falls + tiny
        grown = SAFETY * (1.0 + gamma(4 * layer.width + 4 * sum(self._other.widths)))
        return grown * below, grown * above

    def _added(
        self,
        points: _Points,
        on: Sequence[Bool[np.ndarray, "regions _"]],
        units: Sequence[_Units],
    ) -> tuple[np.ndarray, np.ndarray]:
        """What slivers add at most to goals at corners: `(corners, outputs)`, twice."""
        less, more = np.zeros((2, len(points.region), self._other.output_dim))
        weights = self._weights(on)
        terms = 4
        for own, (value, error) in zip(units, weights, strict=True):
            some = np.flatnonzero(own.added)
            place, unit = own.place[some], own.unit[some]
            terms += value.shape[2]
            at, size = points.region[place], own.added[some, None]
            for total, way in ((less, -1.0), (more, 1.0)):
                steep = np.maximum(way * value[at, :, unit] + error[at, :, unit], 0.0)
                np.add.at(total, place, steep * size + SMALLEST)
        grown = SAFETY * (1.0 + gamma(terms))
        return grown * less, grown * more

    def _weights(self, on: Sequence[Bool[np.ndarray, "regions _"]]) -> list[Near]:
        """What each output makes of each activation on regions, by layer.

        Arrays `(regions, outputs, units)`.
        """
        layers, count = self._other.layers, len(on[0])
        last = len(layers) - 1
        owed: dict[int, Near] = {}
        eye = np.broadcast_to(
            np.eye(self._other.output_dim), (count, *[self._other.output_dim] * 2)
        )
        _back(layers[last], last, Near(eye, np.zeros_like(eye)), owed)
        found = []
        for index in range(last - 1, -1, -1):
            zero = np.zeros((count, self._other.output_dim, layers[index].width))
            weights = owed.pop(index + 1, Near(zero, zero))
            found.append(weights)
            factor = np.where(on[index], 1.0, layers[index].slopes)[:, None]
            if index:
                _back(layers[index], index, times(weights, factor), owed)
        return found[::-1]

    def _steps(self, points: _Points, units: Sequence[_Units]) -> np.ndarray:
        """Which part of the way inside leaves all slivers, for each corner.

        Not finite where the point inside lies in one, for all that is known.
        """
        step = np.zeros(len(points.region))
        for own in units:
            some = np.flatnonzero(~(own.wrong <= 0.0))
            place, depth = own.place[some], own.wrong[some]
            slack = own.slack[points.region[place], own.unit[some]]
            part = np.where(slack > 0.0, FARTHER * depth / (depth + slack), np.inf)
            np.maximum.at(step, place, part)
            is_clear = np.min(own.slack, axis=1, initial=np.inf) > 0.0
            step[~is_clear[points.region]] = np.inf
        return np.where(step <= 1.0, step, np.inf)


def _wrong(right: np.ndarray, side: np.ndarray, gap: Near) -> np.ndarray:
    """By how much signs may be the wrong ones in the second network, from above.

    Args:
        right: By how much they are right in the first, at least.
        side: 1 where they are to be positive, -1 elsewhere.
        gap: How much larger the numbers are in the second.
    """
    sizes = np.abs(gap.value) + gap.error + np.abs(right)
    return (-side * gap.value - right) + gap.error + 4.0 * UNIT_ROUNDOFF * sizes


def _activated(
    units: _Units,
    moves: _Moves,
    factor: Float64[np.ndarray, "regions units"],
    region: Int[np.ndarray, " corners"],
) -> _Moves:
    """How far activations are moved, by units before and by slivers of their own."""
    some = np.flatnonzero(units.added)
    if moves is None and not len(some):
        return None
    if moves is None:
        below, above = np.zeros((2, len(region), factor.shape[1]))
    else:
        below, above = (SAFETY * factor[region] * part for part in moves)
    above[units.place[some], units.unit[some]] += units.added[some]
    return below, SAFETY * above


def _less(one: Layer, other: Layer) -> Layer:
    """A layer whose weights are those of one less those of another."""
    pairs = zip(one.skips, other.skips, strict=True)
    skips = tuple((source, a - b) for (source, a), (_, b) in pairs)
    weight, bias = one.weight - other.weight, one.bias - other.bias
    return dataclasses.replace(one, weight=weight, bias=bias, skips=skips)


def _back(layer: Layer, index: int, weights: Near, owed: dict[int, Near]) -> None:
    """Add what weights of a layer's pre-activations make of what it reads."""
    for source, matrix in layer.blocks(index):
        if not source or not matrix.any():
            continue
        steep, terms = np.abs(matrix), gamma(matrix.shape[0] + 4)
        value = weights.value @ matrix
        lost = terms * (np.abs(weights.value) @ steep + weights.error @ steep)
        error = weights.error @ steep + lost + 4 * matrix.shape[0] * SMALLEST
        before = owed.get(source)
        if before is not None:
            value, error = value + before.value, error + before.error
            error = error + UNIT_ROUNDOFF * np.abs(value)
        owed[source] = Near(value, SAFETY * error)
