"""Networks and runners that the tests of parts share."""

import contextlib
import pathlib

import numpy as np
import psutil

from regions.io import load_network
from regions.network import ReluNetwork

NETS = pathlib.Path(__file__).resolve().parents[2] / "data" / "nets"


def net(name):
    """A stored network."""
    return load_network(NETS / f"{name}.npz")


def one_layer(weight, bias):
    """A ReLU network with one hidden layer."""
    weight = np.array(weight, float)
    return ReluNetwork.from_arrays(
        [weight, np.ones((1, len(weight)))], [np.array(bias, float), np.zeros(1)]
    )


class KilledError(Exception):
    """What stops a run in these tests."""


def run_here(splits, parts):
    """A runner in this process."""
    for which, part in parts:
        yield (which, part), splits[which].count(part, lambda: False)


def stops_after(number):
    """A runner that dies after some parts."""

    def run(splits, parts):
        for done, result in enumerate(run_here(splits, parts)):
            if done == number:
                raise KilledError
            yield result

    return run


def worker_processes():
    """The worker processes that this process started."""
    found = []
    for child in psutil.Process().children():
        # One that was killed before may be gone, or half gone.
        with contextlib.suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found
