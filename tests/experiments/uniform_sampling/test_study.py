"""Exact counts against what points meet."""

import numpy as np
import pytest

import regions
from experiments import uniform_sampling
from experiments.uniform_sampling.study import patterns_met, random_network
from tests.experiments.helpers import run_smoke

SMOKE = uniform_sampling.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(uniform_sampling.NAME, tmp_path_factory)


def test_no_more_is_found_than_there_is(finished):
    folder, _ = finished
    result = uniform_sampling.load(SMOKE, folder)
    assert result.shares.shape == (2, 2, 2)
    assert (result.shares <= 1.0).all()
    assert (np.diff(result.shares, axis=2) >= 0.0).all()


def test_volumes_fill_the_box_and_large_regions_are_met(finished):
    folder, _ = finished
    table = uniform_sampling.load(SMOKE, folder).volumes[2]
    np.testing.assert_allclose(table[:, 0].sum(), SMOKE.seeds, rtol=1e-9)
    assert table[table[:, 0] > 0.02, 1].all()
    assert not table[:, 1].all()


def test_patterns_met_are_those_of_regions():
    network = random_network(2, 5, 0)
    found = regions.enumerate_regions(network, regions.Box.cube(2))
    names = patterns_met(network, 500, 1)
    kind = np.dtype((np.void, found.patterns.shape[1]))
    listed = set(np.ascontiguousarray(found.patterns).view(kind).ravel().tolist())
    assert set(names.tolist()) <= listed
