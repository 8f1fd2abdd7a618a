"""Region sets as one Parquet file each, with network and domain inside.

Columns: `pattern` (the packed pattern, at least one byte), the witness in chart
coordinates as `t0, t1, ...` (one list column `t` beyond 16 dimensions), and
`exact_witness`, a JSON list of "p/q" for the regions in which no float64 point was
proved to lie. The file's metadata hold the network, bit for bit, the domain, and
digests of all parts. Nothing in a file is run or unpickled.
"""

import base64
import contextlib
import dataclasses
import hashlib
import io
import json
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import UInt8

from regions.domains.shapes import Domain, domain_from_dict
from regions.errors import FileFormatError
from regions.files.reading import MAX_BYTES, check_size, reading
from regions.files.writing import open_atomically
from regions.io.npz import load_npz, write_npz
from regions.network import ReluNetwork
from regions.results.region_columns import (
    coordinate_columns,
    exact_column,
    pattern_column,
    read_coordinates,
    read_exact,
    read_exact_text,
    read_patterns,
)
from regions.results.region_table import RegionTable

SCHEMA_VERSION = 1
ROW_GROUP = 65_536
_HEADER, _NETWORK = b"relu_regions", b"relu_regions.network"
_MAX_FOOTER = 2**31 - 1
_PARTS = {
    "network": "a weight of the network was",
    "domain": "the domain was",
    "patterns": "a bit of a pattern was",
    "witnesses": "a witness was",
    "header": "the header was",
}
_LATER = ("header",)
"""Parts of which older files hold no digest."""

_COMPARED = ("sha256", "regions", "num_bits", "dim", "domain")
"""Entries of the header that its digest leaves out."""

_WHAT = "a file of regions"
_ADVICE = "write it again with RegionSet.save"
_PICTURES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".gif")


Kind = TypeVar("Kind", bound=RegionTable)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class StoredRegions(Generic[Kind]):
    """What a file holds, and which of its parts are not as they were written.

    Attributes:
        regions: The regions.
        changes: One line for each part that differs from its digest or count.
    """

    regions: Kind
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


def save_regions(path: str | os.PathLike[str], regions: RegionTable) -> pathlib.Path:
    """Write a region set to one Parquet file, whole or not at all.

    Args:
        path: The file; folders above it are made.
        regions: What to write.

    Returns:
        The path.

    Raises:
        ValueError: If the file's name does not end in `.parquet`.
    """
    target = pathlib.Path(path)
    ending = target.suffix.lower()
    if ending in _PICTURES:
        raise ValueError(
            f"`path` is {str(path)!r}, a picture: plot().figure.savefig(path) draws "
            "one; `save` writes .parquet."
        )
    if ending != ".parquet":
        raise ValueError(
            f"`path` is {str(path)!r}: regions are written to files that end in "
            ".parquet; `relu-regions list --out` writes .csv, too."
        )
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
    path: str | os.PathLike[str],
    network: ReluNetwork | None = None,
    *,
    kind: type[Kind],
    max_bytes: int = MAX_BYTES,
) -> Kind:
    """Read what `save_regions` wrote; `regions.verify` proves its content.

    Args:
        path: The file.
        network: If given, the file must belong to this network.
        kind: Class of the result, `RegionSet` for most.
        max_bytes: Refuse files whose regions, or whose network, would take more
            memory than this.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it is truncated, of another format, or was altered.
        ValueError: If it belongs to another network than the one given.
    """
    stored = read_stored(path, kind=kind, max_bytes=max_bytes)
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


def read_stored(
    path: str | os.PathLike[str], *, kind: type[Kind], max_bytes: int = MAX_BYTES
) -> StoredRegions[Kind]:
    """Read a file and compare every part with its digest, without judging.

    Args:
        path: The file.
        kind: Class of the regions in the result.
        max_bytes: As in `load_regions`.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it cannot be read as a file of regions, or its content
            would take more than `max_bytes`.
    """
    source = pathlib.Path(path)
    header, network, sizes = read_header(source, max_bytes=max_bytes)
    with reading_regions(source):
        domain = read_domain(header, network)
        check_rows(source, network, domain, sum(sizes), max_bytes)
        with open_parquet(source) as file:
            return _assemble(kind, network, domain, header, file.read(), max_bytes)


def reading_regions(path: pathlib.Path) -> contextlib.AbstractContextManager[None]:
    """The door through which files of regions come in."""
    return reading(path, _WHAT, _ADVICE, pa.ArrowException)


@contextlib.contextmanager
def open_parquet(
    path: pathlib.Path, dictionaries: Sequence[str] = ("exact_witness",)
) -> Iterator[pq.ParquetFile]:
    """A Parquet file whose footer may hold a large network.

    Args:
        path: The file.
        dictionaries: Columns in which a text that many regions name is kept once.
    """
    # Opened here, since Arrow takes no name that is not of the locale's letters.
    with path.open("rb") as file:
        yield pq.ParquetFile(
            file,
            read_dictionary=list(dictionaries),
            thrift_string_size_limit=_MAX_FOOTER,
            thrift_container_size_limit=_MAX_FOOTER,
        )


def check_rows(
    path: pathlib.Path, network: ReluNetwork, domain: Domain, rows: int, max_bytes: int
) -> None:
    """Raise when so many regions would take more memory than is allowed."""
    width = (network.num_bits + 7) // 8 + 8 * domain.dim + 8
    check_size(path, rows * width, max_bytes)


def read_header(
    path: pathlib.Path, *, max_bytes: int = MAX_BYTES
) -> tuple[dict[str, Any], ReluNetwork, list[int]]:
    """Header and network of a file, and the regions of each row group.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it is no file of regions, or is truncated.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a file of regions.")
    if path.suffix == ".csv":
        raise FileFormatError(
            f"{path} is a table to read: regions are verified and loaded from the "
            ".parquet that `RegionSet.save` writes."
        )
    with reading_regions(path):
        with open_parquet(path, ()) as file:
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
        content = base64.b64decode(entries[_NETWORK], validate=True)
        name = f"{path}: its network"
        return header, load_npz(name, max_bytes=max_bytes, content=content), sizes


def read_domain(header: dict[str, Any], network: ReluNetwork) -> Domain:
    """The domain of a file, which must fit its network."""
    domain = domain_from_dict(header["domain"])
    domain.restrict(network)
    return domain


def _check_version(path: pathlib.Path, header: Any) -> None:
    """Raise unless the header is one that this module writes."""
    version = header.get("schema_version") if isinstance(header, dict) else None
    if version != SCHEMA_VERSION:
        raise FileFormatError(
            f"{path} has schema version {version!r}; {SCHEMA_VERSION} is required: "
            "write it again with this version."
        )


def _header(regions: RegionTable, exact: list[str | None]) -> dict[str, Any]:
    """Everything but the columns and the network."""
    header = {
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
    }
    witnesses = hashlib.sha256(np.ascontiguousarray(regions.coordinates, "<f8").data)
    witnesses.update(json.dumps(exact).encode())
    header["sha256"] = {
        **digests_of_parts(header, regions.network, regions.domain),
        "patterns": hashlib.sha256(
            np.ascontiguousarray(regions.patterns).data
        ).hexdigest(),
        "witnesses": witnesses.hexdigest(),
    }
    return header


def digests_of_parts(
    header: dict[str, Any], network: ReluNetwork, domain: Domain
) -> dict[str, str]:
    """SHA-256 of the header, the network and the domain."""
    # Counts and digests are compared on their own, and say more precisely what differs.
    rest = {k: v for k, v in header.items() if k not in _COMPARED}
    return {
        "network": network_digest(network),
        "domain": _json_digest(domain.to_dict()),
        "header": _json_digest(dict(sorted(rest.items()))),
    }


def _digest(patterns: UInt8[np.ndarray, "regions bytes"]) -> str:
    """SHA-256 of the packed patterns."""
    return hashlib.sha256(np.ascontiguousarray(patterns).data).hexdigest()


def _json_digest(data: Any) -> str:
    """SHA-256 of what JSON makes of it."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Statistics as JSON values; what JSON does not know becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def _network_bytes(network: ReluNetwork) -> bytes:
    """The network as the content of an `.npz` file."""
    content = io.BytesIO()
    write_npz(content, network)
    return content.getvalue()


def _assemble(
    kind: type[Kind],
    network: ReluNetwork,
    domain: Domain,
    header: dict[str, Any],
    table: pa.Table,
    max_bytes: int,
) -> StoredRegions[Kind]:
    """The regions, and what does not fit its header."""
    patterns = read_patterns(table, network.num_bits)
    coordinates = read_coordinates(table, domain.dim)
    exact = read_exact_text(table, max_bytes)
    witnesses = hashlib.sha256(np.ascontiguousarray(coordinates, "<f8").data)
    witnesses.update(json.dumps(exact).encode())
    found = {
        **digests_of_parts(header, network, domain),
        "patterns": _digest(patterns),
        "witnesses": witnesses.hexdigest(),
    }
    sizes = (len(patterns), network.num_bits, domain.dim)
    regions = kind(
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
    return StoredRegions(regions, describe_changes(header, found, sizes))


def describe_changes(
    header: dict[str, Any], found: Mapping[str, str], sizes: tuple[int, int, int]
) -> tuple[str, ...]:
    """One line for each part of a file that differs from what was written.

    Args:
        header: Header of the file.
        found: Digest of each part as it is now.
        sizes: Regions in the file, bits of a pattern, and dimension of the domain.
    """
    count, written = sizes[0], header["regions"]
    if written != count:
        change = count - written
        what = f"{abs(change)} region{'s were' if abs(change) > 1 else ' was'}"
        return (
            f"{what} {'added' if change > 0 else 'removed'}: it was written with "
            f"{written} and has {count}",
        )
    digests = header["sha256"]
    if not isinstance(digests, dict) or not set(_PARTS) - set(_LATER) <= set(digests):
        return ("its digests were removed since it was written",)
    changed = [
        part
        for part in _PARTS
        if digests.get(part, found[part] if part in _LATER else None) != found[part]
    ]
    if (header["num_bits"], header["dim"]) != sizes[1:] and "header" not in changed:
        changed.append("header")
    return tuple(f"{_PARTS[part]} changed since it was written" for part in changed)
