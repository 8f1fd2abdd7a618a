"""A partition of a domain, given by the corners of its leaves and nothing else.

A leaf is the hull of its corners. At all of them each unit has one sign, weakly, so the
network is affine on the leaf. A unit counts as on if it is positive at some corner;
leaves whose units differ have disjoint interiors. Each leaf is cut into simplices by
faces, which never overlap, whatever the corners are; so if all volumes add up to that
of the domain, exactly, nothing is missing, and every leaf is a whole region.
"""

import functools
import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from flint import fmpq, fmpq_mat

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Wrong
from regions.certificates.clipping import exact_sum
from regions.certificates.rationals import Row, dot, exact, numbers, short, walls
from regions.domains.shapes import BoundedDomain

Indices = tuple[int, ...]

CHUNK = 256
"""Corners that are pushed through the network at once."""


class Simplex(NamedTuple):
    """A simplex of a leaf: its corners by number, and its volume in the chart."""

    corners: Indices
    volume: fmpq


class Leaf(NamedTuple):
    """A leaf whose claims were checked.

    Attributes:
        number: Its place in the file.
        on: For each hidden layer which units are on.
        label: The number of the largest output, in a partition by classes; else 0.
        simplices: Simplices that fill the hull of its corners.
    """

    number: int
    on: tuple[tuple[bool, ...], ...]
    label: int
    simplices: tuple[Simplex, ...]


class Partition:
    """A partition; built only if all leaves are what they must be.

    Attributes:
        points: The corners, in the chart.
        outputs: The network's outputs at each of them.
        leaves: The leaves.

    Raises:
        Wrong: If a leaf is none, or they do not fill the domain.
    """

    def __init__(
        self, data: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
    ):
        self._layers, self._walls = layers, walls(domain)
        self.points = [numbers(corner) for corner in data["corners"]]
        self._check_inside()
        self._pre, self.outputs = self._evaluated()
        labels = data.get("labels")
        self.by_class = labels is not None
        self.leaves: list[Leaf] = []
        seen: dict[Any, int] = {}
        for number, corners in enumerate(data["leaves"]):
            label = 0 if labels is None else labels[number]
            leaf = self._leaf(number, tuple(corners), label)
            before = seen.setdefault((leaf.on, label), number)
            if before != number:
                raise Wrong(f"leaf {number} lies in the same region as leaf {before}")
            self.leaves.append(leaf)
        self._check_volume(exact(domain.rational_volume()))

    def _check_inside(self) -> None:
        """Whether all corners lie in the domain."""
        for number, point in enumerate(self.points):
            if len(point) != self._layers.dim:
                raise Wrong(f"corner {number} has {len(point)} coordinates")
            if any(dot(row[:-1], point) > row[-1] for row in self._walls):
                raise Wrong(f"corner {number} lies outside of the domain")

    def _evaluated(self) -> tuple[list[list[Row]], list[Row]]:
        """Pre-activations of each corner, by layer, and its outputs."""
        pre, outputs = [], []
        for start in range(0, len(self.points), CHUNK):
            *hidden, last = self._layers.at_points(self.points[start : start + CHUNK])
            outputs += last
            pre += [list(parts) for parts in zip(*hidden, strict=True)] or [
                [] for _ in last
            ]
        return pre, outputs

    def _leaf(self, number: int, corners: Indices, label: int) -> Leaf:
        """A leaf, with its signs and simplices."""
        if len(set(corners)) != len(corners) or len(corners) <= self._layers.dim:
            raise Wrong(f"leaf {number} has {len(corners)} corners, or one twice")
        if not all(0 <= k < len(self.points) for k in corners):
            raise Wrong(f"leaf {number} has a corner that is none")
        zeros = {k: self._tight(k) for k in corners}
        bit, on = len(self._walls), []
        for layer, slopes in enumerate(self._layers.slopes):
            signs = []
            for unit, slope in enumerate(slopes):
                values = {k: self._pre[k][layer][unit] for k in corners}
                # The zeros of a unit without a kink may run through the leaf.
                if slope != 1:
                    _note_zeros(zeros, values, bit)
                bit += 1
                positive = any(v > 0 for v in values.values())
                if slope != 1 and positive and any(v < 0 for v in values.values()):
                    raise Wrong(
                        f"leaf {number}: unit {unit} of layer {layer} has both signs "
                        "at its corners"
                    )
                signs.append(positive and slope != 1)
            on.append(tuple(signs))
        if self.by_class:
            self._note_class(number, corners, label, zeros, bit)
        simplices = tuple(self._simplices(corners, zeros))
        return Leaf(number, tuple(on), label, simplices)

    def _tight(self, corner: int) -> int:
        """The rows of the domain through a corner, one bit each."""
        point = self.points[corner]
        return sum(
            1 << k
            for k, row in enumerate(self._walls)
            if dot(row[:-1], point) == row[-1]
        )

    def _note_class(
        self, number: int, corners: Indices, label: int, zeros: dict[int, int], bit: int
    ) -> None:
        """Check that an output is the largest on a leaf, the first of equals."""
        count = self._layers.outputs
        if not isinstance(label, int) or not 0 <= label < count:
            raise Wrong(f"leaf {number} has the label {label!r}")
        for other in range(count):
            gaps = {k: self.outputs[k][label] - self.outputs[k][other] for k in corners}
            largest = max(gaps.values())
            if min(gaps.values()) < 0 or (other < label and largest == 0):
                raise Wrong(f"leaf {number}: output {other} is as large as {label}")
            if other != label:
                _note_zeros(zeros, gaps, bit + other)

    def _simplices(self, corners: Indices, zeros: dict[int, int]) -> Iterator[Simplex]:
        """Simplices that fill the hull of some corners, those with volume."""
        for simplex in _filled(corners, zeros, self._layers.dim):
            first = self.points[simplex[0]]
            rows = [
                [a - b for a, b in zip(self.points[k], first, strict=True)]
                for k in simplex[1:]
            ]
            det = fmpq_mat(rows).det() if rows else fmpq(1)
            if det != 0:
                yield Simplex(simplex, abs(det) / _factorial(self._layers.dim))

    def _check_volume(self, volume: fmpq) -> None:
        """Whether the leaves fill the domain."""
        total = exact_sum(s.volume for leaf in self.leaves for s in leaf.simplices)
        if total == volume:
            return
        # The corners of a leaf that a digit moved no longer make a whole region.
        raise Wrong(
            f"the leaves have {short(total / volume)} of the volume of the domain: "
            "some are missing, or not whole"
        )


def _note_zeros(zeros: dict[int, int], values: dict[int, fmpq], bit: int) -> None:
    """Note at which corners a form vanishes."""
    for corner, v in values.items():
        if v == 0:
            zeros[corner] |= 1 << bit


def _filled(face: Indices, zeros: dict[int, int], dim: int) -> Iterator[Indices]:
    """Simplices that fill a face: cones from a corner over facets without it."""
    if len(face) <= dim + 1:
        if len(face) == dim + 1:
            yield face
        return
    apex = face[0]
    for facet in _facets(face, zeros):
        if apex not in facet:
            for simplex in _filled(facet, zeros, dim - 1):
                yield (apex, *simplex)


def _facets(face: Indices, zeros: dict[int, int]) -> list[Indices]:
    """The largest sets of corners of a face at which one more form vanishes."""
    held = [zeros[k] for k in face]
    rest = functools.reduce(operator.or_, held) & ~functools.reduce(operator.and_, held)
    found = set()
    while rest:
        bit = rest & -rest
        rest ^= bit
        found.add(frozenset(k for k in face if zeros[k] & bit))
    return [
        tuple(k for k in face if k in corners)
        for corners in found
        if not any(corners < other for other in found)
    ]


def _factorial(dim: int) -> int:
    """The factorial."""
    return functools.reduce(operator.mul, range(1, dim + 1), 1)


def simplex_mean(values: Sequence[fmpq], degree: int) -> fmpq:
    """The mean over a simplex of a power of a function with these corner values.

    The complete homogeneous symmetric polynomial of the values, over the number of its
    terms.
    """
    sums, terms = [fmpq(1)] + [fmpq(0)] * degree, [1] + [0] * degree
    for value in values:
        for k in range(1, degree + 1):
            sums[k] += value * sums[k - 1]
            terms[k] += terms[k - 1]
    return sums[degree] / terms[degree]
