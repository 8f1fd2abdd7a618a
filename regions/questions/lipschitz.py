"""The exact Lipschitz constant: the largest norm of a Jacobian over the regions."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import Domain, WholeSpace, embed_exactly
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import visits_serve
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.lp.blas import one_blas_thread
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.questions.answer import Answer, Point, Value, ends, known
from regions.questions.answer_files import Listed, Partition, Tried, texts
from regions.questions.first_points import gradients
from regions.questions.jacobian_bounds import float_sizes, norm_bound
from regions.questions.norms import check_norm, float_norms, operator_norm
from regions.questions.pieces import can_be_listed
from regions.questions.steep_points import steep_point
from regions.questions.visited_extremes import steepest_visited
from regions.results.region_set import RegionSet
from regions.signs.exact import ExactNetwork
from regions.signs.rounding import SAFETY, SMALLEST, gamma

CHUNK_ENTRIES = 1 << 22
"""Numbers of the Jacobians of a layer that are held at once."""


@kinds_checked
@one_blas_thread()
def lipschitz(
    network: NetworkLike,
    domain: DomainLike,
    norm: float | int = 2,
    *,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """The smallest L with `|N(x) - N(y)| <= L |x - y|` for all x, y of a domain.

    It is the largest operator norm of the Jacobian over the regions that meet the
    inside of the domain. Norms of inputs and outputs are of the same kind. In a flat
    box x and y differ on the axes on which it is wide, and of the Jacobian the columns
    of these count.

    Args:
        network: The network.
        domain: A domain of full dimension, or a flat box.
        norm: 1, 2 or `math.inf`.
        max_seconds: Stop after this time, with proved ends.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value is rational and exact for norms 1 and infinity; for norm 2 it is a
        square root, between proved ends unless it is rational. The witness is a point
        inside a region where it is attained.

    Raises:
        ValueError: If the domain does not fit, or the norm is another one.

    Example:
        >>> net = ReluNetwork.from_arrays([[[3.0, 4.0]], [[1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> [int(lipschitz(net, Box.cube(2), p).value) for p in (1, 2, math.inf)]
        [4, 5, 7]
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    check_norm(norm)
    domain.restrict(network)
    axes = _wide_axes(domain)
    budget = Budget(max_seconds=max_seconds, stop=stop)
    if domain.is_chart_identity:
        answer = _by_visits(network, domain, norm, budget)
        if answer is not None:
            return answer
    found = enumerate_regions(
        network, domain, max_seconds=max_seconds, stop=budget.spent
    )
    value, region, maps = _steepest(found, norm, axes)
    point = _inside(found, region)
    evidence = _evidence(network, domain, norm, found)
    if not found.complete:
        value, point, evidence = _stopped(
            network, domain, norm, axes, value, point, budget
        )
    return Answer(
        "lipschitz",
        value,
        embed_exactly(domain, point),
        found.complete,
        budget.seconds,
        stats={"regions": len(found), "engine": found.method, "exact_maps": maps},
        evidence=evidence,
    )


def _wide_axes(domain: Domain) -> list[int]:
    """The axes along which points of a domain can differ.

    Raises:
        ValueError: If it lies in a plane that is not along axes.
    """
    if domain.dim == domain.ambient_dim:
        return [*range(domain.dim)]
    moves = domain.rational_chart()[1]
    axes = [[axis for axis, v in enumerate(row) if v] for row in moves]
    if any(len(own) > 1 for own in axes):
        raise ValueError(
            f"the domain has dimension {domain.dim} in a space of "
            f"{domain.ambient_dim} and lies askew: a domain of full dimension is "
            "required, or a flat Box."
        )
    return sorted(axis for (axis,) in axes)


def _by_visits(
    network: ReluNetwork, domain: Domain, norm: float | int, budget: Budget
) -> Answer | None:
    """The constant by one pass over all regions; None where that does not tell."""
    if isinstance(domain, WholeSpace) or not visits_serve(network, domain):
        return None
    found = steepest_visited(network, domain, norm, budget.spent)
    if found is None:
        return None
    value, point = found.value, found.witness
    evidence = _evidence(network, domain, norm)
    if not found.complete:
        axes = [*range(domain.dim)]
        value, point, evidence = _stopped(
            network, domain, norm, axes, value, point, budget
        )
    return Answer(
        "lipschitz",
        value,
        embed_exactly(domain, point),
        found.complete,
        budget.seconds,
        stats={"engine": "cells"} | found.stats,
        evidence=evidence,
    )


def _stopped(
    network: ReluNetwork,
    domain: Domain,
    norm: float | int,
    axes: list[int],
    value: Value,
    point: Point,
    budget: Budget,
) -> tuple[Value, Point, Tried]:
    """What is known of the constant after some regions, where, and what proves it.

    Args:
        network: The network.
        domain: The domain.
        norm: The norm.
        axes: The inputs that count.
        value: The largest norm in these regions.
        point: A point of the chart, inside a region that has it.
        budget: That of the question.
    """
    low = ends(value)[0]
    met = steep_point(network, domain, norm, axes, budget.spent)
    if met is not None and ends(met.value)[0] > low:
        low, point = ends(met.value)[0], met.point
    about = {"norm": f"{norm:g}", "point": texts(point)}
    most = max(low, norm_bound(network, norm))
    return known(low, most), point, Tried(network, domain, about)


def _evidence(
    network: ReluNetwork,
    domain: Domain,
    norm: float | int,
    found: RegionSet | None = None,
) -> Partition | Listed | None:
    """What proves the constant: pieces with corners, or regions without."""
    about = {"norm": f"{norm:g}"}
    if can_be_listed(domain):
        assert not isinstance(domain, WholeSpace)
        return Partition(network, domain, about)
    return None if found is None else Listed(found, about)


def _inside(found: RegionSet, region: int) -> Point:
    """A rational point inside a region, in the chart."""
    exact = found.exact_witnesses.get(region)
    if exact is None:
        exact = tuple(Fraction(float(v)) for v in found.coordinates[region])
    return exact


def _steepest(
    found: RegionSet, norm: float | int, axes: list[int]
) -> tuple[Value, int, int]:
    """The largest norm, a region that has it, and how many maps were made exact.

    Norms in floating point with their errors leave few regions, whose maps are then
    compared exactly.
    """
    network = found.network
    low, high = _float_ends(found, norm, axes)
    candidates = np.flatnonzero(high >= low.max())
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    units = network.unit_patterns(found.pattern_bits(candidates))
    best: tuple[Fraction, Fraction, int] | None = None
    known_maps: dict[tuple, Value] = {}
    for region, pattern in zip(candidates.tolist(), units, strict=True):
        rows = exact.affine_map(pattern)
        jacobian = tuple(tuple(row[axis] for axis in axes) for row in rows)
        if jacobian not in known_maps:
            known_maps[jacobian] = operator_norm(jacobian, norm)
        value = known_maps[jacobian]
        low_end, high_end = ends(value)
        if best is None:
            best = low_end, high_end, region
        elif low_end > best[0]:
            best = low_end, max(high_end, best[1]), region
        elif high_end > best[1]:
            best = best[0], high_end, best[2]
    assert best is not None
    return known(best[0], best[1]), best[2], len(known_maps)


def _float_ends(
    found: RegionSet, norm: float | int, axes: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Proved ends of the norm of the Jacobian on each region; infinite if unknown."""
    network = found.network
    widest = max(layer.width for layer in network.layers)
    # Of the network with absolute weights no entry of a Jacobian is larger, whatever
    # is on, nor is the sum of what its terms are rounded by.
    size, growth = float_sizes(network)
    terms = 8 + 2 * len(network.layers) + sum(network.widths) + network.input_dim
    error = SAFETY * (gamma(2 * terms) * size + terms**2 * SMALLEST * growth)
    chunk = max(1, CHUNK_ENTRIES // (widest * network.output_dim))
    low, high = np.empty(len(found)), np.empty(len(found))
    for start in range(0, len(found), chunk):
        part = slice(start, min(start + chunk, len(found)))
        with np.errstate(all="ignore"):
            units = network.unit_patterns(found.pattern_bits(part))
            J = _jacobians(network, units)[:, :, axes]
            sound = np.isfinite(J).all((1, 2)) & np.isfinite(error)
            norms = float_norms(np.where(sound[:, None, None], J, 0.0), norm)
            # The rounding in the norm itself.
            doubt = error + 1e-11 * np.abs(J).sum((1, 2))
        low[part] = np.where(sound, norms - doubt, 0.0)
        high[part] = np.where(sound, norms + doubt, math.inf)
    return low, high


def _jacobians(
    network: ReluNetwork, units: Bool[np.ndarray, "regions units"]
) -> Float64[np.ndarray, "regions outputs dim"]:
    """Jacobians of the output: a few large products."""
    ends = np.cumsum(network.widths)
    gates = [
        np.where(units[:, end - layer.width : end], 1.0, layer.slopes)
        for end, layer in zip(ends, network.hidden, strict=True)
    ]
    each = np.eye(network.output_dim)
    return gradients(network, gates, np.broadcast_to(each, (len(units), *each.shape)))
