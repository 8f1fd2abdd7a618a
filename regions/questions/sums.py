"""Sums of many numbers: exact while that is short, else between two ends."""

import math
from fractions import Fraction

import numpy as np
from flint import fmpq
from jaxtyping import Float64

from regions.questions.answer import Value, known
from regions.signs.exact import to_fmpq, to_fraction
from regions.signs.rounding import SAFETY, gamma

EXACT_BITS = 1 << 17
"""Longest denominator of a sum that is kept exactly."""
FRACTION_BITS = 256
"""Bits after the point to which the terms are rounded beyond."""
SUM_TERMS = 256
"""NumPy adds in pairs: so many roundings, at most, of any number that memory holds."""


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


class Enclosure:
    """A sum of floats, each with a bound of its error, between two ends."""

    def __init__(self):
        self._sum = self._error = Fraction(0)
        self.is_finite = True

    @np.errstate(all="ignore")
    def add(
        self, terms: Float64[np.ndarray, " some"], errors: Float64[np.ndarray, " some"]
    ) -> None:
        """Add some terms."""
        size = float(np.abs(terms).sum())
        error = SAFETY * (float(errors.sum()) + gamma(SUM_TERMS) * size)
        total = float(terms.sum())
        if not (math.isfinite(total) and math.isfinite(error)):
            self.is_finite = False
            return
        self._sum += Fraction(total)
        self._error += Fraction(error)

    def times(self, factor: Fraction) -> tuple[Fraction, Fraction]:
        """Both ends of the sum times a number that is not negative."""
        return (self._sum - self._error) * factor, (self._sum + self._error) * factor
