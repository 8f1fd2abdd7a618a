"""Tuning a trained network for a new task: low-rank adapters, parts, or all of it.

Adapters are those of `flax.nnx`: a layer `W x + b` becomes `(W + C D) x + b`, where the
two factors of rank r alone are trained. Networks of all seeds and tasks are tuned in
one vmapped program, and each is caught on its way: where its loss first is small
enough, and where it first is far enough from where it began.

References:
    E. Hu et al., LoRA: low-rank adaptation of large language models, ICLR 2022, arXiv
    2106.09685. R. Cosentino, PLATE, arXiv 2602.03846, 2026: a frozen selection of rows
    and a frozen basis of inputs around a trained matrix.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Float32, Int, Int32

from regions.network import ReluNetwork
from training.datasets import Dataset
from training.plate import layers_in_order, plate_frames

KINDS = ("kernel", "bias", "last_kernel", "last_bias", "lora_a", "lora_b")
"""Kinds of parameters: of hidden layers, of the last one, factors of adapters."""

MOVES = {
    "full": KINDS[:4],
    "biases": ("bias", "last_bias"),
    "last_layer": ("last_kernel", "last_bias"),
    "lora": ("lora_a", "lora_b"),
    "plate": ("lora_a",),
}
"""Kinds of parameters that each method trains."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Which parameters move.

    Attributes:
        method: `full` (all weights and biases), `biases` (of every layer), `last_layer`
            (its weights and biases), `lora` (adapters of one rank on every layer, no
            biases), or `plate` (adapters that write to selected units and read a basis
            of inputs, both frozen).
        rank: Rank of the adapters; the number of selected units for `plate`.
    """

    method: str
    rank: int = 1

    def __post_init__(self):
        if self.method not in MOVES:
            raise ValueError(
                f"`method` is {self.method!r}: one of {', '.join(MOVES)} is required."
            )
        if self.rank < 1:
            raise ValueError(f"`rank` is {self.rank}: at least 1 is required.")

    @classmethod
    def parse(cls, name: str) -> "Tuning":
        """`lora-4` is LoRA of rank 4; without a number the rank is 1."""
        method, _, rank = name.partition("-")
        return cls(method=method, rank=int(rank or 1))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long networks are tuned and where they are caught.

    Attributes:
        steps: Full-batch updates of Adam.
        learning_rate: Learning rate of Adam.
        loss: The cross entropy (in nats) on the new task at which a network is caught.
    """

    steps: int
    learning_rate: float
    loss: float


class Catch(NamedTuple):
    """Where networks were caught on their way, one entry per network.

    Attributes:
        weights: Weights of each layer, `(networks, fan_out, fan_in)`, adapters merged
            in.
        biases: Biases of each layer, `(networks, fan_out)`.
        reached: Updates until the mark was reached; -1 where it never was: the network
            is then the one after all updates.
        loss: Cross entropy on the new task there.
        distance: Euclidean distance of all weights and biases from the start.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    reached: Int[np.ndarray, " networks"]
    loss: Float[np.ndarray, " networks"]
    distance: Float[np.ndarray, " networks"]

    def network(self, index: int) -> ReluNetwork:
        """One of the networks."""
        return ReluNetwork.from_arrays(
            [weight[index] for weight in self.weights],
            [bias[index] for bias in self.biases],
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """A form for an `.npz` file."""
        layers = {
            f"{name}{index}": array
            for name, arrays in (("W", self.weights), ("b", self.biases))
            for index, array in enumerate(arrays)
        }
        return layers | {name: getattr(self, name) for name in self._fields[2:]}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Catch":
        """What `to_arrays` gave."""
        depth = sum(name.startswith("W") for name in arrays)
        return cls(
            [arrays[f"W{index}"] for index in range(depth)],
            [arrays[f"b{index}"] for index in range(depth)],
            *(arrays[name] for name in cls._fields[2:]),
        )


class Tuned(NamedTuple):
    """Networks that were tuned, each caught three times.

    Attributes:
        at_loss: Where the loss first was as small as the schedule says.
        at_distance: Where the distance from the start first was as large as asked for.
        final: After all updates.
        losses: Before each update.
    """

    at_loss: Catch
    at_distance: Catch
    final: Catch
    losses: Float32[np.ndarray, "networks steps"]


class AdaptedMlp(nnx.Module):
    """A ReLU network whose layers have low-rank adapters.

    Attributes:
        layers: `nnx.Linear`, the output last.
        adapters: `nnx.LoRA`, one for each; they give zero at the start.
        bases: What an adapter reads of its layer's input: coordinates in these columns.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        bases: list[Array],
        selectors: list[Array] | None,
        rank: int,
        *,
        rngs: nnx.Rngs,
    ):
        kernels = [entry["kernel"] for _, entry in layers_in_order(params)]
        shapes = [kernel.shape for kernel in kernels]
        self.layers = nnx.List(
            nnx.Linear(*shape, precision=jax.lax.Precision.HIGHEST, rngs=rngs)
            for shape in shapes
        )
        for layer, (_, entry) in zip(self.layers, layers_in_order(params), strict=True):
            layer.kernel = nnx.Param(entry["kernel"])
            layer.bias = nnx.Param(entry["bias"])
        self.bases = nnx.List(nnx.Variable(basis) for basis in bases)
        # Zero on the one side, so that the start is the trained network.
        zeros = nnx.initializers.zeros_init()
        initializers = {"a_initializer": zeros} if selectors is not None else {}
        ranks = [rank if selectors is None else len(s) for s in selectors or shapes]
        self.adapters = nnx.List(
            nnx.LoRA(basis.shape[1], r, shape[1], rngs=rngs, **cast(Any, initializers))
            for basis, r, shape in zip(bases, ranks, shapes, strict=True)
        )
        for adapter, selector in zip(self.adapters, selectors or [], strict=False):
            adapter.lora_b = nnx.LoRAParam(selector)

    def __call__(
        self, inputs: Float32[Array, "points dim"]
    ) -> Float32[Array, "points outputs"]:
        """Logits."""
        hidden = inputs
        parts = list(zip(self.layers, self.adapters, self.bases, strict=True))
        for index, (layer, adapter, basis) in enumerate(parts):
            pre = layer(hidden) + adapter(hidden @ basis[...])
            hidden = pre if index == len(parts) - 1 else jnp.maximum(pre, 0.0)
        return hidden

    def factors(self) -> list[tuple[Array, Array, Array, Array]]:
        """Kernel and bias of each layer, and the two factors of what its adapter adds.

        Kernels are `(fan_in, fan_out)`, and so is the product of the factors.
        """
        return [
            (
                layer.kernel[...],
                cast(Any, layer.bias)[...],
                basis[...] @ adapter.lora_a[...],
                adapter.lora_b[...],
            )
            for layer, adapter, basis in zip(
                self.layers, self.adapters, self.bases, strict=True
            )
        ]


Factors = list[tuple[Array, Array, Array, Array]]


class _Mark(NamedTuple):
    """Where one network was caught so far."""

    factors: Factors
    reached: Int32[Array, ""]
    loss: Float32[Array, ""]
    distance: Float32[Array, ""]


def tune(
    params: Mapping[str, Any],
    data: Dataset,
    tuning: Tuning,
    schedule: Schedule,
    *,
    distances: Float[np.ndarray, " networks"] | None = None,
    seeds: Int[np.ndarray, " networks"],
) -> Tuned:
    """Tune networks for new tasks by Adam on the cross entropy, in one program.

    Args:
        params: Parameters of ReLU networks with biases, as `training.models.to_params`
            gives them, with a leading axis of networks.
        data: The new task of each, with that axis too; validation plays no part.
        tuning: Which parameters move.
        schedule: How long, and the loss at which networks are caught.
        distances: From the start, at which networks are caught; by default nowhere.
        seeds: Seeds of the adapters' initialization.

    Returns:
        Merged networks in float64: each weight is the float32 one plus the product of
        the adapter's float32 factors, of the adapter's rank up to float64 rounding.
    """
    bases, selectors = [], None
    if tuning.method == "plate":
        bases, selectors = plate_frames(params, tuning.rank)
    wanted = np.full(len(seeds), np.inf) if distances is None else distances
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds, jnp.uint32))
    # The shorter products of an accelerator would tune another network.
    with jax.default_matmul_precision("highest"):
        marks, losses = _tune_all(
            jax.tree.map(jnp.asarray, dict(params)),
            bases,
            selectors,
            jnp.asarray(data.train_inputs),
            jnp.asarray(data.train_targets),
            jnp.asarray(wanted, jnp.float32),
            keys,
            {kind: jnp.float32(kind in MOVES[tuning.method]) for kind in KINDS},
            tuning.rank,
            schedule,
        )
    at_loss, at_distance, final = (_to_catch(mark) for mark in marks)
    return Tuned(at_loss, at_distance, final, np.asarray(losses))


@functools.partial(jax.jit, static_argnames=("rank", "schedule"))
def _tune_all(
    params: Any,
    bases: list[Array],
    selectors: list[Array] | None,
    inputs: Float32[Array, "networks points dim"],
    targets: Float32[Array, "networks points classes"],
    distances: Float32[Array, " networks"],
    keys: Array,
    moves: dict[str, Array],
    rank: int,
    schedule: Schedule,
) -> tuple[tuple[_Mark, _Mark, _Mark], Array]:
    """`tune`, vmapped over networks; methods of one rank share a program."""
    one = functools.partial(_tune_one, moves=moves, rank=rank, schedule=schedule)
    return jax.vmap(one)(params, bases, selectors, inputs, targets, distances, keys)


def _tune_one(
    params: Any,
    bases: list[Array],
    selectors: list[Array] | None,
    inputs: Float32[Array, "points dim"],
    targets: Float32[Array, "points classes"],
    distance: Float32[Array, ""],
    key: Array,
    *,
    moves: dict[str, Array],
    rank: int,
    schedule: Schedule,
) -> tuple[tuple[_Mark, _Mark, _Mark], Array]:
    """One network: marks at the loss, at the distance, at the end; all losses."""
    if not bases:
        fan_ins = [entry["kernel"].shape[0] for _, entry in layers_in_order(params)]
        bases = [jnp.eye(fan_in, dtype=jnp.float32) for fan_in in fan_ins]
    model = AdaptedMlp(params, bases, selectors, rank, rngs=nnx.Rngs(key))
    graph, trained, rest = nnx.split(model, nnx.Param, ...)
    # Adam does not move what has no gradient.
    mask = jax.tree_util.tree_map_with_path(
        lambda path, _: moves[_kind(path, len(bases) - 1)], trained
    )
    optimizer = optax.adam(schedule.learning_rate)
    start = [(kernel, bias) for kernel, bias, _, _ in model.factors()]

    def loss(trained: Any) -> Array:
        outputs = nnx.merge(graph, trained, rest)(inputs)
        return jnp.mean(optax.softmax_cross_entropy(outputs, targets))

    def look(trained: Any, step: Array, value: Array) -> _Mark:
        factors = nnx.merge(graph, trained, rest).factors()
        return _Mark(factors, step, value, _distance(start, factors))

    def update(carry, step):
        trained, opt_state, at_loss, at_distance = carry
        value, gradient = jax.value_and_grad(loss)(trained)
        gradient = jax.tree.map(jnp.multiply, gradient, mask)
        here = look(trained, step, value)
        at_loss = _catch(at_loss, here, here.loss <= schedule.loss)
        at_distance = _catch(at_distance, here, here.distance >= distance)
        changes, opt_state = optimizer.update(gradient, opt_state, trained)
        trained = optax.apply_updates(trained, changes)
        return (trained, opt_state, at_loss, at_distance), value

    never = jnp.int32(-1)
    nowhere = look(trained, never, jnp.float32(jnp.inf))
    carry = (trained, optimizer.init(cast(Any, trained)), nowhere, nowhere)
    steps = jnp.arange(schedule.steps, dtype=jnp.int32)
    (trained, _, at_loss, at_distance), losses = jax.lax.scan(update, carry, steps)
    final = look(trained, never, loss(trained))
    at_loss = _catch(at_loss, final, never < 0)
    at_distance = _catch(at_distance, final, never < 0)
    return (at_loss, at_distance, final), losses


def _catch(mark: _Mark, here: _Mark, now: Array) -> _Mark:
    """`here` the first time that `now` holds."""
    first = now & (mark.reached < 0)
    return jax.tree.map(lambda old, new: jnp.where(first, new, old), mark, here)


def _distance(start: list[tuple[Array, Array]], factors: Factors) -> Array:
    """Euclidean distance of all weights and biases."""
    return jnp.sqrt(
        sum(
            jnp.sum((kernel + left @ right - old) ** 2)
            + jnp.sum((bias - old_bias) ** 2)
            for (old, old_bias), (kernel, bias, left, right) in zip(
                start, factors, strict=True
            )
        )
    )


def _kind(path: Any, last: int) -> str:
    """Which of `KINDS` a parameter is, by its path in the state."""
    group, layer, name = (getattr(entry, "key", None) for entry in path[:3])
    if group == "adapters":
        return str(name)
    return f"last_{name}" if layer == last else str(name)


def _to_catch(mark: _Mark) -> Catch:
    """Merged weights in float64."""
    parts = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), mark.factors)
    return Catch(
        [np.swapaxes(kernel + left @ right, 1, 2) for kernel, _, left, right in parts],
        [bias for _, bias, _, _ in parts],
        np.asarray(mark.reached),
        np.asarray(mark.loss, np.float64),
        np.asarray(mark.distance, np.float64),
    )
