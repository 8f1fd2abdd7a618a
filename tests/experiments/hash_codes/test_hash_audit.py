"""Audits of hashes: collisions made on purpose are found and counted."""

import itertools

import numpy as np
import pytest

from experiments.hash_codes.hash_audit import (
    colliding_pairs,
    distinct_patterns,
    expected_pairs,
    pattern_hashes,
    shared_maps,
)
from regions.domains.shapes import Box
from regions.grid.hash_grid import hash_grid
from regions.patterns.kernel import pack_bits, random_hash_words
from tests.helpers import random_network


def test_hashes_are_sums_of_words_modulo_two_to_the_32():
    bits = np.random.default_rng(0).random((20, 37)) < 0.5
    words = random_hash_words(37).astype(object)
    found = pattern_hashes(pack_bits(bits), 37)
    for row, value in zip(bits, found.tolist(), strict=True):
        high, low = (int(words[row, lane].sum()) % 2**32 for lane in (0, 1))
        assert value == (high << 32) | low


def test_pairs_are_those_of_the_kept_high_bits():
    hashes = np.array([1, 2, 3, 2**63, 2**63 + 5, 2**62], np.uint64)
    for length in (1, 2, 62, 64):
        wanted = sum(
            a >> (64 - length) == b >> (64 - length)
            for a, b in itertools.combinations(hashes.tolist(), 2)
        )
        assert colliding_pairs(hashes, length) == wanted
    assert colliding_pairs(np.array([7, 7, 7], np.uint64), 64) == 3


def test_random_numbers_collide_as_expected():
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**64, 4000, dtype=np.uint64)
    assert colliding_pairs(hashes, 10) == pytest.approx(
        expected_pairs(4000, 10), rel=0.05
    )


def test_a_weak_hash_collides_and_the_grid_keeps_the_patterns_apart():
    network = random_network(np.random.default_rng(2), 2, [6])
    box = Box.cube(2, 1.0)
    weak = np.ones((6, 2), np.uint32)
    found = hash_grid(network, box, 64, labels=False, hash_words=weak)
    patterns, repeated = distinct_patterns(found)
    assert found.collisions > 0
    assert repeated == 0
    strong = hash_grid(network, box, 64, labels=False)
    assert len(patterns) == len(strong.patterns)


def test_shared_maps_are_codes_whose_number_repeats():
    assert shared_maps(np.array([0, 1, 2])) == 0
    assert shared_maps(np.array([0, 1, 0, 2, 1, 1])) == 5
