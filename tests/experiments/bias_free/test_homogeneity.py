"""Rays: homogeneous networks pass, others do not; least errors by integrals."""

import numpy as np
import pytest

import regions
from experiments.bias_free.homogeneity import compare_rays, ray_bound
from tests.helpers import random_network
from training.datasets import ring_image


def test_only_networks_without_biases_are_the_same_along_rays():
    points = np.random.default_rng(0).normal(size=(100, 3))
    network = random_network(np.random.default_rng(1), 3, [6, 5])
    free = regions.ReluNetwork.from_arrays([a.weight for a in network.layers], None)
    found = compare_rays(free, points)
    assert (found.codes, found.outputs, found.pairs) == (0, 0.0, 600)
    found = compare_rays(network, points)
    assert found.codes > 0
    assert found.outputs > 0.01


@pytest.mark.parametrize("origin", [(0.0, 0.0), (0.5, 0.5), (0.3, 1.0)])
def test_a_white_square_leaves_a_ninth(origin):
    # On a ray of length R: R^2 / 2 - (R^3 / 3)^2 / (R^4 / 4) = R^2 / 18.
    white = np.full((8, 8), 255, np.uint8)
    assert ray_bound(white, origin) == pytest.approx(1.0 / 9.0, rel=2e-3)


def test_the_ring_about_the_center_has_the_error_of_its_integrals():
    # White but for a ring of radii a to b: per angle with g = 1 outside [a, b].
    a, b = 0.21875, 0.25
    angles = (np.arange(20_000) + 0.5) * np.pi / 4.0 / 20_000
    R = 0.5 / np.cos(angles)
    squares = R**2 / 2.0 - (b**2 - a**2) / 2.0
    mixed = R**3 / 3.0 - (b**3 - a**3) / 3.0
    wanted = 2.0 * np.pi * (squares - mixed**2 / (R**4 / 4.0)).mean()
    assert ray_bound(ring_image(1024), (0.5, 0.5)) == pytest.approx(wanted, rel=5e-3)
    assert wanted > 0.1


def test_an_origin_outside_is_refused():
    with pytest.raises(ValueError, match="unit square"):
        ray_bound(ring_image(16), (1.5, 0.0))
