import csv

import numpy as np
import pytest

from regions.io import save_network
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.scripts.helpers import (
    assert_bad_input,
    load_script,
    press_ctrl_c_once,
    run_script,
)


@pytest.fixture(scope="module")
def script():
    return load_script("hash_table")


@pytest.fixture
def files(tmp_path):
    """A network of the four quadrants, and six points."""
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 2.0]]], None)
    save_network(tmp_path / "net.npz", network)
    points = [[1, 1], [-1, 1], [2, 1], [-1, -1], [-2, -2], [3, 1]]
    np.save(tmp_path / "x.npy", np.array(points, float))
    return tmp_path


def test_quadrants_are_printed_as_the_table_says(script, files, capsys):
    arguments = [str(files / "net.npz"), "--data", str(files / "x.npy")]
    assert script.main(arguments) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    wanted = "11 -> f3 3 points output [3, 5] ids 0 2 5"
    assert " ".join(lines[0].split()) == wanted
    assert "f3(x) = 1 x1 + 2 x2" in lines
    assert "f1(x) = 0" in lines
    assert "6 points, 3 codes, 3 affine maps" in text
    numbers = {
        line[:22].strip(): line[22:].split()[0] for line in lines if len(line) > 36
    }
    assert numbers["possible codes, 2^n"] == "4"
    assert numbers["regions in the domain"] == "4"
    assert numbers["met by the grid"] == "4"
    assert numbers["occupied by data"] == "3"


def test_saved_tables_hold_the_same_numbers(script, files):
    network = random_network(np.random.default_rng(0), 2, [4, 3], outputs=2)
    save_network(files / "net.npz", network)
    points = np.load(files / "x.npy")
    outputs = [str(files / "t.csv"), str(files / "t.npz")]
    arguments = [str(files / "net.npz"), "--data", str(files / "x.npy"), "--no-count"]
    assert script.main([*arguments, "--output", *outputs]) == 0
    with np.load(files / "t.npz", allow_pickle=False) as archive:
        arrays = dict(archive)
    values = np.einsum("poi,pi->po", arrays["A"][arrays["codes"]], points)
    np.testing.assert_allclose(
        values + arrays["c"][arrays["codes"]], network(points), atol=1e-12
    )
    with (files / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["points"]) for row in rows] == arrays["counts"].tolist()
    for code, row in enumerate(rows):
        ids = [int(i) for i in row["ids"].split()]
        assert ids == np.flatnonzero(arrays["codes"] == code).tolist()
        bits = "".join("01"[int(bit)] for bit in arrays["bits"][code])
        assert row["code"] == f"{bits[:4]} {bits[4:]}"
        assert float(row["A_1_0"]) == arrays["A"][code, 1, 0]
        assert float(row["lower_0"]) == network(points)[ids, 0].min()


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        (["--box", "0"], "argument --box"),
        (["--lower", "0,0"], "--lower and --upper"),
        (["--lower", "0,x", "--upper", "1,1"], "not a list of numbers"),
        (["--lower=0", "--upper=1"], "1 dimensions and the network reads 2"),
        (["--box", "0", "1", "--lower=0,0", "--upper=1,1"], "2 domains given"),
        (["--box", "1", "-1"], "no lower end may be above"),
        (["--output", "t.txt"], ".csv or .npz"),
        (["--rows", "-1"], "--rows"),
        (["--resolution", "-1"], "--resolution is -1: 1 to 131,072"),
        (["--max-seconds", "0"], "--max-seconds: 0: a positive number"),
        (["--data", "missing.npy"], "missing.npy does not exist"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(script, files, capsys, extra, match):
    arguments = [str(files / "net.npz"), "--data", str(files / "x.npy"), *extra]
    try:
        code = script.main(arguments)
    except SystemExit as stop:
        code = stop.code
    found = capsys.readouterr()
    assert code == 2
    assert found.out == ""
    assert match in found.err
    assert found.err.count("\n") == 1


def test_bad_tables_name_their_line_and_folders_are_folders(script, files, capsys):
    (files / "x.csv").write_text("1,2\n3\n")
    for data, match in (("x.csv", "line 2 has 1 entry"), ("", "is a folder: give")):
        arguments = [str(files / "net.npz"), "--data", str(files / data)]
        assert_bad_input(script, arguments, match, capsys)


def test_ctrl_c_keeps_the_table_and_the_count_so_far(
    script, files, capsys, monkeypatch
):
    network = random_network(np.random.default_rng(0), 2, [60, 60, 60])
    save_network(files / "net.npz", network)
    arguments = [str(files / "net.npz"), "--data", str(files / "x.npy")]
    press_ctrl_c_once(script, monkeypatch)
    assert script.main([*arguments, "--output", str(files / "t.csv")]) == 130
    text = capsys.readouterr().out
    assert "6 points" in text
    assert "at least; interrupted; " in text
    # The grid is no part of what was found: it would come after the interrupt.
    assert "met by the grid" not in text
    assert (files / "t.csv").is_file()


def test_points_of_another_dimension_are_refused(script, files, capsys):
    np.save(files / "x.npy", np.zeros((2, 3)))
    code = script.main([str(files / "net.npz"), "--data", str(files / "x.npy")])
    assert code == 2
    assert "3 coordinates and the network reads 2" in capsys.readouterr().err


def test_help_has_examples_and_exit_codes():
    text = run_script("hash_table", "--help")
    assert "examples:" in text
    assert "exit code: 0" in text
