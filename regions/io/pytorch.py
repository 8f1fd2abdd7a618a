"""State dicts in PyTorch's `.pt` and `.pth` files, read with `weights_only=True`.

That reader builds tensors and plain containers only; whole pickled models are refused.
"""

import pathlib
import pickle  # noqa: TID251  (only to name the error of PyTorch's restricted reader)
from collections.abc import Mapping
from typing import Any

import numpy as np

from regions.archives import open_archive
from regions.errors import FileFormatError
from regions.io.checks import check_forward
from regions.io.optional import require
from regions.network import ReluNetwork

_NESTED = ("state_dict", "model_state_dict", "model")
_DAMAGED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What PyTorch raises on files that are not what they should be."""


def load_state_dict(path: pathlib.Path, *, max_bytes: int) -> dict[str, np.ndarray]:
    """The tensors of a `.pt` file by name, in float64 and in their order.

    A checkpoint that keeps them under `state_dict`, `model_state_dict` or `model` is
    read as well.

    Raises:
        FileFormatError: If the file is damaged, or holds more than tensors.
        ImportError: If PyTorch is not installed.
    """
    torch = require("torch", "torch", f"{path.suffix} files")
    with open_archive(path, "a PyTorch file (1.6 or later)", max_bytes):
        pass  # sizes and structure are checked; old formats are refused
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        if "weights_only" in str(error) or "Weights only" in reason:
            # What PyTorch says tells how to execute the file.
            reason = "it would execute code"
        raise FileFormatError(
            f"{path} holds more than tensors, or is damaged ({reason}): save "
            "model.state_dict() with torch.save."
        ) from error
    tensors = _tensors(torch, path, content)
    if sum(8 * tensor.numel() for tensor in tensors.values()) > max_bytes:
        raise FileFormatError(
            f"{path} declares tensors of more than {max_bytes} bytes: raise "
            "`max_bytes` if you trust it."
        )
    return {n: t.detach().to(torch.float64).numpy() for n, t in tensors.items()}


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
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise FileFormatError(
            f"{path} holds a {type(content).__name__}; a state dict is required: save "
            "model.state_dict() with torch.save."
        )
    for name, tensor in content.items():
        real = isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
        if not real or tensor.is_complex() or tensor.is_quantized or tensor.is_meta:
            kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor)
            raise FileFormatError(
                f"{path}: {name!r} is {kind}; dense tensors of real numbers are "
                "required."
            )
    return {str(name): tensor for name, tensor in content.items()}
