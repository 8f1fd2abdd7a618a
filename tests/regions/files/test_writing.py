"""Files that are whole or absent."""

import os
import subprocess
import sys

import numpy as np
import pytest

from regions.errors import FileFormatError
from regions.files.writing import (
    locked_folder,
    open_atomically,
    read_arrays,
    remove_left,
    write_arrays,
    write_text,
)


def test_arrays_come_back_bit_for_bit(tmp_path):
    arrays = {"a": np.array([0.1, np.nan, -0.0]), "b": np.arange(6).reshape(2, 3)}
    write_arrays(tmp_path / "x.npz", **arrays)
    found = read_arrays(tmp_path / "x.npz")
    assert set(found) == {"a", "b"}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].tobytes() == array.tobytes()


def test_objects_are_never_unpickled(tmp_path):
    with (tmp_path / "x.npz").open("wb") as file:
        np.savez(file, a=np.array([{}], dtype=object))
    with pytest.raises(FileFormatError, match=r"x.npz: 'a' .* object"):
        read_arrays(tmp_path / "x.npz")


def test_a_file_that_fails_leaves_the_older_one(tmp_path):
    write_arrays(tmp_path / "x.npz", a=np.ones(3))

    def fail():
        with open_atomically(tmp_path / "x.npz") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (read_arrays(tmp_path / "x.npz")["a"] == 1.0).all()
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npz"]


_WRITE_AND_WAIT = """
import sys, time
from regions.files.writing import open_atomically
with open_atomically(sys.argv[1]) as file:
    file.write(b"half" * 10_000)
    file.flush()
    print("written", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_nothing_behind(tmp_path):
    write_text(tmp_path / "x.txt", "before")
    command = [sys.executable, "-c", _WRITE_AND_WAIT, str(tmp_path / "x.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.txt"]
    assert (tmp_path / "x.txt").read_text() == "before"


def test_a_folder_is_one_runs_own_and_nothing_stays_of_its_lock(tmp_path):
    folder = tmp_path / "run"
    with locked_folder(folder):
        with pytest.raises(BlockingIOError, match="another run is writing there"):
            locked_folder(folder).__enter__()
        assert not [*folder.iterdir()]
    with locked_folder(folder):
        pass


def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "deep").mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left = tmp_path / "deep" / f".a.npz.{gone.pid}.tmp"
    kept = [f".a.npz.{os.getpid()}.tmp", ".a.npz.tmp", f"a.npz.{gone.pid}.tmp"]
    for path in (left, *(tmp_path / name for name in kept)):
        path.touch()
    remove_left(tmp_path)
    assert not left.exists()
    assert sorted(kept) == sorted(p.name for p in tmp_path.iterdir() if p.is_file())


_WRITE_TOO_MUCH = """
import resource, sys
from regions.files.writing import open_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with open_atomically(sys.argv[1]) as file:
        file.write(bytes(2000))
except OSError as error:
    print(error)
"""


def test_a_disk_without_room_is_named_with_advice(tmp_path):
    write_text(tmp_path / "x.txt", "before")
    command = [sys.executable, "-c", _WRITE_TOO_MUCH, str(tmp_path / "x.txt")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "nothing was written; make room, or write elsewhere" in said
    assert str(tmp_path / "x.txt") in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.txt"]
    assert (tmp_path / "x.txt").read_text() == "before"


def test_files_get_the_rights_that_the_mask_leaves(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "x", "")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode
