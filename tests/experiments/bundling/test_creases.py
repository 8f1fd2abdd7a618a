"""Creases as points of the strip, and their statistics by hand and brute force."""

import numpy as np
import pytest

import regions
from experiments.bundling.creases import (
    effective_number,
    measure_bunching,
    nearest_distances,
    network_creases,
    pair_counts,
    rayleigh,
    rayleigh_p,
)


def _network(weight, bias) -> regions.ReluNetwork:
    units = len(weight)
    return regions.ReluNetwork.from_arrays(
        [np.array(weight, float), np.ones((1, units))],
        [np.array(bias, float), np.zeros(1)],
    )


def _random(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(size=count), rng.uniform(-0.6, 0.6, count)


def _brute(turns, offsets) -> np.ndarray:
    """Distances of all pairs, over the three images of the second."""
    images = [(turns, offsets), (turns - 1.0, -offsets), (turns + 1.0, -offsets)]
    pairs = [
        np.hypot(turns[:, None] - u[None], offsets[:, None] - v[None])
        for u, v in images
    ]
    closest = np.min(pairs, axis=0)
    np.fill_diagonal(closest, np.inf)
    return closest


def test_lines_have_their_direction_offset_and_place():
    # x = 0.7, y = 0.2 with either sign, x + y = 3, and a unit without weights.
    network = _network(
        [[2.0, 0.0], [0.0, -5.0], [0.0, 5.0], [1.0, 1.0], [0.0, 0.0]],
        [-1.4, 1.0, -1.0, -3.0, 1.0],
    )
    found = network_creases(network)
    np.testing.assert_allclose(found.turns, [0.0, 0.5, 0.5, 0.25], atol=1e-12)
    np.testing.assert_allclose(found.offsets, [0.2, -0.3, -0.3, np.sqrt(2.0)])
    assert found.meets.tolist() == [True, True, True, False]
    moved = network_creases(network, (2.0, 1.0))
    np.testing.assert_allclose(moved.offsets[3], -1.0 / np.sqrt(2.0))


def test_creases_that_meet_the_square_are_those_that_enumeration_sees():
    rng = np.random.default_rng(0)
    network = _network(rng.normal(size=(12, 2)), rng.normal(0.0, 0.5, 12))
    meets = network_creases(network).meets
    bits = regions.enumerate_regions(
        network, regions.Box([0.0, 0.0], [1.0, 1.0])
    ).pattern_bits()
    changing = bits.any(axis=0) & ~bits.all(axis=0)
    assert 2 < meets.sum() < 12
    assert (changing == meets).all()


def test_distances_and_pairs_are_those_of_all_pairs():
    turns, offsets = _random(60, 1)
    closest = _brute(turns, offsets)
    np.testing.assert_allclose(nearest_distances(turns, offsets), closest.min(axis=1))
    radii = np.array([0.02, 0.1, 0.3])
    expected = [(closest <= radius).sum() for radius in radii]
    assert pair_counts(turns, offsets, radii).tolist() == expected


def test_a_line_and_itself_turned_by_half_are_near():
    turns, offsets = np.array([0.001, 0.999]), np.array([0.4, -0.4])
    assert nearest_distances(turns, offsets) == pytest.approx([0.002, 0.002])


def test_effective_number_of_three_bundles_of_four_is_three():
    turns = np.repeat([0.001, 0.4, 0.7], 4) + np.tile([0.0, 1e-3, 2e-3, 3e-3], 3)
    offsets = np.repeat([0.1, 0.2, -0.3], 4)
    assert effective_number(turns, offsets, 0.0015) == pytest.approx(3.0)
    assert effective_number(turns, offsets, 1e-4) == pytest.approx(12.0)


def test_rayleigh_sees_one_direction_and_not_close_pairs():
    assert rayleigh(np.full(9, 0.3)) == pytest.approx(np.ones(8))
    # Pairs of equal creases all around: bundles without a preferred direction.
    turns = np.repeat(np.arange(25) / 25.0, 2)
    assert rayleigh(turns).max() < 1e-12
    assert rayleigh_p(turns) == 1.0
    assert rayleigh_p(np.full(50, 0.2)) < 1e-10
    found = measure_bunching(
        network_creases(
            _network(
                np.stack([np.cos(np.pi * turns), np.sin(np.pi * turns)], axis=1),
                -0.5 * (np.cos(np.pi * turns) + np.sin(np.pi * turns))
                - np.repeat(np.linspace(-0.4, 0.4, 25), 2)
                - np.tile([0.0, 1e-4], 25),
            )
        ),
        np.array([0.01]),
        reach=0.01,
        draws=99,
        rng=np.random.default_rng(0),
    )
    assert found.creases == 50
    assert found.ratio < 0.05
    assert found.p_value == pytest.approx(0.01)
    assert found.effective == pytest.approx(0.5)
    assert found.pairs[0] > 5.0


def test_random_creases_do_not_bunch():
    rng = np.random.default_rng(5)
    angles, offsets = rng.uniform(0.0, 2.0 * np.pi, 200), rng.uniform(-0.5, 0.5, 200)
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    network = _network(normals, -normals @ [0.5, 0.5] - offsets)
    found = measure_bunching(
        network_creases(network),
        np.array([0.1]),
        reach=0.01,
        draws=99,
        rng=np.random.default_rng(0),
    )
    assert 0.85 < found.ratio < 1.15
    assert found.p_value > 0.05
    assert found.pairs[0] == pytest.approx(1.0, abs=0.1)


def test_one_crease_is_refused():
    with pytest.raises(ValueError, match="1 creases meet"):
        measure_bunching(
            network_creases(_network([[1.0, 0.0]], [-0.5])),
            np.array([0.1]),
            reach=0.01,
            draws=3,
            rng=np.random.default_rng(0),
        )
