"""What rounding leaves open, against the signs of exact arithmetic."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.grid.hash_grid import hash_grid
from regions.grid.open_points import layer_bounds, point_words_and_open
from regions.network import ReluNetwork
from regions.patterns.kernel import kernel_inputs, pack_bits, words_to_bytes


def exact_bits(network, point):
    """The pattern at a float64 point, in rationals."""
    h = [Fraction(v) for v in point]
    activations, bits = [h], []
    for index, layer in enumerate(network.hidden):
        pre = [Fraction(b) for b in layer.bias]
        for source, matrix in layer.blocks(index):
            for j, row in enumerate(matrix):
                pre[j] += sum(
                    Fraction(w) * v
                    for w, v in zip(row, activations[source], strict=True)
                )
        bits += [v > 0 for v in pre]
        slopes = [Fraction(s) for s in layer.slopes]
        activations.append(
            [v if v > 0 else s * v for v, s in zip(pre, slopes, strict=True)]
        )
    return bits


def words_and_open(network, points, dtype):
    """Packed patterns in some arithmetic, and which of them are open."""
    with jax.enable_x64(True):
        params, structure = kernel_inputs(network, dtype)
        bounds = layer_bounds(network, dtype)
        words, is_open = jax.vmap(
            lambda x: point_words_and_open(params, bounds, structure, x)
        )(jnp.asarray(points, dtype))
    return words_to_bytes(np.asarray(words), structure.num_bits), np.asarray(is_open)


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [("float32", scale) for scale in (1e-25, 1e-3, 1.0, 1e12, 1e25)]
    + [("float64", scale) for scale in (1e-200, 1.0, 1e200)],
)
def test_points_that_are_not_open_have_the_exact_pattern(dtype, scale):
    rng = np.random.default_rng(0)
    net = ReluNetwork.from_arrays(
        [rng.normal(size=(9, 3)), scale * rng.normal(size=(9, 9)), np.ones((1, 9))],
        [rng.normal(size=9), scale * rng.normal(size=9), [0.0]],
        0.1,
    )
    # Half of the points lie so near to the boundary of a unit of the first layer that
    # rounding has its way.
    points = rng.normal(size=(80, 3))
    W, b = net.hidden[0].blocks(0)[0][1], net.hidden[0].bias
    units = rng.integers(9, size=40)
    value = (W[units] * points[:40]).sum(1) + b[units]
    points[:40] -= W[units] * (value / (W[units] ** 2).sum(1))[:, None]
    if dtype == "float32":
        points[:40] += 1e-8 * rng.normal(size=(40, 3))
    found, is_open = words_and_open(net, points, dtype)
    exact = pack_bits(np.array([exact_bits(net, p) for p in points]))
    right = (found == exact).all(1)
    assert right[~is_open].all()
    assert not right.all()  # Some points are indeed too much.
    # Beyond, squares leave float32, and nothing is certain.
    if dtype == "float64" or scale < 1e25:
        assert is_open[40:].mean() < 0.2


@pytest.mark.parametrize(("gain", "reach"), [(0.0, 4e-6), (1000.0, 3e-2)])
def test_roundings_of_weights_and_of_layers_before_count(gain, reach):
    # All units are zero everywhere, or far from it, but one that changes at 0.7: of
    # the first layer, or of the third one, which reads a difference of large numbers.
    points = np.zeros((80, 3))
    points[:, 0] = 0.7 * (1.0 + reach * np.linspace(-1.0, 1.0, 80) ** 3)
    wrong = 0
    for weight in np.random.default_rng(1).uniform(0.5, 2.0, 8):
        first, second, third = np.zeros((9, 3)), np.zeros((9, 9)), np.zeros((9, 9))
        biases = np.zeros((3, 9))
        first[:2, 0] = gain * weight + weight, gain * weight
        if gain:
            second[0, :2], third[0, 0] = (1.0, -1.0), 1.0
        biases[2 if gain else 0, 0] = -0.7 * weight
        net = ReluNetwork.from_arrays(
            [first, second, third, np.ones((1, 9))], [*biases, [0.0]]
        )
        found, is_open = words_and_open(net, points, "float32")
        exact = pack_bits(np.array([exact_bits(net, p) for p in points]))
        right = (found == exact).all(1)
        assert right[~is_open].all()
        assert not is_open.all()
        wrong += (~right).sum()
    assert wrong > 5


def test_weights_beyond_float32_leave_all_points_open():
    net = ReluNetwork.from_arrays([[[1e300]], [[1.0]]], [[-1e299], [0.0]])
    _found, is_open = words_and_open(net, np.array([[0.05], [0.5]]), "float32")
    assert is_open.all()
    grid = hash_grid(net, Box([0], [1]), 4, dtype="float32")
    np.testing.assert_array_equal(grid.labels, [0, 0, 0, 0])
    assert grid.settled == 4


@pytest.mark.parametrize("half", [1e38, 1e39, 1e300])
def test_points_beyond_float32_are_left_open(half):
    first = [[1.0, 0.0], [0.0, -1.0], [0.5, 1.0]]
    net = ReluNetwork.from_arrays([first, [[1.0, -1.0, 0.5]], [[1.0]]], None, 0.1)
    single, double = (
        hash_grid(net, Box.cube(2, half), 8, dtype=dtype)
        for dtype in ("float32", "float64")
    )
    np.testing.assert_array_equal(single.labels, double.labels)


def test_float32_gives_the_labels_of_float64():
    # The third point, 2.5, is on by 2.5e-9: float32 sees a tie.
    net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[-2.5 * (1 - 1e-9)], [0.0]])
    single, double = (
        hash_grid(net, Box([0], [5]), 5, dtype=dtype)
        for dtype in ("float32", "float64")
    )
    np.testing.assert_array_equal(double.labels, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(single.labels, double.labels)
    assert (single.settled, double.settled) == (1, 0)


def test_a_unit_that_is_zero_everywhere_leaves_nothing_open():
    net = ReluNetwork.from_arrays([[[1.0], [0.0]], [[1.0, 1.0]]], None)
    assert hash_grid(net, Box([-1], [1]), 4, dtype="float32").settled == 0


def test_float32_in_chunks_gives_the_labels_of_float64():
    rng = np.random.default_rng(3)
    net = ReluNetwork.from_arrays(
        [rng.normal(size=(8, 2)), rng.normal(size=(8, 8)), np.ones((1, 8))],
        [rng.normal(size=8), rng.normal(size=8), [0.0]],
    )
    exact = hash_grid(net, Box.cube(2), 61)
    parts = hash_grid(net, Box.cube(2), 61, dtype="float32", chunk=500)
    np.testing.assert_array_equal(parts.labels, exact.labels)
    np.testing.assert_array_equal(parts.patterns, exact.patterns)
