"""Boxes bounded many at once, in float64: against the list, rationals and the checker.

All boxes are bounded so here, however few units are open.
"""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answer_bounds import (
    ExactLayers,
    largest_in_box,
    sharp_lines,
)
from regions.certificates.answers import verify_answer
from regions.certificates.box_bounds import BoxBounds
from regions.questions import box_batches, maxima, search
from regions.questions.problem import Linear, Problem
from regions.signs.exact import to_fmpq
from tests.helpers import random_network
from tests.zoo import ZOO


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Only quick boxes, and no list, at first."""
    monkeypatch.setattr(search, "FEW_UNITS", -1)
    monkeypatch.setattr(maxima, "FEW_NODES", 10**9)


@pytest.mark.parametrize("seed", range(3))
def test_ranges_are_those_of_the_list_and_verified(seed, tmp_path):
    dim = 2 + seed
    network = random_network(np.random.default_rng(seed), dim, [5, 4], outputs=2)
    box = regions.Box(-np.ones(dim), np.linspace(0.25, 1.0, dim))
    exact = regions.output_range(network, box, 1, method="list").value
    answer = regions.output_range(network, box, 1, tolerance=1e-2)
    for value, right in zip(answer.value, exact, strict=True):
        low, high = value if isinstance(value, tuple) else (value, value)
        assert low <= right <= high
        assert high - low <= 0.01
    assert verify_answer(answer.save(tmp_path / "answer.json"), network=network).ok


@pytest.mark.parametrize("name", ["prelu", "residual", "skip_blocks"])
def test_bounds_in_float64_are_no_less_than_the_exact_ones(name):
    """Of halves of halves, both those of the search and those of the checker."""
    network, domain = ZOO[name]
    weights = tuple(Fraction(k + 1, 2) for k in range(network.output_dim))
    problem = Problem(network, domain, [(Linear(weights),)])
    boxes = box_batches.roots(problem)
    for _ in range(3):
        boxes = box_batches.halves(problem, boxes)
    rows = np.array([[float(w) for w in weights]] * len(boxes.goals))
    bounds = BoxBounds(network)
    around = bounds.around(boxes.low, boxes.high)
    checked, _ = bounds.upper(boxes.low, boxes.high, rows, around)
    layers = ExactLayers(network, domain)
    for k in range(len(boxes.goals)):
        ends = boxes.unit_low[k], boxes.unit_high[k]
        lines, place = [], 0
        for slopes in layers.slopes:
            trios = zip(
                *(e[place : place + len(slopes)] for e in ends), slopes, strict=True
            )
            lines.append([sharp_lines(to_fmpq(a), to_fmpq(b), s) for a, b, s in trios])
            place += len(slopes)
        outputs = [to_fmpq(w) for w in weights]
        gradient, rest = layers.carried_back(len(lines), outputs, lines, {})
        box = box_batches.exact_box(problem, boxes, k)
        exact = rest + largest_in_box(gradient, box.low, box.high)
        near = exact + abs(exact) / 10**9 + to_fmpq(1e-9)
        assert exact <= to_fmpq(float(boxes.upper[k])) <= near
        # The checker knows nothing of the wholes of halves: no less than that.
        assert exact - (near - exact) <= to_fmpq(float(checked[k]))
        share = np.random.default_rng(k).uniform(size=(200, problem.dim))
        points = boxes.low[k] + share * (boxes.high[k] - boxes.low[k])
        assert (network(points) @ rows[0]).max() <= min(checked[k], boxes.upper[k])


def test_a_box_as_wide_as_float64_has_its_range():
    network = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 0.5]]], None)
    box = regions.Box([-1e308, -1e308], [1e308, 1e308])
    low, high = regions.output_range(network, box).value
    assert (low, high) == (0, Fraction(1e308) * Fraction(3, 2))
