"""Movies are whole or absent, whatever happens to the process that writes them."""

import subprocess
import sys
import time

import numpy as np
import pytest

from experiments.movies.movie_files import write_mp4, write_png


def _frames(folder):
    """Two small frames."""
    paths = []
    for level in (0, 200):
        paths.append(folder / f"{level}.png")
        write_png(paths[-1], np.full((16, 16, 3), level, np.uint8))
    return paths


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_movie_is_written_whole_and_alone(tmp_path):
    frames, seen = _frames(tmp_path), []
    write_mp4(tmp_path / "m.mp4", frames, 2, lambda done, total: seen.append(done))
    content = (tmp_path / "m.mp4").read_bytes()
    assert content[4:8] == b"ftyp"
    # The index stands before the frames, for browsers: a second pass of the encoder.
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert seen == [1, 2, 3, 4, 5, 6]
    assert _names(tmp_path) == ["0.png", "200.png", "m.mp4"]


def test_a_movie_that_fails_leaves_the_older_one(tmp_path):
    frames = _frames(tmp_path)
    (tmp_path / "m.mp4").write_text("older")
    with pytest.raises(OSError, match="ffmpeg said"):
        write_mp4(tmp_path / "m.mp4", frames, 0, lambda done, total: None)
    assert (tmp_path / "m.mp4").read_text() == "older"
    assert _names(tmp_path) == ["0.png", "200.png", "m.mp4"]


_WRITE_AND_WAIT = """
import pathlib, sys, time
from experiments.movies.movie_files import write_mp4
def report(done, total):
    print(done, flush=True)
    time.sleep(60)
folder = pathlib.Path(sys.argv[1])
frames = [folder / "0.png", folder / "200.png"]
write_mp4(folder / "m.mp4", frames, 2, report)
"""


def test_a_killed_writer_leaves_no_movie_and_no_encoder(tmp_path):
    _frames(tmp_path)
    command = [sys.executable, "-c", _WRITE_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    time.sleep(0.2)
    assert _names(tmp_path) == ["0.png", "200.png"]
