"""Tasks with and without biases: parameters, places, and the first epoch."""

import jax
import numpy as np
import pytest

from experiments.bias_free.study import TASKS
from experiments.bias_free.tuned_training import Contest, best_rate, first_epoch
from training.models import init_model, to_params


def _parameters(task, kind: int) -> int:
    training = task.training(kind, 1e-3)
    shapes = jax.eval_shape(lambda: to_params(init_model(training.model, 0)))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


@pytest.mark.parametrize(("index", "numbers"), [(0, (697, 700)), (2, (4810, 4810))])
def test_both_kinds_have_as_many_parameters(index, numbers):
    assert tuple(_parameters(TASKS[index], kind) for kind in (0, 1)) == numbers


def test_the_ring_lies_about_the_origin_or_beside_it():
    corner, centered = (task.data(3) for task in TASKS[:2])
    assert corner.train_inputs.min() >= 0.0
    np.testing.assert_allclose(
        corner.train_inputs - centered.train_inputs, 0.5, atol=1e-6
    )
    assert (corner.train_targets == centered.train_targets).all()
    radii = np.linalg.norm(centered.val_inputs, axis=1)
    black = centered.val_targets[:, 0] < 0.5
    assert radii[black].min() >= 0.2187
    assert radii[black].max() <= 0.2501


def test_digits_are_parted():
    data = TASKS[2].data(0)
    assert data.train_inputs.shape == (500, 64)
    assert len(data.val_inputs) == 1297
    assert TASKS[2].updates_per_epoch == 5


def test_first_epoch_counts_from_one_and_zero_is_never():
    losses = np.array([[3.0, 1.0, 9.0], [0.5, 1.0, np.nan], [2.0, 0.1, 9.0]])
    assert first_epoch(losses, 1.0).tolist() == [2, 1, 0]


def test_best_rate_has_the_lowest_median():
    train = np.full((2, 3, 3), 9.0)
    train[0, 1], train[1, 2] = [1.0, 2.0, np.inf], [0.0, 3.0, 3.0]
    contest = Contest(
        train,
        train,
        np.zeros((2, 3, 3), np.int64),
        np.ones((2, 2, 3)),
        np.ones((2, 1, 3)),
    )
    assert [best_rate(contest, kind) for kind in (0, 1)] == [1, 2]
