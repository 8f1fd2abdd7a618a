"""From a `Movie` to its files: training, frames, encoding, summary.

All that a frame shows follows from the snapshot of its epoch, so a killed run goes on
where it was and ends with the same frames and the same `metrics.csv`.
"""

import csv
import io
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

import regions
from experiments.measures.unit_square import UNIT_SQUARE
from experiments.movies.movie import (
    Movie,
    MovieConfig,
    Row,
    Scene,
    draw_frame,
    frame_epochs,
)
from experiments.movies.movie_files import (
    encoder,
    read_png,
    write_gif,
    write_mp4,
    write_page_mp4,
    write_png,
)
from experiments.plotting.loss_trace import LossTrace
from experiments.plotting.movie_panels import GAP, gray_panel
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.reading import reading
from regions.files.writing import open_atomically, write_text
from regions.grid.hash_grid import boundary_pixels
from training.loop import weighted_cross_entropy, weighted_mse
from training.progress import Progress
from training.snapshots import Losses, read_metrics


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        rows: Numbers of each frame.
        panels: The panel that the figure shows, of some frames, by epoch.
        beside: Other pictures that it shows, by title.
    """

    config: MovieConfig
    summary: Summary
    rows: list[Row]
    panels: dict[int, np.ndarray]
    beside: dict[str, np.ndarray]


def run_movie(
    movie: Movie, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, draw a frame of each snapshot, encode; write it all to `folder`.

    On Ctrl-C the frames drawn so far become `movie.mp4`, and the interrupt goes on.

    Args:
        movie: What to show. An unfinished run of it in `folder` goes on.
        folder: From `open_run`. Gets `metrics.csv`, `snapshots/`,
            `frames/`, `frames.csv`, tables of the movie's own, `network.npz`,
            `last_frame.png`, `movie.mp4`, `page.mp4` and `movie.gif`.
        progress: Called with (done, total, what is being done).
        clock: Told when a stage ends.

    Returns:
        The summary.

    Raises:
        ImportError: If the package that encodes is not installed.
    """
    encoder()
    scene = movie.load_scene()
    movie.train(scene, folder, progress)
    with movie.snapshots(folder) as params_at:
        network = movie.network(params_at(movie.config.training.epochs))
    regions.save_network(folder / "network.npz", network)
    clock.lap("training")
    try:
        rows = draw_frames(movie, scene, folder, progress)
    except KeyboardInterrupt:
        encode_what_there_is(movie.config, folder)
        raise
    for name, table in movie.tables(frame_networks(movie, folder)).items():
        if table:
            write_text(folder / name, rows_to_text(table))
    clock.lap("frames")
    encode(movie.config, folder, rows, progress)
    clock.lap("encoding")
    summary = summarize(movie, scene, rows, folder)
    clock.lap("checks")
    return summary


_COLUMNS = {
    *("epoch", "train_loss", "val_loss", "regions", "exact", "boundary_share"),
    *("lowest_output", "highest_output", "constant", "dead_units", "dead_layer"),
}
"""What `draw_frame` says of the frames of every movie."""


def draw_frames(
    movie: Movie, scene: Scene, folder: pathlib.Path, progress: Progress
) -> list[Row]:
    """Draw the frames that are not there yet; the numbers of all of them."""
    training = movie.config.training
    losses = read_metrics(folder / "metrics.csv", training.epochs)
    (folder / "frames").mkdir(exist_ok=True)
    drawn = read_rows(folder / "frames.csv", _COLUMNS)
    done = {row["epoch"]: row for row in drawn}
    rows: list[Row] = []
    with movie.snapshots(folder) as params_at:
        epochs = frame_epochs(movie.config)
        trace = LossTrace(losses) if len(losses) > 1 else None
        for epoch in epochs:
            progress(len(rows), len(epochs), "drawing frames")
            path = frame_path(folder, epoch)
            if epoch not in done or not path.is_file():
                params = params_at(epoch)
                network = movie.network(params)
                first = epoch_losses(movie, scene, params, losses, epoch)
                frame, row = draw_frame(movie, scene, network, epoch, first, trace)
                write_png(path, frame)
                done[epoch] = row
            rows.append(done[epoch])
            write_text(folder / "frames.csv", rows_to_text(rows))
        progress(len(rows), len(epochs), "drawing frames")
    return rows


def frame_networks(
    movie: Movie, folder: pathlib.Path
) -> Iterator[tuple[int, regions.ReluNetwork]]:
    """Epoch and network of each frame."""
    with movie.snapshots(folder) as params_at:
        for epoch in frame_epochs(movie.config):
            yield epoch, movie.network(params_at(epoch))


def epoch_losses(
    movie: Movie, scene: Scene, params: Any, losses: Losses, epoch: int
) -> tuple[float, float]:
    """Losses of an epoch; before the first, those of the network as it is."""
    if epoch:
        return float(losses[epoch - 1, 0]), float(losses[epoch - 1, 1])
    training, data = movie.config.training, movie.training_data(scene)
    loss = weighted_mse if training.loss == "mse" else weighted_cross_entropy
    pairs = (
        (data.train_inputs, data.train_targets),
        (data.val_inputs, data.val_targets),
    )
    train, val = (
        float(loss(training.model, params, x, y, np.ones(len(x), np.float32)))
        for x, y in pairs
    )
    return train, val


def frame_path(folder: pathlib.Path, epoch: int) -> pathlib.Path:
    """The file of a frame."""
    return folder / "frames" / f"{epoch:07d}.png"


def encode(
    config: MovieConfig, folder: pathlib.Path, rows: list[Row], progress: Progress
) -> None:
    """Write `last_frame.png`, `movie.mp4`, `page.mp4` and `movie.gif`."""
    frames = [frame_path(folder, row["epoch"]) for row in rows]
    with open_atomically(folder / "last_frame.png") as file:
        file.write(frames[-1].read_bytes())
    write_mp4(
        folder / "movie.mp4",
        frames,
        config.fps,
        lambda done, total: progress(done, total, "encoding the movie"),
    )
    write_page_mp4(
        folder,
        frames,
        config.fps,
        lambda done, total: progress(done, total, "encoding the copy for pages"),
        width=config.gif_width,
    )
    chosen = np.linspace(0, len(frames) - 1, min(config.gif_frames, len(frames)))
    some = [frames[k] for k in sorted({round(place) for place in chosen.tolist()})]
    write_gif(
        folder / "movie.gif",
        some,
        max(1, min(config.fps, round(len(some) / 5.0))),
        config.gif_width,
        config.gif_colors,
        lambda done, total: progress(done, total, "encoding the GIF"),
    )


def encode_what_there_is(config: MovieConfig, folder: pathlib.Path) -> None:
    """A movie of the frames that an interrupted run has drawn."""
    rows = read_rows(folder / "frames.csv")
    frames = [frame_path(folder, row["epoch"]) for row in rows]
    if frames:
        write_mp4(folder / "movie.mp4", frames, config.fps, lambda *_: None)


def rows_to_text(rows: list[Row]) -> str:
    """Rows as CSV; the numbers read back bit for bit."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: repr(v) for k, v in row.items()} for row in rows)
    return text.getvalue()


def read_rows(path: pathlib.Path, needed: Iterable[str] = ()) -> list[Row]:
    """What `rows_to_text` wrote; no rows if there is no file.

    Args:
        path: The file.
        needed: Columns that it must have.

    Raises:
        FileFormatError: If the file is damaged.
    """
    if not path.is_file():
        return []
    with (
        reading(path, "a table of frames", "run again with --force"),
        path.open(newline="", encoding="utf-8") as file,
    ):
        table = csv.DictReader(file)
        rows = [{k: _number(v) for k, v in row.items()} for row in table]
        missing = set(needed) - set(table.fieldnames or ())
        if missing:
            raise ValueError(f"it has no column {min(missing)}")
        return rows


def _number(text: str) -> int | float:
    """An integer, where it is written as one."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def summarize(
    movie: Movie, scene: Scene, rows: list[Row], folder: pathlib.Path
) -> Summary:
    """The summary; its headline starts with the number of regions at the end."""
    last, exact = rows[-1], sum(row["exact"] for row in rows)
    kind = "exact" if last["exact"] else "at least, on the grid"
    own = movie.summarize(rows, scene)
    differ, checked = check_pixels(movie, scene, rows, folder)
    claims = own.pop("claims", [])
    if checked:
        claims.insert(0, _pixel_claim(differ, checked))
    constant = sum(row["constant"] for row in rows)
    return {
        "headline": f"{last['regions']:,} regions ({kind}) at epoch {last['epoch']:,}; "
        f"validation loss {last['val_loss']:.4f}{own.pop('headline', '')}; "
        f"{len(rows)} frames" + (f", {constant} with constant output" * bool(constant)),
        "frames": len(rows),
        "frames_exact": exact,
        "frames_with_constant_output": constant,
        "frames_with_a_dead_layer": sum(row["dead_layer"] > 0 for row in rows),
        "regions_before_training": rows[0]["regions"],
        **{key: value for key, value in last.items() if key != "exact"},
        "exact": bool(last["exact"]),
        **own,
        "claims": claims,
    }


def _pixel_claim(differ: int, checked: int) -> Claim:
    """The claim that boundaries are drawn where they are."""
    return claim_exact(
        "A pixel is marked exactly where a 4-neighbor has another activation pattern.",
        "T. Dullien's movies, 2025-04-05",
        f"pixels of {checked} frames that are marked unlike on a float64 grid of "
        "patterns, evaluated apart",
        differ,
        holds=differ == 0,
    )


def check_pixels(
    movie: Movie, scene: Scene, rows: list[Row], folder: pathlib.Path
) -> tuple[int, int]:
    """Pixels of the first, middle and last frame that are wrongly marked; frames seen.

    The frames are read back, and held against patterns on a grid that know nothing of
    polygons.
    """
    chosen = sorted({0, len(rows) // 2, len(rows) - 1})
    differ = 0
    with movie.snapshots(folder) as params_at:
        for k in chosen:
            network = movie.network(params_at(rows[k]["epoch"]))
            panel = shown_panel(movie, scene, folder, rows[k]["epoch"])
            marked = movie.marked(panel)
            if marked is None:
                return 0, 0
            height, width = panel.shape[:2]
            grid = regions.hash_grid(network, UNIT_SQUARE, (width, height), offset=0.0)
            assert grid.labels is not None
            differ += int((marked != boundary_pixels(grid.labels).T).sum())
    return differ, len(chosen)


def shown_panel(
    movie: Movie,
    scene: Scene,
    folder: pathlib.Path,
    epoch: int,
    place: tuple[int, int] | None = None,
) -> np.ndarray:
    """A panel of a frame: the one that the figure shows, or that at a place."""
    height, width = scene.image.shape
    row, column = place or movie.shown
    top, left = row * (height + GAP), column * (width + GAP)
    return read_png(frame_path(folder, epoch))[top : top + height, left : left + width]


def read_movie(movie: Movie, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    rows, scene = read_rows(folder / "frames.csv"), movie.load_scene()
    # Training moves fast at first.
    last = len(rows) - 1
    shares = (0.0, 0.12, 1.0) if movie.beside else (0.0, 0.04, 0.12, 0.3, 1.0)
    chosen = sorted({round(last * share) for share in shares})
    if movie.config.slow is not None:
        chosen = _frames_of_slow(movie.config.slow, rows)
    panels = {
        rows[k]["epoch"]: shown_panel(movie, scene, folder, rows[k]["epoch"])
        for k in chosen
    }
    beside = {}
    if movie.beside:
        output = shown_panel(movie, scene, folder, rows[-1]["epoch"], (0, 1))
        beside = {
            "the output alone": output,
            "the image": gray_panel(scene.image / 255.0),
        }
    return Result(movie.config, summary, rows, panels, beside)


def _frames_of_slow(slow: tuple[int, int], rows: list[Row]) -> list[int]:
    """Where the slow part begins, where its loss is highest, and the last frame."""
    during = [k for k, row in enumerate(rows) if slow[0] <= row["epoch"] <= slow[1]]
    highest = max(during, key=lambda k: rows[k]["train_loss"])
    return sorted({during[0], highest, len(rows) - 1})
