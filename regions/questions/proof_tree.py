"""The tree of a search: how nodes are split, and why others are closed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flint import fmpq

from regions.questions.backward import Box, Dual
from regions.questions.relaxation import Unit


class Proof(NamedTuple):
    """Why a goal is at most `bound` on a node.

    Attributes:
        bound: The bound; None if the node is empty.
        dual: Multipliers, as `backward.goal_bound` takes them.
        tangents: Slopes of the lower lines of open units.
    """

    bound: fmpq | None
    dual: Dual
    tangents: dict[Unit, fmpq]


class BoxProof(NamedTuple):
    """A goal is at most `bound` on a box, which a checker finds by itself.

    Attributes:
        bound: The bound; None if the box lies outside of a round ball.
    """

    bound: fmpq | None


class Split(NamedTuple):
    """How a node falls in two: by an axis at a number, or by a unit.

    The first part is below, or where the unit is off.

    Attributes:
        axis: The axis; None for a unit.
        at: Where.
        unit: The unit; None for an axis.
        parts: Numbers of the two parts in the tree.
    """

    axis: int | None
    at: fmpq
    unit: Unit | None
    parts: tuple[int, int]


Entry = Split | Proof | BoxProof | None


def pruned(
    tree: Sequence[Entry], earlier: Mapping[int, Proof | BoxProof]
) -> tuple[list[Entry], list[fmpq | None]]:
    """A tree without the parts of nodes whose own proofs are the better ones.

    A part may have a looser bound than the whole had: where its program fails, or was
    stopped.

    Args:
        tree: All nodes.
        earlier: What was proved of nodes before they were split.

    Returns:
        The nodes, and the bound of each; None where it is empty.
    """
    result: list[Entry] = [*tree]
    bounds: list[fmpq | None] = [None] * len(result)
    for number in reversed(range(len(result))):
        entry = result[number]
        if not isinstance(entry, Split):
            bounds[number] = None if entry is None else entry.bound
            continue
        parts = [b for b in map(bounds.__getitem__, entry.parts) if b is not None]
        bounds[number] = most = max(parts, default=None)
        whole = earlier.get(number)
        if whole is None or whole.bound is None or most is None:
            continue
        if whole.bound < most:
            result[number], bounds[number] = whole, whole.bound
    return result, bounds


def middle(box: Box) -> tuple[int, fmpq]:
    """The longest axis, and its middle."""
    widths = [high - low for low, high in zip(box.low, box.high, strict=True)]
    axis = max(range(len(widths)), key=widths.__getitem__)
    return axis, (box.low[axis] + box.high[axis]) / 2


def halves(box: Box, axis: int, at: fmpq) -> tuple[Box, Box]:
    """The parts of a box below and above."""
    below, above = list(box.high), list(box.low)
    below[axis] = above[axis] = at
    return Box(box.low, tuple(below)), Box(tuple(above), box.high)
