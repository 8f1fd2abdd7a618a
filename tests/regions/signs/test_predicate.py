from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.signs.predicate import signs
from tests.helpers import random_network
from tests.zoo import ZOO


def everywhere(network, points):
    """Signs at points of the input space."""
    return signs(network, WholeSpace(network.input_dim), points)


def _signs_by_fractions(network: ReluNetwork, point: np.ndarray) -> list[int]:
    """Signs of all hidden units at one point, with standard fractions."""
    values = [[Fraction(float(v)) for v in point]]
    signs = []
    for index, layer in enumerate(network.hidden):
        row = []
        for unit in range(layer.width):
            pre = Fraction(float(layer.bias[unit]))
            for source, matrix in layer.blocks(index):
                for weight, value in zip(matrix[unit], values[source], strict=True):
                    pre += Fraction(float(weight)) * value
            signs.append((pre > 0) - (pre < 0))
            slope = Fraction(float(layer.slopes[unit]))
            row.append(pre if pre > 0 else slope * pre)
        values.append(row)
    return signs


@pytest.mark.parametrize("name", ZOO)
def test_signs_are_those_of_fractions_on_and_off_boundaries(name):
    network, box = ZOO[name]
    rng = np.random.default_rng(0)
    # Small dyadic numbers fall on the creases of networks with small weights.
    dyadic = rng.integers(-4, 5, (6, box.dim)) / 4.0
    points = np.vstack([rng.uniform(box.lower, box.upper, (6, box.dim)), dyadic])
    wanted = [_signs_by_fractions(network, point) for point in points]
    kinks = network.kinks
    found = everywhere(network, points).sign
    assert found[:, kinks].tolist() == np.array(wanted, int)[:, kinks].tolist()


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_points_rounded_onto_a_crease_get_their_exact_side(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, 2, [4, 3])
    start = rng.standard_normal(2)
    row, bias = network.hidden[0].weight[0], network.hidden[0].bias[0]
    on_crease = start - (row @ start + bias) / (row @ row) * row
    points = np.stack([on_crease, np.nextafter(on_crease, 9.0)])
    wanted = [_signs_by_fractions(network, point) for point in points]
    assert everywhere(network, points).sign.tolist() == wanted


def test_a_point_on_a_crease_is_not_inside():
    network = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
    points = np.array([[0.5, 0.5], [0.0, 0.5], [0.0, 0.0]])
    found = everywhere(network, points)
    assert found.sign.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert found.strict.tolist() == [True, False, False]


def test_a_unit_that_is_zero_everywhere_is_no_boundary():
    network, _ = ZOO["zero_weights_zero_bias"]
    points = np.array([[0.5, 0.25], [0.25, 0.5]])
    found = everywhere(network, points)
    assert found.sign[:, 0].tolist() == [0, 0]
    assert found.strict.tolist() == [True, False]


def test_units_without_kink_are_off_in_unit_patterns():
    network, _ = ZOO["prelu"]
    bits = np.ones((1, network.num_bits), bool)
    assert (network.unit_patterns(bits)[0] == network.kinks).all()
    assert not network.kinks.all()


def test_huge_weights_that_overflow_are_settled_exactly():
    network = ReluNetwork.from_arrays(
        [[[1e200]], [[1e200]], [[-1.0]], [[1.0]]], [[0.0], [0.0], [1.0], [0.0]]
    )
    assert everywhere(network, np.array([[1.0]])).sign.tolist() == [[1, 1, -1]]
