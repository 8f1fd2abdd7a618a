"""A radius in norm 1 or 2 that follows from a partition by classes.

Each part of another class lies on the far side of a plane: its normal stands in the
file. One of them holds a point at the distance that is claimed.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Wrong
from regions.certificates.facets import chart_ends
from regions.certificates.partitions import Leaf, Partition
from regions.certificates.rationals import Row, dot, ends, number, numbers
from regions.domains.shapes import BoundedDomain, Box


def check_distance(
    body: dict[str, Any],
    partition: Partition,
    layers: ExactLayers,
    domain: BoundedDomain,
) -> None:
    """Whether the nearest part of another class lies as far as a file says.

    Raises:
        Wrong: If not, or if that is not proved.
    """
    about, value = body["about"], body["value"]
    if not partition.by_class:
        raise Wrong("the leaves are not cut by classes")
    if about["norm"] not in ("1", "2"):
        raise Wrong(f"a list of distances has the norm {about['norm']!r}")
    is_sum, size = about["norm"] == "1", number(about["size"])
    center, witness = numbers(about["center"]), numbers(about["witness"])
    _check_reach(center, size, domain, is_sum)
    normals = body["partition"]["normals"]
    others = [leaf for leaf in partition.leaves if _exceeds(leaf, about, partition)]
    for leaf in others:
        away = [_minus(partition.points[k], center) for k in leaf.corners]
        normal = numbers(normals[leaf.number])
        if not _lies_far(away, normal, size, is_sum):
            raise Wrong(f"leaf {leaf.number} is not proved to lie so far")
    moves = _minus(witness, center)
    far = sum(map(abs, moves), fmpq(0)) if is_sum else dot(moves, moves)
    if far != size:
        raise Wrong("the witness lies at another distance")
    *hidden, outputs = (rows[0] for rows in layers.at_points([witness]))
    if not any(_holds(leaf, hidden, outputs, layers) for leaf in others):
        raise Wrong("the witness lies in no leaf of another class")
    low, high = ends(value)
    right = (
        low == high == size if is_sum else low >= 0 and low * low <= size <= high * high
    )
    if not right:
        raise Wrong("the answer is another distance")


def _exceeds(leaf: Leaf, about: dict[str, Any], partition: Partition) -> bool:
    """Whether another output exceeds that of the class somewhere on a leaf."""
    at = [partition.outputs[k] for k in leaf.corners]
    return any(outputs[leaf.label] > outputs[about["label"]] for outputs in at)


def _check_reach(center: Row, size: fmpq, domain: BoundedDomain, is_sum: bool) -> None:
    """Raise unless the domain is a box that holds the ball."""
    if not isinstance(domain, Box):
        raise Wrong("the domain is no box around the center")
    low, high = chart_ends(domain)
    for gap in (*_minus(center, low), *_minus(high, center)):
        if gap < 0 or (gap if is_sum else gap * gap) < size:
            raise Wrong("the partition does not reach as far as the radius")


def _lies_far(away: Sequence[Row], normal: Row, size: fmpq, is_sum: bool) -> bool:
    """Whether a normal proves that all points lie as far from 0."""
    if len(normal) != len(away[0]):
        raise Wrong(f"a normal has {len(normal)} entries")
    least = min(dot(normal, point) for point in away)
    if is_sum:
        return all(abs(v) <= 1 for v in normal) and least >= size
    square = dot(normal, normal)
    return size == 0 or (square > 0 <= least and least * least >= size * square)


def _holds(leaf: Leaf, hidden: list[Row], outputs: Row, layers: ExactLayers) -> bool:
    """Whether a point, by its pre-activations and outputs, lies in a leaf.

    Leaves are whole regions: their signs, and the largest output, say all.
    """
    for values, on, slopes in zip(hidden, leaf.on, layers.slopes, strict=True):
        for v, is_on, slope in zip(values, on, slopes, strict=True):
            if slope != 1 and (v < 0 if is_on else v > 0):
                return False
    return outputs[leaf.label] == max(outputs)


def _minus(a: Sequence[fmpq], b: Sequence[fmpq]) -> Row:
    """The difference of two points."""
    return [x - y for x, y in zip(a, b, strict=True)]
