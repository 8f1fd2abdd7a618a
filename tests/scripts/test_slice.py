"""The command line of planes through data points."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import regions
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture(scope="module")
def script():
    return load_script("slice")


@pytest.fixture
def files(tmp_path):
    """A state dict of one output, and points."""
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (6, 3), "0.bias": (6,), "2.weight": (1, 6), "2.bias": (1,)}
    weights = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    save_file(weights, tmp_path / "net.safetensors")
    np.save(tmp_path / "x.npy", rng.standard_normal((8, 3)))
    return [
        str(tmp_path / "net.safetensors"),
        *("--data", str(tmp_path / "x.npy"), "--points", "0", "3", "5"),
        *("--folder", str(tmp_path / "run")),
    ]


def test_state_dict_of_one_output_is_drawn_and_said_to_be_relu(
    script, files, tmp_path, capsys
):
    assert script.main([*files, "--threshold", "0.5"]) == 0
    error = capsys.readouterr().err
    assert error.count("3-6-1 with ReLU is assumed") == error.count("\n") == 1
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["threshold"] == 0.5
    assert summary["predicted"] == [int(value > 0.5) for value in summary["outputs"]]
    assert (tmp_path / "run" / "figure.png").is_file()


def test_bad_threshold_is_one_line_and_leaves_no_folder(script, files, tmp_path):
    arguments = [*files, "--threshold", "nan"]
    assert script.main(arguments) == 2
    assert not (tmp_path / "run").exists()


def test_threshold_is_not_for_trained_networks(script, capsys):
    arguments = ["--data", "digits", "--classes", "0", "1", "2", "--threshold", "1"]
    assert_bad_input(script, arguments, "it is for networks of one output", capsys)


def test_a_plane_around_a_point_needs_no_data(script, files, tmp_path, capsys):
    net, points, folder = files[0], files[2], str(tmp_path / "run")
    around = ["--around", f"{points}:7", "--radius", "2", "--seed", "3"]
    assert script.main([net, *around, "--folder", folder]) == 0
    found = regions.RegionSet.load(tmp_path / "run" / "regions.parquet")
    plane = found.domain
    assert isinstance(plane, regions.Slice)
    assert plane.origin.tolist() == np.load(points)[7].tolist()
    assert np.allclose(plane.directions @ plane.directions.T, 4.0 * np.eye(2))
    assert found.complete
    assert (tmp_path / "run" / "figure.png").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--around", "1"], "a plane needs two or more"),
        (["--around", "1,2,3", "--radius", "0"], "a positive finite number"),
        (["--around", "1,2,3", "--data", "x.npy"], "not with --around"),
        (["--around", "1,2"], "reads 3 numbers and the points have 2"),
        (["--points", "0", "1", "2"], "--data is required"),
    ],
)
def test_bad_planes_around_points_are_one_line(
    script, files, change, message, tmp_path, capsys
):
    arguments = [files[0], *change, "--folder", str(tmp_path / "run")]
    try:
        code = script.main(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
