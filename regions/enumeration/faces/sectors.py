"""The whole space in sectors: fast exact counts of generic networks with biases.

Add a coordinate s and multiply every bias by it: the regions of the whole space become
open cones in s > 0. Take a simplex around the origin of s = 0 and an apex with s > 0.
The surface that joins the apex to the boundary of the simplex meets each ray of s > 0
once; its facets are sectors of the whole space that start at one point. A region meets
the relative interior of each face of that surface in nothing or in an open ball, so by
the Euler characteristic with compact supports, as in `regions.enumeration.faces.cones`,

    number of regions = sum over faces F with the apex of (-1)^(d - dim F) N(F)

with N(F) the number of regions that meet the interior of F. In the plane these are
three sectors, three rays between them and one point. Nothing is cut off far away: the
sectors reach to infinity, where s = 0. There a network may not be in general position
though it is in the space: where the active units of a layer have less than full rank,
the next layer's boundaries meet at infinity. Then the sweep refuses, and the tree has
to answer; in the plane that is rare, in space it takes many units a layer.
"""

import itertools
import math

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import WholeSpace
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.faces.cones import FaceStats, FullCones, count_face
from regions.enumeration.stages import Stages
from regions.enumeration.tree.homogeneous import homogenized, seen_directions
from regions.network import ReluNetwork

MAX_DIM = 3
"""Above it the faces are too many, and the tree is as fast."""

SEED = (0x85EBCA6B, 0x510E527F)


class Sectors:
    """The engine `sectors`: counts of generic networks in the whole space."""

    name = "sectors"
    lists = False

    def refuses(self, task: Task) -> str | None:
        """Bounded domains, many dimensions, directions that no layer sees, journals."""
        network, domain = task.network, task.domain
        low = isinstance(domain, WholeSpace) and 2 <= domain.dim <= MAX_DIM
        if not low or not network.hidden or len(seen_directions(network)) < domain.dim:
            return (
                f"needs the whole space of 2 to {MAX_DIM} dimensions, all seen by the "
                "layers: use method='auto'."
            )
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return None

    def suits(self, task: Task) -> str | None:
        """Counts without a limit on their number, which it can only take at its end."""
        limited = task.budget.max_regions is not None
        if limited or task.failed or self.refuses(task) is not None:
            return None
        return "the domain is unbounded, of low dimension"

    def count(self, task: Task) -> Tally:
        """Number of regions in the whole space.

        When the budget is spent, the regions that meet one sector: a lower bound.
        """
        network, budget, stages = task.network, task.budget, Stages()
        lifted, dim = homogenized(network), network.input_dim
        base, apex = _surface(network)
        faces = [
            face
            for size in range(dim, -1, -1)
            for face in itertools.combinations(range(dim + 1), size)
        ]
        filled = FullCones(lifted)
        total, least = 0, 1
        for done, face in enumerate(faces):
            corners = np.concatenate([base[list(face)], apex[None]])
            with stages("faces"):
                number, complete = count_face(lifted, corners, dim + 1, filled, budget)
            if len(face) == dim:
                least = max(least, number)
            early = budget.spent() or budget.full(least)
            if not complete or (early and done + 1 < len(faces)):
                stats = FaceStats(
                    faces=done, stopped=budget.reason(), **stages.seconds()
                )
                return Tally(least, False, stats)
            total += (-1) ** (dim - len(face)) * number
            task.progress(done + 1, len(faces))
        return Tally(total, True, FaceStats(faces=len(faces), **stages.seconds()))

    def list(self, task: Task) -> Listing:
        """Never called: `lists` is false."""
        raise NotImplementedError


def _surface(
    network: ReluNetwork,
) -> tuple[Float64[np.ndarray, "corners lifted"], Float64[np.ndarray, " lifted"]]:
    """Corners of the simplex in s = 0, and the apex.

    All entries are dyadic rationals of few digits. The first corner is minus the sum of
    the others, whose table is dominated by its diagonal: the simplex surrounds the
    origin.
    """
    dim = network.input_dim
    rng = np.random.default_rng(SEED)
    spread = 700 // dim
    table = 1024 * np.eye(dim) + rng.integers(-spread, spread + 1, (dim, dim))
    table = np.concatenate([-table.sum(0, keepdims=True), table]) / 1024.0
    base = np.concatenate([table, np.zeros((dim + 1, 1))], axis=1)
    # Off the origin, through which layers without biases cut.
    apex = np.append(rng.integers(1, 512, dim) / 1024.0, _bias_unit(network))
    return base, apex


def _bias_unit(network: ReluNetwork) -> float:
    """A power of two that makes biases about as large as weights.

    It only puts most vertices at distances of about one from each other, where float64
    bounds prove most of them.
    """
    first = network.hidden[0]
    sizes = np.abs(first.weight).max(axis=1)
    biases = np.abs(first.bias)
    kept = (biases > 0.0) & (sizes > 0.0)
    if not kept.any():
        return 1.0
    ratio = np.log2(sizes[kept]) - np.log2(biases[kept])
    return math.ldexp(1.0, int(np.clip(np.round(np.median(ratio)), -200, 200)))
