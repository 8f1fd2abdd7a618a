"""Toy models of superposition against closed forms, samples and counts of regions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import regions
from regions.bounds import zaslavsky_count
from training.toy_models import (
    ToyParams,
    antipodal_loss,
    decoder_network,
    expected_pair_loss,
    feature_dimensions,
    ignored_loss,
    polygon,
    sample_features,
    sample_unit_points,
    toy_loss,
    toy_network,
    train_on_points,
    train_toy_models,
)


@pytest.mark.parametrize(("features", "share"), [(3, 2 / 3), (4, 1 / 2), (5, 2 / 5)])
def test_polygons_share_their_plane_equally(features, share):
    found = feature_dimensions(polygon(features))
    np.testing.assert_allclose(found, share, rtol=1e-12)


def test_orthogonal_features_have_a_dimension_each_and_absent_ones_none():
    W = np.array([[2.0, 0.0, 0.0], [0.0, 0.5, 0.0]])
    np.testing.assert_allclose(feature_dimensions(W), [1.0, 1.0, 0.0])


@pytest.mark.parametrize("density", [1.0, 0.3, 0.05])
def test_closed_forms_equal_the_loss_on_samples(density):
    points = sample_features(jax.random.key(0), 1 << 17, 2, density)
    weights = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    # The first feature kept, the second ignored at the best constant.
    kept = ToyParams(jnp.array([[1.0, 0.0]]), jnp.array([0.0, density / 2.0]))
    assert float(toy_loss(kept, points, weights[0])) == pytest.approx(0.0, abs=1e-9)
    assert float(toy_loss(kept, points, weights[1])) == pytest.approx(
        float(ignored_loss(density)), rel=0.03
    )
    opposite = ToyParams(jnp.array([[1.0, -1.0]]), jnp.zeros(2))
    for weight in weights:
        assert float(toy_loss(opposite, points, weight)) == pytest.approx(
            float(antipodal_loss(density)), rel=0.08
        )


def test_quadrature_equals_closed_forms_and_samples():
    density = np.array([0.02, 0.4, 1.0])
    ones, importance = np.ones((3, 1, 1)), np.tile([1.0, 0.5], (3, 1))
    opposite = np.concatenate([ones, -ones], axis=2)
    found = expected_pair_loss(opposite, np.zeros((3, 2)), importance, density)
    np.testing.assert_allclose(found, 1.5 * antipodal_loss(density), rtol=1e-3)
    alone = np.concatenate([ones, 0.0 * ones], axis=2)
    bias = np.stack([0.0 * density, density / 2.0], axis=1)
    found = expected_pair_loss(alone, bias, importance, density)
    np.testing.assert_allclose(found, 0.5 * ignored_loss(density), rtol=1e-3)
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((1, 2, 2)), rng.standard_normal((1, 2))
    points = sample_features(jax.random.key(1), 1 << 17, 2, 0.6)
    sampled = toy_loss(
        ToyParams(jnp.asarray(W[0]), jnp.asarray(b[0])), points, jnp.array([1.0, 0.5])
    )
    exact = expected_pair_loss(W, b, importance[:1], np.array([0.6]))[0]
    assert float(sampled) == pytest.approx(exact, rel=0.02)


def test_dense_features_are_stored_one_a_dimension():
    params, losses = train_toy_models(
        jax.random.split(jax.random.key(0), 3),
        jnp.ones(3),
        jnp.tile(jnp.array([1.0, 0.3]), (3, 1)),
        hidden=1,
        steps=800,
        batch=128,
    )
    norms = np.abs(np.asarray(params.W))[:, 0]
    assert (norms[:, 0] > 0.8).all()
    assert (norms[:, 1] < 0.2).all()
    np.testing.assert_allclose(losses, 0.3 * ignored_loss(1.0), rtol=0.15)


def test_pentagon_has_sixteen_cells_and_fifty_facets():
    W, b = polygon(5), np.full(5, -0.2)
    plane = regions.WholeSpace(2)
    found = regions.explore_regions(decoder_network(W, b), np.zeros(2), plane)
    assert found.complete
    assert len(found) == zaslavsky_count(5, 2) == 16
    # 2 n r(n - 1, d - 1) / r(n, d) = 2 * 5 * 5 / 16.
    assert 2.0 * found.adjacency().number_of_edges() / 16.0 == 3.125
    # Of the features themselves there are as many: the rank is 2.
    whole = regions.count_regions(toy_network(W, b), regions.WholeSpace(5))
    assert whole.complete
    assert int(whole) == 16


def test_other_shapes_have_the_counts_of_their_rank():
    assert (
        int(
            regions.count_regions(
                decoder_network(polygon(5), np.zeros(5)), regions.WholeSpace(2)
            )
        )
        == 10
    )
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((3, 6)), rng.standard_normal(6)
    assert int(regions.count_regions(toy_network(W, b), regions.WholeSpace(6))) == 42


def test_networks_compute_the_model():
    rng = np.random.default_rng(1)
    W, b = rng.standard_normal((2, 4)), rng.standard_normal(4)
    x = rng.standard_normal((20, 4))
    expected = np.maximum(x @ W.T @ W + b, 0.0)
    np.testing.assert_allclose(toy_network(W, b)(x), expected, atol=1e-12)
    np.testing.assert_allclose(decoder_network(W, b)(x @ W.T), expected, atol=1e-12)


def test_points_have_length_one_or_none():
    points = np.asarray(sample_unit_points(jax.random.key(0), 400, 10, 0.1))
    lengths = np.linalg.norm(points, axis=1)
    none = lengths == 0.0
    assert 0.2 < none.mean() < 0.5
    assert lengths[~none] == pytest.approx(1.0, abs=1e-5)


def test_two_points_are_stored_without_loss():
    keys = jax.random.split(jax.random.key(1), 2)
    draw = jax.vmap(sample_unit_points, in_axes=(0, None, None, None))
    points = draw(keys, 2, 12, 0.3)
    params = train_on_points(keys, points, hidden=2, steps=400)
    for s in range(2):
        outputs = np.maximum(points[s] @ params.W[s].T @ params.W[s] + params.b[s], 0.0)
        assert np.asarray(outputs) == pytest.approx(np.asarray(points[s]), abs=0.05)
