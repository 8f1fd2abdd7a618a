"""The command line that makes and checks the ledger."""

import importlib.util
import json
import pathlib

import pytest

from tests.scripts.helpers import SCRIPTS, assert_bad_input

LEDGER = pathlib.Path(__file__).parents[2] / "ledger"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("ledger", SCRIPTS / "ledger.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(script, tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger")
    assert script.main(["--make", "--networks", "8", "--folder", str(path)]) == 0
    return path


def test_what_is_made_is_what_is_kept(folder):
    """The numbers of the repository's ledger are those that the code gives today."""
    kept = json.loads((LEDGER / "ledger.json").read_text())
    assert len(kept) == 300
    assert json.loads((folder / "ledger.json").read_text()) == kept[:8]
    rows = (LEDGER / "ledger.csv").read_text().splitlines()
    assert (folder / "ledger.csv").read_text().splitlines() == rows[:9]


def test_entries_are_checked_by_other_means(script, folder, capsys):
    for name in ("001 integer 2-3-1", "007 skip 2-3-1"):
        assert script.main(["--check", "--folder", str(folder), "--name", name]) == 0
        assert "0 numbers are not so" in capsys.readouterr().out


def test_a_wrong_number_is_found(script, folder, tmp_path, capsys):
    entries = json.loads((folder / "ledger.json").read_text())[:1]
    entries[0]["numbers"]["betti_boundary"][0] += 1
    entries[0]["numbers"]["range_of_output_0"][1] = "1/3"
    (tmp_path / "ledger.json").write_text(json.dumps(entries))
    assert script.main(["--check", "--folder", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert "betti_boundary" in text
    assert "range_of_output_0: " in text
    assert "2 numbers are not so" in text


def test_bad_input_is_one_line(script, folder, tmp_path, capsys):
    check = ["--check", "--folder"]
    assert_bad_input(script, [*check, str(folder), "--name", "x"], "no entry", capsys)
    (tmp_path / "ledger.json").write_text("{}")
    assert_bad_input(script, [*check, str(tmp_path)], "is no ledger", capsys)
    assert_bad_input(script, ["--make", "--networks", "0"], "at least 1", capsys)
