"""Classifiers with batch normalization or dropout, and the ReLU networks they become.

Both act while the network is trained. In inference batch normalization is one scale and
shift per unit, which are folded into the weights before it, and dropout does nothing:
what is left is a plain ReLU network.
"""

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Shaped

from regions.network import ReluNetwork
from training.datasets import Dataset
from training.loop import epoch_batches


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierConfig:
    """A fully connected ReLU classifier and how it is trained.

    Attributes:
        widths: Hidden units per layer.
        input_dim: Number of inputs.
        output_dim: Number of classes.
        batch_norm: Normalize every pre-activation over the batch.
        dropout: Share of hidden units that are dropped at each update.
        learning_rate: Learning rate of Adam.
        epochs: Passes over the training points.
        batch_size: Points per update.
    """

    widths: tuple[int, ...] = (32, 32)
    input_dim: int = 64
    output_dim: int = 10
    batch_norm: bool = False
    dropout: float = 0.0
    learning_rate: float = 1e-3
    epochs: int = 60
    batch_size: int = 64

    def __post_init__(self):
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(
                f"`dropout` is {self.dropout}: a share of at least 0, below 1, is "
                "required."
            )


class Classifier(nnx.Module):
    """The network of a `ClassifierConfig`, He normal kernels and zero biases.

    Attributes:
        config: What was built.
        layers: The affine layers, the output last.
        norms: Batch normalization of each hidden layer, if any.
        dropout: Share of the units of every hidden layer that are dropped.
    """

    def __init__(self, config: ClassifierConfig, *, rngs: nnx.Rngs):
        self.config = config
        sizes = [config.input_dim, *config.widths, config.output_dim]
        self.layers = nnx.List(
            nnx.Linear(
                fan_in,
                fan_out,
                kernel_init=nnx.initializers.variance_scaling(2.0, "fan_in", "normal"),
                precision=jax.lax.Precision.HIGHEST,
                rngs=rngs,
            )
            for fan_in, fan_out in itertools.pairwise(sizes)
        )
        widths = config.widths if config.batch_norm else ()
        self.norms = nnx.List(
            nnx.BatchNorm(width, momentum=0.9, rngs=rngs) for width in widths
        )
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)

    def __call__(
        self, inputs: Float[Array | np.ndarray, "points dim"]
    ) -> Float[Array, "points classes"]:
        """Logits; `train` and `eval` of the module say in which way."""
        hidden = jnp.asarray(inputs)
        for index, layer in enumerate(list(self.layers)[:-1]):
            pre = layer(hidden)
            if self.config.batch_norm:
                pre = self.norms[index](pre)
            hidden = self.dropout(jnp.maximum(pre, 0.0))
        return self.layers[-1](hidden)


def init_classifier(config: ClassifierConfig, seed: int) -> Classifier:
    """A classifier with random parameters, the same for the same seed."""
    return Classifier(config, rngs=nnx.Rngs(seed))


def train_classifiers(
    config: ClassifierConfig, data: Dataset, seeds: Sequence[int]
) -> list[Classifier]:
    """Train one classifier per seed by Adam on the cross entropy, in one program.

    Args:
        config: What to train; with 0 epochs the classifiers are those of the start.
        data: Points, and one-hot targets; validation points play no part.
        seeds: Seeds of initialization, shuffles and dropout.

    Returns:
        The classifiers, in the mode of inference.
    """
    models = [init_classifier(config, seed) for seed in seeds]
    if not config.epochs:
        for model in models:
            model.eval()
        return models
    graph = nnx.graphdef(models[0])
    states = [nnx.state(model) for model in models]
    state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    keys = jnp.stack([jax.random.fold_in(jax.random.key(seed), 1) for seed in seeds])
    points = jnp.asarray(data.train_inputs), jnp.asarray(data.train_targets)
    # Networks that differ in the rate alone share a program.
    rate, shared = config.learning_rate, dataclasses.replace(config, learning_rate=1.0)
    state = _train(state, keys, *points, rate, graph, shared)
    return [_member(graph, state, index) for index in range(len(seeds))]


def _member(graph: Any, state: Any, index: int) -> Classifier:
    """One classifier of an ensemble, in the mode of inference."""
    model = nnx.merge(graph, jax.tree.map(lambda leaf: leaf[index], state))
    model.eval()
    return model


@functools.partial(jax.jit, static_argnames=("graph", "config"))
def _train(
    state: Any,
    keys: Shaped[Array, " seeds"],
    inputs: Float[Array, "points dim"],
    targets: Float[Array, "points classes"],
    learning_rate: float | Float[Array, ""],
    graph: Any,
    config: ClassifierConfig,
) -> Any:
    """All epochs of all seeds, vmapped over states and keys."""
    optimizer = optax.adam(jnp.asarray(learning_rate, jnp.float32))

    def loss(params, rest, indices, weights):
        # Copies: variables of an outer trace must not be written to.
        model = nnx.merge(graph, params, rest, copy=True)
        model.train()
        outputs = model(inputs[indices])
        errors = optax.softmax_cross_entropy(outputs, targets[indices])
        _, rest = nnx.state(model, nnx.Param, ...)
        return jnp.sum(weights * errors) / jnp.sum(weights), rest

    def train(state, key):
        params, rest = nnx.split_state(state, nnx.Param, ...)

        def update(carry, batch):
            params, rest, opt_state = carry
            gradient, rest = jax.grad(loss, has_aux=True)(params, rest, *batch)
            changes, opt_state = optimizer.update(gradient, opt_state, params)
            return (optax.apply_updates(params, changes), rest, opt_state), None

        def epoch(carry, number):
            shuffle = jax.random.fold_in(key, number)
            batches = epoch_batches(shuffle, len(inputs), config.batch_size)
            # Whole batches only: padding would count in the statistics of a batch.
            whole = len(inputs) // config.batch_size
            carry, _ = jax.lax.scan(
                update, carry, jax.tree.map(lambda part: part[:whole], batches)
            )
            return carry, None

        carry = (params, rest, optimizer.init(params))
        (params, rest, _), _ = jax.lax.scan(epoch, carry, jnp.arange(config.epochs))
        return nnx.merge_state(cast(Any, params), rest)

    return jax.vmap(train)(state, keys)


def fold_batch_norm(model: Classifier) -> ReluNetwork:
    """The plain ReLU network that a classifier is in inference.

    Batch normalization maps a pre-activation to `scale * (pre - mean) + shift` with
    `scale = gamma / sqrt(variance + epsilon)`; scale and folded weights are computed in
    float64 from the float32 numbers, each rounded once or twice.
    """
    weights, biases = [], []
    for index, layer in enumerate(model.layers):
        weight, bias = _float64(layer.kernel).T, _float64(layer.bias)
        if index < len(model.norms):
            norm = model.norms[index]
            scale = _float64(norm.scale) / np.sqrt(_float64(norm.var) + norm.epsilon)
            weight = scale[:, None] * weight
            bias = scale * (bias - _float64(norm.mean)) + _float64(norm.bias)
        weights.append(weight)
        biases.append(bias)
    return ReluNetwork.from_arrays(weights, biases)


def _float64(variable: Any) -> np.ndarray:
    """The value of a variable in float64, exactly."""
    return np.asarray(variable[...], np.float64)
