"""How far two networks are apart: one network of what differs, and what it proves."""

import json
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.certificates.checks import Wrong
from regions.certificates.differences import check_difference
from regions.network import ReluNetwork
from regions.questions import ranges
from regions.questions.answer import ends
from regions.questions.difference import difference_of
from regions.questions.ranges import compared
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write
from tests.regions.questions.test_equality import rewritten


def arrays(network: ReluNetwork) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights and biases that may be changed."""
    layers = network.layers
    return [np.array(la.weight) for la in layers], [np.array(la.bias) for la in layers]


def changed(kind: str, network: ReluNetwork, rng: np.random.Generator) -> ReluNetwork:
    """A network near another one, or not."""
    weights, biases = arrays(network)
    if kind == "another":
        return random_network(rng, network.input_dim, [5], outputs=2)
    if kind == "noise":
        weights = [w * (1 + 1e-3 * rng.uniform(-1, 1, w.shape)) for w in weights]
    if kind == "quantized":
        weights = [np.round(w * 24) / 24 for w in weights]
        biases = [np.round(b * 24) / 24 for b in biases]
    if kind == "rewritten":
        weights, biases = rewritten(network, rng)
        weights[0][2, 1] += 2.0**-30
    if kind == "biases":
        biases[0][3] += 1e-9
        biases[1][2] -= 1e-5
    return ReluNetwork.from_arrays(weights, biases)


KINDS = ["another", "noise", "quantized", "rewritten", "biases"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_of_what_differs_is_right_and_its_forgeries_are_found(kind):
    rng = np.random.default_rng(5)
    network = random_network(rng, 3, [8, 7], outputs=2)
    other = changed(kind, network, rng)
    both, points = compared(network, other), rng.uniform(-1, 1, (200, 3))
    for first in (None, network.widths):
        apart, directions = difference_of(both, first)
        found = apart(points) @ np.array(directions[:2], float).T
        gap = network(points) - other(points)
        np.testing.assert_allclose(found, gap, atol=1e-14)
        check_difference(both, apart)
        # One weight of it by its last bit, which no unit of the networks explains.
        weights, biases = arrays(apart)
        place = tuple(rng.choice(np.argwhere(weights[-1] != 0)))
        weights[-1][place] = np.nextafter(weights[-1][place], np.inf)
        skips = {k: dict(layer.skips) for k, layer in enumerate(apart.layers)}
        slopes = [layer.slopes for layer in apart.hidden]
        forged = ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)
        with pytest.raises(Wrong, match=r"the difference of output \d is another one"):
            check_difference(both, forged)


def test_parts_of_pairs_have_an_ordinary_size_however_near_these_are():
    rng = np.random.default_rng(7)
    network, points = random_network(rng, 3, [6, 5]), rng.uniform(-1, 1, (500, 3))
    for size in (1e-3, 1e-12, 1e-40):
        weights, biases = arrays(network)
        weights[0][2, 1], biases[0][2] = 1.0, 0.0
        one = ReluNetwork.from_arrays(weights, biases)
        biases[0][2] = size
        other = ReluNetwork.from_arrays(weights, biases)
        both = compared(one, other)
        apart, _ = difference_of(both, one.widths)
        check_difference(both, apart)
        # What the output reads are the parts.
        held = list(apart.pre_activations(points)[:-1])
        read = {source for source, _ in apart.output.blocks(len(apart.hidden))} - {0}
        largest = max(np.maximum(held[source - 1], 0.0).max() for source in read)
        assert 2.0**-8 < largest < 2.0**8
        assert np.abs(apart.output.weight).max() < 2.0**8 * size


def test_a_planted_difference_of_1e_12_is_found_exactly():
    """A changed weight of the output: so many times the largest value of its unit."""
    rng = np.random.default_rng(0)
    network, square = random_network(rng, 2, [40, 40]), regions.Box.cube(2)
    weights, biases = arrays(network)
    pre = network.pre_activations(square.corners())[1]
    unit = int(pre.max(0).argmax())
    weights[-1][0, unit] += 1e-12
    other = ReluNetwork.from_arrays(weights, biases)
    answer = regions.largest_difference(network, other, square)
    weights[1:] = [weights[1][[unit]], np.eye(1)]
    biases[1:] = [biases[1][[unit]], np.zeros(1)]
    alone = ReluNetwork.from_arrays(weights, biases)
    most = regions.output_range(alone, square, method="list").value[1]
    step = Fraction(other.output.weight[0, unit]) - Fraction(
        network.output.weight[0, unit]
    )
    assert answer.value == step * most > 0


def test_a_difference_that_no_float64_weights_have_is_verified(tmp_path):
    """0.1 x, three times in a row: the product of the weights has 159 bits."""
    one = ReluNetwork.from_arrays([[[0.1]]] * 3, None, 1.0)
    two = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    domain = regions.Box([-1.0], [1.0])
    for answer in (
        regions.largest_difference(one, two, domain),
        regions.largest_difference(one, two, domain, method="list"),
    ):
        assert answer.value == 1 - Fraction(0.1) ** 3
        assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_stopped_bounds_are_of_the_size_of_the_difference(monkeypatch, tmp_path):
    monkeypatch.setattr(ranges, "SET_UP", 60.0)  # However busy the machine is.
    rng = np.random.default_rng(0)
    network = random_network(rng, 8, [16, 16])
    other = changed("noise", network, rng)
    domain = regions.Box.cube(8, 0.1)
    answer = regions.largest_difference(network, other, domain, stop=lambda: True)
    low, high = ends(answer.value)
    points = rng.uniform(-0.1, 0.1, (20_000, 8))
    sampled = np.abs(network(points) - other(points)).max()
    assert not answer.proved
    assert 0 <= low <= high  # One of a goal and its negative is not negative.
    assert sampled <= high < 20 * sampled
    path = answer.save(tmp_path / "answer.json")
    assert verify_answer(path).ok
    body = json.loads(path.read_text())
    row = next(k for k, v in enumerate(body["difference"][0]["weight"]) if any(v))
    body["difference"][0]["weight"][row][0] += 1e-9
    report = verify_answer(write(body, tmp_path))
    assert "difference  FAILED" in str(report)


def test_rows_of_sizes_far_apart_are_compared():
    # In units of a weight the bias of one is 1e400, that of the other 0.
    one, other = (
        ReluNetwork.from_arrays(
            [[[1e-200, -1e-200], [1.0, 1.0]], [[1.0, 1.0]]], [[bias, 0.0], [0.0]]
        )
        for bias in (-1e200, 0.0)
    )
    answer = regions.largest_difference(one, other, regions.Box.cube(2))
    assert answer.value == Fraction(2 * 1e-200)


def test_a_difference_has_the_inputs_and_outputs_of_both():
    one = random_network(np.random.default_rng(0), 2, [3], outputs=2)
    both = compared(one, one)
    for dim, outputs in ((3, 2), (2, 3), (2, 1)):
        other = random_network(np.random.default_rng(1), dim, [3], outputs=outputs)
        with pytest.raises(Wrong, match="has other inputs or outputs"):
            check_difference(both, other)
