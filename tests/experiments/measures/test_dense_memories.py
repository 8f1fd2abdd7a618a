"""Dense associative memories against energies written out and the Hopfield network."""

import numpy as np
import pytest

from experiments.hopfield.study import hebbian_couplings
from experiments.measures import dense_memories as measured
from experiments.measures.dense_memories import Energy

ENERGIES = [
    Energy("power", 2),
    Energy("power", 3),
    Energy("power", 4),
    Energy("rectified", 3),
    Energy("exp", 0),
]


def _patterns(count, neurons, seed=0):
    return measured.random_patterns(count, neurons, np.random.default_rng(seed))


@pytest.mark.parametrize("energy", ENERGIES, ids=lambda energy: energy.label)
def test_fields_are_differences_of_the_energy(energy):
    patterns, states = _patterns(7, 9), _patterns(4, 9, seed=1)

    def total(state):
        return -energy((patterns @ state).astype(np.float64)).sum()

    found = measured.local_fields(energy, patterns, states)
    for s, state in enumerate(states):
        for i in range(9):
            up, down = state.copy(), state.copy()
            up[i], down[i] = 1.0, -1.0
            assert found[s, i] == pytest.approx(total(down) - total(up), rel=1e-9)


def test_square_is_the_hopfield_network_without_self_coupling():
    patterns, states = _patterns(6, 20), _patterns(5, 20, seed=1)
    found = measured.local_fields(Energy("power", 2), patterns, states)
    couplings = hebbian_couplings(patterns.astype(np.float64))
    assert found == pytest.approx(4.0 * 20 * states @ couplings)


def test_settled_states_want_no_change_and_held_neurons_keep_theirs():
    patterns, states = _patterns(3, 40), _patterns(10, 40, seed=1)
    energy = Energy("power", 3)
    # From random states parallel updates may alternate; near patterns they rest.
    near = patterns * np.where(np.arange(40) < 6, -1.0, 1.0).astype(np.float32)
    ends = measured.settle_in_parallel(energy, patterns, near)
    assert (ends * measured.local_fields(energy, patterns, ends) >= 0.0).all()
    held = measured.settle_in_parallel(energy, patterns, states, free=slice(20, 40))
    assert (held[:, :20] == states[:, :20]).all()
    assert (held[:, 20:] != states[:, 20:]).any()


def test_capacity_is_where_one_bit_in_a_hundred_is_wrong():
    energy, neurons = Energy("power", 2), 60
    found = np.median(
        [
            measured.capacity(energy, neurons, np.random.default_rng(seed))
            for seed in range(5)
        ]
    )

    def error(count):
        return np.mean(
            [
                measured.bit_error(
                    energy,
                    _patterns(count, neurons, seed=100 + seed),
                    tested=count,
                    updates=measured.UPDATES,
                )
                for seed in range(30)
            ]
        )

    assert error(round(0.6 * found)) < measured.ALLOWED < error(round(1.7 * found))


@pytest.mark.parametrize("degree", [2, 3])
def test_one_step_capacity_is_near_the_formula(degree):
    neurons = {2: 300, 3: 80}[degree]
    energy = Energy("power", degree)
    found = [
        measured.capacity(energy, neurons, np.random.default_rng(seed), updates=1)
        for seed in range(5)
    ]
    law = measured.one_step_capacity(degree, neurons)
    assert np.mean(found) == pytest.approx(law, rel=0.2)


def test_formula_has_the_double_factorials():
    squares = 2.3263479**2
    assert measured.one_step_capacity(2, 100) == pytest.approx(100 / squares)
    assert measured.one_step_capacity(3, 100) == pytest.approx(100**2 / 3 / squares)
    assert measured.one_step_capacity(4, 100) == pytest.approx(100**3 / 15 / squares)


def test_capacity_says_when_it_gives_up():
    with pytest.raises(RuntimeError, match="64 patterns of 40 neurons are stored"):
        measured.capacity(Energy("exp", 0), 40, np.random.default_rng(0), most=64)


def test_basins_of_one_pattern_reach_half_and_shrink_with_load():
    energy, shares = Energy("rectified", 3), np.arange(1, 21) / 40.0
    rng = np.random.default_rng(4)
    wide = measured.basin_radius(
        energy, _patterns(1, 40), rng, tested=50, shares=shares
    )
    # From fewer than half of the bits flipped, the one pattern is the only attractor.
    assert wide >= 0.475
    narrow = measured.basin_radius(
        energy, _patterns(400, 40), rng, tested=50, shares=shares
    )
    assert narrow < 0.1


def test_exponential_completes_with_the_nearest_pattern():
    patterns, images = _patterns(30, 24), _patterns(20, 24, seed=1)
    free = slice(12, 24)
    blank = np.ones(12, np.float32)
    found = measured.completion(Energy("exp", 0), patterns, patterns, free, blank)
    assert found > 0.95
    nearest = patterns[(images[:, :12] @ patterns[:, :12].T).argmax(axis=1)]
    expected = (nearest[:, 12:] == images[:, 12:]).mean()
    other = measured.completion(Energy("exp", 0), patterns, images, free, blank)
    assert other == pytest.approx(expected, abs=0.15)
