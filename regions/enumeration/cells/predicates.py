"""Signs of determinants of exact forms, without rounding.

A number is a sum of float64 numbers that do not overlap, smallest first (Shewchuk,
Adaptive precision floating-point arithmetic, 1997): its sign is that of the last one.
Factors must lie well inside the range of float64.
"""

import numpy as np

SPLITTER = 134217729.0
"""2^27 + 1."""
MOST_TERMS = 24


def two_product(a, b):
    """A product and its rounding error, exactly (Dekker)."""
    product = a * b
    t = SPLITTER * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = SPLITTER * b
    b_high = t - (t - b)
    b_low = b - b_high
    error = a_high * b_high - product + a_high * b_low + a_low * b_high
    return product, error + a_low * b_low


def grow(expansion, length, value):
    """Add one number to an expansion in place; returns its new length."""
    total, kept = value, 0
    for k in range(length):
        term = expansion[k]
        new = total + term
        part = new - total
        error = (total - (new - part)) + (term - part)
        total = new
        if error != 0.0:
            expansion[kept] = error
            kept += 1
    if total != 0.0:
        expansion[kept] = total
        kept += 1
    return kept


def last_sign(expansion, length):
    """Sign of an expansion."""
    if length == 0:
        return 0
    return 1 if expansion[length - 1] > 0.0 else -1


def minor(a, b, c, d, sum_):
    """`a d - b c` as an expansion, written to `sum_`; returns its length."""
    length = 0
    high, low = two_product(a, d)
    length = grow(sum_, length, low)
    length = grow(sum_, length, high)
    high, low = two_product(b, c)
    length = grow(sum_, length, -low)
    return grow(sum_, length, -high)


def add_multiple(total, length, terms, size, factor):
    """Add a multiple of one expansion to another; returns its new length."""
    for k in range(size):
        high, low = two_product(terms[k], factor)
        length = grow(total, length, low)
        length = grow(total, length, high)
    return length


def sign_at_meeting(pa, pb, pc, qa, qb, qc, ha, hb, hc):
    """Sign of the form h where the lines of the forms p and q meet, all exact.

    The point is proportional to the cross product of p and q, whose last entry is not
    zero, as they meet in one point.
    """
    minors, total = np.empty(4), np.empty(MOST_TERMS + 1)
    size = minor(pb, pc, qb, qc, minors)
    length = add_multiple(total, 0, minors, size, ha)
    size = minor(pc, pa, qc, qa, minors)
    length = add_multiple(total, length, minors, size, hb)
    size = minor(pa, pb, qa, qb, minors)
    length = add_multiple(total, length, minors, size, hc)
    # The last minor is the denominator.
    return last_sign(total, length) * last_sign(minors, size)
