"""Files of regions larger than memory: opened at once, read in batches or in parts."""

import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from regions.domains.shapes import domain_from_dict
from regions.results.region_columns import read_coordinates, read_exact, read_patterns
from regions.results.region_files import (
    ROW_GROUP,
    UNREADABLE,
    damaged,
    describe_changes,
    network_digest,
    open_parquet,
    read_header,
)
from regions.results.region_set import RegionSet


class RegionFile:
    """Regions in a Parquet file that stay there until they are asked for.

    Opening reads the network and the domain; memory does not grow with the file.
    `file[a:b]` and `file.batches()` give region sets of some regions, which are never
    complete by themselves.

    Attributes:
        path: The file.
        network: The network.
        domain: The domain.
        complete: Whether no region is missing from the file.
        method: Which engine ran.
        seconds: Wall time of the enumeration.
        stats: What the engine did.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it cannot be read as a file of regions.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path)
        self._header, self.network, self._groups = read_header(self.path)
        try:
            self.domain = domain_from_dict(self._header["domain"])
            self.domain.restrict(self.network)
            self.complete = self._header["complete"] is True
            self.method = str(self._header["method"])
            self.seconds = float(self._header["seconds"])
            self.stats: dict[str, Any] = dict(self._header["stats"])
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    def __len__(self) -> int:
        return sum(self._groups)

    def __repr__(self) -> str:
        found = "complete" if self.complete else "not complete"
        return f"RegionFile({len(self)} regions, {found}, {self.path})"

    def __getitem__(self, regions: slice) -> RegionSet:
        """The regions of a slice with step 1; only their row groups are read."""
        start, stop, step = regions.indices(len(self))
        if step != 1:
            raise ValueError(f"`regions` has step {step}: 1 is required.")
        ends = np.cumsum(self._groups)
        begins = ends - self._groups
        wanted = np.flatnonzero((ends > start) & (begins < stop)).tolist()
        first = int(begins[wanted[0]]) if wanted else 0
        with open_parquet(self.path) as file:
            table = file.read_row_groups(wanted)
        return self._regions(table.slice(start - first, max(0, stop - start)))

    def batches(self, regions: int = ROW_GROUP) -> Iterator[RegionSet]:
        """All regions in their order, at most so many at a time.

        Raises:
            FileFormatError: If the file is damaged.
        """
        for table in self._tables(None, regions):
            yield self._regions(table)

    def changes(self) -> tuple[str, ...]:
        """What differs from the digests of the file; nothing if it is as written.

        Reads the file twice, in batches.
        """
        patterns, witnesses = hashlib.sha256(), hashlib.sha256()
        for batch in self.batches():
            patterns.update(batch.patterns.tobytes())
            points = np.ascontiguousarray(batch.coordinates, "<f8")
            witnesses.update(points.tobytes())
        # The digest is of one JSON list, which is long.
        mark = "["
        for table in self._tables(["exact_witness"], ROW_GROUP):
            entries = json.dumps(table.column("exact_witness").to_pylist())[1:-1]
            witnesses.update(f"{mark}{entries}".encode())
            mark = ", "
        witnesses.update(b"]" if mark != "[" else b"[]")
        domain = json.dumps(self.domain.to_dict()).encode()
        found = {
            "network": network_digest(self.network),
            "domain": hashlib.sha256(domain).hexdigest(),
            "patterns": patterns.hexdigest(),
            "witnesses": witnesses.hexdigest(),
        }
        return describe_changes(self._header, found, len(self))

    def _tables(self, columns: list[str] | None, regions: int) -> Iterator[pa.Table]:
        """Some columns, at most so many rows at a time."""
        try:
            with open_parquet(self.path) as file:
                # Asked for all row groups at once, Arrow keeps what it has read.
                for group in range(len(self._groups)):
                    table = file.read_row_group(group, columns=columns)
                    for start in range(0, len(table), regions):
                        yield table.slice(start, regions)
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    def _regions(self, table: pa.Table) -> RegionSet:
        """Rows as a region set."""
        dim = self.domain.dim
        try:
            return RegionSet(
                self.network,
                self.domain,
                read_patterns(table, self.network.num_bits),
                read_coordinates(table, dim),
                complete=False,
                method=self.method,
                seconds=self.seconds,
                stats=self.stats,
                exact_witnesses=read_exact(
                    table.column("exact_witness").to_pylist(), dim
                ),
            )
        except UNREADABLE as error:
            raise damaged(self.path, error) from error
