"""Networks from the objects that people hold: `as_network` is the one door.

No framework is imported here; each reader loads with the first object of its own.
"""

import os
from collections.abc import Mapping
from typing import Any

from regions.errors import ModelError
from regions.network import ReluNetwork

NetworkLike = Any
"""A `ReluNetwork`; a model of PyTorch, Flax, Keras or scikit-learn; or a path."""


def as_network(model: NetworkLike, name: str = "network") -> ReluNetwork:
    """The network that an object of any kind stands for.

    Args:
        model: A `ReluNetwork`, which is given back; a `torch.nn.Module`, an
            `nnx.Module`, a bound Linen module, a Keras model or a fitted model of
            scikit-learn, read as `regions.from_torch` and its like do; or the path of a
            file that `regions.load_network` reads.
        name: What the argument is called, for messages.

    Raises:
        ModelError: If it is none of these, or computes what is not read here.

    Example:
        >>> import numpy as np
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> as_network(net) is net
        True
    """
    if isinstance(model, ReluNetwork):
        return model
    if isinstance(model, str | os.PathLike):
        from regions.io import load_network

        return load_network(os.fspath(model))
    # A Keras model may also be a module of the framework beneath it.
    packages = _packages(model)
    if "keras" in packages:
        from regions.models.keras_models import from_keras

        return from_keras(model)
    if "torch.nn" in packages:
        from regions.models.torch_modules import from_torch

        return from_torch(model)
    if "flax" in packages:
        from regions.models.flax_models import from_flax

        return from_flax(model)
    if "sklearn" in packages:
        from regions.models.sklearn_models import from_sklearn

        return from_sklearn(model)
    raise ModelError(_refusal(model, name))


def _packages(model: Any) -> set[str]:
    """The frameworks from which an object's class comes, and their first folders."""
    parts = [kind.__module__.split(".") for kind in type(model).__mro__]
    names = {".".join(part[:n]) for part in parts for n in (1, 2)}
    return names | ({"keras"} if "tf_keras" in names else set())


def _refusal(model: Any, name: str) -> str:
    """What to write instead."""
    kind = type(model).__name__
    if "regions.domains" in _packages(model):
        return (
            f"`{name}` is a {kind}: the network comes first and the domain second, as "
            "in count_regions(network, domain)."
        )
    if isinstance(model, Mapping):
        return (
            f"`{name}` is a {kind} of arrays, which do not say what is done with them: "
            "give the model itself, or use regions.io.network_from_state_dict."
        )
    if isinstance(model, list | tuple):
        return (
            f"`{name}` is a {kind}: write ReluNetwork.from_arrays(weights, biases) "
            "for lists of arrays."
        )
    return (
        f"`{name}` is a {kind}: a ReluNetwork, a model of PyTorch, Flax, Keras or "
        "scikit-learn, or the path of a file is required."
    )
