"""Signs that floats leave open, in rational arithmetic, one cell after another."""

from fractions import Fraction

import numpy as np
from jaxtyping import Bool

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.flat import FlatNetwork
from regions.enumeration.cells.plane import (
    ANSWERED,
    ASKED,
    CORNERS,
    LAYER,
    RING,
    TOP,
)
from regions.enumeration.cells.state import State
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork, dyadic, nearest_float

Row = list[int]


class PatternForms:
    """Exact forms of the units of one network on one domain."""

    def __init__(self, network: ReluNetwork, domain: BoundedDomain, net: FlatNetwork):
        self._exact = ExactNetwork(network, domain)
        self._room = net.bias.shape[1]
        self.starts = np.cumsum([0, *network.widths])
        A, b = domain.rows()
        self._facets: list[Row] = [
            dyadic([*(-normal).tolist(), float(right)])[0]
            for normal, right in zip(A, b, strict=True)
        ]

    def of_bits(
        self, bits: Bool[np.ndarray, " units"], layers: int | None = None
    ) -> list[Row]:
        """Rows of all units of some layers where the units before them are as given."""
        pattern = np.zeros(self.starts[-1], bool)
        pattern[: len(bits)] = bits
        number = len(self.starts) - 1 if layers is None else layers
        return self._exact.affine_forms(pattern, layers=number)

    def of_rows(self, rows: list[int], bits: Bool[np.ndarray, " units"]) -> list[Row]:
        """The forms of facets and units, up to positive factors."""
        own = [row - len(self._facets) for row in rows]
        # What comes after these units is not asked for.
        forms = self.of_bits(bits, max(0, max(own) // self._room + 1))
        return [self.row(row, forms) for row in rows]

    def row(self, row: int, forms: list[Row]) -> Row:
        """The form of a facet or a unit, up to a positive factor."""
        if row < len(self._facets):
            return self._facets[row]
        layer, unit = divmod(row - len(self._facets), self._room)
        return forms[self.starts[layer] + unit]


class ExactSigns:
    """Answers the questions of walks over the cells of one network on one domain."""

    def __init__(self, network: ReluNetwork, domain: BoundedDomain, net: FlatNetwork):
        self._exact = PatternForms(network, domain, net)
        self._net = net
        self._key: bytes | None = None
        self._forms: list[Row] = []

    def answer(self, state: State) -> None:
        """Write the signs that the walk asks for."""
        head = state.head
        layer = int(state.parts[head[TOP] - 1, LAYER])
        forms = self._forms_on(state, layer)
        for n in range(int(head[ANSWERED]), int(head[ASKED])):
            unit, corner = state.asked[n].tolist()
            p, q = (self._exact.row(r, forms) for r in state.rows[corner].tolist())
            h = forms[self._exact.starts[layer] + unit]
            state.answers[n] = sign_at_meeting(p, q, h)
        head[ANSWERED] = head[ASKED]

    def point_inside(self, state: State) -> tuple[tuple[Fraction, Fraction], bool]:
        """The mean of the corners of the cell on top, and whether floats suffice.

        If so, it is rounded to floats that lie strictly inside.
        """
        part = state.parts[state.head[TOP] - 1]
        layer, first = int(part[LAYER]), int(part[RING])
        forms = self._forms_on(state, layer)
        ring = slice(first, first + int(part[CORNERS]))
        corners = [
            meeting_point(*(self._exact.row(r, forms) for r in state.rows[c].tolist()))
            for c in state.ring_corner[ring]
        ]
        x, y = (sum(v) / len(corners) for v in zip(*corners, strict=True))
        mean = Fraction(x), Fraction(y)
        near = tuple(Fraction(nearest_float(v)) for v in mean)
        for row in state.ring_row[ring].tolist():
            a, b, c = self._exact.row(row, forms)
            # The mean is on the right side of all edges.
            sign = 1 if a * mean[0] + b * mean[1] + c > 0 else -1
            if sign * (a * near[0] + b * near[1] + c) <= 0:
                return mean, False
        return (near[0], near[1]), True

    def _forms_on(self, state: State, layer: int) -> list[Row]:
        """Rows of all units up to a layer on the cell of the layers before."""
        widths = self._net.widths
        before = [state.path[k, : widths[k]] for k in range(layer)]
        bits = np.concatenate([np.zeros(0, np.uint8), *before]).astype(bool)
        key = bits.tobytes() + bytes([0]) + str(layer).encode()
        if key != self._key:
            self._forms = self._exact.of_bits(bits, layer + 1)
            self._key = key
        return self._forms


def meeting(p: Row, q: Row) -> tuple[int, int, int]:
    """Where two lines meet, in homogeneous coordinates."""
    return (
        p[1] * q[2] - p[2] * q[1],
        p[2] * q[0] - p[0] * q[2],
        p[0] * q[1] - p[1] * q[0],
    )


def meeting_point(p: Row, q: Row) -> tuple[Fraction, Fraction]:
    """Where two lines meet."""
    x, y, z = meeting(p, q)
    return Fraction(x, z), Fraction(y, z)


def sign_at_meeting(p: Row, q: Row, h: Row) -> int:
    """Sign of a form where the lines of two others meet."""
    x, y, z = meeting(p, q)
    total = h[0] * x + h[1] * y + h[2] * z
    sign = (total > 0) - (total < 0)
    return sign if z > 0 else -sign
