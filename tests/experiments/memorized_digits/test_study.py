"""Tables of digits by key, against counts by brute force."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

import regions
from experiments import memorized_digits
from experiments.measures.seed_networks import snapshot_networks
from experiments.memorized_digits import buckets, study
from experiments.memorized_digits.claims import memory_claims
from tests.experiments.helpers import run_smoke

CONFIG = memorized_digits.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(memorized_digits.NAME, tmp_path_factory)


def test_numbers_are_those_of_the_saved_networks(finished):
    folder, _ = finished
    numbers = memorized_digits.load(CONFIG, folder).numbers
    training = CONFIG.training((6, 6))
    _, networks = snapshot_networks(training, CONFIG.seeds, folder / "6-6-random")
    network, (train, held) = networks[1][1], study.split(CONFIG, 1, "random")
    at = (0, 1, 1, 1)
    for name, first in (("region", 0), ("last", 6)):
        keys, looked = (
            ["".join("01"[int(b)] for b in row[first:]) for row in bits]
            for bits in (network.patterns(part.inputs) for part in (train, held))
        )
        counts = Counter(keys)
        alone = sum(counts[key] == 1 for key in keys) / len(keys)
        assert numbers[f"{name}_alone"][at] == pytest.approx(alone)
        shares = np.array(list(counts.values())) / len(keys)
        assert numbers[f"{name}_bits"][at] == pytest.approx(-shares @ np.log2(shares))
        met = [k for k, key in enumerate(looked) if key in counts]
        assert numbers[f"{name}_met"][at] == pytest.approx(len(met) / len(looked))
        votes = {key: np.zeros(10) for key in counts}
        for key, label in zip(keys, train.labels, strict=True):
            votes[key][label] += 1
        told = [votes[looked[k]].argmax() == held.labels[k] for k in met]
        assert numbers[f"{name}_told"][at] == pytest.approx(np.mean(told))
    right = (network(held.inputs).argmax(axis=1) == held.labels).mean()
    assert numbers["right"][at] == pytest.approx(right)


def test_labels_play_no_part_before_training(finished):
    folder, _ = finished
    numbers = memorized_digits.load(CONFIG, folder).numbers
    for name in ("region_alone", "last_bits", "within", "between", "right"):
        before = numbers[name][:, :, 0]
        np.testing.assert_array_equal(before[:, 0], before[:, 1])


def test_crossings_are_counted_per_length():
    """Units that step at 1/4 and 3/4 of a line of length 2."""
    network = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0]] * 2, [[1.0, 1.0]]], [[-0.5, -1.5], [0.0]]
    )
    ends = np.array([[[0.0, 0.0], [2.0, 0.0]], [[0.0, 1.0], [0.0, 3.0]]])
    assert buckets.crossings(network, ends[:1]) == pytest.approx(1.0)
    assert buckets.crossings(network, ends) == pytest.approx(0.5)


def test_lines_are_within_a_class_and_between_classes():
    train, _ = study.split(CONFIG, 1, "true")
    rows = {image.tobytes(): label for image, label in zip(*train, strict=True)}
    for name, ends in study.line_ends(CONFIG, 1).items():
        assert len(ends) == CONFIG.lines
        for one, other in ends:
            same = rows[one.tobytes()] == rows[other.tobytes()]
            assert same == (name == "within")


def test_random_labels_are_those_of_the_same_images():
    (true, held), (random, also) = (
        study.split(CONFIG, 1, labels) for labels in study.LABELS
    )
    assert (true.inputs == random.inputs).all()
    assert (true.labels != random.labels).any()
    assert (held.labels == also.labels).all()


def test_parameters_are_as_many():
    config = memorized_digits.PRESETS["paper"]
    one, width = config.shallow, config.widths[0]
    flat = 65 * one + (one + 1) * 10
    deep = 65 * width + (width + 1) * width + (width + 1) * 10
    assert flat == pytest.approx(deep, rel=0.02)


def test_verdicts_are_what_the_numbers_say():
    def numbers(true, random):
        # One width of two layers, and one layer.
        found = np.full((2, 2, 2, 12), 0.5)
        found[:, 0, 1], found[:, 1, 1] = true, random
        return found

    values = {
        "region_alone": numbers(0.2, 0.9),
        "region_met": numbers(0.7, 0.1),
        "last_bits": numbers(3.0, 4.5),
        "last_told": numbers(0.6, 0.1),
        "within": numbers(0.3, 0.9),
        "between": numbers(0.4, 0.9),
        "learned": numbers(1.0, 0.8),
    }
    values["learned"][1, 1, 1] = 0.85
    claims = memory_claims((16,), 20, 16, values)
    assert [claim.verdict for claim in claims] == [
        *["confirmed"] * 7,
        "refuted",
        "refuted",
    ]


def test_a_width_is_shown_that_is_there():
    with pytest.raises(ValueError, match="`shown` is 5"):
        dataclasses.replace(CONFIG, shown=5)
