"""What an output adds to an integral where a list that was stopped has not been."""

from collections.abc import Sequence
from fractions import Fraction

from regions.domains.shapes import BoundedDomain
from regions.errors.limits import never
from regions.network import ReluNetwork
from regions.questions.answer import Value, ends, known
from regions.questions.directions import Direction
from regions.questions.maxima import Maximum, search_maximum
from regions.questions.problem import Linear, Problem

Bounds = tuple[Maximum, Maximum]
"""The largest value of the negative of a combination of outputs, and of itself."""


def bounds_of(
    network: ReluNetwork, domain: BoundedDomain, weights: Direction
) -> Bounds:
    """Bounds of a combination of outputs on a domain, which are known at once."""
    goals = (Linear(tuple(sign * w for w in weights)) for sign in (-1, 1))
    # Without any time the bound of the root is all that is known.
    low, high = (
        search_maximum(Problem(network, domain, [(goal,)]), Fraction(0), 0.0, never)
        for goal in goals
    )
    return low, high


def with_unmet(
    powers: Sequence[Value], bounds: Bounds, rest: Sequence[Fraction]
) -> tuple[Value, ...]:
    """Integrals of the powers of an output, with the part of a domain not met.

    Args:
        powers: Those of the powers 1, 2 ... over the part that was met.
        bounds: Bounds of the output.
        rest: Both ends of the volume of the other part.
    """
    low, high = -bounds[0].upper, bounds[1].upper
    found = []
    for order, met in enumerate(powers, start=1):
        held = [low**order, high**order]
        if order % 2 == 0 and low < 0 < high:
            held.append(Fraction(0))
        first, last = ends(met)
        least = min(min(held) * v for v in rest)
        most = max(max(held) * v for v in rest)
        found.append(known(first + least, last + most))
    return tuple(found)
