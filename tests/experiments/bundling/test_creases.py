"""Creases as points of the strip, and their statistics by hand and brute force."""

import numpy as np
import pytest

import regions
from experiments.bundling.creases import (
    Creases,
    closeness,
    nearest_distances,
    network_creases,
    share_tangent,
)


def _network(weight, bias) -> regions.ReluNetwork:
    units = len(weight)
    return regions.ReluNetwork.from_arrays(
        [np.array(weight, float), np.ones((1, units))],
        [np.array(bias, float), np.zeros(1)],
    )


def _creases(turns, offsets) -> Creases:
    yes = np.ones(len(turns), bool)
    return Creases(np.asarray(turns, float), np.asarray(offsets, float), yes, yes)


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
    assert len(found.inside().turns) == 3
    assert share_tangent(found.inside(), (0.29, 0.31)) == pytest.approx(2 / 3)
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


def test_distances_are_those_of_all_pairs():
    turns, offsets = _random(60, 1)
    closest = _brute(turns, offsets)
    np.testing.assert_allclose(nearest_distances(turns, offsets), closest.min(axis=1))


def test_a_line_and_itself_turned_by_half_are_near():
    turns, offsets = np.array([0.001, 0.999]), np.array([0.4, -0.4])
    assert nearest_distances(turns, offsets) == pytest.approx([0.002, 0.002])


def test_independent_creases_are_as_close_as_others_and_pairs_are_closer():
    others = [_creases(*_random(60, seed)) for seed in range(1, 8)]
    turns, offsets = _random(60, 0)
    rng = np.random.default_rng(0)
    assert 0.8 < closeness(_creases(turns, offsets), others, draws=9, rng=rng) < 1.25
    paired = _creases(
        np.repeat(turns[:30], 2), np.repeat(offsets[:30], 2) + np.tile([0.0, 1e-4], 30)
    )
    assert closeness(paired, others, draws=9, rng=rng) < 0.05


def test_too_few_creases_are_refused():
    one = _creases([0.5], [0.1])
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="1 creases meet"):
        closeness(one, [_creases(*_random(9, 0))], draws=3, rng=rng)
    with pytest.raises(ValueError, match="and 1 of other networks"):
        closeness(_creases(*_random(9, 0)), [one], draws=3, rng=rng)
