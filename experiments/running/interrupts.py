"""Ctrl-C as a wish to stop, for the outermost layer of a program alone.

The library never touches signals. A command that shows what was found when the user
stops it makes Ctrl-C a wish, and hands that to whatever takes a `stop`.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import NoReturn

INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended."""
_AGAIN_AFTER = 0.05
"""Seconds until a Ctrl-C that was lost comes again."""


class CtrlC:
    """Inside, the first Ctrl-C is noted, and a second one interrupts at once.

    It is called to ask whether Ctrl-C was pressed: what `stop=` takes. Outside of the
    main thread, where no signal arrives, it never is.

    Example:
        >>> with CtrlC() as stop:
        ...     stop()
        False
    """

    def __init__(self):
        self._pressed = False
        self._before: object = None

    def __call__(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._pressed

    def __enter__(self) -> "CtrlC":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)  # pyright: ignore[reportArgumentType]
            self._before = None

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self._pressed:
            raise KeyboardInterrupt
        self._pressed = True


@contextlib.contextmanager
def interrupted_after(seconds: float | None) -> Iterator[None]:
    """A block that a limit on time ends as Ctrl-C does, whatever runs in it.

    What a program does on Ctrl-C, it does then: a study keeps its folder, and goes on
    in it another time. A block in another thread than the main one is left alone, as
    no signal arrives there.

    Args:
        seconds: The limit; None for none.

    Example:
        >>> try:
        ...     with interrupted_after(0.01):
        ...         while True:
        ...             pass
        ... except KeyboardInterrupt:
        ...     print("interrupted")
        interrupted
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        # Whoever listens to Ctrl-C now, a `CtrlC` say, hears this.
        heard = signal.getsignal(signal.SIGINT)
        if not callable(heard):
            raise KeyboardInterrupt
        heard(number, frame)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def heard_interrupts() -> Iterator[None]:
    """A block in which no Ctrl-C is lost.

    A signal is heard in whatever function is called next. In a finalizer or a hook of
    the garbage collector, and JAX has one, errors are printed and forgotten: there it
    comes again a moment later, when that function is over.

    Example:
        >>> with heard_interrupts():
        ...     print("work")
        work
    """
    before, again = sys.unraisablehook, []
    main = threading.main_thread().ident

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            before(lost)
            return
        timer = threading.Timer(
            _AGAIN_AFTER, signal.pthread_kill, (main, signal.SIGINT)
        )
        timer.daemon = True
        again.append(timer)
        timer.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in again:
            timer.cancel()


def leave(code: int) -> NoReturn:
    """End a program whose commands have written and closed what they keep.

    One that was interrupted ends at once: Python would wait for threads and for what
    JAX's devices still do, the rest of a training among it.

    Args:
        code: The exit code.
    """
    if code == INTERRUPTED:
        with contextlib.suppress(OSError):  # Nobody may read any more.
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
