import numpy as np
import pytest

from regions.errors import FileFormatError
from regions.files.data_files import load_points, read_npy, read_npz


def test_points_are_flattened_and_float64(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(8, dtype=np.uint8).reshape(2, 2, 2))
    points = load_points(tmp_path / "x.npy")
    assert points.dtype == np.float64
    assert points.tolist() == [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]


def test_archive_gives_its_only_array_or_the_one_named_x(tmp_path):
    np.savez(tmp_path / "one.npz", data=np.ones((1, 2)))
    np.savez(tmp_path / "two.npz", X=np.zeros((3, 2)), y=np.ones(3))
    assert load_points(tmp_path / "one.npz").tolist() == [[1.0, 1.0]]
    assert load_points(tmp_path / "two.npz").shape == (3, 2)


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.array(3.0), "shape"),
        (np.zeros((0, 2)), "shape"),
        (np.zeros((2, 2), complex), "complex"),
        (np.array([["a", "b"]]), "dtype"),
        (np.array([[np.inf, 0.0]]), "infinity"),
    ],
)
def test_arrays_that_are_no_points_are_refused(tmp_path, array, match):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(FileFormatError, match=match):
        load_points(tmp_path / "x.npy")


def test_objects_are_not_unpickled(tmp_path):
    objects = np.array([[{}, {}]], object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", X=objects, allow_pickle=True)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(FileFormatError, match="has dtype object"):
            load_points(tmp_path / name)


def test_one_number_a_point_needs_no_second_axis(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3.0))
    assert load_points(tmp_path / "x.npy").tolist() == [[0.0], [1.0], [2.0]]


@pytest.mark.parametrize("start", ["", "width,height\n", "\ufeff"])
def test_tables_of_numbers_are_read_with_or_without_names(tmp_path, start):
    path = tmp_path / "x.csv"
    path.write_text(start + "0.1,-2\n1e-3,4\n", encoding="utf-8")
    assert load_points(path).tolist() == [[0.1, -2.0], [1e-3, 4.0]]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("1,2\n\n3\n4\n", "line 3 has 1 entry and line 1 has 2"),
        ("a,b\n1,2\n3,4,5\n", "line 3 has 3 entries and line 2 has 2"),
        ("1,2\n3,four\n", "line 2.*four"),
        ("", "shape"),
        ("a,b\n", "shape"),
        ("1,nan\n", "infinity"),
        ("\x00\n", "x.csv"),
        ("1.O,2\n3,4\n", "line 1: could not convert string to float: '1.O'"),
        ("x,2\n3,4\n", "line 1: could not convert string to float: 'x'"),
        ("-\n3\n", "may have no entry that begins as a number"),
    ],
)
def test_tables_that_are_no_points_are_one_clear_line(tmp_path, text, match):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(FileFormatError, match=match) as caught:
        load_points(tmp_path / "x.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_damaged_files_are_one_clear_line(tmp_path, name):
    path = tmp_path / name
    (np.save if name == "x.npy" else np.savez)(path, np.ones((4, 4)))
    content = path.read_bytes()
    for length in (0, 3, 8, 40, len(content) - 9):
        path.write_bytes(content[:length])
        with pytest.raises(FileFormatError, match=name) as caught:
            load_points(path)
        assert "\n" not in str(caught.value)


def test_archive_of_two_unnamed_arrays_and_missing_files_are_refused(tmp_path):
    np.savez(tmp_path / "two.npz", a=np.zeros((1, 1)), b=np.ones((1, 1)))
    with pytest.raises(FileFormatError, match="none is named X"):
        load_points(tmp_path / "two.npz")
    for name in ("no.npy", "no.npz"):
        with pytest.raises(FileNotFoundError, match=name):
            load_points(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    for path, read in ((tmp_path, read_npy), (tmp_path / "folder.csv", load_points)):
        with pytest.raises(IsADirectoryError, match="is a folder: give"):
            read(path)


def test_what_is_larger_than_the_limit_is_refused_before_it_is_read(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((100, 10), np.int8))
    np.savez_compressed(tmp_path / "x.npz", X=np.zeros((100, 10), np.int8))
    (tmp_path / "x.csv").write_text("1,2,3,4,5\n" * 200)
    for name in ("x.npy", "x.npz", "x.csv"):
        assert load_points(tmp_path / name, max_bytes=8000).size == 1000
        with pytest.raises(FileFormatError, match="raise `max_bytes`"):
            load_points(tmp_path / name, max_bytes=7999)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'shape': (",
        "{[]: 1}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 26 + ", 2), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 6000 + ",), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True, True), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }",
        "{'descr': '|V0', 'fortran_order': False, 'shape': (3, 2), }",
        "{'d': " + "-" * 9000 + "1}",
        "{'descr': '<f8'," + " " * 9000 + "x}",
    ],
)
def test_headers_that_are_none_are_one_clear_line(tmp_path, header):
    text = header.encode()
    start = b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little")
    (tmp_path / "x.npy").write_bytes(start + text + bytes(80))
    with pytest.raises(FileFormatError, match=r"x\.npy") as caught:
        load_points(tmp_path / "x.npy")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_missing_file_is_asked_for_in_a_form_that_serves(tmp_path):
    for read, kinds in (
        (load_points, r"\.npy, \.npz or \.csv"),
        (read_npy, r"\.npy"),
        (lambda path: read_npz(path, ("A", "b")), r"\.npz"),
    ):
        with pytest.raises(FileNotFoundError, match=f"not exist: give a {kinds} file"):
            read(tmp_path / "missing.npz")
        with pytest.raises(IsADirectoryError, match=f"give a {kinds} file in it"):
            read(tmp_path)
