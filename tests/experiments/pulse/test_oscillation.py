"""Periods, swings and leads of losses that are made by formula."""

import math

import numpy as np
import pytest

from experiments.pulse.oscillation import (
    around_trend,
    foretelling,
    measure_oscillation,
)


@pytest.mark.parametrize("period", [4.0, 12.5, 60.0])
def test_a_sine_on_a_decay_has_its_period_and_swing(period):
    t = np.arange(600)
    losses = np.exp(0.2 * np.sin(2.0 * np.pi * t / period) - 0.003 * t - 2.0)
    found = measure_oscillation(losses)
    assert found.period == pytest.approx(period, rel=0.02)
    assert found.swing == pytest.approx(0.2 / math.sqrt(2.0), rel=0.02)
    assert found.share > 0.95
    # It rises while 0.2 * 2 pi / period * cos > 0.003.
    slope = 0.4 * math.pi / period
    assert found.rising == pytest.approx(math.acos(0.003 / slope) / math.pi, abs=0.03)


def test_a_decay_without_a_sine_does_not_rise_or_swing():
    found = measure_oscillation(np.exp(-0.01 * np.arange(200)))
    assert found.rising == 0.0
    assert found.swing < 1e-12


def test_noise_has_no_line():
    noise = np.random.default_rng(0).normal(0.0, 0.1, 1000)
    assert measure_oscillation(np.exp(noise)).share < 0.1


def test_rounding_of_float32_is_no_rise():
    losses = np.full(100, 0.1) * (1.0 + 1e-7 * (-1.0) ** np.arange(100))
    assert measure_oscillation(losses).rising == 0.0


@pytest.mark.parametrize("losses", [np.ones(15), np.zeros(20), np.full(20, np.nan)])
def test_losses_without_a_pulse_are_refused(losses):
    with pytest.raises(ValueError, match="at least 16 positive finite"):
        measure_oscillation(losses)


def test_trend_is_a_parabola_of_the_logarithm():
    t = np.arange(50.0)
    assert np.abs(around_trend(np.exp(1.0 - 0.1 * t + 0.002 * t**2))).max() < 1e-12


def test_a_predictor_a_quarter_period_ahead_foretells_rises():
    t = np.arange(400)
    losses = np.exp(0.1 * np.sin(2.0 * np.pi * t / 40.0))
    rises = np.cos(2.0 * np.pi * (t + 5) / 40.0)
    assert foretelling(losses, rises, 10) == pytest.approx(1.0, abs=0.01)
    assert foretelling(losses, -rises, 10) == pytest.approx(-1.0, abs=0.01)
    noise = np.random.default_rng(0).normal(size=400)
    assert abs(foretelling(losses, noise, 10)) < 0.15


def test_period_of_two_lines_is_that_of_the_stronger_half():
    t = np.arange(800)
    weak, strong = np.sin(2.0 * np.pi * t / 10.0), np.sin(2.0 * np.pi * t / 40.0)
    found = measure_oscillation(np.exp(0.1 * weak + 0.2 * strong))
    assert found.period == pytest.approx(40.0, rel=0.05)
