"""The walk, compiled: the code of `plane` with the loops of `loops` in it."""

import types
from collections.abc import Callable
from typing import Any

from regions.compiled import jit
from regions.enumeration.cells import loops, plane, predicates

IN_ORDER: tuple[tuple[types.ModuleType, tuple[str, ...]], ...] = (
    (predicates, ("grow", "last_sign", "minor", "add_multiple", "sign_at_meeting")),
    (
        loops,
        (
            "begin_forms",
            "next_source",
            "add_block",
            "all_fit",
            "finish_forms",
            "activate",
            "sign_corners",
            "sign_new_corners",
            "pass_on",
            "pack_bits",
        ),
    ),
    (
        plane,
        ("meet", "form_of", "is_exact", "find_inside", "resolve", "sum_forms", "run"),
    ),
)
"""The functions of each module, callees first."""
INLINED = ("form_of", "is_exact", "sign_new_corners", "pass_on", "sign_corners")


def _two_product(a, b):
    """A product and its rounding error, exactly, by a fused multiplication."""
    product = a * b
    return product, jit.fma(a, b, -product)


def _compile_all() -> dict[str, Any]:
    """The functions of the plain form, compiled, by name.

    Each is given a copy of its module's names in which what it calls is compiled.
    """
    made: dict[str, Any] = {"two_product": _compile(_two_product)}
    for module, names in IN_ORDER:
        for name in names:
            function: types.FunctionType = vars(module)[name]
            scope = {**vars(module), **made}
            twin = types.FunctionType(function.__code__, scope, name)
            twin.__qualname__, twin.__module__ = name, module.__name__
            made[name] = _compile(twin)
    return made


def _compile(function: Callable[..., Any]) -> Any:
    """One function, compiled on its first call."""
    inlined = {"forceinline": True} if function.__name__ in INLINED else {}
    return jit.compile_with(function, **inlined)


_made = _compile_all()
two_product = _made["two_product"]
run = _made["run"]
