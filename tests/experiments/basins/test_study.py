"""Basins: the smoke run, exponents of exact laws, and what the numbers say."""

import numpy as np
import pytest

from experiments import basins
from experiments.basins.claims import basin_claims, bit_exponents
from experiments.measures.dense_memories import nearest_radius
from tests.experiments.helpers import run_smoke

CONFIG = basins.PRESETS["smoke"]


def test_no_memory_beats_the_nearest_pattern_by_more_than_ties(tmp_path_factory):
    folder, _ = run_smoke(basins.NAME, tmp_path_factory)
    radii = basins.load(CONFIG, folder).radii
    assert radii.shape == (3, 2, 2, 2)
    assert (radii[:2] <= radii[2] + 1 / 40).all()
    # One pattern for each of 40 neurons: too many for the square.
    assert (radii[0, 1, 1] == 0.0).all()
    assert (radii[1, 1, 1] > 0.0).all()


def test_the_nearest_of_two_patterns_is_right_below_half_of_their_distance():
    """Patterns that differ in 20 of 40 bits; all of a random 9 flips lie in them."""
    patterns = np.ones((2, 40), np.float32)
    patterns[1, :20] = -1.0
    shares = np.arange(1, 21) / 40.0
    radius = nearest_radius(patterns, np.random.default_rng(0), tested=2, shares=shares)
    # Fewer than ten flips never lead to the other pattern; of 40, all do.
    assert 9 / 40 <= radius < 0.5


def test_exponents_of_exact_laws_are_recovered():
    neurons = (40, 80, 160)
    shares = np.stack([np.full(3, 0.3), np.array([0.4, 0.2, 0.1])], axis=1)
    assert bit_exponents(neurons, shares) == pytest.approx([1.0, 0.0])


def _radii(seeds=40):
    radii = np.full((3, 2, 2, seeds), 0.3)
    radii[0, 1] = 0.0
    radii[2] = 0.325
    return radii


def _verdicts(radii):
    claims = basin_claims(("h^2", "exp(h)"), (0.05, 1.0), (40, 320), radii)
    return {claim.claim: claim.verdict for claim in claims}


def test_verdicts_are_what_the_numbers_say():
    found = _verdicts(_radii())
    gone = "The basins of h^2 are gone with a pattern for each neuron"
    wide = "With as many patterns exp(h) has basins at least as wide as h^2"
    less = "The basins of exp(h) shrink less than those of h^2"
    assert [found[c] for c in (gone, wide, less)] == ["confirmed"] * 3
    broken = _radii()
    broken[0, 1, 1] = 0.2
    broken[1, :, 0] = 0.1
    broken[1, 1, 1] = 0.15
    found = _verdicts(broken)
    assert [found[c] for c in (gone, wide, less)] == ["refuted"] * 3
