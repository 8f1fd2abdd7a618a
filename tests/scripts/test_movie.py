"""The command line of movies."""

import pytest

from tests.scripts.helpers import assert_bad_input, load_script

TINY = ["--size", "32", "--shape", "[3]", "--points", "100", "--val-points", "20"]
TINY += ["--epochs", "2", "--save-interval", "1", "--batch", "full"]


@pytest.fixture
def script():
    """The script as a module."""
    return load_script("movie")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shape", "14x6"], "`shape` has the part '14x6'"),
        (["--shape", "[10]*0"], "`shape` is '[10]*0', no layer at all"),
        (["--shape", "[0]"], "`widths[0]` is 0"),
        (["--image", "missing.png"], "'missing.png'"),
        (["--optimizer", "adm"], "`name` is 'adm'"),
        (["--learning-rate", "-1"], "`learning_rate` is -1.0"),
        (["--frames", "0"], "`frames` is 0"),
        (["--save-interval", "0"], "`snapshot_every` is 0"),
        (["--frames", "3", "--save-interval", "2"], "not allowed with"),
        (["--batch", "some"], "`batch` is 'some'"),
        (["--size", "32"], "pixels: ask for fewer"),
        (["--max-regions", "0"], "`max_regions` is 0"),
    ],
)
def test_bad_value_is_one_line_and_leaves_no_folder(
    script, capsys, tmp_path, arguments, message
):
    command = ["--folder", str(tmp_path / "run"), *arguments]
    assert_bad_input(script, command, message, capsys)
    assert not (tmp_path / "run").exists()


def test_movie_is_made_and_shown_again_but_not_repeated(script, capsys, tmp_path):
    command = [*TINY, "--folder", str(tmp_path / "run")]
    assert script.main(command) == 0
    assert "regions (exact) at epoch 2" in " ".join(capsys.readouterr().out.split())
    for name in ("movie.mp4", "movie.gif", "last_frame.png", "figure.png"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    assert script.main(command) == 0
    assert "finished" in capsys.readouterr().out


def test_options_are_those_of_the_configuration(script):
    text = (
        "--image disc --shape [10]*2+[2] --activation relu --epochs 100 --frames 30 "
        "--seed 5 --optimizer sgd --learning-rate 0.1 --batch 64 --points 77 --fps 12"
    )
    options = script.parse(text.split())
    config = script.configure(options)
    assert config.training.model.widths == (10, 10, 2)
    assert config.training.model.activation == "relu"
    assert (config.training.epochs, config.training.snapshot_every) == (100, 4)
    assert (config.training.seed, config.data.seed) == (5, 5)
    assert config.training.optimizer.name == "sgd"
    assert config.training.optimizer.learning_rate == 0.1
    assert (config.training.batch_size, config.data.num_train) == (64, 77)
    assert (config.data.image, config.fps) == ("disc", 12)
    full = script.configure(script.parse(["--batch", "full"]))
    assert full.training.batch_size is None
    assert full.training.snapshot_every == 30


def test_interrupt_says_how_to_go_on(script, capsys, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.running.studies.Study.run", interrupted)
    assert script.main([*TINY, "--folder", str(tmp_path / "run")]) == 130
    assert "Give the same command again" in capsys.readouterr().err
