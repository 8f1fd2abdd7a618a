"""Superposition of many features: closed forms, and what the numbers say."""

import numpy as np
import pytest

from experiments import superposition_sizes
from experiments.superposition_sizes.claims import (
    linear_loss,
    pairs_loss,
    size_claims,
    stored_per_dimension,
)
from tests.experiments.helpers import run_smoke

CONFIG = superposition_sizes.PRESETS["smoke"]


def test_smoke_models_store_columns_of_one_matrix(tmp_path_factory):
    folder, _ = run_smoke(superposition_sizes.NAME, tmp_path_factory)
    result = superposition_sizes.load(CONFIG, folder)
    lengths = result.lengths[0]
    assert lengths.shape == (2, 2, 8)
    assert np.diag(result.grams[0]) == pytest.approx(lengths[-1, 0] ** 2)
    assert np.linalg.matrix_rank(result.grams[0]) == 2


def test_closed_forms_are_those_of_sampled_points():
    rng = np.random.default_rng(0)
    on = rng.random((200_000, 6)) < 0.3
    x = rng.random(on.shape) * on
    # Linear: any two directions and the mean; least squares gives no less.
    basis = np.linalg.qr(rng.normal(size=(6, 2)))[0]
    centered = x - x.mean(axis=0)
    left = centered - centered @ basis @ basis.T
    assert (left**2).sum(axis=1).mean() == pytest.approx(
        linear_loss(6, 2, 0.7), rel=0.01
    )
    W = np.array([[1.0, -1.0, 0, 0, 0, 0], [0, 0, 1.0, -1.0, 0, 0]])
    b = np.array([0, 0, 0, 0, 0.15, 0.15])
    outputs = np.maximum(x @ W.T @ W + b, 0.0)
    assert ((outputs - x) ** 2).sum(axis=1).mean() == pytest.approx(
        pairs_loss(6, 2, 0.7), rel=0.01
    )


def test_a_projection_has_as_many_features_as_dimensions():
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 2)))[0]
    lengths = np.linalg.norm(basis.T, axis=0)
    assert stored_per_dimension(lengths[None, None], 2) == pytest.approx(1.0)
    whole = np.array([[[1.0, 1.0, 1.0, 0.0]]])
    assert stored_per_dimension(whole, 2).tolist() == [[1.5]]


def test_verdicts_are_what_the_numbers_say():
    losses = [np.array([[linear_loss(8, 2, 0.0)] * 12, [0.01] * 12])]
    lengths = [np.zeros((2, 12, 8))]
    lengths[0][0, :, :2] = 1.0
    lengths[0][1, :, :5] = 1.0
    claims = size_claims([(8, 2)], (0.0, 0.99), losses, lengths)
    assert {claim.verdict for claim in claims} == {"confirmed"}
    lengths[0][:] = 0.0
    lengths[0][0] = 1.0
    losses[0][:] = [[0.1], [1.0]]
    claims = size_claims([(8, 2)], (0.0, 0.99), losses, lengths)
    assert {claim.verdict for claim in claims} == {"refuted"}
