"""Counting and listing with the sweep: the complex, its proof, and its cells."""

import functools
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, UInt32

from regions.domains import BoundedDomain
from regions.enumeration.budget import Budget
from regions.enumeration.certify import ZONOTOPE_CHUNK, Proof, certify
from regions.enumeration.complex import RisingEdges
from regions.enumeration.float_bounds import FloatBounds
from regions.enumeration.incidence import build_cells, cell_signs, middle_points
from regions.enumeration.listing import Listing
from regions.enumeration.sweep import Progress, sign_layout, sweep
from regions.enumeration.workers import workers
from regions.enumeration.zonotope_bounds import ZonotopeBounds
from regions.exact import Columns, ExactNetwork
from regions.network import ReluNetwork

WITNESS_CHUNK = 2048
DIRECTION_SEED = (0x9E3779B9, 0x7F4A7C15)


def count_generic(
    network: ReluNetwork,
    domain: BoundedDomain,
    budget: Budget,
    progress: Progress | None = None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions by the sweep, whether complete, and what it took.

    Raises:
        NotGenericError: If the network is not in general position.
    """
    proof, rising = _swept(network, domain, budget, progress)
    if not proof.complex.complete:
        listing = _found_so_far(network, domain, proof, rising, budget)
        return len(listing.patterns), False, listing.stats
    return rising.num_cells(), True, _stats(proof)


def list_generic(
    network: ReluNetwork,
    domain: BoundedDomain,
    budget: Budget,
    progress: Progress | None = None,
) -> Listing:
    """All regions by the sweep, in a fixed order.

    Raises:
        NotGenericError: If the network is not in general position.
    """
    proof, rising = _swept(network, domain, budget, progress)
    if not proof.complex.complete or budget.full(rising.num_cells() - 1):
        return _found_so_far(network, domain, proof, rising, budget)
    complex_ = proof.complex
    low, uppers = rising.cells()
    signs = cell_signs(complex_, low, uppers)
    points = middle_points(complex_, low, uppers)
    proved = prove_witnesses(network, domain, points, signs, ~complex_.words.keyed)
    exact: dict[int, tuple[Fraction, ...]] = {}
    for region in np.flatnonzero(~proved).tolist():
        corners = [int(low[region]), *map(int, uppers[region])]
        exact[region] = proof.exact_mean(corners)
        points[region] = [float(v) for v in exact[region]]
    return Listing(
        complex_.words.pack(signs),
        points,
        exact,
        True,
        {**_stats(proof), "exact_witnesses": len(exact)},
        functools.partial(build_cells, complex_, rising, signs),
    )


def _swept(
    network: ReluNetwork,
    domain: BoundedDomain,
    budget: Budget,
    progress: Progress | None,
) -> tuple[Proof, RisingEdges]:
    """The proved complex, and its edges along a random direction."""
    polytope = domain.polytope()
    complex_ = sweep(
        domain.restrict(network), polytope, progress=progress, stop=budget.spent
    )
    proof = certify(complex_, network, domain, polytope)
    # Not a seed that also made the weights: the direction must be level with no edge.
    direction = np.random.default_rng(DIRECTION_SEED).standard_normal(domain.dim)
    # A box may be long and thin: measure heights in units of its sides.
    with np.errstate(all="ignore"):
        scaled = direction / np.ptp(polytope.vertices, axis=0)
    if np.isfinite(scaled).all() and scaled.all():
        direction = scaled
    return proof, complex_.rising_edges(proof.ascends(direction))


def _stats(proof: Proof) -> dict[str, Any]:
    """What the sweep and its proof took."""
    return {
        "vertices": len(proof.complex.vertices),
        "edges": len(proof.complex.ends),
        "vertices_proved_by_zonotopes": proof.sharp_vertices,
        "vertices_proved_exactly": proof.exact_vertices,
        "edges_compared_exactly": proof.exact_edges,
    }


def prove_witnesses(
    network: ReluNetwork,
    domain: BoundedDomain,
    points: Float64[np.ndarray, "points dim"],
    signs: UInt32[np.ndarray, "points words"],
    weak: Bool[np.ndarray, " units"],
) -> Bool[np.ndarray, " points"]:
    """Which points lie inside the domain with all signs strictly as claimed, proved.

    A `weak` unit splits nothing: where it is zero at a point inside a region it is zero
    on all of the region, and so off there.
    """
    polytope, layout = domain.polytope(), sign_layout(network)
    bounds = FloatBounds(network, domain, polytope)
    sharper = ZonotopeBounds(network, domain, polytope)
    proved = np.zeros(len(points), bool)

    def prove(start: int) -> None:
        part = np.arange(start, min(start + WITNESS_CHUNK, len(points)))
        proved[part] = bounds.prove_points(points[part], signs[part])
        left = part[~proved[part]] if sharper.available else part[:0]
        for first in range(0, len(left), ZONOTOPE_CHUNK):
            few = left[first : first + ZONOTOPE_CHUNK]
            proved[few], _ = sharper.prove(points[few], layout.unpack(signs[few]))

    with workers() as pool:
        list(pool.map(prove, range(0, len(points), WITNESS_CHUNK)))
    left = np.flatnonzero(~proved & np.isfinite(points).all(1))
    if len(left):
        exact = ExactNetwork(network, domain)
        for start in range(0, len(left), WITNESS_CHUNK):
            part = left[start : start + WITNESS_CHUNK]
            found = exact.signs(Columns.of_floats(points[part])).T
            claimed = layout.unpack(signs[part])
            strict = np.where(claimed, found > 0, found < weak)
            proved[part] = (strict | ~layout.kinks).all(1)
    return proved & inside_domain(points, domain)


def inside_domain(
    points: Float64[np.ndarray, "points dim"], domain: BoundedDomain
) -> Bool[np.ndarray, " points"]:
    """Which points lie strictly inside the domain, proved.

    The mean of corners does, but rounding may move it onto a facet or across.
    """
    polytope = domain.polytope()
    # A coordinate is compared as it is; the sum in a simplex rounds.
    rounds = (polytope.A != 0.0).sum(1) > 1
    doubt = np.where(rounds, 2.0 * domain.dim * np.finfo(float).eps, 0.0)
    with np.errstate(invalid="ignore"):
        inside: np.ndarray = points @ polytope.A.T < polytope.b - doubt
    return np.all(inside, axis=1)


def _found_so_far(
    network: ReluNetwork,
    domain: BoundedDomain,
    proof: Proof,
    rising: RisingEdges,
    budget: Budget,
) -> Listing:
    """Proved regions when the sweep stops early.

    Every region of the units inserted so far holds a point whose pattern of all units
    is strict in exact arithmetic, and so a region of the whole network.
    """
    complex_ = proof.complex
    low, uppers = rising.cells()
    points = middle_points(complex_, low, uppers)[: budget.max_regions]
    points = points[np.isfinite(points).all(1)]
    exact = ExactNetwork(network, domain)
    kinks = complex_.words.kinks
    patterns, kept = [], []
    for start in range(0, len(points), 256):
        columns = Columns.of_floats(points[start : start + 256])
        signs = exact.signs(columns)[kinks].T
        inside = inside_domain(points[start : start + 256], domain)
        strict = np.flatnonzero((signs != 0).all(1) & inside)
        patterns.append(np.packbits(signs[strict] > 0, axis=1, bitorder="little"))
        kept.append(start + strict)
        if budget.interrupted and start:
            break
    table, first = np.unique(np.concatenate(patterns), axis=0, return_index=True)
    chosen = np.concatenate(kept)[first]
    stats = {**_stats(proof), "stopped": budget.reason()}
    return Listing(table, points[chosen], {}, False, stats)
