"""Partitions before and after planted spikes."""

import numpy as np
import pytest

from experiments.measures.resettling import resettlings
from experiments.measures.spikes import find_spikes

EPOCHS = np.arange(0, 1001, 100)


def _losses() -> np.ndarray:
    losses = np.full(1000, 0.01)
    losses[430:440] = 0.1
    return losses


def _distances() -> np.ndarray:
    """Partitions on a line: 0.01 a window, and a jump of 0.2 in the fifth."""
    places = 0.01 * np.arange(11) + 0.2 * (np.arange(11) >= 5)
    return np.abs(places[:, None] - places[None, :])


def test_distance_across_a_spike_is_held_against_quiet_windows():
    losses = _losses()
    (found,) = resettlings(find_spikes(losses), losses, EPOCHS, _distances(), 50)
    assert (found.start, found.before, found.after) == (430, 4, 5)
    assert found.distance == pytest.approx(0.21)
    assert found.quiet == pytest.approx(0.01)
    assert found.ratio == pytest.approx(10.0)
    assert found.recovered


def test_a_loss_that_stays_high_has_not_recovered():
    losses = _losses()
    losses[430:] = 0.1
    spikes = find_spikes(losses)
    (found,) = resettlings(spikes, losses, EPOCHS, _distances(), 50)
    assert found.start == 430
    assert not found.recovered


def test_a_spike_at_the_end_has_no_snapshot_after_it():
    losses = np.full(1000, 0.01)
    losses[990:] = 1.0
    spikes = find_spikes(losses)
    assert len(spikes) == 1
    assert resettlings(spikes, losses, EPOCHS, _distances(), 50) == []


def test_without_quiet_windows_there_is_no_contrast():
    losses = np.full(1000, 0.01)
    losses[[155, 255, 355, 455, 555, 655, 755, 855, 955]] = 1.0
    spikes = find_spikes(losses)
    found = resettlings(spikes, losses, EPOCHS, _distances(), 0)
    assert len(found) == 9
    assert all(entry.quiet is None for entry in found)
