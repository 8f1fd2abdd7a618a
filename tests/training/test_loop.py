"""Batches, updates and optimizers."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from training.config import OPTIMIZERS, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset, ring_image, sample_points
from training.loop import (
    EpochLosses,
    block_lengths,
    check_finite,
    epoch_batches,
    init_state,
    shuffle_key,
    train_block,
    weighted_mse,
    without_length,
)
from training.models import apply_params

SMALL = TrainingConfig(model=ModelConfig(widths=(5,)), batch_size=16, epochs=4)


def _compilations() -> int:
    """How many programs `train_block` was compiled to so far."""
    return getattr(train_block, "_cache_size")()  # noqa: B009  (not in JAX's types)


def _data(num_train: int = 40) -> Dataset:
    return sample_points(ring_image(64), num_train, 12, seed=0)


@settings(derandomize=True, deadline=None, max_examples=5)
@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 9))
def test_epoch_takes_each_point_once(num_points, batch_size, seed):
    indices, weights = epoch_batches(jax.random.key(seed), num_points, batch_size)
    assert indices.shape == (-(-num_points // batch_size), batch_size)
    taken = np.asarray(indices)[np.asarray(weights) == 1.0]
    assert sorted(taken.tolist()) == list(range(num_points))
    assert float(weights.sum()) == num_points


@pytest.mark.parametrize("num_points", [1, 2, 5000, 70_000])
def test_shuffle_is_the_stable_order_of_one_random_word_a_point(num_points):
    key = jax.random.key(4)
    indices, _ = epoch_batches(key, num_points, num_points)
    words = np.asarray(jax.random.bits(key, (num_points,), jnp.uint32))
    assert (np.asarray(indices)[0] == np.argsort(words, kind="stable")).all()


def test_runs_that_differ_in_seed_and_length_share_a_program():
    first, second = (
        without_length(dataclasses.replace(SMALL, seed=seed, epochs=epochs))
        for seed, epochs in ((0, 4), (1, 9))
    )
    assert first == second


def test_epoch_of_the_posts_is_five_updates_the_last_of_904_points():
    _, weights = epoch_batches(jax.random.key(0), 5000, 1024)
    assert weights.sum(axis=1).tolist() == [1024.0] * 4 + [904.0]


def test_epochs_are_shuffled_differently():
    key = shuffle_key(0)
    first, second = (
        epoch_batches(jax.random.fold_in(key, epoch), 30, 30)[0] for epoch in (0, 1)
    )
    assert (first != second).any()


def test_padding_of_a_batch_adds_nothing_to_the_loss():
    state, data = init_state(SMALL), _data()
    inputs, targets = data.train_inputs[:7], data.train_targets[:7]
    padded = [
        np.concatenate([part, part[:1].repeat(9, 0)]) for part in (inputs, targets)
    ]
    weights = np.array([1.0] * 7 + [0.0] * 9, np.float32)
    loss = weighted_mse(SMALL.model, state.params, padded[0], padded[1], weights)
    outputs = apply_params(SMALL.model, state.params, inputs)
    assert float(loss) == pytest.approx(float(((outputs - targets) ** 2).mean()))


def test_full_batch_sgd_is_gradient_descent_by_hand():
    config = dataclasses.replace(
        SMALL,
        batch_size=None,
        optimizer=OptimizerConfig(name="sgd", learning_rate=0.05),
    )
    data, start = _data(), init_state(config)
    state, losses = train_block(start, data, shuffle_key(0), config, 3)

    def loss(params):
        outputs = apply_params(config.model, params, data.train_inputs)
        return jnp.mean((outputs - data.train_targets) ** 2)

    params, expected = start.params, []
    for _ in range(3):
        value, gradient = jax.value_and_grad(loss)(params)
        expected.append(float(value))
        params = jax.tree.map(lambda p, g: p - 0.05 * g, params, gradient)
    np.testing.assert_allclose(losses.train, expected, rtol=1e-5)
    for ours, theirs in zip(
        jax.tree.leaves(state.params), jax.tree.leaves(params), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_optimizers_by_name_lower_the_loss_each_in_its_own_way():
    ends = []
    for name in OPTIMIZERS:
        optimizer = OptimizerConfig(name=name, learning_rate=0.01, weight_decay=0.1)
        config = dataclasses.replace(SMALL, optimizer=optimizer)
        start = init_state(config)
        state, losses = train_block(start, _data(), shuffle_key(0), config, 40)
        assert losses.train[-1] < losses.train[0]
        assert int(state.epoch) == 40
        ends.append(np.asarray(state.params["layers"]["0"]["kernel"]).tobytes())
    assert len(set(ends)) == len(OPTIMIZERS)


@pytest.mark.parametrize("name", ["adam", "adamw", "muon"])
@pytest.mark.parametrize(
    ("trained", "moving"),
    [
        ("last_layer", {("layers", "1", "kernel"), ("layers", "1", "bias")}),
        ("first_biases", {("layers", "0", "bias")}),
    ],
)
def test_only_the_trained_parameters_move(name, trained, moving):
    optimizer = OptimizerConfig(name=name, trained=trained, weight_decay=0.1)
    config = dataclasses.replace(SMALL, optimizer=optimizer)
    start = init_state(config)
    state, losses = train_block(start, _data(), shuffle_key(0), config, 20)
    assert losses.train[-1] < losses.train[0]
    moved = jax.tree_util.tree_map_with_path(
        lambda path, a, b: (
            tuple(entry.key for entry in path),
            (np.asarray(a) != np.asarray(b)).any(),
        ),
        start.params,
        state.params,
    )
    leaves = jax.tree.leaves(moved, is_leaf=lambda leaf: isinstance(leaf, tuple))
    assert {path for path, changed in leaves if changed} == moving


def test_gradient_is_clipped_by_the_norm_of_what_moves():
    optimizer = OptimizerConfig(
        name="sgd", learning_rate=1.0, clip_norm=1e-3, trained="last_layer"
    )
    config = dataclasses.replace(SMALL, optimizer=optimizer, batch_size=None)
    start = init_state(config)
    state, _ = train_block(start, _data(), shuffle_key(0), config, 1)
    squares = jax.tree.map(
        lambda a, b: float(jnp.sum((a - b) ** 2)), start.params, state.params
    )
    assert sum(jax.tree.leaves(squares)) ** 0.5 == pytest.approx(1e-3, rel=1e-3)


def test_training_stays_in_float32_and_compiles_once():
    state, data, key = init_state(SMALL), _data(), shuffle_key(0)
    before = _compilations()
    for _ in range(3):
        state, _ = train_block(state, data, key, SMALL, 2)
    assert _compilations() == before + 1
    kinds = {leaf.dtype.name for leaf in jax.tree.leaves(state)}
    assert kinds == {"float32", "int32"}


def test_blocks_end_at_snapshots():
    config = dataclasses.replace(SMALL, epochs=10, snapshot_every=4)
    assert block_lengths(0, config) == [4, 4, 2]
    assert block_lengths(4, config) == [4, 2]
    assert block_lengths(10, config) == []


def test_vmap_over_states_is_an_ensemble():
    configs = [dataclasses.replace(SMALL, seed=seed) for seed in (0, 1)]
    states = [init_state(config) for config in configs]
    keys = jnp.stack([shuffle_key(config.seed) for config in configs])
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    data = _data()
    _, together = jax.vmap(lambda s, k: train_block(s, data, k, SMALL, 5))(
        stacked, keys
    )
    for i in (0, 1):
        _, alone = train_block(states[i], data, keys[i], SMALL, 5)
        np.testing.assert_allclose(together.val[i], alone.val, rtol=1e-4)


def test_divergence_names_its_epoch():
    losses = EpochLosses(jnp.array([1.0, 2.0, jnp.nan]), jnp.ones(3))
    with pytest.raises(FloatingPointError, match="epoch 13: lower the learning rate"):
        check_finite(losses, first_epoch=10)
