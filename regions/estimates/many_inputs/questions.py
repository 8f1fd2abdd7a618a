"""Questions about cells of many inputs, each answered with a proof.

A point of the box whose image is strictly inside all rows, every rounding included,
proves that a cell exists. Multipliers of the rows prove that it does not: the best that
the box can do against them is a sum over the inputs. What float64 leaves open is
settled in rationals at the basis where the program ended.
"""

import dataclasses
from collections import Counter
from fractions import Fraction

import numpy as np
from flint import fmpq
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import WholeSpace
from regions.enumeration.tree.cells import NO_ROW, value_doubt
from regions.enumeration.tree.unit_form import Form
from regions.errors import UndecidedError
from regions.estimates.many_inputs.cells import SUM_ROW, ImageCells, assign
from regions.estimates.many_inputs.exact_basis import Basis, settled
from regions.estimates.many_inputs.image import Image, folding
from regions.estimates.many_inputs.programs import (
    deep_points,
    deep_points_by_solver,
)
from regions.signs.exact import ExactNetwork, to_fmpq
from regions.signs.rounding import SAFETY, certain_signs, gamma, is_certain

TO_THE_END = 2.0
"""No point has this share of the depth that is possible."""
UNDERFLOW = 1e-290
"""Above the sum of all that products lose by underflow."""


class ImageQuestions:
    """Answers for one image.

    Attributes:
        counts: Decisions by the test that made them.
    """

    def __init__(self, image: Image):
        self.image = image
        self.counts: Counter[str] = Counter()
        self._exact = ExactNetwork(image.network, WholeSpace(len(image.m)))
        self._first = image.network.unit_starts

    def signs_at_witnesses(
        self, cells: ImageCells, form: Form, unit: int
    ) -> tuple[Int[np.ndarray, " cells"], Bool[np.ndarray, " cells"]]:
        """Exact sign of a unit at the witness of each cell; where it vanishes all over.

        (The second is only looked at where the sign is 0.)
        """
        value = (form.gradient * cells.z).sum(1) + form.offset
        bound = self._value_doubt(form.gradient, form.offset, form.doubt, cells.z)
        rational = np.array([e is not None for e in cells.exact], bool)
        sign = certain_signs(value, bound).astype(np.int64)
        flat = np.zeros(len(cells), bool)
        for k in np.flatnonzero((sign == 0) | rational).tolist():
            row = self._forms(cells, k, unit)[unit]
            exact = sum(
                (c * v for c, v in zip(row, [*self._point(cells, k), 1], strict=True)),
                fmpq(0),
            )
            sign[k] = (exact > 0) - (exact < 0)
            flat[k] = not any(row)
        return sign, flat

    def sides(self, cells: ImageCells, form: Form) -> Int[np.ndarray, " cells"]:
        """1 or -1 where a unit has that sign all over a cell by its box, else 0."""
        return form.side_of_box(cells.low, cells.high)

    def hold(
        self,
        cells: ImageCells,
        x: Float64[np.ndarray, "cells dim"],
        z: Float64[np.ndarray, "cells width"],
    ) -> Bool[np.ndarray, " cells"]:
        """Whether points of the domain, with their images, are proved to be inside."""
        del x
        return self.are_inside(cells, z)

    def are_inside(
        self, cells: ImageCells, z: Float64[np.ndarray, "cells width"]
    ) -> Bool[np.ndarray, " cells"]:
        """Whether images of points, as computed, are proved to be inside all rows."""
        value = cells.h - np.einsum("crk,ck->cr", cells.G, z)
        bound = self._value_doubt(cells.G, cells.h, cells.doubt, z[:, None])
        return (is_certain(value, bound) | (cells.ids == NO_ROW)).all(1)

    def are_empty(
        self, cells: ImageCells, weights: Float64[np.ndarray, "cells rows"]
    ) -> Bool[np.ndarray, " cells"]:
        """Whether multipliers of rows prove that no point of the box is in a cell.

        With `y >= 0` every point has `0 <= y (h - G z)`, and the box can not reach more
        than `y h - y G m` minus the least value of `y G M x`.
        """
        image = self.image
        y = np.where(weights > 0.0, weights, 0.0)
        y = y / np.maximum(y.max(1, keepdims=True), 1e-300)
        folded = np.einsum("cr,crk->ck", y, cells.G)
        prices = folded @ image.M
        least = np.minimum(prices * image.box.lower, prices * image.box.upper).sum(1)
        best = (y * cells.h).sum(1) - folded @ image.m - least
        size = np.einsum("cr,crk->ck", y, np.abs(cells.G)) @ image.size
        size += (y * np.abs(cells.h)).sum(1)
        lost = (y * cells.doubt).sum(1) * (image.size.max() + 1.0)
        terms = sum(image.M.shape) + cells.G.shape[1] + 8
        margin = SAFETY * (2.0 * gamma(terms) * size + 2.0 * lost) + UNDERFLOW
        return y.any(1) & is_certain(-best, margin)

    def find_points(
        self, cells: ImageCells, deep: float
    ) -> tuple[Bool[np.ndarray, " cells"], ImageCells]:
        """Which cells have an interior, and those cells with a point in each.

        Args:
            cells: Cells as rows; their witnesses are not read.
            deep: Length in x, about that of the box.
        """
        x, depth, duals, cells = deep_points(self.image, cells, deep)
        found, empty = self._proved(cells, x, duals)
        self.counts["lps"] += len(cells)
        left = np.flatnonzero(~found & ~empty)
        if len(left):
            # To the very end: what floating point can tell, it tells there.
            part = cells.take(left)
            *answer, part = deep_points(self.image, part, deep, TO_THE_END)
            assign(cells, left, part)
            x[left], depth[left], duals[left] = answer
            found[left], empty[left] = self._proved(part, x[left], duals[left])
        exact = np.full(len(cells), None, object)
        ties = []
        for k in np.flatnonzero(~found & ~empty).tolist():
            try:
                point = self._settled(cells, k)
            except UndecidedError:
                ties.append(k)
                continue
            self.counts["exact"] += 1
            if point is not None:
                found[k], exact[k] = True, tuple(point)
        self.counts["lp"] += int(found.sum())
        self.counts["farkas"] += int(empty.sum())
        if ties:
            x[ties], depth[ties] = self._by_solver(cells.take(np.array(ties)), deep)
            found[ties] = np.isfinite(depth[ties])
        return found, dataclasses.replace(
            cells,
            x=x,
            z=self.image.of(x),
            radius=np.where(found, np.maximum(depth, 0.0), 0.0),
            exact=exact,
        )

    def _by_solver(
        self, cells: ImageCells, deep: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and depths where the programs ran in circles; no depth if empty.

        Raises:
            UndecidedError: If nothing is proved so either.
        """
        self.counts["solver"] += len(cells)
        x, depth, duals = deep_points_by_solver(self.image, cells, deep)
        found, empty = self._proved(cells, x, duals)
        if not (found | empty).all():
            raise UndecidedError(
                "whether a unit crosses a cell is a tie that no program settles: "
                "estimate on a box that is a little smaller or larger.",
                margin=float(depth[~(found | empty)][0]),
                tolerance=1e-12,
            )
        return np.where(found[:, None], x, self.image.box.lower), np.where(
            found, depth, np.nan
        )

    def _proved(
        self, cells: ImageCells, x: np.ndarray, duals: np.ndarray
    ) -> tuple[Bool[np.ndarray, " cells"], Bool[np.ndarray, " cells"]]:
        """Which cells are proved to hold these points, and which to hold none."""
        found = self.are_inside(cells, self.image.of(x))
        empty = ~found
        empty[empty] = self.are_empty(cells.take(empty), duals[empty])
        return found, empty

    def deeper(self, cells: ImageCells, deep: float) -> ImageCells:
        """The cells with deeper points, where the program finds one that is proved."""
        x, depth, _, moved = deep_points(self.image, cells, deep)
        z = self.image.of(x)
        self.counts["lps"] += len(cells)
        better = self.are_inside(cells, z) & (depth > cells.radius)
        exact = cells.exact.copy()
        exact[better] = None
        return dataclasses.replace(
            moved,
            x=np.where(better[:, None], x, cells.x),
            z=np.where(better[:, None], z, cells.z),
            radius=np.where(better, depth, cells.radius),
            exact=exact,
        )

    def _settled(self, cells: ImageCells, k: int) -> list[fmpq] | None:
        """The image of a rational point inside one cell; None if it is empty."""
        forms = self._forms(cells, k, cells.unit - 1)
        rows, right, lengths, tight = [], [], [], []
        for position in np.flatnonzero(cells.ids[k] != NO_ROW).tolist():
            unit = int(cells.ids[k, position])
            if unit == SUM_ROW:
                gradient = (-2.0 * cells.G[k, position]).astype(int).tolist()
                rows.append([-v for v in gradient])
                right.append(-1)
            else:
                sign = 1 if cells.bits[k, unit] else -1
                *gradient, offset = forms[unit]
                rows.append([-sign * v for v in gradient])
                right.append(sign * offset)
            # Lengths match in magnitude, as forms are multiples of what they stand for.
            size = max(map(abs, gradient), default=0)
            near = float(np.abs(cells.G[k, position]).max())
            scale = Fraction(size) / Fraction(near) if near else Fraction(1)
            lengths.append(to_fmpq(scale * Fraction(float(cells.lengths[k, position]))))
            tight.append(bool(cells.tight[k, position]))
        basis = Basis(cells.basics[k], np.array(tight, bool), cells.at_upper[k])
        return settled(self.image, rows, right, lengths, basis)

    def _value_doubt(
        self, g: np.ndarray, h: np.ndarray, doubt: np.ndarray, z: np.ndarray
    ) -> np.ndarray:
        """Bound of the error of `g z - h` at computed images of points."""
        lengths, coordinates = np.abs(g), np.abs(z)
        size = np.einsum("...k,...k->...", lengths, coordinates) + np.abs(h)
        reach = coordinates.max(-1) + self.image.error.max()
        moved = SAFETY * (lengths @ self.image.error)
        return value_doubt(doubt, size, reach, z.shape[-1]) + moved

    def _forms(self, cells: ImageCells, k: int, unit: int) -> list[list[int]]:
        """Exact affine forms, on one cell, of the units up to the layer of `unit`."""
        layer = int(np.searchsorted(self._first, unit, side="right"))
        forms = self._exact.affine_forms(cells.bits[k], layers=layer)
        if not self.image.folded:
            return forms
        signs = [*folding(cells.bits[k : k + 1], len(self.image.m))[0], 1]
        return [[int(s) * v for s, v in zip(signs, row, strict=True)] for row in forms]

    def _point(self, cells: ImageCells, k: int) -> list[fmpq]:
        """The image of the witness of a cell, as exact numbers."""
        if cells.exact[k] is not None:
            return list(cells.exact[k])
        return self.image.exactly([to_fmpq(v) for v in cells.x[k].tolist()])
