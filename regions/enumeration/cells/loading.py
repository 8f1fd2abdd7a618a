"""Which form of the walk runs: compiled, or plain while compiling does not pay."""

import functools
import hashlib
import os
import pathlib
from collections.abc import Callable

from regions.enumeration.cells import plane
from regions.enumeration.sweep import kernels

SOURCES = ("predicates", "loops", "plane", "compiled")
"""The files of which compiled code is made."""
LOAD_SECONDS = 1.0
"""Processor time to import the compiler and read compiled code from its cache."""
COMPILE_SECONDS = 10.0
"""Processor time to compile everything."""


def choose_run() -> tuple[Callable[..., int], bool]:
    """The walk, and whether it is compiled."""
    module = kernels.load_module("regions.enumeration.cells.compiled", _price)
    return (plane.run, False) if module is None else (module.run, True)


@functools.cache
def code_folder() -> pathlib.Path:
    """Where compiled code is kept: a folder for each state of the sources."""
    here = pathlib.Path(__file__).parent
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((here / f"{name}.py").read_bytes())
    base = here / "__pycache__"
    if "NUMBA_CACHE_DIR" in os.environ:
        base = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
    elif not os.access(base if base.is_dir() else here, os.W_OK):
        base = pathlib.Path.home() / ".cache" / "numba"
    return base / f"cells-{digest.hexdigest()[:16]}"


@functools.cache
def _price() -> float:
    """Seconds that loading the compiled form is expected to take."""
    is_there = any(code_folder().glob("**/plane.run-*.nbi"))
    return LOAD_SECONDS if is_there else COMPILE_SECONDS
