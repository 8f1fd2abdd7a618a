"""Enumerations to a folder: each region once, in files that stand for themselves."""

import errno
import os
import pathlib

import numpy as np
import pyarrow.dataset
import pytest

import regions.pieces.streaming
from regions.certificates import verify
from regions.domains.shapes import Box, Simplex, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.errors import FileFormatError, LimitError
from regions.io import load_network
from regions.network import ReluNetwork
from regions.pieces.streaming import RegionFolder, enumerate_to_parquet
from regions.results.region_set import RegionSet
from tests.helpers import random_network
from tests.regions.enumeration.oracles import integer_network

NETS = pathlib.Path(__file__).resolve().parents[2] / "data" / "nets"


def rows(patterns):
    return [row.tobytes() for row in patterns]


@pytest.fixture(scope="module")
def planar():
    network = load_network(NETS / "d2_32x2.npz")
    return network, Box.cube(2)


@pytest.mark.parametrize(
    ("name", "size"), [("d2_32x2", 100), ("d3_16x2", 200), ("d2_14x6", 300)]
)
def test_folder_holds_each_region_once(tmp_path, name, size):
    network = load_network(NETS / f"{name}.npz")
    box = Box.cube(network.input_dim)
    folder = enumerate_to_parquet(network, box, tmp_path / "new", piece_regions=size)
    found = [row for patterns in folder.patterns() for row in rows(patterns)]
    whole = rows(enumerate_regions(network, box).patterns)
    assert len(folder.files) > 3
    assert folder.complete
    assert len(folder) == len(found) == len(whole)
    assert set(found) == set(whole)
    assert max(len(batch) for batch in folder.batches()) <= size


def test_slice_and_triangle_are_listed_once(tmp_path):
    network = random_network(np.random.default_rng(4), 7, [9, 7])
    rng = np.random.default_rng(5)
    domain = Slice(rng.standard_normal(7), rng.standard_normal((2, 7)), Box.cube(2))
    triangle = Simplex(rng.standard_normal((3, 7)))
    for name, place in (("slice", domain), ("triangle", triangle)):
        whole = enumerate_regions(network, place, method="tree")
        folder = enumerate_to_parquet(network, place, tmp_path / name, piece_regions=20)
        found = [row for patterns in folder.patterns() for row in rows(patterns)]
        assert sorted(found) == sorted(rows(whole.patterns))


def test_degenerate_networks_are_listed_once(tmp_path):
    rng = np.random.default_rng(6)
    for k, dim in enumerate((2, 3)):
        network, box = integer_network(rng, dim, [5, 4]), Box.cube(dim)
        whole = rows(enumerate_regions(network, box, method="tree").patterns)
        for size in (1, 7):
            folder = enumerate_to_parquet(
                network, box, tmp_path / f"{k}-{size}", piece_regions=size
            )
            found = [row for patterns in folder.patterns() for row in rows(patterns)]
            assert sorted(found) == sorted(whole)
            assert folder.verify(exact=True) == []


def test_domains_that_cells_do_not_serve_are_refused(tmp_path):
    network = random_network(np.random.default_rng(4), 7, [9])
    for domain in (Box.cube(7), WholeSpace(7)):
        with pytest.raises(ValueError, match="a list in files needs a bounded domain"):
            enumerate_to_parquet(network, domain, tmp_path)


def test_files_are_one_dataset_and_verify_by_themselves(
    tmp_path, planar: tuple[ReluNetwork, Box]
):
    folder = enumerate_to_parquet(*planar, tmp_path, piece_regions=300)
    table = pyarrow.dataset.dataset(str(tmp_path), format="parquet")
    assert table.count_rows() == len(folder) == 1137
    assert folder.verify() == []
    assert verify(RegionSet.load(folder.files[1])).ok


class KilledError(Exception):
    """What stops a run in these tests."""


def test_killed_run_can_be_read_and_goes_on(
    tmp_path, planar: tuple[ReluNetwork, Box], monkeypatch
):
    def stop(done, total):
        if len(list(tmp_path.glob("part-*.parquet"))) == 3:
            raise KilledError

    with pytest.raises(KilledError):
        enumerate_to_parquet(*planar, tmp_path, piece_regions=100, progress=stop)
    half = RegionFolder(tmp_path)
    assert not half.complete
    assert len(half.files) == 3
    assert 0 < len(half) < 1137
    assert half.verify() == []
    kept = {file.name: file.read_bytes() for file in half.files}
    listed = []
    inner = regions.pieces.streaming._list_cells
    monkeypatch.setattr(
        regions.pieces.streaming,
        "_list_cells",
        lambda *a: listed.append(a) or inner(*a),
    )
    done = enumerate_to_parquet(*planar, tmp_path, piece_regions=10**6)
    assert done.complete
    assert len(done) == 1137
    assert len(listed) == len(done.files) - 3
    assert all((tmp_path / name).read_bytes() == data for name, data in kept.items())


def test_full_disk_keeps_what_was_written(
    tmp_path, planar: tuple[ReluNetwork, Box], monkeypatch
):
    inner = regions.pieces.streaming.save_regions

    def until_full(path, found):
        if path.name == "part-000002.parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return inner(path, found)

    with monkeypatch.context() as patch:
        patch.setattr(regions.pieces.streaming, "save_regions", until_full)
        with pytest.raises(OSError, match=r"before are kept: make room.*part-000002"):
            enumerate_to_parquet(*planar, tmp_path, piece_regions=300)
    assert len(RegionFolder(tmp_path).files) == 2
    assert len(enumerate_to_parquet(*planar, tmp_path)) == 1137


def test_changed_and_lost_files_are_named(tmp_path, planar: tuple[ReluNetwork, Box]):
    folder = enumerate_to_parquet(*planar, tmp_path, piece_regions=300)
    other = folder.files[2]
    content = other.read_bytes()
    other.write_bytes(folder.files[1].read_bytes())
    assert folder.verify() == [f"{other.name} was changed since it was written"]
    other.unlink()
    with pytest.raises(FileFormatError, match=f"{other.name} is missing"):
        RegionFolder(tmp_path)
    (tmp_path / "_manifest.json").unlink()
    again = enumerate_to_parquet(*planar, tmp_path)
    assert len(again) == 1137
    assert len(content) > 0


def test_folders_of_something_else_are_refused(
    tmp_path, planar: tuple[ReluNetwork, Box]
):
    network, box = planar
    enumerate_to_parquet(network, box, tmp_path / "a", piece_regions=10**6)
    with pytest.raises(FileFormatError, match="of another network or domain"):
        enumerate_to_parquet(network, Box.cube(2, 2.0), tmp_path / "a")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileFormatError, match=r"has files but no _plan\.json"):
        enumerate_to_parquet(network, box, tmp_path)
    with pytest.raises(FileFormatError, match="is a file: give a folder"):
        enumerate_to_parquet(network, box, tmp_path / "notes.txt")
    with pytest.raises(FileFormatError, match="holds no regions"):
        RegionFolder(tmp_path)
    with pytest.raises(ValueError, match="`piece_regions` is 0"):
        enumerate_to_parquet(network, box, tmp_path / "b", piece_regions=0)


def test_damaged_plan_is_reported(tmp_path, planar: tuple[ReluNetwork, Box]):
    enumerate_to_parquet(*planar, tmp_path, piece_regions=10**6)
    text = (tmp_path / "_plan.json").read_text()
    (tmp_path / "_plan.json").write_text("{")
    with pytest.raises(FileFormatError, match=r"_plan\.json is not .* or is damaged"):
        enumerate_to_parquet(*planar, tmp_path)
    (tmp_path / "_plan.json").write_text(text.replace("{", '{"more": 1, ', 1))
    with pytest.raises(FileFormatError, match="it was changed since it was written"):
        enumerate_to_parquet(*planar, tmp_path)


def test_a_file_of_other_regions_is_not_gone_on_with(
    tmp_path, planar: tuple[ReluNetwork, Box]
):
    network, box = planar
    enumerate_to_parquet(network, box, tmp_path / "a", piece_regions=10**6)
    half = Box(box.lower, (box.lower + box.upper) / 2)
    part = tmp_path / "a" / "part-000000.parquet"
    enumerate_regions(network, half).save(part)
    with pytest.raises(FileFormatError, match="belongs to another network or domain"):
        enumerate_to_parquet(network, box, tmp_path / "a")
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(FileFormatError, match="is not a file of regions"):
        enumerate_to_parquet(network, box, tmp_path / "a")


def test_network_without_units_has_one_region(tmp_path):
    network = ReluNetwork.from_arrays([[[1.0, 2.0]]], [[0.5]])
    assert len(enumerate_to_parquet(network, Box.cube(2), tmp_path)) == 1


def test_second_run_into_a_folder_is_refused_while_the_first_goes_on(tmp_path, planar):
    network, box = planar
    refusals = []

    def second(done, total):
        if not refusals:
            with pytest.raises(BlockingIOError, match="another run") as refusal:
                enumerate_to_parquet(network, box, tmp_path)
            refusals.append(refusal.value.filename)

    first = enumerate_to_parquet(
        network, box, tmp_path, piece_regions=300, progress=second
    )
    assert first.complete
    assert refusals == [str(tmp_path)]


def test_stopped_run_keeps_its_files_and_goes_on(tmp_path, planar):
    network, box = planar
    seen = []
    part = enumerate_to_parquet(
        network,
        box,
        tmp_path,
        piece_regions=300,
        progress=lambda *pair: seen.append(pair),
        stop=lambda: len(seen) >= 2,
    )
    assert not part.complete
    assert 1 <= len(part.files) <= 3
    whole = enumerate_to_parquet(network, box, tmp_path, piece_regions=300)
    assert whole.complete
    assert len(whole) == len(enumerate_regions(network, box))


def test_a_run_that_is_stopped_before_its_first_file_says_so(
    tmp_path, planar: tuple[ReluNetwork, Box]
):
    with pytest.raises(LimitError, match="before the first file"):
        enumerate_to_parquet(*planar, tmp_path, stop=lambda: True)
    assert enumerate_to_parquet(*planar, tmp_path).complete
