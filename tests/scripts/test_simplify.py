import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from regions.io import load_network, save_network
from tests.zoo import ZOO

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    """The script as a module: `scripts/` is no package."""
    path = ROOT / "scripts" / "simplify.py"
    spec = importlib.util.spec_from_file_location("simplify_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    assert "layer 1 unit 1       merged   equal to unit 0 of its layer" in text
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


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "0 domains given"),
        (["--box", "0", "1", "--whole-space"], "2 domains given"),
        (["--box", "1", "0"], "each lower end"),
        (["--lower", "0,0"], "--lower and --upper"),
        (["--lower=0", "--upper=1"], "1 dimensions and the network reads 2"),
        (["--box", "0", "1", "--output", "x.onnx"], ".npz is required"),
        (["--box", "0", "1", "--max-regions", "0"], "max_regions"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    script, file, capsys, arguments, match
):
    try:
        code = script.main([str(file), *arguments])
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    assert match in error
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1


def test_missing_network_is_bad_input(script, tmp_path, capsys):
    assert script.main([str(tmp_path / "no.npz"), "--box", "0", "1"]) == 2
    assert "no.npz does not exist" in capsys.readouterr().err


def test_help_has_examples():
    run = subprocess.run(
        [sys.executable, ROOT / "scripts" / "simplify.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "examples:" in run.stdout
