"""Small networks on which tolerances matter; outputs are to be bounded from above."""

import itertools
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import Box
from regions.models.joint import side_by_side
from regions.network import ReluNetwork

KINDS = (
    "2-5-2",
    "5-8-1",
    "2-5-2, scaled",
    "one unit, nearly fixed input",
    "copies 1e-12 apart",
)

SCALE = 2.0**20
"""Factor between units and their outgoing weights: the function stays as it is."""


class Case(NamedTuple):
    """A network, where it is asked, and of which output."""

    network: ReluNetwork
    domain: Box
    output: int


def case_of(kind: str, seed: int) -> Case:
    """A case of a kind."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind == "2-5-2":
        return Case(_network(rng, (2, 5, 2)), Box.cube(2), 0)
    if kind == "5-8-1":
        return Case(_network(rng, (5, 8, 1)), Box.cube(5), 0)
    if kind == "2-5-2, scaled":
        return Case(scaled(_network(rng, (2, 5, 2))), Box.cube(2), 0)
    if kind == "copies 1e-12 apart":
        return Case(_copies(_network(rng, (2, 5, 1)), rng), Box.cube(2), 0)
    return _one_unit(rng)


def _network(rng: np.random.Generator, sizes: tuple[int, ...]) -> ReluNetwork:
    """A network with normal weights."""
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        weights.append(rng.standard_normal((fan_out, fan_in)))
        biases.append(0.5 * rng.standard_normal(fan_out))
    return ReluNetwork.from_arrays(weights, biases)


def scaled(network: ReluNetwork) -> ReluNetwork:
    """The same function: units over a power of two, their outgoing weights times it.

    A solver that takes a unit's activation as right within 1e-6 is off by that times
    the scale in the output.
    """
    first, last = network.layers
    return ReluNetwork.from_arrays(
        [first.weight / SCALE, last.weight * SCALE], [first.bias / SCALE, last.bias]
    )


def _one_unit(rng: np.random.Generator) -> Case:
    """One unit of a weight of 2^20 that an input within 2^-30 switches on or off."""
    weight = SCALE * (1.0 + rng.integers(8) / 8.0)
    middle = float(rng.integers(1, 16)) / 16.0
    network = ReluNetwork.from_arrays([[[weight]], [[1.0]]], [[-weight * middle], None])
    return Case(network, Box([middle - 2.0**-30], [middle + 2.0**-30]), 0)


def _copies(network: ReluNetwork, rng: np.random.Generator) -> ReluNetwork:
    """The difference of a network and a copy with weights of the output 1e-12 apart."""
    weights = [np.array(layer.weight) for layer in network.layers]
    weights[-1] += 1e-12 * rng.choice([-1.0, 1.0], weights[-1].shape)
    other = ReluNetwork.from_arrays(weights, [layer.bias for layer in network.layers])
    both = side_by_side(network, other)
    last = both.output
    return ReluNetwork.from_arrays(
        [both.hidden[0].weight, last.weight[:1] - last.weight[1:]],
        [both.hidden[0].bias, last.bias[:1] - last.bias[1:]],
    )
