"""How far an input may move before its class changes, between proved ends."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from regions.domains.corners import Cell
from regions.domains.domain_vectors import vector
from regions.domains.shapes import Ball, Box, WholeSpace, embed_exactly
from regions.enumeration.budget import Budget
from regions.errors import LimitError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import hearing_by_itself, limited, never
from regions.lp.blas import one_blas_thread
from regions.models import NetworkLike, as_network
from regions.network import ArrayLike, ReluNetwork
from regions.questions.answer import (
    Answer,
    Point,
    ends as both_ends,
    known,
    square_root,
)
from regions.questions.answer_files import (
    Partition,
    Trees,
    Tried,
    proof_of,
    text_of,
    texts,
)
from regions.questions.backward import Box as ExactBox
from regions.questions.borders import begins_at_once
from regions.questions.closest import closest_listed, separating_normal
from regions.questions.crossings import (
    first_radius,
    nearest_in_region,
    nearest_on_the_way,
)
from regions.questions.everywhere import input_of, search_everywhere
from regions.questions.first_points import first_point
from regions.questions.maxima import Maximum, read_tolerance, search_maximum
from regions.questions.norms import check_norm
from regions.questions.pieces import MAX_DIM
from regions.questions.problem import Problem
from regions.questions.properties import Property
from regions.questions.unit_bounds import outward
from regions.signs.exact import Columns, ExactNetwork, to_fmpq


@kinds_checked
@one_blas_thread()
def robust_radius(
    network: NetworkLike,
    x: ArrayLike,
    norm: float | int = math.inf,
    *,
    tolerance: float | int | Fraction = Fraction(1, 100),
    max_radius: float | int = 1e6,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """The largest radius around an input within which no other output is the largest.

    The distance from `x` to the nearest inputs at which another output exceeds that of
    the class of `x`. In at most six dimensions norms 1 and 2 are settled by the list of
    pieces, where it is short; norms 2 and infinity are searched in any dimension.

    Args:
        network: A network with two outputs or more.
        x: The input, `(dim,)`; its class is its largest output, the first of equals.
        norm: `math.inf`, 1 or 2.
        tolerance: How far the ends may stay apart, as a part of the upper one.
        max_radius: Look no farther.
        max_seconds: Stop after this time, with the ends proved so far.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value is an `Interval`, or of a list the exact number; for norm 2 a square
        root; 0 where another output exceeds that of the class right from `x` on. None
        where no change of class was found: `stats["at_least"]` is then proved, and is
        `math.inf` (with `proved`) where there is no other class at all. The
        witness is a point of another class no farther than the upper end (of a list, at
        the border of one; of a radius of 0, one to which the straight way from `x` is
        of that class).

    Raises:
        ValueError: If an argument does not fit.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)
        >>> answer = robust_radius(net, [3.0, 1.0], tolerance=1e-6)
        >>> low, high = answer.value
        >>> low <= 1 <= high < 1.00001
        True
    """
    network = as_network(network)
    check_norm(norm)
    center = vector(x, "x")
    if len(center) != network.input_dim:
        raise ValueError(
            f"`x` has {len(center)} entries and the network reads {network.input_dim}: "
            "they must be equal."
        )
    if norm == 1 and network.input_dim > MAX_DIM:
        raise ValueError(
            f"`norm` is 1 and the network reads {network.input_dim} inputs: beyond "
            f"{MAX_DIM} only 2 and math.inf are served."
        )
    if not 0 < max_radius < math.inf:
        raise ValueError(
            f"`max_radius` is {max_radius}: a positive, finite number is required."
        )
    part, few = read_tolerance(tolerance), network.input_dim <= MAX_DIM
    budget = Budget(max_seconds=max_seconds, stop=stop)
    with hearing_by_itself():
        run = _Run(network, center, budget, norm)
        finished = run.grow(Fraction(max_radius))
        if norm != math.inf and few and not run.is_zero:
            listed = _settled_by_list(run, finished, norm, Fraction(max_radius))
            if listed is not None:
                return listed
        settles = norm != 1 or run.is_zero
        return run.answer(finished and settles and run.close_in(part))


ATTACKS = 24
"""Balls in which a point of another class is sought at first: larger ones until one is
found, then smaller ones."""
CLOSER = Fraction(3, 4)
"""Such a part of the radius has the next ball."""
ATTACK_SECONDS = 0.5
"""That goes on so long, in seconds of a processor, even if less time is given: an upper
end is worth it."""
FAR = 1000
"""Where no more than so many times the radius of the first ball is asked for, balls are
searched; else all inputs at once before them."""
LARGER = 16
"""So much larger is the next ball where no point of another class was found."""
NEARER = Fraction(99, 100)
"""A point is moved on as long as each time it comes so much nearer."""


@dataclasses.dataclass(slots=True)
class _Witness:
    """A point of another class.

    Attributes:
        point: The point.
        distance: Its distance, in the norm of the balls; for norm 2 rounded up.
    """

    point: Point
    distance: Fraction


class _Searched(NamedTuple):
    """A ball that was searched, and what was found."""

    radius: Fraction
    found: Maximum


class _Run:
    """What is known of one radius.

    Attributes:
        lower: A radius within which the class is proved.
        witness: The nearest point of another class that is known.
        is_zero: Whether another class is proved to begin at the center itself.
        is_open: Whether a ball was searched to its end, which settled nothing.
        everywhere: The search that proved that there is no other class at all.
        balls: The searches that proved the lower end, the last one of them best.
    """

    def __init__(
        self,
        network: ReluNetwork,
        center: np.ndarray,
        budget: Budget,
        norm: float | int,
    ):
        self.network, self.center, self.budget = network, center, budget
        # A ball of the norm 1 lies in that of the norm inf.
        self.norm, self.around = norm, 2 if norm == 2 else math.inf
        self.exact = ExactNetwork(network, WholeSpace(network.input_dim))
        self.exact_center = tuple(Fraction(v) for v in center.tolist())
        outputs = outputs_at(self.exact, self.exact_center)
        # The first of equals.
        self.label = outputs.index(max(outputs))
        self.property = Property.largest(self.label, network.output_dim)
        self.lower = Fraction(0)
        self.witness: _Witness | None = None
        self.is_zero = self.is_open = False
        self.everywhere: Maximum | None = None
        self.balls: list[_Searched] = []
        self.nodes, self._begin = 0, time.process_time()

    def grow(self, most: Fraction) -> bool:
        """Search larger and larger balls until a change of class is found."""
        dual = 2 if self.around == 2 else 1
        first = first_radius(self.network, self.center, self.label, dual)
        first = min(most, first)
        self._attack(first, most)
        is_near = first < most <= FAR * first
        if self.witness is None and not is_near and self._is_everywhere(most):
            return True
        # A small ball is quickly proved: so there is a lower end before long.
        radius = first / 8
        while not self.is_zero and (
            self.witness is None or 2 * radius < self.witness.distance
        ):
            if self._is_over() or not self.look(radius):
                return False
            if self.witness is None and radius == most:
                return True
            radius = min((LARGER if self.witness is None else 2) * radius, most)
        return True

    def _attack(self, radius: Fraction, most: Fraction) -> None:
        """Look for points of another class, without a proof that there is none."""
        for _ in range(ATTACKS):
            if self.is_zero or self._attacked_enough():
                return
            problem, before = self._ball_problem(radius), self.witness
            _, near = first_point(problem, self.budget.spent)
            point = embed_exactly(problem.domain, near)
            if self._is_of_another(point):
                self._offer(point)
                self._improve()
            elif before is not None or radius == most:
                return
            if self.witness is not None:
                radius = CLOSER * self.witness.distance
            else:
                radius = min(2 * radius, most)

    def _is_everywhere(self, most: Fraction) -> bool:
        """Whether there is no other class at all, proved; else a point may be found."""
        found = search_everywhere(self.network, self.property, self.budget)
        if found is None:
            return False
        self.nodes += found.search.nodes
        if found.upper <= 0:
            self.everywhere = found
            return True
        point = input_of(found.witness) if found.lower > 0 else None
        if point is not None and self.distance(point, self.around) <= most:
            self._offer(point)
            self._improve()
        return False

    def _attacked_enough(self) -> bool:
        """Whether the time is over, and some was spent."""
        used = time.process_time() - self._begin
        return self.budget.spent() and used > ATTACK_SECONDS

    def _is_over(self) -> bool:
        """Whether the time is over, and there is a lower end."""
        return self.lower > 0 and self.budget.spent()

    def close_in(self, tolerance: Fraction) -> bool:
        """Search smaller balls until the ends are near."""
        step = tolerance
        while self.witness is not None and not self.is_zero:
            upper, lower = self.witness.distance, self.lower
            if upper - lower <= tolerance * upper:
                return True
            # Far apart, the middle; near, one search that ends it where it can. Where
            # that only finds a point a little nearer, steps are longer and longer.
            radius = (lower + upper) / 2
            if upper <= Fraction(3, 2) * lower or len(self.balls) > 4:
                radius = max(radius, upper * (1 - step))
            if self._is_over() or not self.look(radius):
                return False
            step = tolerance if self.lower > lower else 2 * step
        return True

    def look(self, radius: Fraction) -> bool:
        """Search one ball; whether that was finished."""
        if self.around == 2:
            # A float64 radius, which a ball has: one above may be no less.
            radius = Fraction(float(radius))
        problem = self._ball_problem(radius)
        left = self.budget.max_seconds
        if left is not None:
            left -= self.budget.seconds
        found = search_maximum(
            problem,
            Fraction(0),
            left,
            self.budget.spent,
            enough=lambda value: value > 0,
            harmless=lambda bound: bound <= 0,
            is_threshold=True,
        )
        self.nodes += found.search.nodes
        if found.lower > 0:
            self._offer(found.witness)
            self._improve()
            return True
        if found.upper <= 0:
            self.lower = max(self.lower, radius)
            self.balls.append(_Searched(radius, found))
            return True
        self.is_open = found.done
        return False

    def _offer(self, point: Point) -> None:
        """Keep a point of another class if it is nearer; one that proves 0 is kept."""
        if self.is_zero:
            return
        distance = self.distance(point, self.around)
        if self.witness is None or distance < self.witness.distance:
            self.witness = _Witness(point, distance)
            self.is_zero = begins_at_once(
                self.exact, self.exact_center, point, self.label
            )

    def distance(self, point: Point, norm: float | int) -> Fraction:
        """Distance of a point from the center; for norm 2 rounded up."""
        pairs = zip(point, self.exact_center, strict=True)
        moves = [abs(a - b) for a, b in pairs]
        if norm == 2:
            return both_ends(square_root(sum((v * v for v in moves), Fraction())))[1]
        return max(moves) if norm == math.inf else sum(moves, Fraction())

    def _ball_problem(self, radius: Fraction) -> Problem:
        """Whether the property fails in a ball around the center, exactly."""
        if self.around == 2:
            ball = Ball(self.center, float(radius), 2)
            return Problem(self.network, ball, self.property.goals(self.network, ball))
        ends = _cube(self.exact_center, radius)
        near = Box(*outward(ends))
        goals = self.property.goals(self.network, near)
        problem = Problem(self.network, near, goals)
        problem.low, problem.high = map(list, ends)
        return problem

    def _improve(self) -> None:
        """Look for nearer points on the way to the one known, and in its region."""
        with suppress(LimitError), limited(stop=self._attacked_enough):
            while not self.is_zero:
                assert self.witness is not None
                before = self.witness.distance
                self._try(nearest_on_the_way)
                self._try(functools.partial(nearest_in_region, norm=self.around))
                if self.witness.distance > NEARER * before:
                    return

    def _try(self, nearer: Callable[..., np.ndarray | None]) -> None:
        """Offer a nearer point that a function suggests."""
        assert self.witness is not None
        start = np.array([float(v) for v in self.witness.point])
        near = nearer(self.network, self.center, start, self.label)
        for beyond in () if near is None else (0.0, 1e-12, 1e-9, 1e-6):
            moved = self.center + (1.0 + beyond) * (near - self.center)
            point = tuple(Fraction(v) for v in moved.tolist())
            if self._is_of_another(point):
                self._offer(point)
                return

    def _is_of_another(self, point: Point) -> bool:
        """Whether another output exceeds that of the class there, exactly."""
        outputs = outputs_at(self.exact, point)
        return max(outputs) > outputs[self.label]

    def _evidence(self) -> Trees | Partition | Tried | None:
        """What proves both ends: the search of the largest ball, and a witness."""
        about: dict[str, Any] = {"center": texts(self.exact_center)}
        about["norm"] = f"{self.norm:g}"
        about["label"] = self.label
        if self.everywhere is not None:
            about["everywhere"] = True
            return proof_of(self.everywhere, of=self.network, **about)
        about["radius"] = text_of(self.lower)
        if self.witness is not None:
            about["witness"] = texts(self.witness.point)
        if self.is_zero or not self.balls:
            space = WholeSpace(self.network.input_dim)
            return None if self.witness is None else Tried(self.network, space, about)
        return proof_of(self.balls[-1].found, **about)

    def answer(self, finished: bool) -> Answer:
        """What is known."""
        everywhere = self.everywhere is not None
        least = math.inf if everywhere else self.lower
        stats = {"label": self.label, "nodes": self.nodes, "at_least": least}
        value = None
        if self.witness is not None:
            farthest = self.distance(self.witness.point, self.norm)
            value = known(self.lower, Fraction(0) if self.is_zero else farthest)
        return Answer(
            "robust_radius",
            value,
            None if self.witness is None else self.witness.point,
            everywhere or (finished and value is not None),
            self.budget.seconds,
            "search",
            stats,
            evidence=self._evidence(),
        )


MOST_PIECES = 20_000
"""Longer lists are left to the search."""


def _settled_by_list(
    run: _Run, finished: bool, norm: float | int, most: Fraction
) -> Answer | None:
    """The radius by the list of pieces, as far as a point of another class is known.

    In round balls, where optima are no rational numbers, a search settles nothing where
    another output is nowhere larger and somewhere as large. In boxes it does.
    """
    finished = finished and run.close_in(Fraction(1, 2))
    if run.is_open:
        boxes = _Run(run.network, run.center, run.budget, math.inf)
        finished = boxes.grow(most) and boxes.close_in(Fraction(1, 2))
        if boxes.witness is None and boxes.lower > run.lower:
            # A round ball lies in its cube, in which no other class was found.
            return boxes.answer(False)
        run = boxes
    if not finished or run.witness is None:
        return None
    return _listed(run, norm)


def _listed(run: _Run, norm: float | int) -> Answer | None:
    """The radius in norm 1 or 2, from the pieces around the point; None if too many."""
    assert run.witness is not None
    reach = run.distance(run.witness.point, norm)
    # The nearest point lies in the cube of that half width; and some more.
    box = Box(*outward(_cube(run.exact_center, reach * Fraction(1001, 1000))))
    limits = Budget(max_regions=MOST_PIECES, stop=run.budget.spent)
    found = closest_listed(run.network, box, run.exact_center, run.label, norm, limits)
    if found is None:
        return None
    value = square_root(found.size) if norm == 2 else found.size
    stats = {"label": run.label, "pieces": found.pieces}
    about = {
        "center": texts(run.exact_center),
        "label": run.label,
        "norm": f"{norm:g}",
        "size": text_of(found.size),
        "witness": texts(found.point),
    }

    def normal(label: int, cell: Cell) -> Point | None:
        if label == run.label:
            return None
        return separating_normal(cell, run.exact_center, norm, found.size)

    return Answer(
        "robust_radius",
        value,
        found.point,
        True,
        run.budget.seconds,
        "list",
        stats,
        Partition(run.network, box, about, by_class=True, normal=normal),
    )


def _cube(center: Point, radius: Fraction) -> ExactBox:
    """The cube around a point: rounded outwards it has an inside, however small."""
    return ExactBox(
        tuple(to_fmpq(c - radius) for c in center),
        tuple(to_fmpq(c + radius) for c in center),
    )


def outputs_at(exact: ExactNetwork, point: Point) -> list[Fraction]:
    """The outputs at a rational point, exactly."""
    columns = Columns.of_points([point])
    numerators, scales = exact.forward(columns)
    bottom = scales[-1][0] * columns.denominators[0]
    return [Fraction(row[0], bottom) for row in numerators[-1]]
