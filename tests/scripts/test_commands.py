"""The installed command: which commands there are, and that scripts are doors to it."""

import os
import pathlib
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest

from experiments.commands import main, program
from experiments.running.arguments import point
from experiments.running.command_names import COMMANDS, as_called
from tests.scripts.helpers import SCRIPTS

NET = str(pathlib.Path(__file__).parents[1] / "data" / "nets" / "d2_16x1.npz")


@pytest.fixture(autouse=True)
def keep_argv(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["relu-regions"])


def test_the_command_is_installed():
    settings = tomllib.loads((SCRIPTS.parent / "pyproject.toml").read_text("utf-8"))
    command = settings["project"]["scripts"]["relu-regions"]
    assert command == f"{program.__module__}:{program.__name__}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_how_it_is_called(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: relu-regions {name}")
    assert "--max-seconds" in text
    # Files that are given, scripts/study.toml say, are no commands.
    assert not re.search(r"scripts/\w+\.py", text)
    assert f"  relu-regions {name}" in text.partition("examples:")[2]


def test_every_command_has_a_script_that_is_its_door():
    for command in COMMANDS.values():
        text = (SCRIPTS / f"{command.module}.py").read_text("utf-8")
        assert f"from experiments.commands.{command.module} import main" in text
        assert len(text.splitlines()) <= 8


def test_a_script_answers_as_the_command_does(capsys):
    arguments = [NET, "--box", "-1", "1"]
    assert main(["count", *arguments]) == 0
    expected = capsys.readouterr().out.splitlines()[0]
    script = [sys.executable, str(SCRIPTS / "count_regions.py"), *arguments]
    out = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[0] == expected


def test_list_writes_a_file_and_needs_one(tmp_path, capsys):
    assert main(["list", NET, "--box", "-1", "1"]) == 2
    assert "--out regions.parquet" in capsys.readouterr().err
    file = tmp_path / "regions.csv"
    assert main(["list", NET, "--box", "-1", "1", "--out", str(file)]) == 0
    count = int(capsys.readouterr().out.split()[1].replace(",", ""))
    assert len(file.read_text("utf-8").splitlines()) == count + 1


def test_an_unknown_command_is_one_line(capsys):
    assert main(["cuont"]) == 2
    assert capsys.readouterr().err == (
        "error: 'cuont' is no command: did you mean 'count'?\n"
    )
    assert main([]) == 2
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


def test_examples_are_named_as_they_are_called(monkeypatch):
    text = "python scripts/count_regions.py net.npz"
    assert as_called(text) == text
    monkeypatch.setattr(sys, "argv", ["relu-regions count"])
    assert as_called(text) == "relu-regions count net.npz"


def test_a_point_is_numbers_or_a_row_of_a_file(tmp_path):
    table = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "x.npy", table)
    np.savez(tmp_path / "x.npz", X=table)
    np.savetxt(tmp_path / "x.csv", table, delimiter=",")
    assert point("-0.5,2").tolist() == [-0.5, 2.0]
    for suffix in ("npy", "npz", "csv"):
        assert point(f"{tmp_path}/x.{suffix}:2").tolist() == [4.0, 5.0]
        assert point(f"{tmp_path}/x.{suffix}").tolist() == [0.0, 1.0]


def test_the_overview_goes_into_a_pipe_that_closes():
    code = "from experiments.commands import program; program()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
