"""Largest values over an engine's corners, against the exact list of pieces."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.enumeration.budget import Budget
from regions.questions.listed_cells import EngineList, largest_on_cells
from regions.questions.problem import Linear, Problem
from tests.helpers import random_network


@pytest.mark.parametrize(("dim", "widths"), [(2, [10, 8]), (3, [7, 4])])
def test_corners_and_pieces_give_one_maximum(dim, widths):
    network = random_network(np.random.default_rng(dim), dim, widths, outputs=2)
    box = regions.Box.cube(dim)
    found = regions.enumerate_regions(network, box)
    goals = [(Linear((Fraction(1), Fraction(k))),) for k in (-2, 1)]
    problem = Problem(network, box, goals)
    best = largest_on_cells(problem, found)
    assert best is not None
    # Without a list of regions, from the corners alone.
    cornered = EngineList(network, box).largest(problem, Budget())
    assert cornered is not None
    assert cornered[:2] == best[:2]
    goal, value, point = best
    exact = [
        regions.output_range(network, box, [1, k], method="list").value[1]
        for k in (-2, 1)
    ]
    assert value == max(exact) == exact[goal]
    at = network(np.array([[float(v) for v in point]]))[0] @ [1, (-2, 1)[goal]]
    assert at == pytest.approx(float(value))


def test_what_the_list_does_not_tell_is_left_open():
    """A constant is largest everywhere; and some regions are not all."""
    network = random_network(np.random.default_rng(2), 2, [20, 20])
    box, goals = regions.Box.cube(2), [(Linear((Fraction(0),)),)]
    found = regions.enumerate_regions(network, box)
    assert largest_on_cells(Problem(network, box, goals), found) is None
    goals = [(Linear((Fraction(1),)),)]
    assert largest_on_cells(Problem(network, box, goals), found[:5]) is None
    assert largest_on_cells(Problem(network, box, goals), found) is not None
