"""Machine code on disk: where it is kept, and how it is told from damaged code.

The compiler keeps an index and a data file for each function, and trusts both. Here
each file ends with a digest of itself, and one that is cut short, changed or foreign is
never read: the folder is put aside under another name, and what it held is compiled
again. A folder that cannot be written to costs compiling anew, and nothing else.
"""

import contextlib
import functools
import hashlib
import importlib.util
import logging
import os
import pathlib
import re
import shutil

_IMPORT = re.compile(r"^from (regions[\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)
_CONSTANT = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
_WHOLE = "whole"
"""Name of the file that says that a folder holds all functions of its package."""


class LoadingStoppedError(Exception):
    """The process ends, and a thread that loads code for it ends, too."""


@functools.cache
def code_folder(package: str) -> pathlib.Path | None:
    """Where compiled code is kept: a folder for each state of a package's sources.

    The compiler looks for changes in the file of a function alone, and these functions
    contain those of other files, and constants. Code of other sources must never be
    mixed with it. None if there is no place for it.
    """
    here = _folder_of(package)
    digest = hashlib.sha256()
    for path in sorted(_sources(here)):
        digest.update(path.read_bytes())
    base = _base(here)
    return None if base is None else base / f"kernels-{digest.hexdigest()[:16]}"


def _folder_of(package: str) -> pathlib.Path:
    """The folder of a package's sources."""
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return pathlib.Path(found.origin).parent


def _sources(folder: pathlib.Path) -> set[pathlib.Path]:
    """Files whose text is in the compiled code of a package.

    Those of the package and of the compiler's settings, and those that constants come
    from: a constant is compiled as the number that it is.
    """
    found: set[pathlib.Path] = set()
    left = {*folder.glob("*.py"), *pathlib.Path(__file__).parent.glob("*.py")}
    while left:
        path = left.pop()
        found.add(path)
        for module, names in _IMPORT.findall(path.read_text("utf-8")):
            if _CONSTANT.search(names):
                spec = importlib.util.find_spec(module)
                if spec is not None and spec.origin is not None:
                    left |= {pathlib.Path(spec.origin)} - found
    return found


def _base(here: pathlib.Path) -> pathlib.Path | None:
    """The folder of the folders of code."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
    base = here / "__pycache__"
    if os.access(base if base.is_dir() else here, os.W_OK):
        return base
    try:
        return pathlib.Path.home() / ".cache" / "numba"
    except RuntimeError:
        return None


def holds_code(package: str) -> bool:
    """Whether the disk holds compiled code of a whole package."""
    folder = code_folder(package)
    return folder is not None and (folder / _WHOLE).is_file()


def note_whole(package: str) -> None:
    """Say that the disk holds compiled code of a whole package, where it does."""
    folder = code_folder(package)
    if folder is not None and folder.is_dir():
        with contextlib.suppress(OSError):
            (folder / _WHOLE).touch()


def is_writable(package: str) -> bool:
    """Whether compiled code can be kept."""
    folder = code_folder(package)
    if folder is None:
        return False
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder.is_dir() and os.access(folder, os.W_OK)


def put_aside(folder: pathlib.Path, what: pathlib.Path) -> None:
    """Rename a folder with damaged code, in place of the last one with that name."""
    aside = folder.with_name(f"{folder.name}.damaged")
    logging.getLogger(__name__).warning(
        "%s is damaged: it is not read; %s is renamed to %s and made anew.",
        what,
        folder,
        aside.name,
    )
    with contextlib.suppress(OSError):
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
