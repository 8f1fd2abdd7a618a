"""Whether two networks compute the same function on a domain."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeGuard

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace, embed_exactly
from regions.enumeration.budget import Budget
from regions.errors import LimitError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import check, limited, never
from regions.lp.blas import one_blas_thread
from regions.models import as_network
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.questions.answer import Answer, Point
from regions.questions.answer_files import Compared, Partition, Tried, texts
from regions.questions.comparison import Comparison
from regions.questions.difference import difference_of
from regions.questions.equal_regions import compare_regions, is_inside, largest_gap
from regions.questions.listed import directed_forms
from regions.questions.pieces import MAX_DIM, Pieces
from regions.questions.ranges import compared
from regions.signs.exact import ExactNetwork

PROBES = 32
"""Points at which networks are compared first."""
SAMPLE, SAMPLE_NUMBERS = 10_000, 1 << 22
"""Points, and pre-activations in all, at which float64 looks for what differs."""

FEW_NODES = 100
"""Parts of the domain in which units are compared, before lists are asked."""


@kinds_checked
@one_blas_thread()
def are_equal(
    network: NetworkLike,
    other: NetworkLike,
    domain: DomainLike,
    *,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """Whether two networks agree at every point of a domain, exactly.

    First their units are compared: up to order, factors and split units, equal networks
    need no search. Then some points are tried. Then the signs of units in which they
    differ are looked through, and what else they take. Where that does not end soon all
    pieces of the two networks together decide; in balls of the norm 2, without bounds,
    and in more than six dimensions, all their regions.

    Args:
        network: One network.
        other: Another, with the same inputs and outputs.
        domain: Any domain.
        max_seconds: Stop looking through the pieces after this time.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value is True or False, or None where it was stopped before it knew; where
        False, the witness is a point at which they
        differ, and `stats["difference"]` by how much.

    Raises:
        ValueError: If the networks or the domain do not fit.

    Example:
        >>> from regions.network import ReluNetwork
        >>> one = ReluNetwork.from_arrays([[[1.0], [2.0]], [[1.0, 1.0]]], None)
        >>> two = ReluNetwork.from_arrays([[[4.0]], [[0.75]]], None)
        >>> from regions.domains.shapes import Box
        >>> are_equal(one, two, Box([-1.0], [2.0])).value
        True
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    other = as_network(other, "other")
    budget = Budget(max_seconds=max_seconds, stop=stop)
    both = compared(network, other)
    domain.restrict(both)
    exact, found = ExactNetwork(both, domain), _Found("units", False)
    with contextlib.suppress(LimitError), limited(stop=budget.spent):
        found = _searched(network, exact, budget)
    point, known, evidence = None, found.known, found.evidence
    stats: dict[str, int | Fraction] = {**found.stats}
    if found.witness is not None:
        known, stats["difference"] = True, largest_gap(exact, found.witness)
        point = embed_exactly(domain, found.witness)
        evidence = Tried(both, domain, {"point": texts(found.witness)})
    return Answer(
        "are_equal",
        point is None if known else None,
        point,
        known,
        budget.seconds,
        found.method,
        stats,
        evidence,
    )


class _Found(NamedTuple):
    """What is known, and how.

    Attributes:
        method: What it comes from.
        known: Whether all was looked through; else only a witness tells.
        witness: A point of the chart at which the networks differ.
        evidence: What proves that they are equal.
        stats: Counts.
    """

    method: str
    known: bool
    witness: Point | None = None
    evidence: Compared | Partition | None = None
    stats: Mapping[str, int] = {}


def _searched(network: ReluNetwork, exact: ExactNetwork, budget: Budget) -> _Found:
    """Compare units, then points, then signs of units, then pieces or regions.

    Raises:
        LimitError: If a limit falls before anything is known.
    """
    both, domain = exact.network, exact.domain
    comparison = Comparison(both, domain, network.widths)
    units = Compared(both, domain, comparison)
    if comparison.is_equal:
        return _Found("units", True, None, units, {"nodes": comparison.nodes})
    for points in (_probes, _samples):
        witness = _first_differing(points(both, domain, exact.dim), exact)
        if witness is not None:
            return _Found("points", True, witness)
    if comparison.run(budget, FEW_NODES):
        stats = {"nodes": comparison.nodes}
        return _Found("units", True, comparison.witness, units, stats)
    if not _has_corners(domain):
        found = compare_regions(both, domain, budget)
        stats = {"regions": found.regions}
        evidence = units if found.complete else None
        return _Found("list", found.complete, found.witness, evidence, stats)
    apart, directions = difference_of(both)
    pieces = Pieces(apart, domain, budget)
    witness = _differing_piece(pieces, directions[: network.output_dim])
    evidence = Partition(apart, domain, {}, of=both) if pieces.complete else None
    stats = {"pieces": pieces.count}
    return _Found("list", pieces.complete, witness, evidence, stats)


def _has_corners(domain: Domain) -> TypeGuard[BoundedDomain]:
    """Whether the pieces of a domain are given by their corners, which prove it."""
    return domain.is_bounded and domain.squared_radius is None and domain.dim <= MAX_DIM


def _probes(both: ReluNetwork, domain: Domain, dim: int) -> np.ndarray:
    """Some points of the chart, drawn at random."""
    return _drawn(domain, dim, PROBES)[:PROBES]


def _samples(both: ReluNetwork, domain: Domain, dim: int) -> np.ndarray:
    """Some of thousands: those at which float64 sees what differs do for a try.

    A difference of few units is seen where these are on, which may be nearly nowhere.
    """
    apart, directions = difference_of(both)
    count = max(1, min(SAMPLE, SAMPLE_NUMBERS // max(1, sum(apart.widths))))
    points = _drawn(domain, dim, count)
    with np.errstate(all="ignore"):
        values = domain.restrict(apart)(points) @ np.array(directions, float).T
    size = np.nan_to_num(np.abs(values).max(1), posinf=0.0)
    seen = np.argsort(-size)[:PROBES]
    return points[seen[size[seen] > 0.0]]


def _drawn(domain: Domain, dim: int, count: int) -> np.ndarray:
    """Twice so many points of the chart, some of which may be outside."""
    rng = np.random.default_rng(0)
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        return rng.standard_normal((2 * count, dim))
    box = domain.chart_box()
    # Shares of a simplex lie in boxes and simplices alike.
    shares = rng.dirichlet(np.ones(dim + 1), count)[:, 1:]
    shares = np.concatenate([shares, rng.random((count, dim))])
    # Of halves, as no width may overflow.
    return 2.0 * (0.5 * box.lower + shares * (0.5 * box.upper - 0.5 * box.lower))


def _first_differing(points: np.ndarray, exact: ExactNetwork) -> Point | None:
    """The first of some points that is inside and at which the outputs differ."""
    for point in points.tolist():
        check()
        rational = tuple(map(Fraction, point))
        if is_inside(exact.domain, rational) and largest_gap(exact, rational):
            return rational
    return None


def _differing_piece(
    pieces: Pieces, directions: Sequence[list[Fraction]]
) -> Point | None:
    """A point inside the first piece on which a difference is not 0."""
    for piece in pieces:
        for form, _ in directed_forms(piece, directions):
            if any(form):
                return _off_zero(form, piece.cell.points())
    return None


def _off_zero(form: list[int], corners: list[Point]) -> Point:
    """A corner at which a form that is not zero does not vanish: there must be one."""
    for corner in corners:
        value = sum((a * x for a, x in zip(form, corner, strict=False)), Fraction())
        if value + form[-1]:
            return corner
    raise AssertionError("a form that vanishes at all corners is zero")
