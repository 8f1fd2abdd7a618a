"""Networks from parameter trees in memory, such as Flax NNX and Linen models.

Nothing of Flax is imported: a model is any JAX pytree whose leaves are named `kernel`
and `bias`, kernels of shape `(fan_in, fan_out)`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from regions.io.state_dict import Slopes, chain_network
from regions.network import ReluNetwork

_WRAPPERS = ("value", "raw_value", "")


def network_from_pytree(
    tree: Any, *, order: Sequence[str] | None = None, slopes: Slopes = 0.0
) -> ReluNetwork:
    """The network of a chain of dense layers in a parameter tree.

    Args:
        tree: An NNX model or state, Linen parameters, or nested dicts and lists:
            leaves `kernel` of shape `(fan_in, fan_out)` and `bias`. Integer leaves
            and random keys are left out.
        order: Names of the layers, first to last, path parts joined by dots, when
            numbers in the names and the shapes leave it open.
        slopes: Slopes below zero, as in `ReluNetwork.from_arrays`.

    Raises:
        ValueError: If a leaf is neither kernel nor bias, a layer is not dense, or no
            order or several orders fit.

    Example:
        >>> layers = [{"kernel": np.ones((2, 3))}, {"kernel": np.ones((3, 1))}]
        >>> network_from_pytree(layers).widths
        (3,)
    """
    import jax  # here, so that reading files needs no JAX

    state: dict[str, np.ndarray] = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        parts = [_part(key) for key in path]
        while parts and parts[-1] in _WRAPPERS:
            parts.pop()
        if _is_counter(leaf):
            continue
        *layer, role = parts or [""]
        name = ".".join(layer)
        array = np.asarray(leaf)
        if role == "kernel" and array.ndim == 2:
            state[f"{name}.weight"] = array.T
        elif role == "bias":
            state[f"{name}.bias"] = array
        else:
            raise ValueError(
                f"leaf {'.'.join(parts)!r} has shape {array.shape}: only kernels of "
                "two axes and biases of dense layers can be read."
            )
    return chain_network(state, order, "relu", slopes)


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
