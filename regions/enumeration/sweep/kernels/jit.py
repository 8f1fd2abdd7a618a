"""How the inner loops are compiled."""

import contextlib
import inspect
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numba
from llvmlite import ir
from numba.core import config
from numba.extending import intrinsic

from regions.enumeration.sweep.kernels import code_folder

REORDER = {"reassoc", "contract"}
"""Freedoms for sums whose error bounds hold in any order; NaN and infinities stay."""


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on the first call, and keep the machine code on disk where possible."""
    return _compile(function, fastmath=False)


def compiled_sum(function: Callable[..., Any]) -> Any:
    """A small part of an inner loop, a sum whose terms may be added in any order."""
    return _compile(function, fastmath=REORDER, forceinline=True)


def inlined(function: Callable[..., Any]) -> Any:
    """The same for small parts of inner loops: no call is left of it."""
    return _compile(function, fastmath=False, forceinline=True)


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    """The function compiled, with its machine code among that of this package."""
    return compile_in(code_folder(), inspect.unwrap(function), **options)


def compile_in(
    folder: pathlib.Path, function: Callable[..., Any], **options: Any
) -> Any:
    """Without run-time type checks around it, without the interpreter's lock."""
    with _kept_in(folder):
        try:
            return numba.njit(
                function, cache=True, nogil=True, error_model="numpy", **options
            )
        except RuntimeError:
            # The folder cannot be written to.
            return numba.njit(function, nogil=True, error_model="numpy", **options)


@contextlib.contextmanager
def _kept_in(folder: pathlib.Path) -> Iterator[None]:
    """What is declared inside keeps its machine code in a folder, or nowhere."""
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


def _fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """`a * b + c` with one rounding."""
    del typingctx, a, b, c
    double = numba.types.float64

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.fma(*arguments)

    return double(double, double, double), build


def _prefetch(typingctx: Any, array: Any, row: Any, byte_number: Any) -> Any:
    """Ask for the cache line of a byte in a row of an array before it is needed."""
    del typingctx

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        step = builder.extract_value(view.strides, 0)
        row_number, offset = (builder.sext(a, step.type) for a in arguments[1:])
        data = builder.ptrtoint(view.data, step.type)
        start = builder.add(data, builder.mul(step, row_number))
        address = builder.add(start, offset)
        byte = ir.IntType(8).as_pointer()
        number = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch",
            (byte,),
            ir.FunctionType(ir.VoidType(), (byte, number, number, number)),
        )
        flags = [ir.Constant(number, value) for value in (0, 3, 1)]
        builder.call(function, [builder.inttoptr(address, byte), *flags])
        return context.get_dummy_value()

    return numba.types.void(array, numba.types.int32, numba.types.int32), build


def _bit_position(typingctx: Any, bit: Any) -> Any:
    """Which bit of a word with one bit is set."""
    del typingctx

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        number = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return builder.zext(number, ir.IntType(64))

    return numba.types.int64(bit), build


bit_position: Any = intrinsic(_bit_position)
fma: Any = intrinsic(_fma)
prefetch: Any = intrinsic(_prefetch)
