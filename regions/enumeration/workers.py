"""Threads for NumPy work: its loops let go of the interpreter."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

MAX_WORKERS = 8


def worker_count() -> int:
    """How many blocks of work to run side by side."""
    return min(os.cpu_count() or 1, MAX_WORKERS)


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """A pool of threads, each with single-threaded matrix products.

    Threads that each start more threads in the linear algebra library would spend
    their time waiting for one another.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(worker_count()) as pool:
        yield pool
