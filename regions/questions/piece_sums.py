"""Exact sums over the pieces of a domain, met one by one."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from flint import fmpz_mat

from regions.domains.shapes import BoundedDomain
from regions.domains.simplices import power_integrals
from regions.questions.answer import Value, ends
from regions.questions.directions import Direction
from regions.questions.listed import directed_forms
from regions.questions.pieces import Piece
from regions.questions.sums import ExactSum
from regions.questions.unmet import Bounds, with_unmet

BETWEEN = 32
"""So many pieces are added between two looks at what they prove."""


class Goal(NamedTuple):
    """What pieces are to prove.

    Attributes:
        values: Integrals of powers, between ends.
        bounds: Bounds of the output where no piece was met.
        factor: Of the integrals.
    """

    values: Sequence[Value]
    bounds: Bounds
    factor: Fraction


class PieceSums:
    """Integrals of the powers of a combination of outputs over some pieces.

    Args:
        domain: What the pieces are parts of.
        weights: The combination.
        order: The highest power.

    Attributes:
        volume: The volume of the pieces in the chart.
        powers: The integral of each power there, from the first on.
    """

    def __init__(self, domain: BoundedDomain, weights: Direction, order: int):
        self._whole, self._weights = domain.rational_volume(), weights
        self.volume, *self.powers = (ExactSum() for _ in range(order + 1))
        self._count = 0

    def add(self, piece: Piece) -> None:
        """Add one piece."""
        values = corner_values(piece, self._weights)
        parts = power_integrals(piece.cell, values, len(self.powers))
        for total, part in zip((self.volume, *self.powers), parts, strict=True):
            total.add(part)

    @property
    def rest(self) -> tuple[Fraction, Fraction]:
        """Both ends of the volume that was not met."""
        low, high = ends(self.volume.value)
        return self._whole - high, self._whole - low

    def until(self, goal: Goal) -> Callable[[Piece], bool]:
        """Adds pieces one by one, until those before prove ends as near as a goal's.

        What was met elsewhere, of some size, proved these; pieces of about that size
        prove as much, wherever they lie: what an output exceeds its lower bound by adds
        to the lower end, and what the upper bound exceeds it by lowers the upper one.
        """

        def is_enough(piece: Piece) -> bool:
            if self._count % BETWEEN == 0 and self._proves(goal):
                return True
            self._count += 1
            self.add(piece)
            return False

        return is_enough

    def _proves(self, goal: Goal) -> bool:
        """Whether the ends that the pieces prove lie between those of a goal."""
        powers = [total.times(goal.factor) for total in self.powers]
        found = with_unmet(powers, goal.bounds, [v * goal.factor for v in self.rest])
        pairs = [(ends(a), ends(b)) for a, b in zip(found, goal.values, strict=True)]
        return all(b[0] <= a[0] and a[1] <= b[1] for a, b in pairs)


def corner_values(piece: Piece, direction: Direction) -> list[Fraction]:
    """A combination of the outputs at the corners of a piece."""
    ((form, scale),) = directed_forms(piece, [direction])
    corners = fmpz_mat([list(c) for c in piece.cell.corners]).transpose()
    products = (fmpz_mat([form]) * corners).entries()
    return [
        Fraction(int(v), corner[-1] * scale)
        for v, corner in zip(products, piece.cell.corners, strict=True)
    ]
