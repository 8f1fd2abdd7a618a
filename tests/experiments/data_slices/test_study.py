"""Planes through data on a small network, from points to figure."""

import dataclasses
import json

import numpy as np
import pytest

import regions
from experiments import data_slices, load_experiment
from experiments.data_slices import study
from experiments.data_slices.figure import draw, percent, plane_frame
from experiments.plotting.style import save_figure
from experiments.running.common import open_run
from tests.helpers import random_network
from training.progress import quiet

SMOKE = data_slices.PRESETS["smoke"]
CONFIG = dataclasses.replace(
    SMOKE, training=dataclasses.replace(SMOKE.training, epochs=10, snapshot_every=10)
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    folder = tmp_path_factory.mktemp("runs") / "data_slices"
    open_run(folder, data_slices.NAME, CONFIG)
    return folder, data_slices.run(CONFIG, folder, quiet)


def test_run_writes_every_file_whole(finished):
    folder, summary = finished
    assert {entry.name for entry in folder.iterdir()} == {
        "config.json",
        "metrics.csv",
        "snapshots",
        "network.npz",
        "regions.parquet",
        "polygons.npz",
        "provenance.json",
        "summary.json",
    }
    assert json.loads((folder / "summary.json").read_text()) == summary


def test_summary_is_what_the_network_says_of_points_and_plane(finished):
    folder, summary = finished
    network = regions.load_network(folder / "network.npz")
    result = data_slices.load(CONFIG, folder)
    assert summary["labels"] == [3, 5, 8]
    assert summary["predicted"] == network(result.corners).argmax(1).tolist()
    assert summary["complete"] is True
    assert summary["verified"] is True
    assert summary["val_accuracy"] > 0.7
    # The three points are the chart's (0, 0), (1, 0) and (0, 1), exactly.
    chart = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert (result.plane.embed(chart) == result.corners).all()
    grid = regions.hash_grid(network, result.plane, 200)
    assert 0 < grid.count <= summary["exact_regions"]


def test_area_of_each_class_is_its_share_of_random_points(finished):
    folder, summary = finished
    network = regions.load_network(folder / "network.npz")
    plane = data_slices.load(CONFIG, folder).plane
    box = plane.box
    t = np.random.default_rng(0).uniform(box.lower, box.upper, (40_000, 2))
    winners = network(plane.embed(t)).argmax(1)
    assert sum(summary["area_by_class"].values()) == pytest.approx(1.0)
    for label in range(10):
        share = summary["area_by_class"].get(str(label), 0.0)
        assert (winners == label).mean() == pytest.approx(share, abs=0.012)


def test_figure_is_drawn_from_the_folder_alone(finished, tmp_path):
    folder, summary = finished
    result = data_slices.load(CONFIG, folder)
    save_figure(draw(result), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 20_000
    assert len(result.polygons) == summary["exact_regions"]
    assert len(result.pieces.segments) == summary["decision_segments"]


def test_plane_is_drawn_with_the_lengths_of_the_space():
    directions = np.random.default_rng(0).standard_normal((2, 9))
    frame = plane_frame(directions)
    t = np.random.default_rng(1).standard_normal((5, 2))
    drawn, true = t @ frame, t @ directions
    np.testing.assert_allclose(drawn @ drawn.T, true @ true.T, atol=1e-12)
    assert frame[0, 1] == 0.0
    assert frame[0, 0] > 0.0


def test_own_network_and_points_need_no_labels(tmp_path):
    network = random_network(np.random.default_rng(0), 5, [6], outputs=3)
    regions.save_network(tmp_path / "net.npz", network)
    np.save(tmp_path / "x.npy", np.random.default_rng(1).standard_normal((9, 5)))
    config = study.Config(
        network=str(tmp_path / "net.npz"),
        inputs=str(tmp_path / "x.npy"),
        points=(8, 0, 4),
    )
    open_run(tmp_path / "run", data_slices.NAME, config)
    summary = data_slices.run(config, tmp_path / "run", quiet)
    assert summary["accuracy"] is None
    assert summary["points"] == [8, 0, 4]
    plane = data_slices.load(config, tmp_path / "run").plane
    assert summary["exact_regions"] == int(regions.count_regions(network, plane))


def _one_output(folder, **changes) -> study.Config:
    """A network of one output and points, as files."""
    network = random_network(np.random.default_rng(3), 4, [9], outputs=1)
    regions.save_network(folder / "one.npz", network)
    points = np.random.default_rng(4).standard_normal((12, 4))
    np.save(folder / "x.npy", points)
    np.save(folder / "y.npy", np.arange(12) % 2)
    return study.Config(
        network=str(folder / "one.npz"),
        inputs=str(folder / "x.npy"),
        points=(1, 4, 6),
        **changes,
    )


def test_one_output_is_cut_at_the_threshold(tmp_path):
    config = _one_output(tmp_path, labels=str(tmp_path / "y.npy"), margin=2.0)
    network = regions.load_network(tmp_path / "one.npz")
    points = np.load(tmp_path / "x.npy")
    level = round(float(np.median(network(points))), 2)
    config = dataclasses.replace(config, threshold=level)
    folder = tmp_path / "run"
    open_run(folder, data_slices.NAME, config)
    summary = data_slices.run(config, folder, quiet)
    result = data_slices.load(config, folder)
    above = network(points)[:, 0] > level
    assert 0 < above.sum() < len(above)
    assert summary["accuracy"] == (above == np.arange(12) % 2).mean()
    assert summary["predicted"] == above[[1, 4, 6]].astype(int).tolist()
    assert summary["outputs"] == network(points[[1, 4, 6]])[:, 0].tolist()
    box = result.plane.box
    t = np.random.default_rng(0).uniform(box.lower, box.upper, (40_000, 2))
    share = (network(result.plane.embed(t))[:, 0] > level).mean()
    assert 0.05 < share < 0.95
    assert summary["area_by_class"]["1"] == pytest.approx(share, abs=0.012)
    ends = result.pieces.segments.reshape(-1, 2)
    np.testing.assert_allclose(network(result.plane.embed(ends)), level, atol=1e-9)
    # The folder keeps the network as it was given.
    assert regions.load_network(folder / "network.npz").output_dim == 1
    texts = {text.get_text() for text in draw(result).legends[0].get_texts()}
    assert any(text.startswith(f"1: output > {level:g} ") for text in texts)


def test_threshold_and_labels_must_fit_the_outputs(tmp_path):
    config = _one_output(tmp_path)
    study.prepare(config)
    np.save(tmp_path / "y.npy", np.arange(12) % 3)
    labels = str(tmp_path / "y.npy")
    with pytest.raises(ValueError, match="`labels` holds 2"):
        study.prepare(dataclasses.replace(config, labels=labels))
    with pytest.raises(ValueError, match="it is for networks"):
        study.prepare(dataclasses.replace(CONFIG, threshold=1.0))
    with pytest.raises(ValueError, match="`threshold` is nan"):
        dataclasses.replace(CONFIG, threshold=float("nan"))


@pytest.mark.parametrize("stretch", [0.02, 1.0, 50.0])
def test_page_is_as_long_as_the_plane(finished, stretch):
    folder, _ = finished
    result = data_slices.load(CONFIG, folder)
    plane = result.plane
    # An orthogonal plane, one side longer than the other.
    directions = np.zeros_like(plane.directions)
    directions[0, 0], directions[1, 1] = stretch, 1.0
    plane = regions.Slice(plane.origin, directions, plane.box)
    drawing = draw(result._replace(plane=plane))
    width, height = drawing.get_size_inches()
    place = drawing.axes[0].get_position()
    map_width, map_height = place.width * width, place.height * height
    assert map_width / map_height == pytest.approx(stretch)
    assert max(map_width, map_height) >= 7.0
    assert width <= 14.5
    assert height <= 9.6
    # The legend begins beside the map, at its top.
    drawing.draw_without_rendering()
    legend = drawing.legends[0].get_window_extent()
    beside = place.x1 * width + 0.2, place.y1 * height
    assert legend.x0 / drawing.dpi >= beside[0]
    assert legend.x0 / drawing.dpi <= max(beside[0] + 0.2, 5.2)
    assert legend.y1 / drawing.dpi == pytest.approx(beside[1], abs=0.02)


def test_small_share_is_not_rounded_to_nothing():
    shares = [9.4e-6, 0.0, 0.0006, 0.5, 0.99999, 1.0]
    assert [percent(share) for share in shares] == [
        "<0.1%",
        "0.0%",
        "0.1%",
        "50.0%",
        ">99.9%",
        "100.0%",
    ]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"points": (0, 1, 1797)}, "0 to 1796"),
        ({"points": (4, 4, 5)}, "span no plane"),
        ({"classes": (0, 1, 10)}, "names 10"),
        ({"inputs": "x.npy"}, "`labels` is missing"),
    ],
)
def test_bad_choices_are_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        study.prepare(dataclasses.replace(CONFIG, **changes))
    with pytest.raises(ValueError, match="`margin`"):
        dataclasses.replace(CONFIG, margin=-1.0)


def test_one_class_three_times_takes_three_points_of_it():
    config = dataclasses.replace(CONFIG, classes=(7, 7, 7))
    data, indices, _ = study.prepare(config)
    assert data.labels is not None
    assert len(set(indices)) == 3
    assert data.labels[list(indices)].tolist() == [7, 7, 7]


def test_unknown_experiment_is_refused():
    with pytest.raises(ValueError, match="'nothing'"):
        load_experiment("nothing")
