"""How float64 is used here: on one thread, and without warnings."""

import contextlib
import functools
from collections.abc import Iterator

import numpy as np
from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def float_proofs() -> Iterator[None]:
    """Overflow raises nothing, as it proves nothing; products take one thread.

    They are too small for more.
    """
    with np.errstate(all="ignore"), _libraries().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _libraries() -> ThreadpoolController:
    """The libraries for products that are loaded; to find them takes milliseconds."""
    return ThreadpoolController()
