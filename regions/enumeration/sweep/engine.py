"""Counting and listing with the sweep: the complex, its proof, and its cells."""

import contextlib
import functools
import math
import threading
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, UInt32

from regions.domains.shapes import BoundedDomain
from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.listing import Listing
from regions.enumeration.sweep.certify import Proof, certify
from regions.enumeration.sweep.chambers import (
    Chamber,
    cut_out,
    estimate_regions,
    plan_chambers,
)
from regions.enumeration.sweep.complex import Complex, RisingEdges
from regions.enumeration.sweep.grow import Progress, sweep
from regions.enumeration.sweep.incidence import build_cells, cell_signs, middle_points
from regions.enumeration.sweep.rows import reused_memory
from regions.enumeration.workers import map_chunks, worker_count
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.packing import sign_words
from regions.signs.exact import nearest_float
from regions.signs.predicate import Predicate, signs as signs_at
from regions.signs.rounding import SAFETY, gamma, is_certain

WITNESS_CHUNK = 2048
FEW = 64
REGION_SECONDS, ENTRY_SECONDS = 1.5e-6, 5e-10
"""Processor seconds per region, about, and per region and entry of a matrix."""
PARALLEL_SECONDS = 0.05
"""Work of less than this is not cut."""
PART_SECONDS = 0.1
"""Parts of less than this are made only to have one for each thread."""
PART_REGIONS = 60_000
"""Regions of a chamber, about: larger ones outgrow the cache."""
ROOM = 1.6
"""Vertices to make room for per region by the estimate."""
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
    polytope, chart = domain.polytope(), domain.restrict(network)
    plan = plan_work(chart, polytope)
    if budget.max_regions is None and plan.parts > 1:
        chambers = plan_chambers(chart, polytope, plan.parts)
        room = plan.room // len(chambers)
        if len(chambers) > 1:
            with contextlib.suppress(NotGenericError):
                return _count_chambers(
                    network, domain, chambers, room, budget, progress
                )
    return _count_part(network, domain, polytope, plan.room, budget, progress)


class Plan(NamedTuple):
    """How to count on a domain.

    Attributes:
        parts: Into how many chambers to cut it; 1 if it is little work.
        room: Vertices to make room for in all; 0 if they will not be many.
    """

    parts: int
    room: int


def plan_work(chart: ReluNetwork, polytope: SimplePolytope) -> Plan:
    """How to count the regions of a network on a polytope."""
    threads = worker_count()
    per_region = REGION_SECONDS + ENTRY_SECONDS * sum(
        matrix.size
        for index, layer in enumerate(chart.hidden)
        for _, matrix in layer.blocks(index)
    )
    # No more regions than of hyperplanes in general position.
    units, dim = sum(chart.widths), polytope.vertices.shape[1]
    if per_region * units**dim < math.factorial(dim) * PARALLEL_SECONDS:
        return Plan(1, 0)
    regions = estimate_regions(chart, polytope)
    seconds, parts = per_region * regions, regions / PART_REGIONS
    if threads > 1 and seconds > PARALLEL_SECONDS:
        # Two parts a thread, at least, where the work is worth it.
        parts = max(parts, threads, min(2.0 * threads, seconds / PART_SECONDS))
    return Plan(math.ceil(parts), int(ROOM * regions))


def _count_chambers(
    network: ReluNetwork,
    domain: BoundedDomain,
    chambers: list[Chamber],
    room: int,
    budget: Budget,
    progress: Progress | None,
) -> tuple[int, bool, dict[str, Any]]:
    """The sum of the counts of all chambers, swept side by side.

    Raises:
        NotGenericError: If a chamber is not in general position.
    """
    polytope, chart = domain.polytope(), domain.restrict(network)
    done, lock = {}, threading.Lock()
    units = sum(network.widths)

    def count(number: int) -> tuple[int, bool, dict[str, Any]]:
        def report(part: int, total: int) -> None:
            with lock:
                done[number] = part
                if progress is not None:
                    progress(sum(done.values()), len(chambers) * total)

        part = cut_out(chart, polytope, chambers[number])
        if part is None:
            report(units, units)
            return 0, True, {}
        if budget.spent() and done:
            return 0, False, {"stopped": budget.reason()}
        return _count_part(network, domain, part, room, budget, report)

    with reused_memory():
        found = map_chunks(count, range(len(chambers)))
    stats: dict[str, Any] = {}
    for _, _, part in found:
        for name, value in part.items():
            old = stats.get(name, 0)
            stats[name] = value if isinstance(value, str) else value + old
    stats["chambers"] = len(chambers)
    complete = all(whole for _, whole, _ in found)
    return sum(number for number, _, _ in found), complete, stats


def _count_part(
    network: ReluNetwork,
    domain: BoundedDomain,
    polytope: SimplePolytope,
    room: int,
    budget: Budget,
    progress: Progress | None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions in a chamber, whether complete, and what it took."""
    swept = _swept(network, domain, polytope, room, budget, progress)
    if isinstance(swept, Listing):
        return len(swept.patterns), False, swept.stats
    proof, rises = swept
    return proof.complex.num_cells(rises), True, _stats(proof)


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
    swept = _swept(network, domain, domain.polytope(), 0, budget, progress)
    if isinstance(swept, Listing):
        return swept
    proof, rises = swept
    rising = proof.complex.rising_edges(rises)
    if budget.full(rising.num_cells() - 1):
        return _found_so_far(network, domain, proof.complex, rising, budget)
    complex_ = proof.complex
    low, uppers = rising.cells()
    signs = cell_signs(complex_, low, uppers)
    points = middle_points(complex_, low, uppers)
    proved = prove_witnesses(network, domain, points, signs)
    exact: dict[int, tuple[Fraction, ...]] = {}
    for region in np.flatnonzero(~proved).tolist():
        corners = [int(low[region]), *map(int, uppers[region])]
        exact[region] = proof.exact_mean(corners)
        points[region] = [nearest_float(v) for v in exact[region]]
    _check_exact_witnesses(network, domain, complex_, exact, signs)
    return Listing(
        complex_.words.pack(signs),
        points,
        exact,
        True,
        {**_stats(proof), "exact_witnesses": len(exact)},
        functools.partial(build_cells, complex_, rising, signs, proof.position_error),
    )


def _check_exact_witnesses(
    network: ReluNetwork,
    domain: BoundedDomain,
    complex_: Complex,
    exact: dict[int, tuple[Fraction, ...]],
    signs: UInt32[np.ndarray, "cells words"],
) -> None:
    """Raise unless rational points have the signs of their cells.

    Raises:
        NotGenericError: If one has others; the proof of the complex rules it out.
    """
    if not exact:
        return
    found = signs_at(network, domain, [*exact.values()])
    claimed = complex_.words.unpack(signs[[*exact]])
    same = (found.on == claimed) | ~network.kinks
    if not (found.strict & same.all(1)).all():
        raise NotGenericError("the mean of a cell's corners has other signs.")


def _swept(
    network: ReluNetwork,
    domain: BoundedDomain,
    polytope: SimplePolytope,
    room: int,
    budget: Budget,
    progress: Progress | None,
) -> tuple[Proof, np.ndarray] | Listing:
    """The proved complex, and which of its edges rise along a random direction.

    Proved regions only, if the budget is spent before that is done.
    """
    # Not a seed that also made the weights: the direction must be level with no edge.
    direction = np.random.default_rng(DIRECTION_SEED).standard_normal(domain.dim)
    # A box may be long and thin: measure heights in units of its sides.
    with np.errstate(all="ignore"):
        scaled = direction / np.ptp(polytope.vertices, axis=0)
    if np.isfinite(scaled).all() and scaled.all():
        direction = scaled
    complex_ = sweep(
        domain.restrict(network),
        polytope,
        room=room,
        progress=progress,
        stop=budget.spent,
    )
    if complex_.complete:
        try:
            proof = certify(complex_, network, domain, polytope, budget.check)
            return proof, proof.ascends(direction)
        except StoppedError:
            pass
    heights = complex_.vertices @ direction
    up = heights[complex_.ends[:, 0]] < heights[complex_.ends[:, 1]]
    rising = complex_.rising_edges(up)
    return _found_so_far(network, domain, complex_, rising, budget)


def _stats(proof: Proof) -> dict[str, Any]:
    """What the sweep and its proof took."""
    return {
        "vertices": len(proof.complex.vertices),
        "edges": len(proof.complex.ends),
        "vertices_proved_sharply": proof.sharp_vertices,
        "vertices_proved_exactly": proof.exact_vertices,
        "edges_compared_exactly": proof.exact_edges,
    }


def prove_witnesses(
    network: ReluNetwork,
    domain: BoundedDomain,
    points: Float64[np.ndarray, "points dim"],
    signs: UInt32[np.ndarray, "points words"],
) -> Bool[np.ndarray, " points"]:
    """Which points lie inside the domain and a region, with signs as claimed, proved.

    A unit that splits nothing may be zero there: if it is, it is so on all of the
    region, and off.
    """
    predicate = Predicate(network, domain)
    proved = np.zeros(len(points), bool)

    def prove(start: int) -> None:
        part = slice(start, start + WITNESS_CHUNK)
        proved[part] = predicate.agree(points[part], signs[part])

    map_chunks(prove, range(0, len(points), WITNESS_CHUNK))
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
    inside = np.ones(len(points), bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for row, end, sums in zip(polytope.A, polytope.b, rounds, strict=True):
            size = np.abs(points) @ np.abs(row) + abs(end)
            error = SAFETY * gamma(domain.dim + 2) * size * sums
            inside &= is_certain(end - points @ row, error)
    return inside


@np.errstate(all="ignore")
def _found_so_far(
    network: ReluNetwork,
    domain: BoundedDomain,
    complex_: Complex,
    rising: RisingEdges,
    budget: Budget,
) -> Listing:
    """Proved regions when the sweep stops early.

    A point of each cell of the units inserted so far, whose signs of all units are
    proved strict, lies in a region of the whole network.
    """
    low, uppers = rising.cells()
    points = middle_points(complex_, low, uppers)[: budget.max_regions]
    points = points[np.isfinite(points).all(1)]
    predicate = Predicate(network, domain)
    chart, limit = domain.restrict(network), 1.25 * budget.seconds + 1.0
    packed = [complex_.words.pack(complex_.signs[:0])]
    kept = [np.zeros(0, np.int64)]
    for start in range(0, len(points), WITNESS_CHUNK):
        part = points[start : start + WITNESS_CHUNK]
        pres = chart.pre_activations(part)[:-1]
        none = np.zeros((len(part), 0), np.uint32)
        signs = np.concatenate([none, *(sign_words(pre) for pre in pres)], axis=1)
        proved = predicate.agree(part, signs, most_exact=FEW)
        inside = np.flatnonzero(proved & inside_domain(part, domain))
        packed.append(complex_.words.pack(signs[inside]))
        kept.append(start + inside)
        if budget.seconds > limit:
            break
    table, first = np.unique(np.concatenate(packed), axis=0, return_index=True)
    chosen = np.concatenate(kept)[first]
    stats = {"vertices": len(complex_.vertices), "stopped": budget.reason()}
    return Listing(table, points[chosen], {}, False, stats)
