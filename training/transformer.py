"""One small pre-norm transformer block, and the counting that it learns.

Tokens and positions are embedded and added; attention reads the normalized sum, a ReLU
feed-forward layer the normalized result, each adds to what it read, and a linear head
reads the normalized last position. All positions attend to all.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float32, Int, PyTree, Shaped

from regions.network import ReluNetwork
from training.streams import fit_stream


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TransformerConfig:
    """A block and what is around it.

    Attributes:
        vocabulary: Tokens.
        length: Number of tokens of a sequence.
        classes: Outputs at the last position.
        dim: Dimension of the stream that attention and feed-forward layer add to.
        heads: Number of heads of the attention, a divisor of `dim`.
        hidden: Units of the feed-forward layer.
    """

    vocabulary: int
    length: int
    classes: int
    dim: int = 16
    heads: int = 2
    hidden: int = 32

    def __post_init__(self):
        if self.heads < 1 or self.dim % self.heads:
            raise ValueError(
                f"`heads` is {self.heads}: a divisor of `dim`, {self.dim}, is required."
            )


class Activity(NamedTuple):
    """What a block computes on sequences.

    Attributes:
        attended: Output of the attention, before it is added.
        entering: Input of the feed-forward layer, normalized.
        fed_forward: Its output, before it is added.
        logits: At the last position.
    """

    attended: Float32[Array, "sequences length dim"]
    entering: Float32[Array, "sequences length dim"]
    fed_forward: Float32[Array, "sequences length dim"]
    logits: Float32[Array, "sequences classes"]


class Transformer(nnx.Module):
    """The block with its embedding and head, in float32."""

    def __init__(self, config: TransformerConfig, *, rngs: nnx.Rngs):
        dim, single = config.dim, jnp.float32
        self.tokens = nnx.Embed(config.vocabulary, dim, param_dtype=single, rngs=rngs)
        self.positions = nnx.Embed(config.length, dim, param_dtype=single, rngs=rngs)
        norm = functools.partial(nnx.LayerNorm, dim, param_dtype=single, rngs=rngs)
        linear = functools.partial(nnx.Linear, param_dtype=single, rngs=rngs)
        self.before_attention, self.before_feed_forward, self.last = (
            norm(),
            norm(),
            norm(),
        )
        self.attention = nnx.MultiHeadAttention(
            num_heads=config.heads,
            in_features=dim,
            param_dtype=single,
            decode=False,
            rngs=rngs,
        )
        self.up = linear(dim, config.hidden)
        self.down = linear(config.hidden, dim)
        self.head = linear(dim, config.classes)

    def __call__(self, sequences: Int[Array, "sequences length"]) -> Activity:
        """Everything that `Activity` names, on sequences of tokens."""
        places = jnp.arange(sequences.shape[1])
        stream = self.tokens(sequences) + self.positions(places)
        attended = self.attention(self.before_attention(stream))
        stream = stream + attended
        entering = self.before_feed_forward(stream)
        fed_forward = self.down(jax.nn.relu(self.up(entering)))
        stream = stream + fed_forward
        logits = self.head(self.last(stream[:, -1]))
        return Activity(attended, entering, fed_forward, logits)


def countings(
    vocabulary: int, length: int, number: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random sequences, and how many earlier tokens are the last one again.

    Counts from 0 to `length - 1` and last tokens are drawn evenly, and, given these,
    the places of the count's tokens, and the others; sequences that come again are left
    out, most of them of high counts.

    Args:
        vocabulary: Tokens, at least two.
        length: Of a sequence.
        number: Of sequences; no two are the same.
        seed: Of what is drawn.

    Returns:
        Sequences `(number, length)` and counts.

    Example:
        >>> sequences, counts = countings(4, 5, 100, 0)
        >>> ((sequences[:, :-1] == sequences[:, -1:]).sum(axis=1) == counts).all()
        np.True_
    """
    rng = np.random.default_rng(seed)
    drawn = 2 * number
    last = rng.integers(vocabulary, size=(drawn, 1))
    counts = rng.integers(length, size=(drawn, 1))
    shifts = rng.integers(1, vocabulary, size=(drawn, length - 1))
    order = rng.random((drawn, length - 1)).argsort(axis=1)
    earlier = np.where(order < counts, last, (last + shifts) % vocabulary)
    sequences = np.concatenate([earlier, last], axis=1)
    _, first = np.unique(sequences, axis=0, return_index=True)
    if len(first) < number:
        raise ValueError(
            f"`number` is {number}: only {len(first)} of {drawn} sequences differ; "
            "fewer, or longer ones, are required."
        )
    chosen = np.sort(first)[:number]
    return sequences[chosen], counts[chosen, 0]


def init_transformers(
    config: TransformerConfig, seeds: Sequence[int]
) -> dict[str, Any]:
    """Random parameters, a leading axis of seeds."""
    keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))

    def initial(key: Shaped[Array, "..."]) -> dict[str, Any]:
        model = Transformer(config, rngs=nnx.Rngs(key))
        return nnx.to_pure_dict(nnx.state(model, nnx.Param))

    return jax.jit(jax.vmap(initial))(keys)


def run_transformer(
    config: TransformerConfig,
    params: Mapping[str, Any],
    sequences: Int[Array | np.ndarray, "sequences length"],
) -> Activity:
    """The model with `params` on sequences: pure, to be differentiated and vmapped."""
    model = nnx.eval_shape(lambda: Transformer(config, rngs=nnx.Rngs(0)))
    graph, state, rest = nnx.split(model, nnx.Param, ...)
    del rest
    nnx.replace_by_pure_dict(state, dict(params))
    return nnx.merge(graph, state)(jnp.asarray(sequences))


def train_transformers(
    config: TransformerConfig,
    sequences: Int[np.ndarray, "sequences length"],
    classes: Int[np.ndarray, " sequences"],
    seeds: Sequence[int],
    *,
    steps: int,
    batch: int,
    learning_rate: float = 1e-2,
    weight_decay: float = 0.1,
) -> dict[str, Any]:
    """Train by AdamW on the cross entropy of some of the sequences at a time.

    Args:
        config: Configuration of the model.
        sequences: Tokens, shared by all seeds.
        classes: What the last position should tell.
        seeds: Seeds of initialization.
        steps: Updates.
        batch: Sequences of each, drawn with repetition.
        learning_rate: At the start; it falls along a cosine.
        weight_decay: Decoupled, times the rate.

    Returns:
        Parameters with a leading axis of seeds.
    """
    inputs, targets = jnp.asarray(sequences), jnp.asarray(classes)

    def loss(params: PyTree, key: Array, setting: None, share: Array) -> Array:
        del setting, share
        some = jax.random.randint(key, (batch,), 0, len(inputs))
        logits = run_transformer(config, params, inputs[some]).logits
        errors = optax.softmax_cross_entropy_with_integer_labels(logits, targets[some])
        return jnp.mean(errors)

    keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
    return fit_stream(
        init_transformers(config, seeds),
        keys,
        None,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
    )


def feed_forward_network(params: Mapping[str, Any]) -> ReluNetwork:
    """The feed-forward layer of one model as a network, float32 taken over exactly."""
    layers = [params[name] for name in ("up", "down")]
    return ReluNetwork.from_arrays(
        [np.asarray(layer["kernel"]).T for layer in layers],
        [np.asarray(layer["bias"]) for layer in layers],
    )
