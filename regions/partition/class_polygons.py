"""Which class a network gives where on a plane, and the boundary between classes.

The class of a point is its largest output. On a region all outputs are affine, so a
class holds a convex piece of it, cut off by lines; nothing is sampled. Corners are
float64.
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from regions.domains.shapes import WholeSpace, check_not_round
from regions.errors.arguments import found as in_words, kinds_checked
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.patterns.halfspaces import affine_pre_activations, halfspaces_batch
from regions.results.region_set import RegionSet

_BATCH = 4096
_OUTLINE = -1
"""Label of an edge that is part of the outline of a region."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class ClassPolygons:
    """The regions of a plane, cut along the decision boundary.

    Attributes:
        polygons: Corners of each piece, counterclockwise, in the domain's chart.
        classes: Class of each piece.
        regions: Region that each piece is part of.
        segments: Straight pieces of the decision boundary, `(start, end)`.
        sides: The two classes that meet at each of them, the lower first.

    Example:
        >>> from regions.domains.shapes import Box
        >>> from regions.enumeration import enumerate_regions
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)  # max(x, 0)
        >>> cut = class_polygons(enumerate_regions(net, Box.cube(2)))
        >>> cut
        ClassPolygons(5 pieces, 1 segments of boundary)
        >>> float(cut.areas()[cut.classes == 0].sum())  # y <= x, or both at most 0
        2.5
    """

    polygons: list[Float64[np.ndarray, "_ 2"]]
    classes: Int64[np.ndarray, " pieces"]
    regions: Int64[np.ndarray, " pieces"]
    segments: Float64[np.ndarray, "segments 2 2"]
    sides: Int64[np.ndarray, "segments 2"]

    def __repr__(self) -> str:
        return (
            f"ClassPolygons({len(self.polygons)} pieces, {len(self.segments)} segments "
            "of boundary)"
        )

    def areas(self) -> Float64[np.ndarray, " pieces"]:
        """Area of each piece, in chart coordinates."""
        return np.array([area(polygon) for polygon in self.polygons])


class _Piece(NamedTuple):
    """A convex polygon; edge i runs from corner i to the next and has a label."""

    corners: np.ndarray
    labels: np.ndarray


@kinds_checked
def class_polygons(
    found: RegionSet, polygons: list[Float64[np.ndarray, "_ 2"]] | None = None
) -> ClassPolygons:
    """Cut every region of a plane along the decision boundary.

    Where outputs are equal the class is the lower one, as with `argmax`.

    Args:
        found: Regions on a two-dimensional domain of a network with several outputs.
        polygons: Corners of each region, counterclockwise; from `region_polygons` by
            default.

    Raises:
        ValueError: If the domain has another dimension, the network one output, or the
            polygons are not those of the regions.

    Example:
        >>> from regions.domains.shapes import Box
        >>> from regions.enumeration import enumerate_regions
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)  # max(x, 0)
        >>> cut = class_polygons(enumerate_regions(net, Box.cube(2)))
        >>> cut.segments.tolist(), cut.sides.tolist()
        ([[[1.0, 1.0], [0.0, 0.0]]], [[0, 1]])
    """
    _require_classes(found)
    if polygons is None:
        polygons = region_polygons(found)
    elif not isinstance(polygons, list) or len(polygons) != len(found):
        raise ValueError(
            f"`polygons` is {in_words(polygons)}: a list of the corners of each of the "
            f"{len(found):,} regions is required."
        )
    pieces, classes, owners, segments, sides = [], [], [], [], []
    for region, values in _corner_outputs(found, polygons):
        check()
        for winner, piece in _cut(polygons[region], *values):
            pieces.append(piece.corners)
            classes.append(winner)
            owners.append(region)
            ends = np.roll(piece.corners, -1, axis=0)
            # The piece on the other side has the same edge: it is taken once.
            for edge in np.flatnonzero(piece.labels > winner):
                segments.append((piece.corners[edge], ends[edge]))
                sides.append((winner, int(piece.labels[edge])))
    return ClassPolygons(
        pieces,
        np.array(classes, np.int64),
        np.array(owners, np.int64),
        np.array(segments, np.float64).reshape(-1, 2, 2),
        np.array(sides, np.int64).reshape(-1, 2),
    )


def region_polygons(found: RegionSet) -> list[Float64[np.ndarray, "_ 2"]]:
    """Corners of each region of a plane, counterclockwise, whatever engine ran.

    Cells have them; for the tree, the domain's outline is cut by each region's rows.
    """
    check_not_round(found.domain)
    if found.domain.dim != 2:
        raise ValueError(
            f"the domain has dimension {found.domain.dim}: a plane is required."
        )
    if found.has_cells:
        return found.polygons()
    outline = _outline(found)
    network = found.domain.restrict(found.network)
    result = []
    for bits in found.pattern_bits():
        check()
        A, b = (rows[0] for rows in halfspaces_batch(network, bits[None]))
        piece = _Piece(outline, np.full(len(outline), _OUTLINE))
        for row, right in zip(A, b, strict=True):
            piece = _clip(piece, right - piece.corners @ row, _OUTLINE)
        result.append(piece.corners)
    return result


def area(polygon: Float64[np.ndarray, "corners 2"]) -> float:
    """Area of a polygon by the shoelace formula; counterclockwise is positive.

    Example:
        >>> area(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]))
        2.0
    """
    x, y = (polygon - polygon[0]).T if len(polygon) else np.zeros((2, 0))
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2.0


def _require_classes(found: RegionSet) -> None:
    """Raise unless there are classes on a plane."""
    check_not_round(found.domain)
    if found.domain.dim != 2:
        raise ValueError(
            f"the domain has dimension {found.domain.dim}: a plane is required."
        )
    if found.network.output_dim < 2:
        raise ValueError(
            "the network has one output: classes need at least two; for a threshold, "
            "add an output that is the threshold."
        )


def _outline(found: RegionSet) -> np.ndarray:
    """Corners of a bounded plane domain, counterclockwise."""
    if isinstance(found.domain, WholeSpace):
        raise ValueError("the whole plane has no outline: put a Box around it.")
    corners = found.domain.corners()
    middle = corners - corners.mean(0)
    return corners[np.argsort(np.arctan2(middle[:, 1], middle[:, 0]))]


def _corner_outputs(
    found: RegionSet, polygons: list[np.ndarray]
) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
    """Each region with its outputs' gradients and offsets in the chart."""
    network: ReluNetwork = found.domain.restrict(found.network)
    for start in range(0, len(found), _BATCH):
        stop = min(start + _BATCH, len(found))
        bits = found.pattern_bits(slice(start, stop))
        jacobian, offset = affine_pre_activations(network, bits)[-1]
        jacobian = np.broadcast_to(jacobian, (stop - start, *jacobian.shape[1:]))
        offset = np.broadcast_to(offset, (stop - start, offset.shape[1]))
        for region in range(start, stop):
            if area(polygons[region]) > 0.0:
                yield region, (jacobian[region - start], offset[region - start])


def _cut(
    polygon: np.ndarray, jacobian: np.ndarray, offset: np.ndarray
) -> Iterator[tuple[int, _Piece]]:
    """The classes that hold a part of a region, and their parts."""
    values = polygon @ jacobian.T + offset
    whole = _Piece(polygon, np.full(len(polygon), _OUTLINE))
    # An affine difference with one sign at all corners has it everywhere.
    first = int(values[0].argmax())
    rivals = np.delete(np.arange(values.shape[1]), first)
    if _loses_everywhere(values, first, rivals).all():
        yield first, whole
        return
    for winner in range(values.shape[1]):
        piece = whole
        for rival in range(values.shape[1]):
            if rival == winner or len(piece.corners) < 3:
                continue
            row, constant = jacobian[winner] - jacobian[rival], offset[winner]
            margins = piece.corners @ row + (constant - offset[rival])
            if rival < winner and not (margins > 0.0).any():
                piece = _Piece(polygon[:0], whole.labels[:0])
            else:
                piece = _clip(piece, margins, rival)
        if len(piece.corners) >= 3 and area(piece.corners) > 0.0:
            yield winner, piece


def _loses_everywhere(
    values: np.ndarray, winner: int, rivals: np.ndarray
) -> Bool[np.ndarray, " rivals"]:
    """Which rivals are nowhere above the winner, nor equal to it on all of a region."""
    margins = values[:, [winner]] - values[:, rivals]
    return (margins >= 0.0).all(0) & ((margins > 0.0).any(0) | (winner < rivals))


def _clip(piece: _Piece, margins: np.ndarray, label: int) -> _Piece:
    """The part of a convex polygon where an affine function is not negative.

    Sutherland and Hodgman's algorithm for one line; the new edge gets `label`.

    Args:
        piece: The polygon.
        margins: The function at its corners.
        label: Label of the new edge.
    """
    inside = margins >= 0.0
    if inside.all():
        return piece
    corners, labels = [], []
    count = len(margins)
    for i in range(count):
        j = (i + 1) % count
        leaves = inside[i] and not inside[j]
        if inside[i]:
            corners.append(piece.corners[i])
            labels.append(label if leaves and margins[i] == 0.0 else piece.labels[i])
        # A line through a corner makes no new one.
        if inside[i] != inside[j] and margins[i] != 0.0 and margins[j] != 0.0:
            share = margins[i] / (margins[i] - margins[j])
            step = piece.corners[j] - piece.corners[i]
            corners.append(piece.corners[i] + share * step)
            # Going out, the next edge runs along the line; coming in, along the old.
            labels.append(label if inside[i] else piece.labels[i])
    return _Piece(
        np.array(corners).reshape(-1, 2), np.array(labels, piece.labels.dtype)
    )
