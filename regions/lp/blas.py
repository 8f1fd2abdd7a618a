"""One thread for linear algebra: products here are too small to be shared out."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@functools.cache
def _libraries() -> ThreadpoolController:
    """The linear algebra libraries that are loaded; looking for them takes long."""
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Inside, a matrix product takes one thread, in the whole process.

    Threads of the library that wait for the next small product keep the processors
    busy, and take them from the threads of an engine.

    Example:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     product = np.ones((1, 2)) @ np.ones((2, 1))
        >>> float(product[0, 0])
        2.0
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield
