"""Run folders: taken, refused, resumed and replaced."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.running.common import (
    RunFolderError,
    open_run,
    read_json,
    read_record,
    write_json,
    write_provenance,
)
from experiments.running.freshness import code_digests


@dataclasses.dataclass(frozen=True)
class Config:
    widths: tuple[int, ...] = (3, 2)
    seed: int = 0


def test_new_folder_gets_the_configuration(tmp_path):
    folder = tmp_path / "runs" / "ring"
    assert open_run(folder, "ring", Config()) == "new"
    assert read_json(folder / "config.json") == {
        "experiment": "ring",
        "config": {"widths": [3, 2], "seed": 0},
        "code": code_digests("ring"),
    }
    assert [entry.name for entry in folder.iterdir()] == ["config.json"]


def test_same_configuration_goes_on_until_there_is_a_summary(tmp_path):
    open_run(tmp_path / "run", "ring", Config())
    assert open_run(tmp_path / "run", "ring", Config()) == "unfinished"
    write_json(tmp_path / "run" / "summary.json", {})
    assert open_run(tmp_path / "run", "ring", Config()) == "finished"


@pytest.mark.parametrize(
    ("name", "config"), [("ring", Config(seed=1)), ("disc", Config())]
)
def test_another_run_is_refused_and_left_alone(tmp_path, name, config):
    open_run(tmp_path / "run", "ring", Config())
    before = (tmp_path / "run" / "config.json").read_bytes()
    with pytest.raises(RunFolderError, match="another configuration"):
        open_run(tmp_path / "run", name, config)
    assert (tmp_path / "run" / "config.json").read_bytes() == before


def test_a_run_that_grows_goes_on_without_its_summary(tmp_path):
    folder = tmp_path / "run"
    open_run(folder, "ring", Config())
    for name in ("summary.json", "kept.json"):
        write_json(folder / name, {})
    with pytest.raises(RunFolderError, match="another configuration"):
        open_run(folder, "ring", Config((3,), seed=1), grows=("widths",))
    with pytest.raises(RunFolderError, match="another configuration"):
        open_run(folder, "disc", Config((3,)), grows=("widths",))
    assert (folder / "summary.json").is_file()
    assert open_run(folder, "ring", Config((3,)), grows=("widths",)) == "unfinished"
    assert read_json(folder / "config.json")["config"] == {"widths": [3], "seed": 0}
    names = sorted(entry.name for entry in folder.iterdir())
    assert names == ["config.json", "kept.json"]


def test_force_replaces_a_run_whole(tmp_path):
    folder = tmp_path / "run"
    open_run(folder, "ring", Config())
    write_json(folder / "summary.json", {})
    (folder / "snapshots" / "3").mkdir(parents=True)
    (folder / "snapshots" / "3" / "array").write_bytes(b"x")
    assert open_run(folder, "ring", Config(seed=1), force=True) == "new"
    assert [entry.name for entry in folder.iterdir()] == ["config.json"]
    assert read_json(folder / "config.json")["config"]["seed"] == 1


def test_force_follows_no_link_out_of_the_folder(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    open_run(tmp_path / "run", "ring", Config())
    (tmp_path / "run" / "link").symlink_to(tmp_path / "precious")
    open_run(tmp_path / "run", "ring", Config(), force=True)
    assert (tmp_path / "precious" / "file").read_text() == "kept"


@pytest.mark.parametrize("force", [False, True])
def test_folder_that_is_no_run_is_never_touched(tmp_path, force):
    (tmp_path / "thesis.tex").write_text("kept")
    with pytest.raises(RunFolderError, match="is not a run"):
        open_run(tmp_path, "ring", Config(), force=force)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(RunFolderError, match="is a file"):
        open_run(tmp_path / "run", "ring", Config())


def test_damaged_configuration_is_reported(tmp_path):
    open_run(tmp_path / "run", "ring", Config())
    (tmp_path / "run" / "config.json").write_text('{"exper')
    with pytest.raises(RunFolderError, match="is not JSON"):
        open_run(tmp_path / "run", "ring", Config())


def test_json_takes_numpy_and_refuses_nan_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "data.json"
    write_json(path, {"a": np.float64(0.5), "b": np.arange(2), "c": np.bool_(True)})
    assert read_json(path) == {"a": 0.5, "b": [0, 1], "c": True}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert read_json(path)["a"] == 0.5
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.json"]


def test_provenance_names_versions_seed_and_times(tmp_path):
    write_provenance(tmp_path, seed=7, seconds={"training": 1.23456})
    data = json.loads((tmp_path / "provenance.json").read_text())
    assert data["seed"] == 7
    assert data["seconds"] == {"training": 1.235}
    assert data["versions"]["numpy"] == np.__version__


def test_times_of_a_run_ended_twice_add_up(tmp_path):
    write_provenance(tmp_path, seed=7, seconds={"training": 2.0, "measures": 1.0})
    first = json.loads((tmp_path / "provenance.json").read_text())
    write_provenance(tmp_path, seed=7, seconds={"measures": 0.5, "figure": 0.25})
    second = json.loads((tmp_path / "provenance.json").read_text())
    assert second["seconds"] == {"training": 2.0, "measures": 1.5, "figure": 0.25}
    assert second["cpu_seconds"] > 1.9 * first["cpu_seconds"] > 0.0


@pytest.mark.parametrize("text", ["[]", "null", "7", "[" * 100_000, "{", "\x00"])
def test_a_file_without_names_and_values_is_one_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"config\.json") as caught:
        read_record(tmp_path / "config.json")
    assert "\n" not in str(caught.value)
