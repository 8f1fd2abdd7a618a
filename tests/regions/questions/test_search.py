"""Branch and bound against the list of pieces, a mixed-integer program, and samples."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

import regions
from regions.certificates.answers import verify_answer
from regions.network import ReluNetwork
from regions.questions.answer import ends
from regions.questions.backward import Box
from regions.questions.exact_bounds import UnitBounds, exact_bounds
from regions.questions.problem import Problem
from regions.questions.relaxation import Relaxation
from regions.questions.unit_bounds import unit_bounds
from tests.helpers import random_network
from tests.zoo import ZOO

ONE_OUTPUT = [name for name, (net, _) in ZOO.items() if net.output_dim == 1]


@pytest.mark.parametrize("name", ONE_OUTPUT)
def test_search_and_list_give_one_range(name):
    network, box = ZOO[name]
    searched = regions.output_range(network, box)
    assert searched.proved
    assert searched.value == regions.output_range(network, box, method="list").value


def test_a_simplex_and_a_slice_are_searched():
    network = random_network(np.random.default_rng(5), 4, [6, 5])
    plane = regions.Slice(
        [0.5, 0, 0, 1], [[1, 0, 0, 1], [0, 1, 0.3, 0]], regions.Box.cube(2)
    )
    simplex = regions.Simplex(np.vstack([np.zeros(4), np.diag([1.0, 2, 3, 4])]))
    for domain in (plane, simplex):
        searched = regions.output_range(network, domain)
        assert (
            searched.value == regions.output_range(network, domain, method="list").value
        )


def test_a_difference_is_that_of_the_list():
    rng = np.random.default_rng(8)
    one = random_network(rng, 2, [5, 4], outputs=2)
    two = random_network(rng, 2, [6], outputs=2)
    box = regions.Box.cube(2)
    searched = regions.largest_difference(one, two, box)
    listed = regions.largest_difference(one, two, box, method="list")
    assert searched.value == listed.value
    assert searched.stats["output"] == listed.stats["output"]


def big_m_maximum(network: ReluNetwork, box: regions.Box) -> float:
    """The largest output by HiGHS, on a mixed-integer program written here."""
    sizes = [network.input_dim, *network.widths]
    low, high = [box.lower], [box.upper]
    lower: Any = []
    upper: Any = []
    rows = []
    width = sum(sizes) + sum(network.widths)
    starts = np.cumsum([0, *sizes])
    low_h, high_h = box.lower, box.upper
    bits = sum(sizes)
    for k, layer in enumerate(network.hidden):
        W, b = layer.weight, layer.bias
        middle, half = (low_h + high_h) / 2, (high_h - low_h) / 2
        L = W @ middle + b - np.abs(W) @ half
        U = W @ middle + b + np.abs(W) @ half
        for j in range(layer.width):
            pre = np.zeros(width)
            pre[starts[k] : starts[k + 1]] = -W[j]
            pre[starts[k + 1] + j] = 1.0
            bit = np.zeros(width)
            bit[bits] = 1.0
            rows.append(pre)  # h >= pre
            lower.append(b[j])
            upper.append(np.inf)
            size = max(-L[j], 0.0)
            rows.append(pre + size * bit)  # h <= pre + size (1 - bit)
            lower.append(-np.inf)
            upper.append(b[j] + size)
            rows.append((pre != 0) * 0.0 - max(U[j], 0.0) * bit)  # h <= U bit
            rows[-1][starts[k + 1] + j] = 1.0
            lower.append(-np.inf)
            upper.append(0.0)
            bits += 1
        low_h, high_h = np.maximum(L, 0.0), np.maximum(U, 0.0)
        low.append(np.zeros(layer.width))
        high.append(high_h)
    cost = np.zeros(width)
    cost[starts[-2] : starts[-1]] = -network.output.weight[0]
    ones = np.ones(sum(network.widths))
    ends: Any = (np.concatenate([*low, 0 * ones]), np.concatenate([*high, ones]))
    answer = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), lower, upper),
        bounds=Bounds(*ends),
        integrality=np.append(np.zeros(sum(sizes)), ones),
        options={"mip_rel_gap": 1e-9},
    )
    assert answer.status == 0
    return -answer.fun + network.output.bias[0]


@pytest.mark.parametrize(("dim", "widths"), [(2, [8, 6]), (12, [5, 5])])
def test_the_largest_value_is_that_of_a_mixed_integer_program(dim, widths):
    network = random_network(np.random.default_rng(dim), dim, widths)
    box = regions.Box.cube(dim)
    high = regions.output_range(network, box).value[1]
    assert float(high) == pytest.approx(big_m_maximum(network, box), abs=1e-6)


def test_a_wide_input_is_answered_exactly():
    """784 inputs, as those of images, on a small ball."""
    network = random_network(np.random.default_rng(1), 784, [8, 8], outputs=10)
    x = np.random.default_rng(2).uniform(0, 1, 784)
    box = regions.Box(x - 0.01, x + 0.01)
    answer = regions.output_range(network, box, 3, tolerance=1e-6)
    for end, point in zip(answer.value, answer.witness, strict=True):
        low, high = (end, end) if isinstance(end, Fraction) else end
        assert high - low <= 1e-6
        value = network(np.array([[float(v) for v in point]]))[0, 3]
        assert float(low) - 1e-9 <= value <= float(high) + 1e-9


def test_a_stopped_search_keeps_both_ends():
    network = random_network(np.random.default_rng(0), 2, [10, 10])
    box = regions.Box.cube(2)
    whole = regions.output_range(network, box)
    asked = iter([False] * 4)
    part = regions.output_range(network, box, stop=lambda: next(asked, True))
    at_once = regions.output_range(network, box, max_seconds=1e-6)
    for answer in (part, at_once):
        assert not answer.proved
        for end, exact in zip(answer.value, whole.value, strict=True):
            low, high = (end, end) if isinstance(end, Fraction) else end
            assert low <= exact <= high


@pytest.mark.parametrize("dim", [2, 3, 4, 5])
@pytest.mark.parametrize("asked", [0, 1, 2])
def test_a_search_stopped_before_its_turn_keeps_both_ends(dim, asked):
    network = random_network(np.random.default_rng(0), dim, [20, 20])
    box = regions.Box.cube(dim)
    values = network(np.random.default_rng(1).uniform(-1.0, 1.0, (1000, dim)))
    answers = iter([False] * asked)
    answer = regions.output_range(network, box, stop=lambda: next(answers, True))
    assert not answer.proved
    least, most = answer.value
    assert least.lower <= values.min()
    assert values.max() <= most.upper
    none = ReluNetwork.from_arrays([np.zeros((1, dim)), [[0.0]]])
    answers = iter([False] * asked)
    apart = regions.largest_difference(
        network, none, box, stop=lambda: next(answers, True)
    )
    assert not apart.proved
    assert apart.value.upper >= np.abs(values).max()


def test_a_tolerance_leaves_the_ends_apart():
    network = random_network(np.random.default_rng(0), 3, [10, 10])
    box = regions.Box.cube(3)
    exact = regions.output_range(network, box).value[1]
    answer = regions.output_range(network, box, tolerance=0.5)
    end = answer.value[1]
    low, high = (end, end) if isinstance(end, Fraction) else end
    assert low <= exact <= high <= low + Fraction(1, 2)
    assert answer.proved


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("bound", [unit_bounds, exact_bounds])
def test_no_unit_leaves_its_bounds(name, bound):
    network, box = ZOO[name]
    problem = Problem(network, box, [])
    bounds: UnitBounds = bound(problem, Box(tuple(problem.low), tuple(problem.high)))
    corners = np.array(np.meshgrid(*[[-1.0, 0.3, 1.0]] * box.dim)).reshape(box.dim, -1)
    rng = np.random.default_rng(0)
    points = np.concatenate([corners.T, rng.uniform(-1, 1, (500, box.dim))])
    pres = network.pre_activations(points)[:-1]
    for pre, low, high in zip(pres, bounds.low, bounds.high, strict=True):
        slack = 1e-12 * np.abs(pre).max(0)
        assert (
            pre.min(0) >= np.array([float(str_ratio(v)) for v in low]) - slack
        ).all()
        assert (
            pre.max(0) <= np.array([float(str_ratio(v)) for v in high]) + slack
        ).all()


def str_ratio(value) -> Fraction:
    """A flint rational as a Fraction."""
    return Fraction(int(value.p), int(value.q))


def test_wrong_limits_are_refused_in_one_line():
    network = random_network(np.random.default_rng(0), 2, [3])
    box = regions.Box.cube(2)
    with pytest.raises(ValueError, match="`tolerance` is -1: 0 or more"):
        regions.output_range(network, box, tolerance=-1)
    with pytest.raises(ValueError, match="`method` is 'guess': one of search, list"):
        regions.output_range(network, box, method="guess")
    with pytest.raises(ValueError, match="`max_seconds` is 0: a positive number"):
        regions.output_range(network, box, max_seconds=0)


@pytest.mark.parametrize("gap", [0.0, 1e-12])
@pytest.mark.parametrize("seed", range(2))
def test_a_difference_of_nearly_equal_networks_ends(seed, gap):
    """Every unit twice: at any point of a kink more than one is open, in any box."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, 2, [2, 2, 5, 3], bias_scale=0.0)
    layers = network.layers
    biases = [np.array(layer.bias) for layer in layers]
    biases[2][0] += gap
    other = ReluNetwork.from_arrays([layer.weight for layer in layers], biases)
    box = regions.Box.cube(2)
    searched = regions.largest_difference(network, other, box, max_seconds=60)
    assert searched.proved
    listed = regions.largest_difference(network, other, box, method="list")
    assert searched.value == listed.value


def test_parts_whose_programs_fail_loosen_no_bound(monkeypatch, tmp_path):
    rng = np.random.default_rng(3)
    network = random_network(rng, 7, [9, 7])
    noise = [1e-4 * rng.uniform(-1, 1, la.weight.shape) for la in network.layers]
    other = ReluNetwork.from_arrays(
        [la.weight + e for la, e in zip(network.layers, noise, strict=True)],
        [la.bias for la in network.layers],
    )
    domain, hint = regions.Box.cube(7), Relaxation.hint
    full = regions.largest_difference(network, other, domain, max_seconds=0.5)
    left = 3

    def fails(self, *args, **kwargs):
        nonlocal left
        left -= 1
        return hint(self, *args, **kwargs) if left >= 0 else None

    monkeypatch.setattr(Relaxation, "hint", fails)
    answer = regions.largest_difference(network, other, domain, max_seconds=0.5)
    (low, high), (_, best) = ends(answer.value), ends(full.value)
    assert low <= high < 10 * best
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok
