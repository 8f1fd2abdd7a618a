"""The ring experiment on a small network, from pixels to figure."""

import dataclasses
import itertools
import json

import numpy as np
import pyarrow.parquet
import pytest

import regions
from experiments import ring
from experiments.plotting.style import save_figure
from experiments.ring import study
from experiments.ring.figure import caption, draw
from experiments.running.common import open_run
from experiments.running.polygons import read_polygons
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.datasets import ring_image

CONFIG = study.Config(
    training=TrainingConfig(
        model=ModelConfig(widths=(6, 5)), epochs=20, batch_size=64, snapshot_every=10
    ),
    data=DataConfig(size=64, num_train=200, num_val=50),
    grid=64,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder, summary and progress calls of one run."""
    folder, calls = tmp_path_factory.mktemp("runs") / "ring", []
    open_run(folder, ring.NAME, CONFIG)
    summary = ring.run(CONFIG, folder, lambda *call: calls.append(call))
    return folder, summary, calls


def _area(polygon: np.ndarray) -> float:
    """Shoelace formula."""
    following = np.roll(polygon, -1, axis=0)
    x, y = polygon.T
    return 0.5 * float(np.sum(x * following[:, 1] - following[:, 0] * y))


def test_run_writes_every_file_whole(finished):
    folder, summary, _ = finished
    assert {entry.name for entry in folder.iterdir()} == {
        "config.json",
        "metrics.csv",
        "snapshots",
        "network.npz",
        "regions.parquet",
        "geometry.parquet",
        "polygons.npz",
        "provenance.json",
        "summary.json",
    }
    assert json.loads((folder / "summary.json").read_text()) == summary


def test_counts_agree_with_each_other_and_with_a_fine_grid(finished):
    folder, summary, _ = finished
    assert summary["verified"]
    assert summary["complete"]
    assert summary["grid_patterns_not_enumerated"] == 0
    assert summary["grid_missed"] == summary["exact_regions"] - summary["grid_regions"]
    network = regions.load_network(folder)
    axis = (np.arange(700) + 0.5) / 700
    points = np.array(list(itertools.product(axis, axis)))
    seen = np.unique(np.packbits(network.patterns(points), axis=1), axis=0)
    assert summary["grid_regions"] <= len(seen) <= summary["exact_regions"]
    assert len(seen) >= 0.9 * summary["exact_regions"]


def test_polygons_tile_the_unit_square(finished):
    folder, summary, _ = finished
    polygons = read_polygons(folder / "polygons.npz")
    assert len(polygons) == summary["exact_regions"]
    assert sum(_area(polygon) for polygon in polygons) == pytest.approx(1.0, abs=1e-12)


def test_geometry_of_each_region_fits_its_polygon(finished):
    folder, summary, _ = finished
    table = pyarrow.parquet.read_table(folder / "geometry.parquet").to_pydict()
    polygons = read_polygons(folder / "polygons.npz")
    for i, polygon in enumerate(polygons):
        center = np.array([table["center_x"][i], table["center_y"][i]])
        edges = np.roll(polygon, -1, axis=0) - polygon
        normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        distances = np.sum((center - polygon) * normals, axis=1)
        assert distances.min() == pytest.approx(table["radius"][i], abs=1e-7)
        assert table["area"][i] == pytest.approx(_area(polygon), abs=1e-12)
        assert table["lower_x"][i] == pytest.approx(polygon[:, 0].min(), abs=1e-12)
        assert table["upper_y"][i] == pytest.approx(polygon[:, 1].max(), abs=1e-12)
    assert summary["smallest_inradius"] == min(table["radius"])


def test_full_image_error_is_that_of_the_saved_network(finished):
    folder, summary, _ = finished
    network = regions.load_network(folder)
    image = ring_image(64)
    axis = np.arange(64) / 64
    output = np.array([[network(np.array([[x, y]]))[0, 0] for x in axis] for y in axis])
    target = image / 255.0
    assert summary["image_mse"] == pytest.approx(((output - target) ** 2).mean())
    assert summary["pixel_accuracy"] == ((output > 0.5) == (image > 127)).mean()


def test_progress_reaches_its_total_in_every_stage(finished):
    _, _, calls = finished
    last = {message: (done, total) for done, total, message in calls}
    assert all(done == total for done, total in last.values())
    assert {"training", "evaluating every pixel", "hashing the grid"} <= set(last)


def test_interrupted_run_ends_with_the_same_summary(finished, tmp_path):
    folder, summary, _ = finished
    again = tmp_path / "again"
    open_run(again, ring.NAME, CONFIG)

    def interrupt(done: int, total: int, message: str) -> None:
        if (done, message) == (10, "training"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ring.run(CONFIG, again, interrupt)
    assert open_run(again, ring.NAME, CONFIG) == "unfinished"
    assert ring.run(CONFIG, again, lambda *_: None) == summary
    for name in ("metrics.csv", "network.npz"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_figure_has_the_three_panels_of_the_post(finished, tmp_path):
    folder, summary, _ = finished
    result = ring.load(CONFIG, folder)
    drawing = draw(result)
    left, middle, right = drawing.axes
    assert str(summary["exact_regions"]) in left.get_title(loc="left")
    outlines = left.collections[0]
    assert len(outlines.get_paths()) == summary["exact_regions"]
    assert np.asarray(outlines.get_edgecolor()).tolist() == [[1.0, 0.0, 0.0, 1.0]]
    shown = middle.images[0].get_array()
    assert shown is not None
    assert np.array_equal(shown, np.clip(result.output, 0.0, 1.0))
    dots = right.collections
    assert [np.shape(part.get_offsets()) for part in dots] == [(200, 2), (50, 2)]
    colors = [np.asarray(part.get_facecolor()).tolist() for part in dots]
    assert colors == [[[1.0, 0.0, 0.0, 1.0]], [[0.0, 0.0, 1.0, 1.0]]]
    save_figure(drawing, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_caption_says_how_to_train_the_network(finished):
    _, summary, _ = finished
    text = caption(CONFIG, summary)
    for part in ("epoch 20", "shape [6, 5]", "seed 0", "points 200", "adam lr 0.001"):
        assert part in text


def test_paper_preset_is_the_run_of_the_posts():
    config = ring.PRESETS["paper"]
    assert config.training.model.widths == (14,) * 6
    assert (config.training.epochs, config.training.batch_size) == (6000, 1024)
    assert (config.data.num_train, config.data.num_val) == (5000, 1000)
    smoke = ring.PRESETS["smoke"]
    assert dataclasses.replace(smoke.training, epochs=6000, snapshot_every=250) == (
        config.training
    )
