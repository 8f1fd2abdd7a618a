"""Training on streams: each model follows its own setting and its own samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training.streams import fit_stream


def _mean_loss(params, key, setting, share):
    del share
    points = setting + jax.random.normal(key, (64,), jnp.float32)
    return jnp.mean((params - points) ** 2)


@pytest.mark.parametrize("together", [True, False])
def test_every_model_finds_the_mean_of_its_own_samples(together):
    keys = jax.random.split(jax.random.key(0), 3)
    means = jnp.array([-2.0, 0.0, 3.0], jnp.float32)
    found = fit_stream(
        jnp.zeros(3, jnp.float32),
        keys,
        means,
        loss=_mean_loss,
        steps=500,
        learning_rate=0.05,
        together=together,
    )
    assert found.dtype == jnp.float32
    assert np.asarray(found) == pytest.approx([-2.0, 0.0, 3.0], abs=0.05)


def test_side_by_side_and_one_by_one_are_the_same():
    keys, means = jax.random.split(jax.random.key(1), 2), jnp.ones(2, jnp.float32)
    start = jnp.zeros(2, jnp.float32)
    both = [
        fit_stream(start, keys, means, loss=_mean_loss, steps=20, together=together)
        for together in (True, False)
    ]
    assert np.asarray(both[0]) == pytest.approx(np.asarray(both[1]), abs=1e-6)
    # Other samples: other paths.
    assert both[0][0] != both[0][1]


def test_decay_alone_shrinks_by_the_sum_of_the_rates():
    def nothing(params, key, setting, share):
        del key, setting, share
        return 0.0 * jnp.sum(params)

    start = jnp.ones(1, jnp.float32)
    keys = jax.random.split(jax.random.key(2), 1)
    found = fit_stream(
        start, keys, None, loss=nothing, steps=100, learning_rate=0.1, weight_decay=0.5
    )
    rates = 0.1 * 0.5 * (1.0 + np.cos(np.pi * np.arange(100) / 100))
    assert float(found[0]) == pytest.approx(np.prod(1.0 - 0.5 * rates), rel=1e-4)
