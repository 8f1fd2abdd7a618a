"""Rows of the forms of a layer's units on a cell, and what covers rounding."""

from regions.signs.rounding import UNIT_ROUNDOFF

A, B, C, GRADIENT, BOUND, ERROR = range(6)
"""Rows of the forms of a layer: `a s_0 + b s_1 + c` with |s| <= 1; |a| + |b|; what a
value must exceed to have a proved sign, but for the position; error of a, b, c."""
SIZE = 4
"""In place of BOUND in activations: |a| + |b| + |c|."""
TINY = 2.0**-1000
"""Covers what underflows where a form is evaluated."""
ROUNDING = 4.0 * UNIT_ROUNDOFF
PAIR_ROWS = 8
"""Rows of forms in pairs: see `pairs`."""
