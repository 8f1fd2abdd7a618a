"""The arrays of a walk over cells, which grow when the walk asks for room."""

from typing import NamedTuple

import numpy as np

from regions.enumeration.cells.flat import FlatNetwork
from regions.enumeration.cells.form_rows import PAIR_ROWS
from regions.enumeration.cells.plane import (
    COUNT,
    DRAW,
    MOST_CORNERS,
    VALUES,
    begin,
)

NUM_PARTS = 48
"""Parts that there is room for at first."""
QUESTIONS = 1024
"""Signs that are asked for at once, at most."""

CHUNK_BYTES = 1 << 20
"""Size of the regions that are kept before they are taken away, about."""


class State(NamedTuple):
    """All that a walk holds; every array is contiguous and written in place.

    Attributes:
        head: Ends of the stack and numbers, by the names in `plane`.
        parts: The stack, `(parts, 6)`.
        ring_corner: Corners of the parts in cyclic order, part after part.
        ring_row: The row of the edge from each of them to the next.
        unit_list: Units that cross the parts, part after part.
        above: Corners at which they are positive, as sets of slots.
        below: Corners at which they are negative.
        points: Position in s and bound of its error, of all corners.
        rows: The two rows that meet in each corner.
        slots: Its bit in sets of corners.
        forms: Forms of each layer, `(layers, 6, room)`.
        held: Forms of the input and of each layer's activations.
        exact: Whether the forms in `held`, and then those in `forms`, have no error.
        on: Whether each unit of its layer is positive on a part, if decided.
        path: The same for the layers before, on the cell that is walked.
        asked: Unit and corner of the signs asked for.
        answers: Their signs.
        split: Scratch, as are all that follow up to `packed`.
        signs: Signs at new corners.
        unclear: Corners with open signs.
        new: Bits of new corners.
        keep: Corners of both parts.
        side_corner: Rings of both parts.
        side_row: Their rows.
        at_corner: New corner on each edge.
        packed: Packed bits of the layers before each layer, on the cell that is walked.
        found: Packed patterns of regions found.
        inside: A point inside each of them, in the chart.
        ring_sizes: How many corners they have.
        edge_corners: These, in s, with bounds of their errors.
        edge_rows: The row from each to the next.
        live: Scratch: units that are not zero.
        pair: Forms of each layer in pairs, with the rows of `pairs`.
        pair_held: Those of the input and of each layer's activations.
        known: Whether those of each layer are those of the cell that is walked.
        values: Forms of the last layer on the regions found, where they are wanted.
        through: Units that vanish in the origin, on the cell that is walked.
        told: Whether these are known of each layer.
        zero: Scratch: units that vanish at a corner.
    """

    head: np.ndarray
    parts: np.ndarray
    ring_corner: np.ndarray
    ring_row: np.ndarray
    unit_list: np.ndarray
    above: np.ndarray
    below: np.ndarray
    points: np.ndarray
    rows: np.ndarray
    slots: np.ndarray
    forms: np.ndarray
    held: np.ndarray
    exact: np.ndarray
    on: np.ndarray
    path: np.ndarray
    asked: np.ndarray
    answers: np.ndarray
    split: np.ndarray
    signs: np.ndarray
    unclear: np.ndarray
    new: np.ndarray
    keep: np.ndarray
    side_corner: np.ndarray
    side_row: np.ndarray
    at_corner: np.ndarray
    packed: np.ndarray
    found: np.ndarray
    inside: np.ndarray
    ring_sizes: np.ndarray
    edge_corners: np.ndarray
    edge_rows: np.ndarray
    live: np.ndarray
    pair: np.ndarray
    pair_held: np.ndarray
    known: np.ndarray
    values: np.ndarray
    through: np.ndarray
    told: np.ndarray
    zero: np.ndarray

    def copy(self) -> "State":
        """The same walk once more."""
        return State(*(array.copy() for array in self))

    def emptied(self) -> "State":
        """What a walk that is over still tells: its numbers, without the arrays."""
        return State(self.head, *(array[:0].copy() for array in self[1:]))

    def with_room(self) -> "State":
        """The same walk with more room for parts, corners and lists."""
        grown = {}
        for name in GROWING:
            array = getattr(self, name)
            larger = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
            larger[: len(array)] = array
            grown[name] = larger
        return self._replace(**grown)


GROWING = (
    "parts",
    "ring_corner",
    "ring_row",
    "unit_list",
    "above",
    "below",
    "points",
    "rows",
    "slots",
    "on",
)


def initial_state(net: FlatNetwork, wanted: int = COUNT) -> State:
    """One part: the whole domain, at the first layer."""
    depth, room = net.bias.shape
    size = -(-(int(net.bit.max(initial=-1)) + 1) // 8)
    kept = int(net.widths[-1]) if wanted == VALUES else 0
    bytes_each = size + 16 + 48 * kept
    regions = 0 if wanted == COUNT else max(64, min(8192, CHUNK_BYTES // bytes_each))
    edges = 8 * regions if wanted >= DRAW else 0
    around = MOST_CORNERS + 4
    integer = np.int64
    state = State(
        head=np.zeros(16, integer),
        parts=np.zeros((NUM_PARTS, 6), integer),
        ring_corner=np.zeros(16 * NUM_PARTS, integer),
        ring_row=np.zeros(16 * NUM_PARTS, integer),
        # Unsigned: such an index is not looked at for being negative.
        unit_list=np.zeros(4 * room + 8 * NUM_PARTS, np.uint32),
        above=np.zeros(4 * room + 8 * NUM_PARTS, integer),
        below=np.zeros(4 * room + 8 * NUM_PARTS, integer),
        points=np.zeros((8 * NUM_PARTS, 3)),
        rows=np.zeros((8 * NUM_PARTS, 2), integer),
        slots=np.zeros(8 * NUM_PARTS, integer),
        forms=np.zeros((depth, 6, room)),
        held=np.zeros((depth + 1, 6, room)),
        exact=np.zeros(2 * depth + 1, integer),
        on=np.zeros((NUM_PARTS, room), np.uint8),
        path=np.zeros((depth, room), np.uint8),
        asked=np.zeros((QUESTIONS, 2), integer),
        answers=np.zeros(QUESTIONS, integer),
        split=np.zeros((3, room), integer),
        signs=np.zeros((2, room), integer),
        unclear=np.zeros(room, integer),
        new=np.zeros(2, integer),
        keep=np.zeros(2, integer),
        side_corner=np.zeros((2, around), integer),
        side_row=np.zeros((2, around), integer),
        at_corner=np.zeros(around, integer),
        packed=np.zeros((depth, size), np.uint8),
        found=np.zeros((regions, size), np.uint8),
        inside=np.zeros((regions, 2)),
        ring_sizes=np.zeros(regions, integer),
        edge_corners=np.zeros((edges, 3)),
        edge_rows=np.zeros(edges, integer),
        live=np.zeros(room, integer),
        pair=np.zeros((depth, PAIR_ROWS, room)),
        pair_held=np.zeros((depth + 1, PAIR_ROWS, room)),
        known=np.zeros(depth, integer),
        values=np.zeros((regions, 6, kept)),
        through=np.zeros((depth, room), np.uint8),
        told=np.zeros(depth, integer),
        zero=np.zeros((depth, room), np.uint8),
    )
    begin(net, state)
    return state
