"""Files of regions opened without reading them: the same regions, part by part."""

import json
import pathlib
from fractions import Fraction

import numpy as np
import pyarrow.parquet as pq
import pytest

import regions.results.region_files
from regions.certificates import verify
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.errors import FileFormatError
from regions.io import load_network
from regions.results.lazy_regions import RegionFile
from regions.results.region_files import load_regions, save_regions
from regions.results.region_set import RegionSet

NET = pathlib.Path(__file__).resolve().parents[2] / "data" / "nets" / "d2_16x1.npz"


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A file of several row groups, and what is in it."""
    monkeypatch.setattr(regions.results.region_files, "ROW_GROUP", 20)
    rs = enumerate_regions(load_network(NET), Box.cube(2))
    rs.exact_witnesses[30] = (Fraction(1, 3), Fraction(-1, 7))
    path = save_regions(tmp_path / "regions.parquet", rs)
    assert pq.read_metadata(path).num_row_groups == 5
    return path, rs


def assert_part(part, rs, rows):
    np.testing.assert_array_equal(part.patterns, rs.patterns[rows])
    np.testing.assert_array_equal(part.coordinates, rs.coordinates[rows])
    start = rows.indices(len(rs))[0]
    expected = {
        k - start: v
        for k, v in rs.exact_witnesses.items()
        if start <= k < start + len(part)
    }
    assert part.exact_witnesses == expected


def test_batches_are_the_regions_in_their_order(stored):
    path, rs = stored
    file = RegionSet.open(path)
    assert len(file) == 96
    assert file.complete
    assert repr(file).startswith("RegionFile(96 regions, complete, ")
    start = 0
    for batch in file.batches(17):
        assert not batch.complete
        assert_part(batch, rs, slice(start, start + len(batch)))
        start += len(batch)
    assert start == 96


@pytest.mark.parametrize(
    "rows",
    [slice(None), slice(3, 4), slice(15, 55), slice(20, 40), slice(-5, None)],
)
def test_slices_are_the_regions_asked_for(stored, rows):
    path, rs = stored
    assert_part(RegionSet.open(path)[rows], rs, rows)


def test_slices_that_are_empty_or_have_steps(stored):
    path, _ = stored
    assert len(RegionSet.open(path)[40:40]) == 0
    assert len(RegionSet.open(path)[200:]) == 0
    with pytest.raises(ValueError, match="`regions` has step 2"):
        RegionSet.open(path)[::2]


def test_opening_reads_no_column(stored, monkeypatch):
    path, _ = stored

    def read(*arguments, **options):
        raise AssertionError("a column was read")

    for name in ("read", "read_row_groups", "read_row_group"):
        monkeypatch.setattr(pq.ParquetFile, name, read)
    file = RegionSet.open(path)
    assert len(file) == 96
    assert file.network.num_bits == 16


def test_only_the_row_groups_asked_for_are_read(stored, monkeypatch):
    path, _ = stored
    asked, inner = [], pq.ParquetFile.read_row_groups

    def watched(self, groups, *arguments, **options):
        asked.append(groups)
        return inner(self, groups, *arguments, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", watched)
    assert len(RegionSet.open(path)[39:61]) == 22
    assert asked == [[1, 2, 3]]


def test_digests_are_compared_in_batches(stored, tmp_path):
    path, rs = stored
    assert RegionSet.open(path).changes() == ()
    table = pq.read_table(path)
    table = table.replace_schema_metadata(pq.read_metadata(path).metadata)
    other = tmp_path / "other.parquet"
    pq.write_table(table.slice(1), other)
    assert RegionSet.open(other).changes() == (
        "1 region was removed: it was written with 96 and has 95",
    )
    values = rs.coordinates[:, 0].copy()
    values[50] += 1e-9
    column = table.schema.get_field_index("t0")
    pq.write_table(table.set_column(column, table.schema.field("t0"), [values]), other)
    assert RegionSet.open(other).changes() == (
        "a witness was changed since it was written",
    )


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="give a file of regions"):
        RegionSet.open(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(FileFormatError, match="is not a file of regions"):
        RegionSet.open(tmp_path / "text.parquet")


def test_batches_of_no_region_are_refused(stored):
    file = RegionSet.open(stored[0])
    for count in (0, -1):
        with pytest.raises(ValueError, match=f"`regions` is {count}: 1 or more"):
            file.batches(count)


def test_single_regions_are_reached_by_number_and_in_turn(stored):
    path, rs = stored
    file = RegionSet.open(path)
    for k in (0, 30, 95):
        assert_part(file[k], rs, slice(k, k + 1))
    assert np.array_equal(file[-1].patterns, rs.patterns[95:])
    for k in (96, -97):
        with pytest.raises(IndexError, match=f"region {k} is asked for .* has 96"):
            file[k]
    turn = list(file)
    assert [len(part) for part in turn] == [1] * 96
    assert_part(turn[30], rs, slice(30, 31))


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("num_bits", 7, "the header was changed"),
        ("dim", 3, "the header was changed"),
        ("complete", False, "the header was changed"),
        ("sha256", {}, "its digests were removed"),
    ],
)
def test_an_edited_header_is_noticed_without_loading(stored, entry, value, message):
    path, _ = stored
    table, entries = pq.read_table(path), pq.read_metadata(path).metadata
    header = json.loads(entries[b"relu_regions"]) | {entry: value}
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(
            {
                "relu_regions": json.dumps(header),
                "relu_regions.network": entries[b"relu_regions.network"].decode(),
            }
        )
    assert RegionSet.open(path).changes() == (f"{message} since it was written",)


def test_what_would_take_too_much_memory_is_refused(stored):
    path, _ = stored
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        RegionFile(path, kind=RegionSet, max_bytes=20 * (2 + 16 + 8) - 1)
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        load_regions(path, kind=RegionSet, max_bytes=96 * (2 + 16 + 8) - 1)


def test_a_file_that_is_open_is_verified(tmp_path):
    rs = enumerate_regions(load_network(NET), Box.cube(2))
    file = RegionSet.open(rs.save(tmp_path / "r.parquet"))
    assert verify(file).ok
