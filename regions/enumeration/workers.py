"""Threads for work in NumPy and compiled code, which let go of the interpreter."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

from regions.enumeration.budget import Budget
from regions.lp.blas import one_blas_thread

MAX_WORKERS = 8

SWITCH = "RELU_REGIONS_THREADS"
"""Environment variable: how many threads to use at most."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class _Here(threading.local):
    """Whether this thread is one of a pool: what it does is not split again."""

    inside = False


_here = _Here()


def worker_count() -> int:
    """How many blocks of work to run side by side.

    Raises:
        ValueError: If the environment variable is no positive number.
    """
    limit = os.environ.get(SWITCH, "")
    if limit:
        if not limit.isdecimal() or int(limit) < 1:
            raise ValueError(f"{SWITCH} is {limit!r}: a positive number is required.")
        return int(limit)
    # Not every system can bind a process to some of its processors.
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MAX_WORKERS)
    return min(os.cpu_count() or 1, MAX_WORKERS)


def is_inside_pool() -> bool:
    """Whether this thread is one of a pool."""
    return _here.inside


def _enter_pool() -> None:
    """Begin a thread of a pool."""
    _here.inside = True


@contextmanager
def workers(number: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """A pool of so many threads, each with single-threaded matrix products.

    Threads that each start more threads in the linear algebra library would spend
    their time waiting for one another.
    """
    pool = ThreadPoolExecutor(number or worker_count(), initializer=_enter_pool)
    with one_blas_thread(), pool:
        yield pool


@contextmanager
def told(budget: Budget | None) -> Iterator[None]:
    """Tell other threads of an exception in this one, such as Ctrl-C.

    They go by the budget, and end soon: a pool waits for them when it is closed.
    """
    try:
        yield
    except BaseException:
        if budget is not None:
            budget.cancel()
        raise


def map_chunks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    budget: Budget | None = None,
) -> list[Result]:
    """The results of `function` on some tasks, in order.

    When one fails, those that have not begun are left out. Ctrl-C here spends the
    budget, which tasks that take more than a moment must look at.
    """
    if len(tasks) <= 1 or _here.inside or worker_count() == 1:
        return [function(task) for task in tasks]
    failed = threading.Event()

    def guarded(task: Task) -> Result | None:
        if failed.is_set():
            return None
        try:
            return function(task)
        except BaseException:
            failed.set()
            raise

    with workers() as pool, told(budget):
        try:
            futures = [pool.submit(guarded, task) for task in tasks]
            done = [future.exception() for future in futures]
        except BaseException:
            failed.set()
            raise
    for error in done:
        if error is not None:
            raise error
    return [cast(Result, future.result()) for future in futures]
