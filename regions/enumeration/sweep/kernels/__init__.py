"""Compiled forms of the inner loops, loaded once they have paid for themselves.

Importing the compiler takes half a second and compiling some more. A process loads the
compiled forms when the plain ones have run for as long as that would have taken: it
then loses at most a factor of two, and one small count costs nothing. Both forms give
the same results, bit by bit.
"""

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import logging
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

MODES = ("auto", "on", "off")
LOAD_SECONDS = 1.0
"""Processor time to import the compiler and read compiled code from its cache."""
COMPILE_SECONDS = 20.0
"""Processor time to compile everything."""
SWITCH = "RELU_REGIONS_COMPILED"
"""Environment variable: `on`, `off` or `auto`."""


class _Ledger:
    """How many processor seconds the plain forms have run in this process."""

    seconds = 0.0
    forbidden = 0


def mode() -> str:
    """`auto`, or whether compiled code was asked for or forbidden.

    Raises:
        ValueError: If the environment variable says something else.
    """
    found = os.environ.get(SWITCH, "auto")
    if found not in MODES:
        raise ValueError(
            f"{SWITCH} is {found!r}: one of {', '.join(MODES)} is required."
        )
    return found


@contextlib.contextmanager
def plain_work(compiled: object) -> Iterator[None]:
    """Note the time of what runs inside, unless it is compiled."""
    if compiled is not None:
        yield
        return
    begin = time.process_time()
    try:
        yield
    finally:
        _Ledger.seconds += time.process_time() - begin


@contextlib.contextmanager
def switched_off() -> Iterator[None]:
    """Plain forms only, in what runs inside."""
    _Ledger.forbidden += 1
    try:
        yield
    finally:
        _Ledger.forbidden -= 1


def load(name: str) -> Any:
    """A module of this package, or None where the plain form should be used."""
    return load_module(f"{__name__}.{name}", _price)


def is_worthwhile(price: Callable[[], float]) -> bool:
    """Whether to use compiled forms that cost so many seconds to load."""
    wanted = mode()
    if wanted == "off" or _Ledger.forbidden:
        return False
    return wanted == "on" or _Ledger.seconds > price()


def load_module(name: str, price: Callable[[], float]) -> Any:
    """A module of compiled forms, or None where the plain form should be used."""
    return _loaded(name) if is_worthwhile(price) else None


@functools.cache
def _loaded(name: str) -> Any:
    """Import a module; None without the compiler."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        logging.getLogger(__name__).info("no compiled code: %s", error)
        return None


@functools.cache
def code_folder() -> pathlib.Path:
    """Where compiled code is kept: a folder for each state of this package's sources.

    The compiler looks for changes in the file of a function alone, and these functions
    contain those of other files. Code of other sources must never be mixed with it.
    """
    here = pathlib.Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.glob("*.py")):
        digest.update(path.read_bytes())
    base = here / "__pycache__"
    if "NUMBA_CACHE_DIR" in os.environ:
        base = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
    elif not os.access(base if base.is_dir() else here, os.W_OK):
        base = pathlib.Path.home() / ".cache" / "numba"
    return base / f"kernels-{digest.hexdigest()[:16]}"


@functools.cache
def _price() -> float:
    """Seconds that loading the compiled forms is expected to take."""
    compiled = any(code_folder().glob("**/proofs.*.nbi"))
    return LOAD_SECONDS if compiled else COMPILE_SECONDS
