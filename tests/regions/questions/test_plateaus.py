"""Networks whose largest value is attained all over a face: a search ends soon."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.enumeration.budget import Budget
from regions.network import ReluNetwork
from regions.questions import maxima
from regions.questions.problem import Linear, Problem
from regions.questions.search import Search
from tests.helpers import random_network


def constant(network: ReluNetwork) -> ReluNetwork:
    """The same with an output that reads nothing."""
    *hidden, last = network.layers
    return ReluNetwork.from_arrays(
        [*(layer.weight for layer in hidden), 0.0 * last.weight],
        [layer.bias for layer in network.layers],
    )


def dead(network: ReluNetwork) -> ReluNetwork:
    """The same with a last hidden layer that is off everywhere."""
    biases = [layer.bias for layer in network.layers]
    biases[-2] = biases[-2] - 1e3
    return ReluNetwork.from_arrays([layer.weight for layer in network.layers], biases)


def clipped(network: ReluNetwork, share: float = 0.7) -> ReluNetwork:
    """The output, or a cap where it is above: the cap less a unit."""
    points = np.random.default_rng(0).uniform(-1, 1, (2000, network.input_dim))
    cap = np.quantile(network(points)[:, 0], share)
    *hidden, last = network.layers
    weights = [*(layer.weight for layer in hidden), -last.weight, [[-1.0]]]
    biases = [*(layer.bias for layer in hidden), cap - last.bias, [cap]]
    return ReluNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize("dim", [2, 3, 5, 6])
@pytest.mark.parametrize("flat", [constant, dead, clipped])
def test_boxes_end_on_a_face(flat, dim):
    network = flat(random_network(np.random.default_rng(dim), dim, [12, 12]))
    goals = [(Linear((Fraction(1),)),)]
    search = Search(Problem(network, regions.Box.cube(dim), goals), Budget())
    assert search.run(max_nodes=2000)
    assert search.best == search.upper
    bias = Fraction(float(network.output.bias[0]))
    assert search.best == bias


@pytest.mark.parametrize("dim", [2, 4])
@pytest.mark.parametrize("flat", [constant, dead, clipped])
def test_a_range_with_a_face_is_that_of_the_list_and_verified(
    flat, dim, monkeypatch, tmp_path
):
    monkeypatch.setattr(maxima, "FEW_NODES", 10**9)
    network = flat(random_network(np.random.default_rng(dim), dim, [6, 5]))
    box = regions.Box.cube(dim)
    answer = regions.output_range(network, box)
    assert answer.proved
    assert answer.method == "search"
    assert answer.value == regions.output_range(network, box, method="list").value
    report = verify_answer(answer.save(tmp_path / "answer.json"))
    assert report.ok, str(report)


def test_a_face_in_parts_is_found_by_programs_on_boxes():
    """Two outputs that are clipped apart: no bound of the whole box is the value."""
    one, two = (
        clipped(random_network(np.random.default_rng(seed), 3, [8, 8]), 0.9)
        for seed in (1, 2)
    )
    both = regions.models.joint.side_by_side(one, two)
    box, tops = regions.Box.cube(3), (Fraction(1), Fraction(1))
    search = Search(Problem(both, box, [(Linear(tops),)]), Budget())
    assert search.run(max_nodes=20_000)
    exact = regions.output_range(both, box, [1, 1], method="list").value[1]
    assert search.best == search.upper == exact


def quantised(seed: int, parts: int, biases: bool) -> ReluNetwork:
    """A network 8-[24, 24] of multiples of a fraction: many nodes meet at its peak."""
    rng = np.random.default_rng(seed)
    sizes = (8, 24, 24, 1)
    pairs = [*zip(sizes[1:], sizes[:-1], strict=True)]
    weights = [rng.standard_normal(pair) * np.sqrt(2.0 / pair[1]) for pair in pairs]
    offsets = [0.5 * biases * rng.standard_normal(n) for n, _ in pairs]
    return ReluNetwork.from_arrays(
        [np.round(parts * weight) / parts for weight in weights],
        [np.round(parts * offset) / parts for offset in offsets],
    )


@pytest.mark.parametrize(
    ("seed", "parts", "biases"), [(2, 1, True), (5, 1, True), (1, 2, False)]
)
def test_no_node_stays_open_for_rounded_multipliers(seed, parts, biases):
    """By bounds with rounding alone thousands of nodes are left near the peak."""
    network = quantised(seed, parts, biases)
    box, goals = regions.Box.cube(8), [(Linear((Fraction(1),)),)]
    near = Search(Problem(network, box, goals), Budget(), tolerance=Fraction(1, 10**6))
    assert near.run(max_nodes=3000)
    exact = Search(Problem(network, box, goals), Budget())
    assert exact.run(max_nodes=3000)
    assert exact.best == exact.upper
    assert exact.nodes <= near.nodes + 50


def test_exact_multipliers_prove_their_bound(tmp_path):
    network = quantised(5, 1, True)
    answer = regions.output_range(network, regions.Box.cube(8))
    assert answer.proved
    report = verify_answer(answer.save(tmp_path / "answer.json"))
    assert report.ok, str(report)
