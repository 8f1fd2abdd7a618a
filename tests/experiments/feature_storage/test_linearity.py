"""Defects of maps whose distance from linear is known."""

import numpy as np
import pytest

from experiments.feature_storage.linearity import adding_defect, scaling_defect

X, Y = np.random.default_rng(0).standard_normal((2, 500, 3))
W = np.random.default_rng(1).standard_normal((3, 2))


def test_linear_maps_have_no_defect():
    assert scaling_defect(lambda x: x @ W, X, 2.0) < 1e-12
    assert adding_defect(lambda x: x @ W, X, Y) < 1e-12


def test_a_bias_is_a_constant_defect():
    bias = np.array([0.3, -0.4])
    spread = np.sqrt((((X + Y) @ W - ((X + Y) @ W).mean(0)) ** 2).sum(1).mean())
    found = adding_defect(lambda x: x @ W + bias, X, Y)
    assert found == pytest.approx(0.5 / spread)


def test_relu_without_bias_scales_and_does_not_add():
    def relu(x):
        return np.maximum(x @ W, 0.0)

    assert scaling_defect(relu, X, 2.0) < 1e-12
    assert adding_defect(relu, X, Y) > 0.1


def test_square_scales_by_the_square():
    def square(x):
        return x[:, :1] ** 2

    values = 2.0 * square(X)
    expected = np.median(2.0 * X[:, 0] ** 2) / values.std()
    assert scaling_defect(square, X, 2.0) == pytest.approx(expected)
