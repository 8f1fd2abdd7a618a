"""Closed forms of best read-outs against samples and Bayes' rule by hand."""

import numpy as np
import pytest

from experiments.feature_storage import noisy_readouts as measured
from experiments.feature_storage.noisy_readouts import Channel


def _samples(channel, count=400_000):
    rng = np.random.default_rng(0)
    on = rng.random(count) < channel.density
    value = 1.0 if channel.kind == "binary" else rng.standard_normal(count)
    feature = np.where(on, value, 0.0)
    return feature, feature + channel.noise * rng.standard_normal(count)


@pytest.mark.parametrize(
    "channel",
    [
        Channel("gaussian", 1.0, 0.5),
        Channel("binary", 0.2, 0.3),
        Channel("sparse gaussian", 0.1, 0.4),
    ],
)
def test_errors_are_those_of_samples(channel):
    feature, seen = _samples(channel)
    nodes = measured.quadrature(channel)
    best = np.interp(seen, nodes.y, nodes.best)
    assert measured.least_error(channel) == (
        pytest.approx(np.mean((feature - best) ** 2), rel=0.02)
    )
    line = np.polynomial.Polynomial.fit(seen, feature, 1)
    assert measured.linear_error(channel) == (
        pytest.approx(np.mean((feature - line(seen)) ** 2), rel=0.02)
    )
    # A mean given y is right on average over any range of y.
    inside = np.abs(seen - 0.6) < 0.05
    assert best[inside].mean() == pytest.approx(feature[inside].mean(), abs=0.02)


def test_gaussian_feature_has_a_linear_read_out():
    channel = Channel("gaussian", 1.0, 0.5)
    nodes = measured.quadrature(channel)
    assert nodes.best == pytest.approx(nodes.y / 1.25)
    assert measured.least_error(channel) == pytest.approx(0.25 / 1.25)
    assert measured.nonlinearity(nodes.weight, nodes.y, nodes.best) < 1e-9
    assert measured.excess_error(channel, nodes.best + 0.1) == pytest.approx(0.01)


def test_binary_feature_has_a_soft_threshold():
    channel = Channel("binary", 0.2, 0.5)
    nodes = measured.quadrature(channel)
    logit = (nodes.y - 0.5) / 0.25 + np.log(0.2 / 0.8)
    assert nodes.best == pytest.approx(1.0 / (1.0 + np.exp(-logit)), abs=1e-9)


def test_step_over_a_symmetric_density_leaves_one_less_two_over_pi():
    x = np.linspace(-8.0, 8.0, 8001)
    weight = np.exp(-0.5 * x**2)
    found = measured.nonlinearity(weight / weight.sum(), x, np.sign(x))
    assert found == pytest.approx(1.0 - 2.0 / np.pi, abs=1e-3)


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="'laplace': one of gaussian, binary"):
        measured.quadrature(Channel("laplace", 1.0, 1.0))
