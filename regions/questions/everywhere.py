"""Whether one output is the largest at all inputs, however far."""

import time
from fractions import Fraction

from regions.domains.shapes import Box
from regions.enumeration.budget import Budget
from regions.models.projective import in_projective_cube
from regions.network import ReluNetwork
from regions.questions.maxima import Maximum, search_maximum
from regions.questions.problem import Point, Problem
from regions.questions.properties import Property

SECONDS = 20.0
"""So long such a search may take, of a processor: balls are searched after it."""


def search_everywhere(
    network: ReluNetwork, wanted: Property, budget: Budget
) -> Maximum | None:
    """By how much a property of the order of outputs fails, on the cube of all inputs.

    Args:
        network: The network.
        wanted: Which output is to be the largest.
        budget: Half of its time may be spent here: the rest is for balls.

    Returns:
        What was found of the network in the projective cube; None if it has none.
    """
    whole = in_projective_cube(network)
    if whole is None:
        return None
    cube, begin = Box.cube(network.input_dim), time.process_time()

    most = budget.max_seconds

    def is_over() -> bool:
        is_late = time.process_time() - begin > SECONDS
        is_half = most is not None and 2 * budget.seconds > most
        return is_late or is_half or budget.spent()

    return search_maximum(
        Problem(whole, cube, wanted.goals(whole, cube)),
        Fraction(0),
        None,
        is_over,
        enough=lambda value: value > 0,
        harmless=lambda bound: bound <= 0,
        is_threshold=True,
    )


def input_of(place: Point) -> Point | None:
    """The input that belongs to a point of the cube; None if it is infinitely far."""
    scale = 1 - sum(abs(v) for v in place)
    return None if scale <= 0 else tuple(v / scale for v in place)
