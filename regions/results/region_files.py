"""Region sets as one Parquet file each, with network and domain inside.

Columns: `pattern` (the packed pattern, at least one byte), the witness in chart
coordinates as `t0, t1, ...` (one list column `t` beyond 16 dimensions), and
`exact_witness`, a JSON list of "p/q" for the regions in which no float64 point was
proved to lie. The file's metadata hold the network, bit for bit, the domain, and
digests of all parts. Nothing in a file is run or unpickled.
"""

import base64
import binascii
import dataclasses
import hashlib
import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float64, UInt8

from regions.domains.shapes import Domain, domain_from_dict
from regions.errors import FileFormatError
from regions.files import open_atomically
from regions.io.npz import load_npz, save_npz
from regions.network import ReluNetwork
from regions.results.region_columns import (
    coordinate_columns,
    exact_column,
    pattern_column,
    read_coordinates,
    read_exact,
    read_patterns,
)
from regions.results.region_set import RegionSet

SCHEMA_VERSION = 1
ROW_GROUP = 65_536
MAX_NETWORK_BYTES = 4 * 2**30
"""A network that declares more memory than this is refused."""

_HEADER, _NETWORK = b"relu_regions", b"relu_regions.network"
_MAX_FOOTER = 2**31 - 1
_PARTS = {
    "network": "a weight of the network",
    "domain": "the domain",
    "patterns": "a bit of a pattern",
    "witnesses": "a witness",
}
UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)
"""What reading a damaged file raises."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class StoredRegions:
    """What a file holds, and which of its parts are not as they were written.

    Attributes:
        regions: The region set.
        changes: One line for each part that differs from its digest or count.
    """

    regions: RegionSet
    changes: tuple[str, ...]


def network_digest(network: ReluNetwork) -> str:
    """SHA-256 of shapes, weights, biases, slopes and skip blocks."""
    state = hashlib.sha256()
    for index, layer in enumerate(network.layers):
        arrays = [("W", layer.weight), ("b", layer.bias), ("slope", layer.slopes)]
        arrays += [(f"skip{source}", matrix) for source, matrix in layer.skips]
        for name, array in arrays:
            state.update(f"{index} {name} {array.shape};".encode())
            state.update(np.ascontiguousarray(array, "<f8").tobytes())
    return state.hexdigest()


def save_regions(path: str | os.PathLike[str], regions: RegionSet) -> pathlib.Path:
    """Write a region set to one Parquet file, whole or not at all.

    Args:
        path: The file; folders above it are made.
        regions: What to write.

    Returns:
        The path.
    """
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    exact = exact_column(len(regions), regions.exact_witnesses)
    table = pa.table(
        {
            "pattern": pattern_column(regions.patterns),
            **coordinate_columns(regions.coordinates),
            "exact_witness": pa.array(exact, pa.string()),
        }
    )
    header = json.dumps(_header(regions, exact))
    network = base64.b64encode(_network_bytes(regions.network)).decode()
    with (
        open_atomically(target) as file,
        pq.ParquetWriter(file, table.schema) as writer,
    ):
        writer.write_table(table, row_group_size=ROW_GROUP)
        writer.add_key_value_metadata(
            {_HEADER.decode(): header, _NETWORK.decode(): network}
        )
    return target


def load_regions(
    path: str | os.PathLike[str], network: ReluNetwork | None = None
) -> RegionSet:
    """Read what `save_regions` wrote; `regions.verify` proves its content.

    Args:
        path: The file.
        network: If given, the file must belong to this network.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it is truncated, of another format, or was altered.
        ValueError: If it belongs to another network than the one given.
    """
    stored = read_stored(path)
    if stored.changes:
        raise FileFormatError(f"{path} was altered: {stored.changes[0]}.")
    if network is not None:
        found, given = (network_digest(n) for n in (stored.regions.network, network))
        if found != given:
            raise ValueError(
                f"`network` has digest {given[:12]} and {path} belongs to the network "
                f"with digest {found[:12]}: give that one, or none."
            )
    return stored.regions


def read_stored(path: str | os.PathLike[str]) -> StoredRegions:
    """Read a file and compare every part with its digest, without judging.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it cannot be read as a file of regions.
    """
    source = pathlib.Path(path)
    header, network, _ = read_header(source)
    try:
        with open_parquet(source) as file:
            return _assemble(network, header, file.read())
    except UNREADABLE as error:
        raise damaged(source, error) from error


def open_parquet(path: pathlib.Path) -> pq.ParquetFile:
    """A Parquet file whose footer may hold a large network."""
    return pq.ParquetFile(
        path,
        thrift_string_size_limit=_MAX_FOOTER,
        thrift_container_size_limit=_MAX_FOOTER,
    )


def read_header(path: pathlib.Path) -> tuple[dict[str, Any], ReluNetwork, list[int]]:
    """Header and network of a file, and the regions of each row group.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it is no file of regions, or is truncated.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a file of regions.")
    try:
        with open_parquet(path) as file:
            entries = file.metadata.metadata or {}
            if _HEADER not in entries or _NETWORK not in entries:
                raise FileFormatError(
                    f"{path} is a Parquet file without regions: give a file that "
                    "`RegionSet.save` wrote."
                )
            header = json.loads(entries[_HEADER])
            _check_version(path, header)
            groups = range(file.metadata.num_row_groups)
            sizes = [file.metadata.row_group(k).num_rows for k in groups]
    except UNREADABLE as error:
        if path.suffix == ".csv":
            raise FileFormatError(
                f"{path} is a table to read: regions are verified and loaded from the "
                ".parquet that `RegionSet.save` writes."
            ) from error
        raise FileFormatError(
            f"{path} is no file of regions, or is truncated "
            f"({_one_line(error)}): write it again."
        ) from error
    return header, _read_network(path, entries[_NETWORK]), sizes


def damaged(path: pathlib.Path, error: Exception) -> FileFormatError:
    """What to raise of a file whose content cannot be read."""
    return FileFormatError(f"{path} is damaged ({_one_line(error)}): write it again.")


def _one_line(error: Exception) -> str:
    """The first line of a message, without its full stop."""
    lines = f"{type(error).__name__}: {error}".splitlines()
    return lines[0].rstrip(".")[:200]


def _check_version(path: pathlib.Path, header: Any) -> None:
    """Raise unless the header is one that this module writes."""
    version = header.get("schema_version") if isinstance(header, dict) else None
    if version != SCHEMA_VERSION:
        raise FileFormatError(
            f"{path} has schema version {version!r}; {SCHEMA_VERSION} is required: "
            "write it again with this version."
        )


def _header(regions: RegionSet, exact: list[str | None]) -> dict[str, Any]:
    """Everything but the columns and the network."""
    return {
        "schema_version": SCHEMA_VERSION,
        "software": f"relu-regions {metadata.version('relu-regions')}",
        "regions": len(regions),
        "num_bits": regions.network.num_bits,
        "dim": regions.domain.dim,
        "domain": regions.domain.to_dict(),
        "complete": bool(regions.complete),
        "method": regions.method,
        "seconds": float(regions.seconds),
        "stats": _plain(regions.stats),
        "sha256": _digests(
            regions.network,
            regions.domain,
            regions.patterns,
            regions.coordinates,
            exact,
        ),
    }


def _plain(value: Any) -> Any:
    """Statistics as JSON values; what JSON does not know becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def _digests(
    network: ReluNetwork,
    domain: Domain,
    patterns: UInt8[np.ndarray, "regions bytes"],
    coordinates: Float64[np.ndarray, "regions dim"],
    exact: list[str | None],
) -> dict[str, str]:
    """SHA-256 of each part."""
    points = np.ascontiguousarray(coordinates, "<f8").tobytes()
    return {
        "network": network_digest(network),
        "domain": hashlib.sha256(json.dumps(domain.to_dict()).encode()).hexdigest(),
        "patterns": hashlib.sha256(patterns.tobytes()).hexdigest(),
        "witnesses": hashlib.sha256(points + json.dumps(exact).encode()).hexdigest(),
    }


def _network_bytes(network: ReluNetwork) -> bytes:
    """The network as the content of an `.npz` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "network.npz"
        save_npz(path, network)
        return path.read_bytes()


def _read_network(path: pathlib.Path, entry: bytes) -> ReluNetwork:
    """The network inside a file of regions."""
    try:
        content = base64.b64decode(entry, validate=True)
        with tempfile.TemporaryDirectory() as folder:
            inner = pathlib.Path(folder) / "network.npz"
            inner.write_bytes(content)
            return load_npz(inner, max_bytes=MAX_NETWORK_BYTES)
    except binascii.Error as error:
        raise FileFormatError(
            f"{path}: its network is damaged ({error}): write it again."
        ) from error
    except FileFormatError as error:
        what = str(error).partition("network.npz")[2].strip(" :")
        raise FileFormatError(f"{path}: its network {what}") from error


def _assemble(
    network: ReluNetwork, header: dict[str, Any], table: pa.Table
) -> StoredRegions:
    """The region set, and what does not fit its header."""
    domain = domain_from_dict(header["domain"])
    domain.restrict(network)
    patterns = read_patterns(table, network.num_bits)
    coordinates = read_coordinates(table, domain.dim)
    exact = table.column("exact_witness").to_pylist()
    found = _digests(network, domain, patterns, coordinates, exact)
    changes = describe_changes(header, found, len(patterns))
    if (header["num_bits"], header["dim"]) != (network.num_bits, domain.dim):
        changes = (*changes, "the header was changed since it was written")
    regions = RegionSet(
        network,
        domain,
        patterns,
        coordinates,
        complete=header["complete"] is True,
        method=str(header["method"]),
        seconds=float(header["seconds"]),
        stats=dict(header["stats"]),
        exact_witnesses=read_exact(exact, domain.dim),
    )
    return StoredRegions(regions, changes)


def describe_changes(
    header: dict[str, Any], found: Mapping[str, str], count: int
) -> tuple[str, ...]:
    """One line for each part of a file that differs from what was written.

    Args:
        header: Of the file.
        found: Digest of each part as it is now.
        count: Regions in the file.
    """
    written = header["regions"]
    if written != count:
        change = count - written
        what = f"{abs(change)} region{'s were' if abs(change) > 1 else ' was'}"
        return (
            f"{what} {'added' if change > 0 else 'removed'}: it was written with "
            f"{written} and has {count}",
        )
    return tuple(
        f"{what} was changed since it was written"
        for part, what in _PARTS.items()
        if header["sha256"][part] != found[part]
    )
