"""Networks without biases: every region is a cone, and slices show them all.

Let P be a simplex with the origin in its interior. A region C, an open convex cone
other than the whole space, meets the boundary of P in an open ball of dimension d - 1,
and the relative interior of a face F in nothing or an open ball of dimension dim F. The
Euler characteristic with compact supports of an open k-ball is (-1)^k, and it is
additive over the relatively open faces of P. So each region has

    (-1)^(d-1) = sum over proper faces F of (-1)^(dim F) [C meets the interior of F],

and the number of regions is the sum over F of (-1)^(d-1-dim F) N(F), where N(F) is how
many of them meet the interior of F. On a facet these are the cells of the network
there: the cone over such a cell is open. On a smaller face a cell may lie in the
boundary of regions, where some unit vanishes that does not vanish around it; it does
not count. That is decided in rational arithmetic.

Any polytope around the origin serves. A cube has 3^d - 1 faces and 2d facets, a simplex
2^(d+1) - 2 and d + 1, and no special direction: the slices are in general position
whenever the network is, but for the origin. If one unit alone is active somewhere, the
next layer's units vanish together on its boundary; then the sweep refuses from d = 3 on
(in the plane the slices are segments, and always served) and the tree has to answer.
"""

import dataclasses
import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpq_mat
from jaxtyping import Bool, Float64

from regions.domains.shapes import (
    BoundedDomain,
    Box,
    Domain,
    Segment,
    Simplex,
    WholeSpace,
)
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.line.listing import LineEngine
from regions.enumeration.stages import Stages
from regions.enumeration.sweep.engine import Sweep
from regions.enumeration.tree.homogeneous import are_cones, seen_directions
from regions.errors import NotGenericError
from regions.lp.batch_proofs import prove_witness_batch
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits, unpack_bits
from regions.polytopes.network_rows import NetworkRows
from regions.results.statistics import Statistics
from regions.signs.exact import nearest_float, to_fmpq
from regions.signs.predicate import Predicate

MAX_RANK = 6
"""Above this rank the tree is as fast or faster: the faces are too many.

Counting one generic layer of 14 units in R^7 (8,192 cones) takes 3.0 s by slices and
1.1 s by the tree; 16 units in R^5 (3,882 cones) take 0.33 s and 0.94 s.
"""

SURFACE_SEED = (0xC2B2AE35, 0x27D4EB2F)
PROOF_NUMBERS = 1 << 20
"""Entries of rows held at a time."""

EXACT_CHUNK, EMBEDDED_CHUNK = 32, 256

Point = tuple[Fraction, ...]
LINE, SWEEP = LineEngine(), Sweep()


class _Cells(NamedTuple):
    """Cells of the network on one face of the simplex.

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


class Cones:
    """The engine `cones`: networks without biases, around the origin."""

    name = "cones"
    lists = True

    def refuses(self, task: Task) -> str | None:
        """Networks with biases, domains not around the origin, journals."""
        if not _slices_serve(task.network, task.domain):
            return (
                f"needs a network without biases of rank 2 to {MAX_RANK}, on the whole "
                "space or a Box around the origin: use method='auto'."
            )
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return None

    def suits(self, task: Task) -> str | None:
        """Where the sweep does not serve, or can not."""
        if self.refuses(task) is not None:
            return None
        if "sweep" in task.failed:
            error = task.failed["sweep"]
            return f"no biases, and not in general position: {error}"
        unbounded = isinstance(task.domain, WholeSpace)
        if task.failed or not (unbounded or is_origin_crowded(task.network)):
            return None
        return "the network has no biases"

    def count(self, task: Task) -> Tally:
        """Number of regions.

        It is made of those of all faces of a simplex around the origin, by the formula
        of the module. When the budget is spent, it is the number of those that meet one
        facet: a lower bound.
        """
        network, budget = task.network, task.budget
        if budget.max_regions is not None:
            listing = self.list(task)
            return Tally(len(listing.patterns), listing.complete, listing.stats)
        corners = _surface(network, task.domain)
        rank, total, least = len(corners) - 1, 0, 1
        faces = _faces(rank)
        single, stages = True, Stages()
        filled = FullCones(network)
        for done, face in enumerate(faces):
            vertices = corners[list(face)]
            with stages("faces"):
                number, complete = count_face(network, vertices, rank, filled, budget)
            if len(face) == rank:
                least = max(least, number)
            if not complete or (budget.spent() and done + 1 < len(faces)):
                stats = FaceStats(
                    faces=done, stopped=budget.reason(), **stages.seconds()
                )
                return Tally(least, False, stats)
            single &= number == 1
            total += (-1) ** (rank - len(face)) * number
            task.progress(done + 1, len(faces))
        # One region on all faces is the whole space, whose trace is a sphere, not a
        # ball.
        stats = FaceStats(faces=len(faces), rank=rank, **stages.seconds())
        return Tally(1 if single else total, True, stats)

    def list(self, task: Task) -> Listing:
        """All regions: those that meet the facets of a simplex around the origin."""
        network, domain, budget = task.network, task.domain, task.budget
        corners = _surface(network, domain)
        rank, complete, stages = len(corners) - 1, True, Stages()
        facets = _faces(rank)[: rank + 1]
        found: list[tuple[BoundedDomain, _Cells]] = []
        seen: set[bytes] = set()
        kept: list[np.ndarray] = []
        for done, face in enumerate(facets):
            domain_of_face = _face_domain(corners[list(face)])
            with stages("faces"):
                cells = _list_face(network, domain_of_face, budget)
            keys = [row.tobytes() for row in pack_bits(cells.bits)]
            fresh = [k for k, key in enumerate(keys) if key not in seen]
            seen.update(keys)
            found.append((domain_of_face, cells))
            kept.append(np.array(fresh, np.int64))
            complete &= cells.complete
            task.progress(done + 1, len(facets))
            last = done + 1 == len(facets)
            if not last and (budget.spent() or budget.full(len(seen))):
                complete = False
                break
        with stages("listing"):
            bits, points, exact = _embedded(network, domain, found, kept, budget)
        complete &= len(bits) == len(seen)
        if budget.max_regions is not None and len(bits) > budget.max_regions:
            bits, points = bits[: budget.max_regions], points[: budget.max_regions]
            exact = {k: v for k, v in exact.items() if k < budget.max_regions}
            complete = False
        stats = FaceStats(
            facets=len(kept),
            exact_witnesses=len(exact),
            stopped=None if complete else budget.reason(),
            **stages.seconds(),
        )
        packed = pack_bits(bits[:, network.kinks])
        return Listing(packed, points, exact, complete, stats)


def _slices_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether a simplex around the origin shows all regions, and has few faces."""
    if not are_cones(network, domain):
        return False
    return 2 <= len(seen_directions(network)) <= MAX_RANK


def is_origin_crowded(network: ReluNetwork) -> bool:
    """Whether more units vanish at the origin than a vertex in general position has."""
    first = network.hidden[0]
    return int((first.weight.any(axis=1) & first.kinks).sum()) > network.input_dim


def _surface(
    network: ReluNetwork, domain: Domain
) -> Float64[np.ndarray, "corners dim"]:
    """Corners of a simplex around the origin, in the span of what the layers read.

    The origin lies in its interior up to directions that no layer sees: checked in
    rational arithmetic. In a box the simplex is small enough to lie inside.
    """
    seen = seen_directions(network)
    rank, dim = len(seen), network.input_dim
    rng = np.random.default_rng(SURFACE_SEED)
    spread = 700 // rank
    table = 1024 * np.eye(rank) + rng.integers(-spread, spread + 1, (rank, rank))
    table = np.concatenate([-table.sum(0, keepdims=True), table]) / 4096.0
    if rank == dim:
        corners = table
    else:
        _, shift = np.frexp(np.abs(seen).max(axis=1, keepdims=True))
        corners = table @ np.ldexp(seen, -shift)
    reach = 1.0
    if isinstance(domain, Box):
        reach = float(min(domain.upper.min(), -domain.lower.max()))
    while np.abs(corners).max() >= reach:
        corners = corners / 2.0
    if not _surrounds_origin(seen, corners):
        raise NotGenericError("rounding made the simplex around the origin flat.")
    return corners


def _surrounds_origin(seen: np.ndarray, corners: np.ndarray) -> bool:
    """Whether positive weights of the corners, and no others, sum to nothing seen."""
    dim = corners.shape[1]
    left = fmpq_mat(len(seen), dim, [to_fmpq(float(v)) for v in seen.ravel()])
    right = fmpq_mat(dim, len(corners), [to_fmpq(float(v)) for v in corners.T.ravel()])
    reduced, rank = (left * right).rref()
    if rank < len(seen):
        return False
    # Independent columns become unit vectors, the last one minus the weights.
    unit = all(reduced[k, k] == 1 for k in range(rank))
    return unit and all(reduced[k, rank] < 0 for k in range(rank))


def _faces(rank: int) -> list[tuple[int, ...]]:
    """Corners of the proper faces of a simplex, facets first."""
    return [
        face
        for size in range(rank, 0, -1)
        for face in itertools.combinations(range(rank + 1), size)
    ]


def _face_domain(vertices: np.ndarray) -> BoundedDomain:
    """A face of dimension 1 or more as a domain."""
    if len(vertices) == 2:
        return Segment(vertices[0], vertices[1])
    return Simplex(vertices)


def count_face(
    network: ReluNetwork,
    vertices: Float64[np.ndarray, "corners dim"],
    rank: int,
    filled: "FullCones",
    budget: Budget,
) -> tuple[int, bool]:
    """How many regions meet the interior of a face, and whether that is all."""
    if len(vertices) == 1:
        point = tuple(Fraction(float(v)) for v in vertices[0])
        return int(filled.contain([point]).sum()), True
    domain = _face_domain(vertices)
    if len(vertices) == rank and rank > 2:
        found = SWEEP.count(Task(network, domain, budget))
        return found.count, found.complete
    cells = _list_face(network, domain, budget)
    if len(vertices) == rank:
        return len(cells.bits), cells.complete
    rows = NetworkRows(network, domain)
    open_cells = _strictly_inside(rows, cells.bits, cells.coordinates)
    left = np.flatnonzero(~open_cells)
    points = [_ambient(domain, cells, int(k)) for k in left]
    try:
        open_cells[left] = filled.contain(points, check=budget.check)
    except StoppedError:
        return 0, False
    return int(open_cells.sum()), cells.complete


def _list_face(network: ReluNetwork, domain: BoundedDomain, budget: Budget) -> _Cells:
    """Cells on a face of dimension 1 or more."""
    if domain.dim == 1:
        listing = LINE.list(Task(network, domain, budget))
    else:
        listing = SWEEP.list(Task(network, domain, budget))
    bits = network.unit_patterns(unpack_bits(listing.patterns, network.num_bits))
    return _Cells(bits, listing.coordinates, listing.exact_witnesses, listing.complete)


def _ambient(domain: BoundedDomain, cells: _Cells, cell: int) -> Point:
    """The point of a cell in the input space, exactly."""
    t = cells.exact.get(cell)
    if t is None:
        t = tuple(Fraction(float(v)) for v in cells.coordinates[cell])
    origin, directions = domain.rational_chart()
    return tuple(
        o + sum((a * row[i] for a, row in zip(t, directions, strict=True)), Fraction(0))
        for i, o in enumerate(origin)
    )


def _strictly_inside(
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


class FullCones:
    """Says which points lie strictly inside a region of the whole space, exactly."""

    def __init__(self, network: ReluNetwork):
        self._predicate = Predicate(network, WholeSpace(network.input_dim))
        self._kinks = network.kinks

    def contain(
        self,
        points: list[Point],
        bits: Bool[np.ndarray, "points units"] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Bool[np.ndarray, " points"]:
        """Whether every unit is nonzero at each point, or zero all around it.

        With `bits`, whether the units moreover have these signs. `check` is called
        between points; it may raise to stop.
        """
        inside = np.ones(len(points), bool)
        for start in range(0, len(points), EXACT_CHUNK):
            check()
            part = slice(start, start + EXACT_CHUNK)
            found = self._predicate.signs(points[part])
            inside[part] = found.strict
            if bits is not None:
                same = (found.on == bits[part]) | ~self._kinks
                inside[part] &= same.all(axis=1)
        return inside


def _embedded(
    network: ReluNetwork,
    domain: Domain,
    found: list[tuple[BoundedDomain, _Cells]],
    kept: list[np.ndarray],
    budget: Budget,
) -> tuple[np.ndarray, np.ndarray, dict[int, Point]]:
    """Patterns of the kept cells, and a point of the domain inside each region.

    A float64 point near the facet where one is proved inside, else the exact point.
    Those of the first cells only, once `budget.late()`.
    """
    pairs = list(zip(found, kept, strict=True))
    bits = np.concatenate([cells.bits[some] for (_, cells), some in pairs])
    points = np.concatenate(
        [face.embed(cells.coordinates[some]) for (face, cells), some in pairs]
    )
    sources = [(face, cells, int(k)) for (face, cells), some in pairs for k in some]
    rows, filled = NetworkRows(network, domain), FullCones(network)
    exact: dict[int, Point] = {}
    end = 0
    while end < len(bits) and not (end and budget.late()):
        start, end = end, min(end + EMBEDDED_CHUNK, len(bits))
        part = np.arange(start, end)
        left = part[~_strictly_inside(rows, bits[part], points[part])]
        rational = [tuple(map(Fraction, row)) for row in points[left].tolist()]
        fine = filled.contain(rational, bits[left])
        if isinstance(domain, Box):
            within = (points[left] > domain.lower) & (points[left] < domain.upper)
            fine &= within.all(axis=1)
        for number in left[~fine].tolist():
            exact[number] = _ambient(*sources[number])
            points[number] = [nearest_float(v) for v in exact[number]]
    return bits[:end], points[:end], exact
