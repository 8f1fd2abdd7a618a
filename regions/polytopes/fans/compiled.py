"""The loops of `kernel`, compiled: the very same code."""

import inspect
import types
from collections.abc import Callable
from typing import Any

from regions.compiled import jit
from regions.polytopes.fans import kernel

IN_ORDER = (
    "_rows",
    "_within",
    "_facets",
    "_determinant",
    "_add",
    "_integrate",
    "measure",
    "local_words",
)
"""Functions, callees first."""
INLINED = ("_within", "_determinant", "_add", "_integrate")

_loop: Callable[..., Any] = kernel.measure
_borrowed: Callable[[Any], Any] = tuple
"""Names for the compiler, which puts others in their place."""


def _measure(polytopes: Any, functions: Any, order: Any, room: Any, found: Any) -> None:
    """The loop on arrays without owners: references to them are not counted."""
    end, x, reach, zeros = _borrowed(polytopes)
    value, doubt = _borrowed(functions)
    volume, off, total, wide = _borrowed(found)
    _loop(
        (end, x, reach, zeros),
        (value, doubt),
        order,
        _borrowed(room),
        (volume, off, total, wide),
    )


def _compile_all() -> dict[str, Callable[..., Any]]:
    """The functions, each with copies of its callees that are compiled."""
    made: dict[str, Callable[..., Any]] = {}
    for name in IN_ORDER:
        plain = inspect.unwrap(vars(kernel)[name])
        scope = {**vars(kernel), **made}
        twin = types.FunctionType(plain.__code__, scope, name)
        twin.__qualname__, twin.__module__ = name, kernel.__name__
        inlined = {"forceinline": True} if name in INLINED else {}
        made[name] = jit.compile_with(twin, **inlined)
    scope = {"_loop": made["measure"], "_borrowed": jit.borrowed}
    entry = types.FunctionType(inspect.unwrap(_measure).__code__, scope, "entry")
    entry.__qualname__, entry.__module__ = "entry", kernel.__name__
    return {**made, "measure": jit.compile_with(entry)}


_made = _compile_all()
measure, local_words = _made["measure"], _made["local_words"]
