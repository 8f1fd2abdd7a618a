"""The state of the tree: cells of the units decided so far, many at a time."""

import dataclasses
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int32

from regions.network import Layer, ReluNetwork
from regions.signs.float_bounds import SAFETY, UNIT_ROUNDOFF, gamma

NO_ROW = -1
"""Identifier of a padding row."""

SMALLEST = 2.0**-1074
"""The smallest float64: products that underflow err by less."""

Witness = tuple[Fraction, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TreeCells:
    """Cells of the first `unit` units; every one has a point strictly inside.

    Attributes:
        unit: Number of units decided, in network order.
        bits: Sign of each hidden unit; False beyond `unit`.
        A: Rows `A t <= b` that bound the cell, padded with zero rows.
        b: Right-hand sides, 1 for padding.
        doubt: Bound of the rounding of each row: of its gradient in the 1-norm, and of
            its right-hand side.
        ids: What each row is: a facet of the domain, or number of facets + unit.
        low: Lower ends of a box that holds the cell.
        high: Upper ends of that box.
        center: A point strictly inside, unless `exact` has one.
        radius: Roughly the distance of `center` from the boundary; a hint, no proof.
        exact: A rational point strictly inside where no float64 point was proved.
        share: Share of the whole tree that the cell stands for; a split halves it.
    """

    unit: int
    bits: Bool[np.ndarray, "cells units"]
    A: Float64[np.ndarray, "cells rows dim"]
    b: Float64[np.ndarray, "cells rows"]
    doubt: Float64[np.ndarray, "cells rows"]
    ids: Int32[np.ndarray, "cells rows"]
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
            if field.name != "unit"
        }
        return dataclasses.replace(self, **changes)

    def joined(self, others: "TreeCells") -> "TreeCells":
        """These cells and others of the same units."""
        return TreeCells(
            self.unit,
            **{
                field.name: np.concatenate(
                    [getattr(self, field.name), getattr(others, field.name)]
                )
                for field in dataclasses.fields(self)
                if field.name != "unit"
            },
        )

    def with_row(
        self,
        a: Float64[np.ndarray, "cells dim"],
        b: Float64[np.ndarray, " cells"],
        doubt: Float64[np.ndarray, " cells"],
        row_id: np.ndarray,
    ) -> "TreeCells":
        """The cells with one more row each; `NO_ROW` leaves a cell as it is."""
        real = row_id != NO_ROW
        return dataclasses.replace(
            self,
            A=np.concatenate([self.A, np.where(real[:, None], a, 0.0)[:, None]], 1),
            b=np.concatenate([self.b, np.where(real, b, 1.0)[:, None]], 1),
            doubt=np.concatenate([self.doubt, np.where(real, doubt, 0.0)[:, None]], 1),
            ids=np.concatenate([self.ids, row_id.astype(np.int32)[:, None]], 1),
        )

    def compacted(self) -> "TreeCells":
        """The cells without padding that all of them share."""
        used = self.ids != NO_ROW
        keep = np.argsort(~used, axis=1, kind="stable")[:, : max(1, used.sum(1).max())]
        at = np.arange(len(self))[:, None]
        return dataclasses.replace(
            self,
            A=self.A[at, keep],
            b=self.b[at, keep],
            doubt=self.doubt[at, keep],
            ids=self.ids[at, keep],
        )

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return self.low.shape[1]


def reach_of(cells: TreeCells) -> Float64[np.ndarray, "cells dim"]:
    """Largest absolute value of each coordinate in the box of each cell."""
    return np.maximum(np.abs(cells.low), np.abs(cells.high))


def row_slack(
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
    least = np.minimum(a * low, a * high)
    reach = np.maximum(np.abs(low), np.abs(high))
    size = (np.abs(a) * reach).sum(1) + np.abs(b)
    slack = row_slack(doubt, size, reach.max(1), low.shape[1])
    room = (b + slack - least.sum(1))[:, None] + least
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        limit = room / a
    limit = np.where(np.isfinite(limit), limit, np.where(a > 0.0, high, low))
    outward = 4.0 * UNIT_ROUNDOFF * (np.abs(limit) + reach)
    new_high = np.where(a > 0.0, np.minimum(high, limit + outward), high)
    new_low = np.where(a < 0.0, np.maximum(low, limit - outward), low)
    return new_low, new_high


def layer_forms(
    network: ReluNetwork,
    bits: Bool[np.ndarray, "cells units"],
    index: int,
    chart_doubt: tuple[list[float], list[float]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Affine forms of the units of a layer on cells, with bounds of their rounding.

    `chart_doubt` is the rounding of the rows and biases composed with a chart.

    Returns:
        Gradients `(cells, width, dim)`, offsets `(cells, width)`, and per cell a bound
        of the error of every gradient (1-norm) and offset.
    """
    count, dim = len(bits), network.input_dim
    held = {
        0: (np.broadcast_to(np.eye(dim), (count, dim, dim)), np.zeros((count, dim)))
    }
    doubt = {0: np.zeros(count)}
    first = 0
    for layer_index, layer in enumerate(network.hidden[: index + 1]):
        jacobian, offset, error = _affine_step(layer, layer_index, held, doubt)
        rows, bias = chart_doubt
        error = error + rows[layer_index] + bias[layer_index]
        if layer_index == index:
            return jacobian, offset, error
        part = bits[:, first : first + layer.width]
        first += layer.width
        gate = np.where(part, 1.0, layer.slopes)
        held[layer_index + 1] = (gate[..., None] * jacobian, gate * offset)
        size = np.abs(held[layer_index + 1][0]).sum(2).max(1)
        size = np.maximum(size, np.abs(held[layer_index + 1][1]).max(1))
        # What a slope makes of a form may underflow to nothing.
        sloped = (gate != 0.0) & (gate != 1.0)
        lost = np.maximum(np.abs(jacobian).sum(2), np.abs(offset)) * sloped
        doubt[layer_index + 1] = SAFETY * (
            np.abs(gate).max(1) * error + UNIT_ROUNDOFF * size
        ) + _underflow(np.maximum(size, lost.max(1)) + error, dim + 1)
    raise IndexError(index)


def _affine_step(
    layer: Layer,
    index: int,
    held: dict[int, tuple[np.ndarray, np.ndarray]],
    doubt: dict[int, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Affine forms of a layer from those of its sources."""
    jacobian, offset = 0.0, layer.bias
    blocks = layer.blocks(index)
    first_only = len(blocks) == 1 and index == 0
    terms = sum(m.shape[1] for _, m in blocks) + len(blocks) + 1
    error = gamma(terms) * np.abs(layer.bias).max()
    for source, matrix in blocks:
        source_jacobian, source_offset = held[source]
        jacobian = jacobian + matrix @ source_jacobian
        offset = offset + source_offset @ matrix.T
        norm = float(np.abs(matrix).sum(1).max())
        size = np.abs(source_jacobian).sum(2).max(1)
        size = np.maximum(size, np.abs(source_offset).max(1))
        error = error + norm * (doubt[source] + gamma(terms) * size)
        error = error + _underflow(
            size + doubt[source], terms * (jacobian.shape[2] + 1)
        )
    # The first layer's rows are the weights themselves: no rounding at all.
    count = len(held[0][1])
    error = np.zeros(count) if first_only else SAFETY * np.broadcast_to(error, (count,))
    return np.asarray(jacobian), np.broadcast_to(offset, (count, layer.width)), error


def _underflow(size: Float64[np.ndarray, " cells"], products: int) -> np.ndarray:
    """Bound of what underflow adds to the error; products with zero are exact."""
    return np.where(size == 0.0, 0.0, 4 * products * SMALLEST)
