"""Random labels and what is measured of networks that learned them."""

import numpy as np
import pytest

import regions
from experiments.memorized_or_generalized import label_noise as measured
from training.config import DataConfig

DATA = DataConfig(size=64, num_train=200, num_val=5)


def test_replaced_labels_are_nested_and_fair():
    clean, some, all_ = (measured.noisy_ring(DATA, s, 3) for s in (0.0, 0.5, 1.0))
    base, half, full = (np.asarray(d.train_targets)[:, 0] for d in (clean, some, all_))
    assert (np.asarray(clean.train_inputs) == np.asarray(all_.train_inputs)).all()
    assert full.mean() == pytest.approx(0.5, abs=0.12)
    # Every label is the clean one or the coin of the same point.
    assert ((half == base) | (half == full)).all()
    assert 0.1 < (half != base).mean() < 0.5


def test_change_under_noise_on_the_embedding_is_that_of_samples():
    rng = np.random.default_rng(0)
    network = regions.ReluNetwork.from_arrays(
        [rng.standard_normal((6, 2)), rng.standard_normal((1, 6))],
        [rng.standard_normal(6), None],
    )
    points = rng.random((300, 2))
    hidden = np.maximum(network.pre_activations(points)[0], 0.0)
    size = np.sqrt((hidden**2).mean())
    noise = measured.EMBEDDING_NOISE * size * rng.standard_normal((200, *hidden.shape))
    change = (noise @ network.output.weight[0]).std()
    assert measured.embedding_change(network, points) == pytest.approx(change, rel=0.02)
