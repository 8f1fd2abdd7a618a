"""The command line of scaling studies."""

import dataclasses
import json

import pyarrow.csv
import pytest

from experiments import scaling_study
from experiments.scaling_study import settings, study
from tests.scripts.helpers import assert_bad_input, load_script

STUDY = """\
epochs = 1
points = 8
bootstrap = 20

[[families]]
varies = "width"
values = [2, 4]
"""


@pytest.fixture(scope="module")
def script():
    return load_script("scaling_study")


def test_one_seed_has_no_interval_anywhere(script, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path, folder = tmp_path / "study.toml", tmp_path / "run"
    path.write_text(STUDY)
    command = [str(path), "--folder", str(folder), "--seeds", "1"]
    assert script.main(command) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.count("(one seed: an interval takes more)") == 2
    assert "95 %" not in text
    fits = json.loads((folder / "summary.json").read_text())["fits"]
    fits = [entry["fit"] for entry in fits]
    assert [(fit["low"], fit["high"]) for fit in fits] == [(None, None)] * 2
    config = dataclasses.replace(settings.read_study(path), seeds=1)
    drawing = scaling_study.STUDY.draw(scaling_study.load(config, folder))
    legend = drawing.axes[0].get_legend()
    assert legend is not None
    labels = [entry.get_text() for entry in legend.get_texts()[:2]]
    values = [f"exponent {fit['parameter']:.2f}" for fit in fits]
    assert [label.split(": ")[1] for label in labels] == values
    assert drawing.get_supxlabel() == "one seed: intervals of the fits take more"
    # A finished run is shown again from its files.
    assert script.main(command) == 0
    assert "one seed" in capsys.readouterr().out
    # With another family it goes on, and counts nothing twice.
    kept = {f: f.stat().st_mtime_ns for f in folder.glob("networks-*.json")}
    path.write_text(STUDY + '[[families]]\nvaries = "width"\nvalues = [4, 2]\n')
    monkeypatch.setattr(study, "networks_of", None)
    assert script.main(command) == 0
    assert f"Going on with the unfinished run in {folder}" in capsys.readouterr().out
    assert {f: f.stat().st_mtime_ns for f in folder.glob("networks-*.json")} == kept
    assert len(json.loads((folder / "summary.json").read_text())["fits"]) == 4
    table = pyarrow.csv.read_csv(folder / "networks.csv")
    assert table["families"].to_pylist() == ["0 1"] * 4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nofile.toml", "nofile.toml does not exist: give a TOML file"),
        ("", "is a folder: give a TOML file"),
        ("bad.toml", "bad.toml: `colour` is not a key: seeds, "),
    ],
)
def test_bad_study_is_one_line_and_leaves_no_folder(
    script, capsys, tmp_path, name, message
):
    (tmp_path / "bad.toml").write_text(f"colour = 3\n{STUDY}")
    command = [str(tmp_path / name), "--folder", str(tmp_path / "run")]
    assert_bad_input(script, command, message, capsys)
    assert not (tmp_path / "run").exists()
