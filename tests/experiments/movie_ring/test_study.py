"""Movies: what is on the pixels of a frame, in the files, and after a kill."""

import dataclasses
import json
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

import regions
from experiments import movie_ring
from experiments.measures.unit_square import UNIT_SQUARE
from experiments.movies import movie_files, movie_run
from experiments.movies.movie import (
    Movie,
    MovieConfig,
    alarm,
    draw_frame,
    frame_epochs,
    frame_text,
    parse_shape,
    shape_text,
)
from experiments.movies.movie_files import read_png, write_page_mp4, write_png
from experiments.movies.movie_look import look_at
from experiments.plotting.movie_panels import GAP, RED
from experiments.running.common import open_run
from regions.partition import rasters
from tests.experiments.helpers import run_smoke
from training.config import ModelConfig, TrainingConfig
from training.models import init_model, to_relu_network
from training.progress import quiet

CONFIG = movie_ring.PRESETS["smoke"]
SIDE = CONFIG.data.size


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of the smoke preset."""
    return run_smoke("movie_ring", tmp_path_factory)


def _stream(path) -> str:
    """What ffmpeg says of the video in a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return next(line for line in said.splitlines() if "Video:" in line)


def _decoded(path, width: int, height: int) -> np.ndarray:
    """All frames of a video."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def test_every_file_is_there_and_numbers_are_of_the_last_frame(finished):
    folder, summary = finished
    names = {path.name for path in folder.iterdir()}
    assert {"movie.mp4", "movie.gif", "last_frame.png", "frames.csv"} <= names
    assert [path.name for path in sorted((folder / "frames").iterdir())] == [
        "0000000.png",
        "0000003.png",
        "0000006.png",
    ]
    last = (folder / "frames" / "0000006.png").read_bytes()
    assert (folder / "last_frame.png").read_bytes() == last
    network = regions.load_network(folder / "network.npz")
    assert summary["regions"] == int(regions.count_regions(network, UNIT_SQUARE))
    assert summary["exact"] is True
    metrics = (folder / "metrics.csv").read_text().splitlines()[-1].split(",")
    assert float(metrics[3]) == pytest.approx(summary["val_loss"])
    assert summary["claims"][0]["verdict"] == "confirmed"


def test_copy_for_pages_keeps_to_its_size(tmp_path, monkeypatch):
    rng, paths = np.random.default_rng(0), []
    for k in range(40):
        paths.append(tmp_path / f"{k}.png")
        write_png(paths[-1], rng.integers(0, 256, (64, 96, 3), np.uint8))
    sizes = []
    for allowed in (10_000_000, 40_000):
        monkeypatch.setattr(movie_files, "PAGE_BYTES", allowed)
        settings = {"width": 48, "hold": 0.0}
        write_page_mp4(tmp_path, paths, 2, lambda *_: None, **settings)
        sizes.append((tmp_path / "page.mp4").stat().st_size)
    assert sizes[0] > 100_000
    assert 20_000 < sizes[1] < 60_000
    assert "96x64" in _stream(tmp_path / "page.mp4")


def test_red_of_the_left_panel_is_where_a_neighbor_has_another_pattern(finished):
    folder, _ = finished
    network = regions.load_network(folder / "network.npz")
    axis = np.arange(SIDE) / SIDE
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    pres = network.pre_activations(points)[:-1]
    codes = np.concatenate([pre > 0 for pre in pres], axis=1).reshape(SIDE, SIDE, -1)
    marked = np.zeros((SIDE, SIDE), bool)
    for y in range(SIDE):
        for x in range(SIDE):
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < SIDE and 0 <= u < SIDE:
                    marked[y, x] |= (codes[y, x] != codes[v, u]).any()
    frame = read_png(folder / "last_frame.png")
    left = frame[:SIDE, :SIDE].astype(int)
    assert ((left[..., 0] != left[..., 1]) == marked).all()
    assert 0.01 < marked.mean() < 0.5
    # The middle panel is the output, and the left one shows it between the lines.
    output = network(points)[:, 0].reshape(SIDE, SIDE)
    grays = np.rint(255.0 * np.clip(output, 0.0, 1.0))
    middle = frame[:SIDE, SIDE + GAP : 2 * SIDE + GAP]
    assert (np.abs(middle - grays[..., None]) <= 1).all()
    assert (left[~marked] == middle[~marked]).all()
    # The output shows through the lines.
    mixed = 0.45 * middle[marked] + 0.55 * np.array(RED)
    assert np.abs(left[marked] - mixed).max() <= 0.5


def test_each_point_is_one_pixel_red_or_blue_on_the_original(finished):
    folder, _ = finished
    scene = Movie(CONFIG).load_scene()
    panel = read_png(folder / "last_frame.png")[:SIDE, 2 * (SIDE + GAP) :][:, :SIDE]
    expected = np.repeat(scene.image[..., None], 3, axis=2)
    for points, color in (
        (scene.data.train_inputs, (255, 0, 0)),
        (scene.data.val_inputs, (0, 0, 255)),
    ):
        for x, y in np.asarray(points):
            expected[round(float(y) * SIDE), round(float(x) * SIDE)] = color
    assert (panel == expected).all()
    assert (panel == (255, 0, 0)).all(2).sum() == CONFIG.data.num_train
    assert (panel == (0, 0, 255)).all(2).sum() == CONFIG.data.num_val


def test_smaller_panels_show_the_same_points():
    scene = Movie(CONFIG).load_scene()
    small = Movie(dataclasses.replace(CONFIG, panel=SIDE // 2))
    shown = small.load_scene()
    assert (shown.data.train_inputs == scene.data.train_inputs).all()
    frame, row = draw_frame(small, shown, DEAD, 6, (0.1, 0.2))
    assert frame.shape[1] == 3 * SIDE // 2 + 2 * GAP
    red = (frame[: SIDE // 2, SIDE + 2 * GAP :] == RED).all(axis=2)
    half = np.minimum(np.rint(shown.data.train_inputs * SIDE / 2), SIDE // 2 - 1)
    places = {tuple(place) for place in half.astype(int).tolist()}
    blue = (frame[: SIDE // 2, SIDE + 2 * GAP :] == (0, 0, 255)).all(axis=2)
    # A validation point lies over a training point of its pixel.
    drawn = {(int(x), int(y)) for y, x in np.argwhere(red | blue)}
    assert places <= drawn
    assert row["constant"] == 1


def test_movie_is_h264_that_browsers_play_and_red_stays_red(finished):
    folder, _ = finished
    frame = read_png(folder / "last_frame.png")
    height, width = frame.shape[:2]
    stream = _stream(folder / "movie.mp4")
    for part in ("h264", "yuv420p", "bt709", f"{2 * width}x{2 * height}", "24 fps"):
        assert part in stream
    page = _stream(folder / "page.mp4")
    for part in ("h264", "yuv420p", f" {2 * CONFIG.gif_width}x"):
        assert part in page
    video = _decoded(folder / "movie.mp4", 2 * width, 2 * height)
    assert len(video) == 3 + 2 * CONFIG.fps
    shown = video[-1, ::2, ::2].astype(int)
    red = (frame == RED).all(2)
    assert np.abs(shown[red] - RED).mean() < 8.0
    assert np.abs(shown - frame).mean() < 3.0


def test_gif_has_the_width_asked_for(finished):
    folder, _ = finished
    assert f"{CONFIG.gif_width}x" in _stream(folder / "movie.gif")
    assert (folder / "movie.gif").stat().st_size < 100_000


def test_interrupted_run_keeps_a_movie_and_ends_with_the_same_files(finished, tmp_path):
    folder, summary = finished
    again = tmp_path / "again"
    open_run(again, movie_ring.NAME, CONFIG)

    def interrupt(done: int, total: int, message: str) -> None:
        del total
        if (done, message) == (2, "drawing frames"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        movie_ring.run(CONFIG, again, interrupt)
    assert len(list((again / "frames").iterdir())) == 2
    frame = read_png(again / "frames" / "0000000.png")
    so_far = _decoded(again / "movie.mp4", 2 * frame.shape[1], 2 * frame.shape[0])
    assert len(so_far) == 2 + 2 * CONFIG.fps
    stamp = (again / "frames" / "0000003.png").stat().st_mtime_ns
    resumed = movie_ring.run(CONFIG, again, quiet)
    assert json.loads(json.dumps(resumed)) == summary
    assert (again / "frames" / "0000003.png").stat().st_mtime_ns == stamp
    for name in ("metrics.csv", "frames.csv", "last_frame.png", "movie.gif"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def _network(hidden, output, slope: float = 0.0) -> regions.ReluNetwork:
    """A network from pairs of weights and biases."""
    layers = [*hidden, output]
    weights = [np.array(w, float) for w, _ in layers]
    biases = [np.array(b, float) for _, b in layers]
    return regions.ReluNetwork.from_arrays(weights, biases, slope)


DEAD = _network([([[1, 1], [1, -1]], [0, 0]), ([[-1, -1]], [-1])], ([[1]], [0.25]))


def test_dead_and_constant_networks_are_detected_and_said():
    movie = Movie(dataclasses.replace(CONFIG, training=TrainingConfig()))
    frame, row = draw_frame(movie, movie.load_scene(), DEAD, 6, (0.1, 0.2))
    assert (row["constant"], row["dead_layer"], row["dead_units"]) == (1, 2, 1)
    said = alarm(row)
    assert said == "CONSTANT OUTPUT (0.25)   DEAD NETWORK (layer 2 is off everywhere)"
    # The words are on the frame, in a color that nothing else below the panels has.
    assert (frame[SIDE:] == (200, 0, 0)).all(2).any()


def test_live_network_raises_no_alarm_and_dead_units_are_counted():
    alive = _network([([[1, 0], [0, 1]], [-0.5, -0.5])], ([[1, 1]], [0]))
    assert look_at(alive, (8, 8), 100).dead_units == 0
    one_dead = _network([([[1, 0], [0, 1]], [-0.5, -1.5])], ([[1, 1]], [0]))
    look = look_at(one_dead, (8, 8), 100)
    assert (look.dead_units, look.dead_layer, look.is_constant) == (1, 0, False)
    leaky = _network([([[1, 0], [0, 1]], [-0.5, -1.5])], ([[1, 1]], [0]), 0.01)
    assert look_at(leaky, (8, 8), 100).dead_units == 0


def test_frames_are_the_same_where_a_device_labels_the_pixels(finished, monkeypatch):
    network = regions.load_network(finished[0] / "network.npz")
    movie = Movie(CONFIG)
    frame, row = draw_frame(movie, movie.load_scene(), network, 6, (0.1, 0.2))
    monkeypatch.setattr(rasters, "on_accelerator", lambda products: True)
    monkeypatch.setattr(rasters, "_sides", None)  # Polygons take no part.
    other, numbers = draw_frame(movie, movie.load_scene(), network, 6, (0.1, 0.2))
    assert (other == frame).all()
    assert numbers == row


def test_frame_over_the_budget_shows_codes_on_the_grid_and_says_so(finished):
    folder, summary = finished
    network = regions.load_network(folder / "network.npz")
    exact = look_at(network, (SIDE, SIDE), summary["regions"])
    coarse = look_at(network, (SIDE, SIDE), summary["regions"] - 1)
    assert exact.is_exact
    assert not coarse.is_exact
    assert coarse.count <= exact.count == summary["regions"]
    assert (exact.boundaries == coarse.boundaries).all()
    np.testing.assert_allclose(coarse.outputs, exact.outputs, rtol=0, atol=1e-12)
    movie = Movie(dataclasses.replace(CONFIG, max_regions=summary["regions"] - 1))
    _, row = draw_frame(movie, movie.load_scene(), network, 6, (0.1, 0.2))
    text = " ".join(frame_text(movie, row)[0])
    assert "(at least)" in text
    assert "code differences on the grid" in text


def test_text_of_a_frame_says_how_to_train_the_network(finished):
    folder, summary = finished
    row = movie_run.read_rows(folder / "frames.csv")[-1]
    text = "   ".join(item for line in frame_text(Movie(CONFIG), row) for item in line)
    for part in (
        "Epoch 6",
        f"Train Loss {summary['train_loss']:.4f}",
        f"Val Loss {summary['val_loss']:.4f}",
        f"{summary['regions']} (exact)",
        "Boundaries: exact enumeration",
        "Shape [6]*2",
        "Seed 0",
        "Points 500",
        "LR 0.001",
        "Optimizer adam",
    ):
        assert part in text


def test_loss_before_training_is_that_of_the_untrained_network(finished):
    folder, _ = finished
    first = movie_run.read_rows(folder / "frames.csv")[0]
    data = Movie(CONFIG).load_scene().data
    network = to_relu_network(init_model(CONFIG.training.model, CONFIG.training.seed))
    for name, x, y in (
        ("train_loss", data.train_inputs, data.train_targets),
        ("val_loss", data.val_inputs, data.val_targets),
    ):
        errors = network(np.asarray(x, np.float64)) - np.asarray(y)
        assert first[name] == pytest.approx((errors**2).mean(), rel=1e-5)
    count = regions.count_regions(network, UNIT_SQUARE)
    assert first["regions"] == int(count)


@pytest.mark.parametrize(
    ("text", "widths"),
    [
        ("[14]*6", (14,) * 6),
        ("[10]*10+[2]+[10]*3", (10,) * 10 + (2,) + (10,) * 3),
        ("[5, 4] + [3]", (5, 4, 3)),
        ("[7]", (7,)),
    ],
)
def test_shapes_are_read_as_the_posts_write_them(text, widths):
    assert parse_shape(text) == widths
    assert parse_shape(shape_text(widths)) == widths


@pytest.mark.parametrize(
    "text",
    [
        "",
        "14x6",
        "[14]*",
        "[14]*6+",
        "[-1]",
        "[1.5]",
        "__import__('os')",
        "[1]*9999",
        "[10]*0",
        "[5]*0+[3]*0",
    ],
)
def test_other_shapes_are_refused_and_nothing_is_evaluated(text):
    with pytest.raises(ValueError, match="`shape`"):
        parse_shape(text)


def test_epochs_of_frames_are_those_of_snapshots():
    training = TrainingConfig(model=ModelConfig(), epochs=10, snapshot_every=4)
    assert frame_epochs(MovieConfig(training=training)) == [0, 4, 8, 10]
    none = dataclasses.replace(training, epochs=0)
    assert frame_epochs(MovieConfig(training=none)) == [0]


def test_frames_are_dense_where_a_movie_is_slow():
    training = TrainingConfig(model=ModelConfig(), epochs=21, snapshot_every=2)
    config = MovieConfig(training=training, slow=(9, 13), skip=4)
    assert frame_epochs(config) == [0, 8, 10, 12, 16, 21]


def test_paper_preset_is_the_run_of_the_post():
    config = movie_ring.PRESETS["paper"]
    assert isinstance(config, MovieConfig)
    assert config.training.model.widths == (14,) * 6
    assert (config.training.epochs, config.training.batch_size) == (6000, 1024)
    assert (config.data.num_train, config.data.num_val) == (5000, 1000)
    with pytest.raises(ValueError, match="`max_regions` is 0"):
        MovieConfig(max_regions=0)
