"""Networks from Keras 3 `.keras` files, read without Keras.

The file is a zip of `config.json`, which is only looked up, never executed (a Lambda
layer is refused by name), and an HDF5 file of weights, read with h5py. Links out of
the HDF5 file are refused.
"""

import importlib.util
import io
import json
import pathlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from regions.archives import open_archive
from regions.errors import FileFormatError, ImportNotice
from regions.io.checks import check_forward
from regions.io.graph import Expression, GraphBuilder
from regions.io.keras_layers import FINAL_ACTIVATIONS, LAYERS, KerasLayer
from regions.io.optional import require
from regions.network import ReluNetwork

_CLASSES = ("Sequential", "Functional")
_MODEL_MODULES = ("keras", "keras.src.models.functional")
_PLAIN = (None, *_CLASSES, "DTypePolicy", "__keras_tensor__")

_DAMAGED = (OSError, LookupError, ArithmeticError, RuntimeError, TypeError, ValueError)
"""What h5py raises on files that are not what they should be."""


def load_keras(
    path: pathlib.Path, *, max_bytes: int, check: bool = True, fold: bool = False
) -> ReluNetwork:
    """The network in a `.keras` file.

    Args:
        path: The file.
        max_bytes: Limit of the file's content, and of the matrices once unrolled.
        check: Compare our forward pass with that of Keras, if it is installed.
        fold: Multiply affine layers out in float64 instead of keeping them exact.

    Raises:
        FileFormatError: If the file is damaged, or a layer is not piecewise affine or
            not known here; the message names it and its position.
        ImportError: If `h5py` is not installed.
    """
    h5py = require("h5py", "keras", ".keras files")
    config, stored = _read(path, max_bytes)
    layers = _layers(path, config)
    inputs = [layer for layer in layers if layer["class_name"] == "InputLayer"]
    if len(inputs) != 1:
        raise FileFormatError(f"{path} has {len(inputs)} inputs; one is required.")
    weights = _weights(h5py, path, stored, max_bytes)
    shape = inputs[0]["config"].get("batch_shape") or []
    if len(shape) < 2 or not all(isinstance(n, int) and n > 0 for n in shape[1:]):
        raise FileFormatError(
            f"{path} has input shape {shape}; fixed sizes after the batch axis are "
            "required."
        )
    builder = GraphBuilder(shape[1:], name=str(path), max_bytes=max_bytes, fold=fold)
    values = {inputs[0]["config"]["name"]: builder.input}
    target = _output_name(path, config, layers)
    final = None
    for position, layer in enumerate(layers, start=1):
        if layer["class_name"] != "InputLayer":
            op = _layer(builder, position, layer, values, weights)
            last = op.name == target
            values[op.name], dropped = _apply(path, op, last=last)
            final = dropped if last else final
    network = builder.finish(values[target])
    if check and importlib.util.find_spec("keras") is not None:
        _check(path, config, network, tuple(shape[1:]), final)
    return network


def _read(path: pathlib.Path, max_bytes: int) -> tuple[dict[str, Any], bytes]:
    """The configuration and the HDF5 file, as parsed JSON and bytes."""
    with open_archive(path, "a .keras file", max_bytes) as archive:
        names = set(archive.namelist())
        if not {"config.json", "model.weights.h5"} <= names:
            raise FileFormatError(
                f"{path} lacks config.json or model.weights.h5: save the model again "
                "with Keras 3."
            )
        text, stored = archive.read("config.json"), archive.read("model.weights.h5")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: config.json is damaged ({error}).") from error
    if not isinstance(config, dict) or config.get("class_name") not in _CLASSES:
        kind = config.get("class_name") if isinstance(config, dict) else config
        raise FileFormatError(
            f"{path} holds a {kind!r} model; Sequential or Functional is required."
        )
    return config, stored


def _layers(path: pathlib.Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers' configurations; unknown layers are refused before anything else."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(layers, list) or not layers:
        raise FileFormatError(f"{path} has no layers: save the model again.")
    for position, layer in enumerate(layers, start=1):
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            raise FileFormatError(f"{path}: layer {position} is damaged: save again.")
        kind, name = layer.get("class_name"), layer["config"].get("name")
        known = kind in LAYERS or kind == "InputLayer"
        if layer.get("module") != "keras.layers" or not known or not name:
            raise FileFormatError(
                f"{path}: layer {position} ({name!r}) is {kind}: it is not piecewise "
                "affine, or not one of the layers read here; replace it."
            )
    return layers


def _weights(
    h5py: Any, path: pathlib.Path, stored: bytes, max_bytes: int
) -> dict[str, list[np.ndarray]]:
    """The variables of each layer by its name, sizes checked before they are read."""
    weights: dict[str, list[np.ndarray]] = {}
    budget = max_bytes
    try:
        with h5py.File(io.BytesIO(stored), "r") as file:
            for group in _groups(h5py, path, file):
                name = str(group.attrs.get("name", ""))
                weights[name] = []
                for index in range(len(group)):
                    data = _member(h5py, path, group, str(index), h5py.Dataset)
                    budget -= 8 * data.size
                    if data.external or data.is_virtual or data.dtype.kind != "f":
                        raise FileFormatError(
                            f"{path}: a weight of {name!r} is stored outside or has "
                            f"dtype {data.dtype}; plain real numbers are required."
                        )
                    if budget < 0:
                        raise FileFormatError(
                            f"{path} declares weights of more than {max_bytes} bytes: "
                            "raise `max_bytes` if you trust it."
                        )
                    weights[name].append(data[()].astype(np.float64))
    except _DAMAGED as error:
        raise FileFormatError(
            f"{path}: model.weights.h5 is damaged ({error}): save the model again."
        ) from error
    return weights


def _groups(h5py: Any, path: pathlib.Path, file: Any) -> Iterator[Any]:
    """The group of variables of each layer."""
    if "layers" not in file:
        return
    layers = _member(h5py, path, file, "layers", h5py.Group)
    for key in layers:
        layer = _member(h5py, path, layers, key, h5py.Group)
        if "vars" in layer:
            yield _member(h5py, path, layer, "vars", h5py.Group)


def _member(h5py: Any, path: pathlib.Path, group: Any, key: str, kind: type) -> Any:
    """A member of an HDF5 group that is really there and of the kind."""
    link = group.get(key, getlink=True)
    if not isinstance(link, h5py.HardLink) or not isinstance(group[key], kind):
        raise FileFormatError(
            f"{path}: {key!r} in model.weights.h5 is a link or no "
            f"{kind.__name__.lower()}: save the model again."
        )
    return group[key]


def _output_name(
    path: pathlib.Path, config: dict[str, Any], layers: list[dict[str, Any]]
) -> str:
    """Name of the layer whose output is the model's."""
    if config["class_name"] == "Sequential":
        return str(layers[-1]["config"]["name"])
    outputs = config["config"].get("output_layers") or []
    if len(outputs) == 3 and isinstance(outputs[0], str):
        outputs = [outputs]
    if len(outputs) != 1:
        raise FileFormatError(f"{path} has {len(outputs)} outputs; one is required.")
    return str(outputs[0][0])


def _layer(
    builder: GraphBuilder,
    position: int,
    layer: dict[str, Any],
    values: Mapping[str, Expression],
    weights: Mapping[str, list[np.ndarray]],
) -> KerasLayer:
    """One layer with its inputs and variables."""
    name = str(layer["config"]["name"])
    where = f"{builder.name}: layer {position} ({name!r}, {layer['class_name']})"
    if "inbound_nodes" not in layer:
        sources = [list(values)[-1]]
    else:
        calls = layer["inbound_nodes"]
        if len(calls) != 1:
            raise FileFormatError(f"{where} is used {len(calls)} times; once required.")
        sources = [str(h[0]) for h in _histories(calls[0])]
    missing = [source for source in sources if source not in values]
    if missing or not sources:
        raise FileFormatError(f"{where} reads {missing or 'nothing'}: not in order.")
    return KerasLayer(
        name=name,
        where=where,
        kind=layer["class_name"],
        config=layer["config"],
        inputs=[values[source] for source in sources],
        weights=weights.get(name, []),
        builder=builder,
    )


def _histories(node: Any) -> Iterator[list[Any]]:
    """`keras_history` of every tensor among a call's arguments, in order."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            yield node["config"]["keras_history"]
        else:
            for value in node.values():
                yield from _histories(value)
    elif isinstance(node, list):
        for value in node:
            yield from _histories(value)


def _apply(
    path: pathlib.Path, op: KerasLayer, *, last: bool
) -> tuple[Expression, str | None]:
    """The layer's output and the name of the final activation left out."""
    try:
        result = LAYERS[op.kind](op)
        name = op.activation_name()
        if name in FINAL_ACTIVATIONS and last:
            if len(result.shape) != 1 or op.config.get("axis", -1) not in (-1, 1):
                raise ValueError("its final activation must act on a vector")
            warnings.warn(
                f"{op.where}: the final {name} is left out: the network's outputs are "
                "its inputs.",
                ImportNotice,
                stacklevel=4,
            )
            return result, name
        result = op.activate(result, name)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise FileFormatError(f"{op.where} cannot be read: {error}.") from error
    op.builder.limit(result.size)
    return result, None


def _check(
    path: pathlib.Path,
    config: dict[str, Any],
    network: ReluNetwork,
    shape: tuple[int, ...],
    final: str | None,
) -> None:
    """Compare with Keras, which rebuilds layers from the configuration.

    Every class that the configuration names must be one of Keras itself, so that
    Keras imports nothing on the file's behalf.
    """
    _refuse_foreign_classes(path, config)
    try:
        keras = importlib.import_module("keras")
    except ImportError:
        return  # Keras without a backend cannot run the model
    model = keras.saving.load_model(path, compile=False, safe_mode=True)

    def reference(points: np.ndarray) -> np.ndarray:
        batch = points.astype(np.float32).reshape(-1, *shape)
        return np.asarray(keras.ops.convert_to_numpy(model(batch, training=False)))

    check_forward(str(path), network, reference, final=final, framework="Keras")


def _refuse_foreign_classes(path: pathlib.Path, node: Any) -> None:
    """Raise where a configuration names a class or function outside of Keras."""
    if isinstance(node, list):
        for value in node:
            _refuse_foreign_classes(path, value)
    elif isinstance(node, dict):
        module, kind = node.get("module", "keras"), node.get("class_name")
        known = (
            (module in _MODEL_MODULES and kind in _PLAIN)
            or (module == "keras.layers" and (kind in LAYERS or kind == "InputLayer"))
            or module in ("keras.initializers", "keras.regularizers")
        )
        if not known or node.get("registered_name") not in (None, kind):
            raise FileFormatError(
                f"{path} names {module}.{kind}, which is not run here: pass "
                "check=False to read the weights alone."
            )
        for key, value in node.items():
            if key != "compile_config":  # not read: the model is not compiled
                _refuse_foreign_classes(path, value)
