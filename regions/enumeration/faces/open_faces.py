"""Regions that meet relatively open faces, and the one sum that counts all regions.

A region is an open convex set. With the relative interior of a face it has nothing in
common, or an open ball of the dimension of the face. The Euler characteristic with
compact supports of an open k-ball is (-1)^k, and it is additive over relatively open
faces. So if faces make up a surface, or a body, that each region meets in an open ball
of dimension m, then

    number of regions = sum over faces F of (-1)^(m - dim F) N(F),

where N(F) is how many regions meet the relative interior of F. Cones are counted so on
the boundary of a simplex (`cones.py`), the whole space on a surface that reaches to
infinity (`sectors.py`), and a box on the faces of a grid (`regions.pieces`).

On a face of full dimension, N(F) is the number of cells of the network there. On a
smaller face a cell may lie in the boundary of regions, where some unit vanishes that
does not vanish around it; it does not count. `Interiors` decides that exactly.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import BoundedDomain, Segment, Simplex, WholeSpace
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.engine import Task
from regions.enumeration.line.listing import LineEngine
from regions.enumeration.stages import Stages
from regions.enumeration.sweep.engine import Sweep
from regions.lp.batch_proofs import prove_witness_batch
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.polytopes.network_rows import NetworkRows
from regions.results.statistics import Statistics
from regions.signs.predicate import Predicate, Signs

PROOF_NUMBERS = 1 << 20
"""Entries of rows held at a time."""

EXACT_CHUNK, FLOAT_CHUNK = 32, 8192
"""Rational and float64 points between two questions whether to stop."""

Point = tuple[Fraction, ...]
LINE, SWEEP = LineEngine(), Sweep()


def sign_of(codimension: int) -> int:
    """How the count of a face enters the sum: 1 or -1.

    Args:
        codimension: Dimension of the ball that a region has in common with all faces,
            minus that of the face.

    Example:
        >>> sum(sign_of(codim) * n for codim, n in [(0, 3), (0, 4), (1, 2)])
        5
    """
    return -1 if codimension % 2 else 1


def simplex_table(rank: int, seed: Sequence[int]) -> Float64[np.ndarray, "corners dim"]:
    """Corners of a simplex around the origin, in R^rank, of about unit size.

    All entries are dyadic rationals of few digits. The first corner is minus the sum of
    the others, whose table is dominated by its diagonal: the simplex surrounds the
    origin, and no direction is special.

    Example:
        >>> table = simplex_table(2, [1])
        >>> table.shape, table.sum(axis=0).tolist()
        ((3, 2), [0.0, 0.0])
    """
    rng = np.random.default_rng(seed)
    spread = 700 // rank
    table = 1024 * np.eye(rank) + rng.integers(-spread, spread + 1, (rank, rank))
    return np.concatenate([-table.sum(0, keepdims=True), table]) / 1024.0


def simplex_faces(rank: int, least: int = 1) -> list[tuple[int, ...]]:
    """Corners of the proper faces of a simplex in R^rank, facets first.

    Args:
        rank: The simplex has one corner more.
        least: Corners that a face has at least; with 0 the empty face is there too.

    Example:
        >>> simplex_faces(2)
        [(0, 1), (0, 2), (1, 2), (0,), (1,), (2,)]
    """
    return [
        face
        for size in range(rank, least - 1, -1)
        for face in itertools.combinations(range(rank + 1), size)
    ]


class Interiors:
    """Says which points lie strictly inside a region of the whole space, exactly.

    Args:
        network: The network.

    Example:
        >>> network = ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], None)
        >>> Interiors(network).contain(np.array([[0.5, 0.0], [0.0, 3.0]])).tolist()
        [True, False]
    """

    def __init__(self, network: ReluNetwork):
        self._predicate = Predicate(network, WholeSpace(network.input_dim))
        self._kinks = network.kinks

    def signs(self, points: Sequence[Point] | np.ndarray) -> Signs:
        """Signs of the units, and at which points none vanishes that has a boundary."""
        return self._predicate.signs(points)

    def contain(
        self,
        points: Sequence[Point] | np.ndarray,
        bits: Bool[np.ndarray, "points units"] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Bool[np.ndarray, " points"]:
        """Whether every unit is nonzero at each point, or zero all around it.

        Args:
            points: Rational points, or float64 ones `(points, dim)`.
            bits: If given, whether the units moreover have these signs.
            check: Called between points; it may raise to stop.
        """
        inside = np.ones(len(points), bool)
        step = FLOAT_CHUNK if isinstance(points, np.ndarray) else EXACT_CHUNK
        for start in range(0, len(points), step):
            check()
            part = slice(start, start + step)
            found = self.signs(points[part])
            inside[part] = found.strict
            if bits is not None:
                same = (found.on == bits[part]) | ~self._kinks
                inside[part] &= same.all(axis=1)
        return inside


class FaceCells(NamedTuple):
    """Cells of the network on one face.

    Attributes:
        bits: Patterns, over all hidden units.
        coordinates: A point strictly inside each, in the chart of the face.
        exact: Rational coordinates, where the float64 ones are not proved.
        complete: Whether these are all.
    """

    bits: Bool[np.ndarray, "cells units"]
    coordinates: Float64[np.ndarray, "cells dim"]
    exact: dict[int, Point]
    complete: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceStats(Statistics):
    """What counting on the faces of a simplex or of a cone took.

    Attributes:
        faces: Faces that were counted.
        rank: Dimension of what the layers read.
        facets: Facets whose regions were listed.
        exact_witnesses: Regions whose witness is rational.
        faces_seconds: Time on the faces.
        listing_seconds: Time to put the list together.
    """

    faces: int | None = None
    rank: int | None = None
    facets: int | None = None
    exact_witnesses: int | None = None
    faces_seconds: float | None = None
    listing_seconds: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class FaceSum:
    """Counts of faces, added up as far as there was time.

    Attributes:
        counts: Regions that meet each face counted.
        total: The sum of the module; None if it was stopped before the last face.
        least: Regions that meet one face of full dimension: a lower bound.
        stats: What it took.
    """

    counts: list[int]
    total: int | None
    least: int
    stats: FaceStats


def sum_over_faces(
    task: Task,
    network: ReluNetwork,
    faces: Iterable[np.ndarray],
    rank: int,
) -> FaceSum:
    """The sum over the relatively open faces of a surface of simplices.

    Args:
        task: Whose budget and progress are used.
        network: Whose regions are counted: cones, of a network without biases.
        faces: Corners of each face, `(corners, dim)`; those of full dimension have
            `rank` corners.
        rank: Dimension of the space that the surface surrounds.
    """
    faces, budget, stages = list(faces), task.budget, Stages()
    interiors = Interiors(network)
    counts, total, least = [], 0, 1
    for done, corners in enumerate(faces):
        with stages("faces"):
            number, complete = count_simplex_face(
                network, corners, rank, interiors, budget
            )
        if len(corners) == rank:
            least = max(least, number)
        early = budget.spent() or budget.full(least)
        if not complete or (early and done + 1 < len(faces)):
            why = budget.reason()
            stats = FaceStats(faces=done, stopped=why, **stages.seconds())
            return FaceSum(counts, None, least, stats)
        counts.append(number)
        total += sign_of(rank - len(corners)) * number
        task.progress(done + 1, len(faces))
    stats = FaceStats(faces=len(faces), rank=rank, **stages.seconds())
    return FaceSum(counts, total, least, stats)


def count_simplex_face(
    network: ReluNetwork,
    corners: Float64[np.ndarray, "corners dim"],
    rank: int,
    interiors: Interiors,
    budget: Budget,
) -> tuple[int, bool]:
    """How many regions meet the interior of a face, and whether that is all."""
    if len(corners) == 1:
        point = tuple(Fraction(float(v)) for v in corners[0])
        return int(interiors.contain([point]).sum()), True
    domain = face_domain(corners)
    if len(corners) == rank and rank > 2:
        found = SWEEP.count(Task(network, domain, budget))
        return found.count, found.complete
    cells = list_face(network, domain, budget)
    if len(corners) == rank:
        # The cone over a cell of a facet is open: every one counts.
        return len(cells.bits), cells.complete
    rows = NetworkRows(network, domain)
    open_cells = strictly_inside(rows, cells.bits, cells.coordinates)
    left = np.flatnonzero(~open_cells)
    points = [ambient_point(domain, cells, int(k)) for k in left]
    try:
        open_cells[left] = interiors.contain(points, check=budget.check)
    except StoppedError:
        return 0, False
    return int(open_cells.sum()), cells.complete


def face_domain(corners: Float64[np.ndarray, "corners dim"]) -> BoundedDomain:
    """A face of dimension 1 or more as a domain."""
    if len(corners) == 2:
        return Segment(corners[0], corners[1])
    return Simplex(corners)


def list_face(network: ReluNetwork, domain: BoundedDomain, budget: Budget) -> FaceCells:
    """Cells on a face of dimension 1 or more."""
    engine = LINE if domain.dim == 1 else SWEEP
    listing = engine.list(Task(network, domain, budget))
    bits = network.unit_patterns(unpack_bits(listing.patterns, network.num_bits))
    return FaceCells(
        bits, listing.coordinates, listing.exact_witnesses, listing.complete
    )


def ambient_point(domain: BoundedDomain, cells: FaceCells, cell: int) -> Point:
    """The point of a cell in the input space, exactly."""
    t = cells.exact.get(cell)
    if t is None:
        t = tuple(Fraction(float(v)) for v in cells.coordinates[cell])
    origin, directions = domain.rational_chart()
    return tuple(
        o + sum((a * row[i] for a, row in zip(t, directions, strict=True)), Fraction(0))
        for i, o in enumerate(origin)
    )


def strictly_inside(
    rows: NetworkRows,
    bits: Bool[np.ndarray, "cells units"],
    points: Float64[np.ndarray, "cells dim"],
) -> Bool[np.ndarray, " cells"]:
    """Which points are proved to have every unit strictly signed as claimed."""
    proved = np.zeros(len(bits), bool)
    step = max(1, PROOF_NUMBERS // max(1, bits.shape[1] * points.shape[1]))
    for start in range(0, len(bits), step):
        part = slice(start, start + step)
        A, b, error = rows.batch(bits[part])
        proved[part] = prove_witness_batch(A, b, points[part], row_error=error)
    return proved
