"""Whether two activation regions share a facet, decided on their exact rows."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Bool

from regions.lp.exact_lp import check_witness, interior
from regions.lp.exact_rows import IntegerRow, crossing_point, primitive
from regions.lp.least_distance import nearest_to_origin
from regions.signs.exact import dot, to_fmpq

Wall = tuple[int, ...]
"""A halfspace `a . x <= b` as `(*a, b)` without common factor."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A region as halfspaces, each with the units that have it as their row.

    Attributes:
        walls: Units of each halfspace that bounds the region or is redundant for it.
        domain: Halfspaces of the domain.
        flat: Units that are zero on all of the region.
        inside: A point strictly inside.
    """

    walls: dict[Wall, tuple[int, ...]]
    domain: tuple[Wall, ...]
    flat: Bool[np.ndarray, " units"]
    inside: tuple[Fraction, ...]

    @classmethod
    def of(
        cls, rows: Sequence[IntegerRow], num_units: int, inside: tuple[Fraction, ...]
    ) -> "Side":
        """A region from its integer rows: those of units first, then the domain's."""
        walls: dict[Wall, tuple[int, ...]] = {}
        flat = np.zeros(num_units, bool)
        for unit, row in enumerate(rows[:num_units]):
            if any(row[:-1]):
                wall = tuple(primitive(row))
                walls[wall] = (*walls.get(wall, ()), unit)
            else:
                flat[unit] = row[-1] == 0
        domain = tuple(tuple(primitive(row)) for row in rows[num_units:])
        return cls(walls, domain, flat, inside)


def share_facet(
    first: Side, second: Side, wall: Wall, square: Fraction | None = None
) -> bool:
    """Whether regions on either side of a wall of the first share a facet in it.

    They do if and only if some point of the hyperplane satisfies all other halfspaces
    of both strictly: around it one region is all of this side, the other all of that.

    Args:
        first: A region.
        second: A region that has the opposite of `wall` among its halfspaces.
        wall: A halfspace of the first region.
        square: The squared radius of a ball around 0, in which a point of the facet
            must lie, too; both points inside the regions do.
    """
    opposite = tuple(-v for v in wall)
    others = {*first.walls, *second.walls, *first.domain} - {wall, opposite}
    rows = [list(row) for row in others]
    z = crossing_point(list(wall), first.inside, second.inside)
    if check_witness([r[:-1] for r in rows], [r[-1] for r in rows], z):
        return True
    cut = [_on_hyperplane(row, wall) for row in rows]
    if any(not any(row[:-1]) and row[-1] <= 0 for row in cut):
        return False
    cut = [row for row in cut if any(row[:-1])]
    if cut and interior([row[:-1] for row in cut], [row[-1] for row in cut]).is_empty:
        return False
    if square is None:
        return True
    nearest = nearest_to_origin([*rows, list(wall), list(opposite)], len(wall) - 1)
    return nearest is not None and dot(nearest, nearest) < to_fmpq(square)


def _on_hyperplane(row: IntegerRow, wall: Wall) -> IntegerRow:
    """A row on the wall's hyperplane, in all coordinates but one."""
    pivot = next(k for k, v in enumerate(wall) if v)
    sign = 1 if wall[pivot] > 0 else -1
    return [
        sign * (wall[pivot] * v - row[pivot] * w)
        for k, (v, w) in enumerate(zip(row, wall, strict=True))
        if k != pivot
    ]
