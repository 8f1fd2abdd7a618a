"""Signs of units at corners in rational arithmetic, where floats leave them open."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpz_mat

from regions.domains.shapes import Domain
from regions.enumeration.cells.space.bits import WORD, lowest_bit
from regions.enumeration.cells.space.forms import SAFE
from regions.enumeration.cells.space.positions import LARGE
from regions.enumeration.cells.space.state import (
    AT,
    CORNERS,
    DIM,
    LAYER,
    RANK,
    TOP,
    Leaves,
    Net,
    State,
)
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork, dot, dyadic

Forms = list[list[int]]
KEPT = 64
"""Cells whose exact forms are kept."""


class ExactCorners:
    """Answers what the loop asks about the cell on top of its stack."""

    def __init__(self, network: ReluNetwork, domain: Domain, net: Net):
        self._exact = ExactNetwork(network, domain)
        self._is_cone = not domain.is_bounded
        self._net = net
        bent = [k for k, layer in enumerate(network.hidden) if layer.kinks.any()]
        self._bent = max(bent, default=0) + 1
        A, b = domain.rows()
        self._facets = [
            dyadic([*(-v for v in row), offset])[0]
            for row, offset in zip(A.tolist(), b.tolist(), strict=True)
        ]
        self._forms: dict[bytes, Forms] = {}

    def forms(self, words: np.ndarray, layers: int) -> Forms:
        """Integer forms of the units of some layers on a cell.

        Args:
            words: The pattern of all of them but the last one, or longer.
            layers: How many layers.
        """
        net = self._net
        words = words[: net.word[layers - 1]]
        key = layers.to_bytes(4, "little") + words.tobytes()
        if key not in self._forms:
            if len(self._forms) >= KEPT:
                self._forms.clear()
            pattern = np.zeros(int(net.first[-1]), bool)
            bits = unpack(net, words[None], layers - 1)[0]
            pattern[: len(bits)] = bits
            self._forms[key] = self._exact.affine_forms(pattern, layers=layers)
        return self._forms[key]

    def corner(
        self,
        zeros: np.ndarray,
        used: np.ndarray,
        row: np.ndarray,
        forms: Forms,
        on: np.ndarray,
    ) -> list[int]:
        """A corner as integers over the last of them, which is positive; or a ray.

        Args:
            zeros: The words of its zero set.
            used: Those of all corners of its cell, or of what that is a section of.
            row: What the bits stand for.
            forms: Integer forms of the units.
            on: Which units are on.
        """
        rows = [self._row(int(row[bit]), forms) for bit in bits_of(zeros)]
        if self._is_cone:
            # Without offsets.
            rows = [line[:-1] for line in rows]
        size = len(rows[0])
        matrix = fmpz_mat(len(rows), size, [v for line in rows for v in line])
        null, rank = matrix.nullspace()
        point = [int(null[i, 0]) for i in range(size)]
        # The rows of a corner meet in one point, which is no direction.
        assert rank == 1
        side = point[-1]
        if self._is_cone:
            # A row that does not vanish there has the sign that it has on the cell.
            others = bits_of(used & ~zeros)
            sides = ((int(row[b]), self._row(int(row[b]), forms)) for b in others)
            side = next(
                value
                if number < len(self._facets) or on[number - len(self._facets)]
                else -value
                for number, line in sides
                if (value := dot(line[:-1], point))
            )
        assert side != 0
        common = math.gcd(*point) * (1 if side > 0 else -1)
        return [v // common for v in point]

    def _row(self, number: int, forms: Forms) -> list[int]:
        """The form of a facet or a unit, by its number."""
        number -= len(self._facets)
        return forms[number] if number >= 0 else self._facets[number]

    def leaf_corner(self, leaves: Leaves, region: int, q: int) -> list[int]:
        """A corner of a region, as `corner` gives it."""
        start = int(leaves.end[region - 1]) if region else 0
        used = leaves.zeros[:, start : int(leaves.end[region])]
        words, layers = leaves.bits[region], len(self._net.first) - 1
        return self.corner(
            leaves.zeros[:, q],
            np.bitwise_or.reduce(used, axis=1),
            leaves.row[region],
            # No later unit vanishes at a corner.
            self.forms(words, self._bent),
            unpack(self._net, words[None], layers)[0],
        )

    def mean(self, leaves: Leaves, region: int) -> tuple[Fraction, ...]:
        """The mean of the corners of a region, exactly: strictly inside it.

        Of rays it is the sum, each divided by the sum of its absolute values.
        """
        start = int(leaves.end[region - 1]) if region else 0
        corners = [
            self.leaf_corner(leaves, region, q)
            for q in range(start, int(leaves.end[region]))
        ]
        if self._is_cone:
            sizes = [sum(map(abs, p)) for p in corners]
            columns = zip(*corners, strict=True)
            return tuple(
                sum(
                    (Fraction(v, n) for v, n in zip(column, sizes, strict=True)),
                    Fraction(0),
                )
                for column in columns
            )
        size = len(corners[0]) - 1
        sums = [sum(Fraction(p[c], p[-1]) for p in corners) for c in range(size)]
        return tuple(Fraction(total) / len(corners) for total in sums)

    def answer(self, st: State, asked: np.ndarray) -> list[int]:
        """Signs of units at corners of the cell on top; makes vague positions sharp."""
        s = int(st.reg[TOP]) - 1
        layer, at = int(st.cell[s, LAYER]), int(st.cell[s, AT])
        forms = self.forms(st.path, layer + 1)
        words = st.path.copy()
        own = slice(self._net.word[layer], self._net.word[layer + 1])
        words[own] = st.bits[s, : own.stop - own.start]
        on = unpack(self._net, words[None], layer + 1)[0]
        # A section that is one ray alone has no other rows: those around it have.
        around = s - 1 if st.cell[s, DIM] < st.reg[RANK] else s
        used = st.zeros[:, int(st.cell[around, AT]) : at + int(st.cell[s, CORNERS])]
        used = np.bitwise_or.reduce(used, axis=1)
        points: dict[int, list[int]] = {}
        signs = []
        for unit, q in asked.tolist():
            if q not in points:
                place = at + q
                zeros = st.zeros[:, place]
                points[q] = self.corner(zeros, used, st.row[s], forms, on)
                if not st.reach[place] <= LARGE:
                    self.sharpen(st, place, points[q])
            value = sum(a * b for a, b in zip(forms[unit], points[q], strict=False))
            signs.append((value > 0) - (value < 0))
        return signs

    def sharpen(self, at: State | Leaves, place: int, point: list[int]) -> None:
        """Write the float64 numbers nearest to a corner and how far it is from them."""
        if self._is_cone:
            at.x[:, place], at.reach[place] = nearest_ray(point, self._net.scale)
            return
        reach = 0.0
        for c, scale in enumerate(self._net.scale.tolist()):
            # Python divides integers to the nearest float64 number.
            near = point[c] / point[-1]
            at.x[c, place] = near / scale
            top, bottom = near.as_integer_ratio()
            if top * point[-1] != point[c] * bottom:
                # An ulp is twice what rounding may have cost, in either scale.
                off = max(math.ulp(near) / scale, math.ulp(near / scale))
                reach = max(reach, off)
        at.reach[place] = length_of(reach, len(self._net.scale))


def nearest_ray(ray: Sequence[int], scale: np.ndarray) -> tuple[list[float], float]:
    """Scaled float64 coordinates of a ray, at most 1/2, and how far it is from them."""
    exact = [
        Fraction(v) / Fraction(s) for v, s in zip(ray, scale.tolist(), strict=True)
    ]
    largest = max(map(abs, exact))
    shift = largest.numerator.bit_length() - largest.denominator.bit_length() + 2
    exact = [v / Fraction(2) ** shift for v in exact]
    near = [float(v) for v in exact]
    off = max(abs(Fraction(x) - v) for x, v in zip(near, exact, strict=True))
    reach = math.nextafter(float(off), math.inf) if off else 0.0
    return near, length_of(reach, len(near))


def length_of(entry: float, dim: int) -> float:
    """A bound of the length of a vector whose entries are at most so large."""
    return SAFE * math.sqrt(dim) * entry


def bits_of(words: np.ndarray) -> list[int]:
    """Positions of the bits that are set."""
    found = []
    for w, word in enumerate(words.tolist()):
        rest = word & WORD
        while rest:
            bit = lowest_bit(rest)
            rest ^= 1 << bit
            found.append(64 * w + bit)
    return found


def unpack(net: Net, words: np.ndarray, layers: int) -> np.ndarray:
    """Bits of the units of some layers, from the words of patterns."""
    table = np.ascontiguousarray(words).view(np.uint8)
    bits = np.unpackbits(table, axis=1, bitorder="little")
    columns = [
        64 * int(net.word[k]) + np.arange(int(net.first[k + 1] - net.first[k]))
        for k in range(layers)
    ]
    none = np.zeros(0, np.int64)
    return bits[:, np.concatenate([none, *columns])].astype(bool)
