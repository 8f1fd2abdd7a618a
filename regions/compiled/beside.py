"""Making compiled code ready beside the work that will want it.

Code on the disk is loaded by a thread. Compiling keeps the interpreter busy, which the
work needs too: another process does it, and leaves the code on the disk, where this run
finds it, or the next one.
"""

import contextlib
import importlib
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

from regions.compiled import SWITCH
from regions.compiled.cache import code_folder, is_writable, note_whole

PATIENCE = 300.0
"""Seconds after which a process that compiles is believed to be dead."""
START_SECONDS = 5.0
"""How long it may take from its start until it compiles."""
_NICE = 10
"""How far that process stands behind the work."""
_LOCK = "compiling"
"""Name of the file that says that a process compiles the package."""


def load_beside(load: Callable[[], None]) -> None:
    """Run `load` in a thread."""
    threading.Thread(target=load, name="load compiled code").start()


def compile_beside(package: str, exercise: str) -> bool:
    """Compile a package in another process; False where that cannot be done.

    The process goes on when this one ends: what it compiles serves the next.
    """
    if not sys.executable or not is_writable(package):
        return False
    root = pathlib.Path(__file__).parents[2]
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, package, exercise],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    # Nobody waits for it: without this, Python warns that it still runs.
    child.returncode = 0
    return True


def is_compiling(package: str) -> bool:
    """Whether a process says that it compiles a package."""
    folder = code_folder(package)
    return folder is not None and _is_held(folder / _LOCK)


def _is_held(lock: pathlib.Path) -> bool:
    """Whether there is a lock, of a process that may still be alive."""
    try:
        return time.time() - lock.stat().st_mtime < PATIENCE
    except OSError:
        return False


@contextlib.contextmanager
def _only_one(package: str) -> Iterator[bool]:
    """Whether no other process compiles this package, for as long as this lasts."""
    folder = code_folder(package)
    assert folder is not None
    lock = folder / _LOCK
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_held(lock):
            lock.unlink()
    try:
        lock.touch(exist_ok=False)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        lock.unlink(missing_ok=True)


def run_exercise(exercise: str) -> None:
    """Call a function named as `module:function`."""
    module, _, name = exercise.partition(":")
    getattr(importlib.import_module(module), name)()


def compile_whole(package: str, exercise: str) -> None:
    """Compile all functions of a package, unless another process does it."""
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = "on"
    try:
        with _only_one(package) as alone:
            if alone:
                run_exercise(exercise)
                note_whole(package)
    finally:
        del os.environ[SWITCH]
        if before is not None:
            os.environ[SWITCH] = before


def main(package: str, exercise: str) -> None:
    """The same in a process of its own, which stands behind the work."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    compile_whole(package, exercise)


if __name__ == "__main__":
    main(*sys.argv[1:])
