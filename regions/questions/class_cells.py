"""A piece cut by its largest output."""

from fractions import Fraction

from flint import fmpz_mat

from regions.domains.corners import Cell, split
from regions.questions.listed import directed_forms
from regions.questions.pieces import Piece


def class_cells(piece: Piece, count: int) -> list[tuple[int, Cell]]:
    """The parts of a piece by the largest output, those with volume."""
    # Numbers that no row of the cell has.
    parts, start = [], max(z.bit_length() for z in piece.cell.zeros)
    for label in range(count):
        cell: Cell | None = piece.cell
        for other in range(count):
            if other != label and cell is not None:
                row = start + label * count + other
                cell = _where_larger(piece, cell, label, other, row)
        if cell is not None:
            parts.append((label, cell))
    return parts


def gaps(piece: Piece, cell: Cell, one: int, other: int) -> list[int]:
    """How far one output exceeds another at corners, each times a positive number."""
    direction = [Fraction(0)] * piece.outputs.matrix.nrows()
    direction[one], direction[other] = Fraction(1), Fraction(-1)
    ((form, _),) = directed_forms(piece, [direction])
    corners = fmpz_mat([list(c) for c in cell.corners]).transpose()
    return [int(v) for v in (fmpz_mat([form]) * corners).entries()]


def _where_larger(
    piece: Piece, cell: Cell, label: int, other: int, row: int
) -> Cell | None:
    """The part of a cell where one output exceeds another; ties go to the first."""
    values = gaps(piece, cell, label, other)
    if not any(values):
        return cell if label < other else None
    if all(v >= 0 for v in values):
        return cell
    if all(v <= 0 for v in values):
        return None
    return split(cell, values, row)[0]
