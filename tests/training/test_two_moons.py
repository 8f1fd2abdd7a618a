"""Two moons: what scikit-learn gives, moved by a turn that is checked by hand."""

import numpy as np
import pytest

from training.two_moons import (
    CENTER,
    Move,
    moons_box,
    moons_dataset,
    move_points,
    moved_moons,
    two_moons,
)


def test_moons_without_noise_lie_on_half_circles():
    moons = two_moons(40, 0.0, 0)
    assert np.bincount(moons.labels).tolist() == [20, 20]
    upper, lower = (moons.inputs[moons.labels == k] for k in (0, 1))
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1.0)
    np.testing.assert_allclose(np.linalg.norm(lower - [1.0, 0.5], axis=1), 1.0)
    assert (upper[:, 1] >= 0.0).all()
    assert (lower[:, 1] <= 0.5).all()
    box = moons_box(0.0)
    assert (moons.inputs >= box.lower - 1e-12).all()
    assert (moons.inputs <= box.upper + 1e-12).all()


def test_a_quarter_turn_and_a_shift():
    points = np.array([CENTER, [1.5, 0.25], [0.5, 1.25]])
    moved = move_points(points, Move(90.0, 2.0))
    np.testing.assert_allclose(moved, [[2.5, 2.25], [2.5, 3.25], [1.5, 2.25]])


def test_no_move_is_no_change_and_moves_keep_distances():
    moons = two_moons(30, 0.1, 3)
    np.testing.assert_allclose(moved_moons(moons, Move(0.0, 0.0)).inputs, moons.inputs)
    moved = moved_moons(moons, Move(33.0, 0.7))
    assert (moved.labels == moons.labels).all()
    assert np.linalg.norm(moved.inputs[0] - moved.inputs[1]) == pytest.approx(
        np.linalg.norm(moons.inputs[0] - moons.inputs[1])
    )


def test_targets_are_one_hot():
    data = moons_dataset(two_moons(10, 0.1, 0), two_moons(6, 0.1, 1))
    assert data.train_targets.shape == (10, 2)
    assert (data.train_targets.sum(axis=1) == 1.0).all()
    labels = two_moons(10, 0.1, 0).labels
    assert (data.train_targets.argmax(axis=1) == labels).all()
