"""Distances to creases by hand, and against all creases at once."""

import numpy as np
import pytest

import regions
from experiments.three_colors.boundary_distance import (
    boundary_distances,
    segment_owners,
    side_distances,
)
from regions.partition.class_polygons import class_polygons
from tests.helpers import random_network

SQUARE = regions.Box([0.0, 0.0], [1.0, 1.0])


def _found() -> regions.RegionSet:
    network = random_network(np.random.default_rng(3), 2, [9], outputs=3)
    return regions.enumerate_regions(network, SQUARE)


def test_nearest_side_is_the_nearest_of_all_creases():
    found = _found()
    layer = found.network.layers[0]
    points = np.random.default_rng(0).uniform(size=(300, 2))
    bits = points @ layer.weight.T + layer.bias > 0.0
    rows = {row.tobytes(): i for i, row in enumerate(found.pattern_bits())}
    owners = np.array([rows[row.tobytes()] for row in bits])
    # Creases of one layer are whole lines: distances by the formula, where the foot
    # of the nearest one lies in the square.
    away = (points @ layer.weight.T + layer.bias) / np.linalg.norm(layer.weight, axis=1)
    nearest = np.abs(away).argmin(axis=1)
    normals = layer.weight / np.linalg.norm(layer.weight, axis=1, keepdims=True)
    chosen = np.arange(300)
    feet = points - away[chosen, nearest, None] * normals[nearest]
    inside = ((feet > 0.0) & (feet < 1.0)).all(axis=1)
    distances = side_distances(found.polygons(), owners, points)
    assert inside.sum() > 150
    np.testing.assert_allclose(
        distances[inside], np.abs(away).min(axis=1)[inside], atol=1e-9
    )
    assert (distances >= np.abs(away).min(axis=1) - 1e-9).all()


def test_boundary_between_two_classes_far_from_the_only_crease():
    # One crease x = 0.25; the outputs are equal on x = 0.75.
    network = regions.ReluNetwork.from_arrays(
        [np.array([[1.0, 0.0]]), np.array([[1.0], [-1.0]])],
        [np.array([-0.25]), np.array([-0.5, 0.5])],
    )
    found = regions.enumerate_regions(network, SQUARE)
    pieces = class_polygons(found)
    on_boundary, anywhere = boundary_distances(found.polygons(), pieces, seed=0)
    assert on_boundary == pytest.approx(0.5)
    # The mean of |x - 1/4| over [0, 1].
    assert anywhere == pytest.approx((0.25**2 + 0.75**2) / 2.0, abs=0.01)


def test_owner_of_a_piece_of_boundary_has_its_middle_inside():
    found = _found()
    pieces = class_polygons(found)
    middles = pieces.segments.mean(axis=1)
    bits = found.pattern_bits(segment_owners(pieces))
    layer = found.network.layers[0]
    assert len(middles) > 3
    assert ((middles @ layer.weight.T + layer.bias > 0.0) == bits).all()
