"""The polytope of a point: rows, facets, shape, names."""

import re
from fractions import Fraction

import numpy as np
import pytest

from regions import explore_regions
from regions.domains.shapes import (
    Ball,
    Box,
    HPolytope,
    Segment,
    Simplex,
    Slice,
    WholeSpace,
)
from regions.errors import EmptyPolyhedronError
from regions.lp.exact_lp import maximize
from regions.network import ReluNetwork
from regions.polytopes.meeting import regions_meeting_at
from regions.polytopes.polytope import polytope_at
from regions.questions.surroundings import around
from tests.helpers import brute_force_patterns, random_network
from tests.zoo import ZOO

TRIANGLE = ReluNetwork.from_arrays(
    [[[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [1.0, 1.0]], [[1.0, 1.0, 1.0, 1.0]]],
    [[0.0, 0.0, 1.0, 5.0], [0.0]],
)


def test_polytope_of_a_triangle_has_its_facets_and_shape():
    polytope = polytope_at(TRIANGLE, np.array([0.25, 0.25]))
    assert polytope.pattern.all()
    assert [f.unit for f in polytope.facets] == [(0, 0), (0, 1), (0, 2)]
    assert str(polytope.facets[2]) == "layer 1 unit 3"
    assert polytope.facets[0].distance == pytest.approx(0.25)
    assert polytope.facets[2].distance == pytest.approx(0.5 / np.sqrt(2))
    assert polytope.chebyshev.radius == pytest.approx(1 / (2 + np.sqrt(2)), abs=1e-9)
    np.testing.assert_allclose(polytope.bounds, [[0, 0], [1, 1]], atol=1e-9)
    corners = polytope.vertices()
    np.testing.assert_allclose(
        sorted(map(tuple, np.round(corners, 9))), [(0, 0), (0, 1), (1, 0)]
    )
    assert polytope.volume() == pytest.approx(0.5, rel=1e-12)
    edges = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    assert (turns > 0).all()


def test_polytope_facet_points_lie_on_their_facet():
    network = random_network(np.random.default_rng(0), 3, [6, 6])
    polytope = polytope_at(network, np.array([0.1, -0.2, 0.3]), Box([-1] * 3, [1] * 3))
    A, b = polytope.rows.A, polytope.rows.b
    for facet in polytope.facets:
        slack = b - A @ facet.point
        assert abs(slack[facet.row]) < 1e-9
        assert slack.min() > -1e-9
        assert b[facet.row] - A[facet.row] @ facet.beyond < 0
        assert (facet.unit is None) == (facet.row >= network.num_bits)


def test_polytope_crossing_a_facet_flips_its_unit_in_the_last_layer():
    """A unit of the last hidden layer changes nothing else where it flips."""
    network = random_network(np.random.default_rng(3), 2, [5, 5])
    polytope = polytope_at(network, np.array([0.1, 0.2]))
    last = [f for f in polytope.facets if f.unit is not None and f.unit[0] == 1]
    assert last
    for facet in last:
        step = 1e-7 * polytope.A[facet.row] / np.linalg.norm(polytope.A[facet.row])
        flipped = network.patterns((facet.point + step)[None])[0]
        assert np.flatnonzero(flipped != polytope.pattern).tolist() == [facet.row]


def test_polytope_without_domain_that_is_unbounded_says_so():
    network = ZOO["one_unit"][0]
    polytope = polytope_at(network, np.array([1.0, 1.0]))
    assert not polytope.is_bounded
    assert polytope.chebyshev.radius == np.inf
    with pytest.raises(ValueError, match="unbounded"):
        polytope.vertices()
    with pytest.raises(ValueError, match="unbounded"):
        polytope.volume()
    inside = polytope_at(network, np.array([1.0, 1.0]), WholeSpace(2))
    np.testing.assert_array_equal(inside.A, polytope.A)


def test_polytope_of_a_strip_has_a_finite_ball_and_no_bounds():
    polytope = polytope_at(ZOO["parallel_units"][0], np.array([-0.4, 0.0]))
    assert polytope.chebyshev.radius == pytest.approx(0.125 / np.hypot(1, 0.5))
    assert np.isinf(polytope.bounds).all()


@pytest.mark.parametrize("name", sorted(ZOO))
def test_polytope_of_every_specimen_holds_its_point(name):
    network, box = ZOO[name]
    x = np.random.default_rng(4).uniform(box.lower, box.upper)
    polytope = polytope_at(network, x, box)
    assert polytope.A.shape == (network.num_bits, box.dim)
    slack = polytope.rows.b - polytope.rows.A @ x
    scale = 1.0 + np.abs(polytope.rows.b) + np.abs(polytope.rows.A).sum(1)
    assert (slack >= -1e-12 * scale).all()
    assert all(f.distance >= -1e-12 for f in polytope.facets)
    assert 0 < polytope.chebyshev.radius <= 1.0 + 1e-9
    assert 0 < polytope.volume() <= box.dim * 2.0**box.dim
    np.testing.assert_allclose(
        polytope.affine_map(x[None]), network(x[None]), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize(
    "name", ["integer_weights", "three_concurrent_lines", "rank_deficient_first_layer"]
)
def test_volumes_of_all_regions_add_up_to_the_box(name):
    network, box = ZOO[name]
    patterns, total = set(), 0.0
    points = np.random.default_rng(5).uniform(box.lower, box.upper, (3000, box.dim))
    for pattern, x in zip(network.patterns(points), points, strict=True):
        if tuple(pattern) not in patterns:
            patterns.add(tuple(pattern))
            total += polytope_at(network, x, box).volume()
    assert patterns == brute_force_patterns(network, box)
    assert total == pytest.approx(2.0**box.dim, rel=1e-9)


@pytest.mark.parametrize(
    ("domain", "t"),
    [
        (Segment([-1.0, -0.5], [1.0, 0.75]), [0.4]),
        (Simplex([[0.0, 0.0], [1.0, 0.25], [0.0, 1.0]]), [0.3, 0.3]),
        (Slice([0.1, 0.1], [[1.0, 0.5]], Box([-1], [1])), [0.2]),
    ],
)
def test_polytope_on_a_domain_works_in_its_chart(domain, t):
    network = random_network(np.random.default_rng(6), 2, [6, 6])
    t = np.array(t)
    polytope = polytope_at(network, t, domain)
    x = domain.embed(t[None])
    np.testing.assert_array_equal(polytope.pattern, network.patterns(x)[0])
    np.testing.assert_allclose(polytope.affine_map(t[None]), network(x), atol=1e-12)
    for inner in domain.embed(0.99 * polytope.vertices() + 0.01 * t):
        pre = network.patterns(inner[None])[0]
        np.testing.assert_array_equal(pre, polytope.pattern)


def test_polytope_in_784_dimensions_reads_off_rows_and_map():
    network = random_network(np.random.default_rng(7), 784, [10, 10])
    x = np.full(784, 0.01)
    polytope = polytope_at(network, x, Box(np.zeros(784), np.ones(784)))
    assert polytope.A.shape == (20, 784)
    assert len(polytope.rows) == 20 + 2 * 784
    assert (polytope.rows.A @ x <= polytope.rows.b).all()


def test_polytope_at_a_point_on_a_boundary_without_interior_raises():
    """Off and off for the units w and -w: only the line between them is left."""
    polytope = polytope_at(ZOO["opposite_units"][0], np.array([-0.25, 0.0]))
    assert not polytope.pattern.any()
    assert polytope.chebyshev.radius == 0.0
    with pytest.raises(EmptyPolyhedronError, match="no interior"):
        _ = polytope.facets


def test_polytope_decides_on_the_rows_before_they_are_rounded():
    """Second-layer units whose rows tie only after rounding, or only before.

    Where the first unit is on, the units read `0.1 * 0.1 * x` and its float64 value,
    against the same bound: the rounded rows are equal, and one true row is tighter.
    """
    rounded = 0.1 * 0.1
    above = Fraction(rounded) > Fraction(0.1) ** 2
    assert Fraction(rounded) != Fraction(0.1) ** 2
    network = ReluNetwork.from_arrays(
        [[[0.1], [1.0]], [[-0.1, 0.0], [0.0, -rounded]], [[1.0, 1.0]]],
        [[0.0, 0.0], [0.01, 0.01], [0.0]],
    )
    polytope = polytope_at(network, np.array([0.5]))
    np.testing.assert_array_equal(polytope.A[2], polytope.A[3])
    np.testing.assert_array_equal(polytope.b[2:], 0.01)
    assert polytope.exact_rows is not None
    facets = [f.unit for f in polytope.facets]
    assert ((1, 1) if above else (1, 0)) in facets
    assert ((1, 0) if above else (1, 1)) not in facets


def test_polytope_rows_of_one_layer_are_not_rounded():
    network = random_network(np.random.default_rng(0), 2, [5])
    box = Box([-1, -1], [1, 1])
    assert polytope_at(network, np.array([0.1, 0.2]), box).exact_rows is None


def test_polytope_exact_rows_bound_the_rounding():
    network = random_network(np.random.default_rng(6), 2, [6, 6, 6])
    polytope = polytope_at(network, np.array([0.1, 0.2]))
    exact = polytope.exact_rows
    assert exact is not None
    for row in range(len(polytope.b)):
        true = [Fraction(int(v.p), int(v.q)) for v in (*exact.A[row], exact.b[row])]
        given = [Fraction(float(v)) for v in (*polytope.A[row], polytope.b[row])]
        gaps = [abs(t - g) for t, g in zip(true, given, strict=True)]
        assert max(sum(gaps[:-1]), gaps[-1]) <= Fraction(float(exact.error[row]))
        assert exact.error[row] < 1e-13


def test_polytope_at_a_wrong_point_raises():
    network, box = ZOO["one_unit"]
    with pytest.raises(ValueError, match="finite vector of 2 entries"):
        polytope_at(network, np.zeros(3))
    with pytest.raises(ValueError, match="finite vector of 2 entries"):
        polytope_at(network, np.array([0.0, np.nan]), box)


@pytest.mark.parametrize("function", [polytope_at, regions_meeting_at])
@pytest.mark.parametrize(
    ("domain", "x", "message"),
    [
        (Box([0, -2], [1, 2]), [0.5, -3], "`x[1]` is -3.0 and the domain begins at -2"),
        (Box([0, 0], [1, 1]), [2, 3], "`x[0]` is 2.0 and the domain ends at 1.0 there"),
        (Segment([0, 0], [5, 5]), [1.5], "`x[0]` is 1.5 and the domain ends at 1.0"),
        (Simplex([[0, 0], [1, 0], [0, 1]]), [0.75, 0.5], "sum 1.25 and the domain en"),
    ],
)
def test_point_outside_is_told_by_its_coordinate(function, domain, x, message):
    network, _ = ZOO["one_unit"]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        function(network, np.array(x, float), domain)
    chart = "in coordinates of the domain"
    assert (chart in str(caught.value)) == (not isinstance(domain, Box))


@pytest.mark.parametrize("seed", range(8))
def test_bounds_of_rounded_rows_are_infinite_where_the_exact_region_recedes(seed):
    # Rounding the rows of deeper layers must not close an open strip.
    rng = np.random.default_rng(seed)
    network = random_network(rng, 2, [4, 3])
    polytope = polytope_at(network, rng.standard_normal(2))
    rows = polytope.exact_rows
    assert rows is not None
    for axis in range(2):
        for side, end in ((-1.0, polytope.bounds[0]), (1.0, polytope.bounds[1])):
            far = np.zeros(2)
            far[axis] = side
            cost = [Fraction(float(v)) for v in far]
            optimum = maximize(cost, rows.A, rows.b)
            assert (optimum.status == "unbounded") == bool(np.isinf(end[axis]))


@pytest.mark.parametrize("tilt", [1e-10, 1e-17, 2.0**-52])
def test_bounds_are_infinite_where_a_facet_is_nearly_parallel(tilt):
    # 0 < y < 1 + tilt x, and x > -1: y grows without end, if slowly.
    weights = [[[0.0, 1.0], [tilt, -1.0], [1.0, 0.0]], [[1.0, 1.0, 1.0]]]
    network = ReluNetwork.from_arrays(weights, [[0.0, 1.0, 1.0], [0.0]])
    polytope = polytope_at(network, np.array([0.0, 0.5]))
    np.testing.assert_array_equal(polytope.bounds, [[-1.0, 0.0], [np.inf, np.inf]])
    assert not polytope.is_bounded
    weights[0][1][0] = -tilt
    closing = ReluNetwork.from_arrays(weights, [[0.0, 1.0, 1.0], [0.0]])
    assert polytope_at(closing, np.array([0.0, 0.5])).is_bounded


def test_facets_beyond_float64_are_found():
    weights = [[[1e-200, 1e-200], [1.0, 0.0]], [[1.0, 1.0]]]
    network = ReluNetwork.from_arrays(weights, [[1e200, 0.0], [0.0]])
    polytope = polytope_at(network, np.zeros(2))
    assert {facet.unit for facet in polytope.facets} == {(0, 0), (0, 1)}
    assert len(explore_regions(network, np.full(2, 0.5))) == 4


def test_array_of_points_gives_the_polytopes_of_its_rows():
    network, box = random_network(np.random.default_rng(1), 2, [6, 6]), Box.cube(2)
    points = np.random.default_rng(2).uniform(-1.0, 1.0, (8, 2))
    for polytope, x in zip(polytope_at(network, points, box), points, strict=True):
        alone = polytope_at(network, x, box)
        for name in ("x", "pattern", "A", "b", "units"):
            np.testing.assert_array_equal(getattr(polytope, name), getattr(alone, name))
        assert [str(f) for f in polytope.facets] == [str(f) for f in alone.facets]
        assert set(polytope.irredundant.facets) == {f.row for f in polytope.facets}
    with pytest.raises(ValueError, match=r"`x\[1\]` is 3.0"):
        polytope_at(network, np.array([[0.0, 0.0], [0.0, 3.0]]), box)


@pytest.mark.parametrize("units", [8, 20, 60])
def test_boundedness_in_many_dimensions_needs_no_bounds(units):
    """20 inputs: units through which a region falls in common, and too few of them."""
    rng = np.random.default_rng(units)
    rows = rng.standard_normal((units, 20))
    rows[:, 0] = np.abs(rows[:, 0]) + 5.0
    network = ReluNetwork.from_arrays(
        [rows, np.ones((1, units))], [np.ones(units), [0]]
    )
    polytope = polytope_at(network, np.zeros(20))
    assert not polytope.is_bounded
    assert "bounds" not in vars(polytope)
    assert polytope_at(network, np.zeros(20), Box.cube(20)).is_bounded


def test_inputs_that_nothing_reads_change_no_ball():
    """With 50 inputs the ball is sought in the space of the rows, with 3 in all."""
    small = random_network(np.random.default_rng(4), 3, [9, 9])
    wide = np.zeros((9, 50))
    wide[:, :3] = small.hidden[0].weight
    large = ReluNetwork.from_arrays(
        [wide, small.hidden[1].weight, small.output.weight],
        [layer.bias for layer in small.layers],
    )
    radii = []
    for x in np.random.default_rng(0).uniform(-1.0, 1.0, (4, 3)):
        ball = polytope_at(large, np.append(x, np.full(47, 0.3))).chebyshev
        radii.append(ball.radius)
        assert ball.radius == pytest.approx(polytope_at(small, x).chebyshev.radius)
    assert np.isfinite(radii).any()


def test_a_round_ball_leaves_the_region_whole_around_its_center():
    network = random_network(np.random.default_rng(1), 3, [6, 5])
    ball = Ball([0.25, -0.5, 1.0], 0.5)
    x = np.array([0.125, 0.25, -0.125])
    moved = polytope_at(network, x, ball)
    whole = polytope_at(network, ball.center + x)
    assert [f.unit for f in moved.facets] == [f.unit for f in whole.facets]
    assert moved.is_bounded == whole.is_bounded
    np.testing.assert_allclose(moved.A, whole.A)
    np.testing.assert_allclose(moved.b, whole.b - whole.A @ ball.center)
    assert moved.chebyshev.radius == pytest.approx(whole.chebyshev.radius)
    for ask in (polytope_at, regions_meeting_at, around):
        with pytest.raises(ValueError, match="from the center of the domain, a ball"):
            ask(network, np.array([0.0, 0.0, 0.6]), ball)
    # On the sphere, where a ball of 3, 4 and 5 is exact.
    edge = Ball([0.0, 0.0, 0.0], 5.0)
    assert polytope_at(network, np.array([3.0, 4.0, 0.0]), edge).facets
    with pytest.raises(ValueError, match="from the center of the domain, a ball"):
        regions_meeting_at(network, np.array([3.0, 4.0, 0.0]), edge)


def test_a_region_of_an_unbounded_domain_has_balls_of_any_size_or_not():
    network = ReluNetwork.from_arrays([[[1.0, -1.0]], [[1.0]]], None)
    quarter = HPolytope(-np.eye(2), np.zeros(2))
    assert polytope_at(network, [2.0, 1.0], quarter).chebyshev.radius == np.inf
    strip = HPolytope([[1.0, -1.0], [-1.0, 0.0]], [1.0, 0.0])
    radius = polytope_at(network, [1.5, 1.0], strip).chebyshev.radius
    assert radius == pytest.approx(0.5 / np.sqrt(2.0))
