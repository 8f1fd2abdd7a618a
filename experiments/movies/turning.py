"""Movies of surfaces in space, seen from all around."""

import pathlib
from collections.abc import Callable

from experiments.movies.movie_files import (
    write_gif,
    write_mp4,
    write_page_mp4,
    write_png,
)
from experiments.plotting.movie_panels import Rgb

COLORS = 48
"""Number of colors of the GIF's palette."""


def write_turning_movie(
    folder: pathlib.Path,
    frames: int,
    draw: Callable[[float], Rgb],
    *,
    fps: int,
    width: int,
) -> None:
    """Draw the frames that are not there; encode `movie.mp4`, `page.mp4`, `movie.gif`.

    Args:
        folder: Folder of the run; gets `frames/`, too.
        frames: Number of frames of a turn.
        draw: The frame at a share of the turn.
        fps: Frames per second.
        width: Width of the GIF in pixels.
    """
    (folder / "frames").mkdir(exist_ok=True)
    paths = [folder / "frames" / f"{k:04d}.png" for k in range(frames)]
    for k, path in enumerate(paths):
        if not path.is_file():
            write_png(path, draw(k / frames))
    write_mp4(folder / "movie.mp4", paths, fps, lambda *_: None, hold=0.0)
    write_page_mp4(folder, paths, fps, lambda *_: None, width=width, hold=0.0)
    write_gif(
        folder / "movie.gif", paths, fps, width, COLORS, lambda *_: None, hold=0.0
    )
