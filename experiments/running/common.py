"""Run folders: who owns one, what is in it, and when it is finished."""

import contextlib
import dataclasses
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from experiments.running.freshness import code_digests
from regions.files.writing import LOCK, locked_folder, write_text

PACKAGES = ("relu-regions", "cvxpy", "flax", "jax", "numpy", "optax", "scipy")
"""Whose versions `provenance.json` names."""


class Clock:
    """Wall time of each stage of a run.

    Attributes:
        seconds: By the names given to `lap`.
    """

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a stage; one of a name that was there is added to it."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


State = Literal["new", "unfinished", "finished"]


FINISHED = "the folder of a finished run"
"""What a folder should be whose result is shown."""

AGAIN = "run again with --force"
"""What to do about a damaged run folder."""


class RunFolderError(Exception):
    """A run folder belongs to another run; the message says what to do."""


def _plain(value: Any) -> Any:
    """A JSON form of numpy's scalars and arrays."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form: convert it first.")


def to_json(data: Any) -> str:
    """`data` as JSON text; NaN and infinities are refused, as JSON has none."""
    return json.dumps(data, default=_plain, indent=2, allow_nan=False) + "\n"


def write_json(path: str | pathlib.Path, data: Any) -> None:
    """Write `data` as JSON, whole or not at all."""
    write_text(path, to_json(data))


def read_json(path: str | pathlib.Path) -> Any:
    """What `write_json` wrote.

    Raises:
        RunFolderError: If the file is not JSON; it names the file.
    """
    path = pathlib.Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} is not JSON ({error}): {AGAIN}.") from error


def read_record(path: str | pathlib.Path) -> dict[str, Any]:
    """What `write_json` wrote of names and values.

    Raises:
        RunFolderError: If the file is not JSON, or holds something else.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise RunFolderError(
            f"{path} holds no names and values but a {type(data).__name__}: {AGAIN}."
        )
    return data


def config_to_dict(config: Any) -> dict[str, Any]:
    """A configuration as JSON would give it back."""
    return json.loads(to_json(dataclasses.asdict(config)))


def open_run(
    folder: str | pathlib.Path,
    name: str,
    config: Any,
    *,
    force: bool = False,
    grows: tuple[str, ...] = (),
) -> State:
    """Take a folder for one run of one configuration.

    Args:
        folder: Made when missing.
        name: Name of the experiment.
        config: A dataclass that identifies the run; kept in `config.json`, with the
            digests of the code that began it.
        force: Take the folder even if it holds another run or a finished one, and
            remove the files of that run.
        grows: Entries in which the configuration may differ from that of the run in
            the folder, which then goes on as this one.

    Returns:
        `new`; `unfinished` if the same configuration was begun here and can go on;
        `finished` if it was run here to the end and can be reused.

    Raises:
        RunFolderError: If the folder holds another configuration, or files that are
            no run, and `force` is off; with `force`, only for files that are no run.
    """
    folder = pathlib.Path(folder)
    wanted = {"experiment": name, "config": config_to_dict(config)}
    _refuse_file(folder)
    has_config = (folder / "config.json").is_file()
    if folder.exists() and not has_config and any(_entries(folder)):
        raise RunFolderError(
            f"{folder} has files but no config.json, so it is not a run: choose "
            "another --folder."
        )
    if has_config and force:
        _clear(folder)
    elif has_config:
        kept = read_record(folder / "config.json")
        # A run may go on after an edit of the code; its record names the old one.
        if {key: kept.get(key) for key in wanted} == wanted:
            return "finished" if (folder / "summary.json").is_file() else "unfinished"
        if not _is_grown(kept, wanted, grows):
            raise RunFolderError(
                f"{folder} holds a run of another configuration: choose another "
                "--folder, or replace the run with --force."
            )
        # The summary of less goes first: without it the run is unfinished.
        (folder / "summary.json").unlink(missing_ok=True)
        write_json(folder / "config.json", kept | wanted)
        return "unfinished"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", wanted | {"code": code_digests(name)})
    return "new"


def _is_grown(
    kept: dict[str, Any], wanted: dict[str, Any], grows: tuple[str, ...]
) -> bool:
    """Whether a run differs from another in some entries of its configuration alone."""
    entries = kept.get("config")
    if not isinstance(entries, dict) or kept.get("experiment") != wanted["experiment"]:
        return False
    return entries | {key: wanted["config"][key] for key in grows} == wanted["config"]


@contextlib.contextmanager
def own_folder(folder: str | pathlib.Path) -> Iterator[None]:
    """Have a run folder for oneself; it is made when missing.

    Raises:
        BlockingIOError: If another run is going on in it.
        RunFolderError: If it is a file.
    """
    folder = pathlib.Path(folder)
    _refuse_file(folder)
    with locked_folder(folder):
        yield


def _refuse_file(folder: pathlib.Path) -> None:
    """Raise if a folder is none."""
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file: choose another --folder.")


def _clear(folder: pathlib.Path) -> None:
    """Remove the files of a run, `config.json` last: until then it stays a run."""
    # Last, so that a removal that is cut short can be repeated.
    entries = sorted(_entries(folder), key=lambda entry: entry.name == "config.json")
    for entry in entries:
        _remove(entry)


def _entries(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """What is in a folder, but for the file that may keep others out."""
    return (entry for entry in folder.iterdir() if entry.name != LOCK)


def _remove(path: pathlib.Path) -> None:
    """Remove a file or a folder; of a link, the link alone."""
    if path.is_dir() and not path.is_symlink():
        for entry in path.iterdir():
            _remove(entry)
        path.rmdir()
    else:
        path.unlink()


def write_provenance(
    folder: str | pathlib.Path, *, seed: int, seconds: dict[str, float]
) -> None:
    """Write `provenance.json`: where, when, by which code, and the times in seconds.

    The CPU time is that of this process and its children so far, all cores added up.
    The load is that of the machine in the last minutes, in programs that want to run
    for each processor: above one others took part in it. The times in an earlier
    `provenance.json`, of the same run whose summary is made anew, are added.
    """
    path = pathlib.Path(folder) / "provenance.json"
    earlier = read_record(path) if path.is_file() else {}
    past = earlier.get("seconds", {})
    seconds = past | {name: past.get(name, 0.0) + s for name, s in seconds.items()}
    cpu_seconds = earlier.get("cpu_seconds", 0.0) + sum(os.times()[:4])
    commit, dirty = _git_commit()
    data = {
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "processor": _processor(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit,
        "uncommitted_changes": dirty,
        "seed": seed,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "cpu_seconds": round(cpu_seconds, 1),
        "load": max(earlier.get("load", 0.0), _load()),
    }
    write_json(path, data)


def mark_resumed(folder: str | pathlib.Path) -> None:
    """Note in `provenance.json` that its times leave out what an interruption cost."""
    path = pathlib.Path(folder) / "provenance.json"
    write_json(path, read_record(path) | {"resumed": True})


def _load() -> float:
    """Programs that wanted to run in the last five minutes, for each processor."""
    return round(os.getloadavg()[1] / (os.cpu_count() or 1), 2)


def _processor() -> str:
    """What the processor calls itself: float32 training depends on it."""
    info = pathlib.Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git_commit() -> tuple[str | None, bool | None]:
    """Commit of this checkout and whether files differ from it; `None` without git."""
    root = pathlib.Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None, None
    try:
        commit, changes = (
            subprocess.run(
                ["git", "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
            ).stdout.strip()
            for arguments in (
                ["rev-parse", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no"],
            )
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit, bool(changes)
