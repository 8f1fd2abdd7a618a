"""Cells in the plane against exact clipping, plain and compiled."""

import itertools

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions
from regions.enumeration.cells import compiled, plane
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.predicates import sign_at_meeting, two_product
from regions.enumeration.cells.state import initial_state
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network
from tests.zoo import ZOO

PLANAR = sorted(name for name, (_, box) in ZOO.items() if box.dim == 2)


def count(network, domain):
    found = count_regions(network, domain, method="cells")
    assert found.complete
    assert found.method == "cells"
    return int(found)


@pytest.fixture(params=["off", "on"])
def form(request, monkeypatch):
    """Plain code, then compiled code."""
    monkeypatch.setenv(SWITCH, request.param)


@pytest.mark.parametrize("name", PLANAR)
def test_zoo_counts_are_exact(name, form):
    network, box = ZOO[name]
    assert count(network, box) == len(exact_patterns(network, box))


def domain_of(rng, kind):
    if kind == 0:
        return Simplex(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) * 3.0 - 1.0)
    lower = rng.integers(-3, 0, 2).astype(float)
    box = Box(lower, lower + rng.integers(1, 5, 2))
    if kind == 1:
        return Slice([0.5, -1.0], [[1.0, 0.5], [-0.25, 1.0]], box)
    return box


@pytest.mark.parametrize("seed", range(60))
def test_counts_of_integer_networks_are_exact(seed, form):
    """Lines through corners, along edges, through one point, and zero units."""
    rng = np.random.default_rng(seed)
    network = integer_network(rng, 2, rng.integers(1, 6, rng.integers(1, 4)).tolist())
    domain = domain_of(rng, seed % 4)
    assert count(network, domain) == len(exact_patterns(network, domain))


@pytest.mark.parametrize("gap", [0.0, 1e-16, -1e-16, 1e-15, 1e-13, -1e-13])
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1e8, 1e-8), (1e-200, 1e200)])
def test_nearly_concurrent_lines_are_counted_right(gap, scales):
    rows = np.array([[0.3, 1.0], [1.0, -0.7], [-0.6, -1.1]])
    bias = -rows @ np.array([0.21, -0.13])
    bias[2] += gap
    scale = np.array([*scales, 1.0])
    network = ReluNetwork.from_arrays(
        [rows * scale[:, None], [[1.0, 2.0, -1.0]]], [bias * scale, [0.0]]
    )
    assert count(network, Box.cube(2)) == len(exact_patterns(network, Box.cube(2)))


def test_lattice_of_lines_has_the_count_of_its_formula():
    # n and m parallel lines, and k diagonals through crossings of these.
    lines = [[1, 0, -k] for k in range(1, 5)] + [[0, 1, -k] for k in range(1, 6)]
    rows = np.array(lines, float)
    network = ReluNetwork.from_arrays([rows[:, :2], np.ones((1, 9))], [rows[:, 2], [0]])
    assert count(network, Box([0, 0], [5, 6])) == 5 * 6
    with_diagonal = np.vstack([rows, [1, -1, 0]])
    network = ReluNetwork.from_arrays(
        [with_diagonal[:, :2], np.ones((1, 10))], [with_diagonal[:, 2], [0]]
    )
    # The diagonal passes through the five squares on it, from corner to corner.
    assert count(network, Box([0, 0], [5, 6])) == 5 * 6 + 5


@pytest.mark.parametrize("widths", [(40,), (16, 16), (7, 5, 6, 5)])
@pytest.mark.parametrize("slope", [0.0, 0.1, -0.5])
def test_plain_and_compiled_walks_have_the_same_corners(widths, slope):
    network = random_network(np.random.default_rng(len(widths)), 2, widths, 0.5, slope)
    net = flatten(network, Box([-1.0, -2.0], [1.5, 1.0]))
    states = [initial_state(net), initial_state(net)]
    for run, state in zip((plane.run, compiled.run), states, strict=True):
        why = plane.PAUSED
        while why == plane.PAUSED:
            why = run(net, state, 1000, 10**9, plane.COUNT)
        assert why == plane.DONE
    for name in ("head", "points", "rows", "forms", "held", "exact"):
        plain, fast = (getattr(state, name) for state in states)
        np.testing.assert_array_equal(plain, fast, err_msg=name)


def test_determinants_of_floats_are_exact():
    rng = np.random.default_rng(0)
    for _ in range(300):
        p, q, r = rng.integers(-3, 4, (3, 3)) * 2.0 ** rng.integers(-60, 60, (3, 3))
        if rng.random() < 0.5:
            r = p + q
        z = p[0] * q[1] - p[1] * q[0]
        if z == 0.0:
            continue
        rows = [[int(v * 2.0**60) for v in row] for row in (p, q, r)]
        minors = np.cross(*np.array(rows[:2], object))
        total = sum(a * b for a, b in zip(minors, rows[2], strict=True))
        expected = np.sign(float(total)) * np.sign(float(minors[2]))
        assert sign_at_meeting(*p, *q, *r) == expected


def test_products_are_exact():
    rng = np.random.default_rng(1)
    for a, b in rng.standard_normal((100, 2)).tolist():
        assert two_product(a, b) == compiled.two_product(a, b)


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_stopped_counts_are_lower_bounds(limit, form):
    network = random_network(np.random.default_rng(5), 2, [16, 16])
    whole = count(network, Box.cube(2))
    part = count_regions(network, Box.cube(2), method="cells", max_regions=limit)
    assert limit <= part.count < whole
    assert not part.complete


def test_number_of_threads_changes_nothing(monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    network = random_network(np.random.default_rng(6), 2, [48, 48])
    counts = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("RELU_REGIONS_THREADS", threads)
        counts.append(count(network, Box.cube(2)))
    assert len(set(counts)) == 1
    sweep = count_regions(network, Box.cube(2), method="sweep")
    assert counts[0] == int(sweep)


def test_deep_networks_are_counted_as_by_the_sweep():
    for seed, width in itertools.product(range(2), (3, 6)):
        network = random_network(np.random.default_rng(seed), 2, [width] * 12)
        assert count(network, Box.cube(2)) == int(
            count_regions(network, Box.cube(2), method="sweep")
        )
