"""Local complexity against patterns, distances and hand counts."""

import numpy as np
import pytest

import regions
from regions.partition.local_complexity import (
    boundary_density,
    cross_polytope_complexity,
    orthonormal_frame,
)
from tests.helpers import random_network


def test_frame_is_orthonormal_and_no_larger_than_the_space():
    frame = orthonormal_frame(7, 4, np.random.default_rng(0))
    np.testing.assert_allclose(frame @ frame.T, np.eye(4), atol=1e-12)
    with pytest.raises(ValueError, match="orthonormal"):
        orthonormal_frame(3, 4, np.random.default_rng(0))


@pytest.mark.parametrize("radius", [0.01, 0.3, 2.0])
def test_zero_exactly_where_all_corners_have_one_pattern(radius):
    rng = np.random.default_rng(1)
    network = random_network(rng, 3, [6, 5])
    points, frame = rng.standard_normal((50, 3)), orthonormal_frame(3, 3, rng)
    found = cross_polytope_complexity(network, points, frame, radius)
    for point, counts in zip(points, found, strict=True):
        corners = point + radius * np.concatenate([frame, -frame])
        patterns = network.patterns(corners)
        assert (counts.sum() == 0) == (patterns == patterns[0]).all()
        changes = (patterns != patterns[0]).any(axis=0)
        assert counts.tolist() == [changes[:6].sum(), changes[6:].sum()]


def test_first_layer_is_at_most_the_hyperplanes_within_the_radius():
    rng = np.random.default_rng(2)
    network = random_network(rng, 4, [30])
    points, frame = rng.standard_normal((40, 4)), orthonormal_frame(4, 4, rng)
    layer = network.hidden[0]
    distances = np.abs(points @ layer.weight.T + layer.bias) / np.linalg.norm(
        layer.weight, axis=1
    )
    for radius in (0.1, 0.5):
        within = (distances <= radius).sum(axis=1)
        found = cross_polytope_complexity(network, points, frame, radius)[:, 0]
        assert (found <= within).all()
        # Of the two sides of a hyperplane the density knows only the distance.
        np.testing.assert_allclose(
            boundary_density(network, points, radius), within / (2.0 * radius)
        )


def test_evenly_spaced_breakpoints_have_their_density():
    # Ten breakpoints per unit of length on a line.
    breaks = (np.arange(100) + 0.5) / 10.0
    network = regions.ReluNetwork.from_arrays(
        [np.ones((100, 1)), np.ones((1, 100))], [-breaks, None]
    )
    points = np.linspace(2.0, 8.0, 61)[:, None]
    np.testing.assert_allclose(boundary_density(network, points, 0.5), 10.0)
    ends = cross_polytope_complexity(network, points, np.eye(1), 0.5)
    assert (ends == 10).all()


def test_no_density_within_no_distance():
    network = random_network(np.random.default_rng(0), 2, [3])
    with pytest.raises(ValueError, match="`radius`"):
        boundary_density(network, np.zeros((1, 2)), 0.0)
