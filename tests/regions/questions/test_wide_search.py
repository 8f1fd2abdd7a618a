"""Searches by gradient steps: verdicts are those of exact ranges, and certified."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.enumeration.budget import Budget
from regions.questions import wide_search
from regions.questions.backward import Box
from regions.questions.dual_ascent import DualAscent
from regions.questions.problem import Linear, Problem
from regions.questions.proof_tree import Proof
from regions.questions.properties import Property, Row
from regions.questions.unit_bounds import unit_bounds
from regions.questions.wide_search import WideSearch
from tests.helpers import random_network


def _at_most(weights, bound, *, strict=True):
    row = Row((), tuple(-Fraction(w) for w in weights), -bound)
    return Property(((row,),), strict=strict)


@pytest.mark.parametrize("slopes", [0.0, -0.5])
def test_verdicts_are_those_of_the_exact_range(slopes, tmp_path):
    rng = np.random.default_rng(7)
    network = random_network(rng, 7, [5, 4], slopes=slopes, outputs=2)
    box = regions.Box.cube(7, 0.5)
    most = regions.output_range(network, box, [1, -1]).value[1]
    assert isinstance(most, Fraction)
    tiny = Fraction(1, 10**9)
    for bound, strict, holds in (
        (most + tiny, True, True),
        (most - tiny, True, False),
        (most, True, True),
        (most, False, False),
    ):
        asked = _at_most([1, -1], bound, strict=strict)
        answer = regions.holds(network, box, asked)
        assert answer.value is holds
        report = verify_answer(answer.save(tmp_path / "answer.json"), network=network)
        assert report.ok, str(report)
        if not holds:
            point = np.array([float(v) for v in answer.witness])
            assert np.abs(point).max() <= 0.5
            outputs = network(point[None])[0]
            assert outputs[0] - outputs[1] >= float(most) - 1e-8


def test_bounds_hold_at_samples_and_gradient_steps_improve_them():
    """In the chart of a slice, with skips: bounds of nodes whose signs are fixed."""
    rng = np.random.default_rng(8)
    base = random_network(rng, 9, [8, 6], outputs=2)
    network = regions.ReluNetwork.from_arrays(
        [layer.weight for layer in base.layers],
        [layer.bias for layer in base.layers],
        skips={1: {0: rng.normal(size=(6, 9))}, 2: {1: rng.normal(size=(2, 8))}},
    )
    domain = regions.Slice(np.zeros(9), rng.normal(size=(7, 9)), regions.Box.cube(7))
    goals = [(Linear((Fraction(1), Fraction(k)), (Fraction(k),) * 7),) for k in (0, -2)]
    problem = Problem(network, domain, goals)
    box = Box(tuple(problem.low), tuple(problem.high))
    ascent = DualAscent(problem, unit_bounds(problem, box))
    first, before = ascent.improved(ascent.roots(), 0)
    batch, found = ascent.improved(first, 40)
    assert (found.upper <= before.upper).all()
    assert (found.upper < before.upper - 1e-3).any()
    points = rng.uniform(-1.0, 1.0, (2000, 7))
    pre = domain.restrict(network).pre_activations(points)
    on = pre[0][:, 3] > 0.0
    for goal in (0, 1):
        values = ascent.values(np.full(2000, goal), points)
        assert values.max() <= found.upper[goal]
        for sign, kept in ((1.0, on), (-1.0, ~on)):
            fixed = [array[[goal]].copy() for array in batch.fixed]
            fixed[0][0, 3] = sign
            node = batch.take(np.array([goal]))._replace(fixed=fixed)
            _, half = ascent.improved(node, 20)
            assert values[kept].max() <= half.upper[0]


def test_a_stopped_search_says_what_the_roots_prove(tmp_path):
    network = random_network(np.random.default_rng(9), 10, [12, 12], outputs=2)
    box = regions.Box.cube(10)
    most = float(
        network(np.random.default_rng(0).uniform(-1, 1, (2000, 10)))[:, 0].max()
    )
    asked = iter([False] * 2)
    answer = regions.holds(
        network,
        box,
        _at_most([1, 0], Fraction(2 * most)),
        stop=lambda: next(asked, True),
    )
    assert answer.value is None
    margin = answer.stats["margin"]
    assert margin.lower < 0 < margin.upper
    report = verify_answer(answer.save(tmp_path / "answer.json"))
    assert report.ok, str(report)


def test_ties_and_nodes_without_a_point_are_settled(monkeypatch):
    """Two equal outputs at once; then two units that are on nowhere together."""
    rng = np.random.default_rng(0)
    row = rng.normal(size=30)
    twins = regions.ReluNetwork.from_arrays([rng.normal(size=(30, 14)), [row, row]])
    asked = Property.largest(0, 2)
    answer = regions.holds(twins, regions.Box.cube(14), asked, max_seconds=20)
    assert answer.value is True
    assert answer.stats["nodes"] == 1

    axis = np.eye(14)[0]
    apart = regions.ReluNetwork.from_arrays(
        [[axis, -axis], [[-1.0, -1.0]]], [[-0.5, 0.5 - 2.0**-20], None]
    )
    goal = (Linear((Fraction(1),)),)
    # So that programs end all nodes.
    monkeypatch.setattr(wide_search, "STEPS", 0)
    monkeypatch.setattr(WideSearch, "_offer_first_point", lambda *_: None)
    problem = Problem(apart, regions.Box(np.zeros(14), np.ones(14)), [goal])
    search = WideSearch(
        problem,
        Budget(),
        tolerance=Fraction(0),
        enough=lambda value: value > 0,
        harmless=lambda bound: bound < -5,
    )
    assert search.run()
    assert search.upper == search.best == 0
    assert [e.bound for e in search.tree if isinstance(e, Proof)].count(None) == 1


def test_other_problems_are_not_served():
    network = random_network(np.random.default_rng(9), 2, [3], slopes=2.0)
    problem = Problem(network, regions.Box.cube(2), [(Linear((Fraction(1),)),)])
    assert not WideSearch.serves(problem)
