"""Networks and runners that the tests of pieces share."""

import pathlib

import numpy as np

from regions.io import load_network
from regions.network import ReluNetwork
from regions.pieces.count import run_here

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


def stops_after(number):
    """A runner that dies after some pieces."""

    def run(problem, pieces):
        for done, result in enumerate(run_here(problem, pieces)):
            if done == number:
                raise KilledError
            yield result

    return run
