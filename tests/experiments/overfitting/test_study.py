"""Fewer pixels at equal updates: sizes, errors and verdicts."""

import dataclasses
import json

import numpy as np
import pytest

from experiments import overfitting
from experiments.measures.seed_networks import seed_networks
from experiments.measures.unit_square import sample_image
from experiments.overfitting import study
from experiments.overfitting.claims import gaps, memorizes, overfitting_claims
from tests.experiments.helpers import run_smoke
from training.ensemble import ensemble_snapshots
from training.fit import updates_per_epoch
from training.progress import quiet

CONFIG = overfitting.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(overfitting.NAME, tmp_path_factory)


@pytest.mark.parametrize("preset", ["smoke", "paper"])
def test_all_sizes_get_the_same_number_of_updates(preset):
    config = overfitting.PRESETS[preset]
    for size in config.sizes:
        training = config.training_of(size)
        data = study.seed_data(config, size, 0)
        assert len(data.train_inputs) == size
        assert updates_per_epoch(training, data) * training.epochs == config.updates


def test_smaller_sets_are_parts_of_larger_ones_and_seeds_differ():
    large, small, other = (
        study.seed_data(CONFIG, size, seed)
        for size, seed in ((80, 0), (20, 0), (80, 1))
    )
    assert np.array_equal(large.train_inputs[:20], small.train_inputs)
    assert np.array_equal(large.val_inputs, small.val_inputs)
    assert not np.array_equal(large.train_inputs, other.train_inputs)


def test_errors_are_those_of_the_last_networks(finished):
    folder, summary = finished
    image, _ = sample_image(CONFIG.data)
    target = image[::2, ::2] / 255.0
    rows, columns = np.mgrid[:32, :32] / 32
    points = np.stack([columns.ravel(), rows.ravel()], axis=1)
    for size in CONFIG.sizes:
        training = CONFIG.training_of(size)
        *_, (_, params) = ensemble_snapshots(
            training, CONFIG.seeds, folder / f"points-{size}"
        )
        table = [row for row in summary["table"] if row["points"] == size]
        networks = seed_networks(params, training)
        for row, seed, network in zip(table, CONFIG.seeds, networks, strict=True):
            assert network is not None
            output = network(points)[:, 0].reshape(32, 32)
            expected = ((output - target) ** 2).mean()
            assert row["network_mse"] == pytest.approx(expected, rel=1e-9)
            data = study.seed_data(CONFIG, size, seed)
            inputs = np.asarray(data.train_inputs, np.float64)
            errors = (network(inputs) - data.train_targets) ** 2
            assert row["train"] == pytest.approx(float(errors.mean()), rel=1e-9)
            nearest = np.linalg.norm(points[:, None] - inputs, axis=2).argmin(axis=1)
            values = np.asarray(data.train_targets)[nearest, 0].reshape(32, 32)
            # Two samples as near as each other may be taken either way.
            assert row["nearest_mse"] == pytest.approx(
                ((values - target) ** 2).mean(), abs=0.01
            )


def test_a_run_interrupted_between_sizes_goes_on_to_the_same_numbers(
    finished, tmp_path
):
    _, summary = finished

    def stop(done: int, total: int, message: str) -> None:
        if message == f"measuring {CONFIG.sizes[0]} points":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overfitting.run(CONFIG, tmp_path, stop)
    assert (tmp_path / f"points-{CONFIG.sizes[0]}.npz").is_file()
    overfitting.run(CONFIG, tmp_path, quiet)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_bins_of_distance_split_the_error():
    rng = np.random.default_rng(0)
    output, target = rng.uniform(size=(8, 8)), np.full((8, 8), 255, np.uint8)
    distance = rng.uniform(0.0, 30.0, 64)
    found = study.binned_errors(output, target, distance)
    squares = (output.ravel() - 1.0) ** 2
    assert found[1] == pytest.approx(squares[(distance >= 4) & (distance < 8)].mean())
    assert np.isnan(found[-1])


def _row(points: int, train: float, image: float) -> dict:
    names = ("nearest_mse", "smoothing_mse")
    return {
        "points": points,
        "state": "learned",
        "train": train,
        "network_mse": image,
        **dict.fromkeys(names, 0.02),
    }


def test_verdicts_are_what_the_numbers_say():
    rows = [_row(50, 0.004, 0.005) for _ in range(10)]
    rows += [_row(5, 0.0, 0.04) for _ in range(10)]
    assert gaps(rows[:1], 0.04) == pytest.approx([0.025])
    assert not memorizes(rows[0], 0.04)
    assert memorizes(rows[-1], 0.04)
    post = [*rows[-9:], rows[-1] | {"state": "constant"}]
    claims = overfitting_claims(rows, post, 0.04)
    verdicts = [claim.verdict for claim in claims]
    assert verdicts[:4] == ["confirmed", "refuted", "refuted", "confirmed"]
    assert verdicts[4:] == ["confirmed"] * 2 + ["refuted"] * 2
    assert claims[2].seeds == 9
    smaller = overfitting_claims(rows, post, 0.04, "few layers")
    assert [bool(claim.smaller) for claim in smaller] == [True] * 2 + [False] * 6


def test_sizes_that_cannot_have_equal_updates_are_refused():
    with pytest.raises(ValueError, match="a multiple of 2"):
        dataclasses.replace(CONFIG, updates=41)
    with pytest.raises(ValueError, match="1 to 80"):
        dataclasses.replace(CONFIG, sizes=(81,))
