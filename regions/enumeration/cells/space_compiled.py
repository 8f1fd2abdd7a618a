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
COLD = ("_solve", "_decide", "_is_edge", "_open_sign")
"""What is called so seldom that a copy in every place is not worth its size."""
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


def _borrowed(typingctx: Any, arrays: Any) -> Any:
    """The same arrays without reference counts, which would be kept at every use."""
    del typingctx

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        views = []
        for place, kind in enumerate(signature.args[0]):
            item = builder.extract_value(arguments[0], place)
            view = context.make_array(kind)(context, builder, item)
            view.meminfo = ir.Constant(view.meminfo.type, None)
            views.append(view._getvalue())
        return context.make_tuple(builder, signature.return_type, views)

    return arrays(arrays), build


def advance(net: Any, st: Any, steps: Any, listing: Any) -> Any:
    """Go on with the stack for some steps; returns why it stops."""
    return go_on(borrowed(net), borrowed(st), steps, listing)  # noqa: F821


@functools.cache
def load() -> SimpleNamespace:
    """Compiled forms of what the interpreter calls, under the same names."""
    known: dict[str, Any] = {
        "popcount": intrinsic(_popcount),
        "lowest_bit": intrinsic(_lowest_bit),
    }
    for module in MODULES:
        known |= _compile(module, known)
    scope = {"borrowed": intrinsic(_borrowed), "go_on": known["advance"]}
    with _kept_in(code_folder()):
        return SimpleNamespace(advance=_entry(advance, scope))


def _entry(function: Any, scope: dict[str, Any]) -> Any:
    """What the interpreter calls: all else is a part of it, and kept with it."""
    plain = inspect.unwrap(function)
    copy = FunctionType(plain.__code__, scope, plain.__name__)
    copy.__module__, copy.__qualname__ = __name__, plain.__name__
    return numba.njit(
        copy, cache=True, nogil=True, error_model="numpy", fastmath=REORDER
    )


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
        made[name] = numba.njit(
            copy,
            fastmath=REORDER,
            inline="never" if name in COLD else "always",
            error_model="numpy",
            # Only compiled code calls these.
            no_cpython_wrapper=True,
            no_cfunc_wrapper=True,
        )
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
