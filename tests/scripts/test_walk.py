"""The command line that walks."""

import importlib.util
import pathlib

import networkx
import numpy as np
import pytest

from regions.io import save_network
from regions.region_set import RegionSet
from tests.helpers import random_network

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "walk.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("walk_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def model(tmp_path) -> str:
    path = tmp_path / "model.npz"
    save_network(path, random_network(np.random.default_rng(0), 2, [5, 4]))
    return str(path)


def test_line_and_path_agree_on_their_ends(script, model, capsys):
    ends = ["--from=-1,0", "--to", "1,0.5"]
    assert script.main([model, "line", *ends]) == 0
    line = capsys.readouterr().out.splitlines()
    assert script.main([model, "path", *ends, "--lower=-2", "--upper=2"]) == 0
    path = capsys.readouterr().out.splitlines()
    assert line[1].split()[-1] == path[1].split()[0]
    assert line[-1].split()[-1] == path[-1].split()[0]
    assert len(path) <= len(line)


def test_around_saves_what_it_found(script, model, capsys, tmp_path):
    file = tmp_path / "around.parquet"
    limits = ["--max-regions", "7", "--save", str(file)]
    assert script.main([model, "around", "--from", "0.1,0.2", *limits]) == 0
    assert "not complete" in capsys.readouterr().out
    assert len(RegionSet.load(file)) == 7


def test_graph_is_saved(script, model, capsys, tmp_path):
    file = tmp_path / "graph.graphml"
    assert (
        script.main([model, "graph", "--lower=-1", "--upper=1", "--save", str(file)])
        == 0
    )
    assert "all of them" in capsys.readouterr().out
    assert networkx.is_connected(networkx.read_graphml(file))


def test_points_are_read_from_files(script, model, capsys, tmp_path):
    np.save(tmp_path / "points.npy", np.array([[-1.0, 0.0], [1.0, 0.5]]))
    file = tmp_path / "points.npy"
    assert script.main([model, "line", f"--from={file}:0", f"--to={file}:1"]) == 0
    from_file = capsys.readouterr().out
    assert script.main([model, "line", "--from=-1,0", "--to=1,0.5"]) == 0
    assert capsys.readouterr().out == from_file


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["path", "--from", "1,2"], "path needs --to and --lower and --upper"),
        (["line", "--from", "1,2"], "line needs --to"),
        (["around", "--from", "1,x"], "is no point"),
        (["around", "--from", "none.npy:0"], "is no point"),
        (["around", "--from", "1,2", "--lower", "0"], "both --lower and --upper"),
        (["line", "--from=1,2", "--to=2,1", "--save", "x.parquet"], "leave out --save"),
        (["around", "--from", "1,2", "--save", "x.json"], ".graphml or .parquet"),
    ],
)
def test_bad_arguments_exit_with_one_line(script, model, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        script.main([model, *arguments])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["around", "--from", "1,2,3"], "shape"),
        (["line", "--from", "1,2", "--to", "1,2"], "same point"),
        (["around", "--from", "1,2", "--max-regions", "0"], "max_regions"),
        (["path", "--from=9,9", "--to=0,0", "--lower=-1", "--upper=1"], "none of the"),
    ],
)
def test_bad_input_is_reported_in_one_line(script, model, capsys, arguments, message):
    assert script.main([model, *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
