"""Deciding in rationals whether a cell has an interior, at the basis of a program."""

from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat
from jaxtyping import Bool, Int

from regions.errors import UndecidedError
from regions.estimates.many_inputs.dual_simplex import NONE
from regions.estimates.many_inputs.image import Image
from regions.signs.exact import to_fmpq


class Basis(NamedTuple):
    """Where a program of `dual_simplex` ended.

    Attributes:
        basics: Variables of the basis; the depth comes after the inputs.
        tight: Rows that it holds with equality.
        at_upper: Which of the other inputs are at their upper ends.
    """

    basics: Int[np.ndarray, " rows"]
    tight: Bool[np.ndarray, " rows"]
    at_upper: Bool[np.ndarray, " dim"]


def settled(
    image: Image,
    rows: list[list[int]],
    right: list[int],
    lengths: list[fmpq],
    basis: Basis,
) -> list[fmpq] | None:
    """The image of a point of the box with `rows z < right`; None if there is none.

    Args:
        image: The image.
        rows: Gradients in z.
        right: Right-hand sides.
        lengths: What the depth is multiplied by in each row; any positive numbers, or
            0 for rows that the program left out.
        basis: The basis to look at.

    Raises:
        UndecidedError: If the basis decides nothing.
    """
    width, dim = image.M.shape
    M = image.exact_matrix()
    G = fmpq_mat(len(rows), width, [fmpq(v) for row in rows for v in row])
    offsets = G * fmpq_mat(width, 1, [to_fmpq(v) for v in image.m.tolist()])
    h = [fmpq(b) - offsets[i, 0] for i, b in enumerate(right)]
    for i, length in enumerate(lengths):
        # A row that may say nothing about x holds everywhere or nowhere if so.
        if length == 0 and h[i] <= 0 and not any((_row(G, i) * M).entries()):
            return None
    columns = [int(c) for c in basis.basics if c != NONE]
    tight = np.flatnonzero(basis.tight).tolist()
    square = _square(G, M, lengths, tight, columns)
    if square is not None:
        x = _corner(image, G, M, h, square, tight, columns, basis.at_upper)
        z = image.exactly(x)
        if all(_inside(row, b, z) for row, b in zip(rows, right, strict=True)):
            return z
        if dim in columns and _is_empty(
            image, G, M, h, square, tight, columns.index(dim)
        ):
            return None
    raise UndecidedError(
        "the basis at hand does not tell whether a unit crosses a cell",
        margin=0.0,
        tolerance=0.0,
    )


def _row(G: fmpq_mat, i: int) -> fmpq_mat:
    """One row of a matrix."""
    return fmpq_mat(1, G.ncols(), [G[i, k] for k in range(G.ncols())])


def _inside(row: list[int], b: int, z: list[fmpq]) -> bool:
    """Whether a point is strictly inside a row."""
    return sum((c * v for c, v in zip(row, z, strict=True)), fmpq(0)) < b


def _square(
    G: fmpq_mat, M: fmpq_mat, lengths: list[fmpq], tight: list[int], columns: list[int]
) -> fmpq_mat | None:
    """Coefficients of the basic variables in the tight rows; None if not square."""
    if len(tight) != len(columns) or not tight:
        return None
    width, dim = M.nrows(), M.ncols()
    some = [c if c < dim else 0 for c in columns]
    part = fmpq_mat(
        len(tight), width, [G[i, k] for i in tight for k in range(width)]
    ) * fmpq_mat(width, len(some), [M[k, c] for k in range(width) for c in some])
    for b, c in enumerate(columns):
        if c == dim:
            for a, i in enumerate(tight):
                part[a, b] = lengths[i]
    return part if part.rank() == len(tight) else None


def _corner(
    image: Image,
    G: fmpq_mat,
    M: fmpq_mat,
    h: list[fmpq],
    square: fmpq_mat,
    tight: list[int],
    columns: list[int],
    at_upper: np.ndarray,
) -> list[fmpq]:
    """The inputs at the basis, moved into the box."""
    width, dim = image.M.shape
    low, high = image.box.lower.tolist(), image.box.upper.tolist()
    x = [to_fmpq(high[j] if at_upper[j] else low[j]) for j in range(dim)]
    for c in columns:
        if c < dim:
            x[c] = fmpq(0)
    z = M * fmpq_mat(dim, 1, x)
    left = [
        h[i] - sum((G[i, k] * z[k, 0] for k in range(width)), fmpq(0)) for i in tight
    ]
    values = square.solve(fmpq_mat(len(left), 1, left))
    for a, c in enumerate(columns):
        if c < dim:
            x[c] = min(max(values[a, 0], to_fmpq(low[c])), to_fmpq(high[c]))
    return x


def _is_empty(
    image: Image,
    G: fmpq_mat,
    M: fmpq_mat,
    h: list[fmpq],
    square: fmpq_mat,
    tight: list[int],
    depth: int,
) -> bool:
    """Whether the multipliers of the basis prove that no point is strictly inside."""
    unit = [fmpq(int(a == depth)) for a in range(len(tight))]
    y = square.transpose().solve(fmpq_mat(len(tight), 1, unit)).entries()
    if any(v < 0 for v in y):
        return False
    width = G.ncols()
    folded = [
        sum((v * G[i, k] for v, i in zip(y, tight, strict=True)), fmpq(0))
        for k in range(width)
    ]
    prices = (fmpq_mat(1, width, folded) * M).entries()
    best = sum((v * h[i] for v, i in zip(y, tight, strict=True)), fmpq(0))
    ends = zip(prices, image.box.lower.tolist(), image.box.upper.tolist(), strict=True)
    for price, low, high in ends:
        best -= price * to_fmpq(low if price > 0 else high)
    return best <= 0
