"""ReLU classifiers with RMS normalization before each layer, and the plain ones.

A layer of a normalized network is `W (g * x / rms(x)) + b`, with `rms(x)` the root of
the mean square of its inputs. It divides by a positive number: without biases the sign
of each unit, and so the whole partition, is that of the plain network with the gains
g in its weights.

References:
    B. Zhang, R. Sennrich, Root mean square layer normalization, NeurIPS 2019, arXiv
    1910.07467.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float32, Float64, Int, Shaped

from regions.network import ReluNetwork

EPSILON = 1e-6
"""Added to the mean square, as is usual: inputs of zero stay zero."""

CHECK = 10
"""Updates between two looks at the test points."""


class Layer(NamedTuple):
    """One layer; stacked along leading axes for many networks.

    Attributes:
        weight: `W`.
        bias: `b`.
        gain: `g` of the normalization before it.
    """

    weight: Float[Array | np.ndarray, "*networks fan_out fan_in"]
    bias: Float[Array | np.ndarray, "*networks fan_out"]
    gain: Float[Array | np.ndarray, "*networks fan_in"]


Layers = list[Layer]


class Points(NamedTuple):
    """Points of one network, or of many along a leading axis.

    Attributes:
        inputs: One a row.
        labels: Their classes.
        test_inputs: Points not trained on.
        test_labels: Their classes.
    """

    inputs: Float32[Array | np.ndarray, "*networks points dim"]
    labels: Int[Array | np.ndarray, "*networks points"]
    test_inputs: Float32[Array | np.ndarray, "*networks tests dim"]
    test_labels: Int[Array | np.ndarray, "*networks tests"]


def rms_outputs(
    layers: Layers, inputs: Float[Array, "points dim"], normalized: Float[Array, ""]
) -> Float[Array, "points outputs"]:
    """Outputs of one network; `normalized` is 1 with normalization and 0 without."""
    hidden = inputs
    for index, (weight, bias, gain) in enumerate(layers):
        square = jnp.mean(hidden**2, axis=1, keepdims=True)
        scale = jnp.where(normalized > 0.0, jax.lax.rsqrt(square + EPSILON), 1.0)
        hidden = (hidden * scale * gain) @ weight.T + bias
        if index < len(layers) - 1:
            hidden = jax.nn.relu(hidden)
    return hidden


def init_layers(key: Shaped[Array, ""], sizes: Sequence[int]) -> Layers:
    """He normal weights, zero biases, gains of 1."""
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        Layer(
            jax.random.normal(one, (fan_out, fan_in), jnp.float32)
            * np.float32((2.0 / fan_in) ** 0.5),
            jnp.zeros(fan_out, jnp.float32),
            jnp.ones(fan_in, jnp.float32),
        )
        for one, (fan_in, fan_out) in zip(keys, itertools.pairwise(sizes), strict=True)
    ]


@functools.partial(jax.jit, static_argnames=("sizes", "updates"))
def train_rms_networks(
    keys: Shaped[Array, " networks"],
    points: Points,
    normalized: Float[Array | np.ndarray, " networks"],
    biased: Float[Array | np.ndarray, " networks"],
    rates: Float[Array | np.ndarray, " networks"],
    *,
    sizes: tuple[int, ...],
    updates: int,
) -> tuple[Layers, Array, Array, Array]:
    """Train by full-batch Adam on the cross entropy, all networks in one program.

    Args:
        keys: Random keys of the initial weights.
        points: With a leading axis of networks.
        normalized: 1 for networks with normalization, 0 for plain ones, whose gains
            stay 1.
        biased: 1 for networks whose biases are trained, 0 where they stay 0.
        rates: Learning rates.
        sizes: Inputs, units of each hidden layer, outputs; static.
        updates: A multiple of `CHECK`; static.

    Returns:
        The layers after all updates; by network, the cross entropy on the training
        points before each update, and, before every `CHECK`-th, that on the test
        points and the share of them that is misclassified.
    """

    def one(key, data, normalized, biased, rate):
        layers = init_layers(key, sizes)
        optimizer = optax.adam(rate)

        def loss(layers, inputs, labels):
            outputs = rms_outputs(layers, inputs, normalized)
            found = optax.softmax_cross_entropy_with_integer_labels(outputs, labels)
            return jnp.mean(found), outputs

        def update(carry, _):
            layers, state = carry
            (value, _), gradient = jax.value_and_grad(loss, has_aux=True)(
                layers, data.inputs, data.labels
            )
            # Adam does not move what has no gradient.
            gradient = [Layer(w, biased * b, normalized * g) for w, b, g in gradient]
            changes, state = optimizer.update(gradient, state)
            return (cast(Layers, optax.apply_updates(layers, changes)), state), value

        def check(carry, _):
            value, outputs = loss(carry[0], data.test_inputs, data.test_labels)
            wrong = jnp.mean(outputs.argmax(axis=1) != data.test_labels)
            carry, losses = jax.lax.scan(update, carry, length=CHECK)
            return carry, (losses, value, wrong)

        start = layers, optimizer.init(layers)
        (layers, _), (losses, test, wrong) = jax.lax.scan(
            check, start, length=updates // CHECK
        )
        return layers, losses.reshape(-1), test, wrong

    return jax.vmap(one)(keys, points, normalized, biased, rates)


def rms_signs(
    layers: Layers, inputs: Float64[np.ndarray, "points dim"]
) -> list[np.ndarray]:
    """Which units of each hidden layer are on in one normalized network, in float64."""
    hidden, found = inputs, []
    for weight, bias, gain in layers[:-1]:
        square = np.mean(hidden**2, axis=1, keepdims=True)
        hidden = hidden / np.sqrt(square + EPSILON) * np.asarray(gain, np.float64)
        pre = hidden @ np.asarray(weight, np.float64).T + np.asarray(bias, np.float64)
        found.append(pre > 0.0)
        hidden = np.maximum(pre, 0.0)
    return found


def plain_network(layers: Layers) -> ReluNetwork:
    """The plain network with the gains of one normalized network in its weights.

    Without biases it has the same partition of the inputs.
    """
    return ReluNetwork.from_arrays(
        [
            np.asarray(weight, np.float64) * np.asarray(gain, np.float64)
            for weight, _, gain in layers
        ],
        [np.asarray(bias, np.float64) for _, bias, _ in layers],
    )
