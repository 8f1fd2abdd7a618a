"""The networks that are trained, and the only door from here to `regions`."""

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float32, Shaped

from regions.network import ReluNetwork
from training.config import ModelConfig

BIAS = 0.1
"""Initial bias of `he_normal`: the origami posts start all creases off the origin."""

SMALL_BIAS = 1e-3
"""Standard deviation of initial biases of `he_normal_small_bias`."""

OUTPUT_NORM = 1e-3
"""Norm of an output's initial weights with `unit_columns`."""


def _kernel_initializer(config: ModelConfig, scale: float) -> nnx.Initializer:
    """Initializer of kernels, `scale` times as large as the standard one."""
    if config.initializer == "unit_columns":
        return lambda key, shape, _: scale * random_unit_columns(key, shape)
    if config.initializer == "flax":
        return nnx.initializers.variance_scaling(scale**2, "fan_in", "truncated_normal")
    # Not `he_normal` of JAX, which truncates: the posts' library does not.
    return nnx.initializers.variance_scaling(2.0 * scale**2, "fan_in", "normal")


def random_unit_columns(
    key: Shaped[Array, "..."], shape: tuple[int, int]
) -> Float32[Array, "fan_in fan_out"]:
    """Columns of norm 1, the first ones (as many as can be) orthogonal."""
    first, others = jax.random.split(key)
    square = min(shape)
    orthogonal = nnx.initializers.orthogonal()(first, (shape[0], square), jnp.float32)
    drawn = jax.random.normal(others, (shape[0], shape[1] - square), jnp.float32)
    return jnp.hstack([orthogonal, drawn / jnp.linalg.norm(drawn, axis=0)])


def _bias_initializer(config: ModelConfig, is_output: bool) -> nnx.Initializer:
    """Initializer of biases."""
    if config.initializer == "unit_columns" and is_output:
        return nnx.initializers.zeros_init()
    initializers = {
        "unit_columns": lambda *arguments: jax.random.uniform(
            *arguments, minval=-1.0, maxval=1.0
        ),
        "he_normal": nnx.initializers.constant(BIAS),
        "he_normal_small_bias": nnx.initializers.normal(SMALL_BIAS),
        "he_normal_unit_bias": nnx.initializers.normal(1.0),
        "flax": nnx.initializers.zeros_init(),
    }
    return initializers[config.initializer]


class UnitsFirstLinear(nnx.Linear):
    """An affine layer on columns: points are the last axis, not the first.

    A few units times many points are then wide matrices with contiguous rows, whose
    products are three to six times as fast on a CPU as those of tall ones.
    """

    def __call__(
        self, inputs: Float32[Array, "fan_in points"], out_sharding: None = None
    ) -> Float32[Array, "fan_out points"]:
        """The layer at the columns of `inputs`."""
        del out_sharding
        product = jnp.matmul(self.kernel[...].T, inputs, precision=self.precision)
        return product if self.bias is None else product + self.bias[...][:, None]


class Mlp(nnx.Module):
    """A fully connected network in float32, with an affine last layer.

    Attributes:
        config: What was built.
        layers: The affine layers, the output last; kernels are `(fan_in, fan_out)`.
        slopes: Learned slopes below zero, one vector per hidden layer (`prelu` only).
    """

    def __init__(self, config: ModelConfig, *, rngs: nnx.Rngs):
        self.config = config
        last = OUTPUT_NORM if config.initializer == "unit_columns" else 1.0
        scales = [config.init_scale] * len(config.widths) + [last]
        sizes = [config.input_dim, *config.widths, config.output_dim]
        self.layers = nnx.List(
            UnitsFirstLinear(
                fan_in,
                fan_out,
                use_bias=config.use_bias,
                kernel_init=_kernel_initializer(config, scale),
                bias_init=_bias_initializer(config, i == len(config.widths)),
                param_dtype=jnp.float32,
                # An accelerator's shorter default would train a network that differs
                # from the one whose regions are counted.
                precision=jax.lax.Precision.HIGHEST,
                rngs=rngs,
            )
            for i, ((fan_in, fan_out), scale) in enumerate(
                zip(itertools.pairwise(sizes), scales, strict=True)
            )
        )
        learned = config.widths if config.activation == "prelu" else ()
        self.slopes = nnx.List(
            nnx.Param(jnp.full((width,), config.slope, jnp.float32))
            for width in learned
        )

    def __call__(
        self, inputs: Float32[Array | np.ndarray, "points dim"]
    ) -> Float32[Array, "points outputs"]:
        """The outputs at `inputs`."""
        hidden = jnp.asarray(inputs).T
        for i, layer in enumerate(list(self.layers)[:-1]):
            pre = layer(hidden)
            if self.slopes:
                slope = self.slopes[i][...][:, None]
            else:
                slope = _fixed_slope(self.config)
            hidden = jnp.where(pre > 0.0, pre, slope * pre)
        return self.layers[-1](hidden).T


def _fixed_slope(config: ModelConfig) -> np.float32:
    """Slope below zero of an activation that learns none."""
    slopes = {"relu": 0.0, "abs": -1.0, "leaky_relu": config.slope}
    return np.float32(slopes[config.activation])


def init_model(config: ModelConfig, seed: int) -> Mlp:
    """A network with random parameters, the same for the same seed."""
    return Mlp(config, rngs=nnx.Rngs(seed))


@functools.partial(jax.jit, static_argnames="config")
def init_many(config: ModelConfig, keys: Shaped[Array, " models"]) -> dict[str, Any]:
    """Random parameters of many networks, as `to_params` gives them, in one program.

    Not those of `init_model` with the same seeds, which builds networks one by one.

    Returns:
        The parameters, with a leading axis of networks.
    """
    return jax.vmap(lambda key: to_params(Mlp(config, rngs=nnx.Rngs(key))))(keys)


def to_params(model: Mlp) -> dict[str, Any]:
    """The parameters as nested dictionaries of arrays, keys all strings."""
    state = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    return {
        name: {str(i): entry for i, entry in group.items()}
        for name, group in state.items()
    }


def apply_params(
    config: ModelConfig,
    params: Mapping[str, Any],
    inputs: Float32[Array | np.ndarray, "points dim"],
) -> Float32[Array, "points outputs"]:
    """The network with `params` at `inputs`: pure, to be differentiated and vmapped."""
    model = nnx.eval_shape(lambda: init_model(config, 0))
    graph, state = nnx.split(model)
    nnx.replace_by_pure_dict(
        state,
        {
            name: {int(i): entry for i, entry in group.items()}
            for name, group in params.items()
        },
    )
    return nnx.merge(graph, state)(inputs)


def params_to_relu_network(
    params: Mapping[str, Any], config: ModelConfig
) -> ReluNetwork:
    """The network of `regions` that `params` describe, float32 taken over exactly.

    Args:
        params: As `to_params` gives them.
        config: The configuration of the model that they belong to.
    """
    layers = [params["layers"][str(i)] for i in range(len(config.widths) + 1)]
    slopes = [
        np.asarray(params["slopes"][str(i)])
        if config.activation == "prelu"
        else _fixed_slope(config)
        for i in range(len(config.widths))
    ]
    return ReluNetwork.from_arrays(
        [np.asarray(layer["kernel"]).T for layer in layers],
        [np.asarray(layer["bias"]) if "bias" in layer else None for layer in layers],
        slopes,
    )


def to_relu_network(model: Mlp) -> ReluNetwork:
    """The network of `regions` that `model` is, float32 taken over exactly."""
    return params_to_relu_network(to_params(model), model.config)
