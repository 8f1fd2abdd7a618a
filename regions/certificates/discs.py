"""Integrals over the part of a triangle in a disc around 0: the checker's own.

By the divergence theorem the integral of a homogeneous f of degree m is 1 / (m + 2) of
that of `f(t) t . n` along the boundary: segments inside the disc, and arcs from where
one ends to where the next begins. In balls of python-flint's `arb`, with more digits
than what is checked.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from flint import arb, ctx, fmpq

from regions.certificates.rationals import dot

BITS = 320

Point = Sequence[fmpq]
Place = tuple[arb, arb]


class _Chord(NamedTuple):
    """A part of an edge inside the disc; numbers of corners at which it ends, or -1."""

    start: Place
    end: Place
    first: int
    last: int


class Part:
    """The part of a triangle in a disc.

    Attributes:
        is_empty: Whether it has no interior.
    """

    def __init__(self, corners: Sequence[Point], square: fmpq):
        a, b, c = corners
        way = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        turned = (a, b, c) if way > 0 else (a, c, b)
        self._square = square
        pairs = [(k, (k + 1) % 3) for k in range(3)]
        with ctx.workprec(BITS):
            found = [_chord(turned, i, j, square) for i, j in pairs]
        self._chords = [chord for chord in found if chord is not None]
        sides = [_det(turned[i], turned[j]) for i, j in pairs]
        self._is_whole = not self._chords and all(side > 0 for side in sides)
        self.is_empty = not self._chords and not self._is_whole

    def powers(self, gradient: Point, order: int) -> list[arb]:
        """Integrals of the powers 0 to `order` of `gradient . t`."""
        with ctx.workprec(BITS):
            total = [arb(0)] * (order + 1)
            if self._is_whole:
                start = (arb(self._square).sqrt(), arb(0))
                parts = [self._arc(start, 2 * arb.pi(), gradient, order)]
            else:
                parts = [_segment(chord, gradient, order) for chord in self._chords]
                ahead = [*self._chords[1:], *self._chords[:1]]
                for chord, after in zip(self._chords, ahead, strict=True):
                    if chord.last < 0 or chord.last != after.first:
                        angle = _angle(chord.end, after.start)
                        parts.append(self._arc(chord.end, angle, gradient, order))
            for part in parts:
                total = [x + y for x, y in zip(total, part, strict=True)]
            return [v / (m + 2) for m, v in enumerate(total)]

    def _arc(self, start: Place, angle: arb, gradient: Point, order: int) -> list[arb]:
        """Along an arc; a power of a cosine is a sum of cosines of multiples."""
        (x, y), (g, h) = start, gradient
        radius, steep = arb(self._square).sqrt(), arb(g * g + h * h).sqrt()
        # Cosine and sine of multiples of the angle from the gradient to the start.
        size = radius * steep if g or h else arb(1)
        cos, sin = (g * x + h * y) / size, (g * y - h * x) / size
        turns = [(arb(1), arb(0))]
        for _ in range(order):
            c, s = turns[-1]
            turns.append((c * cos - s * sin, s * cos + c * sin))
        result, scale = [], radius * radius
        for m in range(order + 1):
            total = arb(0)
            for j in range(m + 1):
                n, part = abs(m - 2 * j), angle
                if n:
                    c, s = turns[n]
                    part = (s * ((n * angle).cos() - 1) + c * (n * angle).sin()) / n
                total += math.comb(m, j) * part
            result.append(scale * total)
            scale = scale * radius * steep / 2
        return result


def _segment(chord: _Chord, gradient: Point, order: int) -> list[arb]:
    """Along a chord: the mean of a power of what is linear there."""
    p, q = chord.start, chord.end
    det = p[0] * q[1] - p[1] * q[0]
    a, b = (gradient[0] * t[0] + gradient[1] * t[1] for t in (p, q))
    result, sums, power = [], arb(1), arb(1)
    for m in range(order + 1):
        result.append(det * sums / (m + 1))
        power = power * a
        sums = sums * b + power
    return result


def _angle(start: Place, end: Place) -> arb:
    """The angle from one point to another, counterclockwise, between 0 and 2 pi."""
    (x, y), (u, v) = start, end
    return arb.pi() + arb.atan2(-(x * v - y * u), -(x * u + y * v))


def _det(p: Point, q: Point) -> fmpq:
    return p[0] * q[1] - p[1] * q[0]


def _chord(corners: Sequence[Point], i: int, j: int, square: fmpq) -> _Chord | None:
    """The part of an edge in the open disc, and its ends; None if there is none."""
    p, q = corners[i], corners[j]
    d = [q[0] - p[0], q[1] - p[1]]
    length, back = dot(d, d), dot(p, d)
    under = square * length - _det(p, q) ** 2
    if under <= 0:
        return None
    inside = [dot(end, end) <= square for end in (p, q)]
    # Between the ends, or at one of them and on from there into the disc.
    near = min(max(-back, fmpq(0)), length)
    foot = [v * length + near * w for v, w in zip(p, d, strict=True)]
    if dot(foot, foot) >= square * length * length:
        return None
    root, ends = arb(under).sqrt(), []
    for side, held, corner in ((-1, inside[0], p), (1, inside[1], q)):
        share = (side * root - back) / length
        crossing = (p[0] + share * d[0], p[1] + share * d[1])
        ends.append((arb(corner[0]), arb(corner[1])) if held else crossing)
    return _Chord(ends[0], ends[1], i if inside[0] else -1, j if inside[1] else -1)
