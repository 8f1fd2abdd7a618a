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
    for epoch, color in ((15, TRAIN), (38, LATER_TRAIN)):
        column = round((WIDTH - 1) * epoch / EPOCHS)
        # From 1 at the top to 1e-5 at the bottom.
        share = -np.log10(train[epoch - 1]) / 5.0
        assert abs(_rows(strip, color, column).mean() - share * (height - 3)) < 2.0
    assert not len(_rows(strip, TRAIN, 380))


def test_constant_and_vanishing_losses_are_drawn():
    losses = np.zeros((3, 2), np.float32)
    assert LossTrace(losses).at(3, 100).shape == (10, 100, 3)
    assert LossTrace(losses + 1).at(0, 100).shape == (10, 100, 3)
