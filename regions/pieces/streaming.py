"""Enumerations larger than memory: a folder of Parquet files, some cells in each.

The first cuts of the domain are made until no cell has more regions than a file may
hold (`plan_files` counts them). The regions of some cells are written as one complete
file, so a folder can be read, and its files verified, while it is half done; a killed
run goes on with the files that are missing.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.cells.engine import refusal
from regions.enumeration.cells.walks import AnyTask, listed, listing_task, walk_to
from regions.enumeration.tree.journal import fingerprint
from regions.errors import FileFormatError, LimitError
from regions.errors.limits import never, telling
from regions.files.reading import reading
from regions.files.writing import LOCK, locked_folder, remove_left, write_text
from regions.network import ReluNetwork
from regions.pieces.cell_parts import CountedCell, OtherCellError, plan_files
from regions.results.region_files import save_regions
from regions.results.region_set import RegionSet

Progress = Callable[[int, int], None]
VERSION = 3
PIECE_REGIONS = 100_000
"""Regions in a file, at most: some megabytes."""
PLAN, MANIFEST = "_plan.json", "_manifest.json"
"""Parquet readers pass over names that begin with an underscore."""

_ADVICE = "enumerate again, into another folder"


def enumerate_to_parquet(
    network: ReluNetwork,
    domain: Domain,
    folder: str | os.PathLike[str],
    *,
    piece_regions: int = PIECE_REGIONS,
    stop: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> "RegionFolder":
    """Write all activation regions to a folder of Parquet files, in bounded memory.

    Args:
        network: The network.
        domain: A bounded domain of two to six dimensions.
        folder: Made when missing. A run that was killed or interrupted goes on here
            when it is called again, and keeps to the files of its first run.
        piece_regions: Regions per file, at most; it bounds the memory.
        stop: Called often, from any thread: says whether to stop.
        progress: Called with (done, total), in regions.

    Returns:
        The folder, complete unless it was stopped.

    Raises:
        ValueError: If cells do not serve, or the domain does not fit the network.
        FileFormatError: If the folder holds something else.
        LimitError: If it was stopped while it counted, which comes before the files.
        BlockingIOError: If another run writes the folder.
        OSError: If a file can not be written; the files written so far stay.
    """
    if piece_regions < 1:
        raise ValueError(f"`piece_regions` is {piece_regions}: at least 1 is required.")
    domain.restrict(network)
    reason = refusal(network, domain)
    if reason is not None:
        raise ValueError(f"a list in files {reason}")
    assert not isinstance(domain, WholeSpace)
    problem, target = Problem(network, domain), pathlib.Path(folder)
    if target.exists() and not target.is_dir():
        raise FileFormatError(f"{target} is a file: give a folder.")
    with _writing(target / PLAN):
        target.mkdir(parents=True, exist_ok=True)
    with locked_folder(target):
        try:
            asked = Budget(stop=stop).spent
            return _write_files(problem, target, piece_regions, asked, progress)
        except StoppedError:
            if not (target / PLAN).is_file():
                raise LimitError(
                    "it was stopped while the regions were counted, before the first "
                    "file of them: give it more time."
                ) from None
            return RegionFolder(target)


class Problem(NamedTuple):
    """What is listed."""

    network: ReluNetwork
    domain: BoundedDomain

    def digest(self) -> str:
        """A digest of network and domain."""
        return fingerprint(self.network, self.domain)


def _write_files(
    problem: Problem,
    target: pathlib.Path,
    piece_regions: int,
    stop: Callable[[], bool],
    progress: Progress | None,
) -> "RegionFolder":
    """Write the files that are missing in a folder that is this run's own."""
    files = _open_plan(problem, target, piece_regions, stop)
    remove_left(target)
    total = sum(cell.regions for cells in files for cell in cells)
    task: AnyTask | None = None
    done = 0
    for index, cells in enumerate(files):
        path, number = target / _file_name(index), sum(cell.regions for cell in cells)
        if path.is_file():
            _check_file(problem, path, number)
        else:
            if stop():
                raise StoppedError
            if task is None and problem.network.hidden:
                task = listing_task(*problem)
            found = _list_cells(problem, task, cells, stop)
            with _writing(path):
                save_regions(path, found)
        done += number
        if progress is not None:
            progress(done, total)
    return _finish(target, len(files))


def _check_file(problem: Problem, path: pathlib.Path, number: int) -> None:
    """Raise unless a file of an earlier run is as it was written, and of this count.

    Raises:
        FileFormatError: If it is not.
    """
    found = RegionSet.load(path)
    own = problem.digest()
    if fingerprint(found.network, found.domain) != own or len(found) != number:
        raise FileFormatError(
            f"{path} belongs to another network or domain: remove it, and enumerate "
            "again."
        )


def _list_cells(
    problem: Problem,
    task: AnyTask | None,
    cells: list[CountedCell],
    stop: Callable[[], bool],
) -> RegionSet:
    """The regions of some cells.

    Raises:
        StoppedError: If it was asked to stop.
        OtherCellError: If they are not those that were counted.
    """
    if task is None:
        return enumerate_regions(*problem)
    begin = time.perf_counter()
    patterns, points = list[np.ndarray](), list[np.ndarray]()
    exact: dict[int, tuple[Fraction, ...]] = {}
    first = 0
    for number, cell in enumerate(cells):
        walk = walk_to(task, cell.sides)
        if walk.digest() != cell.digest:
            raise OtherCellError(number)
        found = listed(task, walk, stop)
        if not found.complete:
            raise StoppedError
        if len(found.patterns) != cell.regions:
            raise OtherCellError(number)
        patterns.append(found.patterns)
        points.append(found.coordinates)
        exact |= {first + k: point for k, point in found.exact_witnesses.items()}
        first += cell.regions
    return RegionSet(
        *problem,
        np.concatenate(patterns),
        np.concatenate(points),
        complete=False,
        method="cells",
        seconds=time.perf_counter() - begin,
        stats={"cells": len(cells)},
        exact_witnesses=exact,
    )


def _file_name(index: int) -> str:
    """Name of one part."""
    return f"part-{index:06d}.parquet"


def _open_plan(
    problem: Problem,
    target: pathlib.Path,
    piece_regions: int,
    stop: Callable[[], bool],
) -> list[list[CountedCell]]:
    """The cells of each file, as the folder was begun with, or new ones.

    Raises:
        StoppedError: If it was asked to stop.
    """
    path = target / PLAN
    if path.is_file():
        plan = _read_json(path)
        if plan.get("problem") != problem.digest():
            raise FileFormatError(
                f"{target} holds the regions of another network or domain: give "
                "another folder."
            )
        with reading(path, "a plan", _ADVICE):
            return [[_cell(cell) for cell in cells] for cells in plan["files"]]
    if any(file.name != LOCK for file in target.iterdir()):
        raise FileFormatError(
            f"{target} has files but no {PLAN}: give an empty or a new folder."
        )
    files = plan_files(*problem, piece_regions, stop)
    _write_json(path, {"version": VERSION, "problem": problem.digest(), "files": files})
    return files


def _cell(data: list[Any]) -> CountedCell:
    """A cell from its JSON form."""
    sides, digest, regions = data
    return CountedCell(tuple(map(int, sides)), str(digest), int(regions))


def _finish(target: pathlib.Path, count: int) -> "RegionFolder":
    """Write the manifest, with a digest of every file, and open the folder."""
    files = {}
    for index in range(count):
        path = target / _file_name(index)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files[path.name] = {"regions": _num_rows(path), "sha256": digest}
    manifest = {
        "version": VERSION,
        "regions": sum(entry["regions"] for entry in files.values()),
        "files": files,
    }
    _write_json(target / MANIFEST, manifest)
    return RegionFolder(target)


class RegionFolder:
    """Regions in a folder of Parquet files, read one file at a time.

    Attributes:
        path: The folder.
        files: Its files of regions, in order; each is one for `RegionSet.load`.
        complete: Whether the enumeration was finished and no region is missing.

    Raises:
        FileFormatError: If the folder holds no regions, or a file was lost since.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path)
        if not (self.path / PLAN).is_file():
            raise FileFormatError(
                f"{self.path} holds no regions: give a folder that "
                "`enumerate_to_parquet` wrote."
            )
        self.files = sorted(self.path.glob("part-*.parquet"))
        self.complete = (self.path / MANIFEST).is_file()
        self._digests: dict[str, str] = {}
        if self.complete:
            manifest = _read_json(self.path / MANIFEST)
            names = {file.name for file in self.files}
            with reading(self.path / MANIFEST, "a file of this folder", _ADVICE):
                files = manifest["files"]
                self._digests = {name: files[name]["sha256"] for name in files}
            lost = sorted(set(self._digests) - names)
            if lost:
                raise FileFormatError(
                    f"{self.path / lost[0]} is missing: remove {MANIFEST} and "
                    "enumerate again, which writes what is missing."
                )

    def __len__(self) -> int:
        return sum(map(_num_rows, self.files))

    def __repr__(self) -> str:
        found = "complete" if self.complete else "not complete"
        what = f"{len(self)} region{'s' * (len(self) != 1)}"
        files = f"{len(self.files)} file{'s' * (len(self.files) != 1)}"
        return f"RegionFolder({what}, {files}, {found})"

    def batches(self) -> Iterator[RegionSet]:
        """The regions, file by file, each checked against its digests.

        Raises:
            FileFormatError: If a file was altered.
        """
        for file in self.files:
            yield RegionSet.load(file)

    def patterns(self) -> Iterator[np.ndarray]:
        """Packed patterns, file by file."""
        for batch in self.batches():
            yield batch.patterns

    def verify(
        self,
        *,
        exact: bool = False,
        network: ReluNetwork | None = None,
        progress: Progress | None = None,
    ) -> list[str]:
        """What is wrong with the files, one line each; nothing if all is well.

        Every file is compared with the manifest, and every region of it checked with
        `regions.verify`, one file in memory at a time. Nothing is said of regions that
        are missing, or in two files.

        Args:
            exact: Prove every statement in exact arithmetic; float64 otherwise.
            network: If given, the regions must belong to this network.
            progress: Called with (done, total), in files.

        Raises:
            LimitError: If a limit of the block around falls, with the problems found.
        """
        done, problems = 0, list[str]()

        def said() -> str:
            bad = f", with {len(problems)} problems" if problems else ""
            return f"{done} of {len(self.files)} files are verified{bad}"

        with telling(said, lambda: problems):
            for done, file in enumerate(self.files):
                if progress is not None:
                    progress(done, len(self.files))
                written = self._digests.get(file.name)
                problems += _verify_file(file, written, exact, network)
        return problems


def _verify_file(
    file: pathlib.Path, written: str | None, exact: bool, network: ReluNetwork | None
) -> list[str]:
    """What is wrong with one file.

    Raises:
        LimitError: If a limit of the block around falls before that is known.
    """
    from regions.certificates import verify

    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if written is not None and written != digest:
        return [f"{file.name} was changed since it was written"]
    report = verify(file, exact=exact, network=network)
    if report.stopped is not None:
        raise LimitError(report.stopped)
    return [f"{file.name}: {line}" for line in report.failures]


def _num_rows(path: pathlib.Path) -> int:
    """Regions in one file, from its footer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        reading(
            path,
            "a file of regions",
            "remove it and enumerate again",
            pa.ArrowException,
        ),
        path.open("rb") as file,
    ):
        return pq.read_metadata(file).num_rows


def _read_json(path: pathlib.Path) -> Any:
    """A JSON file of this version, as it was written."""
    with reading(path, "a file of this folder", _ADVICE):
        data = json.loads(path.read_text(encoding="utf-8"))
        version = data["version"]
        if version != VERSION:
            raise FileFormatError(
                f"{path} has version {version!r}; {VERSION} is required: enumerate "
                "again, into another folder."
            )
        if data.pop("sha256") != _digest(data):
            raise ValueError("it was changed since it was written")
    return data


def _digest(data: dict[str, Any]) -> str:
    """SHA-256 of a JSON file's content, but for the digest itself."""
    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def _writing(path: pathlib.Path) -> Iterator[None]:
    """Say of a file that can not be written what is kept, and what to do."""
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno,
            f"{os.strerror(error.errno or 0)} while writing the regions; the files "
            "written before are kept: make room, or give another folder, and then the "
            "same command again",
            str(path),
        ) from error


def _write_json(path: pathlib.Path, data: dict[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    with _writing(path):
        text = json.dumps({**data, "sha256": _digest(data)})
        write_text(path, text)
