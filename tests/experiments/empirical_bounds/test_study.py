"""Parity constraints by programs against lists, and the smoke run."""

import numpy as np
import pytest

import regions
from experiments import empirical_bounds
from experiments.empirical_bounds.programs import PatternProgram, met_patterns
from experiments.empirical_bounds.study import enlarged_digits
from experiments.measures.parity_bound import pattern_codes, rounds_survived
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network


@pytest.mark.parametrize("size", [2, 3])
def test_programs_find_what_lists_hold(size):
    network = random_network(np.random.default_rng(4), 3, [4, 3])
    box = regions.Box.cube(3)
    listed = regions.enumerate_regions(network, box)
    codes = pattern_codes(listed.pattern_bits(np.arange(len(listed))))
    by_list = rounds_survived(codes, 7, size, 6, np.random.default_rng(size))
    met = met_patterns(network, box, 30, np.random.default_rng(0))
    assert 0 < len(met) < len(codes)
    assert np.isin(met, codes).all()
    # The same numbers give the same constraints, and these the same answers.
    for known in (met, met[:0]):
        rng, find = np.random.default_rng(size), PatternProgram(network, box).find
        assert (rounds_survived(known, 7, size, 6, rng, find) == by_list).all()


def test_a_pattern_that_is_nowhere_is_not_found():
    network = regions.ReluNetwork.from_arrays(
        [[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 1.0], None]
    )
    program = PatternProgram(network, regions.Box([-2.0], [2.0]))
    # The first unit is on where the second is.
    assert program.find([(np.array([0]), 1), (np.array([1]), 0)]) is None
    found = program.find([(np.array([0]), 0), (np.array([1]), 1)])
    assert found is not None
    assert found.tolist() == [0, 1]


def test_smoke_run_says_no_more_than_the_count(tmp_path_factory):
    _, summary = run_smoke(empirical_bounds.NAME, tmp_path_factory)
    (row,) = summary["table"]
    assert row["at least"] <= row["whole space"] <= row["upper bound"]
    assert max(row["XOR-2"], row["XOR-5"]) <= row["whole space"]


def test_digits_are_enlarged_whole():
    images = enlarged_digits().inputs.reshape(-1, 28, 28)
    assert len(np.unique(images[0, :, 14])) <= 8
    assert (images[:, 0, 0] == images[:, 3, 3]).all()
