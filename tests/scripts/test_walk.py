"""The command line that walks."""

import signal

import networkx
import numpy as np
import pytest

from regions.domains.shapes import Ball
from regions.enumeration import count_regions
from regions.io import load_network, save_network
from regions.results.region_set import RegionSet
from regions.results.statistics import Stop
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture(scope="module")
def script():
    return load_script("walk")


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


def test_round_balls_lie_around_their_centers(script, model, capsys, tmp_path):
    around = [model, "around", "--from=0.5,-0.5", "--ball=0.5,-0.5", "--radius", "0.75"]
    assert script.main(around) == 0
    wanted = count_regions(load_network(model), Ball([0.5, -0.5], 0.75))
    assert 1 < int(wanted) == int(capsys.readouterr().out.split()[0])
    file = tmp_path / "g.graphml"
    graph = [model, "graph", *around[3:], "--save", str(file)]
    assert script.main(graph) == 0
    read = networkx.read_graphml(file)
    assert len(read) == int(wanted)
    assert networkx.is_connected(read)


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
        (["path", "--from", "1,2"], "path needs --to and a domain, such as"),
        (["line", "--from", "1,2"], "line needs --to"),
        (["around", "--from", "1,x"], "is no point"),
        (["around", "--from", "none.npy:0"], "is no point"),
        (
            ["around", "--from", "1,2", "--lower", "0"],
            "--lower and --upper are required together",
        ),
        (["line", "--from=1,2", "--to=2,1", "--save", "x.parquet"], "leave out --save"),
        (["around", "--from", "1,2", "--save", "x.json"], ".graphml or .parquet"),
    ],
)
def test_bad_arguments_exit_with_one_line(script, model, capsys, arguments, message):
    assert_bad_input(script, [model, *arguments], message, capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["around", "--from", "1,2,3"], "shape"),
        (["line", "--from", "1,2", "--to", "1,2"], "same point"),
        (["around", "--from", "1,2", "--max-regions", "0"], "max_regions"),
        (
            ["path", "--from=9,9", "--to=0,0", "--lower=-1", "--upper=1"],
            "outside of the",
        ),
    ],
)
def test_bad_input_is_reported_in_one_line(script, model, capsys, arguments, message):
    assert_bad_input(script, [model, *arguments], message, capsys)


def test_interrupted_walk_prints_and_saves_what_it_found(
    script, model, capsys, tmp_path, monkeypatch
):
    shown = []

    def press(bars, done, total, message):
        shown.append(done)
        if len(shown) == 1:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(script.Bars, "__call__", press)
    file = tmp_path / "around.parquet"
    assert script.main([model, "around", "--from", "0,0", "--save", str(file)]) == 130
    printed = capsys.readouterr()
    assert "Interrupted: this is what was found." in printed.err
    found = RegionSet.load(file)
    assert found.stop is Stop.INTERRUPTED
    assert f"{len(found)} regions (at least" in printed.out
    assert len(shown) == 1
