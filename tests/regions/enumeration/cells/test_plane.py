"""Cells in the plane against exact clipping, plain and compiled."""

import itertools

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.cells import compiled, plane
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.plane import COUNT
from regions.enumeration.cells.plane_walk import UNLIMITED, Task, walk_all
from regions.enumeration.cells.predicates import sign_at_meeting, two_product
from regions.enumeration.cells.state import initial_state
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.helpers import patterns_of
from tests.regions.enumeration.oracles import (
    exact_patterns,
    exact_pieces,
    integer_network,
)
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
    states = [initial_state(net, plane.LIST), initial_state(net, plane.LIST)]
    for run, state in zip((plane.run, compiled.run), states, strict=True):
        why = plane.PAUSED
        while why == plane.PAUSED:
            why = run(net, state, 1000, 10**9, plane.LIST)
        assert why == plane.DONE
    for name in ("head", "points", "rows", "exact", "found", "inside"):
        plain, fast = (getattr(state, name) for state in states)
        np.testing.assert_array_equal(plain, fast, err_msg=name)
    for layer, width in enumerate(widths):
        # What fills up whole lanes is not read.
        for name, place in (("forms", layer), ("held", layer + 1)):
            plain, fast = (getattr(state, name)[place, :, :width] for state in states)
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
    monkeypatch.setenv(SWITCH, "off")
    assert counts[0] == count(network, Box.cube(2))


def test_deep_networks_are_counted_exactly():
    for seed, width in itertools.product(range(2), (3, 6)):
        network = random_network(np.random.default_rng(seed), 2, [width] * 12)
        assert count(network, Box.cube(2)) == len(exact_patterns(network, Box.cube(2)))


def assert_listed(network, domain):
    """Patterns, points, corners and neighbors of a list are those of the partition."""
    found = enumerate_regions(network, domain, method="cells")
    expected = exact_pieces(network, domain)
    assert patterns_of(found) == {pattern for pattern, _, _ in expected}
    cells = found.cells
    # Euler's formula holds where vertices and shared edges are told apart exactly.
    edges = len(cells.members) - len(cells.neighbors)
    assert len(cells.vertices) - edges + len(found) == 1
    areas = {pattern: float(area(cell)) for pattern, cell, _ in expected}
    bits = map(tuple, found.pattern_bits().tolist())
    wanted = np.array([areas[row] for row in bits])
    np.testing.assert_allclose(found.volumes(), wanted, rtol=1e-9, atol=1e-13)
    if network.hidden:
        assert cells.position_errors is not None
        assert cells.position_errors.max() < 1e-9


def area(polygon):
    """Area of a polygon of the oracle, by the shoelace formula."""
    points = polygon.corners
    after = [*points[1:], points[0]]
    return (
        abs(sum(p[0] * q[1] - p[1] * q[0] for p, q in zip(points, after, strict=True)))
        / 2
    )


@pytest.mark.parametrize("name", PLANAR)
def test_zoo_lists_are_exact(name, form):
    assert_listed(*ZOO[name])


@pytest.mark.parametrize("seed", range(100, 130))
def test_lists_of_integer_networks_are_exact(seed, monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    rng = np.random.default_rng(seed)
    network = integer_network(rng, 2, rng.integers(1, 6, rng.integers(1, 4)).tolist())
    assert_listed(network, domain_of(rng, seed % 4))


def test_lists_are_the_same_for_all_threads_and_forms(monkeypatch):
    network = random_network(np.random.default_rng(8), 2, [40, 30], slopes=0.1)
    lists = []
    for mode, threads in (("off", "1"), ("on", "1"), ("on", "2"), ("on", "5")):
        monkeypatch.setenv(SWITCH, mode)
        monkeypatch.setenv("RELU_REGIONS_THREADS", threads)
        lists.append(enumerate_regions(network, Box.cube(2), method="cells"))
    for found in lists:
        np.testing.assert_array_equal(found.patterns, lists[1].patterns)
        np.testing.assert_allclose(found.coordinates, lists[1].coordinates, atol=1e-13)
    for found in lists[2:]:
        np.testing.assert_array_equal(found.coordinates, lists[1].coordinates)


def test_slivers_have_rational_points_inside():
    # Strips between neighboring floats: no float64 point lies inside them.
    ulp = float(np.spacing(1.0))
    network = ReluNetwork.from_arrays(
        [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.ones((1, 3))],
        [[-1.0, -1.0 - ulp, 0.25], [0.0]],
    )
    found = enumerate_regions(network, Box([0, -1], [2, 1]), method="cells")
    assert patterns_of(found) == exact_patterns(network, Box([0, -1], [2, 1]))
    assert len(found.exact_witnesses) == 2


def test_list_that_is_stopped_has_so_many_regions():
    network = random_network(np.random.default_rng(5), 2, [16, 16])
    found = enumerate_regions(network, Box.cube(2), method="cells", max_regions=20)
    assert len(found) == 20
    assert not found.complete
    assert found.stats["stopped"] == "max_regions=20 reached"


def test_lines_around_a_disk_make_a_cell_of_as_many_corners():
    angles = np.linspace(0.0, 2.0 * np.pi, 71)[:-1] + 0.01
    rows = np.stack([np.cos(angles), np.sin(angles)], 1)
    network = ReluNetwork.from_arrays([rows, np.ones((1, 70))], [np.ones(70), [0.0]])
    expected = int(count_regions(network, Box.cube(2, 2.0), method="restriction"))
    assert count(network, Box.cube(2, 2.0)) == expected
    listed = enumerate_regions(network, Box.cube(2, 2.0), method="cells")
    assert len(patterns_of(listed)) == expected
    some = enumerate_regions(network, Box.cube(2, 2.0), method="cells", max_regions=9)
    assert (len(some), some.complete) == (9, False)
    small = ReluNetwork.from_arrays([rows[:40], np.ones((1, 40))], [np.ones(40), [0.0]])
    assert count(small, Box.cube(2, 2.0)) == int(
        count_regions(small, Box.cube(2, 2.0), method="restriction")
    )


def test_limit_on_time_is_heard_between_slices(monkeypatch):
    # Compiled, all of it may be done by then.
    monkeypatch.setenv("RELU_REGIONS_COMPILED", "off")
    network = random_network(np.random.default_rng(9), 2, [60, 60, 60])
    whole = int(count_regions(network, Box.cube(2)))
    calls = []
    found = enumerate_regions(
        network,
        Box.cube(2),
        method="cells",
        max_seconds=0.02,
        progress=lambda *pair: calls.append(pair),
    )
    assert not found.complete
    assert 0 < len(found) < whole
    assert (network.patterns(found.witnesses) == found.pattern_bits()).all()
    assert all(done <= total for done, total in calls)


def test_stopped_walk_says_how_many_regions_there_are_at_least():
    network = random_network(np.random.default_rng(9), 2, [30, 30])
    part = count_regions(network, Box.cube(2), method="cells", max_seconds=1e-9)
    assert not part.complete
    assert 1 <= part.count < count(network, Box.cube(2))
    found = enumerate_regions(network, Box.cube(2), method="cells", max_seconds=1e-9)
    assert len(found) == 1


def test_a_walk_that_is_over_keeps_no_arrays():
    """A thousand million regions take a hundred walks of wide networks."""
    network = random_network(np.random.default_rng(0), 2, [40])
    box = Box([-1, -1], [1, 1])
    task = Task(network, box, flatten(network, box), UNLIMITED, COUNT)
    walks = walk_all(task, lambda: False)
    assert sum(walk.regions for walk in walks) == count(network, box)
    assert not any(array.size for walk in walks for array in walk.state[1:])
