"""Sums of many rational numbers: exact while that is short, else between two ends."""

from fractions import Fraction

from flint import fmpq

from regions.questions.answer import Value, known
from regions.signs.exact import to_fmpq, to_fraction

EXACT_BITS = 1 << 17
"""Longest denominator of a sum that is kept exactly."""
FRACTION_BITS = 256
"""Bits after the point to which the terms are rounded beyond."""


class ExactSum:
    """A sum, exact until its denominator grows too long; then rounded outward.

    Example:
        >>> total = ExactSum()
        >>> total.add(Fraction(1, 3)); total.add(Fraction(1, 6))
        >>> total.value
        Fraction(1, 2)
    """

    def __init__(self):
        self._exact: fmpq | None = fmpq(0)
        self._low = self._high = 0

    def add(self, term: Fraction) -> None:
        """Add one number."""
        scaled = term.numerator << FRACTION_BITS
        low, rest = divmod(scaled, term.denominator)
        self._low += low
        self._high += low + (rest != 0)
        if self._exact is not None:
            self._exact += to_fmpq(term)
            if self._exact.q.bit_length() > EXACT_BITS:
                self._exact = None

    @property
    def value(self) -> Value:
        """The sum."""
        return self.times(Fraction(1))

    def times(self, factor: Fraction) -> Value:
        """The sum times a number that is not negative."""
        if self._exact is not None:
            return to_fraction(self._exact) * factor
        unit = factor / (1 << FRACTION_BITS)
        return known(self._low * unit, self._high * unit)

    def holds(self, number: Fraction) -> bool:
        """Whether the sum can be this number."""
        if self._exact is not None:
            return to_fraction(self._exact) == number
        scaled = number * (1 << FRACTION_BITS)
        return self._low <= scaled <= self._high
