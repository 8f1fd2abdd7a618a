"""Which form of the loop runs: compiled, or plain while compiling does not pay."""

import functools
import hashlib
import os
import pathlib
from collections.abc import Callable

from regions.enumeration.cells import space_kernel
from regions.enumeration.sweep import kernels

LOAD_SECONDS = 1.0
"""Processor time to import the compiler and read compiled code from its cache."""
COMPILE_SECONDS = 20.0
"""Processor time to compile everything."""


def choose_advance() -> tuple[Callable[..., int], bool]:
    """The loop, and whether it is compiled."""
    module = kernels.load_module("regions.enumeration.cells.space_compiled", _price)
    if module is None:
        return space_kernel.advance, False
    return module.load(), True


@functools.cache
def code_folder() -> pathlib.Path:
    """Where compiled code is kept: a folder for each state of the sources.

    The compiler looks for changes in the file of a function alone, and these functions
    contain those of other files.
    """
    here = pathlib.Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.glob("space_*.py")):
        digest.update(path.read_bytes())
    base = here / "__pycache__"
    if "NUMBA_CACHE_DIR" in os.environ:
        base = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
    elif not os.access(base if base.is_dir() else here, os.W_OK):
        base = pathlib.Path.home() / ".cache" / "numba"
    return base / f"space-{digest.hexdigest()[:16]}"


@functools.cache
def _price() -> float:
    """Seconds that loading the compiled form is expected to take."""
    is_there = any(code_folder().glob("**/space_compiled.advance-*.nbi"))
    return LOAD_SECONDS if is_there else COMPILE_SECONDS
