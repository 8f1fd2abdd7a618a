"""The state of the tree: cells of the units decided so far, many at a time."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64, Int32

from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, gamma

NO_ROW = -1
"""Identifier of a padding row."""
SHARED = frozenset({"unit", "A", "b", "doubt", "ids"})
"""What cells have in common: the others are copied when cells are chosen or joined."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TreeCells:
    """Cells of the first `unit` units; every one has a point strictly inside.

    The rows `A t <= b` that bound them stand in one table, as many cells share a row.
    It only grows, until `compacted` drops what no cell needs.

    Attributes:
        unit: Number of units decided, in network order.
        A: Gradients of the table's rows; the first is padding, and zero.
        b: Right-hand sides, 1 for padding.
        doubt: Bound of the rounding of each row: of its gradient in the 1-norm, and of
            its right-hand side.
        ids: What each row is: a facet of the domain, or number of facets + unit.
        rows: The rows of each cell, padded with 0.
        bits: Sign of each hidden unit; False beyond `unit`.
        low: Lower ends of a box that holds the cell.
        high: Upper ends of that box.
        center: A point strictly inside, unless `exact` has one.
        radius: Roughly the distance of `center` from the boundary; a hint, no proof.
        exact: A rational point strictly inside where no float64 point was proved.
        share: Share of the whole tree that the cell stands for; a split halves it.
    """

    unit: int
    A: Float64[np.ndarray, "table dim"]
    b: Float64[np.ndarray, " table"]
    doubt: Float64[np.ndarray, " table"]
    ids: Int32[np.ndarray, " table"]
    rows: Int32[np.ndarray, "cells rows"]
    bits: Bool[np.ndarray, "cells units"]
    low: Float64[np.ndarray, "cells dim"]
    high: Float64[np.ndarray, "cells dim"]
    center: Float64[np.ndarray, "cells dim"]
    radius: Float64[np.ndarray, " cells"]
    exact: np.ndarray
    share: Float64[np.ndarray, " cells"]

    def __len__(self) -> int:
        return len(self.bits)

    def take(self, index: np.ndarray | slice) -> "TreeCells":
        """Some of the cells."""
        changes = {
            field.name: getattr(self, field.name)[index]
            for field in dataclasses.fields(self)
            if field.name not in SHARED
        }
        return dataclasses.replace(self, **changes)

    def joined(self, others: "TreeCells") -> "TreeCells":
        """These cells and others of the same units, whose table has all their rows."""
        changes = {
            field.name: np.concatenate(
                [getattr(self, field.name), getattr(others, field.name)]
            )
            for field in dataclasses.fields(self)
            if field.name not in SHARED
        }
        return dataclasses.replace(others, **changes)

    def with_table(self, others: "TreeCells") -> "TreeCells":
        """The same cells with the table of others, which has grown from theirs."""
        return dataclasses.replace(
            self, A=others.A, b=others.b, doubt=others.doubt, ids=others.ids
        )

    def with_rows(
        self,
        a: Float64[np.ndarray, "cells dim"],
        b: Float64[np.ndarray, " cells"],
        doubt: Float64[np.ndarray, " cells"],
        row_id: int,
    ) -> "TreeCells":
        """The cells with one more row each, all of the same unit."""
        new = np.arange(len(self.b), len(self.b) + len(self), dtype=np.int32)
        return dataclasses.replace(
            self,
            A=np.concatenate([self.A, a]),
            b=np.concatenate([self.b, b]),
            doubt=np.concatenate([self.doubt, doubt]),
            ids=np.concatenate([self.ids, np.full(len(self), row_id, np.int32)]),
            rows=np.concatenate([self.rows, new[:, None]], axis=1),
        )

    def padded(self) -> "TreeCells":
        """The cells with room for one more row."""
        room = np.zeros((len(self), 1), np.int32)
        return dataclasses.replace(self, rows=np.concatenate([self.rows, room], axis=1))

    def inequalities(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, right-hand sides and rounding of each cell, padding included."""
        return self.A[self.rows], self.b[self.rows], self.doubt[self.rows]

    def compacted(self) -> "TreeCells":
        """The cells without padding that all of them share, nor rows of others."""
        # Real rows first, in their order; columns that hold padding alone are cut off.
        used = self.rows != 0
        keep = np.argsort(~used, axis=1, kind="stable")[:, : max(1, used.sum(1).max())]
        rows = self.rows[np.arange(len(self))[:, None], keep]
        left = np.zeros(len(self.b), bool)
        left[0], left[rows] = True, True
        place = np.cumsum(left, dtype=np.int32) - 1
        return dataclasses.replace(
            self,
            A=self.A[left],
            b=self.b[left],
            doubt=self.doubt[left],
            ids=self.ids[left],
            rows=place[rows].astype(np.int32),
        )

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return self.low.shape[1]


def reach_of(cells: TreeCells) -> Float64[np.ndarray, "cells dim"]:
    """Largest absolute value of each coordinate in the box of each cell."""
    return np.maximum(np.abs(cells.low), np.abs(cells.high))


def value_doubt(
    doubt: np.ndarray, size: np.ndarray, reach: np.ndarray, dim: int
) -> np.ndarray:
    """Bound of the error of `a . t - b` for a rounded row: its doubt and arithmetic."""
    rounding = doubt * (reach + 1.0) + gamma(dim + 3) * size
    return SAFETY * rounding + 8 * (dim + 3) * SMALLEST


def tightened(
    low: Float64[np.ndarray, "cells dim"],
    high: Float64[np.ndarray, "cells dim"],
    a: Float64[np.ndarray, "cells dim"],
    b: Float64[np.ndarray, " cells"],
    doubt: Float64[np.ndarray, " cells"],
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes that still hold all points with `a t <= b` of the boxes given.

    Interval propagation, rounded outward.
    """
    # `a t <= b` leaves each coordinate what the least of all others allows.
    least = np.minimum(a * low, a * high)
    reach = np.maximum(np.abs(low), np.abs(high))
    size = (np.abs(a) * reach).sum(1) + np.abs(b)
    bound = value_doubt(doubt, size, reach.max(1), low.shape[1])
    # The error of the row counts for the box: it only becomes larger.
    room = (b + bound - least.sum(1))[:, None] + least
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        limit = room / a
    # A coordinate that the row does not see keeps its ends.
    limit = np.where(np.isfinite(limit), limit, np.where(a > 0.0, high, low))
    # The division and the sums round, too.
    outward = 4.0 * UNIT_ROUNDOFF * (np.abs(limit) + reach)
    new_high = np.where(a > 0.0, np.minimum(high, limit + outward), high)
    new_low = np.where(a < 0.0, np.maximum(low, limit - outward), low)
    return new_low, new_high
