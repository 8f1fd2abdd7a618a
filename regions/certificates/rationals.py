"""Rational numbers of a saved answer: read, compared and shown."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz

from regions.certificates.checks import Wrong
from regions.certificates.facets import facets
from regions.domains.shapes import BoundedDomain

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
    ratio = Fraction(value)
    return fmpq(ratio.numerator, ratio.denominator)


def dot(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
    """Inner product; the shorter one goes on with zeros."""
    return sum((x * y for x, y in zip(a, b, strict=False)), fmpq(0))


def short(value: fmpq) -> str:
    """A number in decimals, also where it is beyond those of float64."""
    return f"{Decimal(int(value.p)) / Decimal(int(value.q)):.12g}"


def walls(domain: BoundedDomain) -> list[Row]:
    """All rows `a . t <= b` of a domain in its chart, b last."""
    A, b = facets(domain)
    return [
        [exact(v) for v in (*row, right)]
        for row, right in zip(A.tolist(), b.tolist(), strict=True)
    ]
