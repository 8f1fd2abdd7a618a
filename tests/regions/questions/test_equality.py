"""Equal networks are proved equal, and the smallest difference is found."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.network import ReluNetwork
from regions.questions import equality
from tests.helpers import random_network


def rewritten(network: ReluNetwork, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Weights and biases of the same function: permuted, rescaled, a unit split."""
    weights = [np.array(layer.weight) for layer in network.layers]
    biases = [np.array(layer.bias) for layer in network.layers]
    for k in range(len(weights) - 1):
        order = rng.permutation(len(biases[k]))
        scale = 2.0 ** rng.integers(-3, 4, len(order))
        weights[k] = weights[k][order] * scale[:, None]
        biases[k] = biases[k][order] * scale
        weights[k + 1] = weights[k + 1][:, order] / scale
    weights[0] = np.vstack([weights[0], weights[0][:1]])
    biases[0] = np.append(biases[0], biases[0][0])
    half = weights[1][:, :1] / 2
    weights[1] = np.hstack([half, weights[1][:, 1:], half])
    return [weights, biases]


def test_a_rewritten_network_of_200_units_is_equal():
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, [100, 100])
    other = ReluNetwork.from_arrays(*rewritten(network, rng))
    answer = regions.are_equal(network, other, regions.Box.cube(2))
    assert answer.value is True
    assert answer.method == "units"


def test_a_difference_of_1e_12_in_200_units_is_found():
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, [100, 100])
    weights, biases = rewritten(network, rng)
    biases[1][7] += 1e-12
    other = ReluNetwork.from_arrays(weights, biases)
    answer = regions.are_equal(network, other, regions.Box.cube(2))
    assert answer.value is False
    assert 0 < answer.stats["difference"] < 1e-10


@pytest.mark.parametrize(("layer", "beyond"), [(0, 1e-3), (1, 1e-3), (1, -1e-3)])
def test_a_difference_of_1e_12_near_a_corner_is_found(layer, beyond):
    """Of a convex unit that is on in a small part of the square, or nowhere."""
    rng = np.random.default_rng(layer)
    network = random_network(rng, 2, [100, 100] if beyond > 0 else [20, 20])
    weights = [np.array(held.weight) for held in network.layers]
    biases = [np.array(held.bias) for held in network.layers]
    weights[layer][7] = abs(weights[layer][7])
    square = regions.Box.cube(2)
    pre = ReluNetwork.from_arrays(weights, biases).pre_activations(square.corners())
    biases[layer][7] += beyond - pre[layer][:, 7].max()
    changed = [np.array(w) for w in weights]
    changed[layer + 1][:, 7] += 1e-12
    other = rewritten(ReluNetwork.from_arrays(changed, biases), rng)
    answer = regions.are_equal(
        ReluNetwork.from_arrays(weights, biases),
        ReluNetwork.from_arrays(*other),
        square,
    )
    assert answer.value is (beyond < 0)
    assert answer.method == "units"
    if beyond > 0:
        assert 0 < answer.stats["difference"] < 1e-12


def larger_of_three(*, is_right: bool = True) -> list[ReluNetwork]:
    """max(x, y, 0) twice: relu(x + relu(y - x)) and y + relu(relu(x) - y)."""
    inner, outer = [[1.0, 0], [-1, 0], [-1, 1]], [[1.0, -1, 1]]
    other = [[1.0, 0], [0, 1], [0, -1]]
    around = {2: {1: np.array([[0.0, 1.0, -1.0]])}}
    last = [[1.0 if is_right else 1.0 + 2.0**-40]]
    return [
        ReluNetwork.from_arrays([inner, outer, [[1.0]]], None),
        ReluNetwork.from_arrays([other, outer, last], None, skips=around),
    ]


@pytest.mark.parametrize("nodes", [0, 100])
@pytest.mark.parametrize(
    "domain",
    [
        regions.Box([-1.0, -2.0], [2.0, 1.0]),
        regions.Ball([0.5, 0.25], 1.0),
        regions.HPolytope([[1.0, 2.0]], [1.0]),
        regions.WholeSpace(2),
    ],
    ids=str,
)
def test_units_and_lists_decide_and_both_are_verified(
    nodes, domain, monkeypatch, tmp_path
):
    monkeypatch.setattr(equality, "FEW_NODES", nodes)
    monkeypatch.setattr(equality, "PROBES", 0)
    for is_right in (True, False):
        one, two = larger_of_three(is_right=is_right)
        answer = regions.are_equal(one, two, domain)
        assert answer.value is is_right
        assert answer.method == ("units" if nodes else "list")
        report = verify_answer(answer.save(tmp_path / "answer.json"))
        assert report.ok, str(report)


@pytest.mark.parametrize("place", [0.99, -0.99])
def test_a_difference_on_a_small_part_is_found(place):
    """|x| against itself with a kink of height 1e-12 near the end of the domain."""
    one = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    kink = [[1.0 if place > 0 else -1.0]]
    two = ReluNetwork.from_arrays(
        [[[1.0], [-1.0], *kink], [[1.0, 1.0, 1e-12]]],
        [[0.0, 0.0, -abs(place)], [0.0]],
    )
    assert regions.are_equal(one, two, regions.Box([-0.5], [0.5])).value is True
    answer = regions.are_equal(one, two, regions.Box.cube(1))
    assert answer.value is False
    assert abs(answer.witness[0]) > 0.99


def test_equal_functions_of_different_depths():
    one = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    two = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]], [[1.0]]], None)
    three = ReluNetwork.from_arrays([[[1.0]]], None)
    assert regions.are_equal(one, two, regions.Box.cube(1)).value is True
    assert regions.are_equal(one, three, regions.Box.cube(1)).value is False
    assert regions.are_equal(one, three, regions.Box([0.0], [1.0])).value is True


def test_networks_that_differ_outside_of_the_domain_alone_are_equal():
    one = ReluNetwork.from_arrays(
        [[[1.0, 1.0], [1.0, 0.0]], [[0.0, 1.0]]], [[-1.0, 0.0], [0.0]]
    )
    # Beyond the line x + y = 1 the second one bends.
    two = ReluNetwork.from_arrays(
        [[[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]]], [[-1.0, 0.0], [0.0]]
    )
    triangle = regions.HPolytope([[-1, 0], [0, -1], [1, 1]], [0, 0, 1])
    for domain in (triangle, regions.Ball([0.0, 0.0], 1.0, 1)):
        assert regions.are_equal(one, two, domain).value is True
    assert (
        regions.are_equal(one, two, regions.Box([0.0, 0.0], [1.0, 1.0])).value is False
    )


def test_a_stopped_comparison_says_nothing():
    ramp = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    absolute = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    domain = regions.Box([0.0], [1.0])
    assert regions.are_equal(ramp, absolute, domain).value is True
    for stopped in (
        regions.are_equal(ramp, absolute, domain, stop=lambda: True),
        regions.are_equal(ramp, absolute, domain, max_seconds=1e-9),
    ):
        assert (stopped.value, stopped.proved, stopped.evidence) == (None, False, None)


@pytest.mark.parametrize(
    "domain",
    [
        regions.Ball([0.5, 0.0], 1.0, 2),
        regions.HPolytope([[1.0, 0.0]], [1.5]),
        regions.WholeSpace(2),
    ],
    ids=str,
)
def test_a_difference_beyond_the_domain_is_none(domain):
    """A unit that is on far away, on the one side of the domain and then in it."""

    def kinked(at: float) -> regions.ReluNetwork:
        return regions.ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], [[-at], None])

    zero = regions.ReluNetwork.from_arrays([[[0.0, 1], [0, 1]], [[1.0, -1]]], None)
    whole = isinstance(domain, regions.WholeSpace)
    for at, is_equal in ((1.5, not whole), (1.5 - 1e-12, False)):
        answer = regions.are_equal(kinked(at), zero, domain)
        assert answer.value is is_equal
        if not is_equal:
            assert answer.witness[0] > Fraction(at)
            assert answer.stats["difference"] == answer.witness[0] - Fraction(at)


def test_many_inputs_are_compared_region_by_region():
    """x = relu(x) - relu(-x): one linear map twice, by units that share nothing."""
    rng = np.random.default_rng(0)
    u, v = rng.integers(-3, 4, (2, 9)).astype(float)
    w = np.array([1.0, -1.0])
    one = regions.ReluNetwork.from_arrays([np.stack([u, -u]), w[None]], None)
    parts = np.stack([v, -v, u - v, v - u])
    for gap in (0.0, 2.0**-40):
        last = np.tile(w, 2)[None] + gap
        other = regions.ReluNetwork.from_arrays([parts, last], None)
        answer = regions.are_equal(one, other, regions.Box.cube(9))
        assert answer.value is (gap == 0.0)
        assert answer.method == ("points" if gap else "units")


def test_a_tiny_difference_on_few_ten_thousandths_of_a_box_is_found_by_points():
    rng = np.random.default_rng(0)
    sizes = [(100, 4), (100, 100), (1, 100)]
    scales = (0.5, 0.1, 0.1)
    weights = [c * rng.standard_normal(n) for c, n in zip(scales, sizes, strict=True)]
    biases = [rng.standard_normal(100) / 3, rng.standard_normal(100) / 3, None]
    one = ReluNetwork.from_arrays(weights, biases)
    # Both units are on at two of ten thousand points.
    weights[1] = weights[1].copy()
    weights[1][17, 33] += 1e-12
    other = ReluNetwork.from_arrays(weights, biases)
    answer = regions.are_equal(one, other, regions.Box.cube(4))
    assert (answer.value, answer.method) == (False, "points")


def test_a_box_as_wide_as_float64_is_compared():
    one, other = (
        ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[bias], [0.0]])
        for bias in (0.0, -1.0)
    )
    answer = regions.are_equal(one, other, regions.Box([-1e308], [1e308]))
    assert answer.value is False
    assert answer.stats["difference"] == 1
