"""Tasks on a cluster: `dask.distributed`, on this machine or any scheduler.

Needs the extra `cluster`. A worker that dies costs the tasks that it had, which others
do again.
"""

import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from regions.enumeration.workers import SWITCH, worker_count
from regions.errors import RegionsError
from regions.errors.limits import never
from regions.io.optional import require

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

DEATHS = 3
"""A task that workers died of so often, by the scheduler, is given up."""

START_ATTEMPTS = 3
CONNECT_SECONDS = 10
POLL_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
"""How long to wait for a first worker, or for the next when all have died."""


class ClusterError(RegionsError):
    """The cluster can not go on; what was found is in the journal, if there is one."""


Task = TypeVar("Task")
Result = TypeVar("Result")


@contextlib.contextmanager
def open_client(scheduler: str | None = None, workers: int = 2) -> Iterator["Client"]:
    """A client of a running scheduler, or of worker processes on this machine.

    Args:
        scheduler: Address such as `tcp://host:8786`. Its workers need this package.
        workers: Processes to start here if no scheduler is given, one thread each.

    Raises:
        ImportError: If `distributed` is not installed.
        ClusterError: If the scheduler does not answer.
    """
    if workers < 1:
        raise ValueError(f"`workers` is {workers}: at least 1 is required.")
    distributed = require("distributed", "cluster", "several processes")
    with contextlib.ExitStack() as stack:
        names = ("", ".client", ".core", ".nanny")
        stack.enter_context(_silent(*(f"distributed{name}" for name in names)))
        if scheduler is None:
            cluster = _local_cluster(distributed, workers)
            stack.enter_context(cluster)
            scheduler = str(cluster.scheduler_address)
        try:
            _reach(scheduler)
            client = distributed.Client(
                scheduler, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterError(
                f"no scheduler answers at {scheduler} ({type(error).__name__}): start "
                "one with `dask scheduler`, or leave --scheduler out."
            ) from error
        yield stack.enter_context(client)


def _local_cluster(distributed: Any, workers: int) -> "LocalCluster":
    """A scheduler and workers on this machine."""
    for attempt in range(START_ATTEMPTS):
        try:
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
                # The workers share the processors: none needs them all.
                env={SWITCH: str(max(1, worker_count() // workers))},
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            # A worker that dies while it starts takes the cluster with it.
            if attempt == START_ATTEMPTS - 1:
                raise ClusterError(
                    f"{workers} workers did not start here ({error}): give fewer "
                    "--workers, or --workers 0 to count in this process."
                ) from error
        else:
            # One that dies in its start later on is not replaced otherwise.
            cluster.adapt(minimum=workers, maximum=workers)
            return cluster
    raise AssertionError("the last attempt returns or raises")


def _reach(scheduler: str) -> None:
    """Raise unless somebody listens at a TCP address.

    A client that fails to connect takes long and prints a traceback when it goes.
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(scheduler)
    if scheme == "tcp":
        with socket.create_connection(parse_host_port(place), CONNECT_SECONDS):
            pass


@contextlib.contextmanager
def _silent(*names: str) -> Iterator[None]:
    """Without the tracebacks that loggers print of what is reported in one line."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class ClusterTasks(Generic[Task, Result]):
    """Tasks waiting, tasks handed out, and how often workers died of them.

    Args:
        client: Of the cluster.
        function: Called on a worker with `shared` and one task.
        shared: What all tasks read.
        tasks: What is to be done, in this order.
        given_up: The result of a task of which workers died again and again, or what
            ends the run: called with the task.
        ahead: Tasks handed to the scheduler per worker.
        may_begin: Asked before a task is handed out; no further one is if it says no.
        stop: Asked once a second or more often: whether to give no further result.
    """

    def __init__(
        self,
        client: "Client",
        function: Callable[[Any, Task], Result],
        shared: Any,
        tasks: Sequence[Task],
        given_up: Callable[[Task], Result],
        *,
        ahead: int = 1,
        may_begin: Callable[[Task], bool] = lambda task: True,
        stop: Callable[[], bool] = never,
    ):
        self._client, self._function, self._given_up = client, function, given_up
        self._tasks, self._ahead = tasks, ahead
        self._may_begin, self._stop = may_begin, stop
        self._waiting = list(reversed(range(len(tasks))))
        self._running: dict[Future[Result], int] = {}
        self._deaths: Counter[int] = Counter()
        self._last_worker = time.monotonic()
        self._to_share, self._barren_shares = shared, 0
        self._shared = None

    def results(self) -> Iterator[tuple[Task, Result]]:
        """Tasks and their results, as they come."""
        try:
            while (self._waiting or self._running) and not self._stop():
                self._hand_out()
                if not self._running:
                    # No task may begin: nothing is there to wait for.
                    return
                for future in self._finished():
                    index = self._running.pop(future)
                    yield from self._result(future, index)
        finally:
            self._cancel()

    def _hand_out(self) -> None:
        """Keep a few tasks per worker with the scheduler."""
        with self._watched():
            limit = self._ahead * max(1, self._num_workers())
            while self._waiting and len(self._running) < limit:
                index = self._waiting.pop()
                task = self._tasks[index]
                if not self._may_begin(task):
                    self._waiting.clear()
                    return
                if self._shared is None:
                    # A task, not scattered data: it comes back when the worker that
                    # has it dies.
                    self._shared = self._client.submit(
                        _same, self._to_share, pure=False
                    )
                future = self._client.submit(
                    self._function, self._shared, task, pure=False
                )
                self._running[future] = index

    def _finished(self) -> list["Future[Result]"]:
        """The futures that are done; waits for at least one, or to be stopped."""
        from distributed import wait

        while True:
            with (
                self._watched(),
                self._client.as_current(),
                contextlib.suppress(TimeoutError, CancelledError),
            ):
                wait(
                    list(self._running),
                    timeout=POLL_SECONDS,
                    return_when="FIRST_COMPLETED",
                )
            self._check_alive()
            done = [future for future in self._running if future.done()]
            if done or self._stop():
                return done

    def _result(
        self, future: "Future[Result]", index: int
    ) -> Iterator[tuple[Task, Result]]:
        """What was found; nothing if the task goes back to the waiting ones."""
        from distributed import KilledWorker

        self._check_alive()
        task = self._tasks[index]
        try:
            with self._watched():
                found = future.result()
        except CancelledError:
            self._check_alive()
            self._waiting.append(index)
            return
        except KilledWorker as error:
            if self._is_shared(str(error.task)):
                self._waiting.append(index)
                return
            self._deaths[index] += 1
            if self._deaths[index] < DEATHS:
                self._waiting.append(index)
                return
            try:
                found = self._given_up(task)
            except ClusterError as end:
                raise end from error
        self._barren_shares = 0
        yield task, found

    def _is_shared(self, key: str) -> bool:
        """Whether workers died of what all tasks read, which is shared anew then.

        It was with every worker that died; that says nothing of a task, unless no task
        gives a result any more.
        """
        if self._shared is not None and key == self._shared.key:
            self._shared = None
            self._barren_shares += 1
        return key.startswith(_same.__name__) and self._barren_shares <= DEATHS

    def _num_workers(self) -> int:
        """How many workers there are now."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def _check_alive(self) -> None:
        """Raise if the scheduler is gone, or all workers for too long."""
        now = time.monotonic()
        if self._client.status == "running" and self._num_workers():
            self._last_worker = now
        if now - self._last_worker > PATIENCE_SECONDS:
            raise ClusterError(
                f"no worker for {PATIENCE_SECONDS:.0f} s: what was found is in the "
                "journal, if one was given; start workers and give the same command "
                "again."
            )
        if self._client.status in ("closed", "closing", "connecting", "newly-created"):
            raise ClusterError(
                f"the scheduler is gone (client {self._client.status}), with "
                f"{len(self._waiting) + len(self._running)} tasks left: what was "
                "found is in the journal, if one was given; start a scheduler and "
                "give the same command again."
            )

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Turn errors of a lost connection into one line."""
        from distributed.comm.core import CommClosedError

        try:
            yield
        except CommClosedError as error:
            raise ClusterError(
                "the connection to the scheduler broke: what was found is in the "
                "journal, if one was given; give the same command again."
            ) from error

    def _cancel(self) -> None:
        """Take back what is still running."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._running), force=True)


def _same(shared: Any) -> Any:
    """What all tasks read, as the result of a task."""
    return shared
