"""Check a saved answer: its point, its tree, and that they say what the answer says.

Everything is recomputed from the file in rational arithmetic; nothing of the search
that made it takes part.
"""

import hashlib
import json
import os
import pathlib
import re
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from flint import fmpq

from regions.certificates.answer_bounds import (
    ExactLayers,
    Lines,
    Row,
    Unit,
    activation_ends,
    interval_ends,
    largest_in_box,
    lines_between,
    sharp_lines,
)
from regions.certificates.checks import Check, VerificationReport
from regions.certificates.facets import facets
from regions.domains.shapes import BoundedDomain, Simplex, WholeSpace, domain_from_dict
from regions.errors import FileFormatError
from regions.files.reading import check_file_size, reading
from regions.network import ReluNetwork

FORMAT, VERSION = "relu-regions answer", 1
MAX_BYTES = 1 << 30
MAX_DIGITS = 100_000
_NUMBER = re.compile(r"-?\d+(/\d+)?")


class _Wrong(Exception):  # noqa: N818  (ends a check; its text says where)
    """What is wrong, and where."""


class _Leaf(NamedTuple):
    """A part of the domain that a leaf speaks of."""

    number: int
    goal: int
    low: tuple[fmpq, ...]
    high: tuple[fmpq, ...]
    begins: int
    fixed: dict[Unit, bool]


def verify_answer(
    path: str | os.PathLike[str], *, network: ReluNetwork | None = None
) -> VerificationReport:
    """Check what `Answer.save` wrote.

    Args:
        path: The file.
        network: If given, the answer must be about this network.

    Raises:
        FileFormatError: If the file is no such file, or is damaged.
        FileNotFoundError: If there is no such file.
    """
    begin = time.perf_counter()
    path = pathlib.Path(path)
    with reading(path, "a saved answer", "write it again with Answer.save"):
        check_file_size(path, MAX_BYTES)
        body = json.loads(path.read_text("utf-8"))
        if body.get("format") != FORMAT or body.get("version") != VERSION:
            raise FileFormatError(f"{path} is not a saved answer of version {VERSION}.")
        held = _network(body["network"])
        domain = domain_from_dict(body["domain"])
        if isinstance(domain, WholeSpace):
            raise FileFormatError(f"{path} has an unbounded domain.")
        domain.restrict(held)
        checks = [_digest(body)]
        if network is not None:
            checks.append(_same(held, network))
        layers = ExactLayers(held, domain)
        for number, claim in enumerate(body["claims"]):
            checks += _claim(number, claim, layers, domain)
        checks.append(_meaning(body, layers))
    seconds = time.perf_counter() - begin
    return VerificationReport(tuple(checks), True, False, seconds)


def _network(layers: list[dict[str, Any]]) -> ReluNetwork:
    """The network in a file."""
    skips = {
        index: dict(layer["skips"])
        for index, layer in enumerate(layers)
        if layer["skips"]
    }
    return ReluNetwork.from_arrays(
        [layer["weight"] for layer in layers],
        [layer["bias"] for layer in layers],
        [layer["slopes"] for layer in layers[:-1]],
        skips=skips,
    )


def _digest(body: dict[str, Any]) -> Check:
    """Whether the file is as it was written."""
    rest = {key: value for key, value in body.items() if key != "sha256"}
    text = json.dumps(rest, separators=(",", ":"), sort_keys=True)
    same = hashlib.sha256(text.encode()).hexdigest() == body.get("sha256")
    return Check("file", same, "as it was written" if same else "it was changed since")


def _same(held: ReluNetwork, given: ReluNetwork) -> Check:
    """Whether the answer is about a network, or about it and another."""
    pairs = zip(held.layers, given.layers, strict=False)
    same = len(held.layers) == len(given.layers) and all(
        a.weight.tolist() == b.weight.tolist()
        and a.bias.tolist() == b.bias.tolist()
        and a.slopes.tolist() == b.slopes.tolist()
        and [(s, m.tolist()) for s, m in a.skips]
        == [(s, m.tolist()) for s, m in b.skips]
        for a, b in pairs
    )
    return Check("network", same, "the one given" if same else "another one")


def _number(text: Any) -> fmpq:
    """A rational number "p/q"."""
    if not isinstance(text, str) or len(text) > MAX_DIGITS:
        raise _Wrong(f"{str(text)[:40]!r} is no rational number")
    if not _NUMBER.fullmatch(text):
        raise _Wrong(f"{text[:40]!r} is no rational number")
    top, _, bottom = text.partition("/")
    if bottom and not int(bottom):
        raise _Wrong(f"{text[:40]!r} divides by 0")
    return fmpq(int(top), int(bottom or "1"))


def _numbers(texts: Sequence[Any]) -> Row:
    return [_number(text) for text in texts]


def _claim(
    number: int, claim: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
) -> list[Check]:
    """Both ends of one search."""
    checks = []
    checker = _Claim(claim, layers, domain)
    for name, check in (("lower end", checker.lower), ("upper end", checker.upper)):
        try:
            checks.append(Check(f"claim {number}, {name}", True, check()))
        except (_Wrong, ValueError, LookupError, TypeError) as error:
            checks.append(Check(f"claim {number}, {name}", False, str(error)))
    return checks


class _Claim:
    """One claim: the largest value of its goals lies between its ends."""

    def __init__(
        self, claim: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
    ):
        self._claim, self._layers = claim, layers
        self._low, self._high = (_box_ends(claim, end) for end in ("low", "high"))
        self._rows = _rows(domain)

    def lower(self) -> str:
        """Whether the point lies in the domain and has the value."""
        claim = self._claim
        point = _numbers(claim["point"])
        ends = zip(self._low, point, self._high, strict=True)
        for axis, (low, t, high) in enumerate(ends):
            if not low <= t <= high:
                raise _Wrong(f"coordinate {axis} of the point lies outside of the box")
        for index, row in enumerate(self._rows):
            if _dot(row[:-1], point) > row[-1]:
                raise _Wrong(f"the point lies outside of row {index} of the domain")
        outputs = self._layers.values(point)
        value = min(
            _dot(_numbers(part["outputs"]), outputs)
            + _dot(_numbers(part["inputs"]), point)
            + _number(part["offset"])
            for part in claim["goals"][claim["goal"]]
        )
        if value != _number(claim["lower"]):
            raise _Wrong(f"the value at the point is {_short(value)}, another one")
        return f"attained at the point: {_short(value)}"

    def upper(self) -> str:
        """Whether the leaves of the tree cover the domain and none exceeds the end."""
        upper, leaves = _number(self._claim["upper"]), self._leaves()
        lines: dict[int, tuple[list[Row], list[Row]]] = {}
        for leaf in leaves:
            if leaf.begins not in lines:
                lines[leaf.begins] = self._unit_ends(leaf)
            bound = self._bound(leaf, *lines[leaf.begins])
            if bound is not None and bound > upper:
                raise _Wrong(f"leaf {leaf.number} exceeds it: {_short(bound)}")
        return f"proved by {len(leaves)} leaves: {_short(upper)}"

    def _leaves(self) -> list[_Leaf]:
        """All leaves, with the parts that the splits above them leave."""
        tree, count = self._claim["tree"], len(self._claim["goals"])
        stack = [
            _Leaf(goal, goal, tuple(self._low), tuple(self._high), 0, {})
            for goal in range(count)
        ]
        leaves, seen = [], set()
        while stack:
            part = stack.pop()
            if part.number in seen or not 0 <= part.number < len(tree):
                raise _Wrong(f"node {part.number} is no node, or is met twice")
            seen.add(part.number)
            node = tree[part.number]
            if "parts" not in node:
                leaves.append(part)
                continue
            below, above = node["parts"]
            if "unit" in node:
                layer, unit = node["unit"]
                for at, on in ((below, False), (above, True)):
                    fixed = {**part.fixed, (layer, unit): on}
                    stack.append(part._replace(number=at, fixed=fixed))
                continue
            axis, at = node["axis"], _number(node["at"])
            if not 0 <= axis < self._layers.dim:
                raise _Wrong(f"node {part.number} splits axis {axis}")
            low, high = list(part.low), list(part.high)
            low[axis] = high[axis] = at
            stack.append(part._replace(number=below, high=tuple(high), begins=below))
            stack.append(part._replace(number=above, low=tuple(low), begins=above))
        return leaves

    def _unit_ends(self, leaf: _Leaf) -> tuple[list[Row], list[Row]]:
        """The bounds of all units on a box that the file gives, each proved."""
        given = self._claim["bounds"][str(leaf.begins)]
        lows = [_numbers(row) for row in given[0]]
        highs = [_numbers(row) for row in given[1]]
        activations = [(list(leaf.low), list(leaf.high))]
        lines: list[list[Lines]] = []
        for index, slopes in enumerate(self._layers.slopes):
            low, high = lows[index], highs[index]
            first, last = interval_ends(self._layers, index, activations)
            for unit in range(len(slopes)):
                if first[unit] < low[unit]:
                    end = -self._unit_bound(index, unit, -1, lines, leaf)
                    self._require(end >= low[unit], index, unit, leaf)
                if last[unit] > high[unit]:
                    end = self._unit_bound(index, unit, 1, lines, leaf)
                    self._require(end <= high[unit], index, unit, leaf)
            activations.append(activation_ends(low, high, slopes))
            trios = zip(low, high, slopes, strict=True)
            lines.append([sharp_lines(a, b, s) for a, b, s in trios])
        return lows, highs

    def _unit_bound(
        self, index: int, unit: int, sign: int, lines: list[list[Lines]], leaf: _Leaf
    ) -> fmpq:
        """An upper bound of a unit's pre-activation, or of its negative."""
        weights = [fmpq(0)] * len(self._layers.slopes[index])
        weights[unit] = fmpq(sign)
        gradient, constant = self._layers.carried_back(index, weights, lines, {})
        return constant + largest_in_box(gradient, leaf.low, leaf.high)

    @staticmethod
    def _require(holds: bool, index: int, unit: int, leaf: _Leaf) -> None:
        if not holds:
            raise _Wrong(
                f"the bounds of unit {unit} of layer {index} on the box of node "
                f"{leaf.begins} are not proved"
            )

    def _bound(self, leaf: _Leaf, lows: list[Row], highs: list[Row]) -> fmpq | None:
        """The bound of a leaf, recomputed; None where it is proved empty."""
        node = self._claim["tree"][leaf.number]
        mix = _numbers(node["mix"])
        signs = {(a, b): _number(v) for a, b, v in node["signs"]}
        rows = {k: _number(v) for k, v in node["rows"]}
        tangents = {(a, b): _number(v) for a, b, v in node["tangents"]}
        where = f"leaf {leaf.number}"
        self._check_multipliers(mix, signs, rows, leaf, where)
        parts = self._claim["goals"][leaf.goal]
        outputs = [fmpq(0)] * self._layers.outputs
        inputs, constant = [fmpq(0)] * self._layers.dim, fmpq(0)
        for weight, part in zip(mix, parts, strict=True):
            for held, name in ((outputs, "outputs"), (inputs, "inputs")):
                for k, v in enumerate(_numbers(part[name])):
                    held[k] += weight * v
            constant += weight * _number(part["offset"])
        lines = self._lines(leaf, lows, highs, tangents)
        depth = len(self._layers.slopes)
        gradient, moved = self._layers.carried_back(depth, outputs, lines, signs)
        gradient = [a + b for a, b in zip(gradient, inputs, strict=True)]
        constant += moved
        for k, weight in rows.items():
            row = self._rows[k]
            gradient = [a - weight * v for a, v in zip(gradient, row[:-1], strict=True)]
            constant += weight * row[-1]
        bound = constant + largest_in_box(gradient, leaf.low, leaf.high)
        if node["bound"] is None:
            if any(mix) or bound >= 0:
                raise _Wrong(f"{where} is not proved empty")
            return None
        if bound != _number(node["bound"]):
            raise _Wrong(
                f"{where}: its multipliers give {_short(bound)}, not its bound"
            )
        return bound

    def _check_multipliers(
        self,
        mix: Row,
        signs: dict[Unit, fmpq],
        rows: dict[int, fmpq],
        leaf: _Leaf,
        where: str,
    ) -> None:
        """Whether all multipliers have the signs that make them prove something."""
        if any(v < 0 for v in mix) or sum(mix, fmpq(0)) not in (0, 1):
            raise _Wrong(f"{where}: the mixture is none")
        if sum(mix, fmpq(0)) == 0 and self._claim["tree"][leaf.number]["bound"]:
            raise _Wrong(f"{where}: the mixture is empty")
        for unit, v in signs.items():
            on = leaf.fixed.get(unit)
            if v != 0 and (on is None or (v > 0) != on):
                raise _Wrong(f"{where}: unit {unit} has a multiplier of a wrong sign")
        if any(v < 0 or not 0 <= k < len(self._rows) for k, v in rows.items()):
            raise _Wrong(f"{where}: a row of the domain has a wrong multiplier")

    def _lines(
        self,
        leaf: _Leaf,
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


def _box_ends(claim: dict[str, Any], name: str) -> Row:
    """One end of the box of a claim."""
    try:
        return _numbers(claim[name])
    except _Wrong as error:
        raise FileFormatError(f"the box of a claim: {error}.") from error


def _rows(domain: BoundedDomain) -> list[Row]:
    """The rows of a domain beyond its box."""
    if not isinstance(domain, Simplex):
        return []
    A, b = facets(domain)
    return [
        [_exact(v) for v in (*row, right)]
        for row, right in zip(A.tolist(), b.tolist(), strict=True)
    ]


def _exact(value: float) -> fmpq:
    ratio = Fraction(value)
    return fmpq(ratio.numerator, ratio.denominator)


def _dot(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
    """Inner product; the shorter one goes on with zeros."""
    return sum((x * y for x, y in zip(a, b, strict=False)), fmpq(0))


def _short(value: fmpq) -> str:
    """A number in decimals."""
    return f"{float(Fraction(int(value.p), int(value.q))):.12g}"


def _meaning(body: dict[str, Any], layers: ExactLayers) -> Check:
    """Whether the claims say what the answer says."""
    question, claims = body["question"], body["claims"]
    ends = [(claim["lower"], claim["upper"]) for claim in claims]
    if question == "output_range":
        (low, high), value = claims, body["value"]
        negative = [str(-Fraction(w)) for w in high["goals"][0][0]["outputs"]]
        turned = [str(-Fraction(v)) for v in reversed(ends[0])]
        same = [str(Fraction(w)) for w in low["goals"][0][0]["outputs"]] == negative
        same &= _ends_of(value[0]) == turned and _ends_of(value[1]) == [*ends[1]]
    elif question == "largest_difference":
        half = layers.outputs // 2
        goals = [goal[0]["outputs"] for goal in claims[0]["goals"]]
        wanted = []
        for sign in (1, -1):
            for k in range(half):
                row = ["0"] * layers.outputs
                row[k], row[half + k] = str(sign), str(-sign)
                wanted.append(row)
        same = goals == wanted and _ends_of(body["value"]) == [*ends[0]]
    else:
        return Check("answer", None, f"what {question} means is left to its claims")
    detail = "what the claims say" if same else "not what the claims say"
    return Check("answer", same, detail)


def _ends_of(value: Any) -> list[str]:
    """Both ends of a value in a file."""
    if isinstance(value, dict):
        return [value["lower"], value["upper"]]
    return [value, value]
