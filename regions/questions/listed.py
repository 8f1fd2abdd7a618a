"""Largest values over the list of pieces: each is attained at a corner."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from flint import fmpz_mat

from regions.domains.shapes import embed_exactly
from regions.questions.answer import Point
from regions.questions.pieces import Piece, Pieces


def directed_forms(
    piece: Piece, directions: Sequence[Sequence[Fraction]]
) -> Iterator[tuple[list[int], int]]:
    """Combinations of the outputs as integer forms, each with its denominator."""
    rows = [[int(v) for v in row] for row in piece.outputs.matrix.tolist()]
    for direction in directions:
        bottom = 1
        for weight in direction:
            bottom = bottom * weight.denominator  # few, and mostly 1
        factors = [int(weight * bottom) for weight in direction]
        columns = zip(*rows, strict=True)
        form = [
            sum(f * v for f, v in zip(factors, column, strict=True))
            for column in columns
        ]
        yield form, bottom << piece.outputs.shift


class Largest:
    """The largest value met so far of each of several combinations of the outputs.

    Attributes:
        values: The values; None before the first piece.
        corners: Where they are attained, in the chart.
    """

    def __init__(self, directions: Sequence[Sequence[Fraction]]):
        self._directions = directions
        self.values: list[Fraction | None] = [None] * len(directions)
        self.corners: list[Point] = [()] * len(directions)

    def take(self, piece: Piece) -> None:
        """Look at the corners of one more piece."""
        corners = fmpz_mat([list(c) for c in piece.cell.corners]).transpose()
        for k, (form, scale) in enumerate(directed_forms(piece, self._directions)):
            products = (fmpz_mat([form]) * corners).entries()
            for product, corner in zip(products, piece.cell.corners, strict=True):
                value, held = Fraction(int(product), corner[-1] * scale), self.values[k]
                if held is None or value > held:
                    self.values[k] = value
                    self.corners[k] = tuple(
                        Fraction(v, corner[-1]) for v in corner[:-1]
                    )

    def best(self, offsets: Sequence[Fraction]) -> tuple[int, Fraction, Point]:
        """Of all combinations, each with a number added, the largest; after a piece.

        Returns:
            Its number, its value and where it is attained.
        """
        values = [
            value + offset
            for value, offset in zip(self.values, offsets, strict=True)
            if value is not None
        ]
        k = max(range(len(offsets)), key=values.__getitem__)
        return k, values[k], self.corners[k]


def largest_listed(
    pieces: Pieces, directions: Sequence[Sequence[Fraction]]
) -> list[tuple[Fraction, Point]]:
    """The largest value of each combination, and a point of the input space."""
    largest = Largest(directions)
    for piece in pieces:
        largest.take(piece)
    domain = pieces.exact.domain
    return [
        (value, embed_exactly(domain, corner))
        for value, corner in zip(largest.values, largest.corners, strict=True)
        if value is not None
    ]
