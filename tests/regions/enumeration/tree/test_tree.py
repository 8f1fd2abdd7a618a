"""The tree on bounded domains: known counts, degenerate networks, exact brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import regions
from regions.domains.shapes import BoundedDomain, Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.budget import Budget
from regions.enumeration.line import cut_line
from regions.enumeration.tree import search as tree_module
from regions.network import ReluNetwork
from tests.helpers import brute_force_patterns, random_network
from tests.regions.enumeration.helpers import (
    ULP,
    assert_tree_is_exact,
    one_layer,
    patterns_of,
)
from tests.regions.enumeration.oracles import exact_patterns
from tests.zoo import ZOO


def braid(dim: int) -> np.ndarray:
    """Normals of all x_i = x_j."""
    unit = np.eye(dim)
    return np.array([unit[i] - unit[j] for i in range(dim) for j in range(i)])


def type_b(dim: int) -> np.ndarray:
    """Normals of all x_i = x_j, x_i = -x_j and x_i = 0."""
    unit = np.eye(dim)
    sums = [unit[i] + unit[j] for i in range(dim) for j in range(i)]
    return np.concatenate([braid(dim), sums, unit])


def nonzero_bits(dim: int) -> np.ndarray:
    """All of {0, 1}^dim but zero."""
    return np.array(list(itertools.product([0, 1], repeat=dim))[1:])


def thresholds(variables: int) -> np.ndarray:
    """Normals (1, +-1, ..., +-1): cones are the threshold functions."""
    signs = itertools.product([-1, 1], repeat=variables)
    return np.array([(1, *row) for row in signs])


ARRANGEMENTS = {
    "braid_4": (braid(4), 24),
    "braid_5": (braid(5), 120),
    "type_b_3": (type_b(3), 48),
    "type_b_4": (type_b(4), 384),
    "bits_3": (nonzero_bits(3), 32),
    "bits_4": (nonzero_bits(4), 370),
    "thresholds_2": (thresholds(2), 14),
    "thresholds_3": (thresholds(3), 104),
    "thresholds_4": (thresholds(4), 1882),
    **{f"boolean_{dim}": (np.eye(dim), 2**dim) for dim in range(1, 9)},
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_tree_counts_a_central_arrangement_in_the_cube(name):
    rows, expected = ARRANGEMENTS[name]
    network, box = one_layer(rows), Box.cube(rows.shape[1])
    count = count_regions(network, box, method="tree")
    assert (int(count), count.complete, count.method) == (expected, True, "tree")


@pytest.mark.parametrize(("name", "dim"), [("bits_3", 3), ("type_b_3", 3)])
def test_tree_and_cells_agree_once_an_arrangement_is_moved_apart(name, dim):
    rows, central = ARRANGEMENTS[name]
    bias = np.random.default_rng(2).standard_normal(len(rows)) / 4
    network, box = one_layer(rows, bias), Box.cube(dim, 2.0)
    count = int(count_regions(network, box, method="tree"))
    assert count == int(count_regions(network, box, method="cells"))
    assert count > central


HALF = 0.5
DEGENERATE = {
    "duplicated": ([[1, HALF], [1, HALF]], [0.25, 0.25], 2),
    "scaled_copy": ([[1, HALF], [2, 1]], [0.25, 0.5], 2),
    "opposite": ([[1, HALF], [-1, -HALF]], [0.25, -0.25], 2),
    "three_concurrent": ([[1, 0], [0, 1], [1, 1]], [0, 0, 0], 6),
    "three_concurrent_off_center": (
        [[1, 0], [0, 1], [1, 1]],
        [-0.25, -0.5, -0.75],
        6,
    ),
    "five_parallel": ([[1, HALF]] * 5, [-0.5, -0.25, 0, 0.25, 0.5], 6),
    "constant_positive": ([[0, 0], [1, -1]], [1, 0], 2),
    "constant_negative": ([[0, 0], [1, -1]], [-1, 0], 2),
    "constant_zero": ([[0, 0], [1, -1]], [0, 0], 2),
    "all_constant_zero": ([[0, 0], [0, 0]], [0, 0], 1),
    "touches_a_corner": ([[1, 1]], [-2], 1),
    "touches_the_other_corner": ([[1, 1]], [2], 1),
    "along_an_edge": ([[1, 0]], [-1], 1),
    "along_the_other_edge": ([[0, -1]], [-1], 1),
    "cuts_a_corner_by_an_ulp": ([[1, 1]], [-2 + ULP], 2),
    "strip_at_an_edge": ([[1, 0]], [-1 + ULP / 2], 2),
    "through_two_corners": ([[1, -1], [1, 1]], [0, 0], 4),
    "triangle_of_side_1e-8": ([[1, 0], [0, 1], [1, 1]], [0, 0, -1e-8], 7),
    "triangle_of_side_1e-300": ([[1, 0], [0, 1], [1, 1]], [0, 0, -1e-300], 7),
    "triangle_of_the_least_side": ([[1, 0], [0, 1], [1, 1]], [0, 0, -5e-324], 7),
}


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("name", DEGENERATE)
def test_tree_counts_degenerate_lines_in_any_units(name, scale):
    rows, bias, expected = DEGENERATE[name]
    # A power of two near the scale moves no point by a rounding.
    unit = 2.0 ** np.round(np.log2(scale))
    network = one_layer(np.array(rows, float) / unit, bias)
    rs = enumerate_regions(network, Box.cube(2, unit), method="tree")
    assert len(patterns_of(rs)) == expected
    cells = count_regions(network, Box.cube(2, unit), method="cells")
    assert int(cells) == expected


@pytest.mark.parametrize("name", sorted(ZOO))
def test_tree_on_a_zoo_network_equals_brute_force(name):
    network, box = ZOO[name]
    found = patterns_of(enumerate_regions(network, box, method="tree"))
    # Elimination takes minutes in four dimensions.
    oracle = exact_patterns if box.dim <= 3 else brute_force_patterns
    assert found == oracle(network, box)


def flax_default(dim: int, widths: list[int], seed: int) -> ReluNetwork:
    """Truncated normal kernels of variance 1 / fan_in, as float32, and no biases."""
    rng, sizes = np.random.default_rng(seed), [dim, *widths, 1]
    weights = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        table = rng.standard_normal((8, fan_out, fan_in))
        first = np.abs(table).argmin(0)[None]
        kernel = np.take_along_axis(table, first, 0)[0] / np.sqrt(fan_in)
        weights.append(kernel.astype(np.float32))
    return ReluNetwork.from_arrays(weights, None)


@pytest.mark.parametrize("seed", range(3))
def test_tree_on_zero_biases_counts_what_lies_around_the_square(seed):
    """Every cone of the plane meets the boundary of the square in one interval."""
    network = flax_default(2, [14] * 6, seed)
    found = set()
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], float)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        line = cut_line(network, regions.Segment(start, end))
        found |= {tuple(row) for row in line.patterns.tolist()}
    rs = enumerate_regions(network, Box.cube(2), method="tree")
    assert patterns_of(rs) == found


def test_tree_on_zero_biases_in_space_is_exact_at_small_sizes():
    for seed in range(3):
        assert_tree_is_exact(flax_default(3, [4, 4], seed), Box.cube(3))


def test_tree_on_zero_biases_in_space_counts_the_facets_of_the_cube():
    """Each cone meets the cube's surface: the patterns on its six facets are all."""
    network, found = flax_default(3, [12, 12], 0), set()
    for axis in range(3):
        rest = np.delete(np.eye(3), axis, axis=0)
        for side in (1.0, -1.0):
            facet = Slice(side * np.eye(3)[axis], rest, Box.cube(2))
            rs = enumerate_regions(network, facet, method="tree")
            found |= {tuple(row) for row in rs.pattern_bits().tolist()}
    rs = enumerate_regions(network, Box.cube(3), method="tree")
    assert patterns_of(rs) == found
    assert len(found) > 250


def degenerate_networks() -> dict[str, ReluNetwork]:
    """Deep networks whose units cancel, coincide, die or do not bend."""
    rows, bias = [[0.1, 0.3], [0.3, 0.9], [0.1, 0.2]], [0.1, 0.3, 0.2]
    cancel = [[3, -1, 0], [0.3, -0.1, 0], [0.1, -0.1, 0.7]]
    last = [[1.0] * 3]
    rng = np.random.default_rng(8)
    low_rank = np.outer([1.0, -2.0, 0.5, 3.0], [1.0, 1.0, -1.0])

    def net(second, second_bias=(0, 0, 0), **more):
        return ReluNetwork.from_arrays(
            [rows, second, last], [bias, second_bias, [0]], **more
        )

    return {
        "cancels_but_for_rounding": net(cancel),
        "cancels_exactly": net([[1, -1, 0]] * 3, slopes=1.0),
        "dead_second_layer": net(-np.ones((3, 3)), (-1, -1, -1)),
        "dead_at_zero": net(-np.ones((3, 3))),
        "slopes_0_1_negative": net(cancel, slopes=[[0, 1, -1], [1, -2, 0]]),
        "all_linear_first_layer": net(cancel, slopes=[1.0, 0.0]),
        "skips": net(cancel, skips={1: {0: [[1, 0], [0, 1], [1, 1]]}}),
        "undone_by_a_skip": net(
            [[1, 0, 0]] * 3, slopes=1.0, skips={1: {0: [[-0.1, -0.3]] * 3}}
        ),
        "rank_one": ReluNetwork.from_arrays(
            [low_rank, rng.standard_normal((3, 4)), last],
            [[0.25, 0.5, -0.125, 0.75], [0.1, -0.2, 0.3], [0]],
        ),
    }


@pytest.mark.parametrize("name", degenerate_networks())
def test_tree_on_layers_that_cancel_is_exact(name):
    network = degenerate_networks()[name]
    assert_tree_is_exact(network, Box.cube(network.input_dim))


@st.composite
def problems(draw) -> tuple:
    """Numbers for a network with small integer weights, full of ties, and a domain."""
    dim = draw(st.integers(1, 3))
    widths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    while sum(widths) > (8 if dim < 3 else 6):
        widths.pop()
    numbers = st.integers(-2, 2)

    def table(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        entries = draw(st.lists(numbers, min_size=size, max_size=size))
        return np.array(entries, float).reshape(shape)

    sizes = [dim, *widths, 1]
    weights = [table(b, a) for a, b in itertools.pairwise(sizes)]
    biases = [table(n) * draw(st.integers(0, 1)) for n in sizes[1:]]
    slope = st.sampled_from([0.0, 0.0, 0.25, 1.0, -1.0, 2.0])
    slopes = [[draw(slope) for _ in range(w)] for w in widths]
    skips = {
        layer: {source: table(sizes[layer + 1], sizes[source])}
        for layer in range(1, len(widths))
        if (source := draw(st.integers(-1, layer - 1))) >= 0
    }
    kind, chart = draw(st.integers(0, 2)), draw(st.integers(1, dim))
    free = np.tril(table(chart, dim), -1) + np.eye(chart, dim)
    corner, side = table(dim), draw(st.integers(1, 4))
    return (weights, biases, slopes, skips), (kind, corner, side, free)


def built(problem: tuple) -> tuple[ReluNetwork, BoundedDomain]:
    """The network and the domain; not drawn, as run-time checks use `random`."""
    (weights, biases, slopes, skips), (kind, corner, side, free) = problem
    network = ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)
    if kind == 0:
        return network, Box(corner - 1, corner - 1 + side)
    if kind == 1:
        return network, Simplex([corner, *(corner + 0.3 * side * free)])
    return network, Slice(0.3 * corner, free, Box.cube(len(free), float(side)))


@settings(max_examples=80, derandomize=True, deadline=None)
@given(problems())
def test_tree_on_small_integers_equals_exact_brute_force(problem):
    assert_tree_is_exact(*built(problem))


@settings(max_examples=12, derandomize=True, deadline=None)
@given(problems())
def test_regions_of_the_tree_pass_exact_verification(problem):
    rs = enumerate_regions(*built(problem), method="tree")
    report = regions.verify(rs, exact=True)
    assert report.ok, report
    assert report.complete, report


@pytest.mark.parametrize("seed", range(4))
def test_tree_and_cells_list_the_same_regions_of_generic_networks(seed):
    dim = 2 + seed % 3
    network = random_network(np.random.default_rng(seed), dim, [8, 6])
    tree = enumerate_regions(network, Box.cube(dim), method="tree")
    cells = enumerate_regions(network, Box.cube(dim), method="cells")
    assert patterns_of(tree) == patterns_of(cells)


@pytest.mark.parametrize("seed", range(3))
def test_tree_count_survives_scaling_permuting_and_moving(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (6, 2)).astype(float)
    bias = rng.integers(-2, 3, 6).astype(float)
    second = rng.integers(-2, 3, (4, 6)).astype(float)
    network = ReluNetwork.from_arrays([rows, second, [[1.0] * 4]], [bias, None, None])
    expected = int(count_regions(network, Box.cube(2, 3.0), method="tree"))
    scale, order = 2.0 ** rng.integers(-3, 4, 6), rng.permutation(6)
    # Powers of two, so that every product is exact.
    scaled = ReluNetwork.from_arrays(
        [rows * scale[:, None], second / scale, [[1.0] * 4]],
        [bias * scale, None, None],
    )
    permuted = ReluNetwork.from_arrays(
        [rows[order], second[:, order], [[1.0] * 4]], [bias[order], None, None]
    )
    shift = rng.integers(-4, 5, 2).astype(float)
    moved = ReluNetwork.from_arrays(
        [rows, second, [[1.0] * 4]], [bias - rows @ shift, None, None]
    )
    box = Box.cube(2, 3.0)
    assert int(count_regions(scaled, box, method="tree")) == expected
    assert int(count_regions(permuted, box, method="tree")) == expected
    away = Box(box.lower + shift, box.upper + shift)
    assert int(count_regions(moved, away, method="tree")) == expected


def test_cells_held_do_not_grow_with_the_number_of_regions(monkeypatch):
    """Depth first: what waits is bounded by block and depth, not by what is found."""
    monkeypatch.setattr(tree_module, "MAX_CELLS", 32)
    held, found = [], []
    for width in (6, 28):
        network = random_network(np.random.default_rng(3), 2, [width, width])
        tree = tree_module.Tree(network, Box.cube(2))
        most, total = 0, 0
        for block in tree.leaves(Budget()):
            most = max(most, sum(len(b) for b in tree.stack))
            total += len(block)
        held.append(most)
        found.append(total)
    assert found[1] > 10 * found[0]
    # A block grows to at most four times its limit before the next is begun.
    assert held[1] < found[1] / 4
