"""The command line that tells components and holes."""

import json
import pathlib

import numpy as np
import pytest

from tests.scripts.helpers import assert_bad_input, load_script, press_ctrl_c_once

NET = str(pathlib.Path(__file__).parents[1] / "data" / "nets" / "d2_16x1.npz")


@pytest.fixture(scope="module")
def script():
    return load_script("topology")


@pytest.fixture
def diamond(tmp_path) -> str:
    """|x| + |y| - 1."""
    path = tmp_path / "diamond.npz"
    W0 = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    np.savez(path, W0=W0, b0=np.zeros(4), W1=np.ones((1, 4)), b1=np.array([-1.0]))
    return str(path)


def test_sets_are_printed_and_saved(script, diamond, tmp_path, capsys):
    file = tmp_path / "topology.json"
    arguments = [diamond, "--box", "-2", "2", "--holes", "--persistence", "0"]
    arguments += ["--of", "output > 0", "--of", "output <= 0", "--save", str(file)]
    assert script.main(arguments) == 0
    text = capsys.readouterr().out
    assert "output > 0 (open): b0 = 1, b1 = 1" in text
    assert "output <= 0 (closed): b0 = 1, b1 = 0" in text
    saved = json.loads(file.read_text())
    above, below = saved["sets"]
    assert above["betti_numbers"] == [1, 1]
    (hole,) = above["holes"]
    assert min(np.abs(np.array(hole["loop"])).sum(1)) > 1.0
    assert below["components"][0]["reaches_the_boundary"] is False
    first = {"dimension": 0, "birth": "-1", "death": None}
    assert saved["intervals"] == [first]


def test_components_of_the_whole_space_are_bounded_or_not(script, diamond, capsys):
    arguments = [diamond, "--whole-space", "--of", "output > 0"]
    assert script.main(arguments) == 0
    assert "unbounded" in capsys.readouterr().out


def test_ctrl_c_is_heard(script, monkeypatch, capsys):
    press_ctrl_c_once(script, monkeypatch)
    assert script.main([NET, "--box", "-1", "1"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_limit_is_one_line(script, capsys):
    arguments = [NET, "--box", "-1", "1", "--max-seconds", "1e-9"]
    assert script.main(arguments) == 1
    error = capsys.readouterr().err
    assert "all of them are needed" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--of", "the left"], "`of` is 'the left'"),
        (["--of", "class 7"], "2 classes"),
        (["--persistence", "3"], "`output` is 3"),
    ],
)
def test_bad_options_are_one_line(script, arguments, message, capsys):
    assert_bad_input(script, [NET, "--box", "-1", "1", *arguments], message, capsys)
