"""Networks as modules of PyTorch, and as files of their weights."""

import pathlib
from typing import Any

from regions.files.writing import open_atomically
from regions.io.optional import require
from regions.network import ReluNetwork, check_network


def to_torch(network: Any) -> Any:
    """The network as a `torch.nn.Sequential`, in float64, with every weight as it is.

    Layers are `Linear`, and `ReLU`, or `PReLU` with a slope for each unit in all layers
    if any slope is not 0. `from_torch` gives the same network back.

    Raises:
        ImportError: If `torch` is not installed.
        ValueError: If the network has skip blocks, for which a chain has no place.

    Example:
        >>> import numpy as np
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> [type(layer).__name__ for layer in to_torch(net)]
        ['Linear', 'ReLU', 'Linear']
    """
    check_network(network)
    if network.has_skips:
        raise ValueError(
            "the network has skip blocks, for which a chain of layers has no place: "
            "save it as .onnx."
        )
    torch = require("torch", "torch", "modules of PyTorch")
    is_kinked = any(layer.slopes.any() for layer in network.hidden)
    modules = []
    for index, layer in enumerate(network.layers):
        linear = torch.nn.Linear(*layer.weight.shape[::-1], dtype=torch.float64)
        linear.weight.data = torch.tensor(layer.weight)
        linear.bias.data = torch.tensor(layer.bias)
        modules.append(linear)
        if index == len(network.hidden):
            break
        if is_kinked:
            modules.append(torch.nn.PReLU(layer.width, dtype=torch.float64))
            modules[-1].weight.data = torch.tensor(layer.slopes)
        else:
            modules.append(torch.nn.ReLU())
    return torch.nn.Sequential(*modules)


def save_pt(path: pathlib.Path, network: ReluNetwork) -> None:
    """Write the state dict of `to_torch(network)`.

    It says nothing of activations: `load_network` reads it back with
    `activation="relu"`, or `"prelu"` where there are slopes.

    Raises:
        ImportError: If `torch` is not installed.
        ValueError: If the network has skip blocks.
    """
    module = to_torch(network)
    torch = require("torch", "torch", ".pt files")
    with open_atomically(path) as file:
        torch.save(module.state_dict(), file)
