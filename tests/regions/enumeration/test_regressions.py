"""Networks on which an engine, a domain or a check once failed."""

import numpy as np
import pytest

import regions
from regions import Box, ReluNetwork, Segment, Simplex, Slice
from regions.domains.shapes import Domain
from regions.signs.inside import inside_domain
from regions.simplification.simplify import simplify
from tests.regions.enumeration.oracles import exact_patterns

HUGE = 1.7e308


def listed(network: ReluNetwork, domain: Domain, method: str = "auto") -> set[str]:
    """Patterns found, as strings, after an exact check of the set."""
    found = regions.enumerate_regions(network, domain, method=method)
    report = regions.verify(found, exact=True)
    assert report.complete, str(report)
    return {"".join(str(int(bit)) for bit in row) for row in found.pattern_bits()}


@pytest.mark.parametrize("method", ["auto", "tree"])
def test_slice_whose_products_underflow_has_all_regions(method):
    weights = [[[1e-200, 0.0], [0.0, 1e-200]], [[1.0, 1.0]]]
    network = ReluNetwork.from_arrays(weights, [[1e-101, -1e-101], [0.0]])
    # Rows of 1e-400 are zero in float64, but the box is wide: kinks at -+1e299.
    directions = [[1e-200, 0.0], [0.0, 1e-200]]
    domain = Slice([0.0, 0.0], directions, Box([-1e300] * 2, [1e300] * 2))
    assert listed(network, domain, method) == {"00", "01", "10", "11"}


def test_sliver_at_a_corner_has_a_witness_inside_the_box():
    # The unit is off in a corner of the box of size 1e-151: its middle rounds to the
    # corner itself, where the unit is off, but which is not inside the box.
    network = ReluNetwork.from_arrays([[[-2.0, 1.0]], [[1.0]]], [[-1e-151], [0.0]])
    assert listed(network, Box([-3, -2], [-1, -1]), "cells") == {"0", "1"}


@pytest.mark.parametrize("method", ["auto", "tree"])
@pytest.mark.parametrize(
    "domain",
    [
        Segment([-HUGE, 0.0], [HUGE, 1.0]),
        Slice([HUGE, 0.0], [[HUGE, 0.0], [0.0, 1.0]], Box([-2, -1], [2, 1])),
        Simplex([[-HUGE, -HUGE], [HUGE, 0.0], [0.0, HUGE]]),
        Box([-HUGE, -HUGE], [HUGE, HUGE]),
    ],
    ids=["segment", "slice", "simplex", "box"],
)
def test_domain_that_overflows_float64_is_counted_exactly(domain, method):
    weights = [[[1.0, 0.5], [1.0, -1.0]], [[1.0, -1.0]], [[1.0]]]
    network = ReluNetwork.from_arrays(weights, [[0.5, -0.25], [-0.1], [0.0]])
    patterns = listed(network, domain, method)
    assert len(patterns) == (4 if isinstance(domain, Segment) else 6)


@pytest.mark.parametrize("dim", [1, 2])
def test_box_of_subnormal_sides_is_counted(dim):
    network = ReluNetwork.from_arrays([np.ones((1, dim)), [[1.0]]], [[0.0], [0.0]])
    half = np.full(dim, 5e-324)
    for method in ("auto", "tree"):
        assert listed(network, Box(-half, half), method) == {"0", "1"}


def test_box_beyond_float64_volume_is_not_called_wrong():
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    for half in (1e300, 1e-300):
        found = regions.enumerate_regions(network, Box.cube(2, half), method="tree")
        assert regions.verify(found).ok
        assert regions.verify(found, exact=True).complete


def test_huge_rows_are_bounded_or_not_exactly():
    # A triangle whose rows of the second layer leave the range of float64.
    weights = [
        [[1e300, 0.0], [0.0, 1e300], [-1e300, -1e300]],
        1e300 * np.eye(3),
        [[1.0, 1.0, 1.0]],
    ]
    network = ReluNetwork.from_arrays(weights, [[0.0, 0.0, 1.0], [0.0] * 3, [0.0]])
    found = regions.enumerate_regions(network, regions.WholeSpace(2))
    assert len(found) == 7
    assert found.bounded().sum() == 1


def test_simplex_is_flat_only_where_it_is_exactly():
    # Differences from the first vertex round to parallel ones in float64.
    domain = Simplex([[1.0, 1.0], [2.0**-60, 0.0], [0.0, 0.0]])
    assert domain.dim == 2
    with pytest.raises(ValueError, match="span 1"):
        Simplex([[1.0, 1.0], [0.0, 0.0], [-1.0, -1.0]])


def overflowing() -> ReluNetwork:
    """A network whose second layer overflows float64 on the unit square."""
    weights = [1e200 * np.eye(2), 1e200 * np.array([[1.0, -1.0]]), [[1.0]]]
    return ReluNetwork.from_arrays(weights, [[0.0, 0.0], [-1.0], [0.0]])


def test_grid_counts_no_pattern_that_overflow_made():
    box = Box([-1.0, -1.0], [1.0, 1.0])
    exact = regions.count_regions(overflowing(), box)
    grid = regions.hash_grid(overflowing(), box, resolution=16)
    assert int(exact) == 6
    assert grid.count <= 6


def test_polytope_whose_rows_overflow_is_refused_in_one_line():
    with pytest.raises(regions.RegionsError, match="overflows float64"):
        regions.polytope_at(overflowing(), np.array([0.5, 0.25]))


def test_simplify_where_bounds_overflow_is_exactly_equal():
    network = ReluNetwork.from_arrays(
        [[[1e200]], [[1e200]], [[1.0]]], [[1e201], [0.0], [0.0]]
    )
    small, report = simplify(network, Box([-1.0], [1.0]))
    assert report.equal_on == report.regions == 1
    assert small.num_bits == 0


LEAST = 2.0**-1074
SUBNORMAL = {
    # A slope of 0.01 makes 1.49 of the least number, and so the least number, of 149.
    "rounded": ([[149 * LEAST, 0.0]], [[2.0**1000]], 1.25 * 2.0**-74, 0.01),
    # ... and nothing of 40 of it.
    "lost": ([[40 * LEAST, 0.0]], [[2.0**1000]], 0.2 * 2.0**-74, 0.01),
    "lost_by_one_layer": (
        [[40 * LEAST, 0.0]],
        [[2.0**1000]],
        0.2 * 2.0**-74,
        [[0.01], [0.0]],
    ),
}


@pytest.mark.parametrize("method", ["auto", "tree"])
@pytest.mark.parametrize("name", SUBNORMAL)
def test_slope_that_underflows_is_no_exact_product(name, method):
    first, second, bias, slopes = SUBNORMAL[name]
    network = ReluNetwork.from_arrays(
        [first, second, [[1.0]]], [[0.0], [bias], [0.0]], slopes
    )
    found = regions.enumerate_regions(network, Box.cube(2), method=method)
    patterns = {tuple(row) for row in found.pattern_bits().tolist()}
    assert patterns == exact_patterns(network, Box.cube(2))
    assert len(patterns) == 3
    count = regions.count_regions(network, Box.cube(2), method=method)
    assert int(count) == 3


@pytest.mark.parametrize("method", ["auto", "tree"])
def test_slopes_that_underflow_in_the_whole_space(method):
    first = np.array([[38.0, 37.0], [36.0, -33.0]]) * LEAST
    second = np.array([[1.8, -0.3]]) * 2.0**1000
    slopes = [[0.01, 0.01], [-0.01]]
    network = ReluNetwork.from_arrays([first, second, [[1.0]]], None, slopes)
    space = regions.WholeSpace(2)
    assert int(regions.count_regions(network, space, method=method)) == 6


@pytest.mark.parametrize("method", ["cells", "tree"])
@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("weight", [1.0, 3 * LEAST])
def test_weights_and_products_that_underflow_in_space(method, slope, weight):
    rng = np.random.default_rng(1)
    for _ in range(4):
        first, bias = rng.integers(-5, 6, (3, 3)), rng.integers(-5, 6, 3)
        second = rng.integers(-2, 3, (2, 3))
        usual, tiny = (
            ReluNetwork.from_arrays(
                [first * size, second * factor, [[1.0, 1.0]]],
                [bias * size, None, None],
                slope,
            )
            for size, factor in ((1.0, 1.0), (LEAST, weight))
        )
        # A positive factor changes no sign.
        assert listed(tiny, Box.cube(3), method) == listed(usual, Box.cube(3), "tree")


@pytest.mark.parametrize("method", ["cells", "tree"])
@pytest.mark.parametrize("entry", [1e-320, -1e-320])
@pytest.mark.parametrize("dim", [2, 3])
def test_entry_of_a_row_of_the_domain_that_is_lost_in_its_scale(dim, entry, method):
    # x <= -entry y where |y| <= 2^-40: the unit x has both signs there.
    unit = np.eye(dim)
    row = unit[:1] + entry * unit[1:2]
    ends = np.where(np.arange(dim) == 1, 2.0**-40, 1.0)
    wedge = regions.HPolytope(
        np.concatenate([unit, -unit, row]), np.concatenate([ends, ends, [0.0]])
    )
    network = ReluNetwork.from_arrays([unit[:1], [[1.0]]], None)
    assert listed(network, wedge, method) == {"0", "1"}


@pytest.mark.parametrize("seed", range(6))
def test_witness_far_out_in_a_wedge_lies_inside_of_it(seed):
    # Between the row and the unit parallel to it, where another unit is on: there
    # float64 numbers are 1e280 apart.
    slope = np.random.default_rng(seed).standard_normal()
    wedge = regions.HPolytope([[1.0, slope]], [1.0])
    units = [[1.0, slope], [1e-296, -1e-296]]
    network = ReluNetwork.from_arrays([units, [[1.0, 1.0]]], [[1.0, -1.0], [0.0]])
    assert listed(network, wedge, "tree") == {"00", "01", "10", "11"}


def test_point_is_not_proved_inside_by_products_that_underflow():
    # Each product is 0.4 of the least number and 0 in float64; their sum is 1.6 of it.
    row = regions.HPolytope([[2.0**-600] * 4], [LEAST])
    point = np.full((1, 4), 0.4 * 2.0**-474)
    assert not inside_domain(point, row)[0]
    assert inside_domain(point, regions.HPolytope([[2.0**-600] * 4], [90 * LEAST]))[0]
