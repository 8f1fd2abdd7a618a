"""Random networks against the formulas of the literature."""

import numpy as np
import pytest

import regions
from experiments import bounds_and_counts
from experiments.bounds_and_counts import study
from regions import bounds
from tests.experiments.helpers import run_smoke

SMOKE = bounds_and_counts.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(bounds_and_counts.NAME, tmp_path_factory)


def test_one_hidden_layer_counts_as_the_formulas_say(finished):
    folder, _ = finished
    result = bounds_and_counts.load(SMOKE, folder)
    assert result.shallow[4, 2].tolist() == [11, 11]
    assert result.shallow[5, 3].tolist() == [26, 26]
    assert result.central[4, 2].tolist() == [8, 8]
    assert result.central[5, 3].tolist() == [22, 22]
    assert result.counts[4,].tolist() == [11, 11]


def test_counts_are_between_one_and_every_upper_bound(finished):
    folder, summary = finished
    result = bounds_and_counts.load(SMOKE, folder)
    for widths, counts in result.counts.items():
        assert (counts > sum(widths)).all()
        assert (counts <= bounds.serra_2018_upper_bound(2, widths)).all()
    for widths, counts in result.narrow.items():
        assert (counts <= bounds.serra_2018_upper_bound(4, widths)).all()
    uppers = [c for c in summary["claims"] if c["claim"].startswith("No network")]
    assert [c["verdict"] for c in uppers] == ["confirmed"] * 3


def test_a_deep_network_may_exceed_one_layer_with_as_many_units():
    # Found by drawing: deeper is not bounded by the count of lines.
    counts = study.random_counts((8, 8), 2, 12, use_bias=True)
    assert counts.max() > bounds.zaslavsky_count(16, 2) == 137
    assert counts.max() <= bounds.serra_2018_upper_bound(2, (8, 8)) == 1369


def test_layer_of_low_rank_counts_as_its_rank():
    rng = np.random.default_rng(0)
    for units, rank, count in ((5, 2, 16), (6, 2, 22), (6, 3, 42)):
        W = rng.standard_normal((units, rank)) @ rng.standard_normal((rank, 9))
        network = regions.ReluNetwork.from_arrays(
            [W @ np.linalg.pinv(W) @ W, np.ones((1, units))],
            [rng.standard_normal(units), None],
        )
        chart = network.restrict(np.zeros(9), np.linalg.svd(W)[2][:rank])
        assert int(regions.count_regions(chart, regions.WholeSpace(rank))) == count
