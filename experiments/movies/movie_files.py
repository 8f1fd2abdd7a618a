"""Frames to files: PNG without loss, H.264 for browsers, GIF for pages."""

import contextlib
import errno
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import PIL.Image
from jaxtyping import UInt8

from regions.files.reading import reading
from regions.files.writing import open_atomically
from regions.io.optional import require

CRF = 17
"""Quality of H.264, lower is better: thin red lines stay red."""

PAGE_CRF = 28
"""Quality of the small copy for a page, where `PAGE_BYTES` allows it."""

PAGE_BYTES = 5_000_000
"""Size of that copy at which the encoder aims if that quality would need more."""

PAGE_SIZE = 2.0
"""Its width in those of the GIF."""

BUFFER, MOST = 4, 20_000_000
"""Seconds over which its bits a second may vary, and the most of them."""

PAGE_MP4 = "page.mp4"
"""Name of that copy; `experiments.running.publishing` takes it to the pages."""

PLAIN_WIDTH = 2048
"""Wider frames are encoded as they are, narrower ones with each pixel doubled.

4:2:0 video has one color for 2 x 2 pixels; doubled, each pixel keeps its own.
"""

HOLD = 2.0
"""Seconds for which the last frame stays, if nothing else is said."""

Report = Callable[[int, int], None]


def encoder() -> Any:
    """The package that brings ffmpeg.

    Raises:
        ImportError: If it is not installed; says how.
    """
    return require("imageio_ffmpeg", "movies", "movies")


def write_png(path: pathlib.Path, frame: UInt8[np.ndarray, "height width 3"]) -> None:
    """Write a frame without loss, whole or not at all."""
    with open_atomically(path) as file:
        PIL.Image.fromarray(frame).save(file, format="PNG", compress_level=1)


def read_png(path: pathlib.Path) -> UInt8[np.ndarray, "height width 3"]:
    """What `write_png` wrote.

    Raises:
        FileFormatError: If the file is damaged.
    """
    advice = "remove it and run again"
    with reading(path, "a frame", advice), PIL.Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def write_mp4(
    path: pathlib.Path,
    frames: list[pathlib.Path],
    fps: int,
    report: Report,
    hold: float = HOLD,
) -> None:
    """Encode frames of one size as H.264, 4:2:0, playable while it loads.

    Args:
        path: The movie; written whole or not at all.
        frames: PNG files in order.
        fps: Frames per second.
        report: Called with frames done and in all.
        hold: Seconds for which the last frame stays.
    """
    width = read_png(frames[0]).shape[1]
    scale = 2 if width <= PLAIN_WIDTH else 1
    size = f"iw*{scale}:ih*{scale}:flags=neighbor"
    held = [*frames, *frames[-1:] * round(hold * fps)]
    options = [*_h264(size), "-preset", "veryfast", "-crf", str(CRF), *_MP4]
    _write(path, held, fps, options, report)


def write_page_mp4(
    folder: pathlib.Path,
    frames: list[pathlib.Path],
    fps: int,
    report: Report,
    *,
    width: int,
    hold: float = HOLD,
) -> None:
    """Encode the small copy for a page.

    Args:
        folder: Gets `PAGE_MP4`.
        frames: As in `write_mp4`, as are the others.
        fps: Frames per second.
        report: Called with frames done and in all.
        width: Of the GIF beside it, in pixels.
        hold: Seconds for which the last frame stays.
    """
    held = [*frames, *frames[-1:] * round(hold * fps)]
    rate = min(MOST, round(8 * PAGE_BYTES * fps / len(held)))
    size = f"{2 * round(width * PAGE_SIZE / 2)}:-2:flags=area"
    options = [*_h264(size), "-crf", str(PAGE_CRF), "-maxrate", str(rate)]
    options += ["-bufsize", str(BUFFER * rate), *_MP4]
    _write(folder / PAGE_MP4, held, fps, options, report)


_MP4 = ["-an", "-movflags", "+faststart", "-f", "mp4"]


def _h264(size: str) -> list[str]:
    """Options of ffmpeg for video scaled to a size."""
    # Tagged as it is converted, or a player would guess other primaries.
    filters = (
        f"scale={size}+accurate_rnd+full_chroma_int:"
        "out_color_matrix=bt709:out_range=tv,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709,format=yuv420p"
    )
    return ["-c:v", "libx264", "-vf", filters]


def write_gif(
    path: pathlib.Path,
    frames: list[pathlib.Path],
    fps: int,
    width: int,
    colors: int,
    report: Report,
    hold: float = HOLD,
) -> None:
    """Encode frames as an animated GIF of a width, with one palette for all of them."""
    filters = (
        f"scale={width}:-2:flags=area,split[a][b];"
        f"[a]palettegen=max_colors={colors}:stats_mode=full[p];"
        "[b][p]paletteuse=dither=none:diff_mode=rectangle"
    )
    held = [*frames, *frames[-1:] * round(hold * fps)]
    options = ["-filter_complex", filters, "-loop", "0", "-f", "gif"]
    _write(path, held, fps, options, report)


def _write(
    path: pathlib.Path,
    frames: list[pathlib.Path],
    fps: int,
    options: list[str],
    report: Report,
) -> None:
    """Stream frames through ffmpeg.

    Raises:
        OSError: If ffmpeg fails; with its words.
    """
    height, width = read_png(frames[0]).shape[:2]
    size = ["-s", f"{width}x{height}", "-r", str(fps)]
    command = [encoder().get_ffmpeg_exe(), "-y", "-v", "error", "-f", "rawvideo"]
    command += ["-pix_fmt", "rgb24", *size, "-i", "-", *options]
    with open_atomically(path) as file, tempfile.TemporaryFile() as words:
        # A file without a name is reached by the number under which it is open.
        number = file.fileno()
        name = f"/proc/self/fd/{number}" if isinstance(file.name, int) else file.name
        # In a session of its own, or Ctrl-C would end it before the frames do.
        process = subprocess.Popen(
            [*command, str(name)],
            stdin=subprocess.PIPE,
            stderr=words,
            start_new_session=True,
            pass_fds=(number,),
        )
        assert process.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                for done, frame in enumerate(_pixels(frames), start=1):
                    process.stdin.write(frame.data)
                    report(done, len(frames))
                process.stdin.close()
            if process.wait():
                words.seek(0)
                said = words.read().decode(errors="replace").strip()
                if os.strerror(errno.ENOSPC) in said:
                    raise OSError(errno.ENOSPC, said, str(path))
                raise OSError(f"{path} could not be written: ffmpeg said: {said}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _pixels(frames: list[pathlib.Path]) -> Iterator[np.ndarray]:
    """Pixels of each file; a file that is repeated is read once."""
    last: tuple[pathlib.Path, np.ndarray] | None = None
    for frame in frames:
        if last is None or last[0] != frame:
            last = (frame, np.ascontiguousarray(read_png(frame)))
        yield last[1]
