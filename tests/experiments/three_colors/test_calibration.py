"""Calibration errors and Brier scores by hand."""

import numpy as np
import pytest

from experiments.three_colors.calibration import brier_score, calibration_error


def test_four_points_in_two_bins():
    said = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    # Bin of 0.9: half right; bin of 0.6: all right.
    classes = np.array([0, 1, 1, 1])
    assert calibration_error(said, classes) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)
    scores = [0.02, 1.62, 0.32, 0.32]
    assert brier_score(said, classes) == pytest.approx(np.mean(scores))


def test_classes_drawn_from_what_is_said_are_calibrated():
    rng = np.random.default_rng(0)
    said = rng.dirichlet([1.0, 1.0, 1.0], 40_000)
    classes = (rng.uniform(size=(40_000, 1)) > np.cumsum(said, axis=1)).sum(axis=1)
    assert calibration_error(said, classes) < 0.01
    sure = np.eye(3)[classes]
    assert calibration_error(sure, classes) == 0.0
    assert brier_score(sure, classes) == 0.0
