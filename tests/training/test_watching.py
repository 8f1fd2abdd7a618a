"""Watched training: the same training, and the numbers of its updates."""

from typing import Any

import jax
import numpy as np
import optax
import pytest

from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import load_image, sample_points
from training.fit import fit
from training.loop import init_state, make_optimizer, weighted_mse
from training.watching import unflatten, watch_training

CONFIG = TrainingConfig(
    model=ModelConfig(widths=(4, 3)), epochs=4, batch_size=None, snapshot_every=2
)
IMAGE = load_image(DataConfig(size=32))
DATA = sample_points(IMAGE, 40, 10, 0)


def test_watching_changes_nothing(tmp_path):
    run = watch_training(CONFIG, DATA)
    plain = fit(CONFIG, DATA, tmp_path)
    np.testing.assert_allclose(run.losses, plain.losses[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(run.epochs, [0, 2, 4])
    for mine, other in zip(
        jax.tree.leaves(unflatten(CONFIG, run.params[-1])),
        jax.tree.leaves(plain.params),
        strict=True,
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("clip", [None, 1e-3])
def test_first_update_is_that_of_optax(clip):
    config = TrainingConfig(
        model=CONFIG.model,
        optimizer=OptimizerConfig(clip_norm=clip),
        epochs=2,
        batch_size=None,
        snapshot_every=2,
    )
    run = watch_training(config, DATA)
    state, ones = init_state(config), np.ones(40, np.float32)
    gradient = jax.grad(weighted_mse, 1)(config.model, state.params, *DATA[:2], ones)
    optimizer = make_optimizer(config.optimizer)
    change: Any = optimizer.update(gradient, state.opt_state, state.params)[0]
    for k in range(3):
        norms = [
            float(optax.tree.norm(t["layers"][str(k)])) for t in (gradient, change)
        ]
        assert run.gradients[0, k] == pytest.approx(norms[0], rel=1e-4)
        assert run.steps[0, k] == pytest.approx(norms[1], rel=1e-4)
    assert run.moments[0].sum() == 0.0
    assert (run.denominators > 0.0).all()
