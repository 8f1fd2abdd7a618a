"""Packings against optima that are known."""

import jax
import numpy as np
import pytest

from training.packings import pack_vectors


def test_six_lines_in_space_reach_the_icosahedron():
    keys = jax.random.split(jax.random.key(0), 4)
    start, end = pack_vectors(keys, count=6, dim=3, steps=600)
    assert np.linalg.norm(np.asarray(end), axis=2) == pytest.approx(1.0, abs=1e-5)
    largest = [
        np.abs(one @ one.T)[np.tril_indices(6, -1)].max() for one in np.asarray(end)
    ]
    # The optimum is 1 / sqrt(5), of the diagonals of the icosahedron.
    assert min(largest) == pytest.approx(5.0**-0.5, abs=2e-3)
    assert min(largest) >= 5.0**-0.5 - 1e-5
    assert not np.allclose(np.asarray(start), np.asarray(end))


def test_lines_of_the_plane_spread_evenly():
    keys = jax.random.split(jax.random.key(1), 2)
    _, end = pack_vectors(keys, count=4, dim=2, steps=600)
    for one in np.asarray(end):
        angles = np.sort(np.arctan2(one[:, 1], one[:, 0]) % np.pi)
        gaps = np.diff([*angles, angles[0] + np.pi])
        assert gaps == pytest.approx(np.pi / 4, abs=0.03)
