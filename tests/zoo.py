"""Awkward networks by name, each with a box to look at it in.

Every public function is run over this zoo. Networks are float64 and built in code.
"""

import numpy as np

from regions.domains.shapes import Box
from regions.network import ReluNetwork
from tests.helpers import random_network

Specimen = tuple[ReluNetwork, Box]


def _network(weights, biases, slopes=0.0, skips=None) -> ReluNetwork:
    """`ReluNetwork.from_arrays` for nested lists."""
    arrays = [np.asarray(w, float) for w in weights]
    vectors = None if biases is None else [np.asarray(b, float) for b in biases]
    return ReluNetwork.from_arrays(arrays, vectors, slopes, skips=skips)


def _one_layer(weight, bias, slopes=0.0) -> ReluNetwork:
    """One hidden layer and a summing output."""
    weight = np.asarray(weight, float)
    return _network(
        [weight, np.ones((1, len(weight)))], [np.asarray(bias, float), [0.0]], slopes
    )


def _square(dim: int = 2, half: float = 1.0) -> Box:
    """The cube `[-half, half]^dim`."""
    return Box(np.full(dim, -half), np.full(dim, half))


def _planar() -> dict[str, Specimen]:
    """One hidden layer on the plane: parallel, equal, opposite, dead, constant."""
    networks = {
        "one_unit": _one_layer([[1.0, 2.0]], [0.25]),
        "dead_unit": _one_layer([[1.0, 0.5], [0.25, 0.25]], [0.125, -4.0]),
        "always_on_unit": _one_layer([[1.0, 0.5], [0.25, 0.25]], [0.125, 4.0]),
        "duplicated_unit": _one_layer(
            [[1.0, 0.5], [1.0, 0.5], [-0.5, 1.0]], [0.25, 0.25, 0.0]
        ),
        "scaled_copy_of_a_unit": _one_layer([[0.1, 0.7], [0.2, 1.4]], [0.1, 0.2]),
        # 3 * 0.1 is not the float64 0.3: slivers of width 1e-17 lie between the two.
        "equal_up_to_rounding": _one_layer([[0.1, 0.7], [0.3, 2.1]], [0.1, 0.3]),
        "opposite_units": _one_layer([[1.0, 0.5], [-1.0, -0.5]], [0.25, -0.25]),
        "parallel_units": _one_layer(
            [[1.0, 0.5], [1.0, 0.5], [-2.0, -1.0]], [0.25, 0.5, 0.25]
        ),
        "zero_weights_positive_bias": _one_layer(
            [[0.0, 0.0], [1.0, -1.0]], [1.0, 0.25]
        ),
        "zero_weights_negative_bias": _one_layer(
            [[0.0, 0.0], [1.0, -1.0]], [-1.0, 0.25]
        ),
        "zero_weights_zero_bias": _one_layer([[0.0, 0.0], [1.0, -1.0]], [0.0, 0.25]),
        "all_zero": _network(
            [np.zeros((3, 2)), np.zeros((2, 3)), np.zeros((1, 2))], None
        ),
        "integer_weights": _one_layer(
            [[1, 0], [0, 1], [1, 1], [1, -1], [2, 1]], [0, 0, 0, 0, -1]
        ),
        "thin_strip": _one_layer([[1.0, 0.0], [1.0, 0.0]], [0.0, -1e-9]),
        "huge_weights": _one_layer([[1e8, 3e7], [-2e7, 1e8]], [1e6, -1e7]),
        "tiny_weights": _one_layer([[1e-8, 3e-9], [-2e-9, 1e-8]], [1e-10, -1e-9]),
        "three_concurrent_lines": _one_layer(
            [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [-0.25, -0.5, -0.75]
        ),
        "tiny_triangle": _one_layer(
            [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 0.0, -1e-8]
        ),
        "unit_along_the_domain": _one_layer([[1.0, 0.0], [0.0, 1.0]], [-1.0, 0.0]),
    }
    return {name: (network, _square()) for name, network in networks.items()}


def _deep() -> dict[str, Specimen]:
    """Several hidden layers: narrow, biased to death, without biases."""
    rng = np.random.default_rng(7)
    ones = [np.array([[1.0]])] * 4
    negative = [rng.standard_normal((6, 2)), rng.standard_normal((6, 6)), [[1.0] * 6]]
    low_rank = np.outer([1.0, -2.0, 0.5, 3.0], [1.0, 1.0, -1.0])
    free = random_network(np.random.default_rng(3), 2, [14, 14], bias_scale=0.0)
    cones = random_network(np.random.default_rng(4), 3, [5, 4], bias_scale=0.0)
    return {
        "widths_1_1_1": (
            _network(ones, [[0.5], [-0.25], [-0.25], [0.0]]),
            _square(1),
        ),
        "deep_narrow": (random_network(rng, 2, [2] * 8, 0.3), _square()),
        "all_negative_biases": (
            _network(negative, [[-0.5] * 6, [-0.25] * 6, [0.0]]),
            _square(),
        ),
        "rank_deficient_first_layer": (
            _network(
                [low_rank, rng.standard_normal((3, 4)), [[1.0] * 3]],
                [[0.25, 0.5, -0.125, 0.75], [0.1, -0.2, 0.3], [0.0]],
            ),
            _square(3),
        ),
        "no_hidden_layer": (
            _network([[[1.0, -2.0]]], [[0.5]]),
            _square(),
        ),
        "zero_biases": (free, _square()),
        "bias_free_in_space": (cones, _square(3)),
        "wide_then_narrow": (random_network(rng, 2, [10, 2, 6]), _square()),
        "several_outputs": (random_network(rng, 2, [5, 4], outputs=3), _square()),
        "four_dimensions": (random_network(rng, 4, [5, 4]), _square(4)),
        "huge_then_tiny": (
            _network(
                [
                    1e8 * rng.standard_normal((4, 2)),
                    1e-8 * rng.standard_normal((4, 4)),
                    np.ones((1, 4)),
                ],
                [1e7 * rng.standard_normal(4), 0.1 * rng.standard_normal(4), [0.0]],
            ),
            _square(),
        ),
    }


def _other_activations() -> dict[str, Specimen]:
    """Slopes other than 0, and layers that read more than the previous one."""
    rng = np.random.default_rng(11)
    prelu = random_network(
        rng,
        2,
        [4, 4],
        slopes=[np.array([0.0, 1.0, -0.5, 0.25]), np.array([1.0, -1.0, 0.0, 2.0])],
    )
    skips = {
        1: {0: rng.standard_normal((4, 2))},
        2: {0: rng.standard_normal((3, 2)), 1: rng.standard_normal((3, 5))},
    }
    sizes = [(5, 2), (4, 5), (3, 4), (1, 3)]
    concatenated = _network(
        [rng.standard_normal(s) * 0.7 for s in sizes],
        [0.4 * rng.standard_normal(s[0]) for s in sizes],
        skips=skips,
    )
    residual = _network(
        [rng.standard_normal((3, 3)) for _ in range(3)] + [np.ones((1, 3))],
        [0.3 * rng.standard_normal(3) for _ in range(3)] + [[0.0]],
        slopes=0.1,
        skips={2: {1: np.eye(3)}, 3: {2: np.ones((1, 3))}},
    )
    pair = [[1.0, -1.0], [0.0, 1.0], [0.0, -1.0]]
    maximum = _network([pair, [[1.0, 1.0, -1.0]]], None)
    return {
        "leaky": (random_network(rng, 2, [5, 4], slopes=0.01), _square()),
        "prelu": (prelu, _square()),
        "no_kink_at_all": (random_network(rng, 2, [3, 3], slopes=1.0), _square()),
        "skip_blocks": (concatenated, _square()),
        "residual": (residual, _square(3)),
        "maximum_of_two_inputs": (maximum, _square()),
        "absolute_value": (
            _one_layer([[1.0, 0.5], [0.5, -1.0]], [0.25, 0.0], slopes=-1.0),
            _square(),
        ),
    }


ZOO: dict[str, Specimen] = {**_planar(), **_deep(), **_other_activations()}
