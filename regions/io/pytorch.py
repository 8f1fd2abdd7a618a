"""State dicts in PyTorch's `.pt` and `.pth` files, read with `weights_only=True`.

That reader builds tensors and plain containers only, from files of today (a zip) and
from those before PyTorch 1.6 alike; whole pickled models are refused.
"""

import pathlib
import pickle  # noqa: TID251  (only to name the error of PyTorch's restricted reader)
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from regions.errors import FileFormatError
from regions.files.archives import open_archive
from regions.files.reading import check_file_size, check_size, reading
from regions.io.checks import check_forward
from regions.io.optional import require
from regions.network import ReluNetwork

_NESTED = ("state_dict", "model_state_dict", "model")
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How files begin that PyTorch wrote before version 1.6: a number of its own."""

_ADVICE = "save model.state_dict() with torch.save"


def load_state_dict(path: pathlib.Path, *, max_bytes: int) -> dict[str, np.ndarray]:
    """The tensors of a `.pt` file by name and in their order.

    Floats of fewer bits become float32; all else stays what it is. A checkpoint that
    keeps them under `state_dict`, `model_state_dict` or `model`, in a list, or that
    keeps several state dicts under names of their own, is read as well; such a name, or
    the place in a list of several, then comes before those of the tensors.

    Raises:
        FileFormatError: If the file is damaged, or holds more than tensors.
        ImportError: If PyTorch is not installed.
    """
    torch = require("torch", "torch", f"{path.suffix} files")
    with reading(path, "a PyTorch file of tensors", _ADVICE):
        _check_structure(path, max_bytes)
        content = _load(torch, path)
        tensors = _tensors(torch, path, content)
        total = sum(8 * tensor.numel() for tensor in tensors.values())
        check_size(path, total, max_bytes)
        return {name: _array(torch, tensor) for name, tensor in tensors.items()}


def _check_structure(path: pathlib.Path, max_bytes: int) -> None:
    """Raise for what is no file of PyTorch's, or too large."""
    check_file_size(path, max_bytes)
    if zipfile.is_zipfile(path):
        with open_archive(path, "a PyTorch file", max_bytes):
            return  # sizes and structure are checked
    with path.open("rb") as file:
        if file.read(len(_LEGACY)) != _LEGACY:
            raise FileFormatError(
                f"{path} is not a PyTorch file, or is truncated: {_ADVICE}."
            )


def _load(torch: Any, path: pathlib.Path) -> Any:
    """What PyTorch's restricted reader makes of a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # at versions that a damaged file names
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        if "weights_only" not in str(error) and "Weights only" not in str(error):
            raise
        # What PyTorch says tells how to execute the file.
        raise FileFormatError(
            f"{path} holds more than tensors, and to read it would execute code: "
            f"{_ADVICE}, or write the model, where it is in memory, with "
            "regions.save_network('net.npz', regions.from_torch(model))."
        ) from error


def _array(torch: Any, tensor: Any) -> np.ndarray:
    """A tensor as an array that holds its numbers exactly."""
    tensor = tensor.detach()
    narrow = tensor.is_floating_point() and tensor.dtype != torch.float64
    return (tensor.to(torch.float32) if narrow else tensor).numpy()


def check_with_torch(path: pathlib.Path, network: ReluNetwork) -> None:
    """Compare our forward pass with PyTorch's on the same layers, in float64.

    A state dict has no forward pass of its own; this holds our layers against
    `torch.nn.functional`.

    Raises:
        FileFormatError: If they disagree.
    """
    torch = require("torch", "torch", f"{path.suffix} files")
    layers = [
        [torch.tensor(array) for array in (layer.weight, layer.bias, layer.slopes)]
        for layer in network.layers
    ]

    def reference(points: np.ndarray) -> np.ndarray:
        activation = torch.tensor(points)
        *hidden, (weight, bias, _) = layers
        for matrix, shift, slopes in hidden:
            pre = torch.nn.functional.linear(activation, matrix, shift)
            activation = torch.nn.functional.prelu(pre, slopes)
        return torch.nn.functional.linear(activation, weight, bias).numpy()

    check_forward(
        str(path), network, reference, framework="PyTorch", unit_roundoff=2.0**-53
    )


def _tensors(torch: Any, path: pathlib.Path, content: Any) -> dict[str, Any]:
    """The named tensors in what was loaded."""
    for key in _NESTED:
        if isinstance(content, Mapping) and isinstance(
            content.get(key), Mapping | list | tuple
        ):
            content = content[key]
    content = _without_lists(content)
    if not isinstance(content, Mapping):
        raise FileFormatError(
            f"{path} holds a {type(content).__name__}; a state dict is required: "
            f"{_ADVICE}."
        )
    content = _joined(torch, content)
    for name, tensor in content.items():
        real = isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
        if not real or tensor.is_complex() or tensor.is_quantized or tensor.is_meta:
            kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor)
            raise FileFormatError(
                f"{path}: {name!r} is {kind}; dense tensors of real numbers are "
                "required."
            )
    return {str(name): tensor for name, tensor in content.items()}


def _without_lists(content: Any) -> Any:
    """The state dict in a list of one; of several, each under its place."""
    if not isinstance(content, Sequence) or isinstance(content, str | bytes):
        return content
    found = {str(k): v for k, v in enumerate(content) if isinstance(v, Mapping)}
    if not found:
        return content
    return found if len(found) > 1 else next(iter(found.values()))


def _joined(torch: Any, content: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Several state dicts as one, each name after that of its own; counters go."""
    inner = {
        name: state
        for name, state in content.items()
        if isinstance(state, Mapping)
        and state
        and all(isinstance(value, torch.Tensor) for value in state.values())
    }
    if not inner or any(isinstance(value, torch.Tensor) for value in content.values()):
        return content
    return {
        f"{name}.{key}": tensor
        for name, state in inner.items()
        for key, tensor in state.items()
    }
