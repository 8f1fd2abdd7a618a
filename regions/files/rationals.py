"""Rational numbers as text: digits and a slash, of bounded length.

Python's own reader takes powers of ten, too, of which a short one is endless work.
"""

import re
from fractions import Fraction
from typing import Any

from flint import fmpz

DIGITS = 20_000
"""Most digits of a numerator or denominator: beyond, reading would take seconds."""

_FRACTION = re.compile(rf"-?[0-9]{{1,{DIGITS}}}(?:/[0-9]{{1,{DIGITS}}})?")


def fraction_text(value: Fraction) -> str:
    """A fraction as digits and a slash; Python itself writes at most 4,300 digits.

    Raises:
        ValueError: If it has too many of them.

    Example:
        >>> fraction_text(Fraction(-3, 4))
        '-3/4'
    """
    parts = (value.numerator, value.denominator)
    text = "/".join(str(fmpz(part)) for part in parts[: 1 + (parts[1] != 1)])
    if not _FRACTION.fullmatch(text):
        raise ValueError(
            f"a coordinate of an exact witness has more than {DIGITS} digits, which "
            "a file of regions does not hold"
        )
    return text


def read_fraction(text: Any) -> Fraction:
    """The fraction that such a text stands for.

    Raises:
        ValueError: If it is written in another way.
        ZeroDivisionError: If it divides by 0.

    Example:
        >>> read_fraction("-3/4")
        Fraction(-3, 4)
    """
    if not isinstance(text, str) or not _FRACTION.fullmatch(text):
        raise ValueError(
            "a coordinate of an exact witness is not written as p/q of at most "
            f"{DIGITS} digits"
        )
    top, _, bottom = text.partition("/")
    return Fraction(int(fmpz(top)), int(fmpz(bottom or "1")))
