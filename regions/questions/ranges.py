"""How large and how small an output gets, and by how much two networks differ."""

from collections.abc import Callable
from fractions import Fraction

from regions.domains.shapes import BoundedDomain, embed_exactly
from regions.enumeration.budget import Budget
from regions.errors import LimitError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import limited, never
from regions.lp.blas import one_blas_thread
from regions.models import as_network
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.models.joint import side_by_side
from regions.network import ArrayLike, ReluNetwork
from regions.questions.answer import Answer, known
from regions.questions.answer_files import Compared, Partition, proof_of, texts
from regions.questions.close_networks import CloseList
from regions.questions.comparison import Comparison
from regions.questions.difference import Difference, as_they_are, difference_of
from regions.questions.directions import read_direction
from regions.questions.listed import largest_listed
from regions.questions.maxima import read_tolerance, search_maximum
from regions.questions.pieces import Pieces
from regions.questions.problem import Linear, Problem
from regions.questions.visited_extremes import EngineList

SET_UP = 0.5
"""Seconds that are spent on what differs even if less time is given: bounds are of the
size of the difference then."""
METHODS = ("search", "list")
NEAR = Fraction(1, 1000)
"""Ends of a difference that are so near, as a share of the upper one, settle it."""


@kinds_checked
@one_blas_thread()
def output_range(
    network: NetworkLike,
    domain: DomainLike,
    direction: int | ArrayLike | None = None,
    *,
    method: str = "search",
    tolerance: float | int | Fraction = 0,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """Smallest and largest value of an output, or of a combination of outputs.

    Args:
        network: The network.
        domain: A bounded domain.
        direction: The number of an output, or one weight for each; may be left out
            where there is one output.
        method: `"search"`, branch and bound in any dimension, or `"list"`, over all
            pieces in at most six dimensions. They share little, and agree.
        tolerance: How far the proved ends of each may stay apart.
        max_seconds: Stop the search after this time, with the ends proved so far.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value is a pair, the smallest and the largest, each a Fraction where it is
        exact, else an `Interval`. The witness is a pair of points of the input space at
        which the best known ends are attained.

    Raises:
        ValueError: If an argument does not fit.

    Example:
        >>> import numpy as np
        >>> net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 2.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> output_range(net, Box([-1.0], [1.5])).value
        (Fraction(0, 1), Fraction(2, 1))
    """
    network, domain = network_and_domain(network, domain, or_round=True, bounded=True)
    budget = Budget(max_seconds=max_seconds, stop=stop)
    gap = read_tolerance(tolerance)
    weights = tuple(read_direction(direction, network))
    negative = tuple(-w for w in weights)
    _check_method(method)
    if method == "list":
        pieces = Pieces(network, domain)
        with limited(max_seconds=max_seconds, stop=stop):
            (low, least), (high, most) = largest_listed(pieces, [negative, weights])
        value, stats = (-low, high), {"pieces": pieces.count}
        return Answer(
            "output_range",
            value,
            (least, most),
            True,
            budget.seconds,
            "list",
            stats,
            Partition(network, domain, {"direction": texts(weights)}),
        )
    maxima, listed = [], EngineList(network, domain)
    problem = Problem(network, domain, [(Linear(negative),)])
    for part, last in ((negative, False), (weights, True)):
        problem = problem.asking([(Linear(part),)])
        # Half of the time for each end; what the first leaves, the second has.
        share = None if max_seconds is None else max_seconds - budget.seconds
        if share is not None and not last:
            share /= 2
        maxima.append(search_maximum(problem, gap, share, stop, listed=listed))
    low, high = maxima
    return Answer(
        "output_range",
        (known(-low.upper, -low.lower), known(high.lower, high.upper)),
        (low.witness, high.witness),
        low.done and high.done,
        budget.seconds,
        "list" if "list" in (low.method, high.method) else "search",
        {"nodes": low.search.nodes + high.search.nodes},
        evidence=proof_of(low, high, direction=texts(weights)),
    )


def _check_method(method: str) -> None:
    """Raise unless it is one of the two ways."""
    if method not in METHODS:
        raise ValueError(
            f"`method` is {method!r}: one of {', '.join(METHODS)} is required."
        )


@kinds_checked
@one_blas_thread()
def largest_difference(
    network: NetworkLike,
    other: NetworkLike,
    domain: DomainLike,
    *,
    method: str = "search",
    tolerance: float | int | Fraction = 0,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """The largest absolute difference of any output of two networks.

    What the networks share counts once, and units that nearly are equal are bounded as
    pairs: bounds are of the size of what differs, a quantized weight or one changed by
    1e-12. Of units that are equal up to order, factors and splits it is 0 at once.

    Args:
        network: One network.
        other: Another, with the same inputs and outputs.
        domain: A bounded domain.
        method: As in `output_range`.
        tolerance: How far the proved ends may stay apart.
        max_seconds: As in `output_range`.
        stop: Likewise.

    Returns:
        The value is a Fraction where it is exact, else an `Interval`; the witness is a
        point at which the best known difference is attained. `stats["output"]` is the
        number of the output. In a round ball, where the largest is mostly no rational
        number, it is settled if the ends agree to a thousandth, or to the tolerance.

    Raises:
        ValueError: If an argument does not fit.

    Example:
        >>> one = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
        >>> two = ReluNetwork.from_arrays([[[1.0]], [[0.75]]], None)
        >>> from regions.domains.shapes import Box
        >>> largest_difference(one, two, Box([-1.0], [2.0])).value
        Fraction(1, 2)
    """
    network, domain = network_and_domain(network, domain, or_round=True, bounded=True)
    other = as_network(other, "other")
    budget = Budget(max_seconds=max_seconds, stop=stop)
    gap = read_tolerance(tolerance)
    both = compared(network, other)
    _check_method(method)
    if method == "list":
        apart, directions = difference_of(both)
        pieces = Pieces(apart, domain)
        with limited(max_seconds=max_seconds, stop=stop):
            found = largest_listed(pieces, directions)
        value, point = max(found, key=lambda pair: pair[0])
        goal = [pair[0] for pair in found].index(value)
        stats = {"output": goal % network.output_dim, "pieces": pieces.count}
        return Answer(
            "largest_difference",
            value,
            point,
            True,
            budget.seconds,
            "list",
            stats,
            Partition(apart, domain, {}, of=both),
        )
    try:
        with limited(stop=lambda: budget.spent() and budget.seconds > SET_UP):
            if (same := _equal_by_units(network, both, domain, budget)) is not None:
                return same
            # Bounds are sharper where equal units are pairs, regions fewer elsewhere.
            paired, plain = (
                _differences(difference_of(both, first), domain)
                for first in (network.widths, None)
            )
    except LimitError:
        # What is known at once is better than nothing.
        paired = plain = _differences(as_they_are(both), domain)
    if max_seconds is not None:
        max_seconds = max(1e-3, max_seconds - budget.seconds)
    listed = CloseList(network, other, plain.network, domain)
    best = search_maximum(paired, gap, max_seconds, stop, listed=listed, lists=plain)
    return Answer(
        "largest_difference",
        known(best.lower, best.upper),
        best.witness,
        best.done and _are_near(best.lower, best.upper, gap),
        budget.seconds,
        best.method,
        {"output": best.search.goal % network.output_dim, "nodes": best.search.nodes},
        evidence=proof_of(best, of=both),
    )


def _are_near(lower: Fraction | None, upper: Fraction | None, gap: Fraction) -> bool:
    """Whether ends that rounding may keep apart say how large a difference is."""
    if lower is None or upper is None:
        return False
    return upper - lower <= max(gap, NEAR * upper)


def _differences(difference: Difference, domain: BoundedDomain) -> Problem:
    """The largest of some differences."""
    network, directions = difference
    return Problem(network, domain, [(Linear(tuple(row)),) for row in directions])


def _equal_by_units(
    network: ReluNetwork, both: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> Answer | None:
    """The answer where units show that the networks do not differ."""
    comparison = Comparison(both, domain, network.widths)
    if not comparison.is_equal:
        return None
    point = embed_exactly(domain, domain.inside())
    evidence = Compared(both, domain, comparison)
    stats = {"output": 0, "nodes": 0}
    return Answer(
        "largest_difference",
        Fraction(0),
        point,
        True,
        budget.seconds,
        "units",
        stats,
        evidence,
    )


def compared(network: ReluNetwork, other: ReluNetwork) -> ReluNetwork:
    """Two networks side by side, which must have as many outputs.

    Raises:
        ValueError: If they have not, or read different numbers of inputs.
    """
    if network.output_dim != other.output_dim:
        raise ValueError(
            f"one network has {network.output_dim} outputs and the other "
            f"{other.output_dim}: they must be equal."
        )
    return side_by_side(network, other)
