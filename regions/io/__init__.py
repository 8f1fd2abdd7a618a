"""Load networks that people already have, and save ours.

`load_network` chooses the reader by the file's suffix. No reader unpickles or runs
code from a file, and none allocates more than `max_bytes`. Packages that a reader
needs (PyTorch, ONNX, h5py, safetensors) are extras of this project.

Exactness: weights are taken over as they are. Affine layers with no kink between them
(a convolution, then batch normalization) are not multiplied out, which would round,
but kept as layers of slope 1, which make no kink; `fold=True` multiplies them out in
float64. The scale and shift of a batch normalization and the `1 / count` of average
pooling are rounded to float64 first, and are exact from there on.
"""

import pathlib
from collections.abc import Sequence

from regions.errors import FileFormatError
from regions.io.keras import load_keras
from regions.io.npz import load_npz, save_npz
from regions.io.onnx import load_onnx
from regions.io.pytorch import check_with_torch, load_state_dict
from regions.io.pytree import network_from_pytree as network_from_pytree
from regions.io.safetensors import load_safetensors
from regions.io.state_dict import (
    Activation,
    Slopes,
    network_from_state_dict as network_from_state_dict,
)
from regions.network import ReluNetwork

MAX_BYTES = 4 * 2**30
"""Default limit of the memory that a loaded network may take."""

_STATE_DICTS = (".safetensors", ".pt", ".pth")
_SUFFIXES = (".npz", *_STATE_DICTS, ".onnx", ".keras")


def load_network(
    path: str | pathlib.Path,
    *,
    order: Sequence[str] | None = None,
    activation: Activation = "relu",
    slopes: Slopes | None = None,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network in a file or a run folder.

    Args:
        path: An `.npz` file with keys `W0, b0, W1, b1, ...` (`W` of shape
            `(fan_out, fan_in)`), optional `slope0, ...` and `skip{layer}_{source}`;
            a `.safetensors`, `.pt` or `.pth` file with a state dict of linear layers;
            an `.onnx` or `.keras` model; or a run folder that holds `network.npz`.
        order: State dicts only: names of the linear layers, first to last, when their
            names and shapes leave the order open.
        activation: State dicts only: `"prelu"` reads lone vectors as PReLU slopes.
        slopes: State dicts only: slopes below zero, as in `ReluNetwork.from_arrays`;
            0, that is ReLU, when left out.
        check: Compare our forward pass with the source framework's at random inputs,
            where that framework is installed.
        fold: ONNX and Keras only: multiply affine layers out in float64.
        max_bytes: Refuse files whose arrays would take more memory than this.

    Returns:
        The network; a final softmax or sigmoid is left out with an `ImportNotice`.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If the file is truncated, unsafe or of another format, or the
            model is not piecewise affine.
        ImportError: If a package that the format needs is not installed.
        ValueError: If an option is given that the format does not take.
    """
    path = _existing_file(pathlib.Path(path))
    suffix = path.suffix.lower()
    _check_options(
        path, order is not None or activation != "relu" or slopes is not None
    )
    if suffix == ".npz":
        return load_npz(path, max_bytes=max_bytes)
    if suffix == ".onnx":
        return load_onnx(path, max_bytes=max_bytes, check=check, fold=fold)
    if suffix == ".keras":
        return load_keras(path, max_bytes=max_bytes, check=check, fold=fold)
    slopes = 0.0 if slopes is None else slopes
    return _load_chain(path, order, activation, slopes, check, max_bytes)


def save_network(path: str | pathlib.Path, network: ReluNetwork) -> None:
    """Write a network as `.npz`, whole or not at all; see `load_network` for the keys.

    Raises:
        ValueError: If `path` does not end in `.npz`.
    """
    save_npz(pathlib.Path(path), network)


def _existing_file(path: pathlib.Path) -> pathlib.Path:
    """The file, or that of a run folder."""
    if path.is_dir():
        file = path / "network.npz"
        if not file.is_file():
            raise FileNotFoundError(
                f"{path} is a folder without network.npz: give a run folder or a "
                "model file."
            )
        return file
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a model file.")
    return path


def _load_chain(
    path: pathlib.Path,
    order: Sequence[str] | None,
    activation: Activation,
    slopes: Slopes,
    check: bool,
    max_bytes: int,
) -> ReluNetwork:
    """The network in a state dict; the arguments are those of `load_network`."""
    load = (
        load_safetensors if path.suffix.lower() == ".safetensors" else load_state_dict
    )
    state = load(path, max_bytes=max_bytes)
    try:
        network = network_from_state_dict(
            state, order=order, activation=activation, slopes=slopes
        )
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from error
    if check and load is load_state_dict:
        check_with_torch(path, network)
    return network


def _check_options(path: pathlib.Path, state_dict_options: bool) -> None:
    """Raise for a suffix that cannot be read, and for options it does not take."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise FileFormatError(
            f"{path} ends in {path.suffix!r}; one of {', '.join(_SUFFIXES)} is "
            "required: convert or rename it."
        )
    if state_dict_options and suffix not in _STATE_DICTS:
        raise ValueError(
            f"`order`, `activation` and `slopes` are for state dicts; {path} says all "
            "that itself: leave them out."
        )
