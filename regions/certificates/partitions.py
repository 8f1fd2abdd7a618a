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

import numpy as np
from flint import fmpq, fmpz, fmpz_mat
from jaxtyping import Bool

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Wrong
from regions.certificates.clipping import exact_sum
from regions.certificates.face_to_face import fill_face_to_face
from regions.certificates.integer_points import IntegerPoints, Scaled
from regions.certificates.rationals import Row, exact, numbers, short, walls
from regions.domains.shapes import BoundedDomain
from regions.patterns.names import unit_name

Indices = tuple[int, ...]

CHUNK = 256
"""Corners that are pushed through the network at once."""


class Simplex(NamedTuple):
    """A simplex of a leaf: its corners by number, and its volume in the chart."""

    corners: Indices
    volume: fmpq


class _Marks(NamedTuple):
    """Signs at a corner: of the rows of the domain, then of units, one bit each.

    Attributes:
        zeros: Which vanish.
        positive: Which units are positive,
        negative: and which negative.
    """

    zeros: int
    positive: int
    negative: int


class Leaf(NamedTuple):
    """A leaf whose claims were checked.

    Attributes:
        number: Its place in the file.
        gates: Which hidden units are on, one bit each.
        widths: Of the hidden layers.
        label: The number of the largest output, in a partition by classes; else 0.
        corners: Its corners, by number, sorted.
    """

    number: int
    gates: int
    widths: tuple[int, ...]
    label: int
    corners: Indices

    @property
    def on(self) -> tuple[tuple[bool, ...], ...]:
        """For each hidden layer which units are on; False for units of slope 1."""
        rest, layers = self.gates, []
        for width in self.widths:
            layers.append(tuple(bool(rest >> k & 1) for k in range(width)))
            rest >>= width
        return tuple(layers)


class Partition:
    """A partition; built only if all leaves are what they must be.

    Args:
        data: What stands in the file.
        layers: The network in the chart of the domain.
        domain: The domain.
        whole: Whether the leaves must fill it; else they are some parts that do not
            overlap.

    Attributes:
        points: The corners, in the chart.
        outputs: The network's outputs at each of them.
        leaves: The leaves.

    Raises:
        Wrong: If a leaf is none, or they do not fill the domain.
    """

    def __init__(
        self,
        data: dict[str, Any],
        layers: ExactLayers,
        domain: BoundedDomain,
        whole: bool = True,
    ):
        self._layers, self._walls = layers, walls(domain)
        self.points = [numbers(corner) for corner in data["corners"]]
        self._places = [self._homogeneous(k) for k in range(len(self.points))]
        self._marks, self.outputs = self._evaluated(self._tight())
        labels = data.get("labels")
        self.by_class = labels is not None
        self._widths = tuple(len(slopes) for slopes in layers.slopes)
        self._units = [(k, j) for k, n in enumerate(self._widths) for j in range(n)]
        self._faces: dict[int, _Faces] = {}
        self._simplices: dict[int, list[Simplex]] = {}
        self.leaves: list[Leaf] = []
        seen: dict[Any, int] = {}
        for number, corners in enumerate(data["leaves"]):
            label = 0 if labels is None else labels[number]
            leaf = self._leaf(number, tuple(corners), label)
            before = seen.setdefault((leaf.gates, label), number)
            if before != number:
                raise Wrong(f"leaf {number} lies in the same region as leaf {before}")
            self.leaves.append(leaf)
        if whole and not self._fills_face_to_face():
            self._check_volume(exact(domain.rational_volume()))

    def _homogeneous(self, corner: int) -> list[fmpz]:
        """A corner as integers: (t w, w) with w > 0."""
        point = self.points[corner]
        if len(point) != self._layers.dim:
            raise Wrong(f"corner {corner} has {len(point)} coordinates")
        return _integers([*point, fmpq(1)])

    def _tight(self) -> list[int]:
        """The rows of the domain through each corner, one bit each; none is beyond."""
        if not (self._places and self._walls):
            return [0] * len(self._places)
        rows = [_integers([*row[:-1], -row[-1]]) for row in self._walls]
        beyond = fmpz_mat(self._places) * fmpz_mat(rows).transpose()
        tight = []
        for number, values in enumerate(beyond.tolist()):
            if any(v > 0 for v in values):
                raise Wrong(f"corner {number} lies outside of the domain")
            tight.append(sum(1 << k for k, v in enumerate(values) if v == 0))
        return tight

    def _evaluated(self, tight: list[int]) -> tuple[list[_Marks], list[Row]]:
        """Signs of rows and units at each corner, and its outputs."""
        marks, outputs = [], []
        integers = IntegerPoints(self._layers)
        for start in range(0, len(self.points), CHUNK):
            places = self._places[start : start + CHUNK]
            *hidden, last = integers.at_places(places)
            marks += self._marked(tight[start : start + CHUNK], hidden)
            for place, values in zip(places, zip(*last.rows, strict=True), strict=True):
                bottom = place[-1] * last.scale
                outputs.append([fmpq(v, bottom) for v in values])
        return marks, outputs

    def _marked(self, tight: list[int], hidden: list[Scaled]) -> Iterator[_Marks]:
        """Signs at some corners; units without a kink have none."""
        # The zeros of a unit without a kink may run through a leaf.
        kinks = [s != 1 for slopes in self._layers.slopes for s in slopes]
        rows = [row for layer in hidden for row in layer.rows]
        shape = len(rows), len(tight)
        positive = np.array([[v > 0 for v in row] for row in rows], bool).reshape(shape)
        negative = np.array([[v < 0 for v in row] for row in rows], bool).reshape(shape)
        kinked = np.array(kinks, bool)[:, None]
        every = _packed((~positive & ~negative) & kinked, len(self._walls))
        pairs = zip(tight, every, strict=True)
        return map(
            _Marks,
            [walls | zeros for walls, zeros in pairs],
            _packed(positive & kinked, len(self._walls)),
            _packed(negative & kinked, len(self._walls)),
        )

    def _leaf(self, number: int, corners: Indices, label: int) -> Leaf:
        """A leaf, with its signs and simplices."""
        if len(set(corners)) != len(corners) or len(corners) <= self._layers.dim:
            raise Wrong(f"leaf {number} has {len(corners)} corners, or one twice")
        if not all(0 <= k < len(self.points) for k in corners):
            raise Wrong(f"leaf {number} has a corner that is none")
        marks = [self._marks[k] for k in corners]
        positive = functools.reduce(operator.or_, (m.positive for m in marks))
        both = positive & functools.reduce(operator.or_, (m.negative for m in marks))
        if both:
            unit = self._units[(both & -both).bit_length() - 1 - len(self._walls)]
            raise Wrong(
                f"leaf {number}: {unit_name(unit)} has both signs at its corners"
            )
        faces = self._faces.setdefault(label, _Faces())
        for k in corners:
            faces.zeros.setdefault(k, self._marks[k].zeros)
        if self.by_class:
            self._note_class(number, corners, label, faces.zeros)
        # Faces that leaves share have one order in all of them, and are cut once.
        on = positive >> len(self._walls)
        return Leaf(number, on, self._widths, label, tuple(sorted(corners)))

    def _note_class(
        self, number: int, corners: Indices, label: int, zeros: dict[int, int]
    ) -> None:
        """Check that an output is the largest on a leaf, the first of equals."""
        count, bit = self._layers.outputs, 1 << len(self._walls) + len(self._units)
        if not isinstance(label, int) or not 0 <= label < count:
            raise Wrong(f"leaf {number} has the label {label!r}")
        for other in range(count):
            gaps = {k: self.outputs[k][label] - self.outputs[k][other] for k in corners}
            largest = max(gaps.values())
            if min(gaps.values()) < 0 or (other < label and largest == 0):
                raise Wrong(f"leaf {number}: output {other} is as large as {label}")
            for corner, v in gaps.items():
                if other != label and v == 0:
                    zeros[corner] |= bit << other

    def simplices(self, leaf: Leaf) -> list[Simplex]:
        """Simplices that fill the hull of a leaf's corners, those with volume."""
        found = self._simplices.get(leaf.number)
        if found is None:
            found = self._simplices[leaf.number] = [*self._cut(leaf)]
        return found

    def _cut(self, leaf: Leaf) -> Iterator[Simplex]:
        """The same, found now."""
        scale = _factorial(self._layers.dim)
        faces = self._faces[leaf.label]
        for simplex in faces.filled(leaf.corners, self._layers.dim):
            rows = [self._places[k] for k in simplex]
            det = fmpz_mat(rows).det()
            if det != 0:
                bottom = functools.reduce(operator.mul, (row[-1] for row in rows))
                yield Simplex(simplex, fmpq(abs(det), scale * bottom))

    def volume(self) -> fmpq:
        """That of all leaves together, in the chart."""
        return exact_sum(s.volume for leaf in self.leaves for s in self.simplices(leaf))

    def _fills_face_to_face(self) -> bool:
        """Whether facets show that the leaves fill the domain."""
        leaves = (
            (leaf.corners, [self._faces[leaf.label].zeros[k] for k in leaf.corners])
            for leaf in self.leaves
        )
        return fill_face_to_face(leaves, self._layers.dim, len(self._walls))

    def _check_volume(self, volume: fmpq) -> None:
        """Whether the leaves fill the domain."""
        total = self.volume()
        if total == volume:
            return
        # The corners of a leaf that a digit moved no longer make a whole region.
        raise Wrong(
            f"the leaves have {short(total / volume)} of the volume of the domain: "
            "some are missing, or not whole"
        )


class _Faces:
    """Faces of leaves and the simplices that fill them, each found once.

    Attributes:
        zeros: For each corner the forms that vanish there, one bit each.
    """

    def __init__(self) -> None:
        self.zeros: dict[int, int] = {}
        self._filled: dict[Indices, list[Indices]] = {}

    def filled(self, face: Indices, dim: int) -> list[Indices]:
        """Simplices that fill a face: cones from a corner over facets without it."""
        if len(face) <= dim + 1:
            return [face] if len(face) == dim + 1 else []
        found = self._filled.get(face)
        if found is None:
            found = self._filled[face] = [
                (face[0], *simplex)
                for facet in self._facets(face)
                if face[0] not in facet
                for simplex in self.filled(facet, dim - 1)
            ]
        return found

    def _facets(self, face: Indices) -> list[Indices]:
        """The largest sets of corners of a face at which one more form vanishes."""
        held = [self.zeros[k] for k in face]
        every = functools.reduce(operator.and_, held)
        rest = functools.reduce(operator.or_, held) & ~every
        found = set()
        while rest:
            bit = rest & -rest
            rest ^= bit
            # Which corners of the face, one bit each.
            found.add(sum(1 << k for k, zeros in enumerate(held) if zeros & bit))
        return [
            tuple(k for place, k in enumerate(face) if corners >> place & 1)
            for corners in found
            if not any(corners & other == corners != other for other in found)
        ]


def _packed(signs: Bool[np.ndarray, "units points"], before: int) -> list[int]:
    """For each point its column as bits, behind so many others."""
    packed = np.packbits(signs.T, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") << before for row in packed]


def _integers(row: Row) -> list[fmpz]:
    """A positive multiple of a row whose entries are integers."""
    bottom = functools.reduce(lambda held, v: held.lcm(v.q), row, fmpz(1))
    return [(v * bottom).p for v in row]


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
