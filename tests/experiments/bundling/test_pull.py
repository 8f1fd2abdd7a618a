"""The pull of a residual on creases, against sums over points and known shapes."""

import numpy as np
import pytest

import regions
from experiments.bundling.creases import Creases
from experiments.bundling.pull import (
    distances_of_lines,
    first_gradient,
    measure_pull,
    offset_gradients,
)
from training.datasets import OUTER_RADIUS


def _lattice(side: int) -> np.ndarray:
    middles = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)


def test_gradients_are_those_of_moved_creases():
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(5, 2)), rng.normal(size=5)
    last, points = rng.normal(size=(1, 5)), rng.uniform(size=(300, 2))
    targets = rng.normal(size=(300, 1))

    def error(moved: np.ndarray) -> float:
        network = regions.ReluNetwork.from_arrays(
            [weight, last],
            [bias - moved * np.linalg.norm(weight, axis=1), np.array([0.3])],
            slopes=0.01,
        )
        return float(((network(points) - targets) ** 2).mean())

    network = regions.ReluNetwork.from_arrays(
        [weight, last], [bias, np.array([0.3])], slopes=0.01
    )
    found = offset_gradients(network, points, targets)
    # Steps so short that no point changes sides.
    step = 1e-7 * np.eye(5)
    differences = [(error(s) - error(-s)) / 2e-7 for s in step]
    assert found == pytest.approx(differences, rel=1e-5)


def test_closed_form_is_the_sum_over_a_fine_lattice():
    points = _lattice(500)
    residual = 0.8 - (np.linalg.norm(points - 0.5, axis=1) > OUTER_RADIUS)
    offsets = np.array([0.0, 0.1, 0.2, 0.3, 0.4])
    found = first_gradient(
        offsets, weight=0.02, norm=3.0, constant=0.8, radius=OUTER_RADIUS
    )
    for offset, value in zip(offsets, found, strict=True):
        pre = 3.0 * (points[:, 0] - 0.5 - offset)
        total = residual + 0.02 * np.maximum(pre, 0.0)
        expected = -2.0 * 0.02 * 3.0 * (total * (pre > 0.0)).mean()
        assert value == pytest.approx(expected, abs=2e-5)


def test_a_soft_edge_holds_ridges_on_tangents_outside_and_valleys_inside():
    points = _lattice(200) - 0.5
    distance = np.linalg.norm(points, axis=1)
    # Too high in a thin ring inside the disc's edge, too low in one outside.
    residual = 1.0 * (np.abs(distance - 0.23) < 0.02) - (np.abs(distance - 0.27) < 0.02)
    turns = np.array([0.1, 0.6, 0.3, 0.8])
    offsets = np.array([0.27, -0.27, 0.22, 0.22])
    ridges = np.array([True, False, False, True])
    creases = Creases(turns, offsets, np.ones(4, bool), ridges)
    found = measure_pull(creases, residual, points)
    assert 0.24 < found.deepest < 0.28
    assert found.held == 0.5
    assert len(found.lines) == len(distances_of_lines()) - 1
    # A line through the center: four rings' thicknesses, of either sign.
    assert found.lines[0] == pytest.approx(0.0, abs=0.01)
    # A line of the outer ring alone: its chord.
    chord = 2.0 * np.sqrt(0.29**2 - 0.27**2)
    assert found.lines[13] == pytest.approx(-chord, rel=0.03)
