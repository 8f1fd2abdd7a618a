"""Enumerations larger than memory: a folder of Parquet files, one per piece.

The domain is cut as for `regions.pieces.count`. Each piece is enumerated by itself and
written as one complete file of regions, so a folder can be read, and its files
verified, while it is half done; a killed run goes on with the pieces that have no file.

A region that lies in several pieces is written with the first. If a piece lies above a
wall, and the region meets that wall, then it also has a part below: so a region is left
out of a piece when it meets a wall that has the piece above it. Regions are compared by
their patterns, which are exact.
"""

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from regions.domains.shapes import Domain
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import StoppedError
from regions.enumeration.tree.journal import fingerprint
from regions.errors import FileFormatError, LimitError
from regions.errors.limits import never, telling
from regions.files.reading import reading
from regions.files.writing import LOCK, locked_folder, remove_left, write_text
from regions.network import ReluNetwork
from regions.pieces.count import PIECE_REGIONS, wall_patterns
from regions.pieces.plan import Face, Part, Problem, plan_parts
from regions.results.region_files import save_regions
from regions.results.region_set import RegionSet
from regions.results.statistics import Stop

Progress = Callable[[int, int], None]
VERSION = 2
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
        domain: A `Box` or a `Slice`.
        folder: Made when missing. A run that was killed or interrupted goes on here
            when it is called again, and keeps to the pieces of its first run.
        piece_regions: Regions per file, about; it bounds the memory.
        stop: Called often, from any thread: says whether to stop.
        progress: Called with (done, total), in estimated regions.

    Returns:
        The folder, complete unless it was stopped.

    Raises:
        ValueError: If the domain is no box or slice, or does not fit the network.
        FileFormatError: If the folder holds something else.
        IncompleteError: If a part takes more memory than there is.
        BlockingIOError: If another run writes the folder.
        OSError: If a file can not be written; the files written so far stay.
    """
    if piece_regions < 1:
        raise ValueError(f"`piece_regions` is {piece_regions}: at least 1 is required.")
    problem, target = Problem.of(network, domain), pathlib.Path(folder)
    if target.exists() and not target.is_dir():
        raise FileFormatError(f"{target} is a file: give a folder.")
    with _writing(target / PLAN):
        target.mkdir(parents=True, exist_ok=True)
    with locked_folder(target):
        return _write_parts(problem, target, piece_regions, stop, progress)


def _write_parts(
    problem: Problem,
    target: pathlib.Path,
    piece_regions: int,
    stop: Callable[[], bool],
    progress: Progress | None,
) -> "RegionFolder":
    """Write the files that are missing in a folder that is this run's own."""
    parts = _open_plan(problem, target, piece_regions)
    remove_left(target)
    walls: dict[Face, set[bytes]] = {}
    total, done = sum(part.work for part in parts), 0.0
    for index, part in enumerate(parts):
        # Walls of boxes that are finished are not needed again.
        walls = {face: walls[face] for face in part.walls if face in walls}
        path = target / _file_name(index)
        if path.is_file():
            _check_part(problem, path)
        else:
            try:
                for face in part.walls:
                    if face not in walls:
                        walls[face] = wall_patterns(problem, face, stop)
                earlier = [walls[face] for face in part.walls]
                found = _list_part(problem, part, earlier, stop)
            except StoppedError:
                return RegionFolder(target)
            with _writing(path):
                save_regions(path, found)
        done += part.work
        if progress is not None:
            progress(round(done), max(1, round(total)))
    return _finish(target, len(parts))


def _check_part(problem: Problem, path: pathlib.Path) -> None:
    """Raise unless a file of an earlier run is as it was written, and of this count.

    Raises:
        FileFormatError: If it is not.
    """
    found = RegionSet.load(path)
    own = fingerprint(problem.network, problem.domain)
    if fingerprint(found.network, found.domain) != own:
        raise FileFormatError(
            f"{path} belongs to another network or domain: remove it, and enumerate "
            "again."
        )


def _list_part(
    problem: Problem,
    part: Part,
    earlier: list[set[bytes]],
    stop: Callable[[], bool],
) -> RegionSet:
    """The regions of one box that belong to no earlier part.

    Raises:
        StoppedError: If it was asked to stop.
        IncompleteError: If memory ran out.
    """
    box = problem.open_piece(part.face)
    found = enumerate_regions(problem.network, box, stop=stop)
    if found.stop is Stop.INTERRUPTED:
        raise StoppedError
    found.require_complete()
    kept = [
        index
        for index, row in enumerate(found.patterns)
        if not any(row.tobytes() in patterns for patterns in earlier)
    ]
    exact = found.exact_witnesses
    return RegionSet(
        problem.network,
        problem.domain,
        found.patterns[kept],
        found.coordinates[kept],
        complete=False,
        method=found.method,
        seconds=found.seconds,
        stats={"lower": part.face.lower, "upper": part.face.upper},
        exact_witnesses={
            new: exact[old] for new, old in enumerate(kept) if old in exact
        },
    )


def _file_name(index: int) -> str:
    """Name of one part."""
    return f"part-{index:06d}.parquet"


def _open_plan(
    problem: Problem, target: pathlib.Path, piece_regions: int
) -> list[Part]:
    """The parts that the folder was begun with, or new ones."""
    digest = fingerprint(problem.network, problem.domain)
    path = target / PLAN
    if path.is_file():
        plan = _read_json(path)
        if plan.get("problem") != digest:
            raise FileFormatError(
                f"{target} holds the regions of another network or domain: give "
                "another folder."
            )
        with reading(path, "a plan", _ADVICE):
            return [
                Part(_face(face), tuple(map(_face, walls)), float(work))
                for face, walls, work in plan["parts"]
            ]
    if any(file.name != LOCK for file in target.iterdir()):
        raise FileFormatError(
            f"{target} has files but no {PLAN}: give an empty or a new folder."
        )
    parts = plan_parts(problem, piece_regions)
    _write_json(path, {"version": VERSION, "problem": digest, "parts": parts})
    return parts


def _face(data: dict[str, list[float]]) -> Face:
    """A face from its JSON form."""
    return Face(tuple(data["lower"]), tuple(data["upper"]))


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
    text = json.dumps(data, default=_plain, sort_keys=True)
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
        text = json.dumps({**data, "sha256": _digest(data)}, default=_plain)
        write_text(path, text)


def _plain(value: Any) -> Any:
    """A face as JSON."""
    assert isinstance(value, Face)
    return {"lower": value.lower, "upper": value.upper}
