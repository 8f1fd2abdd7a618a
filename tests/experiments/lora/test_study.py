"""Tuned networks, against second algorithms and their own files."""

import dataclasses
import math

import numpy as np
import pytest

import regions
from experiments import lora
from experiments.lora import study
from experiments.lora.claims import Tunings, lora_claims
from experiments.measures.seed_networks import seed_networks
from regions.files.writing import read_arrays
from tests.experiments.helpers import run_smoke
from training.adapters import Catch
from training.ensemble import ensemble_snapshots
from training.progress import quiet

CONFIG = lora.PRESETS["smoke"]
NOT = "refuted"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(lora.NAME, tmp_path_factory)


def _caught(folder, name, mark):
    arrays = read_arrays(folder / f"tuned-{name}.npz")
    names = [key for key in arrays if key.startswith(f"{mark}_")]
    return Catch.from_arrays(
        {key.removeprefix(f"{mark}_"): arrays[key] for key in names}
    )


def test_regions_are_those_of_the_saved_networks(finished):
    folder, _ = finished
    numbers = lora.load(CONFIG, folder).tunings.numbers
    box = regions.Box([-3.0, -3.0], [4.0, 4.0])
    *_, (_, params) = ensemble_snapshots(CONFIG.training, CONFIG.seeds, folder / "old")
    before = seed_networks(params, CONFIG.training)[1]
    # Networks of a method: tasks first, then seeds.
    assert before is not None
    after = _caught(folder, "lora-1", "distance").network(2 + 1)
    place = (1, 1, 1, 1)
    for name, network in (("regions_before", before), ("regions_after", after)):
        count = int(regions.count_regions(network, box, method="tree"))
        assert numbers[name][place] == count


def test_full_tuning_sets_the_distance(finished):
    folder, _ = finished
    numbers = lora.load(CONFIG, folder).tunings.numbers
    full = numbers["distance"][0]
    assert np.array_equal(full[:, 0], full[:, 1])
    reached = numbers["reached"][1, :, 1] > 0
    step = CONFIG.schedule.learning_rate * math.sqrt(20)
    assert (numbers["distance"][1, :, 1] >= full[:, 0])[reached].all()
    assert (numbers["distance"][1, :, 1] <= full[:, 0] + 5 * step)[reached].all()


def test_layers_of_low_rank_are_counted_by_their_formula(finished):
    _, summary = finished
    alone, based = summary["low_rank"]
    assert (alone["regions"], based["regions"]) == (1 + 4, 1 + 4 + 6 + 4)


def test_a_killed_run_goes_on_with_the_same_numbers(finished):
    folder, summary = finished
    (folder / "numbers.npz").unlink()
    again = lora.run(CONFIG, folder, quiet)
    assert again["medians"] == summary["medians"]


def _tunings(seeds=10):
    shape = (3, 2, 2, seeds)
    one = np.ones(shape)
    numbers = {
        "reached": one,
        "regions_before": 100.0 * one,
        "regions_after": 105.0 * one,
        "jaccard": np.full(shape, 0.1),
        "points_old": np.full(shape, 0.8),
        "bits_grid": np.full(shape, 0.03),
        "old_before": one,
        "old_after": 0.8 * one,
        "new_after": one,
        "rank_0": one.copy(),
        "rank_1": one.copy(),
        "rank_2": one.copy(),
    }
    numbers["jaccard"][2] = 1.0
    final = np.full((3, 2, seeds), 0.1)
    final[1, 1] = 0.9
    methods = ("full", "lora-1", "last_layer")
    moves = (study.NEAR, study.FAR)
    return Tunings(methods, moves, ("loss", "distance"), numbers, final)


def _verdict(claims, start):
    (found,) = [c.verdict for c in claims if c.claim.startswith(start)]
    return found


def test_verdicts_are_what_the_numbers_say():
    claims = lora_claims(_tunings(), [])
    for start, verdict in (
        ("LoRA moves", "confirmed"),
        ("On the near task lora-1 does as well", "confirmed"),
        ("The farther the task", "confirmed"),
        ("lora-1 keeps the number of regions, far task, at the same loss", "confirmed"),
        (
            "lora-1 keeps the regions themselves, near task, at the same l",
            "refuted",
        ),
        ("lora-1 leaves the old data in their regions, near task, at the same l", NOT),
        ("lora-1 changes few bits, near task, at the same loss", "confirmed"),
        ("lora-1 forgets: near task", "confirmed"),
        ("Tuning the last layer alone", "confirmed"),
    ):
        assert _verdict(claims, start) == verdict
    broken = _tunings()
    broken.numbers["rank_1"][1, 0, 0, 3] = 2.0
    broken.numbers["jaccard"][2, 0, 0, 0] = 0.9
    claims = lora_claims(broken, [])
    assert _verdict(claims, "LoRA moves") == "refuted"
    assert _verdict(claims, "Tuning the last layer alone") == "refuted"


def test_networks_that_reached_nothing_make_no_claim():
    tunings = _tunings()
    tunings.numbers["reached"][1, 1, 0] = 0.0
    starts = [claim.claim for claim in lora_claims(tunings, [])]
    assert not any(s.startswith("lora-1 forgets: far task") for s in starts)
    assert any(s.startswith("lora-1 forgets: near task") for s in starts)


def test_near_and_far_must_be_among_the_tasks():
    with pytest.raises(ValueError, match="are required"):
        dataclasses.replace(CONFIG, moves=((20.0, 0.3),))
    with pytest.raises(ValueError, match="`full` is required"):
        dataclasses.replace(CONFIG, methods=("lora-1", "full"))
