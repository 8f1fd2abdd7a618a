"""The loop over cells, compiled: the same functions, one by one."""

import contextlib
import functools
import hashlib
import inspect
import os
import pathlib
from collections.abc import Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numba
from llvmlite import ir
from numba.core import config
from numba.extending import intrinsic

from regions.enumeration.cells import (
    space_forms,
    space_kernel,
    space_positions,
)

MODULES = (space_forms, space_positions, space_kernel)
ENTRIES = ("advance", "remember")
"""What the interpreter calls; all else becomes a part of these."""
REORDER = {"reassoc", "contract"}
"""Freedoms for sums whose error bounds hold in any order; NaN and infinities stay."""


def _popcount(typingctx: Any, word: Any) -> Any:
    """How many bits of a word are set."""
    del typingctx

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.ctpop(arguments[0])

    return numba.types.int64(numba.types.int64), build


def _lowest_bit(typingctx: Any, word: Any) -> Any:
    """Position of the lowest bit of a word that is set."""
    del typingctx

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return numba.types.int64(numba.types.int64), build


@functools.cache
def load() -> SimpleNamespace:
    """Compiled forms of what the interpreter calls, under the same names."""
    known: dict[str, Any] = {
        "popcount": intrinsic(_popcount),
        "lowest_bit": intrinsic(_lowest_bit),
    }
    with _kept_in(code_folder()):
        for module in MODULES:
            known |= _compile(module, known)
    return SimpleNamespace(**{name: known[name] for name in ENTRIES})


def _compile(module: ModuleType, known: dict[str, Any]) -> dict[str, Any]:
    """All functions of a module, which call one another and what is known."""
    names: dict[str, Any] = dict(vars(module)) | {
        name: value for name, value in known.items() if name in vars(module)
    }
    made = {}
    for name, function in list(vars(module).items()):
        if not isinstance(function, FunctionType):
            continue
        plain = inspect.unwrap(function)
        if plain.__module__ != module.__name__:
            continue
        copy = FunctionType(plain.__code__, names, name, plain.__defaults__)
        copy.__module__, copy.__qualname__ = plain.__module__, plain.__qualname__
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
        entry = name in ENTRIES
        compiled = numba.njit(
            copy, cache=entry, fastmath=REORDER, forceinline=not entry, **options
        )
        made[name] = compiled
    names.update(made)
    return made


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


@contextlib.contextmanager
def _kept_in(folder: pathlib.Path) -> Iterator[None]:
    """What is declared inside keeps its machine code in a folder, if it can."""
    settings: Any = config
    names = ("CACHE_DIR", "CACHE_LOCATOR_CLASSES")
    before = {name: getattr(settings, name, "") for name in names}
    settings.CACHE_DIR = str(folder)
    settings.CACHE_LOCATOR_CLASSES = "UserProvidedCacheLocator"
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
