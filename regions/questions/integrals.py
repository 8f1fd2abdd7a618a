"""Integrals and means of a network over a domain, exactly."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from flint import fmpq_mat, fmpz_mat

from regions.domains.shapes import BoundedDomain, embed_exactly
from regions.domains.simplices import power_integrals
from regions.enumeration import count_regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import visits_serve
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ArrayLike, ReluNetwork
from regions.questions.answer import Answer, Point, Value, decimals, ends, known
from regions.questions.answer_files import Partition, texts
from regions.questions.class_cells import class_cells
from regions.questions.directions import Direction, read_direction
from regions.questions.disc_integrals import (
    disc_classes,
    disc_evidence,
    disc_powers,
    is_disc,
)
from regions.questions.listed import directed_forms
from regions.questions.pieces import Piece, Pieces
from regions.questions.ramp_sums import MAX_ORDER, ramp_sums
from regions.questions.sums import ExactSum
from regions.questions.unmet import bounds_of, unmet_part
from regions.questions.visited_sums import Part, Sums, class_sums, power_sums
from regions.signs.exact import to_fmpq, to_fraction

METHODS = ("auto", "list", "corners")

FEW_REGIONS = 200
"""Of so many pieces the exact list takes about a tenth of a second."""


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
    _check_method(method)
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
        low, high = unmet_part(bounds, rest)
        first, last = ends(value)
        value = known(first + low * factor, last + high * factor)
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


def _check_method(method: str) -> None:
    """Raise unless it is one of the ways."""
    if method not in METHODS:
        raise ValueError(
            f"`method` is {method!r}: one of {', '.join(METHODS)} is required."
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
    low, high = ends(found.powers[1])
    evidence = _disc_evidence(network, domain, direction)
    if not found.complete:
        bounds = bounds_of(network, domain, read_direction(direction, network))
        pairs = zip(ends(found.volume), reversed(ends(found.powers[0])), strict=True)
        more = unmet_part(bounds, [a - b for a, b in pairs])
        low, high = low + more[0], high + more[1]
        evidence = evidence._replace(most=found.met, elsewhere=bounds)
    return Answer(
        "integral",
        known(low, high),
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


def _takes_corners(network: ReluNetwork, domain: BoundedDomain, method: str) -> bool:
    """Whether to try the corners of all regions.

    Raises:
        ValueError: If it is required, and does not serve.
    """
    serves = visits_serve(network, domain)
    if method == "corners" and not serves:
        raise ValueError(
            "`method` is 'corners', and the domain is not straight and of two to six "
            "dimensions, or the network has no hidden layer: take 'list'."
        )
    return serves and method != "list"


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
    if not _takes_corners(network, domain, method):
        return None
    way = ramp_sums if order <= MAX_ORDER else power_sums
    found = way(network, domain, weights, order, budget.spent)
    if method == "corners" and found is None and not budget.spent():
        raise ValueError("`method` is 'corners', and floats overflow: take 'list'.")
    if found is None or method == "corners" or found.cells > FEW_REGIONS:
        return found
    return None if _has_few_regions(network, domain, budget) else found


def _has_few_regions(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> bool:
    """Whether the exact list is short: a count of so many takes milliseconds."""
    most = FEW_REGIONS + 1
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

    Returns:
        The value has one number for each power, as `integral` says. No witness.

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
    _check_method(method)
    if is_disc(domain, method):
        return _moments_of_disc(network, domain, order, direction)
    budget, share = Budget(), 1 / domain.rational_volume()
    found = _by_corners(network, domain, direction, order, budget, method)
    if found is not None:
        value = tuple(_scaled(power, share) for power in found.powers)
        how, stats = "corners", {"cells": found.cells}
    else:
        # All pieces, or the error of a limit around.
        sums, pieces = _power_sums(network, domain, direction, order, None)
        value = tuple(total.times(share) for total in sums[1:])
        how, stats = "list", {"pieces": pieces.count}
    return Answer(
        "moments",
        value,
        None,
        True,
        budget.seconds,
        how,
        stats,
        evidence=_evidence(network, domain, direction),
    )


def _moments_of_disc(
    network: ReluNetwork,
    domain: BoundedDomain,
    order: int,
    direction: int | ArrayLike | None,
) -> Answer:
    """The moments over a disc."""
    budget, weights = Budget(), read_direction(direction, network)
    found = disc_powers(network, domain, weights, order, None)
    least, most = ends(found.volume)
    value = []
    for power in found.powers[1:]:
        low, high = ends(power)
        first = min(low / least, low / most)
        value.append(known(first, max(high / least, high / most)))
    stats = {"pieces": found.pieces}
    return Answer(
        "moments",
        tuple(value),
        None,
        True,
        budget.seconds,
        stats=stats,
        evidence=_disc_evidence(network, domain, direction),
    )


def _power_sums(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None,
    order: int,
    budget: Budget | None,
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


class ClassMean(NamedTuple):
    """The part of a domain in which one output is the largest.

    Attributes:
        label: The number of the output.
        share: The part's share of the domain's volume.
        mean: The mean of its inputs, in the input space; None if the share is 0.
    """

    label: int
    share: Value
    mean: tuple[Value, ...] | None

    def __str__(self) -> str:
        share = f"class {self.label}: {_text(self.share)} of the volume"
        if self.mean is None:
            return share
        return f"{share}, mean ({', '.join(_text(v) for v in self.mean)})"


def _text(value: Value) -> str:
    """A value in six digits; of an interval those of its middle."""
    return decimals(sum(ends(value), Fraction()) / 2, 6)


@kinds_checked
def mean_by_class(
    network: NetworkLike, domain: DomainLike, *, method: str = "auto"
) -> Answer:
    """For each class the share of the domain that it takes, and its mean input.

    The class of an input is its largest output. Where outputs are equal on a set with
    volume, it belongs to the first of them.

    Args:
        network: A network with two outputs or more.
        domain: As in `integral`.
        method: As in `integral`; `"corners"` needs a domain that is its own chart.

    Returns:
        The value has a `ClassMean` for each output: exact, or intervals, as `integral`
        says. No witness.

    Raises:
        ValueError: If the network has one output, or the domain does not fit.

    Example:
        >>> weights = [[[1.0]], [[1.0], [-1.0]]]
        >>> net = ReluNetwork.from_arrays(weights, [None, [0.0, 1.0]])
        >>> from regions.domains.shapes import Box
        >>> [str(part.share) for part in mean_by_class(net, Box([-1.0], [3.0])).value]
        ['5/8', '3/8']
    """
    network, domain = network_and_domain(network, domain, or_round=True, bounded=True)
    if network.output_dim < 2:
        raise ValueError("the network has 1 output: classes need at least 2.")
    budget = Budget()
    _check_method(method)
    if is_disc(domain, method):
        return _classes_of_disc(network, domain)
    found = _classes_by_corners(network, domain, budget, method)
    if found is not None:
        (value, cells), how = found, "corners"
    else:
        (value, cells), how = _classes_listed(network, domain), "list"
    return Answer(
        "mean_by_class",
        value,
        None,
        True,
        budget.seconds,
        how,
        {"pieces": cells},
        evidence=Partition(network, domain, {}, by_class=True),
    )


def _classes_of_disc(network: ReluNetwork, domain: BoundedDomain) -> Answer:
    """The parts of all classes of a disc."""
    budget, (origin, _) = Budget(), domain.rational_chart()
    found, pieces = disc_classes(network, domain)
    value = []
    for label, part in enumerate(found):
        if part is None:
            value.append(ClassMean(label, Fraction(0), None))
            continue
        pairs = zip(origin, map(ends, part.mean), strict=True)
        mean = tuple(known(start + low, start + high) for start, (low, high) in pairs)
        value.append(ClassMean(label, part.share, mean))
    stats = {"pieces": pieces}
    return Answer(
        "mean_by_class",
        tuple(value),
        None,
        True,
        budget.seconds,
        stats=stats,
        evidence=disc_evidence(network, domain, {}, by_class=True),
    )


def _classes_listed(
    network: ReluNetwork, domain: BoundedDomain
) -> tuple[tuple[ClassMean, ...], int]:
    """The parts of all classes from the list of pieces, and how many pieces."""
    pieces = Pieces(network, domain)
    count, dim = network.output_dim, domain.dim
    volumes = [Fraction(0)] * count
    firsts = [[Fraction(0)] * dim for _ in range(count)]
    for piece in pieces:
        for label, cell in class_cells(piece, count):
            points = cell.points()
            volumes[label] += power_integrals(cell, [Fraction(0)] * len(points), 0)[0]
            for axis in range(dim):
                values = [point[axis] for point in points]
                firsts[label][axis] += power_integrals(cell, values, 1)[1]
    total = domain.rational_volume()
    assert sum(volumes) == total
    parts = tuple(
        ClassMean(label, volume / total, _mean(domain, first, volume))
        for label, (volume, first) in enumerate(zip(volumes, firsts, strict=True))
    )
    return parts, pieces.count


def _classes_by_corners(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget, method: str
) -> tuple[tuple[ClassMean, ...], int] | None:
    """The same from the corners of all regions, between ends; None if it does not pay.

    Raises:
        ValueError: If it is required, and does not serve.
    """
    if not _takes_corners(network, domain, method):
        return None
    found = None
    if domain.is_chart_identity:
        found = class_sums(network, domain, budget.spent)
    small = found is not None and any(
        part is not None and part.volume[0] <= 0 for part in found[1]
    )
    if found is None or small:
        if method == "corners" and not budget.spent():
            raise ValueError(
                "`method` is 'corners', and floats overflow, a part is too small for "
                "them, or the domain is not its own chart: take 'list'."
            )
        return None
    cells, parts = found
    if method == "auto" and cells <= FEW_REGIONS:
        return None
    total = domain.rational_volume()
    return tuple(
        _between(label, part, total) for label, part in enumerate(parts)
    ), cells


def _between(label: int, part: Part | None, total: Fraction) -> ClassMean:
    """What is known of a class, from ends of its volume and first moments."""
    if part is None:
        return ClassMean(label, Fraction(0), None)
    low, high = part.volume
    mean = [
        known(min(a / low, a / high), max(b / low, b / high)) for a, b in part.firsts
    ]
    share = known(low / total, min(high / total, Fraction(1)))
    return ClassMean(label, share, tuple(mean))


def _mean(
    domain: BoundedDomain, first: list[Fraction], volume: Fraction
) -> Point | None:
    """The mean input of a part, from its integral in the chart."""
    if volume == 0:
        return None
    return embed_exactly(domain, [v / volume for v in first])
