"""Regions of networks without biases: cones, counted and listed by slices."""

import itertools
from math import comb

import numpy as np
import pytest

from regions.certificates import verify
from regions.domains.shapes import Box, Simplex, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.signs.exact import Columns, ExactNetwork
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network
from tests.zoo import ZOO


def bias_free(seed, dim, widths, **options):
    """A random network without biases."""
    rng = np.random.default_rng(seed)
    return random_network(rng, dim, widths, bias_scale=0.0, **options)


def unbiased(network):
    """The network with its biases set to zero."""
    return ReluNetwork.from_arrays(
        [layer.weight for layer in network.layers],
        None,
        [layer.slopes for layer in network.hidden],
    )


def pattern_set(rs):
    """Patterns of a region set, each of which must be there once."""
    patterns = {tuple(row) for row in rs.pattern_bits().tolist()}
    assert len(patterns) == len(rs)
    return patterns


def assert_witnesses_lie_inside(rs):
    """Every witness has its pattern, with ties only of units that are zero around."""
    exact = ExactNetwork(rs.network, rs.domain)
    kinks = np.concatenate([layer.kinks for layer in rs.network.hidden])
    signs = exact.signs(Columns.of_floats(rs.coordinates)).T
    for k, (sign, bits) in enumerate(zip(signs, rs.pattern_bits(), strict=True)):
        if k in rs.exact_witnesses:
            sign = exact.signs(Columns.of_points([rs.exact_witnesses[k]]))[:, 0]
        assert ((sign > 0)[kinks] == bits).all()
        forms = exact.affine_forms(sign > 0, layers=len(rs.network.hidden))
        assert not any(any(forms[u]) for u in np.flatnonzero((sign == 0) & kinks))


@pytest.mark.parametrize(("dim", "units"), [(2, 1), (2, 2), (3, 2), (3, 9), (5, 7)])
def test_count_of_one_generic_layer_is_the_formula_of_cover(dim, units):
    """T. M. Cover, 1965: n hyperplanes through the origin in general position."""
    expected = 2 * sum(comb(units - 1, k) for k in range(dim))
    network = bias_free(dim * units, dim, [units])
    for method in ("auto", "cones" if units > 1 else "tree"):
        count = count_regions(network, WholeSpace(dim), method=method)
        assert (count.count, count.complete) == (expected, True)
    assert len(enumerate_regions(network, WholeSpace(dim))) == expected


@pytest.mark.parametrize("name", ["zero_biases", "bias_free_in_space"])
def test_zoo_network_without_biases_is_counted_by_cones(name):
    network, box = ZOO[name]
    expected = exact_patterns(network, box)
    for domain in (box, WholeSpace(box.dim)):
        rs = enumerate_regions(network, domain)
        assert rs.complete
        assert pattern_set(rs) == expected
        count = count_regions(network, domain)
        assert (count.count, count.complete) == (len(expected), True)
        assert count.method == rs.method == "cones"
        assert_witnesses_lie_inside(rs)


def test_cones_are_those_that_the_tree_finds():
    network = bias_free(0, 2, [14] * 6)
    by_slices = enumerate_regions(network, WholeSpace(2))
    by_tree = enumerate_regions(network, Box.cube(2), method="tree")
    assert by_slices.method == "cones"
    assert pattern_set(by_slices) == pattern_set(by_tree)
    assert_witnesses_lie_inside(by_slices)


@pytest.mark.parametrize(("dim", "widths"), [(3, [16, 16]), (4, [8, 8])])
def test_cones_are_closed_under_crossing_facets(dim, widths):
    """`verify` shares no code with the engines."""
    network = bias_free(0, dim, widths)
    rs = enumerate_regions(network, WholeSpace(dim))
    assert rs.method == "cones"
    assert verify(rs).ok
    assert count_regions(network, WholeSpace(dim), method="cones").count == len(rs)
    assert_witnesses_lie_inside(rs)


@pytest.mark.parametrize("seed", range(16))
def test_cones_of_integer_weights_equal_exact_brute_force(seed):
    """Full of units that vanish together, on regions, and everywhere."""
    rng = np.random.default_rng(seed)
    dim = 2 + seed % 2
    widths = rng.integers(1, 5, rng.integers(1, 4 if dim == 2 else 3)).tolist()
    network = unbiased(integer_network(rng, dim, widths))
    expected = exact_patterns(network, Box.cube(dim))
    for domain in (WholeSpace(dim), Box([-0.5] * dim, [3.0] * dim)):
        rs = enumerate_regions(network, domain)
        assert rs.complete
        assert pattern_set(rs) == expected
        assert count_regions(network, domain).count == len(expected)
        assert_witnesses_lie_inside(rs)


@pytest.mark.parametrize(("seed", "dim"), list(itertools.product(range(6), [2, 3])))
def test_count_by_the_formula_equals_the_listing_wherever_slices_serve(seed, dim):
    rng = np.random.default_rng(100 + seed)
    network = unbiased(integer_network(rng, dim, [4, 3] if dim == 2 else [5], 3))
    try:
        listed = enumerate_regions(network, WholeSpace(dim), method="cones")
        counted = count_regions(network, WholeSpace(dim), method="cones")
    except NotGenericError:
        assert dim == 3
        return
    except ValueError:
        assert np.linalg.matrix_rank(network.hidden[0].weight) < 2
        return
    assert counted.count == len(listed)
    assert counted.count == len(exact_patterns(network, Box.cube(dim)))


def test_units_that_vanish_or_make_no_kink_make_no_cones():
    """Without any boundary the one region is no cone, and meets all of the simplex."""
    flat = ReluNetwork.from_arrays([np.eye(2), np.zeros((3, 2)), np.ones((1, 3))], None)
    assert len(enumerate_regions(flat, WholeSpace(2))) == 4
    linear = ReluNetwork.from_arrays([np.eye(3), [[1.0] * 3]], None, slopes=1.0)
    assert count_regions(linear, WholeSpace(3), method="cones").count == 1
    assert len(enumerate_regions(linear, WholeSpace(3), method="cones")) == 1


def test_rank_deficient_input_needs_slices_of_its_rank_only():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((9, 2)) @ rng.integers(-3, 4, (2, 30))
    wide = ReluNetwork.from_arrays(
        [rng.integers(-3, 4, (2, 30)), np.ones((1, 2))], None
    )
    assert count_regions(wide, WholeSpace(30)).count == 4
    thin = rng.integers(-8, 9, (9, 2)) @ rng.integers(-3, 4, (2, 30))
    assert np.linalg.matrix_rank(rows) == 2
    network = ReluNetwork.from_arrays([thin, np.ones((1, 9))], None)
    rs = enumerate_regions(network, WholeSpace(30))
    directions = {tuple(np.sign(r[np.argmax(r != 0)]) * r) for r in thin.astype(int)}
    lines = {tuple(np.array(r) // np.gcd.reduce(r)) for r in directions if any(r)}
    assert rs.method == "cones"
    assert len(rs) == count_regions(network, WholeSpace(30)).count == 2 * len(lines)
    assert_witnesses_lie_inside(rs)


@pytest.mark.parametrize("slopes", [0.1, -0.5, 1.5])
def test_slopes_and_skips_keep_the_cones(slopes):
    rng = np.random.default_rng(8)
    sizes = [(4, 3), (3, 4), (2, 3)]
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(s) for s in sizes],
        None,
        slopes,
        skips={1: {0: rng.standard_normal((3, 3))}},
    )
    rs = enumerate_regions(network, WholeSpace(3))
    assert rs.method == "cones"
    assert pattern_set(rs) == exact_patterns(network, Box.cube(3))
    assert count_regions(network, WholeSpace(3)).count == len(rs)


def test_degenerate_cones_in_space_fall_back_on_the_tree():
    network = bias_free(1, 3, [5, 4])
    count = count_regions(network, WholeSpace(3))
    assert (count.method, count.complete) == ("tree", True)
    assert "not in general position" in count.stats["why"]
    assert count.count == len(exact_patterns(network, Box.cube(3)))
    with pytest.raises(NotGenericError):
        count_regions(network, WholeSpace(3), method="cones")


@pytest.mark.parametrize(
    ("network", "domain"),
    [
        (bias_free(0, 2, [4]), Box([0, 0], [1, 1])),
        (bias_free(0, 2, [4]), Simplex([[0, 0], [1, 0], [0, 1]])),
        (random_network(np.random.default_rng(0), 2, [4]), WholeSpace(2)),
    ],
)
def test_cones_asked_for_where_there_are_none_are_refused(network, domain):
    with pytest.raises(ValueError, match="method='cones' needs a network without"):
        count_regions(network, domain, method="cones")


@pytest.mark.parametrize("limit", [1, 30, 500])
def test_early_stop_finds_cones_that_exist(limit):
    network = bias_free(0, 3, [16, 16])
    everything = pattern_set(enumerate_regions(network, WholeSpace(3)))
    part = enumerate_regions(network, WholeSpace(3), max_regions=limit)
    assert not part.complete
    assert 0 < len(part) <= limit
    assert pattern_set(part) < everything
    count = count_regions(network, WholeSpace(3), max_regions=limit)
    assert not count.complete
    assert 0 < count.count <= limit


def test_spent_time_gives_a_lower_bound():
    network = bias_free(0, 3, [16, 16])
    count = count_regions(network, WholeSpace(3), max_seconds=1e-9)
    assert not count.complete
    assert count.count < 824
    assert "max_seconds" in count.stats["stopped"]


def test_progress_counts_the_faces():
    calls = []
    network = bias_free(0, 3, [6])
    count_regions(
        network, WholeSpace(3), method="cones", progress=lambda *c: calls.append(c)
    )
    assert calls == [(k, 14) for k in range(1, 15)]
