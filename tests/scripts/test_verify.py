import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.io import save_network
from regions.network import ReluNetwork
from regions.pieces.streaming import enumerate_to_parquet
from regions.results.region_set import RegionSet
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture(scope="module")
def script():
    return load_script("verify")


def _concurrent() -> RegionSet:
    """Three lines through a point, and the six regions between them, by hand."""
    network = ReluNetwork.from_arrays(
        [np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.ones((1, 3))], None
    )
    points = np.array(
        [
            [0.5, 0.25],
            [-0.25, 0.5],
            [-0.5, 0.25],
            [-0.5, -0.25],
            [0.25, -0.5],
            [0.5, -0.25],
        ]
    )
    packed = np.packbits(network.patterns(points), axis=1, bitorder="little")
    return _set(network, packed, points)


def _generic() -> RegionSet:
    network = random_network(np.random.default_rng(4), 2, [6, 5])
    return enumerate_regions(network, Box.cube(2))


def _set(network, patterns, points) -> RegionSet:
    return RegionSet(
        network,
        Box.cube(2),
        patterns,
        points,
        complete=True,
        method="tree",
        seconds=0.0,
        stats={},
    )


@pytest.fixture(params=[_generic, _concurrent], ids=["generic", "degenerate"])
def found(request):
    return request.param()


@pytest.mark.parametrize("options", [[], ["--float"]])
def test_verify_good_file_exits_zero(script, found, options, tmp_path, capsys):
    path = found.save(tmp_path / "r.parquet")
    assert script.main([str(path), *options]) == 0
    out, err = capsys.readouterr()
    assert ("ok as far as" if options else "ok: exactly the regions") in out
    assert "completeness" in out
    assert "failed" not in err


def test_verify_removed_region_exits_one(script, found, tmp_path, capsys):
    short = _set(found.network, found.patterns[1:], found.coordinates[1:])
    path = short.save(tmp_path / "r.parquet")
    assert script.main([str(path)]) == 1
    assert "failed: completeness: " in (err := capsys.readouterr().err)
    assert "a region is missing across the facet of region" in err


def test_verify_flipped_bit_exits_one(script, found, tmp_path, capsys):
    patterns = found.patterns.copy()
    patterns[2, 0] ^= 4
    path = _set(found.network, patterns, found.coordinates).save(tmp_path / "r.parquet")
    assert script.main([str(path)]) == 1
    err = capsys.readouterr().err
    assert "region 2: layer 1 unit 3" in err or "have one pattern" in err


def test_verify_moved_witness_exits_one(script, found, tmp_path, capsys):
    points = found.coordinates.copy()
    points[1] = points[4]
    path = _set(found.network, found.patterns, points).save(tmp_path / "r.parquet")
    assert script.main([str(path)]) == 1
    err = capsys.readouterr().err
    assert "failed: witnesses: region 1: layer 1 unit 1 is o" in err
    assert "a witness was moved" in err


def test_verify_changed_weight_exits_one(script, found, tmp_path, capsys):
    weights = [layer.weight.copy() for layer in found.network.layers]
    weights[0][0, 1] += 2.0**-20
    other = ReluNetwork.from_arrays(weights, [la.bias for la in found.network.layers])
    path = found.save(tmp_path / "r.parquet")
    save_network(tmp_path / "other.npz", other)
    save_network(tmp_path / "own.npz", found.network)
    own = [str(path), "--network", str(tmp_path / "own.npz")]
    assert script.main(own) == 0
    assert script.main([*own[:2], str(tmp_path / "other.npz")]) == 1
    assert "a weight of layer 1 unit 1 is" in capsys.readouterr().err


def test_verify_unreadable_input_exits_two(script, tmp_path, capsys):
    path = tmp_path / "r.parquet"
    assert script.main([str(path)]) == 2
    path.write_bytes(b"PAR1 no parquet PAR1")
    assert script.main([str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: ")
    assert "does not exist" in lines[0]
    assert "not a file of regions" in lines[1]


def test_verify_bad_argument_exits_two(script, capsys):
    assert_bad_input(script, ["--exact"], "arguments are required: file", capsys)


def test_verify_help_has_examples(script, capsys):
    with pytest.raises(SystemExit) as stop:
        script.main(["--help"])
    assert stop.value.code == 0
    assert (
        "python scripts/verify.py runs/ring/regions.parquet" in capsys.readouterr().out
    )


def test_folder_of_pieces_is_verified_file_by_file(script, capsys, tmp_path):
    network = random_network(np.random.default_rng(0), 2, [9, 6])
    other = random_network(np.random.default_rng(1), 2, [9, 7])
    save_network(tmp_path / "other.npz", other)
    target = tmp_path / "all"
    found = enumerate_to_parquet(network, Box.cube(2), target, piece_regions=30)
    assert script.main([str(target)]) == 0
    text = capsys.readouterr().out
    assert f"{len(found):,} regions in {len(found.files)} files, complete" in text
    assert script.main([str(target), "--network", str(tmp_path / "other.npz")]) == 1
    error = capsys.readouterr().err
    assert "belong to a network 2-9-6-1, the one given is 2-9-7-1" in error
    data = bytearray(found.files[0].read_bytes())
    data[len(data) // 2] ^= 1
    found.files[0].write_bytes(bytes(data))
    assert script.main([str(target), "--float"]) == 1
    assert "was changed since it was written" in capsys.readouterr().err


def test_table_of_regions_is_told_from_a_file_of_them(script, capsys, tmp_path):
    path = tmp_path / "regions.csv"
    path.write_text("code,x\n01,0.5\n")
    assert script.main([str(path)]) == 2
    assert "is a table to read" in capsys.readouterr().err


def test_limit_and_ctrl_c_print_what_was_checked(
    script, found, tmp_path, capsys, monkeypatch
):
    file, folder = tmp_path / "regions.parquet", tmp_path / "pieces"
    found.save(file)
    enumerate_to_parquet(found.network, found.domain, folder)
    assert script.main([str(folder), "--max-seconds", "1e-9"]) == 1
    assert "NOT verified: max_seconds=1e-09 reached: 0 of" in capsys.readouterr().out
    assert script.main([str(file), "--max-seconds", "1e-9"]) == 1
    assert "stopped: max_seconds=1e-09 reached" in capsys.readouterr().out
    monkeypatch.setattr(
        "experiments.running.interrupts.CtrlC.__call__", lambda self: True
    )
    assert script.main([str(file)]) == 130
    assert "stopped: interrupted" in capsys.readouterr().out
    assert script.main([str(folder)]) == 130
    assert "NOT verified: interrupted: 0 of" in capsys.readouterr().out
