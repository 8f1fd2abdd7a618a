"""The rows and affine maps of patterns, against the network itself and autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from regions.domains.shapes import Box, Segment, Simplex, Slice
from regions.network import ReluNetwork
from regions.patterns.halfspaces import (
    affine_map,
    augmented_product,
    halfspaces,
    halfspaces_batch,
)
from tests.helpers import brute_force_rows, random_network
from tests.zoo import ZOO


def _points(box: Box, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(
        box.lower, box.upper, (count, len(box.lower))
    )


def _scale(network: ReluNetwork, points: np.ndarray) -> float:
    """Largest absolute sum met anywhere: what rounding is relative to."""
    values, largest = [np.abs(points)], 1.0
    for index, layer in enumerate(network.layers):
        pre = sum(values[s] @ np.abs(m).T for s, m in layer.blocks(index))
        pre = pre + np.abs(layer.bias)
        largest = max(largest, float(pre.max()))
        values.append(pre * np.maximum(1.0, np.abs(layer.slopes)))
    return largest


def test_halfspaces_of_one_unit_are_its_inequality():
    network = ReluNetwork.from_arrays([[[1.0, 2.0]], [[1.0]]], [[0.5], [0.0]])
    on = halfspaces(network, np.array([True]))
    off = halfspaces(network, np.array([False]))
    np.testing.assert_array_equal(on.A, [[-1.0, -2.0]])
    np.testing.assert_array_equal(on.b, [0.5])
    np.testing.assert_array_equal(off.A, [[1.0, 2.0]])
    np.testing.assert_array_equal(off.b, [-0.5])
    assert on.units.tolist() == [[0, 0]]


@pytest.mark.parametrize("name", sorted(ZOO))
def test_rows_hold_at_a_point_exactly_for_its_own_pattern(name):
    network, box = ZOO[name]
    points = _points(box, 200)
    A, b = halfspaces_batch(network, network.patterns(points))
    slack = b - np.einsum("nrd,nd->nr", A, points)
    signed = np.concatenate(
        [np.zeros((200, 0))]
        + [
            np.abs(pre[:, layer.kinks])
            for pre, layer in zip(
                network.pre_activations(points)[:-1], network.hidden, strict=True
            )
        ],
        axis=1,
    )
    assert np.abs(slack - signed).max(initial=0.0) <= 1e-12 * _scale(network, points)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_rows_equal_those_of_frozen_gates(name):
    network, _ = ZOO[name]
    rng = np.random.default_rng(5)
    for pattern in rng.random((5, network.num_bits)) < 0.5:
        rows = halfspaces(network, pattern)
        A, b = brute_force_rows(network, pattern)
        scale = max(
            1.0, float(np.abs(A).max(initial=0)), float(np.abs(b).max(initial=0))
        )
        np.testing.assert_allclose(rows.A, A, rtol=0, atol=1e-12 * scale)
        np.testing.assert_allclose(rows.b, b, rtol=0, atol=1e-12 * scale)
        assert [tuple(u) for u in rows.units] == network.units


@pytest.mark.parametrize("name", sorted(ZOO))
def test_augmented_product_equals_the_forward_pass(name):
    network, box = ZOO[name]
    points = _points(box, 10_000 if network.num_bits < 8 else 300)
    patterns, where = np.unique(network.patterns(points), axis=0, return_inverse=True)
    values = network(points)
    bound = 1e-12 * _scale(network, points)
    for index, pattern in enumerate(patterns):
        here = where.ravel() == index
        augmented = np.column_stack([points[here], np.ones(here.sum())])
        product = augmented_product(network, pattern)
        result = augmented @ product.T
        assert np.abs(result[:, :-1] - values[here]).max() <= bound
        np.testing.assert_array_equal(result[:, -1], 1.0)
        map_here = affine_map(network, pattern)
        assert np.abs(map_here(points[here]) - values[here]).max() <= bound


def test_augmented_product_on_ten_thousand_points_of_a_deep_network():
    network = random_network(np.random.default_rng(1), 3, [8, 8, 8], outputs=2)
    points = _points(Box([-1] * 3, [1] * 3), 10_000)
    values, patterns = network(points), network.patterns(points)
    unique, where = np.unique(patterns, axis=0, return_inverse=True)
    products = np.stack([augmented_product(network, p) for p in unique])
    augmented = np.column_stack([points, np.ones(len(points))])
    result = np.einsum("nij,nj->ni", products[where.ravel()], augmented)[:, :-1]
    np.testing.assert_allclose(
        result, values, rtol=0, atol=1e-12 * np.abs(values).max()
    )


@pytest.mark.parametrize(
    "name", ["deep_narrow", "prelu", "skip_blocks", "residual", "several_outputs"]
)
def test_affine_map_equals_jacfwd_of_the_forward_pass(name):
    network, box = ZOO[name]

    def forward(x):
        values = [x]
        for index, layer in enumerate(network.layers):
            pre = sum(m @ values[s] for s, m in layer.blocks(index)) + layer.bias
            values.append(jnp.where(pre > 0, pre, layer.slopes * pre))
        return values[-1]

    with jax.enable_x64(True):
        jacobian = jax.jit(jax.jacfwd(forward))
        for x in _points(box, 20, seed=2):
            pattern = network.patterns(x[None])[0]
            found = affine_map(network, pattern).jacobian
            np.testing.assert_allclose(found, jacobian(x), rtol=1e-12, atol=1e-12)


def test_halfspaces_batch_equals_one_at_a_time():
    network = ZOO["skip_blocks"][0]
    patterns = np.random.default_rng(0).random((50, network.num_bits)) < 0.5
    A, b = halfspaces_batch(network, patterns)
    for i, pattern in enumerate(patterns):
        rows = halfspaces(network, pattern)
        np.testing.assert_allclose(A[i], rows.A, rtol=1e-14, atol=1e-14)
        np.testing.assert_allclose(b[i], rows.b, rtol=1e-14, atol=1e-14)


def test_halfspaces_of_a_unit_without_gradient_is_a_constant_row():
    network = ZOO["zero_weights_positive_bias"][0]
    rows = halfspaces(network, np.array([True, False]))
    np.testing.assert_array_equal(rows.A[0], [0.0, 0.0])
    assert rows.b[0] == 1.0
    assert halfspaces(network, np.array([False, False])).b[0] == -1.0


@pytest.mark.parametrize(
    "domain",
    [
        Box([-1, 0.5], [2, 3]),
        Segment([0, 0], [1, 2]),
        Simplex([[0, 0], [1, 0], [0, 1]]),
        Slice([0, 0, 0], [[1, 0, 0], [0, 1, 1]], Box([-1, -2], [1, 2])),
    ],
)
def test_domain_rows_are_those_of_the_polytope(domain):
    A, b = domain.rows()
    np.testing.assert_array_equal(A, domain.polytope().A)
    np.testing.assert_array_equal(b, domain.polytope().b)


def test_halfspaces_with_a_wrong_number_of_bits_raises():
    with pytest.raises(ValueError, match="2 bits and the network 1"):
        halfspaces(ZOO["one_unit"][0], np.array([True, False]))
