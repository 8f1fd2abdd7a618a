"""The whole space in sectors: fast exact counts of generic networks with biases.

Add a coordinate s and multiply every bias by it: the regions of the whole space become
open cones in s > 0. Take a simplex around the origin of s = 0 and an apex with s > 0.
The surface that joins the apex to the boundary of the simplex meets each ray of s > 0
once; its facets are sectors of the whole space that start at one point. The sum of
`open_faces.py` over the faces with the apex counts the regions. In the plane these are
three sectors, three rays between them and one point. Nothing is cut off far away: the
sectors reach to infinity, where s = 0. There a network may not be in general position
though it is in the space: where the active units of a layer have less than full rank,
the next layer's boundaries meet at infinity. Then the sweep refuses, and the tree has
to answer; in the plane that is rare, in space it takes many units a layer.
"""

import math

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import WholeSpace
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.faces.open_faces import (
    simplex_faces,
    simplex_table,
    sum_over_faces,
)
from regions.enumeration.tree.homogeneous import homogenized, seen_directions
from regions.network import ReluNetwork

MAX_DIM = 3
"""Above it the faces are too many, and the tree is as fast."""

SEED = (0x85EBCA6B, 0x510E527F)
APEX_SEED = (0x510E527F, 0x85EBCA6B)


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
        network, dim = task.network, task.network.input_dim
        base, apex = _surface(network)
        faces = [
            np.concatenate([base[list(face)], apex[None]])
            for face in simplex_faces(dim, least=0)
        ]
        found = sum_over_faces(task, homogenized(network), faces, dim + 1)
        if found.total is None:
            return Tally(found.least, False, found.stats)
        return Tally(found.total, True, found.stats)

    def list(self, task: Task) -> Listing:
        """Never called: `lists` is false."""
        raise NotImplementedError


def _surface(
    network: ReluNetwork,
) -> tuple[Float64[np.ndarray, "corners lifted"], Float64[np.ndarray, " lifted"]]:
    """Corners of the simplex in s = 0, and the apex.

    All entries are dyadic rationals of few digits.
    """
    dim = network.input_dim
    table = simplex_table(dim, SEED)
    base = np.concatenate([table, np.zeros((dim + 1, 1))], axis=1)
    # Off the origin, through which layers without biases cut.
    shift = np.random.default_rng(APEX_SEED).integers(1, 512, dim) / 1024.0
    apex = np.append(shift, _bias_unit(network))
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
