"""The command line of the ring."""

import pathlib

import pytest

from experiments import ring
from experiments.ring import study
from tests.scripts.helpers import assert_bad_input, load_script
from training.config import DataConfig, ModelConfig, TrainingConfig

TINY = study.Config(
    training=TrainingConfig(
        model=ModelConfig(widths=(4,)), epochs=2, batch_size=64, snapshot_every=1
    ),
    data=DataConfig(size=32, num_train=100, num_val=20),
    grid=32,
)


@pytest.fixture
def script(monkeypatch):
    """The script as a module, with a small smoke preset."""
    module = load_script("ring")
    monkeypatch.setitem(ring.PRESETS, "smoke", TINY)
    return module


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "huge"], "invalid choice: 'huge'"),
        (["--epochs", "many"], "invalid int value"),
        (["--unknown"], "unrecognized arguments"),
    ],
)
def test_bad_option_is_one_line_and_exit_code_2(script, capsys, arguments, message):
    assert_bad_input(script, arguments, message, capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "-3"], "`epochs` is -3"),
        (["--seed", "-1"], "`seed` is -1"),
        (["--image", "missing.png"], "'missing.png'"),
    ],
)
def test_bad_value_is_one_line_and_exit_code_2(
    script, capsys, tmp_path, arguments, message
):
    command = ["--preset", "smoke", "--folder", str(tmp_path / "run"), *arguments]
    assert_bad_input(script, command, message, capsys)
    assert not (tmp_path / "run").exists()


def test_run_prints_its_numbers_and_is_shown_again_but_not_repeated(
    script, capsys, tmp_path
):
    command = ["--preset", "smoke", "--folder", str(tmp_path / "run")]
    assert script.main(command) == 0
    first = capsys.readouterr().out
    for row in ("full-image MSE", "exact regions", "smallest inradius", "passed"):
        assert row in first
    stamp = (tmp_path / "run" / "figure.png").stat().st_mtime_ns
    assert script.main(command) == 0
    again = capsys.readouterr().out
    assert "--force runs it anew" in " ".join(again.split())
    assert (tmp_path / "run" / "figure.png").stat().st_mtime_ns == stamp
    assert "cvxpy" not in again
    assert script.main([*command, "--solver", "cvxpy"]) == 0
    compared = capsys.readouterr().out.splitlines()
    means = next(line for line in compared if line.startswith("mean inradius")).split()
    assert float(means[2]) == pytest.approx(float(means[3]), rel=1e-6)
    assert float(means[4]) < 1e-8
    assert sum("seconds for the" in line for line in compared) == 2


def test_folder_of_another_run_is_refused(script, capsys, tmp_path):
    (tmp_path / "notes.txt").write_text("kept")
    assert script.main(["--preset", "smoke", "--folder", str(tmp_path)]) == 2
    assert "is not a run" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_interrupt_says_how_to_go_on(script, capsys, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.running.studies.Study.run", interrupted)
    command = ["--preset", "smoke", "--folder", str(tmp_path / "run")]
    assert script.main(command) == 130
    error = capsys.readouterr().err
    assert "Give the same command again" in error
    assert error.count("\n") == 1


def test_default_folder_depends_on_the_preset(script):
    assert script.parse([]).folder == pathlib.Path("runs/ring")
    smoke = script.parse(["--preset", "smoke"]).folder
    assert smoke == pathlib.Path("runs/ring-smoke")
