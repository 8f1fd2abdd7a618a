"""Exact values at corners of visited regions, against the network at these points."""

import math
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.enumeration.cells.valued import Valued, visit_regions
from regions.network import ReluNetwork
from regions.questions.corner_values import CornerValues, Spot, below
from regions.questions.problem import Linear, Problem
from regions.signs.exact import ExactNetwork
from tests.helpers import random_network

BOX = regions.Box.cube(2)
SMALL = ReluNetwork.from_arrays([[[1.0, 0.5]], [[1.0]]], None)
WEIGHTS = [Fraction(2), Fraction(-1, 3)]


def visited(network: ReluNetwork, box: regions.Box = BOX) -> list[Valued]:
    """All regions, in one or more lists."""
    met: list[Valued] = []
    assert visit_regions(network, box, met.append, lambda: False).complete
    return met


@pytest.mark.parametrize("slopes", [0.0, 0.25])
def test_values_are_those_of_the_network_at_the_corners(slopes):
    """In any order: from region to region, and to that of a number in another list."""
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, [7, 5], slopes=slopes, outputs=2)
    half = regions.Box([-1.0, -1.0], [0.0, 1.0])
    problem = Problem(network, BOX, [(Linear(tuple(WEIGHTS)),)])
    found, spots = CornerValues(ExactNetwork(network, BOX), WEIGHTS), []
    for part in (*visited(network), *visited(network, half)):
        starts = part.starts().tolist()
        for region, (start, end) in enumerate(zip(starts, part.end, strict=True)):
            spots += [Spot(part, region, place) for place in range(start, int(end))]
    assert len(spots) > 100
    every = range(len(spots))
    order = [*every, *sorted(every, key=lambda k: (spots[k].region, k % 2))]
    order += rng.integers(len(spots), size=100).tolist()
    for k in order:
        assert found.at(spots[k]) == problem.value(0, spots[k].point)


class Known(CornerValues):
    """Values that are given, in place of those at corners."""

    def __init__(self, numbers: list[Fraction]):
        super().__init__(ExactNetwork(SMALL, BOX), [Fraction(1)])
        self.numbers, self.asked = numbers, 0

    def at(self, spot):
        self.asked += 1
        return self.numbers[spot.place]


def spots(count: int) -> list[Spot]:
    """Corners of some regions, whose places are their numbers."""
    (first, *_) = visited(SMALL)
    return [Spot(first, 0, place) for place in range(count)]


def test_corners_are_thinned_out_to_one_of_the_largest():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        numbers = [Fraction(int(v), 3) for v in rng.integers(-5, 5, 9)]
        tops = [float(v) + rng.choice([1e-9, 2.0]) for v in numbers]
        held, known = [*zip(tops, spots(9), strict=True)], Known(numbers)
        least, left = known.thinned(held, lambda: False)
        ((top, spot),) = left
        assert numbers[spot.place] == max(numbers)
        assert (top, spot) in held
        assert least == below(max(numbers))
        assert Known(numbers).thinned([], lambda: False) == (-math.inf, [])
        assert known.thinned(held, lambda: True) == (-math.inf, held)
    # Where no end is larger than what was found no value is made.
    equal = Known([Fraction(1)] * 9)
    equal.thinned([(1.0, spot) for spot in spots(9)], lambda: False)
    assert equal.asked == 1
