"""The largest value of a goal by search: its proved ends, and what proves them."""

import math
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from flint import fmpq

from regions.domains.shapes import embed_exactly
from regions.enumeration.budget import Budget
from regions.errors.limits import hearing_by_itself
from regions.questions import box_batches
from regions.questions.answer import Point
from regions.questions.listed import Largest
from regions.questions.pieces import MAX_DIM, Pieces
from regions.questions.problem import Problem
from regions.questions.search import BATCH, FEW_DIMENSIONS, Search
from regions.questions.visited_extremes import EngineList
from regions.questions.wide_search import WideSearch
from regions.signs.exact import to_fmpq

FEW_NODES, FEW_PIECES = 32, 20_000
"""After so many nodes, or batches of boxes, the list of an engine is tried, in few
dimensions, then one of so many pieces."""

ALONE = {2: 5.0, 3: 5.0, 4: 5.0}
OTHERS_ALONE = 2.0
"""How long an engine lists by itself, by the dimension, in seconds of a processor, and
no longer than a quarter of the time that is left. How long it takes by the clock says
how busy a machine is, and chooses nothing."""

EVEN_AFTER, TURN = 30.0, 0.5
"""Lists of up to some 10^6 regions end in so many seconds of a processor, in one or two
times the time of a count: until then a search has turns of half a second, half as much
time as the list. Of more regions many are slower than a search: it has as much time as
the list from then on, so that neither takes more than about twice its own time."""

OTHERS_SHARE = 4.0
"""In more dimensions lists seldom are the shorter way: searches have so many times the
time of the list."""

FIRST_TURN = 0.5
"""Seconds, of a processor, of the first turns of the search and of the exact list."""

MANY_LISTED_UNITS = 30
"""Networks of more units are listed first: a search would take more than few nodes."""

MANY_UNITS = 50
"""Networks of more units are searched by many nodes at once, for a threshold."""


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
        return "list" if self.search.listed is not None else "search"


def search_maximum(
    problem: Problem,
    tolerance: Fraction,
    max_seconds: float | int | None,
    stop: Callable[[], bool],
    *,
    enough: Callable[[Fraction], bool] = lambda value: False,
    harmless: Callable[[fmpq], bool] = lambda bound: False,
    is_threshold: bool = False,
    listed: EngineList | None = None,
    lists: Problem | None = None,
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
        listed: What the engines list of the same network and domain, where several
            searches share it.
        lists: The same goals as those of another network with fewer regions, of which
            lists are made.
    """
    lists = lists or problem
    # Time that is over already still gives the roots' bounds, and one point.
    seconds = None if max_seconds is None else max(max_seconds, 1e-9)
    budget = Budget(max_seconds=seconds, stop=stop)
    limits = {"tolerance": tolerance, "enough": enough, "harmless": harmless}
    with hearing_by_itself():
        listed = listed or EngineList(lists.network, lists.domain)
        search, done = _searched(problem, budget, limits, is_threshold, listed, lists)
        if not done or search.best is None:
            search.try_all_goals()
    best, upper = search.best, search.upper
    assert best is not None
    assert upper is not None
    witness = embed_exactly(problem.domain, search.point)
    return Maximum(best, upper, witness, done, budget.seconds, search)


def _searched(
    problem: Problem,
    budget: Budget,
    limits: dict[str, Any],
    is_threshold: bool,
    listed: EngineList,
    lists: Problem,
) -> tuple[Search, bool]:
    """The search that suits, run to its end or until the budget is spent."""
    if is_threshold and _is_wide(problem):
        wide = WideSearch(problem, budget, **limits)
        return wide, wide.run()
    search, done = Search(problem, budget, **limits), False
    if not _can_be_listed(problem):
        return search, search.run()
    is_exact = not is_threshold and limits["tolerance"] == 0
    # Boxes that may stay above the best are bounded by the thousand meanwhile.
    by_boxes = not is_exact and box_batches.serves(problem)
    few = FEW_NODES * (BATCH if by_boxes else 1)
    many = lists.network.num_bits > MANY_LISTED_UNITS
    if not (is_exact and many and problem.dim in ALONE):
        done = search.run(few)
    if not done and not budget.spent():
        done = _settled_by_engine(search, budget, listed, lists)
    if not done and not budget.spent():
        done = _run_in_turns(search, budget, lists)
    if not done and search.upper is None:
        done = search.run()  # There was no turn for it: the roots at least are bounded.
    return search, done


class Meanwhile:
    """Searches while a list is made, which asks it whether to stop.

    Args:
        search: The search.
        left: Seconds that are left for both; infinite without a limit.

    Attributes:
        done: Whether the search ended by itself.
    """

    def __init__(self, search: Search, left: float = math.inf):
        self.done = False
        self._search, self._thread = search, threading.get_ident()
        self._dim = search.problem.dim
        self._alone = min(ALONE.get(self._dim, OTHERS_ALONE), 0.25 * left)
        self._begin, self._searched = time.process_time(), 0.0
        self._is_searching = threading.Lock()

    def __call__(self) -> bool:
        """Search for a moment if it is the search's turn; whether that has ended it."""
        if threading.get_ident() == self._thread:
            listed = time.process_time() - self._begin - self._searched
            if not self.done and self._searched < self._due(listed):
                self._take_turn()
            return self.done
        # Threads that help with the list wait meanwhile.
        with self._is_searching:
            return self.done

    def _due(self, listed: float) -> float:
        """How long to have searched by when the list has taken so long."""
        after = listed - self._alone
        if self._dim not in ALONE:
            return OTHERS_SHARE * after
        return max(0.5 * after, listed - EVEN_AFTER)

    def _take_turn(self) -> None:
        """Search for a moment."""
        with self._is_searching:
            begin = time.process_time()
            self.done = self._search.run(stop=_over(TURN))
            self._searched += time.process_time() - begin


def _over(seconds: float) -> Callable[[], bool]:
    """Says when the process has used so many seconds of its processors more."""
    end = time.process_time() + seconds
    return lambda: time.process_time() > end


def _either(*stops: Callable[[], bool]) -> Callable[[], bool]:
    """Says to stop when one of these does."""
    return lambda: any(stop() for stop in stops)


def _run_in_turns(search: Search, budget: Budget, lists: Problem) -> bool:
    """Ask the search and the exact list by turns, each for longer and longer.

    Where units coincide a search may not end, and a list of many pieces is no help.
    """
    seconds, pieces = FIRST_TURN, Pieces(lists.network, lists.domain)
    largest = Largest([goal[0].outputs for goal in lists.goals])
    while not budget.spent():
        if search.run(stop=_over(seconds)):
            return True
        pieces.budget = own = Budget(
            max_regions=FEW_PIECES, stop=_either(_over(seconds), budget.spent)
        )
        if _settled_by_pieces(search, lists, pieces, largest):
            return True
        if not own.spent():
            break  # It has more pieces than that.
        seconds *= 2.0
    return search.run()


def _is_wide(problem: Problem) -> bool:
    """Whether batches of nodes split by units pay: with many inputs or units.

    In few dimensions the box can be split, too, many boxes at once.
    """
    many = problem.dim > FEW_DIMENSIONS or problem.network.num_bits > MANY_UNITS
    return many and WideSearch.serves(problem) and not box_batches.serves(problem)


def _can_be_listed(problem: Problem) -> bool:
    """Whether the largest values are those at corners of pieces of the domain."""
    box = problem.domain.chart_box()
    whole = problem.low == [to_fmpq(float(v)) for v in box.lower]
    whole &= problem.high == [to_fmpq(float(v)) for v in box.upper]
    plain = all(len(goal) == 1 and not goal[0].inputs for goal in problem.goals)
    whole &= problem.square is None
    return whole and plain and problem.dim <= MAX_DIM


def _settled_by_engine(
    search: Search, budget: Budget, listed: EngineList, problem: Problem
) -> bool:
    """Ask the list of an engine, and search meanwhile; whether one of both ended."""
    left = math.inf
    if budget.max_seconds is not None:
        left = budget.max_seconds - budget.seconds
    meanwhile = Meanwhile(search, left)
    own = Budget(stop=_either(meanwhile, budget.spent))
    best = listed.largest(problem, own)
    if best is not None:
        search.settle(problem, *best)
    return best is not None or meanwhile.done


def _settled_by_pieces(
    search: Search, problem: Problem, pieces: Pieces, largest: Largest
) -> bool:
    """Ask the exact list, or its rest, if it is short: it ends where units coincide.

    Where many units vanish at one point every choice of their signs is a node that is
    not empty, and a search may not end.
    """
    for piece in pieces:
        largest.take(piece)
    if not pieces.complete:
        return False
    best = largest.best([goal[0].offset for goal in problem.goals])
    search.settle(problem, *best)
    return True


def read_tolerance(tolerance: float | int | Fraction) -> Fraction:
    """A tolerance as an exact number.

    Raises:
        ValueError: If it is negative or not finite.
    """
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise ValueError(f"`tolerance` is {tolerance}: 0 or more is required.")
    return Fraction(tolerance)
