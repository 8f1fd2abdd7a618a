"""A network at rational points in integers, against fractions, layer by layer."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpz

import regions
from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.integer_points import IntegerPoints
from regions.network import ReluNetwork
from tests.helpers import random_network

SKIPS = {1: {0: np.eye(3, 2)}, 2: {0: np.ones((2, 2)), 1: np.eye(2, 4) / 8}}


def networks() -> dict[str, ReluNetwork]:
    """Long numbers and short ones, slopes of all kinds, blocks that skip layers."""
    rng = np.random.default_rng(0)
    sizes = ((4, 2), (3, 4), (2, 3))
    weights = [rng.integers(-2, 3, size) / 4.0 for size in sizes]
    biases = [rng.integers(-2, 3, size[0]) / 2.0 for size in sizes]
    slopes = [[0.25, 0.0, 1.0, -0.5], [0.0, 0.1, 2.0]]
    return {
        "long": random_network(rng, 2, [4, 3], outputs=2),
        "plain": ReluNetwork.from_arrays(weights, biases),
        "whole": ReluNetwork.from_arrays(weights, biases, [[2.0, 0.0, 1.0, -1.0], 3.0]),
        "slopes": ReluNetwork.from_arrays(weights, biases, slopes),
        "skips": ReluNetwork.from_arrays(weights, biases, slopes, skips=SKIPS),
    }


def pushed(network: ReluNetwork, point: list[Fraction]) -> list[list[Fraction]]:
    """Pre-activations of all layers, one number after the other."""
    held, result = [point], []
    for index, layer in enumerate(network.layers):
        pre = list(map(Fraction, layer.bias.tolist()))
        for source, matrix in layer.blocks(index):
            for k, row in enumerate(matrix.tolist()):
                pairs = zip(row, held[source], strict=True)
                pre[k] += sum(Fraction(w) * v for w, v in pairs)
        result.append(pre)
        slopes = map(Fraction, layer.slopes.tolist())
        held.append([v if v > 0 else s * v for v, s in zip(pre, slopes, strict=True)])
    return result


@pytest.mark.parametrize("name", networks())
def test_integers_are_the_values_times_their_scales(name):
    network, rng = networks()[name], np.random.default_rng(1)
    # At 0, where a unit without a bias vanishes, and at others.
    points = [[Fraction(0), Fraction(0)]]
    points += [
        [Fraction(int(a), int(c)), Fraction(int(b), int(c))]
        for a, b, c in np.c_[rng.integers(-9, 10, (30, 2)), rng.integers(1, 9, 30)]
    ]
    layers = ExactLayers(network, regions.WholeSpace(2))
    bottoms = [point[0].denominator * point[1].denominator for point in points]
    places = [
        [*(fmpz(int(v * w)) for v in point), fmpz(w)]
        for point, w in zip(points, bottoms, strict=True)
    ]
    found = IntegerPoints(layers).at_places(places)
    exact = layers.at_points(
        [[fmpq(v.numerator, v.denominator) for v in p] for p in points]
    )
    for k, (point, bottom) in enumerate(zip(points, bottoms, strict=True)):
        for scaled, rows, right in zip(
            found, exact, pushed(network, point), strict=True
        ):
            assert scaled.scale > 0
            values = [fmpq(row[k], bottom * scaled.scale) for row in scaled.rows]
            assert values == rows[k]
            assert [Fraction(int(v.p), int(v.q)) for v in values] == right
