"""What an answer says: a value, a point that shows it, and whether it is proved."""

import dataclasses
import math
import os
import pathlib
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

from regions.errors import RegionsError

Point = tuple[Fraction, ...]
"""A rational point of the input space."""


SHORT_BITS = 256
"""Of all numbers of an interval that is shown as it is."""


class Interval(NamedTuple):
    """The numbers from `lower` to `upper`, both of which are proved.

    As a text its ends are rounded outwards.

    Example:
        >>> Interval(Fraction(1), Fraction(3, 2)).width
        Fraction(1, 2)
        >>> str(Interval(Fraction(1, 3), Fraction(2, 3)))
        'between 0.33333333333333333 and 0.66666666666666667'
    """

    lower: Fraction
    upper: Fraction

    @property
    def width(self) -> Fraction:
        """Length of the interval."""
        return self.upper - self.lower

    def __repr__(self) -> str:
        bits = sum(v.bit_length() for end in self for v in end.as_integer_ratio())
        if bits <= SHORT_BITS:
            return f"Interval(lower={self.lower!r}, upper={self.upper!r})"
        return f"Interval({self})"

    def __str__(self) -> str:
        if self.lower == self.upper:
            return number_text(self.lower)
        low = _directed(self.lower, ROUND_FLOOR)
        return f"between {low} and {_directed(self.upper, ROUND_CEILING)}"


Value = Fraction | Interval
"""A number that is known exactly, or between proved ends."""


def known(lower: Fraction, upper: Fraction) -> Value:
    """A number between two ends: the number itself where they meet."""
    if lower > upper:
        raise AssertionError(f"the lower end {lower} lies above the upper end {upper}")
    return lower if lower == upper else Interval(lower, upper)


def ends(value: Value) -> tuple[Fraction, Fraction]:
    """Both ends of a number: twice itself where it is exact."""
    return (value.lower, value.upper) if isinstance(value, Interval) else (value, value)


def square_root(square: Fraction, bits: int = 100) -> Value:
    """The square root of a rational number, exact or with so many correct bits.

    Example:
        >>> square_root(Fraction(9, 4)), float(square_root(Fraction(2)).upper)
        (Fraction(3, 2), 1.4142135623730951)
    """
    top, bottom = math.isqrt(square.numerator), math.isqrt(square.denominator)
    root = Fraction(top, bottom)
    if root * root == square:
        return root
    # A power of four under the root is a power of two outside.
    shift = max(0, bits - (square.numerator.bit_length() // 2))
    shift += square.denominator.bit_length() // 2 + 1
    low = math.isqrt((square.numerator << 2 * shift) // square.denominator)
    return Interval(Fraction(low, 1 << shift), Fraction(low + 1, 1 << shift))


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Answer:
    """The answer to a question about a network on a domain.

    Attributes:
        question: What was asked: the name of the function.
        value: The answer; a number is a Fraction where it is exact, else an `Interval`
            with proved ends. What it means for each question, its function says.
        witness: A rational point of the input space at which the value is attained, or
            at which the property fails; None if there is none.
        proved: Whether the value is settled. An interval of a run that was stopped is
            right, and not settled.
        seconds: Wall time.
        method: How it was found: `"list"` or `"search"`, or in words.
        stats: What was done.
        evidence: What proves it, one of the kinds of `answer_files`; None where
            nothing was kept.

    Example:
        >>> answer = Answer("output_range", Fraction(3, 2), (Fraction(1),), True, 0.1)
        >>> str(answer)
        'output_range: 1.5 (= 3/2; proved)'
    """

    question: str
    value: Any
    witness: Any
    proved: bool
    seconds: float
    method: str = "list"
    stats: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    evidence: Any = None

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Write the answer with what proves it: `scripts/verify.py` checks the file.

        Raises:
            RegionsError: If nothing that proves it was kept.
        """
        if self.evidence is None:
            raise RegionsError(
                f"this answer to {self.question} keeps nothing that could be checked: "
                "it was stopped before it knew; give it more time."
            )
        return self.evidence.save(path, self)

    def __repr__(self) -> str:
        return f"Answer({self})"

    def __str__(self) -> str:
        settled = "proved" if self.proved else "not settled"
        return f"{self.question}: {value_text(self.value, settled)}"


def value_text(value: Any, settled: str) -> str:
    """A value in words."""
    if isinstance(value, Fraction):
        return f"{number_text(value)}; {settled})"
    if isinstance(value, Interval):
        return f"{value} ({settled})"
    if isinstance(value, tuple):
        parts = [decimals(v, 12) if isinstance(v, Fraction) else str(v) for v in value]
        return f"{', '.join(parts)} ({settled})"
    return f"{value} ({settled})"


def decimals(value: Fraction, digits: int = 17) -> str:
    """The nearest float64 number in so many digits; beyond float64, the number itself.

    Example:
        >>> decimals(Fraction(1, 3), 4), decimals(Fraction(10**400, 3), 4)
        ('0.3333', '3.333e+399')
    """
    try:
        return f"{float(value):.{digits}g}"
    except OverflowError:
        long = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{long:.{digits}g}"


def _directed(value: Fraction, rounding: str, digits: int = 17) -> str:
    """A number in so many digits, rounded to one side."""
    with localcontext(prec=digits, rounding=rounding):
        return f"{Decimal(value.numerator) / Decimal(value.denominator):g}"


def number_text(value: Fraction) -> str:
    """A rational number in decimals, and as it is where that is short."""
    shown = decimals(value)
    # Python writes no number of more than some thousand digits.
    bits = value.numerator.bit_length() + value.denominator.bit_length()
    if bits <= 128:
        return f"{shown} (= {value}"
    return f"{shown} (exact, {round(bits * math.log10(2))} digits"
