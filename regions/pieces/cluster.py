"""Pieces on a cluster: `dask.distributed`, on this machine or any scheduler.

Needs the extra `cluster`: `pip install -e ".[cluster]"`. A piece is one task with one
integer as its result. A worker that dies costs the pieces that it was counting, which
others count again.
"""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from regions.enumeration.workers import SWITCH, worker_count
from regions.errors import RegionsError
from regions.pieces.count import Runner, count_piece
from regions.pieces.plan import Face, Piece, Problem

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

DEATHS = 3
"""A piece that the scheduler gave up so often, for the workers that died, is cut."""

HOPELESS_REGIONS = 1000.0
"""Unless it has fewer regions than these, by the estimate: then the run ends."""

AHEAD = 4
"""Pieces handed to the scheduler per worker."""

START_ATTEMPTS = 3
CONNECT_SECONDS = 10
POLL_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
"""How long to wait for a first worker, or for the next when all have died."""


class ClusterError(RegionsError):
    """The cluster can not go on; counted pieces are in the journal, if there is one."""


def _distributed() -> ModuleType:
    """`dask.distributed`, or what to install."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            "counting on several processes needs dask.distributed: install it with "
            'pip install -e ".[cluster]"'
        ) from error
    return distributed


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
    distributed = _distributed()
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


def run_on(client: "Client") -> Runner:
    """A runner for `count_by_pieces` that counts on the workers of `client`."""

    def run(
        problem: Problem, pieces: list[Piece]
    ) -> Iterator[tuple[Piece, int | None]]:
        work = _Work(client, problem, pieces)
        try:
            yield from work.results()
        finally:
            work.cancel()

    return run


class _Result(NamedTuple):
    """What a worker found: the count, or None if the piece is too large."""

    regions: int | None


class _Work:
    """Pieces waiting, pieces handed out, and how often workers died of them."""

    def __init__(self, client: "Client", problem: Problem, pieces: list[Piece]):
        self._client = client
        self._waiting = list(reversed(pieces))
        self._running: dict[Future[_Result], Piece] = {}
        self._deaths: dict[Face, int] = {}
        self._last_worker = time.monotonic()
        # A task, not scattered data: it comes back when the worker that has it dies.
        self._problem = client.submit(_same, problem, pure=False) if pieces else None

    def results(self) -> Iterator[tuple[Piece, int | None]]:
        """Pieces and their counts, as they come; None for those to be cut."""
        while self._waiting or self._running:
            self._hand_out()
            for future in self._finished():
                piece = self._running.pop(future)
                result = self._result(future, piece)
                if result is not None:
                    yield piece, result.regions

    def _hand_out(self) -> None:
        """Keep a few pieces per worker with the scheduler."""
        with self._watched():
            limit = AHEAD * max(1, self._num_workers())
            while self._waiting and len(self._running) < limit:
                piece = self._waiting.pop()
                future = self._client.submit(_count, self._problem, piece, pure=False)
                self._running[future] = piece

    def _finished(self) -> list["Future[_Result]"]:
        """The futures that are done; waits for at least one."""
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
            if done:
                return done

    def _result(self, future: "Future[_Result]", piece: Piece) -> "_Result | None":
        """What was found, or None if the piece goes back to the waiting ones."""
        from distributed import KilledWorker

        self._check_alive()
        try:
            with self._watched():
                return future.result()
        except CancelledError:
            self._check_alive()
            self._waiting.append(piece)
            return None
        except KilledWorker as error:
            deaths = self._deaths[piece.face] = self._deaths.get(piece.face, 0) + 1
            if deaths < DEATHS:
                self._waiting.append(piece)
                return None
            if piece.work >= HOPELESS_REGIONS:
                return _Result(None)
            raise ClusterError(
                f"workers died again and again of the piece from "
                f"{list(piece.face.lower)} to {list(piece.face.upper)}, which is "
                f"estimated at {piece.work:,.0f} regions only: see their logs, and "
                "give them more memory."
            ) from error

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
                f"no worker for {PATIENCE_SECONDS:.0f} s: what was counted is in the "
                "journal, if one was given; start workers and give the same command "
                "again."
            )
        if self._client.status in ("closed", "closing", "connecting", "newly-created"):
            raise ClusterError(
                f"the scheduler is gone (client {self._client.status}), with "
                f"{len(self._waiting) + len(self._running)} pieces left: what was "
                "counted is in the journal, if one was given; start a scheduler and "
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
                "the connection to the scheduler broke: what was counted is in the "
                "journal, if one was given; give the same command again."
            ) from error

    def cancel(self) -> None:
        """Take back what is still running."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._running), force=True)


def _same(problem: Any) -> Any:
    """The problem, as the result of a task."""
    return problem


def _count(problem: Problem, piece: Piece) -> _Result:
    """One piece, on a worker."""
    return _Result(count_piece(problem, piece))
