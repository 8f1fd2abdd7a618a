"""The command line that hashes grids, by one process and by two."""

import functools
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.grid.hash_grid import hash_grid
from regions.grid.processes import join_processes
from regions.io import load_network, save_network
from tests.helpers import random_network
from tests.scripts.helpers import (
    SCRIPTS,
    assert_bad_input,
    load_script,
    press_ctrl_c_once,
)

NET = pathlib.Path(__file__).parents[1] / "data" / "nets" / "d2_32x2.npz"
BOX = [str(NET), "--box", "-1", "1"]
TWO_DEVICES = " --xla_force_host_platform_device_count=2"


@pytest.fixture(scope="module")
def script():
    return load_script("hash_grid")


@pytest.fixture(scope="module")
def expected():
    return hash_grid(load_network(NET), Box.cube(2), (61, 40))


def rows(text):
    """The printed table; Gloo, which connects processes, prints lines of its own."""
    return dict(line.split("  ", 1) for line in text.splitlines() if "  " in line)


def test_count_and_file_are_those_of_the_grid(script, expected, capsys, tmp_path):
    path = tmp_path / "grid.npz"
    how = ["--resolution", "61,40", "--output", str(path), "--labels"]
    assert script.main([*BOX, *how]) == 0
    found = rows(capsys.readouterr().out)
    assert found["regions"].strip() == f"at least {expected.count}"
    assert found["points"].strip() == "2,440"
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["labels"], expected.labels)
        np.testing.assert_array_equal(file["patterns"], expected.patterns)
        assert int(file["num_bits"]) == 64


def test_default_resolution_is_told(script, capsys):
    assert script.main(BOX) == 0
    found = rows(capsys.readouterr().out)
    assert found["resolution"].strip() == "1,024 x 1,024"
    assert script.resolution_text((64,) * 4) == "64 on each of 4 axes"
    assert script.resolution_text((64, 64, 32)) == "64 x 64 x 32"


@pytest.mark.parametrize(
    ("dim", "resolution", "notice"),
    [
        (2, "131072", ""),
        (2, "131072,131073", "17,180,000,256 points (131,072 x 131,073)"),
        (
            4,
            "1024",
            "(1,024 on each of 4 axes) and takes long. For fewer points, lower ",
        ),
        (4, "1024", "--resolution (64 makes 16,777,216 points), or give a --slice of"),
        (40, "2", "axes) and takes long. For fewer points, give a --slice of fewer di"),
    ],
)
def test_many_points_are_told_before_they_are_hashed(
    script, capsys, tmp_path, monkeypatch, dim, resolution, notice
):
    before = []

    def look(*arguments, **options):
        before.append(capsys.readouterr().err)
        raise KeyboardInterrupt

    save_network(
        tmp_path / "net.npz", random_network(np.random.default_rng(0), dim, [3])
    )
    monkeypatch.setattr("regions.grid.hash_grid.hash_grid", look)
    command = [str(tmp_path / "net.npz"), "--box", "-1", "1"]
    assert script.main([*command, "--resolution", resolution]) == 130
    (text,) = before
    assert notice in text
    assert text.count("\n") == bool(notice)


def test_ctrl_c_keeps_the_points_done(script, capsys, tmp_path, monkeypatch):
    path = tmp_path / "grid.npz"
    press_ctrl_c_once(script, monkeypatch)
    how = ["--resolution", "61,40", "--chunk", "500", "--output", str(path)]
    assert script.main([*BOX, *how, "--labels"]) == 130
    found = rows(capsys.readouterr().out)
    assert found["points"].strip() == "500 of 2,440; interrupted"
    with np.load(path, allow_pickle=False) as file:
        assert (file["labels"].reshape(-1) >= 0).sum() == 500


def test_inputs_of_an_image_are_too_many_for_a_grid(script, capsys, tmp_path):
    network = random_network(np.random.default_rng(0), 64, [3])
    save_network(tmp_path / "net.npz", network)
    command = [str(tmp_path / "net.npz"), "--box", "0", "1"]
    message = "about 10^38 points in 64 dimensions, where 9,223,372,036,854,775,807"
    assert_bad_input(script, [*command, "--resolution", "4"], message, capsys)
    assert_bad_input(script, command, "no default grid in 64 dimensions", capsys)


def free_address():
    """An address of this machine at which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def processes(address, commands):
    """Start the command line once for each list of arguments."""
    env = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        # Two devices each: points are shared among processes and devices.
        "XLA_FLAGS": os.environ["XLA_FLAGS"] + TWO_DEVICES,
    }
    script = str(SCRIPTS / "hash_grid.py")
    return [
        subprocess.Popen(
            [sys.executable, script, *BOX, "--coordinator", address, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        for arguments in commands
    ]


def results(started):
    """Exit code, standard output and standard error of each."""
    try:
        texts = [process.communicate(timeout=300) for process in started]
    finally:
        for process in started:
            process.kill()
    return [(p.returncode, *text) for p, text in zip(started, texts, strict=True)]


@pytest.mark.slow
def test_two_processes_find_what_one_finds(expected, tmp_path):
    path = tmp_path / "grid.npz"
    how = ["--processes", "2", "--resolution", "61,40", "--chunk", "300", "--labels"]
    output = ["--output", str(path)]
    numbered = [[*how, *output, "--process", str(k)] for k in (0, 1)]
    first, second = results(processes(free_address(), numbered))
    assert first[0] == second[0] == 0, first[2] + second[2]
    assert rows(first[1])["regions"].strip() == f"at least {expected.count}"
    assert rows(first[1])["devices"].strip().startswith("4 ")
    assert rows(second[1]) == {}
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["labels"], expected.labels)
        np.testing.assert_array_equal(file["patterns"], expected.patterns)
        np.testing.assert_array_equal(
            file["points_per_label"], expected.points_per_label
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--processes", "2"], "--coordinator, --processes and --process are require"),
        (["--labels"], "--output is required too"),
        (["--output", "grid.png"], ".npz"),
        (["--resolution", "many"], "'many' is not an integer or several"),
        (["--resolution", "3,4,5"], "`resolution` is [3, 4, 5]"),
        (["--chunk", "0"], "`chunk` is 0"),
        (
            ["--coordinator", "here", "--processes", "2", "--process", "0"],
            "`coordinator` is 'here': an address like",
        ),
        (
            ["--coordinator", "127.0.0.1:99", "--processes", "2", "--process", "2"],
            "`process` is 2 and `num_processes` 2",
        ),
    ],
)
def test_bad_options_are_one_line(script, capsys, arguments, message):
    assert_bad_input(script, [*BOX, *arguments], message, capsys)


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (0, "error: process 1, 2 of 3 did not call 127.0.0.1:"),
        (1, "error: process 0 does not answer at 127.0.0.1:"),
    ],
)
def test_others_that_stay_away_are_one_line(
    script, capsys, monkeypatch, process, message
):
    hurried = functools.partial(join_processes, seconds=0.3)
    monkeypatch.setattr("regions.grid.processes.join_processes", hurried)
    how = ["--coordinator", free_address(), "--processes", "3"]
    assert script.main([*BOX, *how, "--process", str(process)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1
