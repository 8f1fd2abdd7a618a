"""Last layers of deep networks, counted in cells with corners and directions."""

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Ball, Box, HPolytope, Simplex, WholeSpace
from regions.enumeration import count_regions
from regions.enumeration.budget import Budget
from regions.enumeration.engine import Task
from regions.enumeration.restriction.corners import domain_corners
from regions.enumeration.restriction.engine import Restriction
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network


def counted(network, domain, **limits):
    return Restriction().count(Task(network, domain, Budget(**limits)))


def deep_network(seed, dim):
    """Full of ties, generic, or without biases; two or three layers."""
    rng = np.random.default_rng(seed)
    widths = rng.integers(2, 5 if dim < 4 else 4, 2 + seed % 2).tolist()
    if seed % 3:
        return integer_network(rng, dim, widths)
    return random_network(rng, dim, widths, bias_scale=0.5 * (seed % 2))


def wedge(dim):
    """A cone without end, with a redundant row that touches its tip."""
    rows = np.vstack([-np.eye(dim) + 0.25, -np.ones(dim)])
    return HPolytope(rows, np.append(np.full(dim, 0.5), 2.0 * dim))


@pytest.mark.parametrize("seed", range(12))
def test_bounded_domains_against_elimination(monkeypatch, seed):
    dim = 2
    network = deep_network(seed, dim)
    corners = np.vstack([np.zeros(dim), np.eye(dim)]) * 3 - 1
    domains = (Box.cube(dim), Simplex(corners), Ball(np.zeros(dim), 2.0, 1))
    domain = domains[seed // 2 % 3]
    expected = len(exact_patterns(network, domain))
    for form in ("on", "off"):
        monkeypatch.setenv(SWITCH, form)
        tally = counted(network, domain)
        assert (tally.count, tally.complete) == (expected, True)


@pytest.mark.parametrize("seed", range(8))
def test_other_domains_against_cells_or_the_tree(seed):
    dim = 1 + seed % 4
    network = deep_network(seed, dim)
    for domain in (WholeSpace(dim), wedge(dim), Ball(np.zeros(dim), 2.0, 1)):
        if Restriction().refuses(Task(network, domain)) is None:
            tally = counted(network, domain)
            method = "cells" if domain.is_bounded and dim > 1 else "tree"
            other = count_regions(network, domain, method=method)
            assert (tally.count, tally.complete) == (int(other), True)


def test_scaled_biases_change_nothing_in_the_whole_space():
    network = random_network(np.random.default_rng(0), 4, [6, 7])
    layers = network.layers
    scaled = ReluNetwork.from_arrays(
        [v.weight for v in layers], [v.bias * 2.0**20 for v in layers]
    )
    count = counted(network, WholeSpace(4)).count
    assert counted(scaled, WholeSpace(4)).count == count
    # A large box has those that reach far, too.
    assert counted(network, Box.cube(4, 2.0**30)).count == count


def test_corners_of_rows_are_those_of_the_box():
    box = Box([-1.0, 0.25, 3.0], [2.0, 0.75, 5.0])
    A, b = box.rows()
    rows = HPolytope(np.vstack([A, A[:1]]), np.append(b, 2.0 * abs(b).max()))
    found, facets = domain_corners(rows)
    points = {tuple(v / c.point[-1] for v in c.point[:-1]) for c in found}
    assert points == {tuple(v) for v in box.polytope().vertices.tolist()}
    for corner in found:
        at = [sum(map(int.__mul__, row, corner.point)) for row in facets]
        assert max(at[:3]) <= 0
        zero = {k for k, value in enumerate(at) if value == 0}
        assert zero == {k for k in range(len(facets)) if corner.facets >> k & 1}


def test_limits_give_a_lower_bound():
    network = random_network(np.random.default_rng(1), 3, [6, 8])
    for domain in (Box.cube(3), WholeSpace(3)):
        whole = counted(network, domain).count
        for asked in (0, 1, 5, 40):
            left = iter(range(asked))
            tally = counted(network, domain, stop=lambda k=left: next(k, None) is None)
            assert not tally.complete
            assert 1 <= tally.count < whole
        tally = counted(network, domain, max_regions=20)
        assert 20 <= tally.count < whole


def test_auto_takes_it_for_wide_last_layers_where_there_are_no_cells():
    rng = np.random.default_rng(2)
    tied, generic = integer_network(rng, 4, [4, 24]), random_network(rng, 4, [4, 24])
    for network in (tied, generic):
        count = count_regions(network, WholeSpace(4))
        assert (count.method, count.complete) == ("cells", True)
        assert int(count) == int(
            count_regions(network, WholeSpace(4), method="restriction")
        )
    wide = random_network(rng, 7, [3, 8])
    count = count_regions(wide, WholeSpace(7))
    assert (count.method, count.complete) == ("restriction", True)
    assert int(count) == int(count_regions(wide, WholeSpace(7), method="tree"))
    narrow = random_network(rng, 4, [6, 3])
    assert count_regions(narrow, Box.cube(4)).method != "restriction"
    assert count_regions(narrow, WholeSpace(4)).method != "restriction"


def test_what_later_layers_see_beside_the_first_is_refused():
    weights = [[[1.0, 0.0]], np.ones((2, 1)), np.ones((1, 2))]
    network = ReluNetwork.from_arrays(weights, skips={1: {0: np.eye(2)}})
    with pytest.raises(ValueError, match="later ones see more directions"):
        count_regions(network, WholeSpace(2), method="restriction")
    assert int(count_regions(network, WholeSpace(2))) == int(
        count_regions(network, WholeSpace(2), method="tree")
    )
    # A direction that nobody sees is no obstacle, nor is a line in it a domain's end.
    blind = ReluNetwork.from_arrays([[[1.0, 2.0]], [[1.0], [-1.0]], [[1.0, 1.0]]])
    assert counted(blind, WholeSpace(2)).count == 2
    strip = HPolytope([[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0])
    with pytest.raises(ValueError, match="of the domain, which has none"):
        count_regions(blind, strip, method="restriction")
