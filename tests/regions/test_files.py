"""Files that are whole or absent."""

import numpy as np
import pytest

from regions.files import open_atomically, read_arrays, write_arrays


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
    with pytest.raises(ValueError, match="allow_pickle"):
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
