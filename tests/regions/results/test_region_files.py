import base64
import json
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regions.domains.shapes import Box, Segment, Simplex, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.errors import FileFormatError
from regions.network import ReluNetwork
from regions.results.region_files import (
    load_regions,
    network_digest,
    read_stored,
    save_regions,
)
from regions.results.region_set import RegionSet
from regions.results.region_table import RegionTable
from tests.helpers import random_network
from tests.zoo import ZOO


def _found(dim=2, widths=(5, 4)):
    network = random_network(np.random.default_rng(5), dim, widths, slopes=0.25)
    return enumerate_regions(network, Box.cube(dim))


def _rewrite(path, *, table=None, header=None, network=None):
    """Write the file again with a part replaced, metadata as they were."""
    old = pq.read_table(path)
    entries = dict(pq.read_metadata(path).metadata)
    if header is not None:
        entries[b"relu_regions"] = json.dumps(
            header(json.loads(entries[b"relu_regions"]))
        ).encode()
    if network is not None:
        entries[b"relu_regions.network"] = network
    new = old if table is None else table(old)
    entries.pop(b"ARROW:schema", None)
    pq.write_table(new.replace_schema_metadata(entries), path)


def _same_network(a: ReluNetwork, b: ReluNetwork) -> bool:
    if len(a.layers) != len(b.layers):
        return False
    for one, other in zip(a.layers, b.layers, strict=True):
        arrays = [
            (one.weight, other.weight),
            (one.bias, other.bias),
            (one.slopes, other.slopes),
            *((m, n) for (_, m), (_, n) in zip(one.skips, other.skips, strict=True)),
        ]
        if not all(np.array_equal(x, y) for x, y in arrays):
            return False
    return True


@pytest.mark.parametrize("name", ["prelu", "skip_blocks", "no_hidden_layer", "leaky"])
def test_round_trip_zoo_is_exact(name, tmp_path):
    found = enumerate_regions(*ZOO[name])
    path = found.save(tmp_path / "deeper" / "regions.parquet")
    back = RegionSet.load(path)
    assert _same_network(back.network, found.network)
    assert back.domain.to_dict() == found.domain.to_dict()
    assert back.patterns.shape == found.patterns.shape
    np.testing.assert_array_equal(back.patterns, found.patterns)
    np.testing.assert_array_equal(back.coordinates, found.coordinates)
    assert back.exact_witnesses == found.exact_witnesses
    assert (back.complete, back.method, back.seconds) == (
        found.complete,
        found.method,
        found.seconds,
    )
    assert back.stats == json.loads(json.dumps(dict(found.stats)))
    assert [file.name for file in path.parent.iterdir()] == ["regions.parquet"]


@pytest.mark.parametrize(
    "domain",
    [
        Box([0.1, -1e-300], [0.3, 1e300]),
        Segment([0.1, 0.2], [0.3, -7.0]),
        Slice([0.1, 0.7], [[1.0, 1 / 3]], Box([-1], [2])),
        Simplex([[0, 0], [0.1, 0], [0, 1 / 3]]),
        WholeSpace(2),
    ],
)
def test_round_trip_domain_is_exact(domain, tmp_path):
    network = random_network(np.random.default_rng(0), 2, [3])
    regions = RegionSet(
        network,
        domain,
        np.zeros((1, 1), np.uint8),
        np.zeros((1, domain.dim)),
        complete=False,
        method="tree",
        seconds=0.5,
        stats={"array": np.arange(2), "path": {1: np.float64(0.5)}},
        exact_witnesses={0: tuple([Fraction(10**40 + 1, 3)] * domain.dim)},
    )
    back = RegionSet.load(save_regions(tmp_path / "r.parquet", regions))
    assert back.domain.to_dict() == domain.to_dict()
    assert back.exact_witnesses == regions.exact_witnesses
    assert back.stats == {"array": [0, 1], "path": {"1": 0.5}}
    assert not back.complete


def test_round_trip_many_dimensions_is_exact(tmp_path):
    network = random_network(np.random.default_rng(0), 20, [3])
    points = np.random.default_rng(1).standard_normal((4, 20))
    patterns = np.arange(4, dtype=np.uint8)[:, None]
    regions = RegionSet(
        network,
        Box.cube(20, 9.0),
        patterns,
        points,
        complete=False,
        method="tree",
        seconds=0.0,
        stats={},
    )
    back = RegionSet.load(save_regions(tmp_path / "r.parquet", regions))
    np.testing.assert_array_equal(back.coordinates, points)
    np.testing.assert_array_equal(back.patterns, patterns)


def test_save_failure_leaves_nothing(tmp_path):
    found = _found()
    found.coordinates = found.coordinates[:-1]
    with pytest.raises(pa.ArrowInvalid):
        found.save(tmp_path / "r.parquet")
    assert list(tmp_path.iterdir()) == []


def test_digest_any_changed_number_differs():
    network = ZOO["skip_blocks"][0]
    seen = {network_digest(network)}
    weights = [layer.weight for layer in network.layers]
    biases = [layer.bias for layer in network.layers]
    skips = {k: dict(layer.skips) for k, layer in enumerate(network.layers)}
    bumped = [w.copy() for w in weights]
    bumped[2][0, 0] = np.nextafter(bumped[2][0, 0], 9.0)
    seen.add(network_digest(ReluNetwork.from_arrays(bumped, biases, skips=skips)))
    seen.add(network_digest(ReluNetwork.from_arrays(weights, biases, 0.5, skips=skips)))
    seen.add(network_digest(ReluNetwork.from_arrays(weights, biases)))
    moved = [b.copy() for b in biases]
    moved[0][1] = 0.0
    seen.add(network_digest(ReluNetwork.from_arrays(weights, moved, skips=skips)))
    assert len(seen) == 5


def test_load_other_network_raises(tmp_path):
    found = _found()
    path = found.save(tmp_path / "r.parquet")
    assert len(load_regions(path, found.network, kind=RegionSet)) == len(found)
    other = random_network(np.random.default_rng(6), 2, [5, 4])
    with pytest.raises(ValueError, match="belongs to the network with digest"):
        load_regions(path, other, kind=RegionSet)


def test_load_missing_file_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        RegionSet.load(tmp_path / "none.parquet")


def test_load_every_truncation_raises(tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    content = path.read_bytes()
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(FileFormatError):
            RegionSet.load(path)


def test_load_flipped_bytes_never_escape(tmp_path):
    found = _found()
    path = found.save(tmp_path / "r.parquet")
    content = path.read_bytes()
    for place in range(0, len(content), 211):
        damaged = bytearray(content)
        damaged[place] ^= 0x41
        path.write_bytes(damaged)
        try:
            back = RegionSet.load(path)
        except FileFormatError:
            continue
        # Bytes that no reader looks at may differ; what is read may not.
        np.testing.assert_array_equal(back.patterns, found.patterns)
        np.testing.assert_array_equal(back.coordinates, found.coordinates)
        assert _same_network(back.network, found.network)


def test_load_other_parquet_file_raises(tmp_path):
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path)
    with pytest.raises(FileFormatError, match="Parquet file without regions"):
        RegionSet.load(path)


def test_load_newer_schema_raises(tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    _rewrite(path, header=lambda h: {**h, "schema_version": 2})
    with pytest.raises(FileFormatError, match="schema version 2; 1 is required"):
        RegionSet.load(path)


def test_load_removed_region_raises(tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    _rewrite(path, table=lambda t: t.slice(1))
    with pytest.raises(FileFormatError, match="1 region was removed"):
        RegionSet.load(path)


def test_load_moved_witness_raises(tmp_path):
    path = _found().save(tmp_path / "r.parquet")

    def move(table):
        column = table.column("t0").to_numpy().copy()
        column[3] = np.nextafter(column[3], 2.0)
        return table.set_column(table.column_names.index("t0"), "t0", pa.array(column))

    _rewrite(path, table=move)
    assert read_stored(path, kind=RegionTable).changes == (
        "a witness was changed since it was written",
    )
    with pytest.raises(FileFormatError, match="a witness was changed"):
        RegionSet.load(path)


def test_load_changed_weight_raises(tmp_path):
    found = _found()
    path = found.save(tmp_path / "r.parquet")
    weights = [layer.weight.copy() for layer in found.network.layers]
    weights[1][0, 0] += 0.5
    other = ReluNetwork.from_arrays(
        weights, [layer.bias for layer in found.network.layers], 0.25
    )
    second = RegionSet(
        other,
        found.domain,
        found.patterns,
        found.coordinates,
        complete=True,
        method="cells",
        seconds=0.0,
        stats={},
    ).save(tmp_path / "s.parquet")
    entry = pq.read_metadata(second).metadata[b"relu_regions.network"]
    _rewrite(path, network=entry)
    with pytest.raises(FileFormatError, match="a weight of the network was changed"):
        RegionSet.load(path)


def test_load_pickle_as_network_raises(tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    _rewrite(path, network=base64.b64encode(b"\x80\x04K\x01."))
    with pytest.raises(FileFormatError, match=r"its network is not an \.npz file"):
        RegionSet.load(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (lambda h: {**h, "domain": {"kind": "torus"}}, "torus"),
        (lambda h: {**h, "domain": {"kind": "box"}}, "KeyError"),
        (lambda h: {**h, "sha256": {}}, "its digests were removed"),
        (lambda h: {**h, "sha256": 7}, "its digests were removed"),
        (lambda h: {**h, "regions": "all"}, "damaged"),
        (lambda h: {**h, "seconds": [1]}, "damaged"),
        (lambda h: {**h, "stats": "none"}, "damaged"),
        (lambda h: {k: v for k, v in h.items() if k != "complete"}, "KeyError"),
    ],
)
def test_load_damaged_header_raises(header, message, tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    _rewrite(path, header=header)
    with pytest.raises(FileFormatError, match=message):
        RegionSet.load(path)


@pytest.mark.parametrize("name", ["pattern", "t1", "exact_witness"])
def test_load_missing_column_raises(name, tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    _rewrite(path, table=lambda t: t.drop_columns([name]))
    with pytest.raises(FileFormatError, match=name):
        RegionSet.load(path)


@pytest.mark.parametrize("change", [{"num_bits": 7}, {"dim": 3}])
def test_load_changed_sizes_in_the_header_raises(change, tmp_path):
    path = _found().save(tmp_path / "r.parquet")
    _rewrite(path, header=lambda h: {**h, **change})
    with pytest.raises(FileFormatError, match="the header was changed"):
        RegionSet.load(path)


@pytest.mark.parametrize(
    "text",
    [
        '["1e99999999","1"]',
        "[" * 100_000,
        '["1/0","1"]',
        '["' + "9" * 30_000 + '","1"]',
        '["1"]',
        "{}",
        '["0x10","1"]',
        "[1,2]",
        '["1/2/3","0"]',
    ],
)
def test_exact_witnesses_that_explode_or_are_none_are_one_line(tmp_path, text):
    path = _found().save(tmp_path / "r.parquet")

    def replace(table):
        column = pa.array([text] + [None] * (len(table) - 1))
        place = table.column_names.index("exact_witness")
        return table.set_column(place, "exact_witness", column)

    _rewrite(path, table=replace)
    with pytest.raises(FileFormatError, match="exact witness of region 0") as caught:
        read_stored(path, kind=RegionTable)
    assert "\n" not in str(caught.value)


def test_exact_witnesses_of_many_digits_come_back(tmp_path):
    found = _found()
    long = Fraction(10**19_999 + 1, 3**41_000)
    found.exact_witnesses[0] = (long, -long)
    back = RegionSet.load(found.save(tmp_path / "r.parquet"))
    assert back.exact_witnesses[0] == (long, -long)
    found.exact_witnesses[0] = (long * 10, long)
    with pytest.raises(ValueError, match="more than 20000 digits"):
        found.save(tmp_path / "s.parquet")


def test_a_text_that_every_region_names_is_counted_unfolded(tmp_path):
    found = _found()
    path = found.save(tmp_path / "r.parquet")
    text = json.dumps(["1" * 9_000, "1" * 9_000])

    def replace(table):
        place = table.column_names.index("exact_witness")
        return table.set_column(place, "exact_witness", pa.array([text] * len(table)))

    _rewrite(path, table=replace)
    with pytest.raises(FileFormatError, match="exact witnesses of more than 100000"):
        load_regions(path, kind=RegionSet, max_bytes=100_000)


@pytest.mark.parametrize("name", ["r.txt", "r.csv", "r"])
def test_a_file_of_another_ending_is_not_written(tmp_path, name):
    with pytest.raises(ValueError, match=r"files that end in \.parquet"):
        _found().save(tmp_path / name)
    with pytest.raises(
        ValueError, match=r"a picture: plot\(\)\.figure\.savefig\(path\)"
    ):
        _found().save(tmp_path / "r.png")
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_no_text_is_written_and_read(tmp_path):
    path = tmp_path / "r\udce9gions.parquet"  # a byte that is no UTF-8
    found = _found()
    assert len(RegionSet.load(found.save(path))) == len(found)
    assert len(RegionSet.open(path)) == len(found)
