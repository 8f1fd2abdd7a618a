"""The command line that estimates the number of regions."""

import pathlib

import numpy as np
import pytest

import regions
from regions.partition.region_shape import region_shapes
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script, press_ctrl_c_once

NET = str(pathlib.Path(__file__).parents[1] / "data" / "nets" / "d2_16x1.npz")


@pytest.fixture(scope="module")
def script():
    return load_script("estimate_regions")


def test_with_cells_enough_the_count_is_printed(script, capsys):
    assert script.main([NET, "--box", "-1", "1", "--cells", "200"]) == 0
    assert "96 regions (exact: nothing was dropped)" in capsys.readouterr().out


def test_estimate_is_printed_with_its_interval(script, capsys):
    assert script.main([NET, "--box", "-1", "1", "--cells", "8", "--runs", "4"]) == 0
    text = capsys.readouterr().out
    assert "an estimate: 95 % interval" in text
    assert "relative error" in text
    assert "at least" in text


def test_no_run_in_time_is_one_line(script, capsys):
    arguments = [NET, "--box", "-1", "1", "--cells", "5", "--max-seconds", "1e-9"]
    assert script.main(arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_ctrl_c_keeps_the_runs_that_ended(script, monkeypatch, capsys):
    press_ctrl_c_once(script, monkeypatch)
    arguments = [NET, "--box", "-1", "1", "--cells", "8", "--runs", "500"]
    assert script.main(arguments) == 130
    text = capsys.readouterr().out
    assert "an estimate: 95 % interval" in text
    assert "interrupted" in text


def test_ctrl_c_before_a_run_has_ended_says_what_was_seen(script, monkeypatch, capsys):
    monkeypatch.setattr(script.CtrlC, "__call__", lambda self: True)
    assert script.main([NET, "--box", "-1", "1"]) == 130
    assert "regions exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--box", "-1", "1", "--cells", "0"], "`cells` is 0"),
        (["--box", "-1", "1", "--relative-error", "-1"], "`relative_error` is -1"),
    ],
)
def test_bad_options_are_one_line(script, arguments, message, capsys):
    assert_bad_input(script, [NET, *arguments], message, capsys)


def test_journal_goes_on_with_the_same_numbers(script, monkeypatch, capsys, tmp_path):
    arguments = [NET, "--box", "-1", "1", "--cells", "8", "--runs", "12"]
    assert script.main(arguments) == 0
    expected = capsys.readouterr().out.splitlines()[0]
    arguments += ["--journal", str(tmp_path / "runs.jsonl")]
    with monkeypatch.context() as patch:
        press_ctrl_c_once(script, patch)
        script.main(arguments)
    capsys.readouterr()
    assert script.main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[0] == expected


def test_boxes_around_a_point_have_a_line_each(script, capsys):
    around = [NET, "--around", "0.2,-0.1", "--radius", "0.01,1.5"]
    assert script.main([*around, "--box", "-1", "1", "--cells", "200"]) == 0
    lines = capsys.readouterr().out.splitlines()
    counts = []
    net = regions.load_network(NET)
    for radius in (0.01, 1.5):
        low = np.maximum(np.array([0.2, -0.1]) - radius, -1.0)
        high = np.minimum(np.array([0.2, -0.1]) + radius, 1.0)
        counts.append(regions.count_regions(net, regions.Box(low, high)).count)
    assert [line.split()[2] for line in lines] == [str(count) for count in counts]
    assert script.main([*around, "--norm", "2", "--cells", "200"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    ball = regions.Ball([0.2, -0.1], 1.5)
    assert line.split()[2] == str(regions.count_regions(net, ball).count)


def test_size_is_a_mean_by_volume(script, capsys):
    arguments = [NET, "--box", "-1", "1", "--cells", "200", "--sizes", "400"]
    assert script.main(arguments) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    net, box = regions.load_network(NET), regions.Box.cube(2)
    found = regions.enumerate_regions(net, box)
    volumes = np.array([region.polytope.volume() for region in found])
    # As many points as the command has, so that one compiled form serves both.
    points = np.resize([region.witness for region in found], (400, 2))
    radii = region_shapes(net, points, box).inradii[: len(found)]
    expected = (volumes * radii).sum() / volumes.sum()
    assert abs(float(row[1]) - expected) < 4.0 * float(row[3])


def test_linear_regions_are_those_of_the_merged_list(script, capsys, tmp_path):
    net = random_network(np.random.default_rng(3), 2, [5, 2, 3])
    path = tmp_path / "narrow.npz"
    regions.save_network(path, net)
    arguments = [str(path), "--box", "-1", "1", "--linear", "--cells", "500"]
    assert script.main(arguments) == 0
    merged = regions.count_linear_regions(net, regions.Box.cube(2))
    out = capsys.readouterr().out
    assert f"{merged.count} linear regions (exact" in out
    assert script.main([*arguments, "--of-class", "0"]) == 2
    assert "`of_class` is 0: one of them" in capsys.readouterr().err


def test_boxes_around_a_point_of_a_flat_box(script, capsys):
    around = [NET, "--around", "0.2,-0.1", "--radius", "9"]
    flat = ["--lower=-1,-0.1", "--upper=1,-0.1"]
    assert script.main([*around, *flat]) == 0
    count = regions.count_regions(
        regions.load_network(NET), regions.Box([-1, -0.1], [1, -0.1])
    )
    assert f"{int(count)} regions (exact" in capsys.readouterr().out
