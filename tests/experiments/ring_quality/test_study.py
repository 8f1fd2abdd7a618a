"""Rings from several seeds: every number against one computed another way."""

import json

import numpy as np
import pytest

import regions
from experiments import ring_quality
from experiments.measures.seed_networks import initial_networks, seed_networks
from experiments.measures.unit_square import sample_image
from experiments.ring_quality import study
from experiments.running.claims import RATE
from tests.experiments.helpers import run_smoke
from training.ensemble import ensemble_snapshots
from training.progress import quiet
from training.snapshots import read_metrics

CONFIG = ring_quality.PRESETS["smoke"]
SQUARE = regions.Box([0.0, 0.0], [1.0, 1.0])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(ring_quality.NAME, tmp_path_factory)


def test_errors_are_those_of_the_last_snapshot_on_all_pixels(finished):
    folder, summary = finished
    (*_, (epoch, params)) = ensemble_snapshots(CONFIG.training, CONFIG.seeds, folder)
    assert epoch == CONFIG.training.epochs
    image, _ = sample_image(CONFIG.data)
    rows, columns = np.mgrid[:64, :64] / 64
    points = np.stack([columns.ravel(), rows.ravel()], axis=1)
    target = image.ravel() / 255.0
    networks = seed_networks(params, CONFIG.training)
    for network, row in zip(networks, summary["table"], strict=True):
        assert network is not None
        output = network(points)[:, 0]
        assert row["mse"] == pytest.approx(((output - target) ** 2).mean(), rel=1e-9)
        right = (output > 0.5) == (target > 0.5)
        assert row["accuracy"] == pytest.approx(right.mean())
        losses = read_metrics(folder / f"metrics/seed-{row['seed']}.csv", epoch)
        assert row["train_loss"] == pytest.approx(float(losses[-1, 0]))


def test_counts_are_those_of_another_engine(finished):
    _, summary = finished
    for network, row in zip(
        initial_networks(CONFIG.training, CONFIG.seeds), summary["table"], strict=True
    ):
        count = regions.count_regions(network, SQUARE, method="tree")
        assert row["exact_before"] == int(count)
        assert row["grid_before"] <= row["exact_before"]
        assert row["grid_after"] <= row["exact_after"]
        assert row["grid_only"] == 0


def test_few_seeds_give_no_verdict(finished):
    _, summary = finished
    verdicts = {claim["verdict"] for claim in summary["claims"] if claim["seeds"]}
    assert verdicts == {"undecided"}
    assert summary["not_learned"] == []


def test_finished_stages_are_not_repeated(finished, monkeypatch):
    folder, summary = finished
    monkeypatch.setattr(
        regions, "hash_grid", lambda *_: pytest.fail("measured a second time")
    )
    again = ring_quality.run(CONFIG, folder, quiet)
    assert json.loads(json.dumps(again)) == summary


@pytest.mark.parametrize("when", [("training", 20), ("measuring the networks", 1)])
def test_an_interrupted_run_goes_on_to_the_same_numbers(finished, tmp_path, when):
    folder, summary = finished

    def stop(done: int, total: int, message: str) -> None:
        if (message, done) == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ring_quality.run(CONFIG, tmp_path, stop)
    assert not (tmp_path / "summary.json").exists()
    ring_quality.run(CONFIG, tmp_path, quiet)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    for seed in CONFIG.seeds:
        files = [run / f"metrics/seed-{seed}.csv" for run in (tmp_path, folder)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_seeds_are_enough_to_pass_and_to_fail_eight_of_ten():
    seeds = len(study.Config().seeds)
    # A verdict takes a p-value of a half of `RATE`.
    assert 0.8**10 > RATE / 2.0 > 0.8**seeds > 0.2**seeds
