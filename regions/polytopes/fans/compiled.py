"""The loops of `kernel`, `ramps` and `sides`, compiled: the very same code."""

import inspect
import types
from collections.abc import Callable
from typing import Any

from regions.compiled import jit
from regions.polytopes.fans import kernel, ramp_means, ramps, sides

IN_ORDER: tuple[tuple[types.ModuleType, tuple[str, ...]], ...] = (
    (
        kernel,
        (
            "start_fan",
            "_first",
            "_list",
            "_within",
            "_facets",
            "next_simplex",
            "_determinant",
            "add_simplex",
            "_integrate",
            "measure",
            "local_words",
        ),
    ),
    (
        ramp_means,
        (
            "_weighted",
            "_order",
            "_divide",
            "_side_of",
            "_cut",
            "_product",
            "_products",
            "means",
        ),
    ),
    (
        ramps,
        (
            "sum_of_products",
            "sum_of_sizes",
            "_evaluate",
            "_restrict",
            "_add",
            "measure_ramps",
        ),
    ),
    (
        sides,
        (
            "_add_edges",
            "_add_whole",
            "_sum_above",
            "_add_parts",
            "_bound_sides",
            "measure_sides",
        ),
    ),
)
"""Functions, callees first."""
APART = ("measure", "measure_ramps", "measure_sides")
"""What is not put into what calls it."""
SUMS = ("sum_of_products", "sum_of_sizes")
"""Sums whose terms may be added in any order."""

_borrowed: Callable[[Any], Any] = tuple
_measure: Callable[..., Any] = kernel.measure
_measure_ramps: Callable[..., Any] = ramps.measure_ramps
_measure_sides: Callable[..., Any] = sides.measure_sides
"""Names for the compiler, which puts others in their place.

Arrays are passed without owners: references to them are not counted.
"""


def _enter(polytopes: Any, functions: Any, order: Any, room: Any, found: Any) -> None:
    """`kernel.measure`."""
    end, x, reach, zeros = _borrowed(polytopes)
    value, doubt = _borrowed(functions)
    volume, off, total, wide = _borrowed(found)
    _measure(
        (end, x, reach, zeros),
        (value, doubt),
        order,
        _borrowed(room),
        (volume, off, total, wide),
    )


def _enter_ramps(
    polytopes: Any, functions: Any, room: Any, values: Any, bends: Any, found: Any
) -> None:
    """`ramps.measure_ramps`."""
    end, x, reach, zeros = _borrowed(polytopes)
    form, doubt, weight, slope, most = _borrowed(functions)
    volume, off, total, wide = _borrowed(found)
    _measure_ramps(
        (end, x, reach, zeros),
        (form, doubt, weight, slope, most),
        _borrowed(room),
        _borrowed(values),
        _borrowed(bends),
        (volume, off, total, wide),
    )


def _enter_sides(
    polytopes: Any, function: Any, room: Any, divided: Any, found: Any
) -> None:
    """`sides.measure_sides`."""
    end, x, reach, zeros = _borrowed(polytopes)
    value, doubt = _borrowed(function)
    volume, off, total, wide = _borrowed(found)
    _measure_sides(
        (end, x, reach, zeros),
        (value, doubt),
        _borrowed(room),
        _borrowed(divided),
        (volume, off, total, wide),
    )


def _compile_all() -> dict[str, Callable[..., Any]]:
    """The functions, each with copies of its callees that are compiled."""
    made: dict[str, Callable[..., Any]] = {"count_bits": jit.bit_count}
    for module, names in IN_ORDER:
        for name in names:
            plain = inspect.unwrap(vars(module)[name])
            twin = _copy(plain, {**vars(module), **made}, name)
            options = {} if name in APART else {"forceinline": True}
            options |= {"fastmath": jit.REORDER} if name in SUMS else {}
            # Nothing is allocated: to count references to views would take as long.
            made[name] = jit.compile_with(twin, _nrt=False, **options)
    for name, entry in (
        ("measure", _enter),
        ("measure_ramps", _enter_ramps),
        ("measure_sides", _enter_sides),
    ):
        scope = {f"_{name}": made[name], "_borrowed": jit.borrowed}
        made[name] = jit.compile_with(_copy(inspect.unwrap(entry), scope, name))
    return made


def _copy(
    plain: types.FunctionType, scope: dict[str, Any], name: str
) -> types.FunctionType:
    """The same code with other global names."""
    twin = types.FunctionType(plain.__code__, scope, name)
    twin.__qualname__, twin.__module__ = name, plain.__module__
    return twin


_made = _compile_all()
measure, measure_ramps = _made["measure"], _made["measure_ramps"]
measure_sides, local_words = _made["measure_sides"], _made["local_words"]
