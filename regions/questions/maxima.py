"""The largest value of a goal by search: its proved ends, and what proves them."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from flint import fmpq

from regions.domains.shapes import embed_exactly
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import Budget
from regions.errors.limits import hearing_by_itself
from regions.questions.answer import Point
from regions.questions.listed import Largest
from regions.questions.listed_cells import largest_on_cells
from regions.questions.pieces import MAX_DIM, Pieces
from regions.questions.problem import Problem
from regions.questions.search import FEW_DIMENSIONS, Search
from regions.questions.wide_search import WideSearch
from regions.signs.exact import to_fmpq

FEW_NODES, FEW_PIECES, MIN_SECONDS = 32, 20_000, 2.0
"""After so many nodes the list of an engine is tried, in few dimensions, for so many
seconds at least, then one of so many pieces."""

FEW_WIDE_NODES, MANY_UNITS = 1000, 50
"""So many nodes are tried first, in few dimensions, of networks of so many units: a
point beyond the threshold is found soon, if there is one."""


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

    @property
    def method(self) -> str:
        """What the answer comes from."""
        return "list" if self.search.is_listed else "search"


def search_maximum(
    problem: Problem,
    tolerance: Fraction,
    max_seconds: float | int | None,
    stop: Callable[[], bool],
    *,
    enough: Callable[[Fraction], bool] = lambda value: False,
    harmless: Callable[[fmpq], bool] = lambda bound: False,
    is_threshold: bool = False,
) -> Maximum:
    """Search for the largest value.

    Args:
        problem: What to maximize.
        tolerance: The ends may stay so far apart.
        max_seconds: Stop after this time.
        stop: Asked often; says whether to stop, likewise.
        enough: See `search.Search`.
        harmless: Likewise.
        is_threshold: Whether only the side of a threshold is asked for, by the two
            arguments before.
    """
    # Time that is over already still gives the roots' bounds, and one point.
    seconds = None if max_seconds is None else max(max_seconds, 1e-9)
    budget = Budget(max_seconds=seconds, stop=stop)
    limits = {"tolerance": tolerance, "enough": enough, "harmless": harmless}
    with hearing_by_itself():
        search, done = _searched(problem, budget, limits, is_threshold)
        if search.best is None:
            search.try_inside()
    best, upper = search.best, search.upper
    assert best is not None
    assert upper is not None
    witness = embed_exactly(problem.domain, search.point)
    return Maximum(best, upper, witness, done, budget.seconds, search)


def _searched(
    problem: Problem, budget: Budget, limits: dict[str, Any], is_threshold: bool
) -> tuple[Search, bool]:
    """The search that suits, run to its end or until the budget is spent."""
    search, done = None, False
    if is_threshold and _is_wide(problem):
        search, few = (
            WideSearch(problem, budget, **limits),
            problem.dim <= FEW_DIMENSIONS,
        )
        done = search.run(FEW_WIDE_NODES if few else None)
        # In few dimensions the box can be split, too, which makes bounds sharper.
        search = None if few and not done and not budget.spent() else search
    if search is None:
        search = Search(problem, budget, **limits)
        few = FEW_NODES if _can_be_listed(problem) else None
        done = search.run(few)
        if not done and few is not None and not budget.spent():
            done = _settled_by_list(search, budget) or search.run()
    return search, done


def _is_wide(problem: Problem) -> bool:
    """Whether batches of nodes pay: with many inputs, or many units."""
    many = problem.dim > FEW_DIMENSIONS or problem.network.num_bits > MANY_UNITS
    return many and WideSearch.serves(problem)


def _can_be_listed(problem: Problem) -> bool:
    """Whether the largest values are those at corners of pieces of the domain."""
    box = problem.domain.chart_box()
    whole = problem.low == [to_fmpq(float(v)) for v in box.lower]
    whole &= problem.high == [to_fmpq(float(v)) for v in box.upper]
    plain = all(len(goal) == 1 and not goal[0].inputs for goal in problem.goals)
    return whole and plain and problem.dim <= MAX_DIM


def _settled_by_list(search: Search, budget: Budget) -> bool:
    """Ask the list, if it is short: it ends where units coincide, as a search may not.

    Where many units vanish at one point every choice of their signs is a node that is
    not empty.
    """
    problem = search.problem
    best = _by_cells(problem, budget)
    if best is not None:
        search.settle(*best)
        return True
    limits = Budget(max_regions=FEW_PIECES, stop=budget.spent)
    pieces = Pieces(problem.network, problem.domain, limits)
    largest = Largest([goal[0].outputs for goal in problem.goals])
    for piece in pieces:
        largest.take(piece)
    if not pieces.complete:
        return False
    best = None
    for k, goal in enumerate(problem.goals):
        value = largest.values[k]
        assert value is not None
        value += goal[0].offset
        if best is None or value > best[1]:
            best = k, value, largest.corners[k]
    assert best is not None
    search.settle(*best)
    return True


def _by_cells(problem: Problem, budget: Budget) -> tuple[int, Fraction, Point] | None:
    """The answer of an engine's list, if it is found in about the time spent before."""
    if problem.dim < 2 or not problem.domain.is_chart_identity:
        return None
    found = enumerate_regions(
        problem.network,
        problem.domain,
        max_seconds=max(MIN_SECONDS, 2.0 * budget.seconds),
        stop=budget.spent,
    )
    return largest_on_cells(problem, found)


def read_tolerance(tolerance: float | int | Fraction) -> Fraction:
    """A tolerance as an exact number.

    Raises:
        ValueError: If it is negative or not finite.
    """
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise ValueError(f"`tolerance` is {tolerance}: 0 or more is required.")
    return Fraction(tolerance)
