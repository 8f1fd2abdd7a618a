"""Normalized networks without biases: cones, training, and what the numbers say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import bias_free_normalized
from experiments.bias_free_normalized.claims import cone_claims, contest_claims
from experiments.bias_free_normalized.cones import measure_cones
from experiments.bias_free_normalized.contests import Contest
from experiments.measures.tables import split_task
from tests.experiments.helpers import run_smoke
from training.rms_networks import EPSILON, Layer, plain_network, rms_outputs, rms_signs

CONFIG = bias_free_normalized.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(bias_free_normalized.NAME, tmp_path_factory)


def test_biases_stay_where_they_were_if_asked(finished):
    folder, summary = finished
    with np.load(folder / "wine.npz") as arrays:
        biases, gains = arrays["bias0"], arrays["gain0"]
    assert np.abs(biases[0]).min() > 0.0
    assert (biases[1] == 0.0).all()
    assert (gains != 1.0).all()
    result = bias_free_normalized.load(CONFIG, folder)
    contest = result.contests["wine"]
    assert contest.test.shape == (2, 2, 2, 2)
    assert (contest.reached > 0).any()
    exact = [claim["verdict"] for claim in summary["claims"] if not claim["seeds"]]
    # The last takes more points than these.
    assert exact[:3] == ["confirmed"] * 3


def _layers(bias):
    rng = np.random.default_rng(3)
    return [
        Layer(rng.normal(size=(b, a)), bias * rng.normal(size=b), 0.5 + rng.random(a))
        for a, b in ((3, 6), (6, 5), (5, 2))
    ]


def test_one_unit_with_a_bias_is_on_outside_of_a_circular_cone():
    """x + b rms(x) > 0 with b = -1: x > |(y, z)| / sqrt 2, as rms^2 = |.|^2 / 3."""
    layers = [
        Layer(np.array([[1.0, 0.0, 0.0]]), np.array([-1.0]), np.ones(3)),
        Layer(np.ones((1, 1)), np.zeros(1), np.ones(1)),
    ]
    points = np.array([[1.0, 1.3, 0.0], [1.0, 1.5, 0.0], [1.0, 1.0, 0.9], [-1.0, 0, 0]])
    # Gains of 1 divide by rms: x / rms - 1 > 0.
    wanted = points[:, 0] > np.hypot(points[:, 1], points[:, 2]) / np.sqrt(2.0)
    assert wanted.tolist() == [True, False, True, False]
    assert rms_signs(layers, points)[0][:, 0].tolist() == wanted.tolist()


def test_without_biases_the_partition_is_the_plain_ones():
    points = np.random.default_rng(0).normal(size=(400, 3))
    free, biased = (measure_cones(_layers(bias), points) for bias in (0.0, 1.0))
    assert (free.unlike_plain, free.unlike_scaled, free.bent) == (0, 0, 0)
    assert (free.points, free.scaled) == (400, 1600)
    assert biased.unlike_plain > 0
    assert biased.bent > 0


def test_outputs_are_those_of_the_formula_and_of_the_plain_network():
    layers = _layers(1.0)
    points = np.random.default_rng(1).normal(size=(5, 3))
    for normalized in (0.0, 1.0):
        x = points
        for k, (weight, bias, gain) in enumerate(layers):
            square = (x**2).mean(axis=1, keepdims=True) + EPSILON
            x = (x / np.sqrt(square) if normalized else x) * gain @ weight.T + bias
            x = x if k == 2 else np.maximum(x, 0.0)
        with jax.enable_x64():
            found = rms_outputs(
                [Layer(*map(jnp.asarray, layer)) for layer in layers],
                jnp.asarray(points),
                jnp.asarray(normalized),
            )
        np.testing.assert_allclose(found, x, rtol=1e-9)
        if not normalized:
            np.testing.assert_allclose(plain_network(layers)(points), x)


def test_tables_are_standardized_by_their_training_points():
    points = split_task("wine", 80, 1)
    assert points.inputs.mean(axis=0) == pytest.approx(np.zeros(13), abs=1e-5)
    assert points.inputs.std(axis=0) == pytest.approx(np.ones(13), abs=1e-5)
    assert points.test_inputs.shape == (98, 13)


def _contest(seeds=16):
    shape = (2, 2, 2, seeds)
    test = np.ones(shape)
    test[1, 1] = 0.8
    reached = np.full(shape, 50)
    reached[1, 1] = 40
    reached[0, 0, :, 3] = 0
    nothing = np.zeros((2, 2, 4, seeds))
    return Contest(test, test, test, reached, test, nothing)


def test_verdicts_are_what_the_numbers_say():
    found = {c.claim: c.verdict for c in contest_claims("wine", _contest(), 0.1)}
    good = "Leaving out biases is a beneficial regularization: "
    quick = "It simplifies optimization, fewer updates are needed: "
    assert found[good + "normalized, wine"] == "confirmed"
    assert found[good + "plain, wine"] == "refuted"
    assert found[quick + "normalized, wine"] == "confirmed"
    # One seed of sixteen is sooner without biases.
    assert found[quick + "plain, wine"] == "refuted"
    assert found["Leaving them out changes little either way: normalized, wine"] == (
        "refuted"
    )


def test_cones_are_refuted_by_one_point():
    cones = {name: np.zeros((1, 2, 3), int) for name in ("unlike_plain", "bent")}
    cones |= {
        name: np.full((1, 2, 3), 9) for name in ("points", "scaled", "triples")
    } | {"unlike_scaled": np.zeros((1, 2, 3), int)}
    cones["bent"][:, 0] = 4
    assert {c.verdict for c in cone_claims(cones)} == {"confirmed"}
    cones["unlike_plain"][0, 1, 2] = 1
    cones["bent"][0, 0] = 0
    assert [c.verdict for c in cone_claims(cones)] == [
        "refuted",
        "confirmed",
        "confirmed",
        "refuted",
    ]
