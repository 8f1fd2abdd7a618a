"""Load networks that people already have, and save ours.

`load_network` chooses the reader by the file's suffix. No reader unpickles or runs
code from a file, and none allocates more than `max_bytes`; whatever is wrong with a
file is said in one line. Packages that a reader needs (PyTorch, ONNX, h5py,
safetensors) are extras of this project, and load when they are needed.

Exactness: weights are taken over as they are. Affine layers with no kink between them
(a convolution, then batch normalization) are not multiplied out, which would round,
but kept as layers of slope 1, which make no kink; `fold=True` multiplies them out in
float64. The scale and shift of a batch normalization, the factors of other
normalizations and the `1 / count` of average pooling are rounded to float64 first, and
are exact from there on.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

from regions.errors import FileFormatError, tell
from regions.files.reading import MAX_BYTES as MAX_BYTES, path_of, reading
from regions.io.npz import load_npz, save_npz
from regions.io.pytree import (
    chain_of_arrays,
    network_from_pytree as network_from_pytree,
)
from regions.io.state_dict import (
    Activation,
    Slopes,
    network_from_state_dict as network_from_state_dict,
    with_prefix,
)
from regions.network import ReluNetwork, check_network

_STATE_DICTS = (".safetensors", ".pt", ".pth", ".msgpack")
_UNROLLED = (".onnx", ".keras", ".h5", ".hdf5")
_SUFFIXES = (".npz", *_STATE_DICTS, *_UNROLLED, ".nnet", ".mat")

_ADVICE = {
    ".joblib": "a pickle can run code and is not read: export the model to ONNX",
    ".pb": "save the model again as .keras, or export it to ONNX",
    ".pickle": "a pickle can run code and is not read: save the weights as .npz",
    ".pkl": "a pickle can run code and is not read: save the weights as .npz",
    ".parquet": "a list of regions is read by `regions.RegionSet.load` and by "
    "relu-regions verify: give the network that it is of",
    ".tflite": "export the model to ONNX, or save it as .keras",
}
"""What to do with files of other kinds that networks come in."""


def load_network(
    path: Any,
    *,
    order: Sequence[str] | None = None,
    activation: Activation | None = None,
    slopes: Slopes | None = None,
    prefix: str | None = None,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network in a file or a run folder.

    Args:
        path: The path of an `.npz` file with keys `W0, b0, W1, b1, ...` (`W` of shape
            `(fan_out, fan_in)`), optional `slope0, ...` and `skip{layer}_{source}`;
            a `.safetensors`, `.pt` or `.pth` file with a state dict of linear layers;
            a `.msgpack` file or an Orbax folder of Flax with dense layers; an `.onnx`,
            `.keras` or `.h5` model; a `.nnet` file of ACAS Xu; a `.mat` file with
            `W`, `b` and names of activations, as NNV has them; or a run folder that
            holds `network.npz`.
        order: State dicts only: names of the linear layers, first to last, when their
            names and shapes leave the order open.
        activation: State dicts only: `"relu"` follows every layer but the last;
            `"prelu"` reads lone vectors as PReLU slopes. Where neither this nor
            `slopes` is given ReLU is assumed, with an `ImportNotice`, and layers
            whose numbers leave it no place are refused.
        slopes: State dicts only: slopes below zero, as in `ReluNetwork.from_arrays`; 1
            where nothing follows a layer. For files of float32 they are rounded to
            it, as frameworks do.
        prefix: State dicts only: how the names of one of several networks begin, such
            as `"actor"`; `order` then names its layers without it.
        check: Compare our forward pass with the source framework's at random inputs,
            where that framework is installed.
        fold: ONNX and Keras only: multiply affine layers out in float64.
        max_bytes: Refuse files whose arrays would take more memory than this.

    Returns:
        The network; a final softmax, sigmoid or tanh is left out with an
        `ImportNotice`.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If the file is truncated, unsafe or of another format, or the
            model is not piecewise affine.
        ImportError: If a package that the format needs is not installed.
        ValueError: If an option is given that the format does not take.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "net.npz"
        ...     save_network(path, net)
        ...     load_network(path).widths
        (2,)
    """
    path = _existing_file(path_of(path))
    _check_options(
        path,
        order is not None
        or activation is not None
        or slopes is not None
        or prefix is not None,
    )
    with reading(path, "a model that can be read", "save or export it again"):
        if not _is_state_dict(path):
            return _load_whole(path, check=check, fold=fold, max_bytes=max_bytes)
        network = _load_chain(path, order, activation, slopes, prefix, max_bytes)
        if activation is None and slopes is None and network.hidden:
            _notice_relu(path, network)
        if check and path.suffix.lower() in (".pt", ".pth"):
            from regions.io.pytorch import check_with_torch

            check_with_torch(path, network)
        return network


def save_network(path: Any, network: Any) -> None:
    """Write a network, whole or not at all, with every weight as it is.

    Args:
        path: A name ending in `.npz` (see `load_network` for its keys), `.onnx` (a
            model of float32 numbers if these hold all weights, else of float64), or
            `.pt` (the state dict of `to_torch(network)`, which does not say what the
            activations are).
        network: The network.

    Raises:
        ImportError: If the package that the format needs is not installed.
        TypeError: If the arguments are swapped, or are something else.
        ValueError: If the name ends otherwise, or the format has no place for the
            network's skip blocks (`.pt`).

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("net.npz", "net.onnx"):
        ...         path = pathlib.Path(folder) / name
        ...         save_network(path, net)
        ...         load_network(path).widths
        (2,)
        (2,)
    """
    if isinstance(path, ReluNetwork):
        raise TypeError(
            "`path` is a network: the path comes first, as in save_network(path, net)."
        )
    check_network(network)
    path = path_of(path)
    if path.suffix == ".npz":
        save_npz(path, network)
    elif path.suffix == ".onnx":
        from regions.io.onnx_writer import save_onnx

        save_onnx(path, network)
    elif path.suffix == ".pt":
        from regions.io.pytorch_writer import save_pt

        save_pt(path, network)
    else:
        raise ValueError(
            f"`path` is {path}: networks are saved as .npz, .onnx or .pt; rename it."
        )


def _existing_file(path: pathlib.Path) -> pathlib.Path:
    """The file, or that of a run folder, or a folder of Orbax."""
    if path.is_dir():
        file = path / "network.npz"
        if file.is_file():
            return file
        if _is_orbax(path):
            return path
        raise FileNotFoundError(
            f"{path} is a folder without network.npz: give a run folder or a model "
            "file."
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a model file.")
    return path


def _is_orbax(path: pathlib.Path) -> bool:
    """Whether a folder is a checkpoint of Orbax."""
    return (path / "_METADATA").is_file() or (path / "default").is_dir()


def holds_weights_alone(path: pathlib.Path) -> bool:
    """Whether a file does not say what happens to its weights, so that one may.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    return _is_state_dict(_existing_file(path))


def _is_state_dict(path: pathlib.Path) -> bool:
    """Whether a file or folder holds named arrays alone."""
    return path.is_dir() or path.suffix.lower() in _STATE_DICTS


def _load_whole(
    path: pathlib.Path, *, check: bool, fold: bool, max_bytes: int
) -> ReluNetwork:
    """The network in a file that says what happens to its weights."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return load_npz(path, max_bytes=max_bytes)
    if suffix == ".nnet":
        from regions.io.nnet import load_nnet

        return load_nnet(path, max_bytes=max_bytes)
    if suffix == ".mat":
        from regions.io.matlab import load_mat

        return load_mat(path, max_bytes=max_bytes)
    if suffix == ".onnx":
        from regions.io.onnx import load_onnx

        return load_onnx(path, max_bytes=max_bytes, check=check, fold=fold)
    from regions.io.keras import load_keras

    return load_keras(path, max_bytes=max_bytes, check=check, fold=fold)


def _load_chain(
    path: pathlib.Path,
    order: Sequence[str] | None,
    activation: Activation | None,
    slopes: Slopes | None,
    prefix: str | None,
    max_bytes: int,
) -> ReluNetwork:
    """The network in a state dict; the arguments are those of `load_network`."""
    suffix = path.suffix.lower()
    try:
        if path.is_dir() or suffix == ".msgpack":
            from regions.io.flax_files import load_msgpack, load_orbax

            load_tree = load_orbax if path.is_dir() else load_msgpack
            leaves = load_tree(path, max_bytes=max_bytes)
            return chain_of_arrays(leaves, order, activation, slopes, prefix)
        if suffix == ".safetensors":
            from regions.io.safetensors import load_safetensors as load
        else:
            from regions.io.pytorch import load_state_dict as load
        return network_from_state_dict(
            with_prefix(load(path, max_bytes=max_bytes), prefix),
            order=order,
            activation=activation,
            slopes=slopes,
        )
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from error


def _notice_relu(path: pathlib.Path, network: ReluNetwork) -> None:
    """Warn that a file of weights says nothing of activations."""
    sizes = (network.input_dim, *network.widths, network.output_dim)
    tell(
        f"{path} holds weights and no activations: {'-'.join(map(str, sizes))} with "
        "ReLU is assumed: give `activation` 'relu' if that is so; for others give "
        "`slopes`, or export the model to ONNX."
    )


def _check_options(path: pathlib.Path, state_dict_options: bool) -> None:
    """Raise for a suffix that cannot be read, and for options it does not take."""
    suffix = path.suffix.lower()
    if not path.is_dir() and suffix not in _SUFFIXES:
        advice = _ADVICE.get(suffix, "convert it, or rename it if it is one of them")
        raise FileFormatError(
            f"{path} ends in {path.suffix!r}; one of {', '.join(_SUFFIXES)} is "
            f"required: {advice}."
        )
    if state_dict_options and not _is_state_dict(path):
        raise ValueError(
            f"`order`, `activation`, `slopes` and `prefix` are for state dicts; {path} "
            "says all that itself: leave them out."
        )
