"""Compiled functions and signals: what a Ctrl-C in one of them becomes."""

import signal
import sys
from typing import Any

import numpy as np
import pytest
from numba.core import types
from numba.core.dispatcher import Dispatcher

from regions.compiled import SWITCH, jit
from regions.enumeration.restriction.loading import KERNELS as RESTRICTION
from regions.enumeration.tree.loading import KERNELS as TREE


def _long_sum(count):
    total = 0.0
    for i in range(count):
        total += np.sqrt(i + total)
    return np.full(2, total), total


def test_ctrl_c_in_a_compiled_function_is_a_keyboard_interrupt():
    function = jit.compile_with(_long_sum, fastmath=False)
    function(1)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(KeyboardInterrupt):
            function(30_000_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert len(function(1)) == 2


@pytest.mark.parametrize("kernels", [TREE, RESTRICTION], ids=lambda k: k.package)
def test_no_named_tuple_is_returned_to_python(kernels, monkeypatch):
    """A signal would crash the interpreter then; inside compiled code they serve."""
    monkeypatch.setenv(SWITCH, "on")
    kernels.exercise()
    modules = [m for name, m in sys.modules.items() if name.startswith(kernels.package)]
    kinds = {
        name: code.signature.return_type
        for module in modules
        for name, entry in vars(module).items()
        if isinstance(entry, Dispatcher)
        for code in entry.overloads.values()
    }
    assert kinds
    assert [name for name, kind in kinds.items() if _holds_named(kind)] == []


def _holds_named(kind: Any) -> bool:
    if isinstance(kind, types.NamedTuple | types.NamedUniTuple):
        return True
    return isinstance(kind, types.BaseTuple) and any(map(_holds_named, list(kind)))  # pyright: ignore[reportArgumentType]
