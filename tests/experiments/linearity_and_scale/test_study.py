"""Linearity: of functions that are and are not, repeated points, and verdicts."""

import numpy as np
import pytest

import regions
from experiments import linearity_and_scale
from experiments.linearity_and_scale.claims import scale_claims
from experiments.linearity_and_scale.study import _shown, linearity, shared_variance
from tests.experiments.helpers import run_smoke
from training.rms_networks import Points

CONFIG = linearity_and_scale.PRESETS["smoke"]


def test_smoke_run_measures_every_network(tmp_path_factory):
    folder, summary = run_smoke(linearity_and_scale.NAME, tmp_path_factory)
    found = linearity_and_scale.load(CONFIG, folder).numbers["wine"]
    assert found["network"].shape == (2, 2, 2)
    for values in found.values():
        assert ((values >= 0.0) & (values <= 1.0)).all()
    # Three classes of wine are learned by the wider networks from most points.
    assert (found["wrong"][1, 1] < 0.3).all()
    assert len(summary["claims"]) == 6


def test_shares_are_those_of_sums_of_squares():
    x = np.linspace(-1.0, 1.0, 2001)[:, None]
    both = np.concatenate([3.0 * x + 1.0, x**2], axis=1)
    straight, bent = both.var(axis=0)
    assert shared_variance(x, both) == pytest.approx(straight / (straight + bent))
    assert shared_variance(x, x**2) == pytest.approx(0.0, abs=1e-9)


def test_an_affine_network_is_linear_and_a_dead_one_is_not():
    rng = np.random.default_rng(0)
    inputs = rng.random((60, 2)).astype(np.float32)
    labels = (inputs[:, 0] > inputs[:, 1]).astype(np.int32)
    points = Points(inputs, labels, inputs, labels)
    affine, dead = (
        regions.ReluNetwork.from_arrays(
            [np.eye(2), [[-1.0, 1.0], [1.0, -1.0]]], [[bias, bias], [0.0, 0.0]]
        )
        for bias in (1.0, -2.0)
    )
    found = linearity(affine, points, 2)
    assert found["network"] == pytest.approx(1.0)
    assert found["wrong"] == 0.0
    assert 0.1 < found["embedding"] < 1.0
    assert linearity(dead, points, 2)["network"] == 0.0


def test_few_points_are_shown_as_often_as_many():
    inputs, labels = np.arange(6, dtype=np.float32)[:, None], np.arange(6)
    (few,) = _shown([Points(inputs, labels, inputs, labels)], True, 3)
    assert few.inputs[:, 0].tolist() == [0, 1, 2, 0, 1, 2]
    assert few.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_verdicts_are_what_the_numbers_say():
    rise = np.array([[0.1, 0.3], [0.2, 0.6]])[:, :, None] * np.ones(16)
    numbers = {"t": {"network": rise, "embedding": rise, "wrong": 1.0 - rise}}
    verdicts = {c.verdict for c in scale_claims(numbers, (4, 64))}
    assert verdicts == {"confirmed"}
    numbers = {"t": {"network": -rise, "embedding": -rise, "wrong": 1.0 - rise}}
    assert {c.verdict for c in scale_claims(numbers, (4, 64))} == {"refuted"}
