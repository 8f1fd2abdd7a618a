"""The strip under a movie: where losses, epochs and colors stand."""

import numpy as np

from experiments.plotting.loss_trace import LATER_TRAIN, MARK, TRAIN, LossTrace

WIDTH, EPOCHS = 400, 40


def _rows(strip, color, column) -> np.ndarray:
    """Rows of a column that have a color."""
    return np.flatnonzero((strip[:, column] == color).all(axis=1))


def test_losses_stand_at_their_epoch_in_logarithms_and_what_comes_is_paler():
    train = np.geomspace(1.0, 1e-4, EPOCHS)
    losses = np.stack([train, np.full(EPOCHS, 1e-5)], axis=1).astype(np.float32)
    strip = LossTrace(losses).at(EPOCHS // 2, WIDTH)
    height = len(strip)
    assert strip.shape == (WIDTH // 10, WIDTH, 3)
    middle = WIDTH // 2
    assert (strip[:, middle - 1] == MARK).all()
    found, shares = [], []
    for epoch, color in ((2, TRAIN), (15, TRAIN), (38, LATER_TRAIN)):
        column = round((WIDTH - 1) * epoch / EPOCHS)
        found.append(_rows(strip, color, column).mean())
        # From 1e-5 at the bottom to 1 below the words.
        shares.append(1.0 + np.log10(train[epoch - 1]) / 5.0)
    slope, bottom = np.polyfit(shares, found, 1)
    np.testing.assert_allclose(bottom + slope * np.array(shares), found, atol=1.0)
    assert abs(bottom - (height - 2)) < 2.0
    assert height / 2 < -slope < height
    assert not len(_rows(strip, TRAIN, 380))


def test_constant_and_vanishing_losses_are_drawn():
    losses = np.zeros((3, 2), np.float32)
    assert LossTrace(losses).at(3, 100).shape == (10, 100, 3)
    assert LossTrace(losses + 1).at(0, 100).shape == (10, 100, 3)
