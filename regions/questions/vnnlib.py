"""Properties in VNN-LIB files: the subset of linear rows, read by a bounded parser.

Constants `X_i` (inputs) and `Y_j` (outputs) are real; assertions are `<=`, `>=` and `=`
of sums of constants times numbers, joined by `and` and `or`. All assertions together
describe what must not happen. With `<` and `>` in all rows what is met with equality
may happen; the box around the inputs is closed. Commands to a solver (`check-sat`) are
passed over. Nothing else is understood, and nothing is executed.

Numbers are decimals, and exact. The box around the inputs is made of their bounds:
where these are no float64 numbers, the domain is a box a little larger, and the
property has the exact one.
"""

import dataclasses
import itertools
import math
import os
import pathlib
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import Box
from regions.errors import FileFormatError
from regions.files.reading import check_file_size, reading
from regions.questions.answer import decimals
from regions.questions.backward import Box as ExactBox
from regions.questions.properties import Property, Row
from regions.questions.unit_bounds import outward
from regions.signs.exact import to_fmpq

MAX_BYTES = 1 << 26
MAX_DEPTH = 32
MAX_ALTERNATIVES = 4096
MAX_VARIABLES = 1 << 17
LARGEST = Fraction(8 * 10**307)
"""No input may be larger: near it float64 ends."""

_TOKEN = re.compile(r"[()]|[^\s()]+")
_NAME = re.compile(r"([XY])_(\d{1,6})")
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,3})?")

Term = dict[str, Fraction]
"""Weights of constants by name; the number alone under the empty name."""

COMPARED = ("<=", ">=", "<", ">", "=")
TO_SOLVERS = ("set-logic", "set-info", "set-option", "check-sat", "get-model", "exit")


class Condition(NamedTuple):
    """A sum of products that is at most 0.

    Attributes:
        weights: Weights by name, sorted.
        is_strict: Whether it is less than 0.
    """

    weights: tuple[tuple[str, Fraction], ...]
    is_strict: bool


ExactEnds = tuple[tuple[Fraction, Fraction], ...]
"""Both ends of each input."""

Alternatives = list[tuple[Condition, ...]]
"""Conditions that hold together, of which one list must hold."""


class Specification(NamedTuple):
    """What a file says.

    Attributes:
        domain: The box of the inputs, with float64 ends that hold it.
        property: What must not happen there, and the exact box if that is another one.
    """

    domain: Box
    property: Property


def read_vnnlib(path: str | os.PathLike[str]) -> Specification:
    """Read a property and its domain.

    Args:
        path: A VNN-LIB file.

    Returns:
        The domain, and the property that holds where the file's outputs do not occur.

    Raises:
        FileFormatError: If the file is none, is too large, or says something outside
            of the subset; the message says what.
        FileNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> text = '''(declare-const X_0 Real) (declare-const Y_0 Real)
        ... (assert (>= X_0 -1)) (assert (<= X_0 1)) (assert (>= Y_0 2))'''
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "spec.vnnlib"
        ...     _ = path.write_text(text)
        ...     domain, wanted = read_vnnlib(path)
        >>> domain.upper, len(wanted.unsafe)
        (array([1.]), 1)
    """
    path = pathlib.Path(path)
    if path.suffix.lower() == ".gz":
        raise FileFormatError(f"{path} is packed: unpack it first, as gunzip does.")
    with reading(path, "a VNN-LIB file", "see the subset in the documentation"):
        check_file_size(path, MAX_BYTES)
        try:
            return parse_vnnlib(path.read_text("utf-8-sig"))
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from error


def parse_vnnlib(text: str) -> Specification:
    """The same of a text.

    Raises:
        FileFormatError: As `read_vnnlib`.

    Example:
        >>> found = parse_vnnlib('''
        ... (declare-const X_0 Real) (declare-const Y_0 Real)
        ... (assert (>= X_0 -1)) (assert (<= X_0 1)) (assert (>= Y_0 2))''')
        >>> found.domain.upper, len(found.property.unsafe)
        (array([1.]), 1)
    """
    declared: set[str] = set()
    alternatives: Alternatives = [()]
    for expression in _expressions(text):
        match expression:
            case ["declare-const", str(name), "Real"] | [
                "declare-fun",
                str(name),
                [],
                "Real",
            ]:
                _declare(name, declared)
            case ["assert", body]:
                alternatives = _both(alternatives, _alternatives(body, declared))
            case [str(name), *_] if name in TO_SOLVERS:
                pass
            case _:
                raise FileFormatError(
                    f"{_shown(expression)} is none of declare-const, declare-fun and "
                    "assert."
                )
    return _specification(declared, alternatives)


def _expressions(text: str) -> Iterator[list]:
    """Top-level lists of a text, with lists inside."""
    stack: list[list] = []
    for line in text.splitlines():
        for token in _TOKEN.findall(line.partition(";")[0]):
            if token == "(":
                stack.append([])
                if len(stack) > MAX_DEPTH:
                    raise FileFormatError(f"lists lie more than {MAX_DEPTH} deep.")
            elif not stack:
                raise FileFormatError(f"{token[:40]!r} stands outside of any list.")
            elif token != ")":
                stack[-1].append(token)
            elif len(stack) > 1:
                done = stack.pop()
                stack[-1].append(done)
            else:
                yield stack.pop()
    if stack:
        raise FileFormatError("a list is not closed at the end of the text.")


def _shown(expression: object) -> str:
    """The beginning of an expression, for a message."""
    text = str(expression).replace("'", "").replace(",", "")
    return f"{text[:60]}..." if len(text) > 60 else text


def _declare(name: str, declared: set[str]) -> None:
    """Take a constant in."""
    if not _NAME.fullmatch(name) or name in declared:
        raise FileFormatError(
            f"{_shown(name)} is declared: X_0, X_1, ... and Y_0, Y_1, ..., once each, "
            "are required."
        )
    if len(declared) >= MAX_VARIABLES:
        raise FileFormatError(f"more than {MAX_VARIABLES} constants are declared.")
    declared.add(name)


def _both(first: Alternatives, second: Alternatives) -> Alternatives:
    """Alternatives of two statements that hold together."""
    if len(first) * len(second) > MAX_ALTERNATIVES:
        raise FileFormatError(
            f"the assertions have more than {MAX_ALTERNATIVES} alternatives."
        )
    return [a + b for a, b in itertools.product(first, second)]


def _alternatives(body: object, declared: set[str]) -> Alternatives:
    """What an assertion allows."""
    match body:
        case ["and", *parts]:
            found: Alternatives = [()]
            for part in parts:
                found = _both(found, _alternatives(part, declared))
            return found
        case ["or", *parts] if parts:
            found = [a for part in parts for a in _alternatives(part, declared)]
            if len(found) > MAX_ALTERNATIVES:
                raise FileFormatError(
                    f"an assertion has more than {MAX_ALTERNATIVES} alternatives."
                )
            return found
        case [str(sign), first, second, *more] if sign in COMPARED:
            terms = [_term(part, declared) for part in (first, second, *more)]
            pairs = itertools.pairwise(terms)
            return [tuple(c for pair in pairs for c in _compared(sign, *pair))]
    raise FileFormatError(
        f"{_shown(body)} is none of and, or, {', '.join(COMPARED[:-1])} and =."
    )


def _compared(sign: str, left: Term, right: Term) -> Iterator[Condition]:
    """What a comparison of two terms says: of an equation, two rows."""
    for way, low, high in (("<=", left, right), (">=", right, left)):
        if sign in (way, way[0], "="):
            total = _sum([low, _times(high, Fraction(-1))])
            weights = tuple(sorted((n, w) for n, w in total.items() if w))
            yield Condition(weights, sign == way[0])


def _term(body: object, declared: set[str]) -> Term:
    """A sum of constants times numbers."""
    match body:
        case str(text) if _NUMBER.fullmatch(text):
            return {"": Fraction(text)}
        case str(text) if text in declared:
            return {text: Fraction(1)}
        case ["+", *parts] if parts:
            return _sum([_term(part, declared) for part in parts])
        case ["-", part]:
            return _times(_term(part, declared), Fraction(-1))
        case ["-", first, *parts]:
            rest = _sum([_term(part, declared) for part in parts])
            return _sum([_term(first, declared), _times(rest, Fraction(-1))])
        case ["*", first, second]:
            one, two = _term(first, declared), _term(second, declared)
            for number, other in ((one, two), (two, one)):
                if set(number) <= {""}:
                    return _times(other, number.get("", Fraction(0)))
        case ["/", first, second]:
            divisor = _term(second, declared)
            if set(divisor) <= {""} and any(divisor.values()):
                return _times(_term(first, declared), 1 / divisor[""])
    raise FileFormatError(
        f"{_shown(body)} is no number, declared constant, or sum of such products."
    )


def _sum(terms: list[Term]) -> Term:
    """The sum of terms."""
    total: Term = {}
    for term in terms:
        for name, weight in term.items():
            total[name] = total.get(name, Fraction(0)) + weight
    return total


def _times(term: Term, factor: Fraction) -> Term:
    """A multiple of a term."""
    return {name: weight * factor for name, weight in term.items()}


def _specification(declared: set[str], alternatives: Alternatives) -> Specification:
    """The box, and the rows in order of inputs and outputs."""
    counts = {}
    for kind in "XY":
        names = {name for name in declared if name[0] == kind}
        counts[kind] = len(names)
        if not names or names != {f"{kind}_{k}" for k in range(len(names))}:
            raise FileFormatError(
                f"{len(names)} constants {kind} are declared: {kind}_0, {kind}_1, ... "
                "without a gap are required."
            )
    open_ends: list[Fraction | float] = [-math.inf] * len(alternatives)
    low = [[*open_ends] for _ in range(counts["X"])]
    high = [[-v for v in open_ends] for _ in range(counts["X"])]
    unsafe = []
    for number, conditions in enumerate(alternatives):
        rows = []
        for condition in conditions:
            bound = _input_bound(condition)
            if bound is not None:
                name, is_upper, end = bound
                if condition.is_strict:
                    raise FileFormatError(
                        f"the bound {decimals(end, 6)} of {name} is strict, and the "
                        "box of inputs is closed: write <= or >=."
                    )
                ends = (high if is_upper else low)[int(name[2:])]
                ends[number] = (min if is_upper else max)(ends[number], end)
            if bound is None or len(alternatives) > 1:
                rows.append((_row(condition, counts), condition.is_strict))
        unsafe.append(rows)
    box = tuple(
        (_least_end(k, lows, "lower"), -_least_end(k, [-v for v in highs], "upper"))
        for k, (lows, highs) in enumerate(zip(low, high, strict=True))
    )
    for k, (a, b) in enumerate(box):
        if a > b:
            raise FileFormatError(
                f"X_{k} has the lower bound {decimals(a, 6)} and the upper one "
                f"{decimals(b, 6)}: no input is left."
            )
    held = [[row for row in rows if not _holds_in(row[0], box)] for rows in unsafe]
    kinds = {is_strict for rows in held for _, is_strict in rows}
    if len(kinds) > 1:
        raise FileFormatError(
            "some rows have < or >, and others <=, >= or =: of all rows that are no "
            "bounds of the box one kind is required."
        )
    kept = tuple(tuple(row for row, _ in rows) for rows in held)
    if not all(kept):
        raise FileFormatError(
            "nothing is said of the outputs, in some alternative at least: an assert "
            "with Y_0, Y_1, ... is required."
        )
    return _on_box(box, Property(kept, strict=kinds == {True}))


def _least_end(axis: int, ends: Iterable[Fraction | float], side: str) -> Fraction:
    """The least end of all alternatives."""
    end = min(ends)
    if not isinstance(end, Fraction):
        raise FileFormatError(f"X_{axis} has no {side} bound: the box must be bounded.")
    if abs(end) > LARGEST:
        shown = decimals(end if side == "lower" else -end, 6)
        raise FileFormatError(
            f"X_{axis} has the {side} bound {shown}: at most 8e307 is served."
        )
    return end


def _on_box(box: ExactEnds, unsafe: Property) -> Specification:
    """What must not happen on a box, and a domain that holds it."""
    lower, upper = (tuple(map(to_fmpq, ends)) for ends in zip(*box, strict=True))
    low, high = outward(ExactBox(lower, upper))
    rounded = tuple(zip(map(Fraction, low), map(Fraction, high), strict=True))
    if rounded == box and lower != upper:
        return Specification(Box(low, high), unsafe)
    # A domain has an inside, which the exact box may not.
    flat = low == high
    low = np.where(flat, np.nextafter(low, -np.inf), low)
    high = np.where(flat, np.nextafter(high, np.inf), high)
    return Specification(Box(low, high), dataclasses.replace(unsafe, box=box))


def _input_bound(condition: Condition) -> tuple[str, bool, Fraction] | None:
    """The input, the side and the end, if a condition is a bound of one input."""
    weights = dict(condition.weights)
    offset = weights.pop("", Fraction(0))
    if len(weights) != 1:
        return None
    ((name, weight),) = weights.items()
    return (name, weight > 0, -offset / weight) if name[0] == "X" else None


def _row(condition: Condition, counts: dict[str, int]) -> Row:
    """A condition as a row."""
    weights = dict(condition.weights)
    vectors = [
        tuple(weights.get(f"{kind}_{k}", Fraction(0)) for k in range(counts[kind]))
        for kind in "XY"
    ]
    inputs = vectors[0] if any(vectors[0]) else ()
    return Row(inputs, vectors[1], -weights.get("", Fraction(0)))


def _holds_in(row: Row, box: ExactEnds) -> bool:
    """Whether a row of inputs alone holds all over the box, of which it is a part."""
    if any(row.outputs) or not row.inputs:
        return False
    ends = zip(row.inputs, box, strict=True)
    most = sum((v * (b if v > 0 else a) for v, (a, b) in ends), Fraction(0))
    return most <= row.bound
