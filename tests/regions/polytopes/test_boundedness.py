"""Boundedness of regions of the whole space, by their recession cones."""

from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog

from regions.domains.shapes import Box, Segment, WholeSpace
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from regions.polytopes import boundedness
from regions.polytopes.boundedness import is_cone_trivial
from tests.helpers import brute_force_rows, random_network
from tests.regions.enumeration.oracles import integer_network


def bounded_by_programs(A) -> bool:
    """Whether no y with `A y <= 0` has a coordinate 1 or -1: 2 dim HiGHS programs."""
    dim = A.shape[1]
    for axis in range(dim):
        for sign in (-1.0, 1.0):
            fixed = np.zeros((1, dim))
            fixed[0, axis] = sign
            end = linprog(
                np.zeros(dim),
                A_ub=A,
                b_ub=np.zeros(len(A)),
                A_eq=fixed,
                b_eq=[1.0],
                bounds=(None, None),
            )
            assert end.status in (0, 2)
            if end.status == 0:
                return False
    return True


@pytest.mark.parametrize(("dim", "units"), [(1, 4), (2, 9), (3, 8), (4, 6)])
def test_generic_hyperplanes_bound_as_many_regions_as_zaslavsky_says(dim, units):
    """T. Zaslavsky, 1975: C(n - 1, d) bounded regions, the others are not."""
    network = random_network(np.random.default_rng(units), dim, [units])
    rs = enumerate_regions(network, WholeSpace(dim))
    bounded = rs.bounded()
    assert bounded.sum() == comb(units - 1, dim)
    unbounded = 2 * sum(comb(units - 1, k) for k in range(dim))
    assert (~bounded).sum() == unbounded


def test_thin_strip_is_unbounded_and_a_huge_box_is_not():
    strip = ReluNetwork.from_arrays(
        [[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 1.0]]], [[1e-12, 1e-12], [0.0]]
    )
    rs = enumerate_regions(strip, WholeSpace(2))
    assert len(rs) == 3
    assert not rs.bounded().any()
    box = ReluNetwork.from_arrays(
        [np.concatenate([np.eye(2), -np.eye(2)]), [[1.0] * 4]], [[1e12] * 4, [0.0]]
    )
    rs = enumerate_regions(box, WholeSpace(2))
    assert len(rs) == 9
    middle = rs.pattern_bits().all(axis=1)
    assert (rs.bounded() == middle).all()


def test_half_strip_that_opens_by_a_last_bit_is_unbounded():
    """Lines of slopes 0.1 and just above it meet far away on one side only."""
    above = np.nextafter(0.1, 1.0)
    network = ReluNetwork.from_arrays(
        [[[-0.1, 1.0], [above, -1.0], [1.0, 0.0]], [[1.0] * 3]],
        [[0.0, 1.0, 0.0], [0.0]],
    )
    rs = enumerate_regions(network, WholeSpace(2))
    inside = {tuple(b): k for k, b in enumerate(rs.pattern_bits().tolist())}
    bounded = rs.bounded()
    assert not bounded[inside[True, True, True]]
    assert bounded[inside[True, True, False]]
    assert bounded.sum() == 1


@pytest.mark.parametrize("seed", range(25))
def test_integer_networks_agree_with_linear_programs(seed):
    rng = np.random.default_rng(seed)
    dim = 1 + seed % 3
    network = integer_network(rng, dim, rng.integers(1, 5, 1 + seed % 2).tolist())
    rs = enumerate_regions(network, WholeSpace(dim))
    expected = [
        bounded_by_programs(brute_force_rows(network, bits)[0])
        for bits in rs.pattern_bits()
    ]
    assert rs.bounded().tolist() == expected


def test_deep_regions_agree_with_linear_programs():
    network = random_network(np.random.default_rng(1), 2, [6, 6])
    rs = enumerate_regions(network, WholeSpace(2))
    bounded = rs.bounded()
    assert 0 < bounded.sum() < len(rs)
    for bits, found in zip(rs.pattern_bits(), bounded, strict=True):
        assert found == bounded_by_programs(brute_force_rows(network, bits)[0])


def test_a_batch_of_hints_and_single_programs_agree(monkeypatch):
    rs = enumerate_regions(
        random_network(np.random.default_rng(6), 2, [5, 4]), WholeSpace(2)
    )
    alone = rs.bounded()
    monkeypatch.setattr(boundedness, "FEW", 0)
    assert (rs.bounded() == alone).all()
    assert alone.any()
    assert not alone.all()


def test_cones_and_the_space_without_any_boundary_are_unbounded():
    cones = random_network(np.random.default_rng(0), 2, [8], bias_scale=0.0)
    assert not enumerate_regions(cones, WholeSpace(2)).bounded().any()
    linear = ReluNetwork.from_arrays([[[1.0, 2.0]]], None)
    rs = enumerate_regions(linear, WholeSpace(2))
    assert rs.bounded().tolist() == [False]


@pytest.mark.parametrize("domain", [Box.cube(2), Segment([0, 0], [1, 1])])
def test_every_region_of_a_bounded_domain_is_bounded(domain):
    network = random_network(np.random.default_rng(0), 2, [5])
    rs = enumerate_regions(network, domain)
    assert rs.bounded().tolist() == [True] * len(rs)


@pytest.mark.parametrize(
    ("rows", "trivial"),
    [
        ([[1], [-1]], True),
        ([[1], [2]], False),
        ([[1, 0], [-1, 0]], False),
        ([[1, 0], [0, 1], [-1, -1]], True),
        ([[1, 0], [0, 1], [-1, 0]], False),
        ([[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]], True),
        ([[1, 0], [-1, 1], [0, -1], [3, 5]], True),
        ([[0, 0]], False),
        ([[1, 0], [0, 1], [-1, -(10**40)]], True),
        ([[1, 0], [0, 1], [-1, 10**40]], False),
    ],
)
def test_hints_of_any_kind_do_not_change_the_answer(rows, trivial):
    dim, count = len(rows[0]), len(rows)
    assert is_cone_trivial(rows) == trivial
    rng = np.random.default_rng(0)
    for scale in (1e-300, 1.0, 1e300):
        direction = scale * rng.standard_normal(dim)
        weights = scale * rng.random(count)
        assert is_cone_trivial(rows, direction, weights) == trivial
        assert is_cone_trivial(rows, -direction, np.ones(count)) == trivial
    nothing = np.full(dim, np.nan)
    assert is_cone_trivial(rows, nothing, np.zeros(count)) == trivial
