import numpy as np
import pytest

from regions.io import load_network, save_network
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.scripts.helpers import (
    assert_bad_input,
    load_script,
    press_ctrl_c_once,
    run_script,
)
from tests.zoo import ZOO


@pytest.fixture(scope="module")
def script():
    return load_script("simplify")


@pytest.fixture
def file(tmp_path):
    save_network(tmp_path / "net.npz", ZOO["duplicated_unit"][0])
    return tmp_path / "net.npz"


@pytest.mark.parametrize("domain", [["--box", "-1", "1"], ["--whole-space"]])
def test_saved_network_is_smaller_and_equal(script, file, capsys, domain):
    output = file.with_name("small.npz")
    arguments = [str(file), *domain, "--output", str(output), "--changes"]
    assert script.main(arguments) == 0
    text = capsys.readouterr().out
    assert "layer 1 unit 2       merged   equal to unit 1 of its layer" in text
    assert "units: 3 -> 2" in text
    assert "equal on all 4 regions" in text
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 2))
    small = load_network(output)
    assert small.widths == (2,)
    np.testing.assert_allclose(small(points), ZOO["duplicated_unit"][0](points))


def test_bounds_only_says_that_regions_were_not_enumerated(script, file, capsys):
    arguments = [str(file), "--lower=-1,-1", "--upper=1,1", "--bounds-only"]
    assert script.main(arguments) == 0
    assert "not enumerated" in capsys.readouterr().out


def test_ctrl_c_keeps_what_bounds_prove(script, tmp_path, capsys, monkeypatch):
    # In seven dimensions the search is long enough to be heard.
    layers = random_network(np.random.default_rng(0), 7, [8, 4]).layers
    biases = [layer.bias.copy() for layer in layers]
    biases[0][3] = -99.0
    network = ReluNetwork.from_arrays([layer.weight for layer in layers], biases)
    save_network(tmp_path / "net.npz", network)
    command = [str(tmp_path / "net.npz"), "--box", "-1", "1", "--changes"]
    press_ctrl_c_once(script, monkeypatch)
    output = tmp_path / "small.npz"
    assert script.main([*command, "--output", str(output)]) == 130
    text = capsys.readouterr().out
    assert "layer 1 unit 4       removed  pre <= -9" in text
    assert text.endswith("not all regions were enumerated (interrupted)\n")
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (50, 7))
    small = load_network(output)
    assert small.widths == (7, 4)
    np.testing.assert_allclose(small(points), network(points), atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "no domain given"),
        (["--box", "0", "1", "--whole-space"], "2 domains given"),
        (["--box", "1", "0"], "no lower end may be above"),
        (["--lower", "0,0"], "--lower and --upper"),
        (["--lower=0", "--upper=1"], "1 dimensions and the network reads 2"),
        (["--box", "0", "1", "--output", "x.onnx"], ".npz is required"),
        (["--box", "0", "1", "--max-regions", "0"], "max_regions"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    script, file, capsys, arguments, match
):
    assert_bad_input(script, [str(file), *arguments], match, capsys)


def test_missing_network_is_bad_input(script, tmp_path, capsys):
    assert script.main([str(tmp_path / "no.npz"), "--box", "0", "1"]) == 2
    assert "no.npz does not exist" in capsys.readouterr().err


def test_help_has_examples_and_exit_codes():
    text = run_script("simplify", "--help")
    assert "examples:" in text
    assert "130 on\nCtrl-C" in text
