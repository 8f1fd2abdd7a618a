"""Ensembles: each network is the one that its seed alone would give."""

import dataclasses
import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest

from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset, ring_image, sample_points
from training.ensemble import (
    CACHE_BYTES,
    ensemble_networks,
    ensemble_snapshots,
    fit_ensemble,
    member,
)
from training.fit import fit
from training.models import params_to_relu_network

CONFIG = TrainingConfig(
    model=ModelConfig(widths=(5, 4)), epochs=6, batch_size=16, snapshot_every=3
)
SEEDS = (3, 0, 7)


def _data(seed: int = 0) -> Dataset:
    return sample_points(ring_image(64), 40, 12, seed=seed)


def _stop_after(epochs: int):
    def progress(done: int, total: int, message: str) -> None:
        if done >= epochs:
            raise KeyboardInterrupt

    return progress


def _assert_close(first, second) -> None:
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("shared", [True, False])
def test_each_network_is_the_one_its_seed_alone_would_give(shared, tmp_path):
    data = _data() if shared else [_data(seed) for seed in SEEDS]
    result = fit_ensemble(CONFIG, data, SEEDS, tmp_path / "all")
    assert result.losses.shape == (6, 3, 2)
    assert result.finite.all()
    for i, seed in enumerate(SEEDS):
        config = dataclasses.replace(CONFIG, seed=seed)
        points = data if isinstance(data, Dataset) else data[i]
        alone = fit(config, points, tmp_path / str(seed))
        _assert_close(member(result.params, i), alone.params)
        np.testing.assert_allclose(result.losses[:, i], alone.losses, rtol=2e-4)
        ours = ensemble_networks(result.params, CONFIG)[i]
        theirs = params_to_relu_network(member(result.params, i), CONFIG.model)
        points = np.asarray(_data().val_inputs, np.float64)
        assert (ours(points) == theirs(points)).all()


@pytest.mark.parametrize("batch_size", [None, 600])
def test_groups_that_fit_the_cache_train_the_same_networks(batch_size, tmp_path):
    config = TrainingConfig(
        model=ModelConfig(widths=(170,)),
        epochs=3,
        batch_size=batch_size,
        snapshot_every=3,
    )
    data = sample_points(ring_image(64), 700, 12, seed=0)
    points = batch_size or 700
    assert 2 * 4 * 170 * points < CACHE_BYTES < 4 * 4 * 170 * points
    result = fit_ensemble(config, data, (5, 1, 4, 2), tmp_path / "all")
    # One of the second group: the last seed.
    alone = fit(dataclasses.replace(config, seed=2), data, tmp_path / "alone")
    _assert_close(member(result.params, 3), alone.params)
    np.testing.assert_allclose(result.losses[:, 3], alone.losses, rtol=2e-4)


def test_interrupted_ensemble_ends_like_an_uninterrupted_one(tmp_path):
    whole = fit_ensemble(CONFIG, _data(), SEEDS, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit_ensemble(CONFIG, _data(), SEEDS, tmp_path / "cut", _stop_after(3))
    resumed = fit_ensemble(CONFIG, _data(), SEEDS, tmp_path / "cut")
    assert (whole.resumed_from, resumed.resumed_from) == (0, 3)
    assert whole.losses.tobytes() == resumed.losses.tobytes()
    for a, b in zip(
        jax.tree.leaves(whole.params), jax.tree.leaves(resumed.params), strict=True
    ):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    for seed in SEEDS:
        files = [
            tmp_path / run / f"metrics/seed-{seed}.csv" for run in ("whole", "cut")
        ]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_snapshots_hold_the_networks_of_their_epochs(tmp_path):
    result = fit_ensemble(CONFIG, _data(), SEEDS, tmp_path)
    snapshots = dict(ensemble_snapshots(CONFIG, SEEDS, tmp_path))
    assert list(snapshots) == [0, 3, 6]
    _assert_close(snapshots[6], result.params)
    short = dataclasses.replace(CONFIG, epochs=3)
    _assert_close(
        snapshots[3], fit_ensemble(short, _data(), SEEDS, tmp_path / "short").params
    )


def test_one_diverging_seed_does_not_end_the_others(tmp_path):
    data = [_data(0), _data(1)]
    # A target that overflows the squared error of the second network alone.
    data[1] = data[1]._replace(train_targets=np.full((40, 1), 3e38, np.float32))
    result = fit_ensemble(CONFIG, data, (0, 1), tmp_path)
    assert result.finite.tolist() == [True, False]


@pytest.mark.parametrize("seeds", [(), (1, 1)])
def test_seeds_must_be_there_and_differ(seeds, tmp_path):
    with pytest.raises(ValueError, match="`seeds`"):
        fit_ensemble(CONFIG, _data(), seeds, tmp_path)


def test_one_dataset_for_each_seed_or_one_for_all(tmp_path):
    with pytest.raises(ValueError, match="2 datasets for 3 seeds"):
        fit_ensemble(CONFIG, [_data(0), _data(1)], SEEDS, tmp_path)


@pytest.mark.parametrize("name", ["amsgrad", "rmsprop", "muon"])
def test_optimizers_train_in_ensembles(name, tmp_path):
    optimizer = OptimizerConfig(name=name, learning_rate=0.003, clip_norm=1.0)
    config = dataclasses.replace(CONFIG, optimizer=optimizer, epochs=30)
    result = fit_ensemble(config, _data(), (0, 1), tmp_path)
    assert (result.losses[-1, :, 0] < result.losses[0, :, 0]).all()


ON_TWO_DEVICES = """
import pathlib, sys
import jax
import numpy as np
from training import ensemble
from training.ensemble import fit_ensemble
from tests.training.test_ensemble import CONFIG, _data
assert jax.local_device_count() == 2
folder = pathlib.Path(sys.argv[1])
for name, data in (("shared", _data()), ("own", [_data(seed) for seed in range(4)])):
    found = fit_ensemble(CONFIG, data, (3, 0, 7, 1), folder / name)
    kernel = found.params["layers"]["0"]["kernel"]
    assert len(kernel.sharding.device_set) == 2
    np.savez(folder / f"{name}.npz", kernel=kernel, losses=found.losses)
# The first device is imagined to be an accelerator, the second one to be the host.
host = jax.local_devices()[1:]
jax.default_backend = lambda: "gpu"
ensemble.devices_for = lambda products, small: tuple(host)
found = fit_ensemble(CONFIG, _data(), (3, 0, 7, 1), folder / "small")
kernel = found.params["layers"]["0"]["kernel"]
assert kernel.devices() == set(host)
np.savez(folder / "small.npz", kernel=kernel, losses=found.losses)
"""


def test_two_devices_share_an_ensemble_and_one_takes_a_small_one(tmp_path):
    flags = os.environ["XLA_FLAGS"] + " --xla_force_host_platform_device_count=2"
    subprocess.run(
        [sys.executable, "-c", ON_TWO_DEVICES, str(tmp_path)],
        check=True,
        cwd=pathlib.Path(__file__).parents[2],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
    )
    seeds = (3, 0, 7, 1)
    for name, data in (("shared", _data()), ("own", [_data(s) for s in range(4)])):
        alone = fit_ensemble(CONFIG, data, seeds, tmp_path / f"{name}-alone")
        kernel = alone.params["layers"]["0"]["kernel"]
        for file in (name, "small") if name == "shared" else (name,):
            with np.load(tmp_path / f"{file}.npz") as found:
                np.testing.assert_allclose(found["losses"], alone.losses, rtol=2e-4)
                _assert_close(found["kernel"], kernel)
