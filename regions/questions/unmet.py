"""What an output adds to an integral where a list that was stopped has not been."""

from collections.abc import Sequence
from fractions import Fraction

from regions.domains.shapes import BoundedDomain
from regions.errors.limits import never
from regions.network import ReluNetwork
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


def unmet_part(bounds: Bounds, rest: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """Bounds of the integral over the part of a domain that was not met, in the chart.

    Args:
        bounds: Those of the output.
        rest: Both ends of the volume of that part.
    """
    low, high = (found.upper for found in bounds)
    return min(-low * v for v in rest), max(high * v for v in rest)
