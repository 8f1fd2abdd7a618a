"""The plane of a bottleneck, the deep movie and the classifier."""

import numpy as np
import pytest
import scipy.special

import regions
from experiments import movie_20x40
from experiments.movie_bottleneck import study as movie_bottleneck
from experiments.movie_bottleneck.study import box_around, narrow_values, tail_network
from experiments.movie_classifier import study as movie_classifier
from experiments.movies.movie import draw_frame
from experiments.movies.movie_files import read_png
from experiments.plotting.movie_panels import GAP
from regions.grid.hash_grid import boundary_pixels
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network
from training.datasets import ring_classes


def _square_points(side: int) -> np.ndarray:
    """Pixels of an image as points."""
    axis = np.arange(side) / side
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("slope", [0.0, 0.01])
def test_network_is_its_tail_after_the_narrow_layer(slope):
    network = random_network(np.random.default_rng(0), 2, [6, 2, 5, 4], 0.5, slope)
    points = np.random.default_rng(1).uniform(0.0, 1.0, (200, 2))
    tail = tail_network(network)
    assert tail.widths == (2, 5, 4)
    values = narrow_values(network, points)
    np.testing.assert_allclose(tail(values), network(points), rtol=0, atol=1e-12)
    # The plane shares the bits of the narrow layer and of those behind it.
    before, behind = network.pre_activations(points), tail.pre_activations(values)
    for own, full in zip(behind[:-1], before[1:-1], strict=True):
        assert ((own > 0) == (full > 0)).all()


def test_network_without_a_narrow_layer_is_refused():
    network = random_network(np.random.default_rng(0), 2, [6, 3])
    with pytest.raises(ValueError, match=r"no layer of \[6, 3\] has two units"):
        tail_network(network)


def test_box_holds_all_points_and_is_never_flat():
    values = np.random.default_rng(2).standard_normal((50, 2))
    box = box_around(values)
    assert (values > box.lower).all()
    assert (values < box.upper).all()
    flat = box_around(np.column_stack([np.linspace(0, 1, 5), np.full(5, 7.0)]))
    assert (flat.upper > flat.lower).all()


def test_fourth_panel_shows_the_plane_with_points_on_it(tmp_path_factory):
    folder, summary = run_smoke("movie_bottleneck", tmp_path_factory)
    config = movie_bottleneck.PRESETS["smoke"]
    side = config.data.size
    scene = movie_bottleneck.BottleneckMovie(config).load_scene()
    network = regions.load_network(folder / "network.npz")
    points = np.asarray(scene.data.train_inputs, np.float64)
    box = box_around(narrow_values(network, points))
    ends = [summary[f"plane_{k}"] for k in ("left", "right", "top", "bottom")]
    lower, upper = box.lower, box.upper
    assert ends == pytest.approx([lower[0], upper[0], lower[1], upper[1]], abs=1e-9)
    count = regions.count_regions(tail_network(network), box)
    assert summary["plane_regions"] == int(count)
    panel = read_png(folder / "last_frame.png")[:side, 3 * (side + GAP) :][:, :side]
    orange = (panel == movie_bottleneck.ON).all(2)
    dark = np.asarray(scene.data.train_targets)[:, 0] < 0.5
    share = (narrow_values(network, points[dark]) - lower) / (upper - lower)
    expected = np.zeros((side, side), bool)
    for x, y in share:
        expected[int(y * side), int(x * side)] = True
    assert (orange == expected).all()
    grid = regions.hash_grid(tail_network(network), box, side, offset=0.0)
    assert grid.labels is not None
    lines = boundary_pixels(grid.labels).T
    red = (panel == (255, 0, 0)).all(2)
    blue = (panel == movie_bottleneck.BESIDE).all(2)
    assert (red == lines & ~orange & ~blue).all()


def test_deep_movie_says_that_it_shows_codes_on_the_grid(tmp_path_factory):
    folder, summary = run_smoke("movie_20x40", tmp_path_factory)
    assert summary["exact"] is False
    assert "at least, on the grid" in summary["headline"]
    network = regions.load_network(folder / "network.npz")
    square = regions.Box([0.0, 0.0], [1.0, 1.0])
    limit = movie_20x40.PRESETS["smoke"].max_regions
    assert limit < summary["regions"] <= int(regions.count_regions(network, square))
    assert summary["claims"][0]["value"] == 0


@pytest.fixture(scope="module")
def classified(tmp_path_factory):
    """Folder and summary of the classifier's smoke preset."""
    return run_smoke("movie_classifier", tmp_path_factory)


def test_six_panels_show_shares_class_map_and_points(classified):
    folder, summary = classified
    config = movie_classifier.PRESETS["smoke"]
    side = config.data.size
    step = side + GAP
    frame = read_png(folder / "last_frame.png")
    panel = {
        (row, column): frame[row * step :, column * step :][:side, :side]
        for row in (0, 1)
        for column in (0, 1, 2)
    }
    network = regions.load_network(folder / "network.npz")
    outputs = network(_square_points(side)).reshape(side, side, 3)
    shares = 255.0 * scipy.special.softmax(outputs, axis=2)
    for place, channel in (((0, 0), 0), ((0, 1), 2), ((1, 0), 1)):
        shown = panel[place].astype(float)
        assert np.abs(shown[..., channel] - shares[..., channel]).max() < 1.0
        assert (np.delete(shown, channel, axis=2) == 0).all()
    found, classes = outputs.argmax(axis=2), ring_classes(side)
    assert (panel[1, 1] == 255 * np.eye(3)[found]).all()
    assert summary["wrong_pixels"] == (found != classes).sum()
    data = movie_classifier.ClassifierMovie(config).load_scene().data
    original = 255 * np.eye(3)[classes]
    for points, color in (
        (data.train_inputs, (255, 0, 255)),
        (data.val_inputs, (0, 255, 255)),
    ):
        columns, rows = np.rint(np.asarray(points) * side).astype(int).T
        original[rows, columns] = color
    assert (panel[1, 2] == original).all()
    for name, points in (
        ("wrong_training", data.train_inputs),
        ("wrong_validation", data.val_inputs),
    ):
        columns, rows = np.rint(np.asarray(points) * side).astype(int).T
        assert summary[name] == (found[rows, columns] != classes[rows, columns]).sum()


def test_map_without_a_wrong_pixel_has_a_green_frame():
    config = movie_classifier.PRESETS["smoke"]
    movie = movie_classifier.ClassifierMovie(config)
    scene = movie.load_scene()
    # All pixels of one class, which the constant network names.
    constant = regions.ReluNetwork.from_arrays(
        [np.eye(2), np.zeros((3, 2))], [np.full(2, -9.0), np.array([0.0, 1.0, 0.0])]
    )
    ones = scene._replace(image=np.ones_like(scene.image))
    side = config.data.size
    for shown, wrong in ((ones, False), (scene, True)):
        frame, row = draw_frame(movie, shown, constant, 4, (0.1, 0.1))
        corner = frame[side + GAP :, side + GAP :][:6, :6]
        assert (row["wrong_pixels"] > 0) == wrong
        color = (0, 255, 0) if wrong else (0, 200, 0)
        assert (corner[0, 0] == color).all()
        assert (corner[5, 5] == (0, 255, 0)).all()


def test_paper_presets_are_the_runs_of_the_posts():
    deep = movie_20x40.PRESETS["paper"].training.model
    assert deep.widths == (20,) * 40
    narrow = movie_bottleneck.PRESETS["paper"].training.model
    assert narrow.widths == (10,) * 10 + (2,) + (10,) * 3
    three = movie_classifier.PRESETS["paper"].training
    assert (three.model.output_dim, three.loss) == (3, "cross_entropy")
