"""Balls as domains, against exact splitting and exact distances by brute force."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.domains.shapes import Ball, Box, HPolytope, domain_from_dict
from regions.enumeration.balls import engine
from regions.enumeration.balls.meeting import BallTest
from regions.lp import least_distance
from regions.lp.least_distance import nearest_to_origin
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.questions.nearest import nearest_in_hull
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network

NORMS = (1, 2, math.inf)


def patterns_of(found) -> set:
    bits = unpack_bits(found.patterns, found.network.num_bits)
    return {tuple(map(bool, row)) for row in bits}


@pytest.mark.parametrize("by_tree", [False, True])
@pytest.mark.parametrize(("dim", "seed"), [(2, 0), (2, 1), (2, 2), (2, 3), (3, 1)])
def test_regions_of_a_round_ball_are_those_of_exact_distances(
    dim, seed, by_tree, monkeypatch
):
    if by_tree:
        monkeypatch.setattr(engine, "MAX_CELLS_DIM", 1)
    rng = np.random.default_rng(20 * dim + seed)
    widths = [5, 3] if dim == 2 else [3, 2]
    network = random_network(rng, dim, widths)
    if seed % 2 == 0:
        network = integer_network(rng, dim, widths)
    center = rng.integers(-4, 5, dim) / 4.0
    domain = Ball(center, 0.75)
    found = regions.enumerate_regions(network, domain)
    assert found.method == "balls"
    kinks = network.kinks
    assert patterns_of(found) == {
        tuple(bit for bit, kink in zip(row, kinks, strict=True) if kink)
        for row in exact_patterns(network, domain)
    }
    test = BallTest(network, domain)
    for k, point in enumerate(found.coordinates):
        exact = found.exact_witnesses.get(k, tuple(map(Fraction, point.tolist())))
        assert test.holds(exact)
    report = regions.verify(found, exact=True)
    assert report.ok, str(report)
    assert report.complete


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("norm", [1, math.inf])
def test_other_balls_are_the_polytopes_that_they_are(dim, norm, tmp_path):
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [5, 3])
    center = rng.integers(-4, 5, dim) / 8.0
    ball = Ball(center, 0.75, norm)
    rows = np.array(list(itertools.product((-1.0, 1.0), repeat=dim)))
    if norm == math.inf:
        rows = np.vstack([np.eye(dim), -np.eye(dim)])
    same = HPolytope(rows, rows @ center + 0.75)
    found = regions.enumerate_regions(network, ball)
    assert patterns_of(found) == patterns_of(regions.enumerate_regions(network, same))
    if dim == 2:
        assert patterns_of(found) == exact_patterns(network, ball)
    assert ball.rational_volume() == same.rational_volume()
    assert int(regions.count_regions(network, ball, method="tree")) == len(found)
    assert regions.verify(found, exact=True).ok
    assert regions.verify(found).ok
    here, there = (regions.output_range(network, d) for d in (ball, same))
    assert here.value == there.value
    for answer in (here, there):
        assert verify_answer(answer.save(tmp_path / "answer.json")).ok


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_region_that_only_touches_the_ball_does_not_count(sign):
    def touching(shift: float) -> ReluNetwork:
        """Two units: lines through (3, 4) and the origin, the first moved out."""
        weights = sign * np.array([[3.0, 4.0], [4.0, -3.0]])
        return ReluNetwork.from_arrays(
            [weights, [[1.0, 1.0]]], [[sign * (-25.0 - shift), 0.0], [0.0]]
        )

    tangent = touching(0.0)
    for by_tree in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if by_tree:
                patch.setattr(engine, "MAX_CELLS_DIM", 1)
            ball = Ball([0.0, 0.0], 5.0)
            assert int(regions.count_regions(tangent, ball)) == 2
            # By a distance of 1e-15 nearer, both parts beyond the line are met.
            larger = Ball([0.0, 0.0], math.nextafter(5.0, 6.0))
            assert int(regions.count_regions(tangent, larger)) == 4
            assert int(regions.count_regions(touching(-(2.0**-48)), ball)) == 4
            assert int(regions.count_regions(touching(2.0**-47), larger)) == 2
    for domain, count in ((ball, 2), (larger, 4)):
        found = regions.enumerate_regions(tangent, domain)
        assert len(found) == count
        assert regions.verify(found, exact=True).ok


def test_any_region_removed_is_missed():
    network = random_network(np.random.default_rng(7), 3, [4, 3])
    found = regions.enumerate_regions(network, Ball([0.1, 0.0, -0.2], 0.9))
    for k in range(0, len(found), 3):
        kept = np.arange(len(found)) != k
        short = regions.RegionSet(
            network,
            found.domain,
            found.patterns[kept],
            found.coordinates[kept],
            complete=True,
            method="balls",
            seconds=0.0,
            stats=found.stats,
        )
        assert "is missing" in str(regions.verify(short, exact=True))


@pytest.mark.parametrize("hinted", [True, False])
def test_the_nearest_point_is_that_of_the_hull_of_the_corners(hinted, monkeypatch):
    if not hinted:
        monkeypatch.setattr(least_distance, "_suggested", lambda table, rows: {})
    rng = np.random.default_rng(0)
    for _ in range(40):
        dim, rows = int(rng.integers(2, 5)), int(rng.integers(1, 7))
        A = rng.integers(-4, 5, (rows, dim))
        A[~A.any(axis=1), 0] = 1
        A = np.vstack([A, np.eye(dim, dtype=int), -np.eye(dim, dtype=int)])
        b = np.append(rng.integers(-3, 4, rows), np.full(2 * dim, 9))
        table = np.column_stack([A, b]).tolist()
        found = nearest_to_origin(table, dim)
        try:
            corners = HPolytope(A, b).cell().points()
        except regions.EmptyPolyhedronError:
            assert found is None
            continue
        except ValueError:
            continue  # flat: its corners are not those of a cell
        expected, _ = nearest_in_hull(corners, [Fraction(0)] * dim)
        assert found is not None
        assert [Fraction(int(v.p), int(v.q)) for v in found] == list(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0], 1, 3), "`norm` is 3: 1, 2 or inf"),
        (([0, 0], -1), "`radius` is -1: a positive"),
        (([0, 0], 0), "`radius` is 0"),
        (([0, 0], math.nan), "`radius` is nan"),
        (([0, 0], math.inf), "`radius` is inf"),
        (([0, math.nan], 1), "`center` is nan"),
        (([], 1), "`center` has shape"),
        (([0.0] * 20, 1, 1), r"2\^20 sides: at most 10"),
    ],
)
def test_bad_balls_are_named(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        Ball(*arguments)
    assert "\n" not in str(error.value)


def test_what_needs_a_polytope_refuses_a_round_ball(tmp_path):
    rng, ball = np.random.default_rng(0), Ball([0, 0], 1)
    network = random_network(rng, 2, [3])
    with pytest.raises(ValueError, match="is a ball of the norm 2") as error:
        regions.mixed_integer_program(network, ball)
    assert "\n" not in str(error.value)
    for method in ("tree", "cells", "restriction"):
        with pytest.raises(ValueError, match=f"method='{method}' "):
            regions.count_regions(network, ball, method=method)
    with pytest.raises(ValueError, match="must be equal"):
        regions.count_regions(network, Ball([0, 0, 0], 1))
    found = regions.enumerate_regions(network, ball)
    found.save(tmp_path / "r.parquet")
    again = regions.RegionSet.load(tmp_path / "r.parquet")
    assert again.domain == ball == domain_from_dict(ball.to_dict())
    assert len(regions.enumerate_regions(network, ball, max_regions=2)) == 2
    steepest = regions.lipschitz(network, ball, math.inf).value
    assert steepest <= regions.lipschitz(network, Box.cube(2), math.inf).value


def test_an_image_in_many_dimensions():
    rng = np.random.default_rng(1)
    network = random_network(rng, 200, [12, 8])
    center = rng.uniform(size=200)
    found = regions.enumerate_regions(network, Ball(center, 0.2))
    points = rng.standard_normal((20000, 200))
    points *= 0.2 / np.linalg.norm(points, axis=1, keepdims=True)
    pre = network.pre_activations(center + points)[:-1]
    seen = {tuple(row) for row in np.concatenate(pre, axis=1) > 0.0}
    assert {tuple(map(bool, row)) for row in seen} <= patterns_of(found)
    assert found.complete


@pytest.mark.parametrize("exponent", [-1074, -540, 560, 1010])
def test_a_ball_whose_squared_radius_is_no_float_counts_like_another(exponent):
    rng = np.random.default_rng(0)
    for dim in (2, 5):
        weights = rng.integers(-8, 9, (5, dim)).astype(float)
        bias = rng.integers(-8, 9, 5).astype(float)
        unit, scale = Ball(np.zeros(dim), 1.0), 2.0**exponent
        scaled = Ball(np.zeros(dim), scale)
        one, other = (
            ReluNetwork.from_arrays([weights, np.ones((1, 5))], [bias * s, np.zeros(1)])
            for s in (1.0, scale)
        )
        found = regions.enumerate_regions(other, scaled)
        expected = regions.enumerate_regions(one, unit)
        assert patterns_of(found) == patterns_of(expected)
        assert regions.verify(found, exact=True).ok
        assert regions.verify(found).ok
