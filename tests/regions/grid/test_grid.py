import itertools
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.domains.shapes import (
    Ball,
    Box,
    HPolytope,
    Segment,
    Simplex,
    Slice,
    WholeSpace,
)
from regions.enumeration import enumerate_regions
from regions.errors import RegionsError
from regions.grid.hash_grid import boundary_pixels, hash_grid
from regions.grid.pattern_table import PatternTable
from regions.network import ReluNetwork
from regions.patterns.kernel import pack_bits
from regions.patterns.packing import unpack_bits

SETTINGS = settings(derandomize=True, deadline=None, max_examples=15)


def random_network(widths, slopes: Any = 0.0, seed=0):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return ReluNetwork.from_arrays(
        [rng.normal(size=(out, fan_in)) for fan_in, out in pairs],
        [rng.normal(size=out) for _, out in pairs],
        slopes,
    )


def grid_points(lower, upper, shape, offset):
    """All grid points, the last axis fastest."""
    axes = [
        low + (np.arange(n) + offset) * (high - low) / n
        for low, high, n in zip(lower, upper, shape, strict=True)
    ]
    return np.array(list(itertools.product(*axes)))


def assert_equals_brute_force(grid, network, points):
    """The grid's labels, patterns and counts against numpy's unique rows."""
    packed = pack_bits(network.patterns(points))
    exact, counts = np.unique(packed, axis=0, return_counts=True)
    assert grid.count == len(exact) == len(grid.patterns)
    order = np.lexsort(grid.patterns.T[::-1])
    np.testing.assert_array_equal(grid.patterns[order], exact)
    np.testing.assert_array_equal(grid.points_per_label[order], counts)
    if grid.labels is not None:
        np.testing.assert_array_equal(grid.patterns[grid.labels.reshape(-1)], packed)


def test_grid_of_two_axes_finds_the_four_quadrants():
    net = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
    grid = hash_grid(net, Box([-1, -1], [1, 1]), 2)
    assert int(grid) == grid.count == 4
    assert grid.complete is False
    # Axis 0 of the labels is x, bit 0 is x > 0, and labels come in order.
    np.testing.assert_array_equal(grid.labels, [[0, 1], [2, 3]])
    np.testing.assert_array_equal(grid.patterns, [[0], [2], [1], [3]])
    assert grid.labels is not None
    assert grid.labels.dtype == np.int32


def test_grid_with_offset_zero_starts_at_the_corner():
    net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[-0.5], [0.0]])
    corner = hash_grid(net, Box([0], [1]), 4, offset=0.0)
    middle = hash_grid(net, Box([0], [1]), 4)
    # The points are 0, 1/4, 1/2, 3/4 (a tie is off) and 1/8, 3/8, 5/8, 7/8.
    np.testing.assert_array_equal(corner.labels, [0, 0, 0, 1])
    np.testing.assert_array_equal(middle.labels, [0, 0, 1, 1])


def test_network_without_hidden_units_has_one_region():
    grid = hash_grid(random_network([2, 1]), Box.cube(2), 5)
    assert grid.count == 1
    assert grid.patterns.shape == (1, 0)
    np.testing.assert_array_equal(grid.labels, np.zeros((5, 5)))


def test_pattern_met_only_on_a_boundary_is_not_counted():
    # Units x and -x: both are off at x = 0 alone, which the grid meets.
    net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    grid = hash_grid(net, Box([-1], [1]), 3)
    np.testing.assert_array_equal(grid.labels, [0, 1, 2])
    np.testing.assert_array_equal(grid.strict, [True, False, True])
    assert grid.count == 2


def test_unit_that_is_zero_everywhere_is_no_tie():
    net = ReluNetwork.from_arrays([[[1.0], [0.0]], [[1.0, 1.0]], [[1.0]]], None)
    grid = hash_grid(net, Box([-1], [1]), 4)
    # Where x < 0 the second layer is identically zero.
    assert grid.strict.tolist() == [True, True]
    assert grid.count == 2


@pytest.mark.parametrize("slopes", [0.0, 0.1, -0.5])
def test_grid_of_a_plane_equals_brute_force(slopes):
    net = random_network([2, 20, 20, 1], slopes)
    grid = hash_grid(net, Box([-1, -2], [1, 2]), (60, 50))
    assert grid.labels is not None
    assert grid.labels.shape == grid.resolution == (60, 50)
    points = grid_points([-1, -2], [1, 2], (60, 50), 0.5)
    assert_equals_brute_force(grid, net, points)


def test_grid_of_a_solid_equals_brute_force():
    net = random_network([3, 12, 12, 1])
    grid = hash_grid(net, Box.cube(3), (20, 21, 22), offset=0.0)
    points = grid_points([-1] * 3, [1] * 3, (20, 21, 22), 0.0)
    assert_equals_brute_force(grid, net, points)


def test_grid_of_a_segment_equals_brute_force():
    net = random_network([5, 30, 10, 1])
    start, end = np.full(5, -2.0), np.linspace(0.0, 2.0, 5)
    segment = Segment(start, end)
    grid = hash_grid(net, segment, 1000)
    t = grid_points([0], [1], (1000,), 0.5)
    assert_equals_brute_force(grid, segment.restrict(net), t)
    assert grid.witnesses.shape == (grid.count, 1)


def test_grid_of_a_slice_equals_the_network_on_embedded_points():
    net = random_network([6, 15, 15, 1])
    rng = np.random.default_rng(4)
    plane = Slice(rng.normal(size=6), rng.normal(size=(2, 6)), Box([-1, 0], [1, 3]))
    grid = hash_grid(net, plane, 40)
    points = plane.embed(grid_points([-1, 0], [1, 3], (40, 40), 0.5))
    assert_equals_brute_force(grid, net, points)


@SETTINGS
@given(
    st.integers(1, 3), st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**32 - 1)
)
def test_integer_networks_equal_brute_force(dim, width, resolution, seed):
    # Small integers on a dyadic grid make ties, and no rounding.
    rng = np.random.default_rng(seed)
    net = ReluNetwork.from_arrays(
        [rng.integers(-3, 4, s) for s in [(width, dim), (4, width), (1, 4)]],
        [rng.integers(-2, 3, s) for s in [width, 4, 1]],
    )
    grid = hash_grid(
        net, Box(np.zeros(dim), np.full(dim, float(resolution))), resolution
    )
    points = grid_points(
        [0.0] * dim, [float(resolution)] * dim, (resolution,) * dim, 0.5
    )
    packed = pack_bits(net.patterns(points))
    assert grid.labels is not None
    np.testing.assert_array_equal(grid.patterns[grid.labels.reshape(-1)], packed)
    assert len(grid.patterns) == len(np.unique(packed, axis=0))
    assert grid.count <= len(grid.patterns)


def test_strict_witnesses_have_their_pattern_in_a_neighborhood():
    rng = np.random.default_rng(8)
    net = ReluNetwork.from_arrays(
        [rng.integers(-2, 3, (8, 2)), rng.integers(-2, 3, (6, 8)), np.ones((1, 6))],
        None,
    )
    # Points are multiples of 1/16: nothing rounds, and the axes are met.
    grid = hash_grid(net, Box.cube(2), 32, offset=0.0)
    assert not grid.strict.all()
    for pattern, witness in zip(
        grid.patterns[grid.strict], grid.witnesses[grid.strict], strict=True
    ):
        near = witness + rng.integers(-9, 10, (50, 2)) * 2.0**-20
        assert (pack_bits(net.patterns(near)) == pattern).all()


@pytest.mark.parametrize("chunk", [1, 7, 100, 1599, 1600, 10**6])
def test_chunk_size_changes_nothing(chunk):
    net = random_network([2, 20, 20, 1])
    resolution = (5, 8) if chunk == 1 else 40
    whole = hash_grid(net, Box.cube(2), resolution)
    parts = hash_grid(net, Box.cube(2), resolution, chunk=chunk)
    assert parts.count == whole.count
    np.testing.assert_array_equal(parts.labels, whole.labels)
    np.testing.assert_array_equal(parts.patterns, whole.patterns)
    np.testing.assert_array_equal(parts.points_per_label, whole.points_per_label)


def test_grid_without_labels_counts_the_same():
    net = random_network([2, 20, 20, 1])
    with_labels = hash_grid(net, Box.cube(2), 40)
    without = hash_grid(net, Box.cube(2), 40, labels=False)
    assert without.labels is None
    assert without.count == with_labels.count
    np.testing.assert_array_equal(without.patterns, with_labels.patterns)


@pytest.mark.parametrize("word", [0, 1, 2**31])
def test_bad_hashes_are_detected_and_change_nothing(word):
    net = random_network([2, 20, 20, 1])
    good = hash_grid(net, Box.cube(2), 50)
    bad_words = np.full((40, 2), word, np.uint32)
    bad = hash_grid(net, Box.cube(2), 50, hash_words=bad_words, chunk=300)
    points = grid_points([-1, -1], [1, 1], (50, 50), 0.5)
    sums = net.patterns(points) @ np.full(40, word, np.uint32)
    assert good.collisions == 0
    assert bad.collisions == good.count - len(np.unique(sums))
    assert bad.count == good.count
    np.testing.assert_array_equal(bad.labels, good.labels)
    np.testing.assert_array_equal(bad.patterns, good.patterns)


def test_table_numbers_patterns_the_same_way_again():
    rng = np.random.default_rng(2)
    words = rng.integers(0, 16, (500, 2), dtype=np.uint32)
    table = PatternTable(2, np.zeros((64, 2), np.uint32))
    labels = np.concatenate([table.locate(part) for part in np.split(words, 10)])
    np.testing.assert_array_equal(table.words[labels], words)
    assert len(table) == len(np.unique(words, axis=0))
    assert table.collisions == len(table) - 1
    np.testing.assert_array_equal(table.locate(words[::-1]), labels[::-1])


def test_several_devices_give_the_same_grid_labels_and_balls(tmp_path):
    net = random_network([2, 20, 20, 1])
    arrays = {}
    for index, layer in enumerate(net.layers):
        arrays |= {f"W{index}": layer.weight, f"b{index}": layer.bias}
    np.savez(tmp_path / "net.npz", **arrays)
    code = """
import sys, jax, numpy as np
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.grid import hash_grid as module
from regions.grid.hash_grid import grid_axes, hash_grid
from regions.network import ReluNetwork
from regions.partition.device_labels import labels_on_device
assert len(jax.local_devices()) == 8
with np.load(sys.argv[1] + "/net.npz", allow_pickle=False) as f:
    net = ReluNetwork.from_arrays(*([f[f"{k}{i}"] for i in range(3)] for k in "Wb"))
grid = hash_grid(net, Box.cube(2), 45, chunk=1000)
module.numbers_on_device = lambda piece: True
there = hash_grid(net, Box.cube(2), 45, chunk=1000)
np.testing.assert_array_equal(there.labels, grid.labels)
found = enumerate_regions(net, Box.cube(2))
image = labels_on_device(found, Box.cube(2), grid_axes(Box.cube(2), (45, 45), 0.5))
arrays = dict(labels=grid.labels, patterns=there.patterns, image=found.patterns[image])
np.savez(sys.argv[1] + "/grid.npz", radii=found.chebyshev()[1], **arrays)
"""
    flags = os.environ["XLA_FLAGS"] + " --xla_force_host_platform_device_count=8"
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=env)
    expected = hash_grid(net, Box.cube(2), 45)
    with np.load(tmp_path / "grid.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["labels"], expected.labels)
        np.testing.assert_array_equal(found["patterns"], expected.patterns)
        image = expected.patterns[expected.labels]
        np.testing.assert_array_equal(found["image"], image)
        radii = enumerate_regions(net, Box.cube(2)).chebyshev()[1]
        np.testing.assert_allclose(found["radii"], radii, rtol=0, atol=1e-12)


def test_progress_reports_every_chunk():
    calls = []
    net = random_network([2, 4, 1])
    hash_grid(
        net, Box.cube(2), 30, chunk=400, progress=lambda *call: calls.append(call)
    )
    assert calls == [(400, 900), (800, 900), (900, 900)]


def test_a_stopped_grid_keeps_the_points_done():
    calls = []
    net = random_network([2, 20, 20, 1])
    whole = hash_grid(net, Box.cube(2), 30)
    part = hash_grid(
        net,
        Box.cube(2),
        30,
        chunk=200,
        progress=lambda *call: calls.append(call),
        stop=lambda: len(calls) == 2,
    )
    assert part.stopped
    assert not whole.stopped
    assert calls == [(200, 900), (400, 900)]
    assert whole.labels is not None
    assert part.labels is not None
    first = whole.labels.reshape(-1)[:400]
    np.testing.assert_array_equal(part.labels.reshape(-1)[:400], first)
    assert (part.labels.reshape(-1)[400:] == -1).all()
    np.testing.assert_array_equal(part.points_per_label, np.bincount(first))
    np.testing.assert_array_equal(part.patterns, whole.patterns[: first.max() + 1])


def test_boundary_pixels_equal_a_loop():
    labels = np.random.default_rng(0).integers(0, 3, (9, 7))
    expected = np.zeros(labels.shape, bool)
    for i, j in np.ndindex(labels.shape):
        for k, m in [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]:
            if 0 <= k < 9 and 0 <= m < 7:
                expected[i, j] |= bool(labels[k, m] != labels[i, j])
    np.testing.assert_array_equal(boundary_pixels(labels), expected)


@pytest.mark.parametrize(
    ("domain", "options", "message"),
    [
        (WholeSpace(2), {}, "`domain` is a WholeSpace, without bounds: a grid needs"),
        (HPolytope([[1, 0]], [1]), {}, "`domain` is a HPolytope, without bounds"),
        (Box.cube(3), {}, "`domain` lies in 3 dimensions and the network reads 2"),
        (Box.cube(2), {"resolution": (3, 4, 5)}, "`resolution` is "),
        (Box.cube(2), {"resolution": 0}, "`resolution` is 0"),
        (Box.cube(2), {"dtype": "bfloat16"}, "`dtype` is 'bfloat16'"),
        (Box.cube(2), {"offset": 1.5}, "`offset` is 1.5"),
        (Box.cube(2), {"chunk": 0}, "`chunk` is 0"),
        (Box.cube(2), {"together": True, "stop": bool}, "`stop` is given with"),
        (
            Box.cube(2),
            {"hash_words": np.ones((3, 2), np.uint32)},
            "`hash_words` has shape",
        ),
    ],
)
def test_bad_arguments_raise(domain, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        hash_grid(random_network([2, 4, 1]), domain, **options)
    assert not isinstance(caught.value, RegionsError)


@pytest.mark.parametrize(
    "domain",
    [
        HPolytope([[1, 1], [-1, 0], [0, -1]], [1, 0.5, 0.75]),
        Ball([0.25, -0.5], 0.75),
        Ball([0.25, -0.5], 0.75, 1),
        Simplex([[0, 0], [1, 0.25], [0.5, 1]]),
    ],
    ids=["polytope", "disc", "diamond", "simplex"],
)
@pytest.mark.parametrize("labels", [True, False])
def test_a_grid_in_another_domain_has_its_points_alone(domain, labels):
    """Against patterns of the points inside, one by one."""
    network = random_network((2, 6, 4, 1))
    grid = hash_grid(network, domain, 24, labels=labels)
    box = domain.chart_box()
    sides = [
        low + (high - low) * (np.arange(24) + 0.5) / 24
        for low, high in zip(box.lower, box.upper, strict=True)
    ]
    points = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 2)
    A, b = domain.rows()
    inside = (points @ A.T < b).all(1)
    if domain.squared_radius is not None:
        inside &= (points**2).sum(1) < 0.75**2
    bits = network.patterns(domain.embed(points[inside]))
    patterns, first, number, each = np.unique(
        bits, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    assert grid.points_per_label.tolist() == each[order].tolist()
    found = unpack_bits(grid.patterns, network.num_bits)
    np.testing.assert_array_equal(found, patterns[order])
    at = network.patterns(domain.embed(grid.witnesses))
    np.testing.assert_array_equal(at, found)
    assert int(grid) == len(patterns)
    assert (grid.labels is not None) == labels
    if grid.labels is not None:
        image = grid.labels.reshape(-1)
        assert (image[~inside] == -1).all()
        assert (image[inside] == np.argsort(order)[number.reshape(-1)]).all()
