"""Cells of a domain of many inputs: rows in the image, a witness among the inputs."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64, Int32

from regions.enumeration.tree.cells import NO_ROW
from regions.estimates.many_inputs.dual_simplex import NONE

SUM_ROW = -2
"""Identifier of the row of a folded image: a sum of some z is above 1/2."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ImageCells:
    """Cells of the first `unit` units; every one has a point strictly inside.

    Attributes:
        unit: Number of units decided, in network order.
        bits: Sign of each hidden unit; False beyond `unit`.
        G: Rows `G z < h` that bound the cell, padded with zero rows.
        h: Right-hand sides, 1 for padding.
        doubt: Bound of the rounding of each row: of its gradient in the 1-norm, and of
            its right-hand side.
        lengths: Lengths of the rows' gradients in x, about; 0 for padding.
        ids: Unit of each row, or `SUM_ROW`.
        low: Lower ends of a box in z that holds the cell.
        high: Upper ends of that box.
        x: A point of the box, strictly inside all rows, unless `exact` has one.
        z: Its image, with the image's error.
        radius: Roughly the distance of x from the rows; a hint, no proof.
        exact: The image of a rational point strictly inside, where no float64 point
            was proved.
        basics: Variables of the basis of the last program (`dual_simplex`).
        tight: Rows that it held with equality.
        at_upper: Which inputs it left at their upper ends.
    """

    unit: int
    bits: Bool[np.ndarray, "cells units"]
    G: Float64[np.ndarray, "cells rows width"]
    h: Float64[np.ndarray, "cells rows"]
    doubt: Float64[np.ndarray, "cells rows"]
    lengths: Float64[np.ndarray, "cells rows"]
    ids: Int32[np.ndarray, "cells rows"]
    low: Float64[np.ndarray, "cells width"]
    high: Float64[np.ndarray, "cells width"]
    x: Float64[np.ndarray, "cells dim"]
    z: Float64[np.ndarray, "cells width"]
    radius: Float64[np.ndarray, " cells"]
    exact: np.ndarray
    basics: Int32[np.ndarray, "cells rows"]
    tight: Bool[np.ndarray, "cells rows"]
    at_upper: Bool[np.ndarray, "cells dim"]

    def __len__(self) -> int:
        return len(self.bits)

    def take(self, index: np.ndarray | slice) -> "ImageCells":
        """Some of the cells."""
        changes = {name: getattr(self, name)[index] for name in ARRAYS}
        return dataclasses.replace(self, **changes)

    def joined(self, others: "ImageCells") -> "ImageCells":
        """These cells and others of the same units."""
        changes = {
            name: np.concatenate([getattr(self, name), getattr(others, name)])
            for name in ARRAYS
        }
        return dataclasses.replace(self, **changes)

    def with_row(
        self,
        g: Float64[np.ndarray, "cells width"],
        h: Float64[np.ndarray, " cells"],
        doubt: Float64[np.ndarray, " cells"],
        lengths: Float64[np.ndarray, " cells"],
        ids: np.ndarray,
    ) -> "ImageCells":
        """The cells with one more row each; `NO_ROW` leaves a cell as it is."""
        real = ids != NO_ROW

        def longer(rows: np.ndarray, more: np.ndarray) -> np.ndarray:
            return np.concatenate([rows, more[:, None].astype(rows.dtype)], 1)

        return dataclasses.replace(
            self,
            G=longer(self.G, np.where(real[:, None], g, 0.0)),
            h=longer(self.h, np.where(real, h, 1.0)),
            doubt=longer(self.doubt, np.where(real, doubt, 0.0)),
            lengths=longer(self.lengths, np.where(real, lengths, 0.0)),
            ids=longer(self.ids, ids),
            basics=longer(self.basics, np.full(len(self), NONE)),
            tight=longer(self.tight, np.zeros(len(self), bool)),
        )

    def compacted(self) -> "ImageCells":
        """The cells without padding that all of them share."""
        used = self.ids != NO_ROW
        most = max(1, used.sum(1).max())
        keep = np.argsort(~used, axis=1, kind="stable")[:, :most]
        basic = np.argsort(self.basics == NONE, axis=1, kind="stable")[:, :most]
        at = np.arange(len(self))[:, None]
        names = ("G", "h", "doubt", "lengths", "ids", "tight")
        rows = {name: getattr(self, name)[at, keep] for name in names}
        return dataclasses.replace(self, **rows, basics=self.basics[at, basic])


ARRAYS = tuple(f.name for f in dataclasses.fields(ImageCells) if f.name != "unit")
"""What there is of every cell."""


def assign(cells: ImageCells, index: np.ndarray, values: ImageCells) -> None:
    """Overwrite some of the cells, in place."""
    for name in ARRAYS:
        getattr(cells, name)[index] = getattr(values, name)
