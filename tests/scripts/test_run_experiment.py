import json
import pathlib

import numpy as np
import pytest

from experiments import IMAGE_NAMES, NAMES, load_experiment
from regions.io import save_network
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture
def files(tmp_path):
    """A network of three classes, and nine points of five numbers."""
    network = random_network(np.random.default_rng(0), 5, [6], outputs=3)
    save_network(tmp_path / "net.npz", network)
    np.save(tmp_path / "x.npy", np.random.default_rng(1).standard_normal((9, 5)))
    np.save(tmp_path / "y.npy", np.arange(9) % 3)
    return tmp_path


def _arguments(files, *more: str) -> list[str]:
    folder = str(files / "run")
    return ["--data", str(files / "x.npy"), "--folder", folder, *more]


def test_slice_of_own_network_is_drawn_and_a_second_call_shows_it(files, capsys):
    script = load_script("slice")
    arguments = [
        str(files / "net.npz"),
        *_arguments(
            files, "--labels", str(files / "y.npy"), "--classes", "0", "1", "2"
        ),
    ]
    assert script.main(arguments) == 0
    assert "exact regions" in capsys.readouterr().out
    assert (files / "run" / "figure.png").is_file()
    summary = json.loads((files / "run" / "summary.json").read_text())
    assert summary["labels"] == [0, 1, 2]
    assert script.main(arguments) == 0
    assert "finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (["--points", "0", "1", "9"], "0 to 8"),
        (["--points", "0", "0", "1"], "span no plane"),
        (["--classes", "0", "1", "2"], "`points` is missing"),
        (["--points", "0", "1"], "expected 3 arguments"),
        (["--points", "0", "1", "2", "--margin", "-1"], "`margin`"),
        ([], "--points --classes"),
    ],
)
def test_bad_slices_are_one_line_exit_code_two_and_no_folder(
    files, capsys, more, match
):
    arguments = [str(files / "net.npz"), *_arguments(files, *more)]
    assert_bad_input(load_script("slice"), arguments, match, capsys)
    assert not (files / "run").exists()


def test_experiment_names_and_presets_are_checked(capsys):
    script = load_script("run_experiment")
    for arguments in (["nothing"], ["ring", "huge"], []):
        assert_bad_input(script, arguments, "", capsys)
    assert_bad_input(script, ["maxoutt"], "did you mean 'maxout'?", capsys)
    assert_bad_input(script, ["zzz"], "--help for all names.", capsys)
    assert_bad_input(script, [], "required: NAME; see ", capsys)
    assert script.parse(["ring", "smoke"]).folder == pathlib.Path("runs/ring-smoke")
    assert script.parse(["ring"]).folder == pathlib.Path("runs/ring")


def test_experiment_refuses_a_folder_that_is_no_run(tmp_path, capsys):
    (tmp_path / "file.txt").write_text("mine")
    script = load_script("run_experiment")
    assert script.main(["data_slices", "smoke", "--folder", str(tmp_path)]) == 2
    assert "so it is not a run" in capsys.readouterr().err


def test_experiments_that_take_images_are_named(capsys):
    presets = {name: load_experiment(name).presets["smoke"] for name in NAMES}
    data = {name: getattr(config, "data", None) for name, config in presets.items()}
    # The scaling study names data for training in its study file.
    del data["scaling_study"]
    assert {n for n, value in data.items() if isinstance(value, str)} == set(
        IMAGE_NAMES
    )
    script = load_script("run_experiment")
    assert script.main(["maxout", "smoke", "--data", "images.npz"]) == 2
    error = capsys.readouterr().err
    assert "maxout takes no --data: leave it out. Those that do" in error
