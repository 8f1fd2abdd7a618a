"""A run that splits its changes, against its own networks."""

import dataclasses

import numpy as np
import pytest

import regions
from experiments import moving_and_mapping
from experiments.moving_and_mapping import study
from experiments.moving_and_mapping.claims import moving_claims, moving_headline
from experiments.moving_and_mapping.epoch_history import epoch_networks
from tests.experiments.helpers import run_smoke
from training.two_moons import moons_box, moons_dataset

CONFIG = moving_and_mapping.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(moving_and_mapping.NAME, tmp_path_factory)


def _networks(folder, name):
    moons = [study.moons_of(CONFIG, seed) for seed in CONFIG.seeds]
    data = [moons_dataset(one, one) for one in moons]
    path = folder / f"networks-{name}.npz"
    assert path.is_file()
    networks, losses = epoch_networks(CONFIG.kinds()[name], data, CONFIG.seeds, path)
    return networks, losses, data


def test_histories_are_those_of_the_networks(finished):
    folder, _ = finished
    result = moving_and_mapping.load(CONFIG, folder)
    networks, losses, data = _networks(folder, "adam")
    assert [len(path) for path in networks] == [CONFIG.epochs + 1] * 2
    found = result.changes["adam"]
    points = np.asarray(data[1].train_inputs, np.float64)
    for epoch in (0, CONFIG.epochs - 1):
        before, after = networks[1][epoch], networks[1][epoch + 1]
        differ = before.patterns(points) != after.patterns(points)
        assert found["bits_data"][1, epoch] == pytest.approx(differ.mean())
    box = moons_box(CONFIG.margin)
    ends = [int(regions.count_regions(n, box, method="tree")) for n in networks[1][::6]]
    assert found["regions"][1].tolist() == ends
    # All points are one batch here: the loss before the first update.
    logits = networks[0][0](np.asarray(data[0].train_inputs, np.float64))
    targets = np.asarray(data[0].train_targets)
    errors = np.log(np.exp(logits).sum(1)) - (logits * targets).sum(1)
    assert errors.mean() == pytest.approx(losses[0, 0], rel=1e-5)


def test_parts_move_what_they_may(finished):
    folder, summary = finished
    for row in summary["tables"]["last_layer"]:
        assert row["changed_points"] == 0.0
        assert row["partition_share"] == 0.0
        assert row["jaccard"] == 1.0
    networks, _, _ = _networks(folder, "first_biases")
    for path in networks:
        first, last = path[0].layers, path[-1].layers
        assert all(
            (a.weight == b.weight).all() for a, b in zip(first, last, strict=True)
        )
        assert (first[0].bias != last[0].bias).any()


def test_exact_claims_need_no_seeds(finished):
    _, summary = finished
    exact = [claim for claim in summary["claims"] if claim["seeds"] == 0]
    assert [claim["verdict"] for claim in exact] == ["confirmed", "confirmed"]


def _row(**numbers):
    return {
        "loss": 0.1,
        "epochs": 100,
        "partition_share": 0.02,
        "whole_share": 0.3,
        "partition_share_data": 0.2,
        "changed_points": 4.0,
        "turned": 20.0,
        "shifted": 0.01,
        "largest_turn": 50.0,
        "jaccard": 0.1,
        "data_freeze": 10.0,
        "grid_freeze": 50.0,
        "weights_freeze": 60.0,
    } | numbers


def test_verdicts_are_what_the_numbers_say():
    still = _row(loss=0.3, changed_points=0.0, jaccard=1.0)
    tables = {
        "adam": [_row()] * 10,
        "last_layer": [still] * 9 + [_row()],
        "first_biases": [_row(loss=0.11, largest_turn=0.0)] * 10,
    }
    claims = moving_claims(tables, ("last_layer", "first_biases"))
    assert [claim.verdict for claim in claims] == [
        "confirmed",
        "refuted",
        "confirmed",
        "refuted",
        "confirmed",
        "refuted",
        "refuted",
        "confirmed",
        "confirmed",
        "refuted",
    ]
    assert "6.0 times" in moving_headline(tables)


def test_windows_run_to_the_end():
    with pytest.raises(ValueError, match="from 1 to the 6 epochs"):
        dataclasses.replace(CONFIG, windows=(1, 5))


def test_parts_need_adam():
    with pytest.raises(ValueError, match="`adam` is required"):
        dataclasses.replace(CONFIG, rates=(("momentum", 0.1),))
