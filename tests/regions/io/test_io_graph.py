import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings, strategies as st

from regions.errors import FileFormatError
from regions.io.graph import Expression, GraphBuilder
from regions.io.spatial import (
    Window,
    average_pool,
    concatenate,
    convolve,
    max_pool,
    tournament,
)


def _builder(*shape: int, max_bytes: int = 2**30) -> GraphBuilder:
    return GraphBuilder(shape, name="test", max_bytes=max_bytes)


def _value(builder: GraphBuilder, tensor: Expression, x: np.ndarray) -> np.ndarray:
    return builder.finish(tensor)(x.reshape(1, -1)).reshape(tensor.shape)


def _windows_by_hand(n: int, k: int, s: int, p: tuple[int, int], d: int) -> list:
    """Positions of each window along one axis, None in the padding."""
    result, start = [], -p[0]
    while start + d * (k - 1) < n + p[1]:
        inside = [start + d * i for i in range(k)]
        result.append([i if 0 <= i < n else None for i in inside])
        start += s
    return result


axes = st.tuples(
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(1, 3),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.integers(1, 2),
).filter(lambda a: a[0] + sum(a[3]) >= a[4] * (a[1] - 1) + 1)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(axes, min_size=1, max_size=3))
def test_window_indices_equal_those_found_by_sliding(spec):
    shape = [n for n, *_ in spec]
    window = Window(
        tuple(k for _, k, *_ in spec),
        tuple(s for _, _, s, *_ in spec),
        tuple(p[0] for *_, p, _ in spec),
        tuple(p[1] for *_, p, _ in spec),
        tuple(d for *_, d in spec),
    )
    found = window.indices(shape)
    per_axis = [_windows_by_hand(*axis) for axis in spec]
    for row, places in zip(found, itertools.product(*per_axis), strict=True):
        for flat, place in zip(row, itertools.product(*places), strict=True):
            inside = all(i is not None for i in place)
            assert flat == (np.ravel_multi_index(place, shape) if inside else -1)


def _integers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def test_convolve_equals_four_nested_loops():
    weight, bias, x = _integers(4, 2, 3, 2), _integers(4, seed=1), _integers(4, 5, 6)
    window = Window((3, 2), (2, 1), (1, 0), (0, 1), (1, 2))
    builder = _builder(4, 5, 6)
    found = convolve(builder, builder.input, weight, bias, window, groups=2)
    padded = np.pad(x, ((0, 0), (1, 0), (0, 1)))
    expected = np.zeros(found.shape)
    for o, i, j in np.ndindex(*found.shape):
        patch = padded[o // 2 * 2 :][:2, 2 * i : 2 * i + 3, j : j + 3 : 2]
        expected[o, i, j] = (weight[o] * patch).sum() + bias[o]
    assert np.array_equal(_value(builder, found, x), expected)


def test_pooling_on_integers_is_exact():
    x = _integers(2, 4, 6)
    window = Window((2, 2), (2, 2), (0, 0), (0, 0), (1, 1))
    blocks = x.reshape(2, 2, 2, 3, 2).swapaxes(2, 3)
    builder = _builder(2, 4, 6)
    top = max_pool(builder, builder.input, window)
    mean = average_pool(builder, builder.input, window, count_padding=False)
    assert np.array_equal(_value(builder, top, x), blocks.max((3, 4)))
    assert np.array_equal(_value(builder, mean, x), blocks.mean((3, 4)))
    assert builder.finish(top).num_bits == 3 * 12


@pytest.mark.parametrize("players", range(1, 8))
def test_tournament_of_any_number_finds_the_maximum(players):
    x = _integers(players, 5, seed=players)
    builder = _builder(players, 5)
    rows = [builder.input.select(row) for row in builder.input.positions()]
    winner = tournament(builder, rows)
    net = builder.finish(winner)
    assert np.array_equal(net(x.reshape(1, -1))[0], x.max(axis=0))
    assert net.num_bits == 5 * (players - 1)
    assert len(net.hidden) == math.ceil(math.log2(players))


def test_maximum_of_equal_entries_takes_no_bit():
    builder = _builder(3)
    repeated = builder.input.select(np.array([0, 2, 2]))
    net = builder.finish(builder.maximum(builder.input, repeated))
    assert net.num_bits == 1
    assert np.array_equal(net(np.array([[5.0, 1.0, 2.0]])), [[5.0, 2.0, 2.0]])


def test_selection_and_concatenation_make_no_layer():
    builder = _builder(2, 3)
    x = builder.input
    turned = x.select(x.positions().T)
    joined = concatenate([turned, x.select(np.array([[-1, 5]])).reshape((1, 2))], 0)
    values = _integers(2, 3)
    expected = np.concatenate([values.T, [[0.0, values[1, 2]]]])
    assert np.array_equal(_value(builder, joined, values), expected)
    assert builder.finish(joined).hidden == ()


def test_residual_sum_becomes_a_skip_block():
    builder = _builder(2)
    bent = builder.kink(builder.affine(builder.input, _sparse([[1, 2], [3, 4]])), 0.0)
    total = builder.kink(builder.add(builder.input, builder.affine(bent, _EYE)), 0.5)
    net = builder.finish(total)
    assert net.widths == (2, 2)
    assert [source for source, _ in net.hidden[1].skips] == [0]
    assert np.array_equal(net.hidden[1].skips[0][1], np.eye(2))


def _sparse(rows) -> sp.csr_array:
    return sp.csr_array(np.asarray(rows, np.float64))


_EYE = _sparse(np.eye(2))


@pytest.mark.parametrize(
    ("first", "second", "layers"),
    [
        (np.eye(2), [[0.1, 0.2]], 0),  # the first picks entries
        ([[0, 1], [-1, 0]], [[0.1, 0.2]], 0),  # up to sign
        ([[0.1, 0.2], [0.3, 0.4]], np.eye(2), 0),  # the second picks entries
        ([[0.1, 0.2], [0.3, 0.4]], [[0.1, 0.2]], 1),  # products would round
        ([[2.0, 0.0], [0.0, 1.0]], [[0.1, 0.2]], 1),
        ([[1, 0], [1, 0]], [[0.1, 0.2]], 1),  # 0.1 + 0.2 rounds
        ([[1, 1], [0, 1]], [[0.1, 0.2]], 1),
    ],
)
def test_affine_maps_are_multiplied_only_when_nothing_rounds(first, second, layers):
    builder = _builder(2)
    inner = builder.affine(builder.input, _sparse(first))
    net = builder.finish(builder.affine(inner, _sparse(second)))
    assert len(net.hidden) == layers
    assert net.num_bits == 0


def test_bias_that_would_round_keeps_its_layer():
    builder = _builder(1)
    exact = builder.shift(builder.shift(builder.input, 0.5), 0.25)
    assert builder.finish(exact).hidden == ()
    rounded = builder.shift(builder.shift(builder.input, 0.1), 0.2)
    assert builder.finish(rounded).widths == (1,)


def test_sum_of_one_source_that_would_round_keeps_its_layer():
    builder = _builder(1)
    parts = [builder.affine(builder.input, _sparse([[w]])) for w in (0.1, 0.2)]
    assert builder.finish(builder.add(*parts)).widths == (1,)
    builder = _builder(1)
    halves = [builder.affine(builder.input, _sparse([[w]])) for w in (0.5, 0.25)]
    assert builder.finish(builder.add(*halves)).output.weight[0, 0] == 0.75


def test_layer_beyond_the_limit_is_refused():
    builder = _builder(100, max_bytes=50_000)
    with pytest.raises(FileFormatError, match="when unrolled"):
        builder.kink(builder.input, 0.0)
