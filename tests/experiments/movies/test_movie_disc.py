"""Creases of one layer: the formula, the lines, continuity; and the portrait."""

import itertools

import numpy as np
import pytest

import regions
from experiments.measures.unit_square import UNIT_SQUARE
from experiments.movie_portrait.study import PRESETS, PortraitMovie
from experiments.movies import movie_run
from experiments.movies.movie_disc import arrangement_count, creases, largest_jump
from experiments.movies.movie_files import read_png
from experiments.plotting.movie_panels import GAP
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network


def _layer(weights, offsets) -> regions.ReluNetwork:
    """One hidden layer and a summing output."""
    ones = np.ones((1, len(weights)))
    return regions.ReluNetwork.from_arrays(
        [np.array(weights, float), ones], [np.array(offsets, float), np.zeros(1)]
    )


@pytest.fixture(scope="module", params=["movie_disc10", "movie_disc500"])
def finished(request, tmp_path_factory):
    """Folder and summary of the smoke preset of either."""
    return run_smoke(request.param, tmp_path_factory)


def test_formula_and_enumeration_agree_at_every_frame(finished):
    folder, summary = finished
    rows = movie_run.read_rows(folder / "frames.csv")
    assert [row["regions"] for row in rows] == [r["regions_by_formula"] for r in rows]
    assert summary["frames_where_the_formula_differs"] == 0
    assert 0.0 <= summary["largest_jump_of_all"] < 1e-12
    verdicts = [claim["verdict"] for claim in summary["claims"]]
    assert verdicts[:2] == ["confirmed"] * 2
    network = regions.load_network(folder / "network.npz")
    folding = summary["creases_in_square"] - summary["dead_units"]
    is_whole = folding == len(network.hidden[0].bias)
    # Only the centered movie speaks of its units.
    assert verdicts[2:] in ([], ["confirmed" if is_whole else "refuted"])
    assert len(creases(network).units) == summary["creases_in_square"] > 0


def test_creases_of_every_frame_are_lines_where_their_unit_vanishes(finished):
    folder, summary = finished
    rows = movie_run.read_rows(folder / "creases.csv")
    network = regions.load_network(folder / "network.npz")
    layer, last = network.hidden[0], summary["epoch"]
    assert {row["epoch"] for row in rows} == {0, 2, last}
    at_end = [row for row in rows if row["epoch"] == last]
    assert len(at_end) == len(layer.bias)
    for row in at_end:
        normal = np.array([np.cos(row["angle"]), np.sin(row["angle"])])
        foot = row["offset"] * normal
        for along in (-3.0, 0.0, 2.0):
            point = foot + along * normal[::-1] * [1, -1]
            value = layer.weight[row["unit"] - 1] @ point + layer.bias[row["unit"] - 1]
            assert abs(value) < 1e-12
        slope = layer.weight[row["unit"] - 1] @ normal
        assert slope == pytest.approx(row["norm"], rel=1e-12)
    meet = sum(row["meets_square"] for row in at_end)
    assert meet == summary["creases_in_square"]


@pytest.mark.parametrize("seed", range(4))
def test_formula_counts_random_arrangements(seed):
    network = random_network(np.random.default_rng(seed), 2, [25], 0.6)
    count = regions.count_regions(network, UNIT_SQUARE)
    assert arrangement_count(network) == int(count)


def test_formula_counts_lines_by_hand():
    # A cross and a diagonal that misses the square; then one through a corner only.
    cross = _layer([[1, 0], [0, 1], [1, 1]], [-0.5, -0.25, -3.0])
    assert arrangement_count(cross) == 4
    corner = _layer([[1, 0], [1, 1]], [-0.5, 0.0])
    assert arrangement_count(corner) == 2
    # Crossings on the square's edge and beyond it are not inside.
    edge = _layer([[1, 0], [2, -1]], [-0.5, -1.0])
    assert arrangement_count(edge) == 3
    beyond = _layer([[1, 0], [4, -1]], [-0.5, -2.0 - 2.0**-40])
    within = _layer([[1, 0], [4, -1]], [-0.5, -2.0 + 2.0**-40])
    assert (arrangement_count(beyond), arrangement_count(within)) == (3, 4)


def test_crease_is_where_its_unit_vanishes_from_edge_to_edge():
    network = random_network(np.random.default_rng(7), 2, [30], 0.6)
    layer, found = network.hidden[0], creases(network)
    for unit, segment in zip(found.units, found.segments, strict=True):
        np.testing.assert_allclose(
            segment @ layer.weight[unit] + layer.bias[unit], 0.0, atol=1e-12
        )
        on_edge = np.isclose(segment, 0.0) | np.isclose(segment, 1.0)
        assert on_edge.any(axis=1).all()
        assert ((segment > -1e-9) & (segment < 1.0 + 1e-9)).all()
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=2)))
    signs = corners @ layer.weight.T + layer.bias > 0.0
    missed = np.flatnonzero(signs.all(0) | ~signs.any(0))
    assert sorted([*found.units, *missed]) == list(range(30))


def test_jump_is_found_where_maps_disagree(monkeypatch):
    network = random_network(np.random.default_rng(1), 2, [6], 0.6)
    found = regions.enumerate_regions(network, UNIT_SQUARE)
    assert largest_jump(found) < 1e-12

    jacobian, offset = found.affine_maps()
    moved = offset.copy()
    moved[0] += 0.125
    monkeypatch.setattr(found, "affine_maps", lambda: (jacobian, moved))
    assert largest_jump(found) == pytest.approx(0.125, abs=1e-12)


def test_portrait_has_the_likeness_of_its_formula(tmp_path_factory):
    folder, summary = run_smoke("movie_portrait", tmp_path_factory)
    side = PRESETS["smoke"].data.size
    picture = PortraitMovie(PRESETS["smoke"]).load_scene().image / 255.0
    network = regions.load_network(folder / "network.npz")
    axis = np.arange(side) / side
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    output = np.clip(network(points)[:, 0].reshape(side, side), 0.0, 1.0)
    mse = ((output - picture) ** 2).mean()
    assert summary["psnr"] == pytest.approx(-10.0 * np.log10(mse))
    assert -1.0 <= summary["ssim"] <= 1.0
    assert f"PSNR {summary['psnr']:.2f} dB" in summary["headline"]
    shown = read_png(folder / "last_frame.png")[:side, side + GAP : 2 * side + GAP]
    assert np.abs(shown[..., 0] - 255.0 * output).max() < 1.0
