"""The largest value of a goal by search: its proved ends, and what proves them."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from flint import fmpq

from regions.domains.shapes import embed_exactly
from regions.enumeration.budget import Budget
from regions.questions.answer import Point
from regions.questions.problem import Problem
from regions.questions.search import Search


class Maximum(NamedTuple):
    """What a search found.

    Attributes:
        lower: A value that is attained at the witness.
        upper: A bound that nothing exceeds.
        witness: A point of the input space.
        done: Whether the search ended by itself.
        seconds: Wall time.
        search: The search, with its tree.
    """

    lower: Fraction
    upper: Fraction
    witness: Point
    done: bool
    seconds: float
    search: Search


def search_maximum(
    problem: Problem,
    tolerance: Fraction,
    max_seconds: float | int | None,
    stop: Callable[[], bool],
    *,
    enough: Callable[[Fraction], bool] = lambda value: False,
    harmless: Callable[[fmpq], bool] = lambda bound: False,
) -> Maximum:
    """Search for the largest value; see `search.Search` for the last two arguments."""
    # Time that is over already still gives the roots' bounds, and one point.
    seconds = None if max_seconds is None else max(max_seconds, 1e-9)
    budget = Budget(max_seconds=seconds, stop=stop)
    search = Search(
        problem,
        budget,
        tolerance=tolerance,
        enough=enough,
        harmless=harmless,
    )
    done = search.run()
    if search.best is None:
        search.try_inside()
    best, upper = search.best, search.upper
    assert best is not None
    assert upper is not None
    witness = embed_exactly(problem.domain, search.point)
    return Maximum(best, upper, witness, done, budget.seconds, search)


def read_tolerance(tolerance: float | int | Fraction) -> Fraction:
    """A tolerance as an exact number.

    Raises:
        ValueError: If it is negative or not finite.
    """
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise ValueError(f"`tolerance` is {tolerance}: 0 or more is required.")
    return Fraction(tolerance)
