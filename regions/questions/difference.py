"""The difference of two networks as one network, in which what they share stands once.

Side by side, a weight changed by 1e-12 is two weights of size one, whose units a bound
takes as far apart as they can be. Here equal units (`canonical`) are one unit, of whose
weights only the difference is left, and units on which no difference depends are gone.

Units that nearly are equal are a pair: relu(z) and relu(z + e). With e+ and e- the
positive and the negative part of e,

    relu(z + e) - relu(z) = e - relu(e+ - relu(z + e)) + relu(e- - relu(z)),

of which every bound is of the size of e, whatever that of z; where e is a constant one
part is enough. (Others bound differences
beside the networks: B. Paulsen et al., ReluDiff, ICSE 2020.)
"""

import contextlib
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpq

from regions.domains.shapes import WholeSpace
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.questions.apart import likenesses
from regions.questions.canonical import (
    CONSTANT,
    ONE,
    ZERO,
    Form,
    Forms,
    combined,
    unit_forms,
)
from regions.questions.relaxation import as_float
from regions.signs.exact import to_fmpq

MOST_BITS = 200
"""Parts of pairs are scaled by no larger power of two: weights stay float64 numbers."""

NEAR = fmpq(1, 4)
"""Units are a pair if their rows differ by no more of their size."""


class Difference(NamedTuple):
    """What differs.

    Attributes:
        network: A network.
        directions: Combinations of its outputs: each difference, then each negative.
    """

    network: ReluNetwork
    directions: Sequence[list[Fraction]]


def difference_of(both: ReluNetwork, first: Sequence[int] | None = None) -> Difference:
    """The differences of the first half of the outputs and the second.

    Where a weight of the one network is no float64 number, the two stay side by side.

    Args:
        both: Two networks side by side.
        first: Units of the first network, by hidden layer, to write units that nearly
            are equal as pairs: bounds are tighter, and there are more units.

    Example:
        >>> last = [[1.0, 0.5, 0.0], [0.5, 0.0, 0.25]]
        >>> both = ReluNetwork.from_arrays([[[1.0], [2.0], [4.0]], last], None)
        >>> difference_of(both).network.widths  # relu(x) is in both, and is all
        (1,)
    """
    half = both.output_dim // 2
    forms = unit_forms(both, WholeSpace(both.input_dim), {})
    pairs = {} if first is None else _pairs(both, forms, first)
    for held in (pairs, {}) if pairs else ({},):
        with contextlib.suppress(OverflowError):
            network = _Builder(both, forms, held).network()
            parts = network.output_dim // half
            return Difference(network, _directions(half, (1,) * parts))
    return as_they_are(both)


def as_they_are(both: ReluNetwork) -> Difference:
    """The same of two networks side by side, whatever they share."""
    return Difference(both, _directions(both.output_dim // 2, (1, -1)))


def _directions(half: int, signs: Sequence[int]) -> list[list[Fraction]]:
    """Combinations of every half-th output, with these signs; then the negatives."""
    rows = []
    for way in (1, -1):
        for k in range(half):
            row = [Fraction(0)] * (len(signs) * half)
            for part, sign in enumerate(signs):
                row[part * half + k] = Fraction(way * sign)
            rows.append(row)
    return rows


class _Pair(NamedTuple):
    """A unit of the first network that another, less a factor, nearly is."""

    other: int
    factor: fmpq


def _pairs(both: ReluNetwork, forms: Forms, first: Sequence[int]) -> dict[int, _Pair]:
    """Units of the second network that nearly are some of the first, and these."""

    def is_first(unit: tuple[int, int]) -> bool:
        return unit[0] < len(first) and unit[1] < first[unit[0]]

    used = _used(forms.gaps(), forms)
    sides = {k: {is_first(unit) for unit in forms.kept[k].readers} for k in used}
    alone = {k for k in used if len(sides[k]) == 1}
    places = {
        (
            unit[0],
            unit[1] - (0 if is_first(unit) else first[unit[0]]),
            is_first(unit),
        ): k
        for k in alone
        for unit in forms.kept[k].readers
        if unit[0] < len(first)
    }
    guesses = [
        (k, places[layer, at, False])
        for (layer, at, of_first), k in places.items()
        if of_first and (layer, at, False) in places
    ]
    guesses += list(likenesses(forms, alone, is_first))
    # Rows are compared in terms of the pairs of the layers before.
    guesses.sort(key=lambda guess: forms.kept[guess[0]].unit[0])
    found: dict[int, _Pair] = {}
    taken: set[int] = set()
    for one, other in guesses:
        if one == other or one in taken or other in found:
            continue
        a, b = forms.kept[one], forms.kept[other]
        is_relu = all(both.hidden[h].slopes[u] == 0 for h, u in (a.unit, b.unit))
        factor = _factor(a.row, b.row, found) if is_relu else None
        if factor is not None:
            taken.add(one)
            found[other] = _Pair(one, factor)
    return found


def _factor(one: Form, other: Form, pairs: dict[int, _Pair]) -> fmpq | None:
    """A power of two, times which a row nearly is another; None if it is not."""
    moved: Form = {}
    for k, v in other.items():
        pair = pairs.get(k, _Pair(k, ONE))
        moved[pair.other] = moved.get(pair.other, ZERO) + v * pair.factor
    size, own = (sum(map(abs, row.values()), ZERO) for row in (moved, one))
    if own == 0 or size == 0:
        return None
    ratio = size / own
    exponent = ratio.p.bit_length() - ratio.q.bit_length()
    exponent += round(math.log2(as_float(ratio / fmpq(2) ** exponent)))
    factor = fmpq(2) ** exponent
    gap = combined([(1 / factor, moved), (-ONE, one)])
    apart = sum(map(abs, gap.values()), ZERO)
    return None if apart > NEAR * own else factor


Name = tuple[str, int]
"""An input, the constant, a unit, or a part of a pair of units."""

Row = dict[Name, fmpq]

CONSTANTS: Name = ("1", 0)


class _Builder:
    """Builds the network, layer by layer."""

    def __init__(self, both: ReluNetwork, forms: Forms, pairs: dict[int, _Pair]):
        self._both, self._forms, self._pairs = both, forms, pairs
        self._layers: list[dict[Name, tuple[Row, float]]] = [{}]
        self._layer_of: dict[Name, int] = {}
        self._gaps: dict[int, Row] = {}

    def network(self) -> ReluNetwork:
        """The network.

        Raises:
            OverflowError: If a weight is no float64 number.
        """
        gaps, forms = self._forms.gaps(), self._forms
        used = _used(gaps, forms)
        depth = 1 + max((forms.kept[k].unit[0] for k in used), default=-1)
        for at in range(depth):
            self._add_layer([k for k in used if forms.kept[k].unit[0] == at])
        outputs = [self._in_terms(gap) for gap in gaps]
        near = [{k: _nearest(v) for k, v in row.items()} for row in outputs]
        lost = [_less(row, held) for row, held in zip(outputs, near, strict=True)]
        # What rounding loses of an output is an output of its own.
        return self._assembled([*near, *lost] if any(lost) else near)

    def _add_layer(self, units: list[int]) -> None:
        """A layer of units, and one of the parts of its pairs if it has some."""
        first: dict[Name, tuple[Row, float]] = {}
        second: dict[Name, tuple[Row, float]] = {}
        for k in units:
            check()
            kept, pair = self._forms.kept[k], self._pairs.get(k)
            factor = ONE if pair is None else pair.factor
            row = combined([(1 / factor, kept.row)])
            layer, unit = kept.unit
            slope = float(self._both.hidden[layer].slopes[unit])
            first["unit", k] = self._plain(row), slope
            if pair is not None:
                own = self._forms.kept[pair.other].row
                gap = self._in_terms(combined([(ONE, row), (-ONE, own)]))
                ends = ("unit", k), ("unit", pair.other)
                self._gaps[k] = self._pair_up(k, gap, ends, first, second)
        for held in (first, second):
            if held or held is first:
                # A layer has a unit at least: one that is off, if it needs none.
                held = held or {("none", len(self._layers)): ({CONSTANTS: -ONE}, 0.0)}
                self._layer_of |= dict.fromkeys(held, len(self._layers))
                self._layers.append(held)

    def _pair_up(
        self,
        k: int,
        gap: Row,
        ends: tuple[Name, Name],
        first: dict[Name, tuple[Row, float]],
        second: dict[Name, tuple[Row, float]],
    ) -> Row:
        """Add the parts of a pair to two layers; how far its units are apart."""
        above, below = ends
        capped, cupped = ("capped", k), ("cupped", k)
        # In parts of ordinary size, however near the units are.
        part = 1 / _power_near(gap)
        whole, gap = 1 / part, _times(part, gap)
        if gap.keys() == {CONSTANTS}:
            shift = gap[CONSTANTS]
            name, end = (capped, above) if shift > 0 else (cupped, below)
            second[name] = self._split({CONSTANTS: abs(shift)}) | {end: -part}, 0.0
            return {CONSTANTS: whole * shift, name: -whole if shift > 0 else whole}
        rises, falls = ("rises", k), ("falls", k)
        held = self._split(gap)
        first[rises], first[falls] = (held, 0.0), (_times(-ONE, held), 0.0)
        second[capped] = {rises: ONE, above: -part}, 0.0
        second[cupped] = {falls: ONE, below: -part}, 0.0
        return {rises: whole, falls: -whole, capped: -whole, cupped: whole}

    def _plain(self, form: Form) -> Row:
        """A form in terms of the units themselves."""
        row: Row = {}
        for k, v in form.items():
            pair = self._pairs.get(k)
            _add(row, _name(k), v if pair is None else v * pair.factor)
        return row

    def _in_terms(self, form: Form) -> Row:
        """A form where one of a pair is the other and the difference."""
        row: Row = {}
        for k, v in form.items():
            pair = self._pairs.get(k)
            if pair is None:
                _add(row, _name(k), v)
                continue
            _add(row, _name(pair.other), v * pair.factor)
            for name, part in self._gaps[k].items():
                _add(row, name, v * pair.factor * part)
        return row

    def _split(self, row: Row) -> Row:
        """The same with float64 weights: what rounding loses is read from a copy."""
        result: Row = {}
        for name, v in row.items():
            near = _nearest(v)
            _add(result, name, near)
            if near != v:
                _add(result, self._copy(name), v - near)
        return result

    def _copy(self, name: Name) -> Name:
        """A unit with the value of another, of an input or of the constant."""
        copy, layer = (f"{name[0]} again", name[1]), self._layer_of.get(name, 0)
        row, slope = self._layers[layer].get(name, ({name: ONE}, 1.0))
        self._layers[layer][copy] = row, slope
        self._layer_of[copy] = layer
        return copy

    def _assembled(self, outputs: list[Row]) -> ReluNetwork:
        """The network of what was gathered.

        Raises:
            OverflowError: If a weight is no float64 number.
        """
        layers = [list(held.items()) for held in self._layers if held]
        dim = self._both.input_dim
        sizes, places = [dim], {("x", k): (0, k) for k in range(dim)}
        weights, biases, slopes, skips = [], [], [], {}
        for index, layer in enumerate([*layers, [("", (row, 1.0)) for row in outputs]]):
            blocks = [np.zeros((len(layer), size)) for size in sizes]
            bias = np.zeros(len(layer))
            for at, (_, (row, _)) in enumerate(layer):
                check()
                for name, v in row.items():
                    if name == CONSTANTS:
                        bias[at] = _number(v)
                    else:
                        source, place = places[name]
                        blocks[source][at, place] = _number(v)
            weights.append(blocks.pop())
            biases.append(bias)
            slopes.append(np.array([slope for _, (_, slope) in layer]))
            skips[index] = {s: block for s, block in enumerate(blocks) if block.any()}
            sizes.append(len(layer))
            places |= {
                name: (index + 1, at) for at, (name, _) in enumerate(layer) if name
            }
        return ReluNetwork.from_arrays(weights, biases, slopes[:-1], skips=skips)


def _used(gaps: Iterable[Form], forms: Forms) -> list[int]:
    """The units on which differences depend, the earliest first."""
    waiting, seen = [*gaps], set()
    while waiting:
        for k in waiting.pop():
            if k < CONSTANT and k not in seen:
                seen.add(k)
                waiting.append(forms.kept[k].row)
    return sorted(seen, reverse=True)


def _name(k: int) -> Name:
    """The name of a term of a form."""
    return CONSTANTS if k == CONSTANT else ("x" if k >= 0 else "unit", k)


def _add(row: Row, name: Name, v: fmpq) -> None:
    """Add to a weight; one of 0 is gone."""
    total = row.pop(name, ZERO) + v
    if total != 0:
        row[name] = total


def _times(factor: fmpq, row: Row) -> Row:
    """A multiple of a row."""
    return {name: factor * v for name, v in row.items()}


def _power_near(row: Row) -> fmpq:
    """A power of two near the largest weight of a row."""
    largest = max(map(abs, row.values()))
    exponent = largest.p.bit_length() - largest.q.bit_length()
    return fmpq(2) ** max(-MOST_BITS, min(exponent, MOST_BITS))


def _less(row: Row, other: Row) -> Row:
    """What is left of a row."""
    return {name: v - other[name] for name, v in row.items() if v != other[name]}


def _nearest(value: fmpq) -> fmpq:
    """The nearest float64 number."""
    return to_fmpq(as_float(value))


def _number(value: fmpq) -> float:
    """A number as float64, which it must be.

    Raises:
        OverflowError: If it is none.
    """
    near = as_float(value)
    if not np.isfinite(near) or to_fmpq(near) != value:
        raise OverflowError("a weight is no float64 number")
    return near
