"""Segments of the last layer: points that nothing else meets are counted at once.

The units that cross a segment cut it in as many points as there are different ones. On
the segment from p to q a unit vanishes at p + t (q - p), with t = a / (a + b) from its
values a at p and -b at q. As in `positions.py`, t is off by at most T / (a + b) and
rounding, where both values are off by at most T. Points whose intervals are apart from
all others are different from all others.
"""

import numpy as np

from regions.enumeration.cells.space.corner_signs import place_of, value_at
from regions.enumeration.cells.space.forms import SAFE
from regions.enumeration.cells.space.state import CANDIDATES, COUNT
from regions.signs.rounding import UNIT_ROUNDOFF


def take_lone_points(net, st, s, layer):
    """Count the points on a segment that are apart; the other units stay listed."""
    candidates, spots, ends = st.candidates, st.spots, st.spot_ends
    _, _, begin = place_of(st.cell, s)
    count = st.cell[s, CANDIDATES]
    for z in range(count):
        _place_spot(st, s, net.first[layer] + candidates[begin + z], z)
    _sort(spots, ends, candidates, begin, count)
    left, z = 0, 0
    while z < count:
        # Those that follow one another without a gap.
        end, last = ends[z], z + 1
        while last < count and not spots[last] > end:
            end = max(end, ends[last])
            last += 1
        if last == z + 1:
            st.reg[COUNT] += 1
        else:
            for k in range(z, last):
                candidates[begin + left] = candidates[begin + k]
                left += 1
        z = last
    st.cell[s, CANDIDATES] = left


def _place_spot(st, s, u, z):
    """An interval in which the point of a unit lies: all, where nothing is known."""
    p, _, _ = place_of(st.cell, s)
    a, b = value_at(st, u, p), value_at(st, u, p + 1)
    off = max(
        st.value_doubt[u] + st.steep[u] * st.reach[p],
        st.value_doubt[u] + st.steep[u] * st.reach[p + 1],
    )
    size = abs(a) + abs(b)
    st.spots[z], st.spot_ends[z] = -np.inf, np.inf
    # False for NaN.
    if (a > 0.0) != (b > 0.0) and off < abs(a) and off < abs(b) and size < np.inf:
        t, off = abs(a) / size, SAFE * (off / size) + 8.0 * UNIT_ROUNDOFF
        st.spots[z], st.spot_ends[z] = t - off, t + off


def _sort(spots, ends, candidates, begin, count):
    """Sort intervals by their lower ends, with their units (Shell's method)."""
    gap = 1
    while 3 * gap < count:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, count):
            spot, end, unit = spots[k], ends[k], candidates[begin + k]
            i = k
            while i >= gap and spots[i - gap] > spot:
                spots[i], ends[i] = spots[i - gap], ends[i - gap]
                candidates[begin + i] = candidates[begin + i - gap]
                i -= gap
            spots[i], ends[i], candidates[begin + i] = spot, end, unit
        gap //= 3
