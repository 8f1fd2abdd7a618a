import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.network import ReluNetwork
from regions.patterns import kernel

SETTINGS = settings(derandomize=True, deadline=None, max_examples=40)


def random_network(widths, slopes: Any = 0.0, seed=0, skips=None):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return ReluNetwork.from_arrays(
        [rng.normal(size=(out, fan_in)) for fan_in, out in pairs],
        [rng.normal(size=out) for _, out in pairs],
        slopes,
        skips=skips,
    )


NETWORKS = {
    "relu": random_network([3, 20, 20, 2]),
    "leaky": random_network([3, 20, 20, 2], 0.1),
    "one unit": random_network([1, 1, 1]),
    "deep": random_network([2, 14, 14, 14, 14, 14, 14, 1], 0.1),
    "wide": random_network([5, 130, 1]),
    "no hidden layer": random_network([3, 2]),
    "prelu with negative, zero and unit slopes": random_network(
        [2, 4, 3, 1], [[-0.5, 1.0, 0.0, 2.0], [0.25, 1.0, -1.0]]
    ),
    "only unit slopes": random_network([2, 4, 1], 1.0),
    "skips": random_network(
        [2, 6, 5, 4, 1],
        0.1,
        skips={
            1: {0: np.random.default_rng(1).normal(size=(5, 2))},
            2: {
                0: np.random.default_rng(2).normal(size=(4, 2)),
                1: np.random.default_rng(3).normal(size=(4, 6)),
            },
        },
    ),
}


def test_pattern_of_two_units_by_hand():
    net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    packed = kernel.patterns_at(net, np.array([[2.0], [-2.0], [0.0]]))
    np.testing.assert_array_equal(packed, [[1], [2], [0]])


def test_bits_follow_layers_and_skip_units_of_slope_one():
    net = NETWORKS["prelu with negative, zero and unit slopes"]
    _, structure = kernel.kernel_inputs(net)
    assert structure.kinks == ((0, 2, 3), (0, 2))
    assert structure.num_bits == net.num_bits == 5


@pytest.mark.parametrize("name", NETWORKS)
def test_kernel_equals_the_numpy_patterns(name):
    net = NETWORKS[name]
    points = np.random.default_rng(5).uniform(-2, 2, (500, net.input_dim))
    packed = kernel.patterns_at(net, points)
    assert packed.shape == (500, -(-net.num_bits // 8))
    np.testing.assert_array_equal(
        kernel.unpack_bits(packed, net.num_bits), net.patterns(points)
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_float32_kernel_differs_only_next_to_boundaries(name):
    net = NETWORKS[name]
    points = np.random.default_rng(5).uniform(-2, 2, (500, net.input_dim))
    bits = kernel.unpack_bits(
        kernel.patterns_at(net, points, dtype="float32"), net.num_bits
    )
    pres = net.pre_activations(points)[:-1]
    kinks = [p[:, h.kinks] for p, h in zip(pres, net.hidden, strict=True)]
    pre = np.concatenate([np.zeros((500, 0)), *kinks], 1)
    far = np.abs(pre) > 1e-2
    assert far.sum() >= 0.9 * far.size
    np.testing.assert_array_equal(bits[far], (pre > 0)[far])


def test_float32_and_float64_run_when_x64_is_off():
    net, points = NETWORKS["leaky"], np.full((1, 3), 0.25)
    with jax.enable_x64(False):
        single = kernel.patterns_at(net, points, dtype="float32")
        double = kernel.patterns_at(net, points)
    np.testing.assert_array_equal(single, double)


def test_float64_kernel_sees_a_cell_thinner_than_float32():
    net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[-1.0], [0.0]])
    point = np.array([[1.0 + 1e-12]])
    assert kernel.patterns_at(net, point)[0, 0] == 1
    assert kernel.patterns_at(net, point, dtype="float32")[0, 0] == 0


def test_another_network_of_the_same_shape_needs_no_compilation():
    words_at: Any = kernel._words_at
    points = np.random.default_rng(0).normal(size=(17, 3))
    kernel.patterns_at(random_network([3, 9, 7, 1], seed=1), points)
    compiled = words_at._cache_size()
    kernel.patterns_at(random_network([3, 9, 7, 1], seed=2), points)
    assert words_at._cache_size() == compiled
    kernel.patterns_at(random_network([3, 9, 8, 1], seed=2), points)
    assert words_at._cache_size() == compiled + 1


@SETTINGS
@given(st.integers(0, 70), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_pack_and_unpack_are_inverse(bits, rows, seed):
    table = np.random.default_rng(seed).integers(0, 2, (rows, bits)).astype(bool)
    packed = kernel.pack_bits(table)
    assert packed.shape == (rows, -(-bits // 8))
    for row, stored in zip(table, packed, strict=True):
        number = sum(int(bit) << i for i, bit in enumerate(row))
        assert int.from_bytes(stored.tobytes(), "little") == number
    np.testing.assert_array_equal(kernel.unpack_bits(packed, bits), table)


@SETTINGS
@given(st.integers(0, 100), st.integers(0, 2**32 - 1))
def test_device_words_hold_the_same_bits_as_bytes(bits, seed):
    table = np.random.default_rng(seed).integers(0, 2, (3, bits)).astype(bool)
    words = np.stack([np.asarray(kernel.pack_words(jnp.asarray(r))) for r in table])
    assert words.dtype == np.uint32
    for row, stored in zip(table, words, strict=True):
        number = sum(int(bit) << i for i, bit in enumerate(row))
        assert sum(int(w) << (32 * i) for i, w in enumerate(stored)) == number
    np.testing.assert_array_equal(
        kernel.words_to_bytes(words, bits), kernel.pack_bits(table)
    )


@pytest.mark.parametrize("bits", [0, 1, 31, 32, 33, 84])
def test_hash_lanes_equal_integer_arithmetic(bits):
    table = np.random.default_rng(bits).integers(0, 2, (20, bits)).astype(bool)
    words = np.stack([np.asarray(kernel.pack_words(jnp.asarray(r))) for r in table])
    multipliers = kernel.random_hash_words(bits, seed=3)
    lanes = kernel.hash_patterns(words, multipliers)
    for row, hashed in zip(table, lanes, strict=True):
        for lane in range(2):
            terms = [int(multipliers[i, lane]) for i in np.flatnonzero(row)]
            assert int(hashed[lane]) == sum(terms) % 2**32


def test_hashes_do_not_depend_on_how_many_are_taken_at_once():
    words = np.random.default_rng(0).integers(0, 2**32, (5000, 2), dtype=np.uint32)
    multipliers = kernel.random_hash_words(64)
    together = kernel.hash_patterns(words, multipliers)
    apart = [kernel.hash_patterns(words[[i]], multipliers)[0] for i in (0, 4095, 4999)]
    np.testing.assert_array_equal(together[[0, 4095, 4999]], apart)


def test_hash_words_are_odd_and_fixed_by_the_seed():
    words = kernel.random_hash_words(100, seed=7)
    assert (words % 2 == 1).all()
    np.testing.assert_array_equal(words, kernel.random_hash_words(100, seed=7))
    assert (words != kernel.random_hash_words(100, seed=8)).any()


def test_unpacking_with_a_wrong_number_of_bits_raises():
    packed = kernel.pack_bits(np.ones((2, 9), bool))
    with pytest.raises(
        ValueError, match="`packed` has 2 bytes per pattern and 17 bits"
    ):
        kernel.unpack_bits(packed, 17)
