"""Spikes in losses made by hand."""

import numpy as np
import pytest

from experiments.measures.spikes import WINDOW, find_spikes, loss_ratios, spike_rate


def _losses(epochs: int = 300) -> np.ndarray:
    return np.full(epochs, 0.01, np.float32)


def test_ratios_are_those_of_a_loop():
    losses = np.random.default_rng(0).exponential(size=120)
    ratios = loss_ratios(losses, 20)
    assert (ratios[:20] == 1.0).all()
    for epoch in range(20, 120):
        median = np.median(losses[epoch - 20 : epoch])
        assert ratios[epoch] == pytest.approx(losses[epoch] / median)


def test_planted_spikes_are_found_where_they_are():
    losses = _losses()
    losses[100:103] = [0.05, 0.2, 0.04]
    losses[200] = 0.031
    losses[250] = 0.029
    spikes = find_spikes(losses)
    assert [(s.start, s.end, s.peak) for s in spikes] == [
        (100, 103, 101),
        (200, 201, 200),
    ]
    assert spikes[0].ratio == pytest.approx(20.0)
    assert spike_rate(losses) == pytest.approx(4 * 1000 / (300 - WINDOW))


def test_a_lasting_rise_is_a_spike_until_the_median_follows():
    losses = _losses(200)
    losses[100:] = 0.1
    (spike,) = find_spikes(losses)
    assert spike.start == 100
    # The median of 50 epochs is the mean of both levels when half of them are high.
    assert spike.end == 100 + WINDOW // 2


def test_near_spikes_are_one_if_asked():
    losses = _losses()
    losses[[100, 104, 130]] = 0.5
    assert len(find_spikes(losses)) == 3
    merged = find_spikes(losses, gap=10)
    assert [(s.start, s.end) for s in merged] == [(100, 105), (130, 131)]


def test_divergence_is_a_spike_without_end_and_short_runs_have_none():
    losses = _losses(100)
    losses[80:] = np.nan
    (spike,) = find_spikes(losses)
    assert (spike.start, spike.end, spike.ratio) == (80, 100, np.inf)
    assert find_spikes(_losses(WINDOW)) == []
    with pytest.raises(ValueError, match="more than 50"):
        spike_rate(_losses(WINDOW))
