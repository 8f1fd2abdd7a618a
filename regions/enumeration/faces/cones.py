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

import itertools
from fractions import Fraction
from typing import Any, NamedTuple

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
from regions.enumeration.budget import Budget
from regions.enumeration.line import cut_line
from regions.enumeration.listing import Listing
from regions.enumeration.sweep.engine import count_generic, list_generic
from regions.enumeration.sweep.grow import Progress
from regions.enumeration.tree.homogeneous import seen_directions
from regions.errors import NotGenericError
from regions.lp.batch_proofs import prove_witness_batch
from regions.network import ReluNetwork
from regions.packing import pack_bits, unpack_bits
from regions.polytopes.network_rows import NetworkRows
from regions.signs.exact import Columns, ExactNetwork, nearest_float, to_fmpq

MAX_RANK = 6
"""Above this rank the tree is as fast or faster: the faces are too many.

Counting one generic layer of 14 units in R^7 (8,192 cones) takes 3.0 s by slices and
1.1 s by the tree; 16 units in R^5 (3,882 cones) take 0.33 s and 0.94 s.
"""

SURFACE_SEED = (0xC2B2AE35, 0x27D4EB2F)
PROOF_NUMBERS = 1 << 20
"""Entries of rows held at a time."""

EXACT_CHUNK = 256

Point = tuple[Fraction, ...]


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


def is_bias_free(network: ReluNetwork) -> bool:
    """Whether the network has hidden layers and all their biases are exactly zero."""
    return bool(network.hidden) and not any(h.bias.any() for h in network.hidden)


def are_cones(network: ReluNetwork, domain: Domain) -> bool:
    """Whether the regions on a domain are those of a fan around the origin.

    They are for a network without biases in the whole space, and in a box with the
    origin in its interior, which every cone meets.
    """
    if isinstance(domain, Box):
        around = bool((domain.lower < 0.0).all() and (domain.upper > 0.0).all())
    else:
        around = isinstance(domain, WholeSpace)
    return around and is_bias_free(network)


def slices_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether `count_cones` and `list_cones` take this network and domain."""
    if not are_cones(network, domain):
        return False
    return 2 <= len(seen_directions(network)) <= MAX_RANK


def is_origin_crowded(network: ReluNetwork) -> bool:
    """Whether more units vanish at the origin than a vertex in general position has."""
    first = network.hidden[0]
    return int((first.weight.any(axis=1) & first.kinks).sum()) > network.input_dim


def count_cones(
    network: ReluNetwork,
    domain: Domain,
    budget: Budget,
    progress: Progress | None = None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions of a network without biases, whether complete, and statistics.

    Counts the cells of every face of a simplex around the origin, by the formula of
    the module. When the budget is spent it gives a lower bound: the regions that meet
    one facet.

    Raises:
        NotGenericError: If the network is not in general position on some face.
    """
    if budget.max_regions is not None:
        listing = list_cones(network, domain, budget, progress)
        return len(listing.patterns), listing.complete, listing.stats
    corners = _surface(network, domain)
    rank, total, least = len(corners) - 1, 0, 0
    faces = _faces(rank)
    single = True
    filled = FullCones(network)
    for done, face in enumerate(faces):
        vertices = corners[list(face)]
        number, complete = count_face(network, vertices, rank, filled, budget)
        if len(face) == rank:
            least = max(least, number)
        if not complete or (budget.spent() and done + 1 < len(faces)):
            return least, False, {"faces": done, "stopped": budget.reason()}
        single &= number == 1
        total += (-1) ** (rank - len(face)) * number
        if progress is not None:
            progress(done + 1, len(faces))
    # One region on all faces is the whole space, whose trace is a sphere, not a ball.
    return 1 if single else total, True, {"faces": len(faces), "rank": rank}


def list_cones(
    network: ReluNetwork,
    domain: Domain,
    budget: Budget,
    progress: Progress | None = None,
) -> Listing:
    """All regions of a network without biases: those that meet the simplex's facets.

    Raises:
        NotGenericError: If the network is not in general position on some facet.
    """
    corners = _surface(network, domain)
    rank, complete = len(corners) - 1, True
    facets = _faces(rank)[: rank + 1]
    found: list[tuple[BoundedDomain, _Cells]] = []
    seen: set[bytes] = set()
    kept: list[np.ndarray] = []
    for done, face in enumerate(facets):
        domain_of_face = _face_domain(corners[list(face)])
        cells = _list_face(network, domain_of_face, budget)
        keys = [row.tobytes() for row in pack_bits(cells.bits)]
        fresh = [k for k, key in enumerate(keys) if key not in seen]
        seen.update(keys)
        found.append((domain_of_face, cells))
        kept.append(np.array(fresh, np.int64))
        complete &= cells.complete
        if progress is not None:
            progress(done + 1, len(facets))
        last = done + 1 == len(facets)
        if not last and (budget.spent() or budget.full(len(seen))):
            complete = False
            break
    bits, points, exact = _embedded(network, domain, found, kept)
    if budget.max_regions is not None and len(bits) > budget.max_regions:
        bits, points = bits[: budget.max_regions], points[: budget.max_regions]
        exact = {k: v for k, v in exact.items() if k < budget.max_regions}
        complete = False
    stats: dict[str, Any] = {"facets": len(kept), "exact_witnesses": len(exact)}
    if not complete:
        stats["stopped"] = budget.reason()
    packed = pack_bits(bits[:, network.kinks])
    return Listing(packed, points, exact, complete, stats)


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
        number, complete, _ = count_generic(network, domain, budget)
        return number, complete
    cells = _list_face(network, domain, budget)
    if len(vertices) == rank:
        return len(cells.bits), cells.complete
    open_cells = _strictly_inside(network, domain, cells.bits, cells.coordinates)
    left = np.flatnonzero(~open_cells)
    points = [_ambient(domain, cells, int(k)) for k in left]
    open_cells[left] = filled.contain(points)
    return int(open_cells.sum()), cells.complete


def _list_face(network: ReluNetwork, domain: BoundedDomain, budget: Budget) -> _Cells:
    """Cells on a face of dimension 1 or more."""
    kinks = network.kinks
    if domain.dim == 1:
        line = cut_line(network, domain)
        middles = line.middles()
        exact = {k: (m,) for k, m in enumerate(middles) if Fraction(float(m)) != m}
        points = np.array([[float(m)] for m in middles])
        return _Cells(line.patterns & kinks, points, exact, True)
    listing = list_generic(network, domain, budget)
    bits = np.zeros((len(listing.patterns), len(kinks)), bool)
    bits[:, kinks] = unpack_bits(listing.patterns, network.num_bits)
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
    network: ReluNetwork,
    domain: Domain,
    bits: Bool[np.ndarray, "cells units"],
    points: Float64[np.ndarray, "cells dim"],
) -> Bool[np.ndarray, " cells"]:
    """Which points are proved to have every unit strictly signed as claimed."""
    rows = NetworkRows(network, domain)
    proved = np.zeros(len(bits), bool)
    step = max(1, PROOF_NUMBERS // max(1, bits.shape[1] * (domain.dim + 1)))
    for start in range(0, len(bits), step):
        part = slice(start, start + step)
        A, b, error = rows.batch(bits[part])
        proved[part] = prove_witness_batch(A, b, points[part], row_error=error)
    return proved


class FullCones:
    """Says which points lie strictly inside a region of the whole space, exactly."""

    def __init__(self, network: ReluNetwork):
        self._exact = ExactNetwork(network, WholeSpace(network.input_dim))
        self._kinks = network.kinks

    def contain(
        self, points: list[Point], bits: Bool[np.ndarray, "points units"] | None = None
    ) -> Bool[np.ndarray, " points"]:
        """Whether every unit is nonzero at each point, or zero all around it.

        With `bits`, whether the units moreover have these signs.
        """
        inside = np.ones(len(points), bool)
        for start in range(0, len(points), EXACT_CHUNK):
            part = slice(start, start + EXACT_CHUNK)
            signs = self._exact.signs(Columns.of_points(points[part])).T
            if bits is not None:
                same = ((signs > 0) == bits[part]) | ~self._kinks
                inside[part] = same.all(axis=1)
            for k in np.flatnonzero(((signs == 0) & self._kinks).any(axis=1)):
                inside[start + k] &= self._vanish_around(signs[k])
        return inside

    def _vanish_around(self, signs: np.ndarray) -> bool:
        """Whether the units that are zero at a point are so in a neighborhood.

        They are if their forms are zero while all of them are taken as off: layer
        after layer, none of them then changes sign nearby.
        """
        forms = self._exact.affine_forms(signs > 0, layers=len(self._exact.widths))
        tied = np.flatnonzero((signs == 0) & self._kinks)
        return not any(any(forms[unit]) for unit in tied.tolist())


def _embedded(
    network: ReluNetwork,
    domain: Domain,
    found: list[tuple[BoundedDomain, _Cells]],
    kept: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, dict[int, Point]]:
    """Patterns of the kept cells, and a point of the domain inside each region.

    A float64 point near the facet where one is proved inside, else the exact point.
    """
    pairs = list(zip(found, kept, strict=True))
    bits = np.concatenate([cells.bits[some] for (_, cells), some in pairs])
    points = np.concatenate(
        [face.embed(cells.coordinates[some]) for (face, cells), some in pairs]
    )
    left = np.flatnonzero(~_strictly_inside(network, domain, bits, points))
    rational = [tuple(map(Fraction, row)) for row in points[left].tolist()]
    fine = FullCones(network).contain(rational, bits[left])
    if isinstance(domain, Box):
        within = (points[left] > domain.lower) & (points[left] < domain.upper)
        fine &= within.all(axis=1)
    unproved = set(left[~fine].tolist())
    sources = [(face, cells, int(k)) for (face, cells), some in pairs for k in some]
    exact = {number: _ambient(*sources[number]) for number in sorted(unproved)}
    for number, point in exact.items():
        points[number] = [nearest_float(v) for v in point]
    return bits, points, exact
