"""Adapters in many dimensions: tasks, lines, and what the numbers say."""

import dataclasses

import numpy as np
import pytest

import regions
from experiments import lora_digits
from experiments.lora_digits.claims import Tunings, tuning_claims
from experiments.lora_digits.compared import compare_networks, new_task
from experiments.lora_digits.study import Probe
from tests.experiments.helpers import run_smoke
from training.labeled import Labeled

CONFIG = lora_digits.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(lora_digits.NAME, tmp_path_factory)


def test_the_last_layer_moves_nothing_and_the_rank_bounds_the_change(finished):
    folder, summary = finished
    result = lora_digits.load(CONFIG, folder)
    numbers = result.tunings.numbers
    last = CONFIG.methods.index("last_layer")
    assert (numbers["jaccard"][last] == 1.0).all()
    assert (numbers["points"][last] == 0.0).all()
    assert (numbers["rank_1"][1] <= 1).all()
    assert numbers["rank_1"][0].max() > 1
    for suffix in ("", "0", "1", "2"):
        assert result.line[f"lengths{suffix}"].sum() == pytest.approx(1.0)
    assert (result.line["differ"] == 0.0).all()
    assert (result.line[f"differ{last}"] == 0.0).all()
    assert 0.0 < result.line["differ0"].mean() < 1.0
    assert summary["claims"][0]["verdict"] == "confirmed"


def test_moved_digits_are_a_row_lower_and_shuffled_ones_a_permutation():
    data = Labeled(np.random.default_rng(0).random((3, 64)), np.arange(3))
    moved = new_task(data, "moved", 0).inputs.reshape(3, 8, 8)
    assert (moved[:, 0] == 0.0).all()
    assert (moved[:, 1:] == data.inputs.reshape(3, 8, 8)[:, :-1]).all()
    orders = [new_task(data, "shuffled", seed).inputs for seed in (0, 0, 1)]
    assert (np.sort(orders[0], axis=1) == np.sort(data.inputs, axis=1)).all()
    assert (orders[0] == orders[1]).all()
    assert (orders[0] != orders[2]).any()


def test_lines_are_compared_with_all_their_regions():
    """Units that step at 1/4, 1/2, 3/4 of a line; after, the last is at 7/8."""
    before, after = (
        regions.ReluNetwork.from_arrays(
            [[[1.0, 0.0]] * 3, [[1.0, 1.0, 1.0]]], [[-0.25, -0.5, -last], [0.0]]
        )
        for last in (0.75, 0.4)
    )
    points = Labeled(np.array([[0.45, 0.0], [0.1, 0.0]]), np.zeros(2, np.int64))
    probe = Probe(points, points, np.array([[[0.0, 0.0], [1.0, 0.0]]]))
    found = compare_networks(before, after, probe)
    assert (found["regions_before"], found["regions_after"]) == (4.0, 4.0)
    # 000, 100, 110, 111 before and 000, 100, 101, 111 after.
    assert found["jaccard"] == 3 / 5
    assert (found["points"], found["bits"]) == (1 / 2, 1 / 6)
    assert (found["rank_0"], found["rank_1"], found["distance"]) == (0, 0, 0.35)


def _tunings(seeds=14):
    methods, shape = ("full", "lora-1", "lora-4"), (3, 2, 2, seeds)
    one = np.ones(shape)
    bits = np.array([0.2, 0.05, 0.1])[:, None, None, None] * one
    numbers = {
        "reached": one.copy(),
        "regions_before": 100.0 * one,
        "regions_after": 105.0 * one,
        "jaccard": 0.1 * one,
        "bits": bits,
        "points": 0.9 * one,
        "old_before": one,
        "old_after": 0.5 * one,
        "rank_0": one.copy(),
    }
    final = np.full((3, 2, seeds), 0.01)
    final[1, 1] = 0.5
    return Tunings(methods, ("loss", "distance"), numbers, final)


def _verdicts(tunings):
    return {claim.claim: claim.verdict for claim in tuning_claims(tunings)}


def test_verdicts_are_what_the_numbers_say():
    tunings = _tunings()
    found = _verdicts(tunings)
    assert found["On the near task lora-1 does as well as tuning everything"] == (
        "confirmed"
    )
    assert found["The farther the task, the more lora-1 falls behind"] == "confirmed"
    assert found["lora-1 keeps the number of regions, near task"] == "confirmed"
    assert found["lora-1 keeps the regions themselves, near task"] == "refuted"
    assert found["lora-1 leaves old digits in their regions, near task"] == "refuted"
    assert next(v for c, v in found.items() if c.startswith("The lower")) == "confirmed"
    less = "lora-1 changes the partition less than full tuning, far task, at the same "
    assert found[less + "distance"] == "confirmed"
    assert found["lora-1 forgets: far task"] == "confirmed"
    tunings.numbers["rank_0"][1, 0, 0, 3] = 2.0
    tunings.numbers["jaccard"][:] = 0.95
    tunings.numbers["bits"][1] = 0.3
    found = _verdicts(tunings)
    assert found["lora-1 keeps the regions themselves, near task"] == "confirmed"
    for start in ("LoRA moves", "The lower", less):
        assert next(v for c, v in found.items() if c.startswith(start)) == "refuted"


def test_networks_that_reached_nothing_make_no_claim():
    tunings = _tunings()
    tunings.numbers["reached"][1, 1, 0] = 0.0
    found = _verdicts(tunings)
    assert "lora-1 forgets: far task" not in found
    assert "lora-1 forgets: near task" in found


def test_full_tuning_comes_first():
    with pytest.raises(ValueError, match="`full` is required"):
        dataclasses.replace(CONFIG, methods=("lora-1", "full"))
