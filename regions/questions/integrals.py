"""Integrals and means of a network over a domain, exactly."""

from collections.abc import Callable
from fractions import Fraction

from flint import fmpq_mat, fmpz_mat

from regions.domains.shapes import BoundedDomain
from regions.domains.simplices import power_integrals
from regions.enumeration import count_regions
from regions.enumeration.budget import Budget
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
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
    takes_corners,
)
from regions.questions.listed import directed_forms
from regions.questions.pieces import Piece, Pieces
from regions.questions.ramp_sums import MAX_ORDER, ramp_sums
from regions.questions.sums import ExactSum
from regions.questions.unmet import bounds_of, with_unmet
from regions.questions.visited_sums import Sums, power_sums
from regions.signs.exact import to_fmpq, to_fraction


@kinds_checked
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
    found = _by_corners(network, domain, direction, 1, budget, method)
    if found is not None:
        return Answer(
            "integral",
            _scaled(found.powers[0], factor),
            None,
            True,
            budget.seconds,
            "corners",
            {"cells": found.cells},
            evidence=_evidence(network, domain, direction),
        )
    sums, pieces = _power_sums(network, domain, direction, 1, budget)
    value, evidence = sums[1].times(factor), _evidence(network, domain, direction)
    if not pieces.complete:
        bounds = bounds_of(network, domain, read_direction(direction, network))
        rest = [domain.rational_volume() - v for v in ends(sums[0].value)]
        (value,) = with_unmet([value], bounds, [v * factor for v in rest])
        evidence = evidence._replace(most=pieces.count, elsewhere=bounds)
    return Answer(
        "integral",
        value,
        None,
        pieces.complete,
        budget.seconds,
        stats={"pieces": pieces.count},
        evidence=evidence,
    )


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


def _by_corners(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None,
    order: int,
    budget: Budget,
    method: str,
) -> Sums | None:
    """Integrals of powers in the chart from all corners.

    None if that does not pay, or was stopped.

    Raises:
        ValueError: If it is required, and floats overflow.
    """
    weights = tuple(read_direction(direction, network))
    if not takes_corners(network, domain, method):
        return None
    way = ramp_sums if order <= MAX_ORDER else power_sums
    found = way(network, domain, weights, order, budget.spent)
    if method == "corners" and found is None and not budget.spent():
        raise ValueError("`method` is 'corners', and floats overflow: take 'list'.")
    if found is None or method == "corners" or found.cells > FEW_REGIONS[domain.dim]:
        return found
    return None if _has_few_regions(network, domain, budget) else found


def _has_few_regions(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> bool:
    """Whether the exact list is short: a count of so many takes milliseconds."""
    most = FEW_REGIONS[domain.dim] + 1
    count = count_regions(
        network, domain, method="cells", max_regions=most, stop=budget.spent
    )
    return count.complete and int(count) < most


def _scaled(value: Value, factor: Fraction) -> Value:
    """A value times a number that is not negative."""
    return known(*(end * factor for end in ends(value)))


def _evidence(
    network: ReluNetwork, domain: BoundedDomain, direction: int | ArrayLike | None
) -> Partition:
    """What proves a sum over pieces."""
    weights = texts(read_direction(direction, network))
    return Partition(network, domain, {"direction": weights})


@kinds_checked
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
    share, evidence = (
        1 / domain.rational_volume(),
        _evidence(network, domain, direction),
    )
    found = _by_corners(network, domain, direction, order, budget, method)
    complete = True
    if found is not None:
        value = tuple(_scaled(power, share) for power in found.powers)
        how, stats = "corners", {"cells": found.cells}
    else:
        sums, pieces = _power_sums(network, domain, direction, order, budget)
        value = tuple(total.times(share) for total in sums[1:])
        how, stats = "list", {"pieces": pieces.count}
        complete = pieces.complete
        if not complete:
            bounds = bounds_of(network, domain, read_direction(direction, network))
            rest = [1 - v for v in ends(sums[0].times(share))]
            value = with_unmet(value, bounds, rest)
            evidence = evidence._replace(most=pieces.count, elsewhere=bounds)
    return Answer(
        "moments",
        value,
        None,
        complete,
        budget.seconds,
        how,
        stats,
        evidence=evidence,
    )


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


def _power_sums(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None,
    order: int,
    budget: Budget,
) -> tuple[list[ExactSum], Pieces]:
    """Integrals of the powers of an output in the chart, over the pieces met."""
    weights = read_direction(direction, network)
    pieces = Pieces(network, domain, budget)
    sums = [ExactSum() for _ in range(order + 1)]
    for piece in pieces:
        values = corner_values(piece, weights)
        parts = power_integrals(piece.cell, values, order)
        for total, part in zip(sums, parts, strict=True):
            total.add(part)
    # The pieces fill the domain: a check of the list that costs nothing.
    assert not pieces.complete or sums[0].holds(domain.rational_volume())
    return sums, pieces


def corner_values(piece: Piece, direction: Direction) -> list[Fraction]:
    """A combination of the outputs at the corners of a piece."""
    ((form, scale),) = directed_forms(piece, [direction])
    corners = fmpz_mat([list(c) for c in piece.cell.corners]).transpose()
    products = (fmpz_mat([form]) * corners).entries()
    return [
        Fraction(int(v), corner[-1] * scale)
        for v, corner in zip(products, piece.cell.corners, strict=True)
    ]


def chart_factor(domain: BoundedDomain) -> Fraction:
    """Volume in the space of a unit of volume of the chart; 1 in fewer dimensions."""
    if domain.is_chart_identity or domain.dim != domain.ambient_dim:
        return Fraction(1)
    rows = domain.rational_chart()[1]
    entries = [to_fmpq(v) for row in rows for v in row]
    return abs(to_fraction(fmpq_mat(domain.dim, domain.dim, entries).det()))
