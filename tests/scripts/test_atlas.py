"""The command line of the atlas."""

import pathlib

import numpy as np
import pytest
from safetensors.numpy import save_file

import regions
from experiments import ring
from experiments.atlas.block import unpack
from experiments.atlas.page import read_block
from experiments.atlas.surface import read_ply
from experiments.ring import study
from experiments.running.common import open_run
from tests.atlas.helpers import middle_level, network
from tests.scripts.helpers import assert_bad_input, load_script
from training.config import DataConfig, ModelConfig, TrainingConfig

NETS = pathlib.Path(__file__).parents[1] / "data" / "nets"
NET = str(NETS / "d2_16x1.npz")
BOX = ["--box", "-1", "1"]


@pytest.fixture(scope="module")
def script():
    return load_script("atlas")


def contents(page: pathlib.Path):
    return unpack(read_block(page.read_text(encoding="utf-8")))


def test_network_file_gives_a_page_and_a_figure(script, tmp_path, capsys):
    out, picture = tmp_path / "a.html", tmp_path / "a.png"
    arguments = [NET, "--box", "-1", "1", "--out", str(out), "--figure", str(picture)]
    assert script.main(arguments) == 0
    assert capsys.readouterr().out == f"Wrote {out}, {picture}.\n"
    assert len(contents(out)["series"][0]["frames"][0]["counts"]) == 96
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_ring_run_shows_snapshots_points_and_losses(script, tmp_path, monkeypatch):
    folder = tmp_path / "tiny"
    model = ModelConfig(widths=(6, 5))
    training = TrainingConfig(model=model, epochs=20, batch_size=64, snapshot_every=10)
    data = DataConfig(size=64, num_train=200, num_val=50)
    config = study.Config(training=training, data=data, grid=16)
    open_run(folder, ring.NAME, config)
    ring.run(config, folder, lambda *_: None)
    assert script.main([str(folder)]) == 0
    data = contents(folder / "atlas.html")
    (series,) = data["series"]
    assert [frame["value"] for frame in series["frames"]] == [0.0, 10.0, 20.0]
    saved = regions.RegionSet.load(folder / "regions.parquet")
    patterns = {row.tobytes() for row in series["frames"][-1]["patterns"]}
    assert patterns == {row.tobytes() for row in saved.patterns}
    assert [points["name"] for points in data["points"]] == ["training", "validation"]
    assert data["points"][0]["mistakes"].shape == (3, 200)
    assert data["losses"].shape == (20, 3)
    # Thinned out to every seventh, the rows of the snapshots stay.
    monkeypatch.setattr("experiments.atlas.sources.MAX_LOSS_ROWS", 3)
    assert script.main([str(folder)]) == 0
    thinned = contents(folder / "atlas.html")["losses"]
    assert thinned[:, 0].tolist() == [1.0, 8.0, 10.0, 15.0, 20.0]
    assert np.array_equal(thinned[-1], data["losses"][-1])


def test_two_networks_are_compared(script, tmp_path):
    out = tmp_path / "two.html"
    other = tmp_path / "other.npz"
    regions.save_network(other, network())
    assert script.main([NET, str(other), "--out", str(out)]) == 0
    names = [series["name"] for series in contents(out)["series"]]
    assert names == ["d2_16x1", "other"]


def test_slice_of_three_inputs_and_planes_with_surface(script, tmp_path):
    solid = tmp_path / "solid.npz"
    regions.save_network(solid, network(5, dim=3))
    plane = tmp_path / "plane.npz"
    np.savez(
        plane,
        origin=np.zeros(3),
        directions=np.eye(3)[:2],
        lower=[-1, -1],
        upper=[1, 1],
    )
    out, ply = tmp_path / "s.html", tmp_path / "s.ply"
    assert script.main([str(solid), "--slice", str(plane), "--out", str(out)]) == 0
    assert contents(out)["domain"]["kind"] == "slice"
    level = middle_level(network(5, dim=3))
    options = ["--threshold", str(level), "--ply", str(ply)]
    assert script.main([str(solid), *options, "--out", str(out)]) == 0
    vertices, _ = read_ply(ply)
    assert len(vertices) > 10
    np.testing.assert_allclose(network(5, dim=3)(vertices), level, atol=1e-12)
    (series,) = contents(out)["series"]
    assert series["frames"] == []
    count = regions.count_regions(network(5, dim=3), regions.Box.cube(3))
    assert len(series["solid"]["patterns"]) == int(count)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: networks"),
        ([NET, NET, NET], "one or two are required"),
        ([NET, "--figure", "a.gif"], "a.gif: a name ending in .png or .svg or .pdf"),
        ([NET, *BOX, "--out", "a.png"], "a.png: a name ending in .html or .htm"),
        (["missing.npz"], "missing.npz"),
        ([NET, *BOX, "--ply", "a.ply", "--out", "a.html"], "three inputs"),
        ([NET, "--threshold", "nan"], "--threshold: nan: a finite number"),
        ([NET, "--color", "change"], "--color change compares two networks"),
        ([NET, "--overlay"], "--overlay compares two networks"),
    ],
)
def test_bad_input_is_one_line(
    script, arguments, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert_bad_input(script, arguments, message, capsys)


def test_default_box_is_named(script, tmp_path, capsys):
    out = str(tmp_path / "a.html")
    assert script.main([NET, "--out", out]) == 0
    assert "from -1 to 1 on each of the 2 axes is shown" in capsys.readouterr().err
    domain = contents(tmp_path / "a.html")["domain"]
    assert list(domain["lower"]) == [-1.0, -1.0]
    assert list(domain["upper"]) == [1.0, 1.0]
    assert script.main([NET, "--lower", "0,0", "--upper", "1,2", "--out", out]) == 0
    assert capsys.readouterr().err == ""
    assert list(contents(tmp_path / "a.html")["domain"]["upper"]) == [1.0, 2.0]


def test_state_dict_is_said_to_be_taken_for_relu(script, tmp_path, capsys):
    weights = {
        "0.weight": np.eye(2, dtype=np.float32),
        "0.bias": np.zeros(2, np.float32),
        "2.weight": np.ones((1, 2), np.float32),
        "2.bias": np.zeros(1, np.float32),
    }
    file = tmp_path / "net.safetensors"
    save_file(weights, file)
    assert script.main([str(file), *BOX, "--out", str(tmp_path / "a.html")]) == 0
    error = capsys.readouterr().err
    assert error.count("2-2-1 with ReLU is assumed") == error.count("\n") == 1


def test_nothing_is_written_where_codes_cannot_be_compared(script, tmp_path, capsys):
    other, out = tmp_path / "other.npz", tmp_path / "a.html"
    regions.save_network(other, network())
    figure = ["--figure", str(tmp_path / "a.png"), "--color", "change"]
    arguments = [NET, str(other), *BOX, "--out", str(out), *figure]
    assert_bad_input(script, arguments, "(d2_16x1: 16 and other: 8-6)", capsys)
    assert not out.exists()
