"""The command line that asks about a point."""

import json

import numpy as np
import pytest

from regions.io import save_network
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture(scope="module")
def script():
    return load_script("polytope")


@pytest.fixture
def model(tmp_path) -> str:
    path = tmp_path / "model.npz"
    save_network(path, random_network(np.random.default_rng(0), 2, [5, 4]))
    return str(path)


def test_text_names_the_facets(script, model, capsys):
    assert script.main([model, "--at", "0.3,-0.2", "--lower=-1", "--upper=1"]) == 0
    out = capsys.readouterr().out
    assert "layer 1 unit" in out
    assert "bounded" in out


def test_json_of_a_row_of_a_file(script, model, capsys, tmp_path):
    points = np.random.default_rng(1).uniform(-1, 1, (5, 1, 2))
    np.save(tmp_path / "points.npy", points)
    arguments = ["--input", str(tmp_path / "points.npy"), "--index", "3"]
    assert script.main([model, *arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["point"] == points[3, 0].tolist()


def test_nearest_facets_and_other_class(script, model, capsys):
    where = ["--at", "0.3,-0.2", "--box", "-1", "1"]
    assert script.main([model, *where, "--nearest", "2", "--threshold", "0.1"]) == 0
    out = capsys.readouterr().out
    assert out.count(" away at (") == 2
    assert "another class: " in out


def test_a_ball_is_around_the_input_that_is_asked_for(script, model, capsys):
    # The chart of a ball is centered: the point would be another one there.
    wheres = (
        "--ball 0.5,-0.5 --radius 0.25 --norm inf",
        "--lower=0.25,-0.75 --upper=0.75,-0.25",
    )
    told = []
    for where in wheres:
        at = ["--at", "0.5,-0.5", "--format", "json"]
        assert script.main([model, *at, *where.split()]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["point"] == [0.5, -0.5]


def test_verbose_says_what_is_read_and_where_an_error_is_from(script, model, capsys):
    arguments = [model, "--at", "0.3,-0.2,1", "--verbose"]
    assert script.main(arguments) == 2
    err = capsys.readouterr().err
    assert "model.npz: ReluNetwork(2-5-4-1, 9 bits)" in err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: the point has 3 entries")


@pytest.mark.parametrize("start", ["", "width,height\n"])
def test_a_row_of_a_table_is_the_point_at(script, model, capsys, tmp_path, start):
    (tmp_path / "x.csv").write_text(start + "9,9\n0.3,-0.2\n")
    assert script.main([model, "--at", "0.3,-0.2"]) == 0
    expected = capsys.readouterr().out
    table = ["--input", str(tmp_path / "x.csv"), "--index", "1"]
    assert script.main([model, *table]) == 0
    assert capsys.readouterr().out == expected
    np.save(tmp_path / "x.npy", [0.3, -0.2])
    assert script.main([model, "--input", str(tmp_path / "x.npy")]) == 0
    assert capsys.readouterr().out == expected


def test_a_boundary_point_is_named_and_has_no_h_file(script, tmp_path, capsys):
    path = tmp_path / "cross.npz"
    save_network(path, ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None))
    assert script.main([str(path), "--at", "0,0.5"]) == 0
    assert "2 regions meet there" in capsys.readouterr().out
    assert script.main([str(path), "--at", "0,0.5", "--format", "ine"]) == 2
    assert "2 regions meet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--at or by --input"),
        (["--at", "1,2", "--input", "x.npy"], "--at or by --input"),
        (["--at", "1,b"], "not a list of numbers"),
        (["--at", "1,2", "--lower", "0"], "--lower and --upper are required together"),
        (["--at", "1,2", "--format", "xml"], "invalid choice"),
    ],
)
def test_bad_arguments_exit_with_one_line(script, model, capsys, arguments, message):
    assert_bad_input(script, [model, *arguments], message, capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "1,2,3"], "3 entries"),
        (["--at", "nan,2"], "finite"),
        (["--input", "missing.npy"], "missing.npy"),
        (
            ["--at", "0.5,5", "--lower=0", "--upper=1"],
            r"`x\[1\]` is 5.0 .* ends at 1.0",
        ),
        (["--at=-3,0", "--box", "-1", "1"], r"`x\[0\]` is -3.0 .* begins at -1.0"),
        (["--at", "0,0", "--lower=1", "--upper=0"], "above the upper"),
    ],
)
def test_bad_input_is_reported_in_one_line(script, model, capsys, arguments, message):
    import re

    assert script.main([model, *arguments]) == 2
    err = capsys.readouterr().err
    assert re.search(message, err)
    assert err.count("\n") == 1


def test_bad_files_are_reported_in_one_line(script, model, capsys, tmp_path):
    np.save(tmp_path / "points.npy", np.zeros((3, 2)))
    points = ["--input", str(tmp_path / "points.npy")]
    assert script.main([model, *points, "--index", "3"]) == 2
    assert "0 to 2" in capsys.readouterr().err
    np.save(tmp_path / "words.npy", np.array(["a"]))
    assert script.main([model, "--input", str(tmp_path / "words.npy")]) == 2
    assert "real numbers of at most 64 bits" in capsys.readouterr().err
    (tmp_path / "broken.npz").write_bytes(b"PK nothing")
    assert script.main([str(tmp_path / "broken.npz"), "--at", "0,0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_round_ball_leaves_the_region_as_it_is(script, model, capsys):
    at = [model, "--at", "0.3,-0.2", "--format", "json"]
    assert script.main(at) == 0
    whole = json.loads(capsys.readouterr().out)
    assert script.main([*at, "--ball", "0.25,-0.25", "--radius", "0.1"]) == 0
    assert json.loads(capsys.readouterr().out) == whole
    far = [*at, "--ball", "2,2", "--radius", "0.1"]
    assert_bad_input(script, far, "lies outside of the ball", capsys)
