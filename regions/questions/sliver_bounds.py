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
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.enumeration.cells.valued import Valued
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, gamma

FARTHER = 1.0 + 2.0**-20
"""Steps away from corners are longer by so much, which covers their rounding."""


POINTS = 2048
"""Points at which networks are evaluated at once: more do not stay in a cache."""


class Near(NamedTuple):
    """Numbers, and proved bounds of their errors."""

    value: np.ndarray
    error: np.ndarray


class Ends(NamedTuple):
    """Ends of the largest value that goals have on regions, `(goals, regions)`.

    Attributes:
        low: A value that is attained.
        high: A bound that nothing exceeds.
    """

    low: Float64[np.ndarray, "goals regions"]
    high: Float64[np.ndarray, "goals regions"]


class _Points(NamedTuple):
    """Corners of regions, and behind these a point inside each.

    Attributes:
        place: Their coordinates.
        region: On which region each is taken.
        corners: How many are corners.
    """

    place: Near
    region: Int[np.ndarray, " points"]
    corners: int


class _Units(NamedTuple):
    """The units of a layer at some points, `(points, units)`.

    Attributes:
        wrong: By how much the sign may be the wrong one, from above, whatever the units
            before do; negative where it is the right one.
        added: The most that the unit adds to its activation, in slivers.
    """

    wrong: np.ndarray
    added: np.ndarray


class SliverBounds:
    """Bounds of the difference of two networks of the same shape.

    Args:
        network: The first network, whose regions are looked at.
        other: The second one.
    """

    def __init__(self, network: ReluNetwork, other: ReluNetwork):
        self._network, self._other = network, other
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
            regions: Regions of the first network, in coordinates of its inputs.
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
        count = last - first
        bits = regions.bits(np.arange(first, last)).reshape(count, -1)
        patterns = self._network.unit_patterns(bits)
        starts = self._network.unit_starts
        on = [patterns[:, a:b] for a, b in itertools.pairwise(starts)]
        points = _points(regions, first, last)
        begins = regions.starts()[first:last] - regions.starts()[first]
        units, gap = self._forward(points, on)
        high = self._added(points, on, units)
        ways = -gap.value.T, gap.value.T
        inside = self._steps(points, units)
        ends = []
        for way, more in zip(ways, high, strict=True):
            error = gap.error.T
            most = (way + error)[:, : points.corners] + more
            sizes = (np.abs(way) + error)[:, : points.corners] + more
            most = most + 4.0 * UNIT_ROUNDOFF * sizes
            least = way - error
            corner, middle = least[:, : points.corners], least[:, points.corners :]
            there = middle[:, points.region[: points.corners]]
            # A sum of three terms, none of which is larger than the first two.
            lost = 4.0 * UNIT_ROUNDOFF * (np.abs(corner) + np.abs(there))
            held = corner + inside * (there - corner) - SAFETY * lost
            held = np.where(np.isfinite(inside), held, 0.0)
            ends.append([np.maximum.reduceat(v, begins, axis=1) for v in (held, most)])
        lows, highs = zip(*ends, strict=True)
        # A way and its negative: the larger of both is not negative.
        return Ends(np.maximum(np.concatenate(lows), 0.0), np.concatenate(highs))

    def _forward(
        self, points: _Points, on: Sequence[Bool[np.ndarray, "regions _"]]
    ) -> tuple[list[_Units], Near]:
        """All hidden units at points, and how far the outputs are apart."""
        size = len(points.region)
        held: list[Near | None] = [points.place]
        apart: list[Near | None] = [None]
        # What units in slivers take from each activation, and add, at most.
        moved: list[tuple[np.ndarray, np.ndarray] | None] = [None]
        units = []
        for index, own in enumerate(self._network.hidden):
            pre = _through(own, index, held, size)
            gap = self._gap(index, held, apart, size)
            below, above = self._moves(index, moved, size)
            gates = on[index][points.region]
            side = np.where(gates, 1.0, -1.0)
            # On its region a unit of the first network has its sign, weakly.
            right = np.maximum(side * pre.value - pre.error, 0.0)
            wrong = (-side * gap.value - right) + gap.error
            wrong = wrong + 4.0 * UNIT_ROUNDOFF * (
                np.abs(gap.value) + gap.error + right
            )
            bend = 1.0 - own.slopes
            added = np.maximum(wrong + np.where(gates, below, above), 0.0)
            added = np.where(self._touched[index], SAFETY * bend * added, 0.0)
            units.append(_Units(np.where(bend > 0.0, wrong, -np.inf), added))
            factor = np.where(gates, 1.0, own.slopes)
            held.append(_times(pre, factor))
            apart.append(_times(gap, factor))
            moved.append((SAFETY * factor * below, SAFETY * (factor * above + added)))
        return units, self._gap(len(units), held, apart, size)

    def _gap(
        self,
        index: int,
        held: Sequence[Near | None],
        apart: Sequence[Near | None],
        size: int,
    ) -> Near:
        """By how much the pre-activations of the second network are larger.

        Of units that the networks share that is 0, without error.
        """
        touched = self._touched[index]
        own = dataclasses.replace(
            self._other.layers[index], bias=np.zeros(len(touched))
        )
        first = _through(self._change[index], index, held, size)
        second = _through(own, index, apart, size)
        value = first.value + second.value
        lost = UNIT_ROUNDOFF * np.abs(value)
        error = SAFETY * (first.error + second.error + lost)
        return Near(np.where(touched, value, 0.0), np.where(touched, error, 0.0))

    def _moves(
        self,
        index: int,
        moved: Sequence[tuple[np.ndarray, np.ndarray] | None],
        size: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far the second network's pre-activations are moved, down and up."""
        layer = self._other.layers[index]
        below, above = np.zeros((2, size, layer.width))
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
        """What slivers add at most to goals at corners: `(outputs, corners)`, twice."""
        count, width = points.corners, self._other.output_dim
        less, more = np.zeros((2, count, width))
        weights = self._weights(on)
        terms = 4
        for own, (value, error) in zip(units, weights, strict=True):
            place, unit = np.nonzero(own.added[:count])
            if not len(place):
                continue
            terms += own.added.shape[1]
            at = points.region[place]
            size = own.added[place, unit][:, None]
            for total, way in ((less, -1.0), (more, 1.0)):
                steep = np.maximum(way * value[at, :, unit] + error[at, :, unit], 0.0)
                np.add.at(total, place, steep * size + SMALLEST)
        grown = SAFETY * (1.0 + gamma(terms))
        return grown * less.T, grown * more.T

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
                _back(layers[index], index, _times(weights, factor), owed)
        return found[::-1]

    def _steps(self, points: _Points, units: Sequence[_Units]) -> np.ndarray:
        """Which part of the way inside leaves all slivers, for each corner.

        Not finite where the point inside lies in one, for all that is known.
        """
        count = points.corners
        region, step = points.region[:count], np.zeros(count)
        for touched, own in zip(self._touched, units, strict=False):
            wrong = np.maximum(own.wrong[:count, touched], 0.0)
            right = -own.wrong[count:][:, touched]
            place, unit = np.nonzero(wrong)
            depth, slack = wrong[place, unit], right[region[place], unit]
            part = np.where(slack > 0.0, FARTHER * depth / (depth + slack), np.inf)
            np.maximum.at(step, place, part)
            is_clear = np.min(right, axis=1, initial=np.inf) > 0.0
            step[~is_clear[region]] = np.inf
        return np.where(step <= 1.0, step, np.inf)


def _less(one: Layer, other: Layer) -> Layer:
    """A layer whose weights are those of one less those of another."""
    pairs = zip(one.skips, other.skips, strict=True)
    skips = tuple((source, a - b) for (source, a), (_, b) in pairs)
    weight, bias = one.weight - other.weight, one.bias - other.bias
    return dataclasses.replace(one, weight=weight, bias=bias, skips=skips)


def _points(regions: Valued, first: int, last: int) -> _Points:
    """The corners of some regions, and the mean of those of each."""
    start = int(regions.end[first - 1]) if first else 0
    here = slice(start, int(regions.end[last - 1]))
    sizes = np.diff(regions.end[first:last], prepend=start)
    region, begins = np.repeat(np.arange(last - first), sizes), np.cumsum(sizes) - sizes
    place = regions.x[:, here].T * regions.scale
    value = regions.middle + place
    lost = UNIT_ROUNDOFF * np.abs(value)
    error = SAFETY * (regions.reach[here, None] * regions.scale + lost)
    mean = np.add.reduceat(value, begins, axis=0) / sizes[:, None]
    mean_error = np.maximum.reduceat(error, begins, axis=0)
    largest = np.maximum.reduceat(np.abs(value), begins, axis=0)
    mean_error = SAFETY * (mean_error + gamma(int(sizes.max()) + 4) * largest)
    return _Points(
        Near(np.concatenate([value, mean]), np.concatenate([error, mean_error])),
        np.concatenate([region, np.arange(last - first)]),
        len(region),
    )


def _through(layer: Layer, index: int, held: Sequence[Near | None], size: int) -> Near:
    """A layer's pre-activations; weights may be rounded once themselves."""
    value = np.tile(layer.bias, (size, 1))
    terms = 4 + sum(matrix.shape[1] + 2 for _, matrix in layer.blocks(index))
    error = gamma(terms) * np.abs(value)
    for source, matrix in layer.blocks(index):
        near = held[source]
        if near is None or not matrix.any():
            continue
        doubt = near.error + gamma(terms) * (np.abs(near.value) + near.error)
        # What is 0 without an error stays so.
        alive = (doubt > 0.0) | (near.value != 0.0)
        some = np.flatnonzero(alive.any(0))
        steep = matrix[:, some].T
        value = value + near.value[:, some] @ steep
        lost = 4 * terms * SMALLEST * alive.any(1, keepdims=True)
        error = error + doubt[:, some] @ np.abs(steep) + lost
    return Near(value, SAFETY * error)


def _times(near: Near, factor: np.ndarray) -> Near:
    """Numbers times slopes."""
    value = near.value * factor
    lost = UNIT_ROUNDOFF * np.abs(value) + SMALLEST
    exact = (factor == 0.0) | (factor == 1.0)
    return Near(value, SAFETY * (near.error * factor + np.where(exact, 0.0, lost)))


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
