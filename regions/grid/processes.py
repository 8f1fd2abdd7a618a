"""Several processes that share one grid, on one machine or many: `jax.distributed`.

Each process evaluates its own stretch of the points on its own devices. They meet at
the start, and again when the patterns found are put together.
"""

import socket
import time

import jax
import numpy as np
from jax.experimental import multihost_utils

from regions.errors import RegionsError

MEETING_SECONDS = 300.0
"""How long to wait for the other processes at the start."""

_RETRY_SECONDS = 0.2
_GO, _TAKEN = b"+", b"-"


class ProcessGroupError(RegionsError):
    """The processes that are to share the work do not find one another."""


def join_processes(
    coordinator: str,
    num_processes: int,
    process: int,
    *,
    seconds: float = MEETING_SECONDS,
) -> None:
    """Join the processes that share a grid; once, before JAX is used otherwise.

    A process that is missing would end all others in the middle of JAX's start, so they
    call one another first, at the same address.

    Args:
        coordinator: `host:port` of process 0, free there and in reach of the others.
        num_processes: How many there are.
        process: Which of them this is, from 0.
        seconds: How long to wait for the others.

    Raises:
        ValueError: If the numbers or the address make no sense.
        ProcessGroupError: If the others do not come in time.
    """
    host, port = _address(coordinator)
    if not 0 <= process < num_processes:
        raise ValueError(
            f"`process` is {process} and `num_processes` {num_processes}: processes "
            "are numbered from 0, all with the same `num_processes`."
        )
    if num_processes > 1:
        if process == 0:
            _await_others(host, port, num_processes, seconds)
        else:
            _call_first(host, port, process, seconds)
    jax.distributed.initialize(
        coordinator, num_processes, process, initialization_timeout=round(seconds) + 1
    )


def _address(coordinator: str) -> tuple[str, int]:
    """Host and port."""
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise ValueError(
            f"`coordinator` is {coordinator!r}: an address like 10.0.0.1:1234 of the "
            "machine of process 0 is required."
        )
    return host, int(port)


def _await_others(host: str, port: int, num_processes: int, seconds: float) -> None:
    """Process 0: hear from every other one, then let all go on."""
    deadline = time.monotonic() + seconds
    try:
        server = socket.create_server((host, port))
    except OSError as error:
        raise ProcessGroupError(
            f"process 0 can not listen at {host}:{port} ({error.strerror}): give an "
            "address of this machine with a free port."
        ) from error
    callers: dict[int, socket.socket] = {}
    try:
        while len(callers) < num_processes - 1:
            server.settimeout(max(0.001, deadline - time.monotonic()))
            caller, _ = server.accept()
            caller.settimeout(max(0.001, deadline - time.monotonic()))
            number = int.from_bytes(caller.recv(4), "big")
            if number in callers or not 0 < number < num_processes:
                caller.sendall(_TAKEN)
                caller.close()
            else:
                callers[number] = caller
        server.close()
        for caller in callers.values():
            caller.sendall(_GO)
    except OSError as error:
        missing = sorted(set(range(1, num_processes)) - set(callers))
        raise ProcessGroupError(
            f"process {', '.join(map(str, missing))} of {num_processes} did not call "
            f"{host}:{port} within {seconds:g} s: start all with the same address."
        ) from error
    finally:
        server.close()
        for caller in callers.values():
            caller.close()


def _call_first(host: str, port: int, process: int, seconds: float) -> None:
    """Every other process: call process 0 until it says to go on."""
    deadline, answer = time.monotonic() + seconds, b""
    while not answer:
        try:
            left = max(0.001, deadline - time.monotonic())
            with socket.create_connection((host, port), timeout=left) as call:
                call.sendall(process.to_bytes(4, "big"))
                answer = call.recv(1)
        except OSError as error:
            if time.monotonic() > deadline:
                raise ProcessGroupError(
                    f"process 0 does not answer at {host}:{port} within {seconds:g} s: "
                    "start it there, and all with the same address."
                ) from error
        if not answer:
            time.sleep(_RETRY_SECONDS)
    if answer == _TAKEN:
        raise ProcessGroupError(
            f"process {process} is there twice, or there are not so many: give each "
            "process its own number, from 0."
        )


def gather(array: np.ndarray) -> list[np.ndarray]:
    """The arrays of all processes, in their order, on every one.

    They may differ in length. All processes have to call it.
    """
    if jax.process_count() == 1:
        return [array]
    # As bytes: JAX would cut 64-bit numbers to 32.
    data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    sizes = np.asarray(
        multihost_utils.process_allgather(np.array([len(data)], np.uint32))
    ).reshape(-1)
    padded = np.zeros(int(sizes.max()), np.uint8)
    padded[: len(data)] = data
    rows = np.asarray(multihost_utils.process_allgather(padded))
    rows = rows.reshape(len(sizes), -1)
    return [
        np.frombuffer(row[:size].tobytes(), array.dtype).reshape(-1, *array.shape[1:])
        for row, size in zip(rows, sizes, strict=True)
    ]
