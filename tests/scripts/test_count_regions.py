"""The command line that counts regions."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from regions.results.region_set import RegionCount
from tests.scripts.helpers import SCRIPTS, assert_bad_input, load_script

NETS = pathlib.Path(__file__).parents[1] / "data" / "nets"
NET = str(NETS / "d2_16x1.npz")


@pytest.fixture(scope="module")
def script():
    return load_script("count_regions")


def rows(text):
    """The printed table as a dictionary."""
    return dict(line.split("  ", 1) for line in text.splitlines() if "  " in line)


def test_box_count_is_printed_with_its_completeness(script, capsys):
    assert script.main([NET, "--box", "-1", "1"]) == 0
    found = {k: v.strip() for k, v in rows(capsys.readouterr().out).items()}
    assert found["regions"] == "96"
    assert found["complete"] == "yes"
    assert found["method"] == "cells"
    assert float(found["seconds"]) > 0


@pytest.mark.parametrize(
    "domain",
    [["--lower=-1,-1", "--upper=1,1"], ["--slice", "slice.npz"]],
)
def test_other_ways_to_give_the_same_box_agree(
    script, capsys, tmp_path, monkeypatch, domain
):
    monkeypatch.chdir(tmp_path)
    np.savez(
        "slice.npz",
        origin=np.zeros(2),
        directions=np.eye(2),
        lower=[-1.0, -1.0],
        upper=[1.0, 1.0],
    )
    assert script.main([NET, *domain]) == 0
    assert rows(capsys.readouterr().out)["regions"].strip() == "96"


def test_segment_is_cut_by_the_line_engine(script, capsys):
    with np.load(NET) as file:
        W, b = file["W0"], file["b0"]
    ends = np.array([[0.0, 0.0], [1.0, 0.5]]) @ W.T.astype(float) + b
    crossed = int(((ends[0] > 0) != (ends[1] > 0)).sum())
    assert script.main([NET, "--segment", "0,0", "1,0.5"]) == 0
    found = rows(capsys.readouterr().out)
    assert int(found["regions"]) == crossed + 1
    assert found["method"].strip() == "line"


def test_saved_regions_are_read_back(script, capsys, tmp_path):
    from regions.results.region_set import RegionSet

    file = tmp_path / "regions.parquet"
    assert script.main([NET, "--box", "-1", "1", "--save", str(file)]) == 0
    assert str(file) in capsys.readouterr().out
    assert len(RegionSet.load(file)) == 96


def test_limit_is_said_to_be_no_complete_count(script, capsys):
    assert script.main([NET, "--box", "-1", "1", "--max-seconds", "1e-9"]) == 0
    assert "NO: at least so many" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NETWORK"),
        ([NET], "no domain given: for example --box -1 1 (or"),
        ([NET, "--box", "0", "1", "--whole-space"], "2 domains given"),
        ([NET, "--lower", "0,0"], "--lower and --upper are required together"),
        ([NET, "--lower", "0,a", "--upper", "1,1"], "'0,a' is not a list of numbers"),
        ([NET, "--box", "0", "1", "--method", "guess"], "invalid choice: 'guess'"),
    ],
)
def test_bad_option_is_one_line_and_exit_code_2(script, capsys, arguments, message):
    assert_bad_input(script, arguments, message, capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.npz", "--box", "-1", "1"], "missing.npz does not exist"),
        ([__file__, "--box", "-1", "1"], "is required"),
        ([NET, "--box", "1", "-1"], "`lower[0]` is 1.0 and `upper[0]` is -1.0"),
        ([NET, "--box", "-1", "nan"], "`upper` is nan"),
        ([NET, "--lower", "0,0,0", "--upper", "1,1,1"], "lies in 3 dimensions"),
        ([NET, "--segment", "0,0", "0,0"], "are the same point"),
        ([NET, "--slice", NET], "arrays named origin and directions"),
        ([NET, "--box", "-1", "1", "--max-seconds", "-1"], "-1: a positive number"),
        ([NET, "--box", "-1", "1", "--save", "no/folder/x.parquet"], "does not exist"),
        ([NET, "--whole-space", "--method", "line"], "method='line' "),
    ],
)
def test_bad_value_is_one_line_and_exit_code_2(script, capsys, arguments, message):
    assert_bad_input(script, arguments, message, capsys)


def test_method_that_can_not_answer_is_exit_code_1(script, capsys, tmp_path):
    file = tmp_path / "twins.npz"
    turns = np.repeat(np.linspace(0.0, 6.2, 70), 2)
    rows = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    np.savez(file, W0=rows, b0=np.ones(140), W1=np.ones((1, 140)), b1=[0.0])
    assert script.main([str(file), "--box", "-2", "2", "--method", "cells"]) == 1
    assert "more than 60 corners" in capsys.readouterr().err


def test_method_that_is_no_more_says_what_took_its_place(script, capsys):
    message = "method='cells' took its place"
    assert_bad_input(
        script, [NET, "--box", "-1", "1", "--method", "sweep"], message, capsys
    )


def test_interrupt_prints_what_was_found(script, capsys, monkeypatch):
    partial = RegionCount(7, False, "cells", 1.0, {"stopped": "interrupted"})
    monkeypatch.setattr("regions.enumeration.count_regions", lambda *_, **__: partial)
    assert script.main([NET, "--box", "-1", "1"]) == 130
    found = rows(capsys.readouterr().out)
    assert found["regions"].strip() == "7"
    assert found["complete"].strip().startswith("NO")


def test_second_interrupt_leaves_one_line(script, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("regions.enumeration.count_regions", interrupted)
    assert script.main([NET, "--box", "-1", "1"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_counting_loads_neither_jax_nor_cvxpy():
    script = str(SCRIPTS / "count_regions.py")
    code = (
        f"import runpy, sys; sys.argv = [{script!r}, {NET!r}, '--box', '-1', '1']\n"
        f"try: runpy.run_path({script!r}, run_name='__main__')\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "print(sorted({'jax', 'cvxpy', 'flax'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_linear_regions_are_counted_too(script, capsys, tmp_path):
    from regions.io import save_network
    from regions.network import ReluNetwork

    identity = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, -1.0]]], None)
    save_network(tmp_path / "net.npz", identity)
    assert script.main([str(tmp_path / "net.npz"), "--box", "-1", "1", "--linear"]) == 0
    found = rows(capsys.readouterr().out)
    assert found["regions"].strip() == "2"
    assert found["linear regions"].strip() == "1"


def test_regions_are_listed_as_csv(script, tmp_path):
    file = tmp_path / "regions.csv"
    assert script.main([NET, "--box", "-1", "1", "--save", str(file)]) == 0
    lines = file.read_text().splitlines()
    assert lines[0] == "code,x1,x2,exact_witness"
    assert len(lines) == 1 + 96


def test_what_a_file_of_weights_leaves_open_is_said_in_words_of_options(
    script, tmp_path, capsys
):
    with np.load(NET) as file:
        state = {"0.weight": file["W0"], "0.bias": file["b0"], "2.weight": file["W1"]}
    save_file(state, tmp_path / "net.safetensors")
    arguments = [str(tmp_path / "net.safetensors"), "--box", "-1", "1"]
    message = "prelu: the file has no slopes; give --slopes in place of --activation"
    assert_bad_input(script, [*arguments, "--activation", "prelu"], message, capsys)
    assert script.main(arguments) == 0
    out, error = capsys.readouterr()
    assert rows(out)["activations assumed"].strip() == "relu"
    assert "give --activation relu if that is so; for others give --slopes" in error
    assert script.main([*arguments, "--activation", "relu"]) == 0
    assert "assumed" not in "".join(capsys.readouterr())


def test_one_of_several_networks_in_a_file_is_chosen_by_its_prefix(
    script, tmp_path, capsys
):
    with np.load(NET) as file:
        own = [("0.weight", "W0"), ("0.bias", "b0"), ("1.weight", "W1")]
        actor = {f"actor.{name}": file[key] for name, key in own}
    critic = {"critic.0.weight": np.ones((3, 2)), "critic.1.weight": np.ones((1, 3))}
    save_file(actor | critic, tmp_path / "both.safetensors")
    arguments = [str(tmp_path / "both.safetensors"), "--box", "-1", "1"]
    assert_bad_input(script, arguments, "one of ['actor', 'critic']", capsys)
    arguments += ["--prefix", "actor"]
    assert_bad_input(script, arguments, "'0' and '1' are neighbors", capsys)
    for options, count in (["--activation", "relu"], "96"), (["--slopes", "1"], "1"):
        assert script.main([*arguments, *options]) == 0
        assert rows(capsys.readouterr().out)["regions"].strip() == count
