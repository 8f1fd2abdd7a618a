"""Walks along lines of the last layer, against the exact list of pieces and visits."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.enumeration.budget import Budget
from regions.network import ReluNetwork
from regions.questions import line_visits
from regions.questions.answer import ends
from regions.questions.last_lines import VagueError
from regions.questions.line_slopes import LineSlopes
from regions.questions.line_values import line_values
from regions.questions.norms import float_norms, operator_norm, plane_norms
from regions.questions.pieces import Pieces
from regions.questions.problem import Linear, Problem
from regions.questions.records import Record
from regions.questions.visited_extremes import EngineList, steepest_visited
from regions.signs.exact import Columns, ExactNetwork
from tests.helpers import random_network


def _degenerate(rng, kind):
    """Small integers: lines through corners, three through a point, twice or turned."""
    widths = {"one": [7], "unbiased": [6], "two": [3, 5], "skips": [3, 5]}[kind]
    sizes = [2, *widths, 2]
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [rng.integers(-2, 3, pair).astype(float) for pair in pairs]
    biases = [rng.integers(-2, 3, n).astype(float) for n, _ in pairs]
    if kind == "unbiased":
        biases = [0.0 * bias for bias in biases]
    weights[0][1:3] = np.outer([-2.0, 0.5], weights[0][0])
    biases[0][1:3] = -2.0 * biases[0][0], 0.5 * biases[0][0]
    net = ReluNetwork.from_arrays(weights, biases, 0.25 if kind == "two" else 0.0)
    if kind != "skips":
        return net
    skip = ((0, rng.integers(-1, 2, (5, 2)).astype(float)),)
    last = dataclasses.replace(net.hidden[-1], skips=skip)
    skip = ((0, np.array([[1.0, -1.0], [0.0, 2.0]])),)
    output = dataclasses.replace(net.output, skips=skip)
    return ReluNetwork((*net.hidden[:-1], last), output)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ["one", "unbiased", "two", "skips"])
def test_degenerate_extremes_are_those_of_the_pieces(kind, seed, monkeypatch):
    monkeypatch.setattr(line_visits, "PER_CELL", 0)
    net = _degenerate(np.random.default_rng(seed), kind)
    box = regions.Box([-1.0, -0.5], [1.0, 2.0])
    goals = [(Linear((Fraction(1), Fraction(k))),) for k in (-1, 1)]
    best = EngineList(net, box).largest(Problem(net, box, goals), Budget())
    exact = [
        regions.output_range(net, box, [1, k], method="list").value[1] for k in (-1, 1)
    ]
    assert best is not None
    assert best[1] == max(exact)
    assert Problem(net, box, goals).value(best[0], best[2]) == best[1]
    pieces = {piece.on: piece.outputs for piece in Pieces(net, box)}
    exact_net = ExactNetwork(net, box)
    for norm in (1, 2, np.inf):
        norms = {on: _norm(outputs, norm) for on, outputs in pieces.items()}
        found = steepest_visited(net, box, norm, lambda: False)
        assert found is not None
        low, high = ends(found.value)
        assert max(n[0] for n in norms.values()) <= high
        assert low <= max(n[1] for n in norms.values())
        # The witness is inside a piece that has this norm.
        signs = exact_net.signs(Columns.of_points([found.witness]))[:, 0]
        assert norms[tuple((signs > 0).tolist())] == (low, high)


def _norm(forms, norm):
    scale = 1 << forms.shift
    rows = [[Fraction(int(v), scale) for v in row] for row in forms.matrix.tolist()]
    return ends(operator_norm([row[:-1] for row in rows], norm))


def test_walks_and_visits_agree_on_many_lines(monkeypatch):
    """Of some thousand regions no two have one value: both must find the same."""
    net = random_network(np.random.default_rng(4), 2, [4, 40], outputs=2)
    box = regions.Box([-2.0, -1.0], [1.0, 1.0])
    found = []
    for per_cell in (0, 1 << 60):
        monkeypatch.setattr(line_visits, "PER_CELL", per_cell)
        goals = [(Linear((Fraction(2), Fraction(1))),)]
        best = EngineList(net, box).largest(Problem(net, box, goals), Budget())
        steepest = [steepest_visited(net, box, p, lambda: False) for p in (1, np.inf)]
        found.append((best, [one and one.value for one in steepest]))
        cells = [one and "cells" in one.stats for one in steepest]
        assert cells == [per_cell == 0] * 2
    assert found[0] == found[1]


def test_lines_that_nearly_are_one_are_left_to_visits():
    """Apart by 2^-50: floats tell neither where they cross nor that they do not."""
    tilted = [[1.0, 2.0], [1.0, 2.0 + 2.0**-50], [1.0, -1.0]]
    net = ReluNetwork.from_arrays([tilted, [[1.0, 1.0, 1.0]]], [[0.0] * 3, [0.0]])
    box, row = regions.Box.cube(2), (Fraction(1),)
    with pytest.raises(VagueError):
        line_values(net, box, [row], lambda: False)
    with pytest.raises(VagueError):
        LineSlopes(net, box, 2, lambda: False)
    for norm in (1, 2, np.inf):
        steepest = regions.lipschitz(net, box, norm)
        assert "regions" in steepest.stats
        # Of the first two alone the gradient is (2, 4 + 2^-50).
        expected = operator_norm([[Fraction(2), 4 + Fraction(1, 1 << 50)]], norm)
        assert ends(steepest.value) == ends(expected)


def test_a_stop_is_heard_within_a_cell():
    net = random_network(np.random.default_rng(5), 2, [900])
    calls = iter(range(1000))
    found = LineSlopes(net, regions.Box.cube(2), 2, lambda: next(calls) > 5)
    assert not found.complete
    assert found.record.least > 0.0


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("outputs", [1, 3])
def test_norms_of_two_columns_are_those_of_matrices(outputs, norm):
    J = np.random.default_rng(6).standard_normal((50, outputs, 2))
    x, y = J.transpose(2, 1, 0)
    assert plane_norms(x, y, norm) == pytest.approx(float_norms(J, norm), rel=1e-13)


def test_a_record_keeps_what_can_be_largest():
    record = Record()
    record.take(np.array([1.0, -np.inf, 3.0]), np.array([2.0, 4.0, 3.5]), str)
    assert record.least == 3.0
    assert record.places() == [(4.0, "1"), (3.5, "2")]
    record.take(np.array([3.75]), np.array([3.8]), lambda k: f"later {k}")
    assert record.places() == [(4.0, "1"), (3.8, "later 0")]
    record.take(np.array([np.nan]), np.array([0.0]), str)
    assert record.is_crowded
