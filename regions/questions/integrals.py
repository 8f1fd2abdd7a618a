"""Integrals and means of a network over a domain, exactly."""

import dataclasses
import functools
from collections.abc import Callable
from fractions import Fraction

from flint import fmpq_mat

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.lp.blas import one_blas_thread
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ArrayLike, ReluNetwork
from regions.questions.answer import Answer, Value, ends, known
from regions.questions.answer_files import Partition, texts
from regions.questions.directions import Direction, read_direction
from regions.questions.disc_integrals import (
    disc_evidence,
    disc_powers,
    is_disc,
)
from regions.questions.integral_methods import (
    FEW_REGIONS,
    check_method,
    has_few_regions,
    takes_corners,
)
from regions.questions.piece_sums import Goal, PieceSums
from regions.questions.pieces import Pieces
from regions.questions.ramp_sums import MAX_ORDER, ramp_sums
from regions.questions.unmet import bounds_of, with_unmet
from regions.questions.visited_sums import Sums, power_sums
from regions.signs.exact import to_fmpq, to_fraction


@kinds_checked
@one_blas_thread()
def integral(
    network: NetworkLike,
    domain: DomainLike,
    direction: int | ArrayLike | None = None,
    *,
    method: str = "auto",
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """The integral of an output, or a combination of outputs, over a domain.

    Args:
        network: The network.
        domain: A bounded domain of at most six dimensions; of the balls of the norm 2
            those in the plane. On one of fewer dimensions than its space the integral
            is over the coordinates of its chart.
        direction: As in `output_range`.
        method: `"list"`, over all pieces in rational arithmetic, some thousand a
            second; `"corners"`, in float64 with proved bounds of all errors, on
            domains of two to six dimensions; or `"auto"`, which takes corners of many
            regions.
        max_seconds: Stop after this time.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        By the list the value is rational and exact; of many pieces, whose sum would
        have millions of digits, an interval of some 60 correct digits. By corners it is
        an interval of some seven to ten, of twenty layers some four, over a disc some
        forty. There is no witness. Where it was stopped, the pieces not met add their
        volume times bounds of the output.

    Raises:
        ValueError: If the domain, the direction or the method does not fit the network.

    Example:
        >>> net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> integral(net, Box([-1.0], [3.0])).value
        Fraction(9, 2)
    """
    network, domain = network_and_domain(network, domain, or_round=True, bounded=True)
    budget, factor = Budget(max_seconds=max_seconds, stop=stop), chart_factor(domain)
    check_method(method)
    if is_disc(domain, method):
        return _over_disc(network, domain, direction, budget)
    answer = _powers(network, domain, direction, 1, budget, method, factor)
    return dataclasses.replace(answer, question="integral", value=answer.value[0])


def _over_disc(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None,
    budget: Budget,
) -> Answer:
    """The integral over a disc."""
    weights = read_direction(direction, network)
    found = disc_powers(network, domain, weights, 1, budget)
    value = found.powers[1]
    evidence = _disc_evidence(network, domain, direction)
    if not found.complete:
        bounds = bounds_of(network, domain, weights)
        (value,) = with_unmet([value], bounds, found.rest)
        evidence = evidence._replace(most=found.met, elsewhere=bounds)
    return Answer(
        "integral",
        value,
        None,
        found.complete,
        budget.seconds,
        stats={"pieces": found.pieces},
        evidence=evidence,
    )


def _disc_evidence(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None,
) -> Partition:
    """What proves integrals over a disc."""
    weights = texts(read_direction(direction, network))
    return disc_evidence(network, domain, {"direction": weights}, by_class=False)


def _powers(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None,
    order: int,
    budget: Budget,
    method: str,
    factor: Fraction,
) -> Answer:
    """Integrals of the powers of an output in the chart, times a factor."""
    weights = read_direction(direction, network)
    found = _by_corners(network, domain, weights, order, budget, method)
    how, of = ("list", "pieces") if found is None else ("corners", "cells")
    found = found or _by_list(network, domain, weights, order, budget)
    values = tuple(_scaled(power, factor) for power in found.powers)
    evidence = Partition(network, domain, {"direction": texts(weights)})
    if found.rest is not None:
        bounds = bounds_of(network, domain, weights)
        values = with_unmet(values, bounds, [v * factor for v in found.rest])
        evidence = evidence._replace(elsewhere=bounds)
        if how == "list":
            evidence = evidence._replace(most=found.cells)
        else:
            sums = functools.partial(PieceSums, domain, weights, order)
            goal = Goal(values, bounds, factor)
            evidence = evidence._replace(enough=lambda: sums().until(goal))
    stats = {of: found.cells}
    return Answer(
        "moments",
        values,
        None,
        found.rest is None,
        budget.seconds,
        how,
        stats,
        evidence=evidence,
    )


def _by_corners(
    network: ReluNetwork,
    domain: BoundedDomain,
    weights: Direction,
    order: int,
    budget: Budget,
    method: str,
) -> Sums | None:
    """Integrals of powers in the chart from all corners.

    None if that does not pay, or nothing was met before it was stopped.

    Raises:
        ValueError: If it is required, and floats overflow.
    """
    if not takes_corners(network, domain, method):
        return None
    way = ramp_sums if order <= MAX_ORDER else power_sums
    found = way(network, domain, tuple(weights), order, budget.spent)
    if method == "corners" and found is None and not budget.spent():
        raise ValueError("`method` is 'corners', and floats overflow: take 'list'.")
    if found is None or method == "corners" or found.cells > FEW_REGIONS[domain.dim]:
        return found
    if found.rest is not None:
        return found
    return None if has_few_regions(network, domain, budget) else found


def _scaled(value: Value, factor: Fraction) -> Value:
    """A value times a number that is not negative."""
    return known(*(end * factor for end in ends(value)))


@kinds_checked
@one_blas_thread()
def moments(
    network: NetworkLike,
    domain: DomainLike,
    order: int = 2,
    direction: int | ArrayLike | None = None,
    *,
    method: str = "auto",
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """Mean values of the powers 1 to `order` of an output over a domain.

    Those of an input that is drawn uniformly: the mean of the output, of its square,
    and so on.

    Args:
        network: The network.
        domain: As in `integral`.
        order: The highest power.
        direction: As in `output_range`.
        method: As in `integral`.
        max_seconds: Stop after this time.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value has one number for each power, as `integral` says. No witness. Where
        it was stopped, the pieces not met add their volume times bounds of each power.

    Raises:
        ValueError: If the order is not positive, or the others do not fit.

    Example:
        >>> net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> moments(net, Box([-1.0], [1.0])).value
        (Fraction(1, 4), Fraction(1, 6))
    """
    network, domain = network_and_domain(network, domain, or_round=True, bounded=True)
    if order < 1:
        raise ValueError(f"`order` is {order}: at least 1 is required.")
    check_method(method)
    budget = Budget(max_seconds=max_seconds, stop=stop)
    if is_disc(domain, method):
        return _moments_of_disc(network, domain, order, direction, budget)
    share = 1 / domain.rational_volume()
    return _powers(network, domain, direction, order, budget, method, share)


def _moments_of_disc(
    network: ReluNetwork,
    domain: BoundedDomain,
    order: int,
    direction: int | ArrayLike | None,
    budget: Budget,
) -> Answer:
    """The moments over a disc."""
    weights = read_direction(direction, network)
    found = disc_powers(network, domain, weights, order, budget)
    powers, evidence = found.powers[1:], _disc_evidence(network, domain, direction)
    if not found.complete:
        bounds = bounds_of(network, domain, weights)
        powers = with_unmet(powers, bounds, found.rest)
        evidence = evidence._replace(most=found.met, elsewhere=bounds)
    least, most = ends(found.volume)
    value = [
        known(min(low / least, low / most), max(high / least, high / most))
        for low, high in map(ends, powers)
    ]
    return Answer(
        "moments",
        tuple(value),
        None,
        found.complete,
        budget.seconds,
        stats={"pieces": found.pieces},
        evidence=evidence,
    )


def _by_list(
    network: ReluNetwork,
    domain: BoundedDomain,
    weights: Direction,
    order: int,
    budget: Budget,
) -> Sums:
    """The same integrals over the pieces, in rational arithmetic."""
    pieces, sums = Pieces(network, domain, budget), PieceSums(domain, weights, order)
    for piece in pieces:
        sums.add(piece)
    powers = tuple(total.value for total in sums.powers)
    if not pieces.complete:
        return Sums(pieces.count, powers, sums.rest)
    # The pieces fill the domain: a check of the list that costs nothing.
    if not sums.volume.holds(domain.rational_volume()):
        raise AssertionError("the pieces do not fill the domain")
    return Sums(pieces.count, powers)


def chart_factor(domain: BoundedDomain) -> Fraction:
    """Volume in the space of a unit of volume of the chart; 1 in fewer dimensions."""
    if domain.is_chart_identity or domain.dim != domain.ambient_dim:
        return Fraction(1)
    rows = domain.rational_chart()[1]
    entries = [to_fmpq(v) for row in rows for v in row]
    return abs(to_fraction(fmpq_mat(domain.dim, domain.dim, entries).det()))
