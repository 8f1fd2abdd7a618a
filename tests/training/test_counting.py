"""Counts made beside the training, against counts of the trained networks."""

import dataclasses

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.enumeration import count_regions
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.counting import count_during_training
from training.datasets import ring_image, sample_points
from training.ensemble import ensemble_networks, fit_ensemble

CONFIG = TrainingConfig(
    model=ModelConfig(widths=(5, 4)), epochs=5, batch_size=16, snapshot_every=2
)
SEEDS = (3, 0, 7)
DOMAIN = Box.cube(2)


def test_counts_and_losses_are_those_of_the_networks_trained_alone(tmp_path):
    data = sample_points(ring_image(64), 40, 12, seed=0)
    found = count_during_training(CONFIG, data, SEEDS, DOMAIN, every=2)
    assert found.epochs.tolist() == [0, 2, 4, 5]
    assert found.complete.all()
    alone = fit_ensemble(CONFIG, data, SEEDS, tmp_path)
    networks = ensemble_networks(alone.params, CONFIG)
    expected = [
        int(count_regions(network, DOMAIN, method="tree")) for network in networks
    ]
    assert found.counts[-1].tolist() == expected
    np.testing.assert_allclose(found.losses, alone.losses, rtol=1e-5)


def test_a_wish_to_stop_keeps_what_was_counted():
    data = sample_points(ring_image(64), 40, 12, seed=0)
    calls = []
    found = count_during_training(
        CONFIG,
        data,
        SEEDS,
        DOMAIN,
        progress=lambda done, total, what: calls.append(done),
        stop=lambda: len(calls) >= 2,
    )
    assert found.epochs.tolist() == [0, 1]
    assert found.complete.all()


def test_a_network_that_diverges_counts_nothing_and_stops_no_other():
    data = sample_points(ring_image(64), 40, 12, seed=0)
    optimizer = OptimizerConfig(name="sgd", learning_rate=1e30)
    config = dataclasses.replace(CONFIG, optimizer=optimizer, epochs=2)
    found = count_during_training(config, data, SEEDS, DOMAIN)
    assert found.counts[-1].tolist() == [0, 0, 0]
    assert not found.complete[-1].any()
    assert (found.counts[0] > 0).all()


def test_a_step_of_no_epochs_is_refused():
    data = sample_points(ring_image(64), 40, 12, seed=0)
    with pytest.raises(ValueError, match="`every` is 0: a positive number is required"):
        count_during_training(CONFIG, data, SEEDS, DOMAIN, every=0)
