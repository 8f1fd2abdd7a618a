"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.movie_single_unit.sheets import draw_frame
from experiments.movie_single_unit.unit import ACTS, sheet_of
from experiments.movies.movie import Row
from experiments.movies.movie_files import encoder, write_gif, write_mp4, write_png
from experiments.movies.movie_run import frame_path, rows_to_text
from experiments.running.about import About
from experiments.running.claims import claim_exact
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import open_atomically, write_text
from training.progress import Progress

ABOUT = About(
    title="Movie: a single unit",
    page="gallery",
    source="T. Dullien, first origami post, 2024-07-04",
    setup=(
        "The sheet max(ax + by + c, 0) over the square, cut at its exact crease (red), "
        "as (a, b) rotates and as a, b and c vary, with slope, direction and offset "
        "printed. At every frame they are compared with what the exact regions say: "
        "the crease is perpendicular to (a, b), the slope is the norm of (a, b), and "
        "the offset is -c divided by it."
    ),
    differs="One movie of four panels instead of four; ranges and view are ours.",
    expected="Three identities (derived).",
)
FACTS = ("cosine", "slope", "offset")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        frames: Frames of a turn.
        size: Side of a panel in pixels.
        fps: Frames per second.
        gif_width: Width of the GIF in pixels.
        gif_frames: Frames of the GIF, at most.
    """

    frames: int = 120
    size: int = 480
    fps: int = 24
    gif_width: int = 480
    gif_frames: int = 40

    def __post_init__(self):
        for name in ("frames", "size", "fps", "gif_width", "gif_frames"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` is {getattr(self, name)}: at least 1 is required."
                )


PRESETS = {"smoke": Config(frames=2, size=96, gif_width=96), "paper": Config()}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
    """

    config: Config
    summary: Summary


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Draw the frames that are not there, compare, and encode; write it to `folder`."""
    encoder()
    (folder / "frames").mkdir(exist_ok=True)
    rows, frames = [], [frame_path(folder, k) for k in range(config.frames)]
    for k, path in enumerate(frames):
        progress(k, config.frames, "drawing frames")
        share = k / config.frames
        if not path.is_file():
            write_png(path, draw_frame(share, config.size))
        rows += rows_at(k, share)
    progress(config.frames, config.frames, "drawing frames")
    write_text(folder / "frames.csv", rows_to_text(rows))
    clock.lap("frames")
    with open_atomically(folder / "last_frame.png") as file:
        file.write(frames[-1].read_bytes())
    write_mp4(folder / "movie.mp4", frames, config.fps, lambda *_: None, hold=0.0)
    step = -(-config.frames // config.gif_frames)
    fps = max(1, round(config.fps / step))
    some = frames[::step]
    write_gif(
        folder / "movie.gif", some, fps, config.gif_width, 32, lambda *_: None, hold=0.0
    )
    clock.lap("encoding")
    return summarize(rows)


def rows_at(frame: int, share: float) -> list[Row]:
    """Numbers of the four units of a frame; NaN where there is nothing to compare."""
    rows = []
    for act in ACTS:
        unit = act.unit_at(share)
        errors = dict(zip(FACTS, sheet_of(unit).errors.tolist(), strict=True))
        rows.append(
            {
                "frame": frame,
                "movie": ACTS.index(act),
                **dataclasses.asdict(unit),
                "slope": unit.slope,
                "direction": unit.direction,
                "offset": unit.offset,
                **{f"{name}_error": error for name, error in errors.items()},
            }
        )
    return rows


def summarize(rows: list[Row]) -> Summary:
    """The largest difference of each fact, and its claim."""
    words = {
        "cosine": "The crease is perpendicular to (a, b).",
        "slope": "The slope is sqrt(a^2 + b^2).",
        "offset": "The crease lies at -c / sqrt(a^2 + b^2).",
    }
    claims, largest = [], {}
    for name in FACTS:
        errors: Float64[np.ndarray, " rows"] = np.array(
            [row[f"{name}_error"] for row in rows]
        )
        known = errors[np.isfinite(errors)]
        largest[name] = float(known.max())
        claims.append(
            claim_exact(
                words[name],
                "T. Dullien, first origami post, captions",
                f"largest {'cosine' if name == 'cosine' else 'difference'} in "
                f"{len(known)} sheets",
                largest[name],
                holds=largest[name] < 1e-12,
            )
        )
    creases = sum(np.isfinite(row["offset_error"]) for row in rows)
    return {
        "headline": f"{len(rows)} sheets, {creases} with a crease in the square; "
        f"slope, direction and offset are those of the formulas to "
        f"{max(largest.values()):.0e}",
        "largest_errors": largest,
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    del folder  # The figure shows units of its own choice.
    return Result(config, summary)
