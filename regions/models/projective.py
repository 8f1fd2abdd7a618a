"""A network on all its inputs at once, infinitely far ones too, as one in a cube."""

import numpy as np

from regions.network import Layer, ReluNetwork


def in_projective_cube(network: ReluNetwork) -> ReluNetwork | None:
    """A network that has in the cube [-1, 1]^dim the values of `network` everywhere.

    With `t = max(1 - |z|_1, 0)` its outputs at `z` are `t` times those of `network` at
    `z / t`; where `t` is 0, how fast these grow in the direction `z`. The points
    `z / t` are the whole space: z = x / (1 + |x|_1) belongs to x. Outputs have thus one
    order at both. No number is computed, so that nothing is rounded.

    Returns:
        The network; None if `network` has skip blocks.

    Example:
        >>> line = ReluNetwork.from_arrays([[[3.0]]], [[1.0]])
        >>> in_projective_cube(line)(np.array([[0.5], [1.0]]))  # (3 x + 1) / 2, and 3
        array([[2.],
               [3.]])
    """
    if any(layer.skips for layer in network.layers):
        return None
    dim = network.input_dim
    eye, zeros, ones = np.eye(dim), np.zeros(dim), np.ones(dim)
    # Both parts of each coordinate; then the coordinates as they were, and t.
    parts = _layer(np.vstack([eye, -eye]), np.zeros(2 * dim))
    scale = Layer(
        np.vstack([np.hstack([eye, -eye]), -np.ones((1, 2 * dim))]),
        np.append(zeros, 1.0),
        np.append(ones, 0.0),
    )
    hidden = [parts, scale]
    for layer in network.hidden:
        rows = _with_bias_read(layer)
        last = np.eye(1, rows.shape[1], rows.shape[1] - 1)
        hidden.append(_layer(np.vstack([rows, last]), np.append(layer.slopes, 1.0)))
    output = _with_bias_read(network.output)
    return ReluNetwork(tuple(hidden), _layer(output, np.ones(len(output))))


def _with_bias_read(layer: Layer) -> np.ndarray:
    """The weights of a layer that reads one more number, a factor of its bias."""
    return np.hstack([layer.weight, layer.bias[:, None]])


def _layer(weight: np.ndarray, slopes: np.ndarray) -> Layer:
    """A layer without biases."""
    return Layer(weight, np.zeros(len(weight)), slopes)
