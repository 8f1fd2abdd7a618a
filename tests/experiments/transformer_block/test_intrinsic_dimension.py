"""Dimensions of sets whose dimension is known."""

import numpy as np
import pytest

from experiments.transformer_block.intrinsic_dimension import (
    participation_dimension,
    two_neighbor_dimension,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_uniform_points_of_a_subspace_have_its_dimension(dim):
    frame = np.linalg.qr(RNG.standard_normal((10, dim)))[0]
    points = RNG.random((1500, dim)) @ frame.T
    assert two_neighbor_dimension(points) == pytest.approx(dim, rel=0.1)
    assert participation_dimension(points) == pytest.approx(dim, rel=0.05)


def test_a_bent_line_is_one_dimensional_to_neighbors_only():
    angle = 2.0 * np.pi * RNG.random(800)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert two_neighbor_dimension(circle) == pytest.approx(1.0, rel=0.1)
    assert participation_dimension(circle) == pytest.approx(2.0, rel=0.05)


def test_repeated_points_count_once():
    points = RNG.random((300, 2))
    twice = np.concatenate([points, points[:100]])
    assert two_neighbor_dimension(twice) == two_neighbor_dimension(points)
    with pytest.raises(ValueError, match="2 distinct points are given"):
        two_neighbor_dimension(np.array([[0.0], [1.0], [1.0]]))
