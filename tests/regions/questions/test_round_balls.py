"""Questions in balls of the norm 2: closed formulas, samples, and the checker."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answers import verify_answer
from regions.certificates.box_bounds import BoxBounds
from regions.certificates.rationals import root_above
from regions.network import ReluNetwork
from regions.questions import box_batches
from regions.questions.answer import ends
from regions.questions.conic import solve_in_ball
from regions.questions.problem import Linear, Problem
from regions.questions.unit_bounds import upward_root
from regions.signs.exact import to_fmpq
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write
from tests.regions.questions.test_close_networks import planted


def test_an_affine_function_grows_by_its_norm():
    """3 x - 4 y + 1 in a disc of radius 2 around (1, 0): 4 + 10 and 4 - 10."""
    net = ReluNetwork.from_arrays([[[3.0, -4.0]]], [[1.0]])
    low, high = regions.output_range(net, regions.Ball([1.0, 0.0], 2.0)).value
    for value, expected in ((low, -6), (high, 14)):
        below, above = ends(value)
        assert below <= expected <= above
        assert above - below < 1e-4


@pytest.mark.parametrize("dim", [2, 3, 8])
def test_ranges_hold_samples_and_are_verified(dim, tmp_path):
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [6, 4], outputs=2)
    ball = regions.Ball(rng.normal(size=dim), 0.5)
    answer = regions.output_range(network, ball, 0, max_seconds=20)
    away = rng.normal(size=(20000, dim))
    away *= 0.5 / np.linalg.norm(away, axis=1, keepdims=True)
    away[::2] *= rng.random((10000, 1))
    values = network(ball.center + away)[:, 0]
    (low, _), (_, high) = map(ends, answer.value)
    assert float(low) <= values.min() + 1e-12
    assert values.max() - 1e-12 <= float(high)
    assert answer.proved
    # Each end is attained at a point of the ball, to a millionth.
    for value, point in zip(answer.value, answer.witness, strict=True):
        x = np.array([float(v) for v in point])
        assert np.linalg.norm(x - ball.center) <= 0.5
        assert network(x[None])[0, 0] == pytest.approx(float(ends(value)[0]), rel=1e-4)
    path = answer.save(tmp_path / "answer.json")
    assert verify_answer(path, network=network).ok
    body = json.loads(path.read_text())
    # In a ball a little larger nothing of that is proved.
    body["domain"]["radius"] *= 1.001
    assert not verify_answer(write(body, tmp_path)).ok


def test_a_property_turns_at_the_radius():
    """max(x, 0) + max(y, 0) is at most sqrt(2) r in a disc of radius r around 0."""
    net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    property = regions.Property.bounds([[1.0]], [1.0])
    near, far = (regions.Ball([0.0, 0.0], r) for r in (0.707, 0.7072))
    assert regions.holds(net, near, property).value is True
    answer = regions.holds(net, far, property)
    assert answer.value is False
    x, y = answer.witness
    assert x * x + y * y <= 0.7072**2
    assert max(x, 0) + max(y, 0) > 1


def test_a_planted_difference_is_bounded_by_its_own_size(tmp_path):
    """A row changed by 1e-12: programs do not tell it from rounding, and boxes do."""
    rng, ball = np.random.default_rng(0), regions.Ball(np.zeros(3), 1.0)
    network = random_network(rng, 3, [4, 4])
    other = planted(network, rng, 0, 1e-12)
    answer = regions.largest_difference(network, other, ball)
    low, high = ends(answer.value)
    assert 0 < low <= high < Fraction(11, 10) * low
    # Five parts of a hundred apart settle nothing.
    assert answer.proved == (high - low <= high / 1000)
    points = rng.normal(size=(50_000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    sampled = np.abs(network(points) - other(points)).max()
    assert sampled < float(high) + 1e-15
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_networks_that_differ_differ_in_a_disc():
    one = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    two = ReluNetwork.from_arrays([np.eye(2), [[1.0, 0.5]]], None)
    found = regions.largest_difference(one, two, regions.Ball([0.0, 0.0], 2.0)).value
    below, above = ends(found)
    assert below <= 1 <= above
    assert above - below < 1e-5


def test_what_has_no_rational_answer_is_refused_in_one_line():
    net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    disc = regions.Ball([0.0, 0.0], 1.0)
    with pytest.raises(ValueError, match="a ball of the norm 2"):
        regions.mixed_integer_program(net, disc)
    with pytest.raises(ValueError, match="is a ball of the norm 2"):
        regions.output_range(net, disc, method="list")


def test_roots_are_rounded_up_by_little():
    for square in (fmpq(2), fmpq(10) ** 80 / 3, fmpq(3, 10**90), fmpq(0)):
        root = root_above(square)
        assert root * root >= square
        assert root * root <= square * (1 + fmpq(1, 2**140))


def _quantized_pair(seed, sizes):
    """A network, and its copy with weights in sixteenths."""
    rng = np.random.default_rng(seed)
    weights = [
        rng.normal(size=(b, a)) / np.sqrt(a) for a, b in itertools.pairwise(sizes)
    ]
    biases = [0.3 * rng.normal(size=b) for b in sizes[1:]]
    short = [[np.round(16 * v) / 16 for v in held] for held in (weights, biases)]
    return ReluNetwork.from_arrays(weights, biases), ReluNetwork.from_arrays(*short)


def _points_in(ball, count):
    """Half of them on the border."""
    rng = np.random.default_rng(0)
    away = rng.normal(size=(count, ball.dim))
    away *= ball.radius / np.linalg.norm(away, axis=1, keepdims=True)
    away[::2] *= rng.random((count // 2, 1)) ** (1 / ball.dim)
    return ball.center + away


@pytest.mark.parametrize("sizes", [(2, 10, 8, 3), (3, 8, 8, 2)])
def test_differences_of_quantized_networks_are_settled(sizes, tmp_path):
    one, two = _quantized_pair(0, sizes)
    ball = regions.Ball(np.full(sizes[0], 0.1), 1.0)
    answer = regions.largest_difference(one, two, ball, max_seconds=60)
    assert answer.proved
    low, high = ends(answer.value)
    assert high - low < 1e-4 * high
    points = _points_in(ball, 400_000)
    seen = np.abs(one(points) - two(points)).max()
    assert 0.995 * float(high) < seen <= float(high)
    path = answer.save(tmp_path / "answer.json")
    assert verify_answer(path).ok
    body = json.loads(path.read_text())
    tree = body["claims"][0]["tree"]
    held = [node for node in tree if node.get("box") is not None]
    assert held
    # Not every box lies outside of the ball.
    before, held[0]["box"] = held[0]["box"], None
    found = verify_answer(write(body, tmp_path))
    assert not found.ok
    assert "does not lie outside" in str(found)
    held[0]["box"] = before
    # Nor is less than the best value proved of all boxes.
    less = str(to_fmpq(low) / 2)
    for node in held:
        node["box"] = less
    found = verify_answer(write(body, tmp_path))
    assert not found.ok
    assert "no bound that is proved" in str(found)


@pytest.mark.parametrize("dim", [2, 3])
def test_a_difference_is_the_best_of_all_signs(dim):
    """One program in the ball for each choice of the signs of all units."""
    units, center = 4, np.full(dim, 0.25)
    one, two = _quantized_pair(dim, (dim, units, 1))
    # Rows: weights of the inputs around the center, then the constant.
    first, last = (
        np.concatenate(
            [np.c_[net.layers[k].weight, net.layers[k].bias] for net in (one, two)]
        )
        for k in (0, -1)
    )
    first[:, -1] += first[:, :-1] @ center
    weights = np.concatenate([last[0, :-1], -last[1, :-1]])
    best = 0.0
    for signs in itertools.product((0.0, 1.0), repeat=2 * units):
        on = np.array(signs)
        form = (weights * on) @ first
        form[-1] += last[0, -1] - last[1, -1]
        rows = (1.0 - 2.0 * on)[:, None] * first
        for side in (1.0, -1.0):
            found = solve_in_ball(
                rows[:, :-1],
                -rows[:, -1],
                side * form[:-1],
                np.full(dim, -1.0),
                np.full(dim, 1.0),
                1.0,
                dim,
            )
            if found is not None:
                best = max(best, side * (form[:-1] @ found.x + form[-1]))
    answer = regions.largest_difference(one, two, regions.Ball(center, 1.0))
    low, high = map(float, ends(answer.value))
    assert low - 1e-6 * best <= best <= high + 1e-6 * best
    assert high - low < 1e-5 * best


def test_a_box_at_the_border_is_bounded_by_both():
    """x + y where x <= 1/2: 1.366 in a disc, 1.5 in the box, 1.414 in all the disc."""
    net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    disc = regions.Ball([0.0, 0.0], 1.0)
    problem = Problem(net, disc, [(Linear((Fraction(1),)),)])
    ends_ = np.array([[0.0, 0.5]]), np.array([[0.5, 1.0]])
    found = box_batches.bounded(problem, np.array([0]), *ends_).upper[0]
    most = 0.5 + np.sqrt(0.75)
    assert most <= found < 1.39
    checker = BoxBounds(net, disc)
    checked, _ = checker.upper(*ends_, np.ones((1, 1)), checker.around(*ends_))
    assert most <= checked[0] < 1.39
    # The corner beyond the disc is no part of it.
    beyond = np.array([[0.75, 0.75]]), np.array([[1.0, 1.0]])
    assert box_batches.bounded(problem, np.array([0]), *beyond).upper[0] == -np.inf


@pytest.mark.parametrize("radius", [1e-300, 1e-170, 0.3, 1e200])
def test_roots_of_any_size_are_rounded_up_by_little(radius):
    root = upward_root(to_fmpq(radius) * to_fmpq(radius))
    assert radius <= root <= radius * (1 + 2.0**-51)


@pytest.mark.parametrize("second", [[[1.0], [1.0]], [[0.0], [0.0]]])
def test_outputs_that_are_equal_keep_the_class_as_far_as_one_looks(second, tmp_path):
    network = ReluNetwork.from_arrays([[[1.0, -2.0]], second], None)
    answer = regions.robust_radius(network, [1.0, 0.5], 2, max_radius=100.0)
    assert answer.value is None
    assert answer.stats["at_least"] == 100
    assert regions.verify(answer.save(tmp_path / "radius.json")).ok
