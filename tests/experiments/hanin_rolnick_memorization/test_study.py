"""Networks that memorize: what is learned, and counts of their whole planes."""

import numpy as np
import pytest

import regions
from experiments import hanin_rolnick_memorization as memorization
from experiments.hanin_rolnick_memorization import study
from experiments.measures.digit_networks import (
    corrupted_labels,
    hanin_rolnick_config,
    train_points,
)
from regions import bounds
from tests.experiments.helpers import run_smoke
from training.labeled import load_digits
from training.progress import quiet

SMOKE = memorization.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(memorization.NAME, tmp_path_factory)


def test_base_is_one_run_in_three_sweeps(finished):
    folder, _ = finished
    result = memorization.load(SMOKE, folder)
    first, *others = (result.counts[setting] for setting in study.BASE)
    assert all((first == other).all() for other in others)
    noisy = result.counts[study.Setting("noise", 1.0)]
    # The same networks before training; other classes lead elsewhere.
    assert (noisy[0] == first[0]).all()
    assert (noisy[1] != first[1]).any()
    assert first.max() <= bounds.serra_2018_upper_bound(2, SMOKE.widths)


def test_counts_and_shares_are_those_of_the_networks_in_the_snapshots(finished):
    folder, _ = finished
    result = memorization.load(SMOKE, folder)
    sets = [study.random_points(20, seed) for seed in range(2)]
    training = hanin_rolnick_config(
        SMOKE.widths, sets[0]._replace(labels=np.arange(20) % 2), 10, snapshot_every=10
    )
    setting = study.Setting("points", 20)
    stages = train_points(
        training, sets, range(2), (0, 10), folder / setting.name, quiet
    )
    for k, stage in enumerate(stages):
        for seed, network in enumerate(stage.networks):
            box = regions.Box.cube(2, 1e4)
            count = int(regions.count_regions(network, box))
            assert result.counts[setting][k, seed] == count
            right = network(sets[seed].inputs).argmax(1) == sets[seed].labels
            assert result.fitted[setting][k, seed] == right.mean()


def test_share_of_corrupted_labels_is_as_asked():
    data = load_digits()
    assert (corrupted_labels(data, 0.0, 0) == data.labels).all()
    # A random class of ten is the right one in a tenth of the cases.
    changed = (corrupted_labels(data, 0.5, 0) != data.labels).mean()
    assert changed == pytest.approx(0.45, abs=0.04)
    assert (corrupted_labels(data, 1.0, 0) != data.labels).mean() > 0.85
