"""Files of regions larger than memory: opened at once, read in batches or in parts."""

import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa

from regions.files.reading import MAX_BYTES
from regions.results.region_columns import (
    read_coordinates,
    read_exact,
    read_exact_text,
    read_patterns,
)
from regions.results.region_files import (
    ROW_GROUP,
    check_rows,
    describe_changes,
    digests_of_parts,
    open_parquet,
    read_domain,
    read_header,
    reading_regions,
)
from regions.results.region_table import RegionTable

Kind = TypeVar("Kind", bound=RegionTable)


class RegionFile(Generic[Kind]):
    """Regions in a Parquet file that stay there until they are asked for.

    Opening reads the network and the domain; memory does not grow with the file.
    `file[k]`, `file[a:b]` and `file.batches()` give some of the regions, which are
    never complete by themselves: region sets, where `RegionSet.open` opened it.
    `regions.verify` takes the file itself.

    Attributes:
        path: The file.
        network: The network.
        domain: The domain.
        complete: Whether no region is missing from the file.
        method: Which engine ran.
        seconds: Wall time of the enumeration.
        stats: What the engine did.

    Args:
        path: The file.
        kind: Class of the parts that are given.
        max_bytes: Refuse files whose regions, or whose network, would take more
            memory than this.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it cannot be read as a file of regions.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        kind: type[Kind],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._kind = kind
        self.path = pathlib.Path(path)
        self._max_bytes = max_bytes
        self._header, self.network, self._groups = read_header(
            self.path, max_bytes=max_bytes
        )
        with reading_regions(self.path):
            self.domain = read_domain(self._header, self.network)
            for rows in self._groups:  # one of them is in memory at a time
                check_rows(self.path, self.network, self.domain, rows, max_bytes)
            self.complete = self._header["complete"] is True
            self.method = str(self._header["method"])
            self.seconds = float(self._header["seconds"])
            self.stats: dict[str, Any] = dict(self._header["stats"])

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __iter__(self) -> Iterator[Kind]:
        """Every region, as a set of one."""
        for batch in self.batches():
            for k in range(len(batch)):
                yield batch.part(k)

    def __len__(self) -> int:
        return sum(self._groups)

    def __repr__(self) -> str:
        found = "complete" if self.complete else "not complete"
        what = f"{len(self)} region{'s' * (len(self) != 1)}"
        return f"RegionFile({what}, {found}, {self.path})"

    def __getitem__(self, regions: int | slice) -> Kind:
        """The regions of a slice with step 1, or one alone.

        Only their row groups are read.

        Raises:
            IndexError: If there is no such region.
            ValueError: If the step is another.
        """
        if isinstance(regions, int | np.integer):
            index = int(regions) + (len(self) if regions < 0 else 0)
            if not 0 <= index < len(self):
                raise IndexError(
                    f"region {regions} is asked for and {self.path} has {len(self)}."
                )
            regions = slice(index, index + 1)
        start, stop, step = regions.indices(len(self))
        if step != 1:
            raise ValueError(f"`regions` has step {step}: 1 is required.")
        ends = np.cumsum(self._groups)
        begins = ends - self._groups
        wanted = np.flatnonzero((ends > start) & (begins < stop)).tolist()
        first = int(begins[wanted[0]]) if wanted else 0
        with reading_regions(self.path), open_parquet(self.path) as file:
            table = file.read_row_groups(wanted)
        return self._regions(table.slice(start - first, max(0, stop - start)))

    def batches(self, regions: int = ROW_GROUP) -> Iterator[Kind]:
        """All regions in their order, at most so many at a time.

        Raises:
            FileFormatError: If the file is damaged.
            ValueError: If `regions` is no positive number.
        """
        if regions < 1:
            raise ValueError(f"`regions` is {regions}: 1 or more is required.")
        return (self._regions(table) for table in self._tables(None, regions))

    def changes(self) -> tuple[str, ...]:
        """What differs from the digests of the file; nothing if it is as written.

        Reads the file twice, in batches.
        """
        patterns, witnesses = hashlib.sha256(), hashlib.sha256()
        for batch in self.batches():
            patterns.update(batch.patterns.data)
            points = np.ascontiguousarray(batch.coordinates, "<f8")
            witnesses.update(points.data)
        # The digest is of one JSON list, which is long.
        mark = "["
        for table in self._tables(["exact_witness"], ROW_GROUP):
            entries = json.dumps(read_exact_text(table, self._max_bytes))[1:-1]
            witnesses.update(f"{mark}{entries}".encode())
            mark = ", "
        witnesses.update(b"]" if mark != "[" else b"[]")
        with reading_regions(self.path):
            found = {
                **digests_of_parts(self._header, self.network, self.domain),
                "patterns": patterns.hexdigest(),
                "witnesses": witnesses.hexdigest(),
            }
            sizes = (len(self), self.network.num_bits, self.domain.dim)
            return describe_changes(self._header, found, sizes)

    def _tables(self, columns: list[str] | None, regions: int) -> Iterator[pa.Table]:
        """Some columns, at most so many rows at a time."""
        with reading_regions(self.path), open_parquet(self.path) as file:
            # Asked for all row groups at once, Arrow keeps what it has read.
            for group in range(len(self._groups)):
                table = file.read_row_group(group, columns=columns)
                for start in range(0, len(table), regions):
                    yield table.slice(start, regions)

    def _regions(self, table: pa.Table) -> Kind:
        """Rows as a region set."""
        with reading_regions(self.path):
            exact = read_exact_text(table, self._max_bytes)
            return self._kind(
                self.network,
                self.domain,
                read_patterns(table, self.network.num_bits),
                read_coordinates(table, self.domain.dim),
                complete=False,
                method=self.method,
                seconds=self.seconds,
                stats=self.stats,
                exact_witnesses=read_exact(exact, self.domain.dim),
            )
