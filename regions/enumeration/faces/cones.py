"""Networks without biases: every region is a cone, and slices show them all.

Let P be a simplex with the origin in its interior. A region C, an open convex cone
other than the whole space, meets the boundary of P in an open ball of dimension d - 1,
so that the sum over the faces of P in `open_faces.py` counts the regions. On a facet
they are the cells of the network there: the cone over such a cell is open.

Any polytope around the origin serves. A cube has 3^d - 1 faces and 2d facets, a simplex
2^(d+1) - 2 and d + 1, and no special direction: the slices are in general position
whenever the network is, but for the origin. If one unit alone is active somewhere, the
next layer's units vanish together on its boundary; then the sweep refuses from d = 3 on
(in the plane the slices are segments, and always served) and the tree has to answer.
"""

from fractions import Fraction

import numpy as np
from flint import fmpq_mat
from jaxtyping import Float64

from regions.domains.shapes import BoundedDomain, Box, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.faces.open_faces import (
    FaceCells,
    FaceStats,
    Interiors,
    Point,
    ambient_point,
    face_domain,
    list_face,
    simplex_faces,
    simplex_table,
    strictly_inside,
    sum_over_faces,
)
from regions.enumeration.stages import Stages
from regions.enumeration.tree.homogeneous import are_cones, seen_directions
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.polytopes.network_rows import NetworkRows
from regions.signs.exact import nearest_float, to_fmpq

MAX_RANK = 6
"""Above this rank the tree is as fast or faster: the faces are too many.

Counting one generic layer of 14 units in R^7 (8,192 cones) takes 3.0 s by slices and
1.1 s by the tree; 16 units in R^5 (3,882 cones) take 0.33 s and 0.94 s.
"""

SURFACE_SEED = (0xC2B2AE35, 0x27D4EB2F)
EMBEDDED_CHUNK = 256
"""Regions between two questions whether to stop."""


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

        It is made of those of all faces of a simplex around the origin. When the budget
        is spent, it is the number of those that meet one facet: a lower bound.
        """
        network = task.network
        if task.budget.max_regions is not None:
            listing = self.list(task)
            return Tally(len(listing.patterns), listing.complete, listing.stats)
        corners = _surface(network, task.domain)
        rank = len(corners) - 1
        faces = [corners[list(face)] for face in simplex_faces(rank)]
        found = sum_over_faces(task, network, faces, rank)
        if found.total is None:
            return Tally(found.least, False, found.stats)
        # One region on all faces is the whole space, whose trace is a sphere, not a
        # ball.
        single = all(number == 1 for number in found.counts)
        return Tally(1 if single else found.total, True, found.stats)

    def list(self, task: Task) -> Listing:
        """All regions: those that meet the facets of a simplex around the origin."""
        network, domain, budget = task.network, task.domain, task.budget
        corners = _surface(network, domain)
        rank, complete, stages = len(corners) - 1, True, Stages()
        facets = simplex_faces(rank)[: rank + 1]
        found: list[tuple[BoundedDomain, FaceCells]] = []
        seen: set[bytes] = set()
        kept: list[np.ndarray] = []
        for done, face in enumerate(facets):
            domain_of_face = face_domain(corners[list(face)])
            with stages("faces"):
                cells = list_face(network, domain_of_face, budget)
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
    table = simplex_table(rank, SURFACE_SEED) / 4.0
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


def _embedded(
    network: ReluNetwork,
    domain: Domain,
    found: list[tuple[BoundedDomain, FaceCells]],
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
    rows, interiors = NetworkRows(network, domain), Interiors(network)
    exact: dict[int, Point] = {}
    end = 0
    while end < len(bits) and not (end and budget.late()):
        start, end = end, min(end + EMBEDDED_CHUNK, len(bits))
        part = np.arange(start, end)
        left = part[~strictly_inside(rows, bits[part], points[part])]
        rational = [tuple(map(Fraction, row)) for row in points[left].tolist()]
        fine = interiors.contain(rational, bits[left])
        if isinstance(domain, Box):
            within = (points[left] > domain.lower) & (points[left] < domain.upper)
            fine &= within.all(axis=1)
        for number in left[~fine].tolist():
            exact[number] = ambient_point(*sources[number])
            points[number] = [nearest_float(v) for v in exact[number]]
    return bits[:end], points[:end], exact
