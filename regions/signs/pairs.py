"""Sums of products in pairs of float64 numbers: the constants and the error analysis.

A sum b + w_1 f_1 + ... + w_n f_n with f_i = h_i + l_i, |l_i| <= 2u |h_i|, u = 2^-53, is
found so: add b and all w_i h_i, one rounding each (fma), to a number M = 1.5 * 2^e that
is so large, 4B < 2^e <= 8B for a bound B of |b| + sum |w_i h_i|, that the total stays
between 2^e and 2^(e+1). Its steps q_i are then exact, and w_i h_i - q_i is at most
2^(e-53) <= 8uB and comes in one rounding (fma). These remainders and the w_i l_i, 2n
terms, are added in float64: no partial sum exceeds (8n + 10) uB, so all roundings
together are below 17 (n + 2)^2 u^2 B.
"""

import math

from regions.signs.rounding import UNIT_ROUNDOFF

SQUARE = UNIT_ROUNDOFF**2
TINY, HUGE = 1e-280, 1e300
"""Sums are bounded by at least TINY; those beyond HUGE are given up."""
SUM_ERROR = 20.0
"""Covers the 17 above and the rounding of the bounds."""


def sum_shift(bound):
    """The number M for sums that are bounded so; NaN where they may be too large.

    The largest power of two up to `bound` is found as by S. M. Rump (Ultimately fast
    accurate summation, SIAM J. Sci. Comput. 31, 2009).
    """
    if not bound < HUGE:
        return math.nan
    scaled = (2.0**52 + 1.0) * bound
    return 12.0 * abs(scaled - (1.0 - UNIT_ROUNDOFF) * scaled)
