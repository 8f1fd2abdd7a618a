"""Threads for NumPy work: its loops let go of the interpreter."""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import ThreadpoolController

MAX_WORKERS = 8

Result = TypeVar("Result")


def worker_count() -> int:
    """How many blocks of work to run side by side."""
    return min(os.cpu_count() or 1, MAX_WORKERS)


@functools.cache
def _libraries() -> ThreadpoolController:
    """The linear algebra libraries that are loaded; looking for them takes long."""
    return ThreadpoolController()


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """A pool of threads, each with single-threaded matrix products.

    Threads that each start more threads in the linear algebra library would spend
    their time waiting for one another.
    """
    limit = _libraries().limit(limits=1, user_api="blas")
    with limit, ThreadPoolExecutor(worker_count()) as pool:
        yield pool


def map_chunks(
    function: Callable[[int], Result], starts: Sequence[int]
) -> list[Result]:
    """The results of `function` on chunks that begin at `starts`, in order."""
    if len(starts) <= 1:
        return [function(start) for start in starts]
    with workers() as pool:
        return list(pool.map(function, starts))
