"""Networks from parameter trees in memory: those of Flax NNX and Linen.

Nothing of Flax is imported: a tree is any JAX pytree whose leaves are named `kernel`
and `bias`, kernels of shape `(fan_in, fan_out)`. A model, which says itself what
it computes, is read by `regions.from_flax`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from regions.io.state_dict import Activation, Slopes, chain_network, with_prefix
from regions.network import ReluNetwork

_WRAPPERS = ("value", "raw_value", "")

Leaf = tuple[Sequence[str], Any]
"""Where an array stands in a tree, and the array."""


def network_from_pytree(
    tree: Any, *, order: Sequence[str] | None = None, slopes: Slopes = 0.0
) -> ReluNetwork:
    """The network of a chain of dense layers in a parameter tree.

    Args:
        tree: An NNX state, Linen parameters, or nested dicts and lists: leaves
            `kernel` of shape `(fan_in, fan_out)` and `bias`. Integer leaves and random
            keys are left out.
        order: Names of the layers, first to last, path parts joined by dots, when
            numbers in the names and the shapes leave it open.
        slopes: Slopes below zero, as in `ReluNetwork.from_arrays`; parameters do not
            say what is between the layers.

    Raises:
        ValueError: If a leaf is neither kernel nor bias, a layer is not dense, no
            order or several orders fit, or the tree is a model.

    Example:
        >>> layers = [{"kernel": np.ones((2, 3))}, {"kernel": np.ones((3, 1))}]
        >>> network_from_pytree(layers).widths
        (3,)
    """
    import jax  # here, so that reading files needs no JAX

    if callable(tree):
        raise ValueError(
            f"{type(tree).__name__} is a model, which says itself what it computes: "
            "use regions.from_flax(model)."
        )
    leaves = (
        ([_part(key) for key in path], leaf)
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    )
    return chain_of_arrays(leaves, order, None, slopes, None)


def chain_of_arrays(
    leaves: Iterable[Leaf],
    order: Sequence[str] | None,
    activation: Activation | None,
    slopes: Slopes | None,
    prefix: str | None,
) -> ReluNetwork:
    """The network of dense layers whose arrays are given with their places."""
    state: dict[str, np.ndarray] = {}
    for path, leaf in leaves:
        parts = list(path)
        while parts and parts[-1] in _WRAPPERS:
            parts.pop()
        if _is_counter(leaf):
            continue
        *layer, role = parts or [""]
        state[f"{'.'.join(layer)}.{role}"] = np.asarray(leaf)
    # `layers` is what Linen calls the members of a sequence, functions included.
    return chain_network(
        dict(_as_weights(with_prefix(state, prefix))),
        order,
        activation,
        slopes,
        number=r"(?:^|.*\.)(?:layers_)?(\d+)",
    )


def _as_weights(
    state: Mapping[str, np.ndarray],
) -> Iterator[tuple[str, np.ndarray]]:
    """Kernels turned to weights; other arrays than those of dense layers refused."""
    for place, array in state.items():
        name, _, role = place.rpartition(".")
        if role == "kernel" and array.ndim == 2:
            yield f"{name}.weight", array.T
        elif role == "bias":
            yield f"{name}.bias", array
        else:
            raise ValueError(
                f"leaf {place.lstrip('.')!r} has shape {array.shape}: only kernels of "
                "two axes and biases of dense layers can be read."
            )


def _part(key: Any) -> str:
    """The name or number in one key of a path."""
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _is_counter(leaf: Any) -> bool:
    """Whether a leaf holds integers, truth values or random keys."""
    dtype = getattr(leaf, "dtype", None)
    name = str(np.asarray(leaf).dtype if dtype is None else dtype)
    return "int" in name or "bool" in name or name.startswith("key<")
