"""The loop over cells, compiled: the same functions, all in one.

Numba compiles every function that it calls by itself, with all its arguments, and
counts references to arrays at every use. The loop has many small functions and arrays:
they are put into one function before it is compiled, and its arrays are told to have
no owners.
"""

import functools
import inspect
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numba
from llvmlite import ir
from numba.extending import intrinsic

from regions.compiled import jit
from regions.enumeration.cells.space import (
    corner_signs,
    cutting,
    forms,
    hopes,
    kernel,
    positions,
    segments,
    winners,
    zeros,
)

MODULES = (
    forms,
    positions,
    zeros,
    corner_signs,
    cutting,
    segments,
    hopes,
    winners,
    kernel,
)
COLD = (
    "_put_won_out",
    "_solve",
    "decide",
    "divides",
    "is_edge",
    "is_hopeless",
    "is_told",
    "note_errors",
    "open_sign",
    "pass_beaten",
    "presume",
    "slopes_on",
    "take_lone_points",
    "unit_at_corners",
    "winner",
)
"""What is called so seldom that a copy in every place is not worth its size."""


def _popcount(typingctx: Any, word: Any) -> Any:
    """How many bits of a word are set."""
    del typingctx, word

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.ctpop(arguments[0])

    return numba.types.int64(numba.types.int64), build


def _lowest_bit(typingctx: Any, word: Any) -> Any:
    """Position of the lowest bit of a word that is set."""
    del typingctx, word

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return numba.types.int64(numba.types.int64), build


_loop = kernel.advance
_without_owners: Callable[[Any], Any] = tuple
"""Names for the compiler, which puts others in their place."""


def advance(net: Any, st: Any, steps: Any, mode: Any) -> Any:
    """Go on with the stack for some steps; returns why it stops."""
    return _loop(_without_owners(net), _without_owners(st), steps, mode)


@functools.cache
def load() -> Callable[..., int]:
    """The compiled loop."""
    known: dict[str, Any] = {
        "popcount": intrinsic(_popcount),
        "lowest_bit": intrinsic(_lowest_bit),
    }
    for module in MODULES:
        known |= _compile(module, known)
    scope = {"_without_owners": jit.borrowed, "_loop": known["advance"]}
    entry = _copy(inspect.unwrap(advance), scope)
    return jit.compile_with(entry, fastmath=jit.REORDER)


def _compile(module: ModuleType, known: dict[str, Any]) -> dict[str, Any]:
    """All functions of a module, which call one another and what is known."""
    names = {name: known.get(name, value) for name, value in vars(module).items()}
    made = {}
    for name, function in vars(module).items():
        if isinstance(function, FunctionType) and name not in known:
            plain = inspect.unwrap(function)
            if plain.__module__ == module.__name__:
                options: dict[str, Any] = {
                    "inline": "never" if name in COLD else "always",
                    "fastmath": jit.REORDER,
                    "error_model": "numpy",
                    # Only compiled code calls these.
                    "no_cpython_wrapper": True,
                    "no_cfunc_wrapper": True,
                }
                made[name] = numba.njit(_copy(plain, names), **options)
    names.update(made)
    return made


def _copy(plain: FunctionType, names: dict[str, Any]) -> FunctionType:
    """The same code with other global names."""
    copy = FunctionType(plain.__code__, names, plain.__name__)
    copy.__module__, copy.__qualname__ = plain.__module__, plain.__qualname__
    return copy
