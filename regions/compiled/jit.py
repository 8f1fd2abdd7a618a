"""How the inner loops are compiled."""

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic

from regions.compiled.cache import code_folder
from regions.compiled.machine_code import CheckedCache

REORDER = {"reassoc", "contract"}
"""Freedoms for sums whose error bounds hold in any order; NaN and infinities stay."""


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on the first call, and keep the machine code on disk where possible."""
    return compile_with(function, fastmath=False)


def compiled_sum(function: Callable[..., Any]) -> Any:
    """A small part of an inner loop, a sum whose terms may be added in any order."""
    return compile_with(function, fastmath=REORDER, forceinline=True)


def inlined(function: Callable[..., Any]) -> Any:
    """The same for small parts of inner loops: no call is left of it."""
    return compile_with(function, fastmath=False, forceinline=True)


def compile_with(function: Callable[..., Any], **options: Any) -> Any:
    """Without run-time type checks around it, without the interpreter's lock."""
    plain = inspect.unwrap(function)
    options |= {"nopython": True, "nogil": True, "error_model": "numpy"}
    compiled_form: Any = _Kernel(plain, targetoptions=options)
    folder = code_folder(plain.__module__.rpartition(".")[0])
    if folder is not None:
        # The compiler's error where a folder cannot be written to.
        with contextlib.suppress(RuntimeError):
            # As numba.njit(cache=True) does, with files that are checked.
            compiled_form._cache = CheckedCache(plain, folder)
    return compiled_form


class _Kernel(CPUDispatcher):
    """A compiled function that Ctrl-C interrupts as it does any other.

    A signal that comes while it runs is heard as its results become Python's, which
    numba does not expect: it returns a result and an exception, which the interpreter
    calls an error of its own. Of a named tuple it would make a crash: none is returned
    (`tests/regions/compiled/test_jit.py`).
    """

    def __call__(self, *arguments: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        try:
            return super().__call__(*arguments)
        except SystemError as error:
            cause: BaseException = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            raise cause from None


def _fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """`a * b + c` with one rounding."""
    del typingctx, a, b, c
    double = types.float64

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

    return types.void(array, types.int32, types.int32), build


def _borrowed(typingctx: Any, arrays: Any) -> Any:
    """A tuple of the same arrays without owners: no references to them are counted."""
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


def _bit_count(typingctx: Any, word: Any) -> Any:
    """How many bits of a word are set."""
    del typingctx

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.ctpop(arguments[0])

    return word(word), build


bit_count: Any = intrinsic(_bit_count)
borrowed: Any = intrinsic(_borrowed)
fma: Any = intrinsic(_fma)
prefetch: Any = intrinsic(_prefetch)
