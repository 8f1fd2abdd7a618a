"""Signs of units at corners in rational arithmetic, where floats leave them open."""

import math
from fractions import Fraction

import numpy as np
from flint import fmpz_mat

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.space.bits import WORD, lowest_bit
from regions.enumeration.cells.space.positions import LARGE
from regions.enumeration.cells.space.state import AT, LAYER, TOP, Leaves, Net, State
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork, dyadic

Forms = list[list[int]]
KEPT = 64
"""Cells whose exact forms are kept."""


class ExactCorners:
    """Answers what the loop asks about the cell on top of its stack."""

    def __init__(self, network: ReluNetwork, domain: BoundedDomain, net: Net):
        self._exact = ExactNetwork(network, domain)
        self._net = net
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

    def corner(self, zeros: np.ndarray, row: np.ndarray, forms: Forms) -> list[int]:
        """A corner as integers over the last of them, which is positive.

        Args:
            zeros: The words of its zero set.
            row: What the bits stand for.
            forms: Integer forms of the units.
        """
        rows = []
        for bit in bits_of(zeros):
            number = int(row[bit]) - len(self._facets)
            rows.append(forms[number] if number >= 0 else self._facets[number])
        size = len(rows[0])
        matrix = fmpz_mat(len(rows), size, [v for line in rows for v in line])
        null, rank = matrix.nullspace()
        point = [int(null[i, 0]) for i in range(size)]
        # The rows of a corner meet in one point, which is no direction.
        assert rank == 1
        assert point[-1] != 0
        common = math.gcd(*point) * (1 if point[-1] > 0 else -1)
        return [v // common for v in point]

    def leaf_corner(self, leaves: Leaves, region: int, q: int) -> list[int]:
        """A corner of a region, as `corner` gives it."""
        forms = self.forms(leaves.bits[region], len(self._net.first) - 1)
        return self.corner(leaves.zeros[:, q], leaves.row[region], forms)

    def mean(self, leaves: Leaves, region: int) -> tuple[Fraction, ...]:
        """The mean of the corners of a region, exactly: strictly inside it."""
        start = int(leaves.end[region - 1]) if region else 0
        corners = [
            self.leaf_corner(leaves, region, q)
            for q in range(start, int(leaves.end[region]))
        ]
        size = len(corners[0]) - 1
        sums = [sum(Fraction(p[c], p[-1]) for p in corners) for c in range(size)]
        return tuple(Fraction(total) / len(corners) for total in sums)

    def answer(self, st: State, asked: np.ndarray) -> list[int]:
        """Signs of units at corners of the cell on top; makes vague positions sharp."""
        s = int(st.reg[TOP]) - 1
        forms = self.forms(st.path, int(st.cell[s, LAYER]) + 1)
        points: dict[int, list[int]] = {}
        signs = []
        for unit, q in asked.tolist():
            if q not in points:
                place = int(st.cell[s, AT]) + q
                zeros = st.zeros[:, place]
                points[q] = self.corner(zeros, st.row[s], forms)
                if not st.reach[place] <= LARGE:
                    self.sharpen(st, place, points[q])
            value = sum(a * b for a, b in zip(forms[unit], points[q], strict=True))
            signs.append((value > 0) - (value < 0))
        return signs

    def sharpen(self, at: State | Leaves, place: int, point: list[int]) -> None:
        """Write the float64 numbers nearest to a corner and what they are off by."""
        reach = 0.0
        for c, scale in enumerate(self._net.scale.tolist()):
            exact = Fraction(point[c], point[-1]) / Fraction(scale)
            near = float(exact)
            at.x[c, place] = near
            off = abs(Fraction(near) - exact)
            if off:
                reach = max(reach, math.nextafter(float(off), math.inf))
        at.reach[place] = reach


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
