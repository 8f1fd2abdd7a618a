"""Shapes of regions against linear programs by HiGHS and against simple figures."""

import numpy as np
import pytest
from scipy.optimize import linprog

import regions
from regions.partition.region_shape import mean_cosine, region_shapes
from tests.helpers import brute_force_rows, random_network


def _inradius(A, b, box):
    """One program at a time: the center in the box, the ball between the rows."""
    lengths = np.linalg.norm(A, axis=1)
    result = linprog(
        np.append(np.zeros(A.shape[1]), -1.0),
        A_ub=np.column_stack([A, lengths]),
        b_ub=b,
        bounds=[*zip(box.lower, box.upper, strict=True), (0.0, None)],
        method="highs",
    )
    assert result.status == 0
    return -result.fun


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    network = random_network(rng, 6, [8, 7], outputs=3)
    points = rng.uniform(-1.0, 1.0, (12, 6))
    box = regions.Box.cube(6)
    return network, points, box, region_shapes(network, points, box)


def test_inradii_equal_single_programs(case):
    network, points, box, shapes = case
    for point, radius in zip(points, shapes.inradii, strict=True):
        A, b = brute_force_rows(network, network.patterns(point[None])[0])
        assert radius == pytest.approx(_inradius(A, b, box), abs=1e-6)


def test_distances_and_cosines_follow_from_the_rows(case):
    network, points, _, shapes = case
    for k, point in enumerate(points):
        A, b = brute_force_rows(network, network.patterns(point[None])[0])
        lengths = np.linalg.norm(A, axis=1)
        assert shapes.distances[k] == pytest.approx(((b - A @ point) / lengths).min())
        unit = A / lengths[:, None]
        pairs = [abs(unit[i] @ unit[j]) for i in range(len(unit)) for j in range(i)]
        assert shapes.cosines[k] == pytest.approx(np.mean(pairs))


def test_no_point_is_farther_from_the_boundary_than_the_inradius(case):
    _, _, _, shapes = case
    assert (shapes.distances > 0.0).all()
    assert (shapes.distances <= shapes.inradii + 1e-9).all()


def test_square_between_four_lines():
    # Units x > -1, x < 1, y > -1, y < 1, all on: a square of inradius 1.
    network = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]], [[1.0] * 4]],
        [[1.0, 1.0, 2.0, 2.0], [0.0]],
    )
    shapes = region_shapes(network, np.array([[0.25, 0.5]]), regions.Box.cube(2, 5.0))
    assert shapes.inradii[0] == pytest.approx(1.0, abs=1e-7)
    assert shapes.distances[0] == 0.5
    # Two pairs of parallel lines among six pairs.
    assert shapes.cosines[0] == pytest.approx(2.0 / 6.0)


def test_mean_cosine_of_few_vectors():
    assert mean_cosine(np.eye(3)) == 0.0
    assert mean_cosine(np.array([[1.0, 0.0], [0.6, 0.8]])) == pytest.approx(0.6)
    assert np.isnan(mean_cosine(np.eye(3)[:1]))


def test_a_network_without_kinks_has_no_shapes():
    with pytest.raises(ValueError, match="whole space"):
        region_shapes(
            random_network(np.random.default_rng(0), 2, []),
            np.zeros((1, 2)),
            regions.Box.cube(2),
        )


def test_mean_inradius_weighs_regions_by_their_length():
    # Cut at -0.5 and 0.25: lengths 0.5, 0.75, 0.75 in the box.
    net = regions.ReluNetwork.from_arrays(
        [[[1.0], [1.0]], [[1.0, 1.0]]], [[0.5, -0.25], None]
    )
    found = regions.mean_inradius(net, regions.Box([-1.0], [1.0]), points=400)
    # Balls at the ends have their centers there, and half their length beyond.
    exact = (0.5 * 0.5 + 0.75 * 0.375 + 0.75 * 0.75) / 2.0
    assert abs(found.mean - exact) < 3.0 * found.error < 0.03
    with pytest.raises(ValueError, match="a WholeSpace and 9 points are given: a box"):
        regions.mean_inradius(net, regions.WholeSpace(1), points=9)
    with pytest.raises(ValueError, match="`seed` is -1: at least 0"):
        regions.mean_inradius(net, regions.Box([0.0], [1.0]), seed=-1)
