"""Counting and listing with the sweep: the complex, its proof, and its cells."""

import contextlib
import dataclasses
import functools
import threading
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, UInt32

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.found import regions_at
from regions.enumeration.reused_memory import reused_memory
from regions.enumeration.stages import Stages
from regions.enumeration.sweep import loading
from regions.enumeration.sweep.certify import Proof, certify
from regions.enumeration.sweep.chambers import (
    Chamber,
    cut_out,
    plan_chambers,
)
from regions.enumeration.sweep.complex import Complex, RisingEdges
from regions.enumeration.sweep.grow import sweep
from regions.enumeration.sweep.incidence import build_cells, cell_signs, middle_points
from regions.enumeration.sweep.work import plain_seconds, plan_work
from regions.enumeration.workers import map_chunks
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.results.statistics import Statistics
from regions.signs.exact import nearest_float
from regions.signs.inside import inside_domain
from regions.signs.predicate import Predicate, signs as signs_at

MAX_SWEEP_DIM = 8
"""Above this a box has too many corners for the sweep to be the faster engine."""
WITNESS_CHUNK = 512
EXACT_CHUNK = 16
COPIES = 4
"""How often numbers of a region are held at a time while regions are listed, about."""
VERTICES_EACH, FEW_VERTICES = 4, 256
"""Vertices to make for each region, before looking whether these are enough."""
MOST_LOWEST = 1 << 14
"""Lowest vertices to look for cells at when a run is stopped."""
MOST_PARTS, FEW_PARTS = 4096, 256
"""Chambers at most, also where time is limited: to plan more takes too long."""
MOST_ROOM = 1 << 20
"""Vertices to make room for at most: an estimate may be of any size."""
DIRECTION_SEED = (0x9E3779B9, 0x7F4A7C15)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepStats(Statistics):
    """What a sweep did.

    Attributes:
        vertices: Vertices of the complex.
        edges: Its edges.
        vertices_proved_sharply: Vertices whose signs needed zonotope bounds.
        vertices_proved_exactly: Vertices whose signs needed rational arithmetic.
        edges_compared_exactly: Edges whose direction needed it.
        exact_witnesses: Regions whose witness is rational.
        chambers: Parts into which the domain was cut.
        sweep_seconds: Time to make the complex; of chambers swept side by side the sum,
            as of the other stages.
        proof_seconds: Time to prove its signs.
        heights_seconds: Time to find which edges rise.
        listing_seconds: Time to make patterns and witnesses, and to prove these.
    """

    vertices: int = 0
    edges: int | None = None
    vertices_proved_sharply: int | None = None
    vertices_proved_exactly: int | None = None
    edges_compared_exactly: int | None = None
    exact_witnesses: int | None = None
    chambers: int | None = None
    sweep_seconds: float | None = None
    proof_seconds: float | None = None
    heights_seconds: float | None = None
    listing_seconds: float | None = None


class Sweep:
    """The engine `sweep`: networks in general position on bounded domains."""

    name = "sweep"
    lists = True

    def refuses(self, task: Task) -> str | None:
        """Unbounded domains, and journals."""
        if isinstance(task.domain, WholeSpace) or not task.domain.is_simple:
            return "needs a simple bounded domain: use method='tree' or a Box."
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return None

    def suits(self, task: Task) -> str | None:
        """Bounded domains of low dimension."""
        low = task.domain.dim <= MAX_SWEEP_DIM
        # Cells that have too many corners say nothing of general position.
        refused = task.failed.keys() - {"cells"}
        if self.refuses(task) is not None or refused or not low:
            return None
        return "the domain is bounded and of low dimension"

    def count(self, task: Task) -> Tally:
        """Number of regions, in chambers where it is much work."""
        network, domain = task.network, _bounded(task.domain)
        polytope, chart = domain.polytope(), domain.restrict(network)
        plan = plan_work(chart, polytope)
        loading.load("insertion", ahead=plan.plain_seconds)
        if task.budget.max_regions is None and plan.parts > 1:
            try:
                limited = task.budget.max_seconds is not None
                parts = min(plan.parts, FEW_PARTS if limited else MOST_PARTS)
                chambers = plan_chambers(chart, polytope, parts, task.budget.check)
            except StoppedError:
                stopped = task.budget.reason()
                return Tally(1, False, SweepStats(stopped=stopped))
            room = min(plan.room // len(chambers), MOST_ROOM)
            if len(chambers) > 1:
                with contextlib.suppress(NotGenericError):
                    return _count_chambers(task, chambers, room)
        return _count_part(task, polytope, min(plan.room, MOST_ROOM))

    def list(self, task: Task) -> Listing:
        """All regions, in a fixed order."""
        stages, domain = Stages(), _bounded(task.domain)
        ahead = plain_seconds(task.network, domain, task.budget.max_regions)
        loading.load("insertion", ahead=ahead)
        found = swept(task, domain.polytope(), 0, stages)
        if isinstance(found, Listing):
            return found
        try:
            with stages("listing"):
                return _list_all(task, *found, stages)
        except StoppedError:
            proof, _ = found
            return _found_so_far(task, proof.complex, stages)


def _bounded(domain: Domain) -> BoundedDomain:
    """The domain, which is none that the engine refuses."""
    assert not isinstance(domain, WholeSpace)
    return domain


def _count_chambers(task: Task, chambers: list[Chamber], room: int) -> Tally:
    """The sum of the counts of all chambers, swept side by side.

    Raises:
        NotGenericError: If a chamber is not in general position.
    """
    network, domain, budget = task.network, _bounded(task.domain), task.budget
    polytope, chart = domain.polytope(), domain.restrict(network)
    done, lock = {}, threading.Lock()
    units = sum(network.widths)

    def count(number: int) -> Tally:
        def report(part: int, total: int) -> None:
            with lock:
                done[number] = part
                task.progress(sum(done.values()), len(chambers) * total)

        if budget.spent():
            return Tally(0, False, SweepStats())
        part = cut_out(chart, polytope, chambers[number])
        if part is None:
            report(units, units)
            return Tally(0, True, SweepStats())
        return _count_part(dataclasses.replace(task, progress=report), part, room)

    with reused_memory():
        found = map_chunks(count, range(len(chambers)), budget)
    complete = all(part.complete for part in found)
    stats = _added([part.stats for part in found])
    stats = dataclasses.replace(
        stats,
        chambers=len(chambers),
        stopped=None if complete else budget.reason(),
    )
    # There is a region, whatever was proved.
    return Tally(max(1, sum(part.count for part in found)), complete, stats)


def _added(parts: list[Statistics]) -> SweepStats:
    """Numbers of vertices, seconds and so on of all parts together."""
    sums: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name != "stopped":
                sums[name] = sums.get(name, 0) + value
    return SweepStats(**sums)


def _count_part(task: Task, polytope: SimplePolytope, room: int) -> Tally:
    """Number of regions in a chamber."""
    stages = Stages()
    found = swept(task, polytope, room, stages)
    if isinstance(found, Listing):
        return Tally(max(1, len(found.patterns)), False, found.stats)
    proof, rises = found
    with stages("heights"):
        count = proof.complex.num_cells(rises)
    return Tally(count, True, _stats(proof, stages))


def _list_all(
    task: Task, proof: Proof, rises: Bool[np.ndarray, " edges"], stages: Stages
) -> Listing:
    """All regions of a proved complex.

    Raises:
        StoppedError: If the budget is spent, or all are more than it allows.
    """
    network, domain, budget = task.network, _bounded(task.domain), task.budget
    complex_ = proof.complex
    rising = complex_.rising_edges(rises)
    number = rising.num_cells()
    if budget.full(number - 1):
        raise StoppedError
    words = complex_.signs.shape[1]
    budget.reserve(number * (COPIES * 4 * words + 8 * COPIES * (domain.dim + 1)))
    low, uppers = rising.cells()
    budget.check()
    signs = cell_signs(complex_, low, uppers)
    points = middle_points(complex_, low, uppers)
    proved = prove_witnesses(network, domain, points, signs, budget)
    exact: dict[int, tuple[Fraction, ...]] = {}
    for region in np.flatnonzero(~proved).tolist():
        budget.check()
        corners = [int(low[region]), *map(int, uppers[region])]
        exact[region] = proof.exact_mean(corners)
        points[region] = [nearest_float(v) for v in exact[region]]
    _check_exact_witnesses(network, domain, complex_, exact, signs)
    stats = _stats(proof, stages)
    return Listing(
        complex_.words.pack(signs),
        points,
        exact,
        True,
        dataclasses.replace(stats, exact_witnesses=len(exact)),
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


def swept(
    task: Task, polytope: SimplePolytope, room: int, stages: Stages
) -> tuple[Proof, np.ndarray] | Listing:
    """The proved complex, and which of its edges rise along a random direction.

    Proved regions only, if the budget is spent before that is done.
    """
    domain, budget = _bounded(task.domain), task.budget
    chart = domain.restrict(task.network)
    most, furthest = None, 0

    def report(done: int, total: int) -> None:
        # Another attempt, with more vertices, begins anew.
        nonlocal furthest
        if done > furthest:
            furthest = done
            task.progress(done, total)

    if budget.max_regions is not None:
        # There are about as many regions as vertices.
        most = VERTICES_EACH * budget.max_regions + FEW_VERTICES
    while True:
        with stages("sweep"):
            complex_ = sweep(
                chart,
                polytope,
                room=room,
                progress=report,
                stop=budget.spent,
                most=most,
            )
        if complex_.complete:
            break
        found = _found_so_far(task, complex_, stages)
        if budget.spent() or budget.full(len(found.patterns)) or most is None:
            return found
        most *= 4
    try:
        with stages("proof"):
            proof = certify(complex_, task.network, domain, polytope, budget)
        with stages("heights"):
            return proof, proof.ascends(_direction(polytope), budget.check)
    except StoppedError:
        return _found_so_far(task, complex_, stages)


def _direction(polytope: SimplePolytope) -> Float64[np.ndarray, " dim"]:
    """Along which heights are compared."""
    # Not a seed that also made the weights: the direction must be level with no edge.
    dim = polytope.vertices.shape[1]
    direction = np.random.default_rng(DIRECTION_SEED).standard_normal(dim)
    # A box may be long and thin: measure heights in units of its sides.
    with np.errstate(all="ignore"):
        scaled = direction / np.ptp(polytope.vertices, axis=0)
    return scaled if np.isfinite(scaled).all() and scaled.all() else direction


def _stats(proof: Proof, stages: Stages) -> SweepStats:
    """What the sweep and its proof took."""
    return SweepStats(
        vertices=len(proof.complex.vertices),
        edges=len(proof.complex.ends),
        vertices_proved_sharply=proof.sharp_vertices,
        vertices_proved_exactly=proof.exact_vertices,
        edges_compared_exactly=proof.exact_edges,
        **stages.seconds(),
    )


def prove_witnesses(
    network: ReluNetwork,
    domain: BoundedDomain,
    points: Float64[np.ndarray, "points dim"],
    signs: UInt32[np.ndarray, "points words"],
    budget: Budget,
) -> Bool[np.ndarray, " points"]:
    """Which points lie inside the domain and a region, with signs as claimed, proved.

    A unit that splits nothing may be zero there: if it is, it is so on all of the
    region, and off.

    Raises:
        StoppedError: If the budget is spent.
    """
    predicate = Predicate(network, domain)
    proved = np.zeros(len(points), bool)

    def prove(start: int) -> None:
        budget.check()
        part = slice(start, start + WITNESS_CHUNK)
        proved[part] = predicate.agree(points[part], signs[part], most_exact=0)

    map_chunks(prove, range(0, len(points), WITNESS_CHUNK), budget)
    left = np.flatnonzero(~proved)
    for start in range(0, len(left), EXACT_CHUNK):
        budget.check()
        few = left[start : start + EXACT_CHUNK]
        proved[few] = predicate.agree(points[few], signs[few])
    return proved & inside_domain(points, domain)


@np.errstate(all="ignore")
def _found_so_far(task: Task, complex_: Complex, stages: Stages) -> Listing:
    """Proved regions when the sweep stops early.

    A point of each cell of the units inserted so far should lie in a region of the
    whole network, each in another one.
    """
    with stages("listing"):
        points = _some_points(complex_)
        if task.budget.max_regions is not None:
            # A few more: some are on boundaries.
            points = points[: 2 * task.budget.max_regions + FEW_VERTICES]
        bits, inside = regions_at(task.network, task.domain, points, task.budget)
    kept = slice(0, task.budget.max_regions)
    packed = pack_bits(bits[kept][:, task.network.kinks])
    stats = SweepStats(
        vertices=len(complex_.vertices),
        stopped=task.budget.reason(),
        **stages.seconds(),
    )
    return Listing(packed, inside[kept], {}, False, stats)


def _some_points(complex_: Complex) -> Float64[np.ndarray, "points dim"]:
    """A point of each cell, of some cells where they are very many.

    The cells are those whose lowest vertices are every so manieth one.
    """
    step = -(-len(complex_.vertices) // MOST_LOWEST)
    some = np.arange(0, len(complex_.vertices), step)
    if step > 1:
        # Heights are asked of a few edges of millions: of those that may rise there.
        complex_ = _with_edges(complex_, (complex_.ends % step == 0).any(axis=1))
    direction = np.random.default_rng(DIRECTION_SEED).standard_normal(complex_.dim)
    heights = complex_.vertices @ direction
    up = heights[complex_.ends[:, 0]] < heights[complex_.ends[:, 1]]
    if step > 1:
        rises = np.where(up, complex_.ends[:, 0], complex_.ends[:, 1]) % step == 0
        complex_, up = _with_edges(complex_, rises), up[rises]
    rising = complex_.rising_edges(up)
    chosen = RisingEdges(rising.count[some], rising.start[some], rising.upper)
    low, uppers = chosen.cells()
    return middle_points(complex_, some[low], uppers)


def _with_edges(complex_: Complex, kept: Bool[np.ndarray, " edges"]) -> Complex:
    """A complex with some of its edges alone."""
    return dataclasses.replace(
        complex_, ends=complex_.ends[kept], edge_zeros=complex_.edge_zeros[kept]
    )
