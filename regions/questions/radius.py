"""How far an input may move before its class changes, between proved ends."""

import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from regions.domains.corners import Cell
from regions.domains.domain_vectors import vector
from regions.domains.shapes import Ball, Box, WholeSpace
from regions.enumeration.budget import Budget
from regions.errors.arguments import kinds_checked
from regions.errors.limits import hearing_by_itself, never
from regions.models import NetworkLike, as_network
from regions.network import ArrayLike, ReluNetwork
from regions.patterns.halfspaces import affine_pre_activations
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
from regions.questions.conic import nearest_to_origin
from regions.questions.maxima import Maximum, read_tolerance, search_maximum
from regions.questions.norms import check_norm
from regions.questions.pieces import MAX_DIM
from regions.questions.problem import Problem
from regions.questions.properties import Property
from regions.questions.relaxation import solve_rows
from regions.questions.unit_bounds import outward
from regions.signs.exact import Columns, ExactNetwork, to_fmpq


@kinds_checked
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
        where no change of class was found: `stats["at_least"]` is then proved. The
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
    if not max_radius > 0:
        raise ValueError(
            f"`max_radius` is {max_radius}: a positive number is required."
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


ATTACK_STEPS = 20
"""Steps of the walk to another class, and of the way back."""
WALK_SECONDS = 0.5
"""The walk goes on so long even if less time is given: an upper end is worth it."""


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
        self.balls: list[_Searched] = []
        self.nodes = 0

    def grow(self, most: Fraction) -> bool:
        """Search larger and larger balls until a change of class is found."""
        dual = 2 if self.around == 2 else 1
        first = _first_radius(self.network, self.center, self.label, dual)
        first = min(most, first)
        self._attack(first, most)
        # A small ball is quickly proved: so there is a lower end before long.
        radius = first / 8
        while not self.is_zero and (
            self.witness is None or 2 * radius < self.witness.distance
        ):
            if not self.look(radius):
                return False
            if self.witness is None and radius == most:
                return True
            radius = min(2 * radius, most)
        return True

    def _attack(self, radius: Fraction, most: Fraction) -> None:
        """Walk against the gradient until the class changes: often it does soon."""
        x, step = self.center.copy(), 0.5 * float(radius)
        for _ in range(ATTACK_STEPS):
            if self._walked_enough():
                return
            J, _ = _region_map(self.network, x)[0][-1]
            outputs = self.network(x[None])[0]
            outputs[self.label] = -np.inf
            uphill = J[int(outputs.argmax())] - J[self.label]
            if self.around == 2:
                size = float(np.linalg.norm(uphill))
                x = x + step * uphill / (size if size > 0.0 else 1.0)
            else:
                x = x + step * np.sign(uphill)
            if np.linalg.norm(x - self.center, self.around) > float(most):
                return
            point = tuple(Fraction(v) for v in x.tolist())
            if _gap(self.exact, point, self.label) > 0:
                self._offer(point)
                for _ in range(ATTACK_STEPS):
                    if self._walked_enough():
                        return
                    before = self.witness
                    self._improve()
                    if self.witness is before:
                        return

    def _walked_enough(self) -> bool:
        """Whether the time is over, and some was spent."""
        return self.budget.spent() and self.budget.seconds > WALK_SECONDS

    def close_in(self, tolerance: Fraction) -> bool:
        """Search smaller balls until the ends are near."""
        while self.witness is not None and not self.is_zero:
            upper = self.witness.distance
            if upper - self.lower <= tolerance * upper:
                return True
            # Far apart, the middle; near, one search that ends it where it can.
            radius = (self.lower + upper) / 2
            if upper <= Fraction(3, 2) * self.lower or len(self.balls) > 4:
                radius = max(radius, upper * (1 - tolerance))
            if not self.look(radius):
                return False
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
        """Look for a nearer point in the region of the one known."""
        assert self.witness is not None
        start = np.array([float(v) for v in self.witness.point])
        nearer = _nearest_in_region(
            self.network, self.center, start, self.label, self.around
        )
        if nearer is None:
            return
        for beyond in (1e-12, 1e-9, 1e-6):
            moved = self.center + (1.0 + beyond) * (nearer - self.center)
            point = tuple(Fraction(v) for v in moved.tolist())
            if _gap(self.exact, point, self.label) > 0:
                self._offer(point)
                return

    def _evidence(self) -> Trees | Partition | Tried | None:
        """What proves both ends: the search of the largest ball, and a witness."""
        about: dict[str, Any] = {"center": texts(self.exact_center)}
        about["norm"] = f"{self.norm:g}"
        about |= {"label": self.label, "radius": text_of(self.lower)}
        if self.witness is not None:
            about["witness"] = texts(self.witness.point)
        if self.is_zero or not self.balls:
            space = WholeSpace(self.network.input_dim)
            return None if self.witness is None else Tried(self.network, space, about)
        return proof_of(self.balls[-1].found, **about)

    def answer(self, finished: bool) -> Answer:
        """What is known."""
        stats = {"label": self.label, "nodes": self.nodes, "at_least": self.lower}
        value = None
        if self.witness is not None:
            farthest = self.distance(self.witness.point, self.norm)
            value = known(self.lower, Fraction(0) if self.is_zero else farthest)
        return Answer(
            "robust_radius",
            value,
            None if self.witness is None else self.witness.point,
            finished and value is not None,
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
        run = _Run(run.network, run.center, run.budget, math.inf)
        finished = run.grow(most) and run.close_in(Fraction(1, 2))
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


def _gap(exact: ExactNetwork, point: Point, label: int) -> Fraction:
    """By how much the largest other output exceeds that of a class."""
    outputs = outputs_at(exact, point)
    others = [v for k, v in enumerate(outputs) if k != label]
    return max(others) - outputs[label]


def _region_map(
    network: ReluNetwork, point: np.ndarray
) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Forms of all layers in the region of a point, and its pattern."""
    bits = network.patterns(point[None])
    dim = network.input_dim
    forms = []
    for J, c in affine_pre_activations(network, bits):
        width = c.shape[-1]
        forms.append(
            (np.broadcast_to(J, (1, width, dim))[0], np.broadcast_to(c, (1, width))[0])
        )
    return forms, bits[0]


def _first_radius(
    network: ReluNetwork, x: np.ndarray, label: int, dual: float | int
) -> Fraction:
    """The radius at which the class would change if the network were affine."""
    J, _ = _region_map(network, x)[0][-1]
    outputs = network(x[None])[0]
    best = 1.0
    found = []
    for other in range(network.output_dim):
        steep = np.linalg.norm(J[other] - J[label], dual)
        if other != label and steep > 0.0:
            found.append((outputs[label] - outputs[other]) / steep)
    best = min(found, default=1.0)
    return Fraction(float(best)) if 1e-12 < best < 1e12 else Fraction(1)


def _nearest_in_region(
    network: ReluNetwork,
    x: np.ndarray,
    start: np.ndarray,
    label: int,
    norm: float | int,
) -> np.ndarray | None:
    """The point of another class nearest to x in the region of a point: a hint."""
    forms, bits = _region_map(network, start)
    J, c = forms[-1]
    outputs = network(start[None])[0].copy()
    outputs[label] = -np.inf
    other = int(outputs.argmax())
    rows, right, first = [], [], 0
    for layer, (jacobian, offset) in zip(network.hidden, forms[:-1], strict=True):
        for unit in np.flatnonzero(layer.kinks):
            sign = -1.0 if bits[first] else 1.0
            first += 1
            rows.append(sign * jacobian[unit])
            right.append(-sign * offset[unit])
    rows.append(J[label] - J[other])
    right.append(c[other] - c[label])
    dim = len(x)
    if norm == 2:
        table = np.array(rows)
        moved = nearest_to_origin(table, np.array(right) - table @ x)
        return None if moved is None else x + moved
    A = np.hstack([np.array(rows), np.zeros((len(rows), 1))])
    eye, ones = np.eye(dim), np.ones((dim, 1))
    A = np.vstack([A, np.hstack([eye, -ones]), np.hstack([-eye, -ones])])
    b = np.concatenate([right, x, -x])
    cost = np.append(np.zeros(dim), -1.0)
    free = np.full(dim + 1, np.inf)
    solved = solve_rows(A, b, cost, -free, free)
    return None if solved is None else solved[0][:dim]
