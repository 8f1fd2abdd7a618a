"""The walk, compiled: the code of `plane` with the loops of `loops` in it."""

import inspect
import types
from collections.abc import Callable
from typing import Any

from regions.compiled import jit
from regions.enumeration.cells import (
    flat,
    loops,
    pairs,
    plane,
    predicates,
    stack_loop,
    zeros,
)
from regions.signs import pairs as pair_sums

IN_ORDER: tuple[tuple[types.ModuleType, tuple[str, ...]], ...] = (
    (predicates, ("grow", "last_sign", "minor", "add_multiple", "sign_at_meeting")),
    (
        loops,
        (
            "begin_forms",
            "add_block",
            "all_fit",
            "finish_forms",
            "may_be_vague",
            "activate",
            "sign_corners",
            "sign_new_corners",
            "pass_on",
            "pack_bits",
        ),
    ),
    (pair_sums, ("sum_shift",)),
    (
        pairs,
        (
            "_split",
            "_add",
            "_sum",
            "_activate",
            "_find",
            "sharpen",
        ),
    ),
    (zeros, ("_is_origin", "_pass_zeros", "find_zeros")),
    (
        plane,
        (
            "meet",
            "are_vague",
            "form_of",
            "is_exact",
            "is_twin",
            "find_inside",
            "resolve",
            "sum_forms",
            "begin",
            "run",
        ),
    ),
    (flat, ("member",)),
    (stack_loop, ("count_stack",)),
)
"""The functions of each module, callees first."""
INLINED = (
    "form_of",
    "is_exact",
    "sign_new_corners",
    "pass_on",
    "sign_corners",
    "_split",
    "_add",
)


_loop: Callable[..., Any] = plane.run
_borrowed: Callable[[Any], Any] = tuple
"""Names for the compiler, which puts others in their place."""


def _run(net: Any, state: Any, work: Any, most: Any, wanted: Any) -> Any:
    """The loop on arrays without owners.

    References to arrays are counted wherever one is passed on, a fifth of the time.
    """
    return _loop(_borrowed(net), _borrowed(state), work, most, wanted)


def _count_stack(
    stack: Any, state: Any, place: Any, results: Any, work: Any, most: Any
) -> Any:
    """The same for a stack of networks."""
    return _loop(_borrowed(stack), _borrowed(state), place, results, work, most)


def _two_product(a, b):
    """A product and its rounding error, exactly, by a fused multiplication."""
    product = a * b
    return product, jit.fma(a, b, -product)


def _compile_all() -> dict[str, Any]:
    """The functions of the plain form, compiled, by name.

    Each is given a copy of its module's names in which what it calls is compiled.
    """
    made: dict[str, Any] = {"two_product": jit.compile_with(_two_product)}
    for module, names in IN_ORDER:
        for name in names:
            scope = {**vars(module), **made}
            made[name] = _compile(vars(module)[name], scope)
    return made


def _compile(function: Callable[..., Any], scope: dict[str, Any]) -> Any:
    """A function with other global names, compiled on its first call."""
    plain: Any = inspect.unwrap(function)
    twin = types.FunctionType(plain.__code__, scope, plain.__name__)
    twin.__qualname__, twin.__module__ = plain.__name__, plain.__module__
    inlined = {"forceinline": True} if plain.__name__ in INLINED else {}
    return jit.compile_with(twin, **inlined)


def _entry(function: Callable[..., Any], loop: str) -> Any:
    """A function that calls a loop."""
    return _compile(function, {"_loop": _made[loop], "_borrowed": jit.borrowed})


_made = _compile_all()
two_product = _made["two_product"]
run = _entry(_run, "run")
count_stack = _entry(_count_stack, "count_stack")
