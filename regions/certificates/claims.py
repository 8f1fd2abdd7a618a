"""Claims of a search: the largest value of some goals lies between two ends.

The lower end is the value at a point; the upper one follows from a tree, whose leaves
cover the domain, each with multipliers that prove a bound.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from regions.certificates.answer_bounds import (
    ExactLayers,
    Lines,
    Unit,
    largest_in_box,
    lines_between,
)
from regions.certificates.box_bounds import BoxBounds, float_below, outward
from regions.certificates.checks import Check, Wrong, tried
from regions.certificates.rationals import (
    Row,
    dot,
    exact,
    number,
    numbers,
    short,
    walls,
)
from regions.certificates.stated_ends import StatedEnds
from regions.domains.shapes import Ball, BoundedDomain, Box, HPolytope, Simplex
from regions.errors import FileFormatError
from regions.network import ReluNetwork
from regions.patterns.names import unit_name


class Leaf(NamedTuple):
    """A part of the domain that a leaf speaks of."""

    number: int
    goal: int
    low: tuple[fmpq, ...]
    high: tuple[fmpq, ...]
    begins: int
    fixed: dict[Unit, bool]


class _Boxes(NamedTuple):
    """Parts of the boxes of leaves: numbers of the leaves, and both ends."""

    leaf: np.ndarray
    low: np.ndarray
    high: np.ndarray


BOXES, HALVINGS = 16, 8
"""Leaves at a time, and how often a box is halved that is not proved at once."""


def check_claim(
    place: int,
    claim: dict[str, Any],
    layers: ExactLayers,
    network: ReluNetwork,
    domain: BoundedDomain,
) -> list[Check]:
    """Both ends of one search."""
    checker = Claim(claim, layers, network, domain)
    return [
        tried(f"claim {place}, lower end", checker.lower),
        tried(f"claim {place}, upper end", checker.upper),
    ]


class Claim:
    """One claim: the largest value of its goals lies between its ends."""

    def __init__(
        self,
        claim: dict[str, Any],
        layers: ExactLayers,
        network: ReluNetwork,
        domain: BoundedDomain,
    ):
        self._claim, self._layers = claim, layers
        self._network, self._domain = network, domain
        self._low, self._high = (_box_ends(claim, end) for end in ("low", "high"))
        self._rows = _rows(domain)
        square = domain.squared_radius
        self._square = None if square is None else exact(square)
        self._stated = StatedEnds(network, domain, layers)

    def lower(self) -> str:
        """Whether the point lies in the domain and has the value."""
        claim = self._claim
        point = numbers(claim["point"])
        ends = zip(self._low, point, self._high, strict=True)
        for axis, (low, t, high) in enumerate(ends):
            if not low <= t <= high:
                raise Wrong(f"coordinate {axis} of the point lies outside of the box")
        for index, row in enumerate(self._rows):
            if dot(row[:-1], point) > row[-1]:
                raise Wrong(f"the point lies outside of row {index} of the domain")
        if self._square is not None and dot(point, point) > self._square:
            raise Wrong("the point lies outside of the ball")
        outputs = self._layers.values(point)
        value = min(
            dot(numbers(part["outputs"]), outputs)
            + dot(numbers(part["inputs"]), point)
            + number(part["offset"])
            for part in claim["goals"][claim["goal"]]
        )
        if value != number(claim["lower"]):
            raise Wrong(f"the value at the point is {short(value)}, another one")
        return f"attained at the point: {short(value)}"

    def upper(self) -> str:
        """Whether the leaves of the tree cover the domain and none exceeds the end."""
        upper, leaves = number(self._claim["upper"]), self.leaves()
        lines: dict[int, tuple[list[Row], list[Row]]] = {}
        tree = self._claim["tree"]
        boxes = [leaf for leaf in leaves if "box" in tree[leaf.number]]
        self._check_boxes(boxes)
        for leaf in leaves:
            if "box" in tree[leaf.number]:
                continue
            if leaf.begins not in lines:
                lines[leaf.begins] = self.unit_ends(leaf)
            bound = self.bound(leaf, *lines[leaf.begins])
            if bound is not None and bound > upper:
                raise Wrong(f"leaf {leaf.number} exceeds it: {short(bound)}")
        some = f", {len(boxes)} of them in float64 with its errors" if boxes else ""
        return f"proved by {len(leaves)} leaves{some}: {short(upper)}"

    def leaves(self) -> list[Leaf]:
        """All leaves, with the parts that the splits above them leave."""
        tree, count = self._claim["tree"], len(self._claim["goals"])
        stack = [
            Leaf(goal, goal, tuple(self._low), tuple(self._high), 0, {})
            for goal in range(count)
        ]
        leaves, seen = [], set()
        while stack:
            part = stack.pop()
            if part.number in seen or not 0 <= part.number < len(tree):
                raise Wrong(f"node {part.number} is no node, or is met twice")
            seen.add(part.number)
            node = tree[part.number]
            if "parts" not in node:
                leaves.append(part)
                continue
            below, above = node["parts"]
            if "unit" in node:
                layer, unit = self._unit(part.number)
                for at, on in ((below, False), (above, True)):
                    fixed = {**part.fixed, (layer, unit): on}
                    stack.append(part._replace(number=at, fixed=fixed))
                continue
            axis, at = node["axis"], number(node["at"])
            if not 0 <= axis < self._layers.dim:
                raise Wrong(f"node {part.number} splits axis {axis}")
            low, high = list(part.low), list(part.high)
            low[axis] = high[axis] = at
            stack.append(part._replace(number=below, high=tuple(high), begins=below))
            stack.append(part._replace(number=above, low=tuple(low), begins=above))
        return leaves

    def _unit(self, number: int) -> Unit:
        """The unit by which a node is split."""
        layer, unit = self._claim["tree"][number]["unit"]
        slopes = self._layers.slopes
        if not (0 <= layer < len(slopes) and 0 <= unit < len(slopes[layer])):
            raise Wrong(f"node {number} splits unit {unit} of layer {layer}")
        return layer, unit

    def _check_boxes(self, leaves: list[Leaf]) -> None:
        """Whether float64 proves what boxes state, of them or of their parts."""
        if not leaves:
            return
        domain, tree = self._domain, self._claim["tree"]
        ball = domain if isinstance(domain, Ball) and self._square is not None else None
        if ball is None and not (isinstance(domain, Box) and domain.is_chart_identity):
            raise Wrong(f"leaf {leaves[0].number} is a box, and the domain is none")
        leaves = [leaf for leaf in leaves if not self._is_outside(leaf)]
        bounds = BoxBounds(self._network, ball)
        whole = bounds.around(*self._in_space([self._low], [self._high]))
        for begin in range(0, len(leaves), BOXES):
            some = leaves[begin : begin + BOXES]
            stated = [number(tree[leaf.number]["box"]) for leaf in some]
            for leaf, end in zip(some, stated, strict=True):
                if end > number(self._claim["upper"]):
                    raise Wrong(f"leaf {leaf.number} exceeds it: {short(end)}")
            goals = [self._plain_goal(leaf) for leaf in some]
            ends = zip(stated, goals, strict=True)
            boxes = _Boxes(
                np.arange(len(some)),
                *self._in_space(
                    [leaf.low for leaf in some], [leaf.high for leaf in some]
                ),
            )
            known = bounds.around(boxes.low, boxes.high, whole)
            weights = np.array([weights for weights, _ in goals])
            most = np.array([float_below(end - offset) for end, (_, offset) in ends])
            for _ in range(HALVINGS):
                found, known = bounds.upper(
                    boxes.low, boxes.high, weights[boxes.leaf], known
                )
                open_ = ~(found <= most[boxes.leaf])
                boxes = _halved(boxes, open_)
                # Halves know what their wholes knew.
                twice = np.repeat(np.flatnonzero(open_), 2)
                known = [(low[twice], high[twice]) for low, high in known]
                if not len(boxes.leaf):
                    break
            else:
                leaf = some[boxes.leaf[0]]
                raise Wrong(f"leaf {leaf.number}: the box has no bound that is proved")

    def _is_outside(self, leaf: Leaf) -> bool:
        """Whether a box is said to lie outside of a round ball, which is checked."""
        if self._claim["tree"][leaf.number]["box"] is not None:
            return False
        ends = zip(leaf.low, leaf.high, strict=True)
        nearest = [max(low, -high, fmpq(0)) for low, high in ends]
        if self._square is None or not dot(nearest, nearest) > self._square:
            raise Wrong(f"leaf {leaf.number}: the box does not lie outside of a ball")
        return True

    def _in_space(
        self, low: Sequence[Sequence[fmpq]], high: Sequence[Sequence[fmpq]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Boxes of the chart as boxes of the input space that hold them."""
        origin = [exact(v) for v in self._domain.rational_chart()[0]]
        moved = [
            [[a + b for a, b in zip(origin, row, strict=True)] for row in rows]
            for rows in (low, high)
        ]
        return outward(*moved)

    def _plain_goal(self, leaf: Leaf) -> tuple[list[float], fmpq]:
        """Weights of the outputs, float64 numbers, and the constant."""
        parts = self._claim["goals"][leaf.goal]
        outputs = numbers(parts[0]["outputs"])
        weights = [float_below(v) for v in outputs]
        is_plain = len(parts) == 1 and not parts[0]["inputs"] and not leaf.fixed
        if not is_plain or [exact(v) for v in weights] != outputs:
            raise Wrong(f"leaf {leaf.number} is a box, and its goal is of another kind")
        return weights, number(parts[0]["offset"])

    def unit_ends(self, leaf: Leaf) -> tuple[list[Row], list[Row]]:
        """The bounds of all units where a leaf's box begins, as stated, each proved."""
        given = self._claim["bounds"][str(leaf.begins)]
        lows, highs = ([numbers(row) for row in ends] for ends in given)
        self._stated.check(leaf.begins, (leaf.low, leaf.high), (lows, highs))
        return lows, highs

    def bound(self, leaf: Leaf, lows: list[Row], highs: list[Row]) -> fmpq | None:
        """The bound of a leaf, recomputed; None where it is proved empty."""
        node = self._claim["tree"][leaf.number]
        mix = numbers(node["mix"])
        signs = {(a, b): number(v) for a, b, v in node["signs"]}
        rows = {k: number(v) for k, v in node["rows"]}
        tangents = {(a, b): number(v) for a, b, v in node["tangents"]}
        where = f"leaf {leaf.number}"
        self._check_multipliers(mix, signs, rows, leaf, where)
        parts = self._claim["goals"][leaf.goal]
        outputs = [fmpq(0)] * self._layers.outputs
        inputs, constant = [fmpq(0)] * self._layers.dim, fmpq(0)
        for weight, part in zip(mix, parts, strict=True):
            for held, name in ((outputs, "outputs"), (inputs, "inputs")):
                for k, v in enumerate(numbers(part[name])):
                    held[k] += weight * v
            constant += weight * number(part["offset"])
        lines = self._lines(leaf, lows, highs, tangents)
        depth = len(self._layers.slopes)
        gradient, moved = self._layers.carried_back(depth, outputs, lines, signs)
        gradient = [a + b for a, b in zip(gradient, inputs, strict=True)]
        constant += moved
        for k, weight in rows.items():
            row = self._rows[k]
            gradient = [a - weight * v for a, v in zip(gradient, row[:-1], strict=True)]
            constant += weight * row[-1]
        ways = [
            (constant + rest, root) for rest, root in self._ways(gradient, node, leaf)
        ]
        if node["bound"] is None:
            # A sum of a number and a root is negative.
            empty = any(v < 0 and v * v > root for v, root in ways)
            near = any(v <= 0 and v * v == root for v, root in ways)
            if any(mix) or not (empty or (near and self.is_flat(leaf, signs, rows))):
                raise Wrong(f"{where} is not proved empty")
            return None
        given = number(node["bound"])
        # Roots, and bounds in float64, are rounded up: the given one may be larger.
        gaps = [(given - v, root) for v, root in ways]
        if not any(gap >= 0 and gap * gap >= root for gap, root in gaps):
            found = short(ways[0][0])
            raise Wrong(f"{where}: its multipliers give {found}, not its bound")
        return given

    def is_flat(
        self, leaf: Leaf, signs: dict[Unit, fmpq], rows: dict[int, fmpq]
    ) -> bool:
        """Whether a leaf that multipliers bound by 0 counts as empty: not here."""
        del leaf, signs, rows
        return False

    def _ways(
        self, gradient: Row, node: dict[str, Any], leaf: Leaf
    ) -> list[tuple[fmpq, fmpq]]:
        """Bounds of a linear function in a leaf: a number, and the square of another.

        Their sum is one. In a round ball a part of the gradient is bounded by the ball,
        the rest by the box; where no part is named, all of it by either.
        """
        box = largest_in_box(gradient, leaf.low, leaf.high)
        pull = node.get("pull")
        if self._square is None:
            if pull is not None:
                raise Wrong(f"leaf {leaf.number} names a ball, and there is none")
            return [(box, fmpq(0))]
        if pull is None:
            return [
                (box, fmpq(0)),
                (fmpq(0), self._square * dot(gradient, gradient)),
            ]
        part = numbers(pull)
        rest = [g - p for g, p in zip(gradient, part, strict=True)]
        held = largest_in_box(rest, leaf.low, leaf.high)
        return [(held, self._square * dot(part, part))]

    def _check_multipliers(
        self,
        mix: Row,
        signs: dict[Unit, fmpq],
        rows: dict[int, fmpq],
        leaf: Leaf,
        where: str,
    ) -> None:
        """Whether all multipliers have the signs that make them prove something."""
        if any(v < 0 for v in mix) or sum(mix, fmpq(0)) not in (0, 1):
            raise Wrong(f"{where}: the mixture is none")
        if sum(mix, fmpq(0)) == 0 and self._claim["tree"][leaf.number]["bound"]:
            raise Wrong(f"{where}: the mixture is empty")
        for unit, v in signs.items():
            on = leaf.fixed.get(unit)
            if v != 0 and (on is None or (v > 0) != on):
                raise Wrong(
                    f"{where}: {unit_name(unit)} has a multiplier of a wrong sign"
                )
        if any(v < 0 or not 0 <= k < len(self._rows) for k, v in rows.items()):
            raise Wrong(f"{where}: a row of the domain has a wrong multiplier")

    def _lines(
        self,
        leaf: Leaf,
        lows: list[Row],
        highs: list[Row],
        tangents: dict[Unit, fmpq],
    ) -> list[list[Lines]]:
        """The lines of all units on a leaf."""
        result = []
        for index, slopes in enumerate(self._layers.slopes):
            row = []
            for unit, slope in enumerate(slopes):
                on = leaf.fixed.get((index, unit))
                if on is None:
                    low, high = lows[index][unit], highs[index][unit]
                    tangent = tangents.get((index, unit))
                    row.append(lines_between(low, high, slope, tangent))
                else:
                    steady = fmpq(1) if on else slope
                    row.append(Lines(steady, fmpq(0), steady, fmpq(0)))
            result.append(row)
        return result


def _halved(boxes: _Boxes, which: np.ndarray) -> _Boxes:
    """Both halves of some boxes along their longest axes."""
    twice = np.repeat(np.flatnonzero(which), 2)
    leaf, low, high = (part[twice] for part in boxes)
    rows = np.arange(0, len(twice), 2)
    axes = (high - low)[rows].argmax(1) if len(rows) else rows
    middle = 0.5 * low[rows, axes] + 0.5 * high[rows, axes]
    high[rows, axes] = low[rows + 1, axes] = middle
    return _Boxes(leaf, low, high)


def _box_ends(claim: dict[str, Any], name: str) -> Row:
    """One end of the box of a claim."""
    try:
        return numbers(claim[name])
    except Wrong as error:
        raise FileFormatError(f"the box of a claim: {error}.") from error


def _rows(domain: BoundedDomain) -> list[Row]:
    """The rows of a domain beyond its box."""
    if isinstance(domain, Ball):
        return walls(domain) if domain.norm == 1.0 and domain.dim > 1 else []
    return walls(domain) if isinstance(domain, Simplex | HPolytope) else []
