"""Cells by their rays: networks without biases, and the whole space."""

from math import comb

import numpy as np
import pytest

from regions.certificates import verify
from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from regions.signs.exact import Columns, ExactNetwork
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network
from tests.regions.enumeration.restriction import families
from tests.regions.enumeration.test_whole_space import elimination
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
    for method in ("auto", "cells" if units > 1 else "tree"):
        count = count_regions(network, WholeSpace(dim), method=method)
        assert (count.count, count.complete) == (expected, True)
    assert len(enumerate_regions(network, WholeSpace(dim))) == expected


@pytest.mark.parametrize("name", ["zero_biases", "bias_free_in_space"])
def test_zoo_network_without_biases_is_counted_by_cells(name):
    network, box = ZOO[name]
    expected = exact_patterns(network, box)
    for domain in (box, WholeSpace(box.dim)):
        rs = enumerate_regions(network, domain)
        assert rs.complete
        assert pattern_set(rs) == expected
        count = count_regions(network, domain)
        assert (count.count, count.complete) == (len(expected), True)
        assert count.method == rs.method == "cells"
        assert_witnesses_lie_inside(rs)


def test_cones_are_those_that_the_tree_finds():
    network = bias_free(0, 2, [14] * 6)
    by_rays = enumerate_regions(network, WholeSpace(2))
    by_tree = enumerate_regions(network, Box.cube(2), method="tree")
    assert by_rays.method == "cells"
    assert pattern_set(by_rays) == pattern_set(by_tree)
    assert_witnesses_lie_inside(by_rays)


@pytest.mark.parametrize(("dim", "widths"), [(3, [16, 16]), (4, [8, 8])])
def test_cones_are_closed_under_crossing_facets(dim, widths):
    """`verify` shares no code with the engines."""
    network = bias_free(0, dim, widths)
    rs = enumerate_regions(network, WholeSpace(dim))
    assert rs.method == "cells"
    assert verify(rs).ok
    assert count_regions(network, WholeSpace(dim), method="tree").count == len(rs)
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


POINTS = np.random.default_rng(3).integers(-50, 50, (6, 4)).tolist()


@pytest.mark.parametrize("method", ["cells", "restriction"])
@pytest.mark.parametrize(
    ("rows", "known"),
    [
        pytest.param(families.threshold(3), 104, id="threshold functions"),
        pytest.param(families.resonance(4), 370, id="resonance"),
        pytest.param(families.differences(5, [0]), 120, id="braid"),
        pytest.param(families.type_b(3), 48, id="type B"),
        pytest.param(families.type_d(4), 192, id="type D"),
        pytest.param(families.sums(4), 46, id="threshold graphs"),
        pytest.param(families.differences(4, [0, 1]), 125, id="Shi"),
        pytest.param(families.differences(3, [-1, 0, 1]), 30, id="Catalan"),
        pytest.param(families.differences(4, [1]), 36, id="Linial"),
        pytest.param(families.differences(4, [-1, 1]), 183, id="semiorder"),
        pytest.param(families.spanned(POINTS), 600, id="discriminantal"),
    ],
)
def test_arrangements_of_the_literature_by_two_engines(rows, known, method):
    """Closed forms and tables, as in `restriction/test_polynomial.py`."""
    table = np.array(rows, float)
    network = ReluNetwork.from_arrays(
        [table[:, :-1], np.ones((1, len(table)))], [table[:, -1], None]
    )
    space = WholeSpace(network.input_dim)
    assert count_regions(network, space, method=method).count == known


def test_units_that_vanish_or_make_no_kink_make_no_cones():
    """Without any boundary the one region is no cone."""
    flat = ReluNetwork.from_arrays([np.eye(2), np.zeros((3, 2)), np.ones((1, 3))], None)
    assert len(enumerate_regions(flat, WholeSpace(2))) == 4
    linear = ReluNetwork.from_arrays([np.eye(3), [[1.0] * 3]], None, slopes=1.0)
    assert count_regions(linear, WholeSpace(3)).count == 1
    assert len(enumerate_regions(linear, WholeSpace(3))) == 1


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
    assert rs.method == "cells"
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
    assert rs.method == "cells"
    assert pattern_set(rs) == exact_patterns(network, Box.cube(3))
    assert count_regions(network, WholeSpace(3)).count == len(rs)


@pytest.mark.parametrize(
    ("widths", "options", "why"),
    [
        ([9], {}, "cuts the whole space into orthants"),
        ([2, 3], {"skips": {1: {0: np.eye(3, 9)}}}, "later ones see more directions"),
        ([1], {}, "sees less than a plane"),
        ([3], {"slopes": 1.0}, "the first layer has no kinks"),
    ],
)
def test_spaces_that_rays_do_not_serve_are_refused(widths, options, why):
    rng = np.random.default_rng(0)
    sizes = list(zip([*widths, 1], [9, *widths], strict=True))
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(s) for s in sizes], None, **options
    )
    with pytest.raises(ValueError, match=why):
        count_regions(network, WholeSpace(9), method="cells")
    assert count_regions(network, WholeSpace(9)).method != "cells"


@pytest.mark.parametrize("seed", range(12))
def test_spaces_of_integer_networks_are_listed_as_by_exact_brute_force(seed):
    """Parallel boundaries, rays that many rows share, ends without end."""
    rng = np.random.default_rng([seed, 5])
    dim = 2 + seed % 3
    network = integer_network(rng, dim, [[5], [4, 3], [4]][seed % 3], 1 + seed % 2)
    rs = enumerate_regions(network, WholeSpace(dim))
    assert rs.method == "cells"
    assert pattern_set(rs) == elimination(network)
    assert_witnesses_lie_inside(rs)
    assert count_regions(network, WholeSpace(dim), method="cells").count == len(rs)


@pytest.mark.parametrize("gap", [1e-9, 2.0**-52, 1e-300])
def test_nearly_parallel_boundaries_have_the_rays_that_integers_give_them(gap):
    """Positions say nothing there, nor on which side of the origin a ray points."""
    rng = np.random.default_rng(2)
    first = rng.integers(-2, 3, (4, 2)).astype(float)
    first[-1] = first[0] + gap * np.array([1.0, -2.0])
    bias = np.array([1e8, gap, -1.0, 1e8])
    network = ReluNetwork.from_arrays(
        [first, rng.integers(-2, 3, (2, 4)), [[1.0, 1.0]]], [bias, None, None]
    )
    rs = enumerate_regions(network, WholeSpace(2), method="cells")
    assert pattern_set(rs) == elimination(network)
    assert rs.stats["signs_decided_in_rationals"]


@pytest.mark.parametrize("shift", [0.0, 2.0**-40, -(2.0**-40)])
def test_a_ray_that_is_alone_in_its_section_has_its_side(shift):
    # The third line passes through the crossing of two that are nearly parallel, or by
    # it on one side: rationals decide, at a section of one ray.
    weight = [[1.0, 1.0], [1.0, 1.0 + 2.0**-32], [2.0, 2.0 + 2.0**-32]]
    bias = [-1.0, -1.0 - 2.0**-33, -2.0 - 2.0**-33 + shift]
    network = ReluNetwork.from_arrays(
        [np.eye(2), weight, np.ones((1, 3))], [np.zeros(2), bias, np.zeros(1)]
    )
    count = count_regions(network, WholeSpace(2), method="cells")
    assert int(count) == len(elimination(network))


@pytest.mark.parametrize("limit", [1, 30, 500])
def test_early_stop_finds_cones_that_exist(limit):
    network = bias_free(0, 3, [16, 16])
    everything = pattern_set(enumerate_regions(network, WholeSpace(3)))
    part = enumerate_regions(network, WholeSpace(3), max_regions=limit)
    assert not part.complete
    assert 0 < len(part) <= limit
    assert pattern_set(part) < everything
    count = count_regions(network, WholeSpace(3), max_regions=limit)
    assert count.complete == (count.count == 824)
    assert limit <= count.count <= 824


def test_spent_time_gives_a_lower_bound():
    network = bias_free(0, 3, [16, 16])
    count = count_regions(network, WholeSpace(3), max_seconds=1e-9)
    assert not count.complete
    assert count.count < 824
    assert "max_seconds" in count.stats["stopped"]
