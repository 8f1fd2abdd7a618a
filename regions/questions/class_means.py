"""Of each class the share of a domain that it takes, and the mean of its inputs."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from regions.domains.shapes import Ball, BoundedDomain
from regions.domains.simplices import first_moments
from regions.enumeration.budget import Budget
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.lp.blas import one_blas_thread
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.questions.answer import Answer, Value, decimals, ends, known
from regions.questions.answer_files import Partition
from regions.questions.class_cells import class_cells
from regions.questions.class_sums import Part, class_sums
from regions.questions.disc_integrals import disc_classes, disc_evidence, is_disc
from regions.questions.integral_methods import (
    FEW_REGIONS,
    check_method,
    has_few_regions,
    takes_corners,
)
from regions.questions.pieces import Pieces
from regions.questions.sums import ExactSum

Ends = tuple[Fraction, Fraction]

THIN = Fraction(1, 10**6)
"""Intervals as thin as those from corners are shown by their middle."""


class ClassMean(NamedTuple):
    """The part of a domain in which one output is the largest.

    Attributes:
        label: The number of the output.
        share: The part's share of the domain's volume.
        mean: The mean of its inputs, in the input space, if there are any; None if the
            share is 0.
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
    """A value in six digits, if these are known; else both ends."""
    low, high = ends(value)
    if decimals(low, 6) == decimals(high, 6) or high - low < THIN:
        return decimals((low + high) / 2, 6)
    return str(value)


class _Found(NamedTuple):
    """What was found of the classes.

    Attributes:
        parts: The part of each class that was met; None where there is none.
        volume: Ends of the volume of the whole domain in its chart.
        rest: The most that was not met of it; None if all was.
        pieces: How many pieces were met, or cells of one class or two.
        listed: How many pieces were listed to meet them; 0 if corners were taken.
    """

    parts: Sequence[Part | None]
    volume: Ends
    rest: Fraction | None
    pieces: int
    listed: int


@kinds_checked
@one_blas_thread()
def mean_by_class(
    network: NetworkLike,
    domain: DomainLike,
    *,
    method: str = "auto",
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """For each class the share of the domain that it takes, and its mean input.

    The class of an input is its largest output. Where outputs are equal on a set with
    volume, it belongs to the first of them.

    Args:
        network: A network with two outputs or more.
        domain: As in `integral`.
        method: As in `integral`.
        max_seconds: Stop after this time.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value has a `ClassMean` for each output: exact, or intervals, as `integral`
        says. No witness. Where it was stopped, the pieces not met may be of any class.

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
    budget = Budget(max_seconds=max_seconds, stop=stop)
    check_method(method)
    how, evidence = "list", Partition(network, domain, {}, by_class=True)
    if is_disc(domain, method):
        assert isinstance(domain, Ball)
        radius = Fraction(domain.radius)
        reach = [(-radius, radius)] * 2
        found = _classes_of_disc(network, domain, budget)
        evidence = disc_evidence(network, domain, {}, by_class=True)
    else:
        axes = zip(*domain.cell().points(), strict=True)
        reach = [(min(axis), max(axis)) for axis in axes]
        found = _classes_by_corners(network, domain, budget, method)
        how = "list" if found is None else "corners"
        found = found or _classes_listed(network, domain, budget)
    return Answer(
        "mean_by_class",
        _class_means(domain, found, reach),
        None,
        found.rest is None,
        budget.seconds,
        how,
        {"cells" if how == "corners" else "pieces": found.pieces},
        evidence=evidence._replace(most=None if found.rest is None else found.listed),
    )


def _classes_of_disc(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> _Found:
    """The parts of all classes of a disc."""
    found = disc_classes(network, domain, budget)
    rest = None if found.complete else found.rest[1]
    return _Found(found.parts, found.volume, rest, found.pieces, found.met)


def _classes_listed(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> _Found:
    """The parts of all classes from the list of pieces."""
    pieces = Pieces(network, domain, budget)
    count, dim = network.output_dim, domain.dim
    sums = [[ExactSum() for _ in range(1 + dim)] for _ in range(count)]
    met = [False] * count
    for piece in pieces:
        for label, cell in class_cells(piece, count):
            met[label] = True
            volume, firsts = first_moments(cell)
            for total, term in zip(sums[label], (volume, *firsts), strict=True):
                total.add(term)
    parts: list[Part | None] = []
    for held, own in zip(met, sums, strict=True):
        volume, *firsts = (ends(total.value) for total in own)
        parts.append(Part(volume, firsts) if held else None)
    whole = domain.rational_volume()
    least, most = (
        sum((part.volume[k] for part in parts if part), Fraction()) for k in (0, 1)
    )
    # The pieces fill the domain: a check of the list that costs nothing.
    if pieces.complete and not least <= whole <= most:
        raise AssertionError("the parts of all classes do not fill the domain")
    rest = None if pieces.complete else whole - least
    return _Found(parts, (whole, whole), rest, pieces.count, pieces.count)


def _classes_by_corners(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget, method: str
) -> _Found | None:
    """The same from the corners of all cells; None if it does not pay.

    Raises:
        ValueError: If it is required, and does not serve.
    """
    if not takes_corners(network, domain, method):
        return None
    found = class_sums(network, domain, budget.spent)
    small = found is not None and any(
        part is not None and part.volume[0] <= 0 for part in found[1]
    )
    if found is None or small:
        if method == "corners" and not budget.spent():
            raise ValueError(
                "`method` is 'corners', and floats overflow, or a part is too small "
                "for them: take 'list'."
            )
        return None
    cells, parts = found
    is_short = method == "auto" and cells <= FEW_REGIONS[domain.dim]
    if is_short and has_few_regions(network, domain, budget):
        return None
    whole = domain.rational_volume()
    return _Found(parts, (whole, whole), None, cells, 0)


def _class_means(
    domain: BoundedDomain, found: _Found, reach: Sequence[Ends]
) -> tuple[ClassMean, ...]:
    """What is known of all classes; `reach` are the ends of the chart's axes."""
    rest, (least, most) = found.rest or Fraction(0), found.volume
    alone = found.rest is None and sum(part is not None for part in found.parts) == 1
    means = []
    for label, held in enumerate(found.parts):
        if held is None and found.rest is None:
            means.append(ClassMean(label, Fraction(0), None))
            continue
        # A class that was not met may have all the rest.
        nothing = Fraction(0), Fraction(0)
        part = held or Part(nothing, [nothing] * len(reach))
        low, high = part.volume
        share = known(
            max(low / most, Fraction(0)), min((high + rest) / least, Fraction(1))
        )
        middle = [
            _mean_ends(first, part.volume, rest, axis)
            for first, axis in zip(part.firsts, reach, strict=True)
        ]
        # One class alone has all of it.
        whole = Fraction(1) if alone else share
        means.append(ClassMean(label, whole, _embedded(domain, middle)))
    return tuple(means)


def _mean_ends(first: Ends, volume: Ends, rest: Fraction, axis: Ends) -> Ends:
    """Ends of the mean of a coordinate over a part, and some of the rest.

    It is `(first + u a) / (volume + u)`, with u up to `rest` and a in the axis: which
    is monotone in each of them, and so has its ends at theirs.
    """
    if volume[0] <= 0:
        return axis
    sizes = [(v, u) for v in volume for u in (Fraction(0), rest)]
    least = min((first[0] + u * axis[0]) / (v + u) for v, u in sizes)
    most = max((first[1] + u * axis[1]) / (v + u) for v, u in sizes)
    return max(least, axis[0]), min(most, axis[1])


def _embedded(domain: BoundedDomain, middle: Sequence[Ends]) -> tuple[Value, ...]:
    """Ends of a point of the chart, as those of its coordinates in the input space."""
    if domain.is_chart_identity:
        return tuple(known(low, high) for low, high in middle)
    origin, directions = domain.rational_chart()
    found = []
    for axis, start in enumerate(origin):
        parts = [
            sorted(row[axis] * end for end in pair)
            for row, pair in zip(directions, middle, strict=True)
        ]
        low, high = (sum((part[k] for part in parts), start) for k in (0, 1))
        found.append(known(low, high))
    return tuple(found)
