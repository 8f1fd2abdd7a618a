"""Learned read-outs and pairs approach the least possible error."""

import jax
import numpy as np
import pytest

from training.config import ModelConfig
from training.ensemble import member
from training.models import params_to_relu_network
from training.readouts import NoisySetting, standardized_code, train_noisy_readouts

LINE = ModelConfig(widths=(8,), input_dim=1, output_dim=1, activation="relu")


def test_read_out_of_a_gaussian_is_the_line_of_the_formula():
    settings = NoisySetting(*(np.array([v, v]) for v in (1.0, 1.0, 0.5)))
    params = train_noisy_readouts(LINE, settings, [0, 1], steps=200, batch=128)
    y = np.linspace(-2.0, 2.0, 41)[:, None]
    for i in range(2):
        network = params_to_relu_network(
            jax.tree.map(np.asarray, member(params, i)), LINE
        )
        assert network(y) == pytest.approx(y / 1.25, abs=0.2)


def test_code_has_mean_zero_and_mean_square_one():
    rng = np.random.default_rng(0)
    params = {
        "layers": {
            str(i): {
                "kernel": rng.standard_normal(shape).astype(np.float32),
                "bias": rng.standard_normal(shape[1]).astype(np.float32),
            }
            for i, shape in enumerate([(1, 8), (8, 1)])
        },
        "slopes": {},
    }
    values = rng.standard_normal(50).astype(np.float32)
    weights = rng.random(50).astype(np.float32)
    weights /= weights.sum()
    code = np.asarray(standardized_code(LINE, params, values, weights))
    assert weights @ code == pytest.approx(0.0, abs=1e-5)
    assert weights @ code**2 == pytest.approx(1.0, abs=1e-4)
