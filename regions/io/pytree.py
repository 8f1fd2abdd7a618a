"""Networks from parameter trees in memory, such as Flax NNX and Linen models.

Nothing of Flax is imported: a model is any JAX pytree whose leaves are named `kernel`
and `bias`, kernels of shape `(fan_in, fan_out)`. What the model itself says of its
activations is heeded: a function among its attributes that is not ReLU is refused.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from regions.io.state_dict import Activation, Slopes, chain_network, with_prefix
from regions.network import ReluNetwork

_WRAPPERS = ("value", "raw_value", "")
_SILENT = ("identity", "Dropout")
"""What stands between layers of a sequence and does nothing to a trained one."""

_SLOPES = {"relu": 0.0, "leaky_relu": float(np.float32(0.01))}

Leaf = tuple[Sequence[str], Any]
"""Where an array stands in a tree, and the array."""


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
        slopes: Slopes below zero, as in `ReluNetwork.from_arrays`. An
            `nnx.Sequential` says itself what is between its layers.

    Raises:
        ValueError: If a leaf is neither kernel nor bias, a layer is not dense, no
            order or several orders fit, or the model names an activation that is not
            ReLU.

    Example:
        >>> layers = [{"kernel": np.ones((2, 3))}, {"kernel": np.ones((3, 1))}]
        >>> network_from_pytree(layers).widths
        (3,)
    """
    import jax  # here, so that reading files needs no JAX

    if _is_sequence(tree):
        slopes = _slopes_between(tree)
    else:
        _refuse_other_functions(tree)
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


def _is_sequence(model: Any) -> bool:
    """Whether a model is one of Flax's own sequences of layers."""
    kind = type(model)
    return kind.__name__ == "Sequential" and kind.__module__.startswith("flax.nnx")


def _slopes_between(model: Any) -> list[float]:
    """Slopes after each dense layer of a sequence but the last: 1 if nothing bends."""
    slopes: list[float] = []
    for place, stage in _stages(model, "layers"):
        name = _name_of(stage)
        if name == "Linear":
            slopes.append(1.0)
        elif name in _SLOPES and slopes and slopes[-1] == 1.0:
            slopes[-1] = _SLOPES[name]
        elif name not in _SILENT:
            raise ValueError(
                f"{place} is {name!r}: only relu and leaky_relu after dense layers are "
                "read; give other arrays and slopes to `ReluNetwork.from_arrays`."
            )
    if slopes and slopes[-1] != 1.0:
        raise ValueError(
            "an activation follows the last dense layer: the outputs of a network are "
            "affine; take it off."
        )
    return slopes[:-1]


def _stages(model: Any, place: str) -> Iterator[tuple[str, Any]]:
    """What a sequence applies in turn, those of inner sequences among them."""
    for index, stage in enumerate(model.layers):
        if _is_sequence(stage):
            yield from _stages(stage, f"{place}[{index}].layers")
        else:
            yield f"{place}[{index}]", stage


def _name_of(stage: Any) -> str:
    """Name of a function, or of a layer's class."""
    return str(getattr(stage, "__name__", type(stage).__name__))


def _refuse_other_functions(model: Any, place: str = "") -> None:
    """Raise where a model keeps a function that is no ReLU, say as its activation."""
    if not hasattr(model, "_pytree__nodes") or _is_layer(model):
        return  # no model of NNX of one's own
    for key, value in vars(model).items():
        own = f"{place}.{key}" if place else key
        if _is_sequence(value):
            inside = list(_stages(value, f"{own}.layers"))
        elif hasattr(value, "_pytree__nodes"):
            inside = []
            _refuse_other_functions(value, own)
        else:
            inside = [(own, value)]
        for name, stage in inside:
            if _is_function(stage):
                _refuse_function(stage, name)


def _is_function(value: Any) -> bool:
    """Whether something is a function, bare or with settings; no class, no layer."""
    named = hasattr(value, "__name__") or isinstance(value, functools.partial)
    return callable(value) and named and not isinstance(value, type)


def _is_layer(value: Any) -> bool:
    """Whether an object is a layer of Flax's own, whose functions make no kinks."""
    kind = type(value)
    return kind.__module__.startswith("flax.nnx") and kind.__name__ not in _CONTAINERS


_CONTAINERS = ("List", "Dict", "Sequential")


def _refuse_function(value: Any, place: str) -> None:
    """Raise unless a function is ReLU, or makes no difference."""
    if _name_of(value) not in ("relu", *_SILENT):
        raise ValueError(
            f"{place} is {_name_of(value)!r}, which is not ReLU: give the arrays and "
            "their slopes to `ReluNetwork.from_arrays` if it is piecewise affine."
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
