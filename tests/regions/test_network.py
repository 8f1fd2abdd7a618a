"""Networks: the forward pass, exact embedding, and what is refused."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.zoo import ZOO

EYE = np.eye(2)


def test_forward_pass_by_hand():
    net = ReluNetwork.from_arrays(
        [[[1.0, -1.0], [2.0, 0.0]], [[1.0, 3.0]]], [[0.5, -1.0], [10.0]], slopes=-0.5
    )
    pre, output = net.pre_activations(np.array([[0.0, 2.0]]))
    assert pre.tolist() == [[-1.5, -1.0]]
    assert output.tolist() == [[0.75 + 3 * 0.5 + 10.0]]


def test_tie_is_off():
    net = ReluNetwork.from_arrays([EYE, [[1.0, 1.0]]], None)
    points = np.array([[0.0, 0.0], [1e-300, -1e-300]])
    assert net.patterns(points).tolist() == [[False, False], [True, False]]


def test_unit_of_slope_one_takes_no_bit():
    net = ReluNetwork.from_arrays([EYE, EYE, [[1.0, 1.0]]], None, [[0.0, 1.0], 0.3])
    assert net.num_bits == 3
    assert net.units == [(0, 0), (1, 0), (1, 1)]
    assert net.patterns(np.array([[1.0, 1.0]])).shape == (1, 3)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_forward_pass_agrees_with_jax(name):
    network, box = ZOO[name]

    def forward(x):
        held = [x]
        for index, layer in enumerate(network.layers):
            pre = sum(m @ held[s] for s, m in layer.blocks(index)) + layer.bias
            held.append(jnp.maximum(pre, 0) + layer.slopes * jnp.minimum(pre, 0))
        return held[-1]

    points = np.random.default_rng(0).uniform(box.lower, box.upper, (50, box.dim))
    expected = jax.vmap(forward)(points)
    np.testing.assert_allclose(network(points), expected, rtol=1e-9, atol=1e-9)


def test_augmented_product_is_the_forward_pass():
    rng = np.random.default_rng(0)
    network = random_network(rng, 3, [8, 6, 5], slopes=0.1, outputs=2)
    points = rng.uniform(-1, 1, (10_000, 3))
    bits = np.split(network.patterns(points), [8, 14], axis=1)
    held = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    for layer, on in itertools.zip_longest(network.layers, bits):
        matrix = np.block(
            [[layer.weight, layer.bias[:, None]], [np.zeros(layer.weight.shape[1]), 1]]
        )
        held = held @ matrix.T
        if on is not None:
            held[:, :-1] *= np.where(on, 1.0, layer.slopes)
    assert np.abs(held[:, :-1] - network(points)).max() < 1e-12


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
@settings(derandomize=True, deadline=None)
def test_float32_embeds_exactly(values):
    weight = np.array([values], np.float32)
    net = ReluNetwork.from_arrays([weight], None)
    assert net.output.weight.dtype == np.float64
    assert (net.output.weight.astype(np.float32) == weight).all()
    assert [float(v) for v in weight[0]] == net.output.weight[0].tolist()


def test_arrays_are_copied_and_read_only():
    weight = np.ones((1, 2))
    net = ReluNetwork.from_arrays([weight], None)
    weight[0, 0] = 5.0
    assert net.output.weight[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        net.output.weight[0, 0] = 2.0


def test_jax_arrays_are_taken():
    net = ReluNetwork.from_arrays([jnp.ones((2, 3)), jnp.ones((1, 2))], None)
    assert (net.input_dim, net.widths, net.output_dim) == (3, (2,), 1)


def test_restriction_is_the_network_on_the_slice():
    network = ZOO["skip_blocks"][0]
    rng = np.random.default_rng(0)
    origin, directions = rng.standard_normal(2), rng.standard_normal((1, 2))
    t = rng.standard_normal((20, 1))
    expected = network(origin + t @ directions)
    found = network.restrict(origin, directions)(t)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def build(weights, biases=None, slopes: Any = 0.0, skips=None):
    return lambda: ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (build([]), "`weights` is empty: at least the last layer"),
        (build([EYE], [[0, 0], [0, 0]]), "`biases` has 2 entries and `weights` has 1"),
        (build([[[np.nan, 1.0]]]), r"`weights\[0\]` holds 1 value that is NaN or inf"),
        (build([EYE], [[0.0, np.inf]]), r"`biases\[0\]` holds 1 value .* at \(1,\)"),
        (build([[1.0, 2.0]]), r"`weights\[0\]` has shape \(2,\); an array with 2 axes"),
        (build([EYE], [[[0.0]]]), r"`biases\[0\]` has shape \(1, 1\); .* with 1 axis"),
        (
            build([np.zeros((0, 2))]),
            r"`weights\[0\]` has shape \(0, 2\): a layer",
        ),
        (build([EYE, np.ones((1, 3))]), "the layer before it has 2 units: weights are"),
        (build([EYE], [[1.0]]), r"`biases\[0\]` has 1 entries and `weights\[0\]`"),
        (build([EYE, EYE], None, [0.1, 0.2]), "`slopes` has 2 entries for 1 hidden"),
        (build([EYE, EYE], None, [[1, 2, 3]]), r"`slopes\[0\]` has 3 entries for 2"),
        (build([EYE, EYE], None, np.nan), r"`slopes\[0\]` holds 1 value that is NaN"),
        (build([EYE * 1j]), "has dtype complex128; real numbers are required"),
        (build([[[2**53 + 1, 0]]]), "holds integers beyond 2.53"),
        (build([EYE, EYE], skips={1: {1: EYE}}), "reads source 1: layer 1 may read"),
        (build([EYE, EYE], skips={0: {0: EYE}}), "reads source 0: layer 0 may read"),
        (build([EYE, EYE], skips={5: {0: EYE}}), "`skips` names layer 5: layers run"),
        (build([EYE, EYE], skips={1: {0: [[1.0]]}}), r"has shape \(1, 1\); \(2, 2\)"),
    ],
)
def test_bad_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
