"""Regions that meet at a point, against closed formulas and sampling."""

import math

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.errors import UndecidedError
from regions.network import ReluNetwork
from regions.polytopes.meeting import regions_meeting_at


def _dyadic_network(seed: int, dim: int, widths: list[int], bias: bool) -> ReluNetwork:
    """Small integers over 4, so that sampling on a small circle is exact enough."""
    rng = np.random.default_rng(seed)
    sizes = [dim, *widths, 1]
    weights = [
        rng.integers(-4, 5, (sizes[k + 1], sizes[k])) / 4 for k in range(len(sizes) - 1)
    ]
    biases = [rng.integers(-2, 3, n) / 4 if bias else np.zeros(n) for n in sizes[1:]]
    return ReluNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize(("units", "dim"), [(3, 2), (5, 2), (5, 3), (6, 4)])
def test_hyperplanes_through_a_point_meet_as_the_formula_says(units, dim):
    rng = np.random.default_rng(units)
    weight = rng.integers(-9, 10, (units, dim)) / 8
    point = rng.integers(-9, 10, dim) / 8
    network = ReluNetwork.from_arrays(
        [weight, np.ones((1, units))], [-weight @ point, [0.0]]
    )
    meeting = regions_meeting_at(network, point)
    expected = 2 * sum(math.comb(units - 1, k) for k in range(dim))
    assert len(meeting.patterns) == expected
    assert len({p.tobytes() for p in meeting.patterns}) == expected
    assert meeting.units == [(0, k) for k in range(units)]


@pytest.mark.parametrize("seed", range(8))
def test_regions_at_the_origin_of_a_deep_network_equal_a_small_circle(seed):
    network = _dyadic_network(seed, 2, [5, 4], bias=False)
    meeting = regions_meeting_at(network, np.zeros(2))
    # No biases: every region is a cone, so a circle of any size meets them all.
    angles = np.linspace(0.0, 2 * np.pi, 20_011)[:-1]
    patterns = network.patterns(np.column_stack([np.cos(angles), np.sin(angles)]))
    sampled, counts = np.unique(patterns, axis=0, return_counts=True)
    wide = {p.tobytes() for p, n in zip(sampled, counts, strict=True) if n > 1}
    assert {p.tobytes() for p in meeting.patterns} == wide
    along = network.patterns(meeting.directions)
    assert (along == meeting.patterns).all()


def test_one_unit_at_zero_parts_two_regions():
    network = _dyadic_network(1, 3, [4, 3], bias=True)
    weight, bias = network.hidden[0].weight[0], network.hidden[0].bias[0]
    axis = int(np.flatnonzero(weight)[0])
    point = np.array([0.3125, -0.4375, 0.6875])
    point[axis] = 0.0
    point[axis] = -(bias + weight @ point) / weight[axis]
    if network.pre_activations(point[None])[0][0, 0] != 0.0:
        pytest.fail("the point is not on the boundary: choose other numbers")
    meeting = regions_meeting_at(network, point)
    assert meeting.units == [(0, 0)]
    assert len(meeting.patterns) == 2
    assert (meeting.patterns[0] != meeting.patterns[1]).sum() == 1


def test_a_point_inside_meets_its_own_region_alone():
    network = _dyadic_network(2, 2, [4, 3], bias=True)
    point = np.array([0.1234, 0.4321])
    meeting = regions_meeting_at(network, point)
    assert meeting.units == []
    assert (meeting.patterns == network.patterns(point[None])).all()


def test_regions_outside_the_domain_do_not_count():
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    meeting = regions_meeting_at(network, np.array([0.0, 1.0]), Box.cube(2))
    assert len(meeting.patterns) == 2
    corner = regions_meeting_at(network, np.zeros(2), Box([0, 0], [1, 1]))
    assert corner.patterns.tolist() == [[True, True]]


def test_too_many_regions_and_points_outside_are_refused():
    network = ReluNetwork.from_arrays([np.eye(8), [[1.0] * 8]], None)
    with pytest.raises(UndecidedError, match="more than 100 regions"):
        regions_meeting_at(network, np.zeros(8), max_regions=100)
    with pytest.raises(ValueError, match="the domain ends at 1"):
        regions_meeting_at(network, np.full(8, 2.0), Box.cube(8))
    with pytest.raises(ValueError, match="shape"):
        regions_meeting_at(network, np.zeros(3))
