"""Questions in balls of the norm 2: closed formulas, samples, and the checker."""

import json

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answers import verify_answer
from regions.certificates.rationals import root_above
from regions.network import ReluNetwork
from regions.questions.answer import ends
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write


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
