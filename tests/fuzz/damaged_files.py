"""Damaged and hostile files for every reader: a value, or a refusal of one line.

`make fuzz` tries 2,000 for each kind: none may end in another exception, take more
than five seconds of processor time, or more than three times the memory that
`max_bytes` allows; counts that are gone on with must be right. The test suite draws a
few of the same.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator

from experiments.running.common import RunFolderError
from regions.errors import FileFormatError, ImportNotice
from tests.fuzz.damage import damaged
from tests.fuzz.samples import MAX_BYTES, SAMPLES, Sample

SECONDS = 5
_PATIENCE = 60
"""Seconds by the clock, which other work on the machine may take."""

_NOISE = 8 * 2**20
"""Memory that comes and goes without anything being read."""


class _HangError(BaseException):
    """Raised after too many seconds by the clock."""


def outcome(sample: Sample, path: pathlib.Path, twice: bool) -> str:
    """`ok`, `refused`, or what is wrong with how a file was refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportNotice)
            sample.read(path, twice)
    except (FileFormatError, RunFolderError, OSError) as error:
        return _judge(str(error))
    except ValueError as error:
        # Values that are no damage are refused by their name, or with the file's.
        named = str(error).startswith("`") or path.name in str(error)
        return _judge(str(error)) if named else f"ValueError {error}"
    except (Exception, _HangError) as error:  # noqa: BLE001  (to be reported)
        return f"{type(error).__name__} {error}"
    return "ok"


def _judge(message: str) -> str:
    """`refused`, if a message is one line of bounded length."""
    if "\n" in message or not 10 < len(message) < 2000:
        return f"a message of {len(message)} characters or of several lines: {message}"
    return "refused"


def contents(path: pathlib.Path) -> dict[str, bytes]:
    """What a file holds, or each file of a folder, by its place."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {
        file.relative_to(path.parent).as_posix(): file.read_bytes()
        for file in files
        if file.is_file()
    }


def placed(
    sample: Sample, folder: pathlib.Path, seed: int, count: int
) -> Iterator[tuple[pathlib.Path, str]]:
    """Damaged files, or folders with one, each put in place in turn.

    Yields:
        Where it lies, and the file that is damaged.
    """
    path = folder / sample.name
    sample.write(path)
    whole = contents(path)
    for name, content in damaged(whole, seed, sample.name, count):
        if path.is_dir():
            shutil.rmtree(path)
        for other, data in {**whole, name: content}.items():
            (folder / other).parent.mkdir(parents=True, exist_ok=True)
            (folder / other).write_bytes(data)
        yield path, name


def _stop(signum: int, frame: object) -> None:
    raise _HangError(f"after {_PATIENCE} s")


def _peak() -> int:
    """Most memory since `_forget_peak`, in bytes (Linux)."""
    text = pathlib.Path("/proc/self/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", text)
    return 1024 * int(match[1]) if match else 0


def _forget_peak() -> int:
    """Begin to measure anew; the memory now."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def fuzz(name: str, count: int, seed: int, folder: pathlib.Path) -> dict[str, int]:
    """Try one kind; what fails is reported, and kept beside `folder`."""
    sample = SAMPLES[name]
    found: dict[str, int] = {}
    signal.signal(signal.SIGALRM, _stop)
    whole = folder / "whole"
    whole.mkdir()
    sample.write(whole / sample.name)
    for twice in (True, False):  # loads what is loaded once
        assert outcome(sample, whole / sample.name, twice) == "ok"
    slowest, largest = 0.0, 0
    for turn, (path, changed) in enumerate(placed(sample, folder, seed, count)):
        data = (folder / changed).read_bytes()
        before, start = _forget_peak(), sum(os.times()[:4])
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
        result = outcome(sample, path, turn % 4 == 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        seconds, used = sum(os.times()[:4]) - start, _peak() - before
        slowest, largest = max(slowest, seconds), max(largest, used)
        if used > 3 * MAX_BYTES + _NOISE:
            result = f"took {used >> 20} MiB"
        if seconds > SECONDS:
            result = f"took {seconds:.1f} s"
        if result not in ("ok", "refused"):
            kept = folder.parent / f"{name}-{turn}-{changed.replace('/', '-')}"
            kept.write_bytes(data)
            sys.stdout.write(f"{name} {turn} ({changed}): {result[:300]}\n")
            result = "FAILED"
        found[result] = found.get(result, 0) + 1
    sys.stdout.write(
        f"{name}: {found}, slowest {slowest:.2f} s, largest {largest >> 20} MiB\n"
    )
    return found


def main() -> int:
    """Each kind in a process of its own, so that a crash is one more finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(SAMPLES)}")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--here", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here is not None:
        (name,) = options.kinds
        found = fuzz(name, options.count, options.seed, options.here)
        return int("FAILED" in found)
    failed, begin = 0, time.perf_counter()
    # Code that is loaded midway would count as memory that a file takes.
    environment = os.environ | {"RELU_REGIONS_COMPILED": "off"}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-"))
    for name in options.kinds or SAMPLES:
        own = folder / name
        own.mkdir()
        command = [sys.executable, "-m", "tests.fuzz.damaged_files", name]
        command += ["--count", str(options.count), "--seed", str(options.seed)]
        command += ["--here", str(own)]
        code = subprocess.run(command, env=environment, check=False).returncode
        if code not in (0, 1):
            sys.stdout.write(f"{name}: ended with {code}; see {own}\n")
        else:
            shutil.rmtree(own)
        failed += bool(code)
    kept = f"; what failed lies in {folder}" if failed else ""
    if not failed:
        folder.rmdir()
    seconds = time.perf_counter() - begin
    sys.stdout.write(f"{failed} kinds failed, {seconds:.0f} s{kept}\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
