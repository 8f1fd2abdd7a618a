"""Folding networks against their formulas, and lengths against second computations."""

import math

import numpy as np
import pytest

import regions
from experiments import folding
from experiments.folding.curve_lengths import circle_lengths
from experiments.folding.fold_networks import folding_network, zig_zag_network
from regions import bounds
from tests.experiments.helpers import run_smoke

SMOKE = folding.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(folding.NAME, tmp_path_factory)


@pytest.mark.parametrize(("units", "depth"), [(2, 5), (3, 3), (4, 2), (5, 2)])
def test_zig_zag_is_the_function_of_its_teeth(units, depth):
    network = zig_zag_network(units, depth)
    places = np.arange(units**depth + 1) / units**depth
    found = network(places[:, None])[:, 0]
    np.testing.assert_allclose(found, np.arange(len(places)) % 2, atol=1e-9)
    line = regions.WholeSpace(1)
    expected = bounds.zig_zag_activation_regions(units, depth)
    assert int(regions.count_regions(network, line)) == expected


@pytest.mark.parametrize(
    ("shape", "value"), [((2, 1, 4), 44), ((2, 2, 4), 176), ((4, 1, 8), 592)]
)
def test_folding_layers_attain_the_lower_bound(shape, value):
    network = folding_network(*shape)
    found = regions.count_regions(network, regions.Box([0.0, 0.0], [1.0, 1.0]))
    assert (int(found), found.complete) == (value, True)
    assert value == bounds.montufar_2014_lower_bound(2, network.widths)


def test_run_finds_every_count_as_its_formula_says(finished):
    folder, summary = finished
    assert summary["verified"] is True
    assert summary["folded_regions"] == [44, 176]
    result = folding.load(SMOKE, folder)
    assert result.pieces[0].tolist() == [2, 4, 8, 16, 32]
    assert result.activation[1].tolist() == [4, 10, 28]
    assert len(result.polygons) == 176


def test_stretch_is_that_of_networks_drawn_whole(finished):
    result = folding.load(SMOKE, finished[0])
    rng = np.random.default_rng(0)
    factors = []
    for _ in range(400):
        x, u = rng.standard_normal(32), rng.standard_normal(32)
        u /= np.linalg.norm(u)
        for _ in range(3):
            W = rng.standard_normal((32, 32)) * math.sqrt(2.0 / 32)
            active = W @ x > 0.0
            x, u = np.where(active, W @ x, 0.0), np.where(active, W @ u, 0.0)
        factors.append(np.linalg.norm(u))
    # Two samples of 400 with standard deviations of 0.3.
    assert result.stretches[1].mean() == pytest.approx(np.mean(factors), abs=0.06)
    assert result.stretches[0].mean() == pytest.approx(0.97, abs=0.04)


def test_circle_of_one_linear_layer_keeps_its_known_length():
    lengths = circle_lengths(SMOKE.circle, 2.0, 0)
    assert lengths[0] == pytest.approx(2.0 * math.pi * math.sqrt(30), rel=1e-3)
    assert (lengths > 0.0).all()
