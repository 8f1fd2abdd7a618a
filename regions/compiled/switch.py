"""Which form of an inner loop runs: the compiled one, or the plain one.

Importing the compiler and loading code takes half a second and compiling some twenty,
so a small count does neither. What decides is the work: the time that the plain form
has taken so far in this process, and the engine's estimate of what lies ahead.

- Code that the disk holds is loaded by a thread beside the work, once that is worth it,
  or at once where the work ahead is long.
- Code that the disk does not hold is compiled by another process, beside longer work.
- Where there is no place to keep code, it is compiled once the plain form has run for
  as long as that takes.

An engine asks again at every stage and for every chunk of its work, so that what began
plainly goes on compiled.
"""

import contextlib
import functools
import importlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from regions.compiled import beside, mode
from regions.compiled.cache import LoadingStoppedError, holds_code, note_whole

LOAD_AFTER = 0.15
"""Seconds of plain work after which code is loaded from the disk, beside it."""
COMPILE_AFTER = 1.0
"""Seconds of plain work after which code is compiled, beside it."""
LOAD_SECONDS = 0.6
"""Processor time to import the compiler and to load code from the disk, about."""
COMPILE_SECONDS = 20.0
"""Processor time to compile everything, about."""
SPEEDUP = 3.0
"""How much faster the compiled form is, at least, on work that takes long."""
LARGE_SPEEDUP = 20.0
"""From here on, the plain form does too little beside the loading to go on."""


class _Here(threading.local):
    """Whether this thread runs the compiled form whatever the switch says."""

    forced = False


_here = _Here()


class Kernels:
    """The compiled form of one engine: the modules of one package.

    Args:
        package: Name of the package.
        exercise: A function, `module:function`, that calls every compiled function on
            a small problem. That loads them all, or compiles them.
        speedup: How much faster the compiled form is, at least.
    """

    def __init__(self, package: str, exercise: str, speedup: float = SPEEDUP):
        self.package = package
        self._speedup = speedup
        self._exercise = exercise
        self._seconds = 0.0
        self._forbidden = 0
        self._is_ready = False
        self._is_loading = False
        self._compiling_since: float | None = None
        self._lock = threading.Lock()

    def load(self, name: str, *, ahead: float = 0.0) -> Any:
        """A module of the package, or None where the plain form should be used.

        Args:
            name: Name of the module.
            ahead: Seconds of plain work still to do, by an estimate.
        """
        return _module(f"{self.package}.{name}") if self._is_wanted(ahead) else None

    def load_all(self, *names: str) -> tuple[Any, ...] | None:
        """Modules that are used together, or None: one decision for all of them.

        Code may become ready between two calls of `load`.
        """
        if not self._is_wanted(0.0):
            return None
        return tuple(_module(f"{self.package}.{name}") for name in names)

    def is_compiling(self) -> bool:
        """Whether another process compiles the package now, or is about to."""
        since = self._compiling_since
        about_to = since is not None and time.monotonic() - since < beside.START_SECONDS
        return about_to or beside.is_compiling(self.package)

    @contextlib.contextmanager
    def plain_work(self, compiled: object) -> Iterator[None]:
        """Note the time of what runs inside, unless it is compiled."""
        if compiled is not None:
            yield
            return
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._seconds += time.perf_counter() - begin

    @contextlib.contextmanager
    def switched_off(self) -> Iterator[None]:
        """Plain forms only, in what runs inside."""
        self._forbidden += 1
        try:
            yield
        finally:
            self._forbidden -= 1

    def exercise(self) -> None:
        """Load or compile every function, in this thread."""
        _here.forced = True
        try:
            beside.run_exercise(self._exercise)
        except LoadingStoppedError:
            return
        finally:
            _here.forced = False
        note_whole(self.package)
        self._is_ready = True

    def compile_whole(self) -> None:
        """Compile every function in this process, unless another one does it."""
        beside.compile_whole(self.package, self._exercise)

    def _is_wanted(self, ahead: float) -> bool:
        """Whether the compiled form should be used now."""
        if _here.forced:
            return True
        wanted = mode()
        if wanted == "off" or self._forbidden:
            return False
        if wanted == "on" or self._is_ready:
            return True
        if self._seconds < LOAD_AFTER and ahead < LOAD_SECONDS:
            return False
        with self._lock:
            return self._settle(ahead)

    def _settle(self, ahead: float) -> bool:
        """Whether to load or compile now; begins to make the code ready beside it."""
        if holds_code(self.package):
            worth_it = self._seconds > LOAD_AFTER and self._speedup >= LARGE_SPEEDUP
            if worth_it or ahead > LOAD_SECONDS + ahead / self._speedup:
                self._is_ready = True
            elif self._seconds > LOAD_AFTER and not self._is_loading:
                self._is_loading = True
                beside.load_beside(self.exercise)
            return self._is_ready
        if self._seconds + ahead < COMPILE_AFTER:
            return False
        if self._compiling_since is None:
            begun = beside.compile_beside(self.package, self._exercise)
            self._compiling_since = time.monotonic() if begun else float("-inf")
        failed = time.monotonic() - self._compiling_since > beside.PATIENCE
        return failed and self._seconds > COMPILE_SECONDS


@functools.cache
def _module(name: str) -> Any:
    """Import a module; None without the compiler."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        logging.getLogger(__name__).info("no compiled code: %s", error)
        return None
