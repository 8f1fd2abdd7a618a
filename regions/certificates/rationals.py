"""Rational numbers of a saved answer: read, compared and shown."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz

from regions.certificates.checks import Wrong
from regions.certificates.facets import facets
from regions.domains.shapes import Domain

Row = list[fmpq]

MAX_DIGITS = 100_000
_NUMBER = re.compile(r"-?[0-9]+(/[0-9]+)?")


def number(text: Any) -> fmpq:
    """A rational number "p/q"."""
    if not isinstance(text, str) or len(text) > MAX_DIGITS:
        raise Wrong(f"{str(text)[:40]!r} is no rational number")
    if not _NUMBER.fullmatch(text):
        raise Wrong(f"{text[:40]!r} is no rational number")
    top, _, bottom = text.partition("/")
    below = fmpz(bottom or "1")
    if below == 0:
        raise Wrong(f"{text[:40]!r} divides by 0")
    return fmpq(fmpz(top), below)


def numbers(texts: Sequence[Any]) -> Row:
    """Several of them."""
    return [number(text) for text in texts]


def ends(value: Any) -> tuple[fmpq, fmpq]:
    """Both ends of a value in a file: twice itself where it is exact."""
    if isinstance(value, dict):
        return number(value["lower"]), number(value["upper"])
    return number(value), number(value)


def exact(value: Fraction | float) -> fmpq:
    """The exact value of a number."""
    return fmpq(*value.as_integer_ratio())


def dot(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
    """Inner product; the shorter one goes on with zeros."""
    return sum((x * y for x, y in zip(a, b, strict=False)), fmpq(0))


ROOT_BITS = 160
"""Correct bits of a square root; answers round theirs up after some hundred."""


def root_above(square: fmpq) -> fmpq:
    """A number whose square is no smaller, near the root; the root if it is rational.

    Example:
        >>> root_above(fmpq(9, 4))
        3/2
    """
    top, bottom = square.p.isqrt(), square.q.isqrt()
    if top * top == square.p and bottom * bottom == square.q:
        return fmpq(top, bottom)
    size = square.p.bit_length() - square.q.bit_length()
    shift = max(0, ROOT_BITS - size // 2)
    scaled = square * (fmpz(1) << 2 * shift)
    return fmpq(scaled.floor().isqrt() + 1, fmpz(1) << shift)


def short(value: fmpq) -> str:
    """A number in decimals, also where it is beyond those of float64."""
    return f"{Decimal(int(value.p)) / Decimal(int(value.q)):.12g}"


def walls(domain: Domain) -> list[Row]:
    """All rows `a . t <= b` of a domain in its chart, b last."""
    A, b = facets(domain)
    return [
        [exact(v) for v in (*row, right)]
        for row, right in zip(A.tolist(), b.tolist(), strict=True)
    ]
