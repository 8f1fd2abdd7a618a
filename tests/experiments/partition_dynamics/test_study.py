"""A run that follows its partitions, against its own snapshots."""

import dataclasses

import pytest

import regions
from experiments import partition_dynamics
from experiments.measures.partition_history import freeze_ratio
from experiments.measures.resettling import spike_contrasts
from experiments.measures.seed_networks import initial_networks, snapshot_networks
from experiments.partition_dynamics.claims import dynamics_claims
from tests.experiments.helpers import run_smoke

CONFIG = partition_dynamics.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(partition_dynamics.NAME, tmp_path_factory)


def test_histories_are_those_of_the_snapshots(finished):
    folder, _ = finished
    result = partition_dynamics.load(CONFIG, folder)
    epochs, snapshots = snapshot_networks(CONFIG.training, CONFIG.seeds, folder / "all")
    assert epochs.tolist() == result.epochs.tolist() == [0, 20, 40, 60]
    square = regions.Box([0.0, 0.0], [1.0, 1.0])
    for networks, history in zip(snapshots, result.histories, strict=True):
        counts = [
            int(regions.count_regions(n, square, method="tree")) for n in networks
        ]
        assert history["regions"].tolist() == counts


def test_parts_that_do_not_move_leave_their_trace(finished):
    folder, summary = finished
    assert {row["jaccard"] for row in summary["ablations"]["last_layer"]} == {1.0}
    assert {row["grid_points"] for row in summary["ablations"]["last_layer"]} == {0.0}
    assert all(row["grid_points"] > 0.0 for row in summary["ablations"]["all"])
    starts = initial_networks(CONFIG.training, CONFIG.seeds)
    training = dataclasses.replace(
        CONFIG.training,
        optimizer=dataclasses.replace(
            CONFIG.training.optimizer, trained="first_biases"
        ),
        epochs=CONFIG.ablation_epochs,
    )
    _, ends = snapshot_networks(training, CONFIG.seeds, folder / "first_biases")
    for start, (_, end) in zip(starts, ends, strict=True):
        for k, (a, b) in enumerate(zip(start.layers, end.layers, strict=True)):
            assert (a.weight == b.weight).all()
            assert (a.bias == b.bias).all() == (k > 0)


def test_last_layer_claim_is_exact(finished):
    _, summary = finished
    (claim,) = [c for c in summary["claims"] if c["claim"].startswith("Training the l")]
    assert (claim["value"], claim["seeds"], claim["verdict"]) == (0.0, 0, "confirmed")


def test_ratios_take_what_never_freezes_to_the_end():
    row = {"epochs": 100, "weights_freeze": None, "data_freeze": 20.0}
    assert freeze_ratio(row, "data") == 5.0
    assert freeze_ratio(row | {"data_freeze": None}, "data") == 1.0


def test_contrasts_leave_out_seeds_without_spikes():
    table = [
        {"spikes": []},
        {
            "spikes": [
                {"distance": 0.2, "quiet": 0.1},
                {"distance": 0.4, "quiet": 0.1},
                {"distance": 0.4, "quiet": None},
            ]
        },
    ]
    assert spike_contrasts(table) == [3.0]


def test_verdicts_are_what_the_numbers_say():
    spike = {"distance": 0.3, "quiet": 0.1}
    rows = [
        {
            "partition_share": 0.3,
            "near_edges_before": 0.1,
            "near_edges_after": 0.2,
            "epochs": 100,
            "data_freeze": 20.0,
            "grid_freeze": None,
            "weights_freeze": None,
            "spikes": [spike] * seed,
        }
        for seed in range(12)
    ]
    part = {"mse": 0.05, "jaccard": 1.0}
    ablations = {
        "all": [{"mse": 0.01, "jaccard": 0.2}] * 12,
        "last_layer": [part] * 12,
        "first_biases": [part | {"mse": 0.02}] * 12,
    }
    claims = dynamics_claims(rows, ablations, 0.05)
    assert [claim.verdict for claim in claims] == [
        "confirmed",
        "confirmed",
        "confirmed",
        "refuted",
        "confirmed",
        "refuted",
        "refuted",
        "confirmed",
        "confirmed",
        "confirmed",
    ]
    assert claims[-1].seeds == 11
    assert claims[-1].value == pytest.approx(3.0)


def test_ablation_must_end_at_a_snapshot():
    with pytest.raises(ValueError, match="a multiple of 20"):
        dataclasses.replace(CONFIG, ablation_epochs=30)
