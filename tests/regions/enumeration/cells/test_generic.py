"""Cells against formulas, brute force and known networks, in general position."""

import itertools
import math
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.expected import expected_regions
from regions.io import load_network
from regions.network import ReluNetwork
from tests.helpers import brute_force_patterns, random_network

NETS = pathlib.Path(__file__).resolve().parents[3] / "data" / "nets"
KNOWN = {
    "d2_16x1": 96,
    "d2_32x2": 1137,
    "d2_14x6": 1027,
    "d2_64x3": 8230,
    "d2_500x1": 74888,
    "d3_16x2": 1434,
    "d3_32x2": 17046,
    "d3_64x2": 126982,
    "d4_16x2": 7952,
    "d4_32x2": 141193,
}


def zaslavsky(n, dim):
    return sum(math.comb(n, k) for k in range(dim + 1))


def arrangement(n, dim, seed=0):
    """Hyperplanes in general position, and a box that holds all their vertices."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, dim, [n])
    layer = network.hidden[0]
    vertices = [
        np.linalg.solve(layer.weight[list(rows)], -layer.bias[list(rows)])
        for rows in itertools.combinations(range(n), dim)
    ]
    half = 2.0 * float(np.abs(vertices).max()) + 1.0
    return network, Box.cube(dim, half)


@pytest.fixture(params=["off", "on"])
def form(request, monkeypatch):
    """Without compiled code, many cells at a time, and with it."""
    monkeypatch.setenv(SWITCH, request.param)


def listed(network, domain, method="cells"):
    rs = enumerate_regions(network, domain, method=method)
    patterns = {tuple(row) for row in rs.pattern_bits().tolist()}
    assert rs.complete
    assert len(patterns) == len(rs)
    return patterns


@pytest.mark.parametrize(
    ("n", "dim"),
    [
        (3, 2),
        (4, 2),
        (6, 2),
        (8, 2),
        (10, 2),
        (16, 2),
        (22, 2),
        (60, 2),
        (96, 2),
        (5, 3),
        (7, 3),
        (8, 3),
        (6, 4),
        (8, 4),
        (10, 4),
    ],
)
def test_hyperplanes_in_general_position_have_zaslavskys_count(n, dim, form):
    network, box = arrangement(n, dim)
    assert int(count_regions(network, box, method="cells")) == zaslavsky(n, dim)


@pytest.mark.parametrize(
    ("dim", "n", "mean"),
    [
        (2, 4, 2.9091),
        (2, 6, 3.2727),
        (2, 8, 3.4595),
        (2, 16, 3.7372),
        (3, 4, 3.7333),
        (3, 5, 4.2308),
        (3, 7, 4.8125),
        (3, 8, 4.9892),
        (4, 8, 6.2822),
        (4, 10, 6.7358),
    ],
)
def test_mean_facets_of_an_arrangement_are_those_of_the_formula(dim, n, mean):
    network, box = arrangement(n, dim)
    graph = enumerate_regions(network, box, method="cells").adjacency()
    assert graph.number_of_nodes() == zaslavsky(n, dim)
    assert graph.number_of_edges() == n * zaslavsky(n - 1, dim - 1)
    assert 2 * graph.number_of_edges() / len(graph) == pytest.approx(mean, abs=5e-5)


SHAPES = {
    2: [(7,), (3, 3, 2)],
    3: [(4, 4)],
    4: [(4, 3)],
}


@pytest.mark.parametrize("slopes", [0.0, 0.1, -0.7, "prelu"])
@pytest.mark.parametrize(
    ("dim", "widths"), [(d, w) for d, shapes in SHAPES.items() for w in shapes]
)
def test_cells_list_the_patterns_of_brute_force(dim, widths, slopes, form):
    rng = np.random.default_rng(10 * dim + sum(widths))
    if slopes == "prelu":
        slopes = [rng.uniform(-1.5, 1.5, n) for n in widths]
        slopes[0][0] = 1.0
    network = random_network(rng, dim, widths, slopes=slopes)
    domain = Box(rng.uniform(-2, -0.5, dim), rng.uniform(0.5, 2, dim))
    expected = brute_force_patterns(network, domain)
    assert listed(network, domain) == expected
    assert int(count_regions(network, domain, method="cells")) == len(expected)


@pytest.mark.parametrize("seed", range(2))
def test_skip_blocks_have_the_patterns_of_brute_force(seed, form):
    rng = np.random.default_rng(seed)
    sizes = [(4, 2), (3, 4), (3, 3), (1, 3)]
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(s) for s in sizes],
        [0.4 * rng.standard_normal(s[0]) for s in sizes],
        skips={
            1: {0: rng.standard_normal((3, 2))},
            2: {0: rng.standard_normal((3, 2)), 1: rng.standard_normal((3, 4))},
        },
    )
    assert listed(network, Box.cube(2)) == brute_force_patterns(network, Box.cube(2))


@pytest.mark.parametrize("dim", [2, 3, 4])
def test_a_simplex_has_the_patterns_of_brute_force(dim, form):
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [4, 4])
    domain = Simplex(rng.standard_normal((dim + 1, dim)))
    assert listed(network, domain) == brute_force_patterns(network, domain)


@pytest.mark.parametrize("dim", [2, 3])
def test_slice_of_a_wide_input_is_the_restricted_network(dim, form):
    rng = np.random.default_rng(dim)
    network = random_network(rng, 10, [5, 4])
    domain = Slice(
        rng.standard_normal(10), rng.standard_normal((dim, 10)), Box.cube(dim)
    )
    restricted = network.restrict(domain.origin, domain.directions)
    expected = brute_force_patterns(restricted, Box.cube(dim))
    assert listed(network, domain) == expected
    rs = enumerate_regions(network, domain)
    assert (network.patterns(rs.witnesses) == rs.pattern_bits()).all()


@pytest.mark.parametrize("name", KNOWN)
def test_known_network_has_its_known_count(name, monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    network = load_network(NETS / f"{name}.npz")
    box = Box.cube(network.input_dim)
    found = count_regions(network, box, method="cells")
    assert (found.count, found.complete, found.method) == (KNOWN[name], True, "cells")
    estimate = expected_regions(network, box)
    assert KNOWN[name] / 3 < estimate < 3 * KNOWN[name]


@pytest.mark.parametrize("name", ["d2_32x2", "d3_16x2", "d4_16x2"])
def test_known_counts_without_compiled_code(name, monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    network = load_network(NETS / f"{name}.npz")
    assert int(count_regions(network, Box.cube(network.input_dim))) == KNOWN[name]


@pytest.mark.parametrize("name", ["d2_14x6", "d3_16x2", "d4_16x2"])
def test_witnesses_have_their_patterns_and_no_two_are_equal(name):
    network = load_network(NETS / f"{name}.npz")
    rs = enumerate_regions(network, Box.cube(network.input_dim))
    inside = np.setdiff1d(np.arange(len(rs)), list(rs.exact_witnesses))
    assert (network.patterns(rs.witnesses[inside]) == rs.pattern_bits(inside)).all()
    assert len(np.unique(rs.patterns, axis=0)) == len(rs)
    assert (np.abs(rs.witnesses) < 1.0).all()


def test_regions_come_in_the_same_order_every_time():
    network = load_network(NETS / "d2_32x2.npz")
    first, second = (enumerate_regions(network, Box.cube(2)) for _ in range(2))
    assert (first.patterns == second.patterns).all()
    assert (first.coordinates == second.coordinates).all()


@pytest.mark.parametrize("slopes", [0.0, 0.2, -0.5])
def test_affine_map_of_each_region_is_the_jacobian_at_its_witness(slopes):
    rng = np.random.default_rng(3)
    network = random_network(rng, 3, [6, 5], slopes=slopes, outputs=2)

    def forward(x):
        for layer in network.hidden:
            x = layer.weight @ x + layer.bias
            x = jnp.where(x > 0, x, slopes * x)
        return network.output.weight @ x + network.output.bias

    rs = enumerate_regions(network, Box.cube(3), method="cells")
    jacobian, offset = rs.affine_maps()
    expected = jax.vmap(jax.jacfwd(forward))(rs.witnesses)
    np.testing.assert_allclose(jacobian, expected, rtol=1e-11, atol=1e-12)
    value = np.einsum("rod,rd->ro", jacobian, rs.witnesses) + offset
    np.testing.assert_allclose(value, network(rs.witnesses), rtol=1e-11, atol=1e-12)


def test_layer_that_crosses_nothing_adds_nothing(monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(s) for s in [(8, 2), (64, 8), (1, 64)]]
    biases = [rng.standard_normal(8), np.full(64, 1e6), np.zeros(1)]
    deep = ReluNetwork.from_arrays(weights, biases)
    shallow = ReluNetwork.from_arrays([weights[0], np.ones((1, 8))], [biases[0], [0.0]])
    box = Box.cube(2)
    pair = [count_regions(net, box, method="cells") for net in (deep, shallow)]
    assert int(pair[0]) == int(pair[1])
