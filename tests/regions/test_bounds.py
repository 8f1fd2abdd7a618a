"""Formulas against hand-checked values, brute force and counts of networks."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions import bounds
from regions.domains.shapes import Box
from regions.enumeration import count_regions
from tests.helpers import random_network

WIDTHS = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("n", "d", "count"),
    [
        (3, 1, 4),
        (3, 2, 7),
        (4, 2, 11),
        (6, 2, 22),
        (8, 2, 37),
        (10, 2, 56),
        (16, 2, 137),
        (22, 2, 254),
        (60, 2, 1831),
        (96, 2, 4657),
        (5, 3, 26),
        (7, 3, 64),
        (8, 3, 93),
        (6, 4, 57),
        (8, 4, 163),
        (10, 4, 386),
        (3, 5, 8),
        (0, 2, 1),
    ],
)
def test_zaslavsky_count_has_its_known_values(n, d, count):
    assert bounds.zaslavsky_count(n, d) == count


@pytest.mark.parametrize(
    ("n", "m", "with_bias", "without"),
    [(5, 2, 16, 10), (6, 2, 22, 12), (6, 3, 42, 32), (7, 3, 64, 44)],
)
def test_layer_of_low_rank_counts_as_in_its_rank(n, m, with_bias, without):
    assert bounds.zaslavsky_count(n, m) == with_bias
    assert bounds.central_count(n, m) == without


@pytest.mark.parametrize(
    ("n", "d", "count"),
    [
        (3, 2, 6),
        (4, 2, 8),
        (10, 2, 20),
        (3, 3, 8),
        (5, 3, 22),
        (10, 3, 92),
        (10, 4, 260),
    ],
)
def test_central_count_has_its_known_values(n, d, count):
    assert bounds.central_count(n, d) == count


@given(st.integers(1, 30), st.integers(1, 8))
@settings(derandomize=True, deadline=None)
def test_regions_are_bounded_or_meet_the_sphere_at_infinity(n, d):
    unbounded = bounds.zaslavsky_count(n, d) - bounds.bounded_count(n, d)
    assert unbounded == bounds.central_count(n, d)


@pytest.mark.parametrize(
    ("d", "n", "mean"),
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
def test_mean_facets_has_its_known_values(d, n, mean):
    assert float(bounds.mean_facets(n, d)) == pytest.approx(mean, abs=5e-5)
    assert bounds.mean_facets(n, d) < 2 * d


@pytest.mark.parametrize(
    ("d", "widths", "serra", "montufar"),
    [(2, [2, 2], 11, 16), (2, [4, 4], 121, 121), (3, [4, 4], 161, 225)],
)
def test_upper_bounds_have_their_known_values(d, widths, serra, montufar):
    assert bounds.serra_2018_upper_bound(d, widths) == serra
    assert bounds.montufar_2017_upper_bound(d, widths) == montufar


@pytest.mark.parametrize(
    ("d", "widths", "value"),
    [
        (2, [4, 4, 4], 1331),
        (2, [8, 8], 1369),
        (2, [10, 5], 896),
        (3, [16, 16], 485809),
        (4, [8, 8], 26569),
        (4, [10, 10, 10], 57512456),
        (2, [20, 20, 20], 9393931),
        (2, [32, 32, 32], 148035889),
    ],
)
def test_serra_upper_bound_has_its_known_values(d, widths, value):
    assert bounds.serra_2018_upper_bound(d, widths) == value


@pytest.mark.parametrize(
    ("first", "value"),
    [
        (1, 23),
        (2, 254),
        (3, 1794),
        (4, 9109),
        (5, 35443),
        (6, 110056),
        (7, 280600),
        (8, 600370),
        (9, 1097790),
        (10, 1744436),
        (11, 2449868),
        (12, 3096514),
        (15, 4084248),
        (18, 4192510),
        (21, 2**22 - 1),
    ],
)
def test_serra_upper_bound_of_22_units_on_784_inputs(first, value):
    assert bounds.serra_2018_upper_bound(784, [first, 22 - first]) == value
    # Inputs beyond the first layer's units are not seen.
    assert bounds.serra_2018_upper_bound(first, [first, 22 - first]) == value


@pytest.mark.parametrize(
    ("units", "values"),
    [
        (8, [9, 37, 93, 163, 219, 247, 255]),
        (12, [13, 79, 299, 794, 1586, 2510, 3302, 3797, 4017, 4083, 4095]),
    ],
)
def test_serra_upper_bound_of_all_splits_has_its_known_values(units, values):
    found = [bounds.serra_2018_upper_bound(64, [a, units - a]) for a in range(1, units)]
    assert found == values


@pytest.mark.parametrize(
    ("widths", "value"),
    [
        ([1, 21, 10], 243),
        ([6, 16, 10], 56128117),
        ([11, 11, 10], 1690286436),
        ([12, 10, 10], 1902816995),
        ([21, 1, 10], 25165813),
    ],
)
def test_serra_upper_bound_with_the_outputs_as_units(widths, value):
    assert bounds.serra_2018_upper_bound(784, widths) == value


@given(st.integers(1, 4), WIDTHS)
@settings(derandomize=True, deadline=None)
def test_histograms_give_the_bounds_that_they_generalize(d, widths):
    serra = bounds.serra_2018_upper_bound(d, widths)
    assert bounds.hinz_2018_upper_bound(d, widths) == serra

    def naive(n, dim):
        del dim
        return [math.comb(n, k) for k in range(n + 1)]

    def all_active(n, dim):
        return [0] * n + [bounds.zaslavsky_count(n, dim)]

    assert bounds.hinz_2018_upper_bound(d, widths, naive) == 2 ** sum(widths)
    narrowed = bounds.hinz_2018_upper_bound(d, widths, all_active)
    assert narrowed == bounds.montufar_2017_upper_bound(d, widths)
    assert narrowed <= bounds.montufar_2014_upper_bound(d, widths)


@given(st.integers(1, 4), WIDTHS)
@settings(derandomize=True, deadline=None)
def test_serra_upper_bound_is_the_sum_over_its_index_set(d, widths):
    total = 0
    for j in itertools.product(*(range(n + 1) for n in widths)):
        caps = [
            min([d, widths[k], *(widths[i] - j[i] for i in range(k))])
            for k in range(len(widths))
        ]
        if all(a <= b for a, b in zip(j, caps, strict=True)):
            total += math.prod(math.comb(n, k) for n, k in zip(widths, j, strict=True))
    assert bounds.serra_2018_upper_bound(d, widths) == total
    assert total <= bounds.montufar_2017_upper_bound(d, widths) <= 2 ** sum(widths)


@given(st.lists(st.integers(2, 9), min_size=1, max_size=4))
@settings(derandomize=True, deadline=None)
def test_serra_upper_bound_in_one_dimension_is_a_product(widths):
    product = math.prod(n + 1 for n in widths)
    assert bounds.serra_2018_upper_bound(1, widths) == product


@pytest.mark.parametrize(
    ("d", "widths", "value"),
    [
        (1, [3, 3], 12),
        (1, [3, 3, 3], 36),
        (2, [4, 4], 44),
        (2, [4, 4, 4], 176),
        (2, [8, 8], 592),
        (2, [20, 20, 20], 2110000),
    ],
)
def test_montufar_lower_bound_has_its_known_values(d, widths, value):
    assert bounds.montufar_2014_lower_bound(d, widths) == value


@pytest.mark.parametrize(
    ("d", "widths", "value"),
    [
        (1, [3, 3], 16),
        (1, [3, 3, 3], 64),
        (2, [8, 8], 925),
        (2, [20, 20, 20], 3089251),
        (2, [32, 32, 32], 44182609),
    ],
)
def test_serra_lower_bound_has_its_known_values(d, widths, value):
    assert bounds.serra_2018_lower_bound(d, widths) == value


@given(st.integers(1, 3), st.lists(st.integers(9, 30), min_size=1, max_size=4))
@settings(derandomize=True, deadline=None)
def test_bounds_are_in_the_order_in_which_they_were_improved(d, widths):
    values = [
        bounds.pascanu_2013_lower_bound(d, widths),
        bounds.montufar_2014_lower_bound(d, widths),
        bounds.serra_2018_lower_bound(d, widths),
        bounds.serra_2018_upper_bound(d, widths),
        bounds.montufar_2017_upper_bound(d, widths),
    ]
    assert values == sorted(values)


@pytest.mark.parametrize("seed", range(5))
def test_counts_of_networks_stay_under_the_upper_bound(seed):
    network = random_network(np.random.default_rng(seed), 2, [6, 5, 4])
    count = int(count_regions(network, Box.cube(2, 10.0)))
    assert 1 < count <= bounds.serra_2018_upper_bound(2, [6, 5, 4])


@pytest.mark.parametrize(
    ("units", "values"), [(3, [4, 10, 28]), (4, [5, 18, 66]), (5, [6, 26, 126])]
)
def test_zig_zag_has_its_known_values(units, values):
    found = [bounds.zig_zag_activation_regions(units, k) for k in (1, 2, 3)]
    assert found == values


def test_tent_has_its_known_values():
    found = [bounds.zig_zag_activation_regions(2, k) for k in (1, 3, 5, 10)]
    assert found == [3, 10, 34, 1026]
    assert bounds.zig_zag_pieces(2, 10) == 1024


def test_arora_pieces_have_their_known_values():
    assert bounds.arora_2018_pieces(2, 3, 2, 2) == 12
    assert bounds.arora_2018_pieces(1, 1, 5, 3) == 125


def test_arora_depth_and_size_have_their_known_values():
    assert [bounds.arora_2018_depth(d) for d in range(1, 9)] == [1, 2, 2, 3, 3, 3, 3, 4]
    assert all(
        bounds.arora_2018_depth(d) == math.ceil(math.log2(d + 1)) for d in range(1, 300)
    )
    assert bounds.arora_2018_shallow_size(2, 9, 3) == 11.0
    assert bounds.arora_2018_shallow_size(5, 2, 1) == 11.5


def test_count_at_initialization_is_near_the_one_of_lines():
    assert bounds.hanin_rolnick_2019_count(96, 2) == 4608
    assert bounds.hanin_rolnick_2019_count(6, 3) == 36
    ratio = bounds.zaslavsky_count(10**6, 3) / bounds.hanin_rolnick_2019_count(10**6, 3)
    assert float(ratio) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounds.zaslavsky_count(-1, 2), "`n` is -1: 0 or more"),
        (lambda: bounds.central_count(0, 2), "`n` is 0: at least 1"),
        (lambda: bounds.serra_2018_upper_bound(2, []), "`widths` is empty"),
        (lambda: bounds.serra_2018_lower_bound(2, [5, 8]), "a layer of 5 units"),
        (lambda: bounds.montufar_2014_lower_bound(3, [2]), "a layer of 2 units"),
    ],
)
def test_shape_outside_the_hypothesis_raises(call, message):
    with pytest.raises(ValueError, match=message):
        call()
