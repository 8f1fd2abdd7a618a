"""Largest differences over regions of one network, against lists of regions of both."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.domains.shapes import BoundedDomain, Box
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import visit_regions
from regions.network import ReluNetwork
from regions.questions import close_networks
from regions.questions.close_networks import CloseList, close_lists_serve
from regions.questions.difference import difference_of
from regions.questions.problem import Linear, Problem
from regions.questions.ranges import compared
from regions.questions.sliver_bounds import SliverBounds
from regions.questions.visited_extremes import EngineList
from tests.helpers import random_network

SHAPES = {
    "flat": (2, [7, 6], 1, 0.0),
    "deep": (2, [5, 5, 4, 4], 1, 0.0),
    "leaky": (2, [6, 5, 4], 2, 0.125),
    "solid": (3, [5, 4], 2, 0.0),
}


def planted(
    network: ReluNetwork, rng: np.random.Generator, layer: int, size: float
) -> ReluNetwork:
    """The same network, but for a row of weights and a bias."""
    weights = [np.array(held.weight) for held in network.layers]
    biases = [np.array(held.bias) for held in network.layers]
    unit = int(rng.integers(len(biases[layer])))
    weights[layer][unit] += size * rng.normal(size=weights[layer].shape[1])
    biases[layer][unit] += size * rng.normal()
    slopes = [held.slopes for held in network.hidden]
    skips = {k: dict(held.skips) for k, held in enumerate(network.layers)}
    return ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)


def problem_of(
    network: ReluNetwork, other: ReluNetwork, domain: BoundedDomain
) -> Problem:
    """The network of what differs, and its goals."""
    apart, directions = difference_of(compared(network, other))
    return Problem(apart, domain, [(Linear(tuple(row)),) for row in directions])


@pytest.mark.parametrize("size", [1e-2, 1e-6, 1e-12])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_difference_is_that_of_the_list(shape, size, monkeypatch):
    dim, widths, outputs, slope = SHAPES[shape]
    domain, served = Box.cube(dim), 0
    for layer in range(len(widths) - 1):
        rng = np.random.default_rng(layer)
        network = random_network(rng, dim, widths, outputs=outputs, slopes=slope)
        other = planted(network, rng, layer, size)
        problem = problem_of(network, other, domain)
        listed = regions.largest_difference(network, other, domain, method="list")
        with monkeypatch.context() as patch:
            patch.setattr(EngineList, "largest", lambda *_: None)
            found = CloseList(network, other, problem.network, domain).largest(
                problem, Budget()
            )
        if found is None:
            continue
        served += 1
        goal, value, point = found
        assert value == listed.value == problem.value(goal, point)
    assert served >= (1 if size == 1e-2 else len(widths) - 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_bounds_on_each_region_hold_at_samples_and_are_close(shape):
    dim, widths, outputs, slope = SHAPES[shape]
    rng = np.random.default_rng(3)
    network = random_network(rng, dim, widths, outputs=outputs, slopes=slope)
    domain, points = Box.cube(dim), rng.uniform(-1, 1, (20_000, dim))
    own = network.patterns(points)
    for size in (0.1, 1e-3, 1e-9):
        other = planted(network, rng, 0, size)
        gaps = other(points) - network(points)
        gaps = np.concatenate([-gaps, gaps], axis=1)
        bounds = SliverBounds(network, other, domain)

        def check(held, bounds=bounds, gaps=gaps):
            low, high = bounds.ends(held)
            bits = held.bits(np.arange(len(held)))
            for region, pattern in enumerate(bits):
                inside = (own == pattern).all(1)
                if inside.any():
                    sampled = gaps[inside].max(0)
                    assert (sampled <= high[:, region] + 1e-14).all()
            return low.max(), high.max()

        taken = visit_regions(network, domain, check, lambda: False).taken
        low, high = (max(part) for part in zip(*taken, strict=True))
        exact = regions.largest_difference(network, other, domain, method="list").value
        assert Fraction(float(low)) <= exact <= Fraction(float(high))
        if size == 1e-9:
            # Where two layers' slivers meet bounds may be looser.
            assert low > (1 - 1e-6) * exact
            assert high < (1.5 if len(widths) > 2 else 1 + 1e-6) * exact


DOMAINS = {
    "simplex": regions.Simplex([[0.0, 0.5, 0.0], [2.0, 0.0, 0.1], [0.0, 2.0, 0.0]]),
    "slice": regions.Slice([0.1, 0, 0], [[1, 0, 1], [0, 0.3, 1]], Box.cube(2)),
    "octahedron": regions.Ball([0.1, 0.2, 0.3], 0.7, 1),
    "cube": regions.Ball([0.1, 0.2, 0.3], 0.3, np.inf),
    "polytope": regions.HPolytope([*-np.eye(3), [1.0, 1.0, 0.5]], [0.7, 0.7, 0.7, 1]),
}


@pytest.mark.parametrize("kind", DOMAINS)
def test_domains_of_all_kinds_are_served(kind):
    rng, domain = np.random.default_rng(1), DOMAINS[kind]
    network = random_network(rng, 3, [5, 4])
    other = planted(network, rng, 0, 1e-9)
    assert close_lists_serve(network, other, domain)
    problem = problem_of(network, other, domain)
    found = close_networks._largest(network, other, problem, Budget())
    listed = regions.largest_difference(network, other, domain, method="list")
    assert found is not None
    assert found[1] == listed.value > 0


def test_lower_ends_are_attained_outside_of_the_sliver():
    """max(x, 0) and max(2x - 1/4, 0): on x > 0 they differ most at 1/8, and at 1."""
    one, other = (
        ReluNetwork.from_arrays([[[w, 0.0]], [[1.0]]], [[b], [0.0]])
        for w, b in ((1.0, 0.0), (2.0, -0.25))
    )
    square = Box.cube(2)
    bounds = SliverBounds(one, other, square)
    (ends,) = visit_regions(one, square, bounds.ends, lambda: False).taken
    low, high = ends.low.max(1), ends.high.max(1)
    np.testing.assert_allclose(low, [0.125, 0.75], rtol=1e-5)
    assert (low <= [0.125, 0.75]).all()
    # Of the first difference the bound is that at the corner: 1/4 for lack of a unit.
    np.testing.assert_allclose(high, [0.25, 0.75], rtol=1e-12)


def test_a_unit_that_is_changed_in_an_early_layer_is_found_and_verified(tmp_path):
    rng = np.random.default_rng(1)
    network, square = random_network(rng, 2, [16, 16]), Box.cube(2)
    other = planted(network, rng, 0, 1e-12)
    answer = regions.largest_difference(network, other, square)
    assert answer.method == "list"
    assert answer.proved
    assert 0 < answer.value < 1e-10
    listed = regions.largest_difference(network, other, square, method="list")
    assert answer.value == listed.value
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_a_cell_is_cut_to_where_a_convex_function_may_be_as_large():
    """3 at one corner of a square, 1 at the others: 2.5 not beyond the middle."""
    cell = Box.cube(2).cell()
    corners = np.array([[float(v) for v in point] for point in cell.points()])
    most = np.where((corners == 1.0).all(1), 3.0, 1.0)
    cut = close_networks._cut(cell, corners, most, 2.5, 20)
    assert sorted(cut.points()) == [(0, 1), (1, 0), (1, 1)]
    # Without a corner that is too small, or a number, nothing is cut.
    for held in (most + 2.0, np.full(4, np.nan)):
        assert close_networks._cut(cell, corners, held, 2.5, 20) == cell
    # Where it is nowhere as large, a part is left to be looked at.
    part = close_networks._cut(cell, corners, most, 3.5, 20)
    assert (1, 1) in part.points()


def test_regions_of_four_dimensions_have_few_parts_where_it_matters():
    rng = np.random.default_rng(0)
    network, domain = random_network(rng, 4, [10, 10]), Box.cube(4)
    other = planted(network, rng, 0, 1e-12)
    problem = problem_of(network, other, domain)
    found = close_networks._largest(network, other, problem, Budget())
    assert found is not None
    goal, value, point = found
    assert problem.value(goal, point) == value
    sampled = rng.uniform(-1, 1, (100_000, 4))
    apart = problem.network(sampled) @ np.array(problem.goals[goal][0].outputs, float)
    assert apart.max() < value + Fraction(1, 10**14)
    tops = [
        SliverBounds(network, other, domain).ends(held).high.max()
        for held in _all_regions(network, domain)
    ]
    assert value <= Fraction(float(max(tops))) <= value * (1 + Fraction(1, 10**4))


def _all_regions(network: ReluNetwork, domain: Box) -> list:
    """All regions, as they are visited."""
    return visit_regions(network, domain, lambda held: held, lambda: False).taken


def test_a_unit_that_is_off_everywhere_makes_no_difference():
    rng = np.random.default_rng(2)
    network, square = random_network(rng, 2, [30, 30]), Box.cube(2)
    weights = [np.array(held.weight) for held in network.layers]
    biases = [np.array(held.bias) for held in network.layers]
    biases[0][4] = -100.0
    network = ReluNetwork.from_arrays(weights, biases)
    weights[0][4] += 1e-12
    other = ReluNetwork.from_arrays(weights, biases)
    problem = problem_of(network, other, square)
    found = close_networks._largest(network, other, problem, Budget())
    assert found is not None
    assert found[1] == 0


def test_networks_that_differ_everywhere_alike_are_left_to_others():
    """The output of one is larger by the same number in thousands of regions."""
    rng = np.random.default_rng(4)
    network, square = random_network(rng, 2, [60, 60]), Box.cube(2)
    weights = [np.array(held.weight) for held in network.layers]
    biases = [np.array(held.bias) for held in network.layers]
    biases[-1] += 0.25
    other = ReluNetwork.from_arrays(weights, biases)
    problem = problem_of(network, other, square)
    assert close_networks._largest(network, other, problem, Budget()) is None
    answer = regions.largest_difference(network, other, square)
    step = Fraction(biases[-1][0]) - Fraction(network.output.bias[0])
    assert answer.value == abs(step)


def test_which_networks_are_compared_so():
    rng, square = np.random.default_rng(0), Box.cube(2)
    network = random_network(rng, 2, [4, 4])
    assert close_lists_serve(network, planted(network, rng, 0, 1e-3), square)
    others = {
        "last": planted(network, rng, 1, 1e-3),
        "widths": random_network(rng, 2, [4, 5]),
        "slopes": random_network(rng, 2, [4, 4], slopes=0.5),
    }
    for other in others.values():
        assert not close_lists_serve(network, other, square)
    steep = random_network(rng, 2, [4, 4], slopes=2.0)
    assert not close_lists_serve(steep, planted(steep, rng, 0, 1e-3), square)
    disc = regions.Ball([0.0, 0.0], 1.0, 2)
    assert not close_lists_serve(network, planted(network, rng, 0, 1e-3), disc)
