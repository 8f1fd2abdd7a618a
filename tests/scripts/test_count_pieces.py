"""The command line that counts in parts."""

import pathlib

import numpy as np
import pytest

from regions.pieces.streaming import RegionFolder
from tests.scripts.helpers import load_script

NETS = pathlib.Path(__file__).parents[1] / "data" / "nets"
NET = str(NETS / "d2_16x1.npz")
HERE = ["--workers", "0", "--parts", "20"]


@pytest.fixture(scope="module")
def script():
    return load_script("count_pieces")


def rows(text):
    """The printed table as a dictionary."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if "  " in line)
    return {name: value.strip() for name, value in pairs}


def test_count_is_that_of_the_whole_and_resumes(script, capsys, tmp_path):
    command = [NET, "--box", "-1", "1", *HERE, "--journal", str(tmp_path / "j.jsonl")]
    assert script.main(command) == 0
    first = rows(capsys.readouterr().out)
    assert first["regions"] == "96"
    assert first["method"] == "parts"
    assert int(first["parts"]) > 5
    assert first["from journal"] == "0"
    assert script.main(command) == 0
    again = rows(capsys.readouterr().out)
    assert again["regions"] == "96"
    assert again["from journal"] == again["parts"]


@pytest.mark.parametrize("method", ["tree", "restriction"])
def test_other_methods_keep_a_journal_too(script, capsys, tmp_path, method):
    journal = str(tmp_path / "j.jsonl")
    how = ["--workers", "0", "--method", method, "--parts", "5", "--journal", journal]
    for known in (False, True):
        assert script.main([NET, "--whole-space", *how]) == 0
        found = rows(capsys.readouterr().out)
        # Sixteen lines in general position.
        assert (found["regions"], found["complete"]) == ("137", "yes")
        assert (found["from journal"] == found["parts"]) == known


def test_slice_file_is_counted(script, capsys, tmp_path):
    path = tmp_path / "slice.npz"
    low, high = np.full(2, -1.0), np.full(2, 1.0)
    np.savez(path, origin=np.zeros(2), directions=np.eye(2), lower=low, upper=high)
    assert script.main([NET, "--slice", str(path), *HERE]) == 0
    assert rows(capsys.readouterr().out)["regions"] == "96"


def test_saved_folder_holds_the_regions(script, capsys, tmp_path):
    folder = tmp_path / "regions"
    command = [NET, "--box", "-1", "1", "--piece-regions", "40", "--save", str(folder)]
    assert script.main(command) == 0
    found = rows(capsys.readouterr().out)
    assert found["regions"] == "96"
    assert int(found["files"]) == len(RegionFolder(folder).files) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "-1"], "--workers is -1"),
        (["--save", "a", "--journal", "b"], "leave --journal out"),
        (["--piece-regions", "5"], "--piece-regions is for --save"),
        (["--method", "tree", "--save", "a"], "--save lists by cells"),
    ],
)
def test_bad_options_are_one_line(script, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        script.main([NET, "--box", "-1", "1", *arguments])
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--piece-regions", "0", "--save", "a"], "`piece_regions` is 0"),
        (["--parts", "0", "--workers", "0"], "`parts` is 0"),
        (["--workers", "0", "--journal", NET], "is no journal of parts"),
        (["--save", NET], "is a file: give a folder"),
    ],
)
def test_bad_values_are_one_line(script, capsys, arguments, message):
    assert script.main([NET, "--box", "-1", "1", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_interrupt_says_how_to_go_on(script, capsys, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("regions.pieces.parts.count_in_parts", interrupt)
    command = [NET, "--box", "-1", "1", "--workers", "0"]
    assert script.main(command) == 130
    assert "nothing is kept without --journal" in capsys.readouterr().err
    journal = str(tmp_path / "j.jsonl")
    assert script.main([*command, "--journal", journal]) == 130
    assert f"--journal {journal}" in capsys.readouterr().err
