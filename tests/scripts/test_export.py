import numpy as np
import pytest

import regions
from regions.io import save_network
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture(scope="module")
def script():
    return load_script("export")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("nets") / "net.npz"
    save_network(path, random_network(np.random.default_rng(0), 2, [4, 3]))
    return path


@pytest.mark.parametrize(
    ("arguments", "said", "beginning"),
    [
        (
            "--box -1 1 --out law.json",
            "regions are in",
            b'{"format":"relu-regions law"',
        ),
        ("--box -1 1 --out law.mat", "regions are in", b"MATLAB 5.0"),
        (
            "--box -1 1 --out net.c --name f",
            "regions are in",
            b"/* ReluNetwork(2-4-3-1",
        ),
        ("--box -1 1 --out net.mps --minimize", "of them binary", b"* ReluNetwork"),
        ("--box -1 1 --out net.lp --unit-seconds 0", "columns", b"\\ ReluNetwork"),
        ("--out net.npz", "ReluNetwork(2-4-3-1", b"PK"),
        ("--out net.onnx", "ReluNetwork(2-4-3-1", b"\x08"),
        ("--out net.pt", "ReluNetwork(2-4-3-1", b"PK"),
    ],
)
def test_every_format_is_written(
    script, file, capsys, tmp_path, monkeypatch, arguments, said, beginning
):
    monkeypatch.chdir(tmp_path)
    assert script.main([str(file), *arguments.split()]) == 0
    assert said in capsys.readouterr().out
    (written,) = tmp_path.iterdir()
    assert written.read_bytes().startswith(beginning)
    if written.suffix in (".npz", ".onnx"):
        assert regions.load_network(written) == regions.load_network(file)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--out net.c", ".c needs a domain, such as --box -1 1"),
        ("--out net.onnx --box -1 1", ".onnx takes no domain"),
        ("--out net.txt", "a name ending in .json or .mat"),
        ("--out nowhere/net.c --box -1 1", "make it first"),
        (
            "--out net.c --box -1 1 --minimize",
            ".c takes no --minimize: .mps and .lp do",
        ),
        ("--out net.c --box -1 1 --name 2f", "a name of C that has no meaning yet"),
        ("--out net.c --box -1 1 --name int", "a name of C that has no meaning yet"),
        ("--out net.c --box -1 1 --name=", "a name of C that has no meaning yet"),
        ("--out net.json --box -1 1 --output 0", ".json takes no --output: .mps and"),
        ("--out net.c --box -1 1 --unit-seconds 0", ".c takes no --unit-seconds: .mp"),
        ("--out net.lp --whole-space", "a bounded one is required"),
        ("--out net.json --ball 0,0 --radius 1", "a ball of the norm 2, and a poly"),
        ("--out net.lp --box -1 1 --output 3", "1 output, and 3 is no number of one"),
    ],
)
def test_bad_input_is_one_line(
    script, file, capsys, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert_bad_input(script, [str(file), *arguments.split()], message, capsys)
    assert not list(tmp_path.iterdir())


def test_a_list_that_is_stopped_gives_no_law(script, file, capsys, tmp_path):
    out = tmp_path / "law.json"
    words = [str(file), "--box", "-1", "1", "--max-seconds", "1e-9", "--out", str(out)]
    assert script.main(words) == 1
    assert "error: " in capsys.readouterr().err
    assert not out.exists()
