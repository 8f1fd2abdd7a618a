"""Networks from Keras models, read without Keras: `.keras` files and old `.h5` ones.

A `.keras` file is a zip of `config.json`, which is only looked up, never executed (a
Lambda layer is refused by name), and an HDF5 file of weights, read with h5py; an `.h5`
file holds both. Links out of the HDF5 file are refused.
"""

import importlib
import importlib.util
import io
import json
import pathlib
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.errors import FileFormatError, tell
from regions.files.archives import open_archive
from regions.files.reading import check_file_size, one_line, reading
from regions.io.checks import check_forward
from regions.io.graph import GraphBuilder
from regions.io.hdf5_files import Hdf5Arrays, try_apart
from regions.io.keras_layers import LAYERS
from regions.io.keras_model import (
    MODELS,
    KerasModel,
    Scope,
    input_shape,
    layer_name,
    layers_of,
)
from regions.io.optional import require
from regions.network import ReluNetwork

_WHAT, _ADVICE = "a Keras model", "save the model again with model.save"
_PLAIN = (None, *MODELS, "DTypePolicy", "__keras_tensor__")
_MODEL_MODULES = ("keras", "keras.src.models.functional")
_PARTS = ("layers", "_layer_checkpoint_dependencies")
"""Names of the group of a model's layers; the second one by TensorFlow's Keras 2."""

_DAMAGED = (OSError, LookupError, ArithmeticError, RuntimeError, TypeError, ValueError)
"""What h5py raises on files that are not what they should be."""

Weights = dict[Scope, list[np.ndarray]]


def load_keras(
    path: pathlib.Path, *, max_bytes: int, check: bool = True, fold: bool = False
) -> ReluNetwork:
    """The network in a `.keras` file, or in an `.h5` file of a whole model.

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
    h5py = require("h5py", "keras", f"{path.suffix} files")
    read = _read_zip if path.suffix.lower() == ".keras" else _read_h5
    with reading(path, _WHAT, _ADVICE):
        config, weights, version = read(h5py, path, max_bytes)
        shape = input_shape(str(path), config)
        builder = GraphBuilder(shape, name=str(path), max_bytes=max_bytes, fold=fold)
        model = KerasModel(str(path), config, weights, version)
        output, final = model.run(builder, builder.input)
        network = builder.finish(output)
        if check and importlib.util.find_spec("keras") is not None:
            if version is not None and version < 3 and _is_new_meaning(config):
                _notice_unchecked(
                    path, "Keras 3 means another function by hard_sigmoid"
                )
            else:
                _check(path, config, network, shape, final)
        return network


def _read_zip(
    h5py: Any, path: pathlib.Path, max_bytes: int
) -> tuple[dict[str, Any], Weights, int | None]:
    """Configuration, weights and version of a `.keras` file."""
    with open_archive(path, "a .keras file", max_bytes) as archive:
        names = set(archive.namelist())
        if not {"config.json", "model.weights.h5"} <= names:
            raise FileFormatError(
                f"{path} lacks config.json or model.weights.h5: save the model again "
                "with Keras 3."
            )
        text, stored = archive.read("config.json"), archive.read("model.weights.h5")
        about = archive.read("metadata.json") if "metadata.json" in names else b"{}"
    config = _parse(path, text)
    weights: Weights = {}

    def take(file: Any, arrays: Hdf5Arrays) -> None:
        _walk_groups(path, config, file, arrays, (), weights)

    _open_weights(h5py, path, stored, max_bytes, take)
    return config, weights, _version(json.loads(about).get("keras_version"))


def _read_h5(
    h5py: Any, path: pathlib.Path, max_bytes: int
) -> tuple[dict[str, Any], Weights, int | None]:
    """Configuration, weights and version of an `.h5` file."""
    check_file_size(path, max_bytes)
    found: list[dict[str, Any]] = []
    versions: list[Any] = []
    weights: Weights = {}

    def take(file: Any, arrays: Hdf5Arrays) -> None:
        text = file.attrs.get("model_config")
        if text is None:
            raise FileFormatError(
                f"{path} holds no model, or weights alone, which leave open what "
                "happens to them: save the whole model with model.save('model.keras')."
            )
        found.append(_parse(path, text))
        versions.append(file.attrs.get("keras_version"))
        stored = arrays.group(file, "model_weights")
        for layer in layers_of(str(path), found[0]):
            name = layer_name(layer)
            group = None if stored is None else arrays.group(stored, *name.split("/"))
            names = [] if group is None else _names(group, "weight_names")
            for label in names:
                scope = _scope_of(layer, label)
                weights.setdefault(scope, []).append(arrays.array(group, label))

    _open_weights(h5py, path, path.read_bytes(), max_bytes, take)
    return found[0], weights, _version(versions[0])


def _version(text: Any) -> int | None:
    """The first number of a version such as `3.5.0`; None if it is none."""
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    match = re.match(r"(\d{1,3})\.", text) if isinstance(text, str) else None
    return int(match[1]) if match else None


def _open_weights(
    h5py: Any,
    path: pathlib.Path,
    content: bytes,
    max_bytes: int,
    take: Callable[[Any, Hdf5Arrays], None],
) -> None:
    """Call `take` with the open HDF5 file; failures of its content are one line."""
    try_apart(path, content, max_bytes)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            take(file, Hdf5Arrays(h5py, path, max_bytes))
    except _DAMAGED as error:
        raise FileFormatError(
            f"{path}: its weights are damaged ({one_line(error)}): save the model "
            "again."
        ) from error


def _parse(path: pathlib.Path, text: str | bytes) -> dict[str, Any]:
    """The configuration of a model."""
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(
            f"{path}: config.json is damaged ({one_line(error)})."
        ) from error
    if not isinstance(config, dict) or config.get("class_name") not in MODELS:
        kind = config.get("class_name") if isinstance(config, dict) else config
        raise FileFormatError(
            f"{path} holds a {str(kind)[:80]!r} model; Sequential or Functional is "
            "required."
        )
    layers_of(str(path), config)
    return config


def _walk_groups(
    path: pathlib.Path,
    model: dict[str, Any],
    group: Any,
    arrays: Hdf5Arrays,
    scope: Scope,
    weights: Weights,
) -> None:
    """Variables of a model's layers in a `.keras` file, into `weights`."""
    inner = next((g for key in _PARTS if (g := arrays.group(group, key))), None)
    if inner is None:
        return
    groups = dict(arrays.children(inner))
    # Newer versions write the layer's name beside it; older ones count the classes.
    named = {str(g.attrs["name"]): g for g in _with_names(arrays, groups)}
    counts: Counter[str] = Counter()
    for layer in layers_of(str(path), model):
        kind, name = _snake_case(layer["class_name"]), layer_name(layer)
        numbered = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        own = named.get(name) if named else groups.get(numbered)
        if layer["class_name"] in MODELS:
            # The names of models inside stand with none of their variables.
            nested = groups.get(numbered)
            if nested is not None:
                _walk_groups(path, layer, nested, arrays, (*scope, name), weights)
        elif own is not None:
            stored = arrays.group(own, "vars") if "vars" in own else own
            count = len(stored)
            weights[*scope, name] = [
                arrays.array(stored, str(index)) for index in range(count)
            ]


def _with_names(arrays: Hdf5Arrays, groups: dict[str, Any]) -> list[Any]:
    """The groups of variables that carry the name of their layer."""
    found = (arrays.group(group, "vars") for group in groups.values())
    return [group for group in found if group is not None and "name" in group.attrs]


def _snake_case(name: str) -> str:
    """A class's name as Keras writes it for the groups of its layers."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _names(group: Any, key: str) -> list[str]:
    """A list of names beside a group, which may be cut into several."""
    parts = [group.attrs[key]] if key in group.attrs else []
    while f"{key}{len(parts)}" in group.attrs:
        parts.append(group.attrs[f"{key}{len(parts)}"])
    return [
        name.decode() if isinstance(name, bytes) else str(name)
        for part in parts
        for name in part
    ]


def _scope_of(layer: dict[str, Any], label: str) -> Scope:
    """The layer to which a weight of an `.h5` file belongs, by the weight's name."""
    own = (layer_name(layer),)
    if layer["class_name"] not in MODELS:
        return own
    owner = (label.split("/")[-2:-1] or [""])[0]
    inside = [scope for scope in _scopes(layer) if scope[-1] == owner]
    if len(inside) != 1:
        raise ValueError(f"{label!r} belongs to no layer, or to several")
    return own + inside[0]


def _scopes(model: dict[str, Any]) -> list[Scope]:
    """Names of all layers inside a model, with those of the models around them."""
    found: list[Scope] = []
    for layer in layers_of("the model", model):
        own = (layer_name(layer),)
        if layer["class_name"] in MODELS:
            found += [own + scope for scope in _scopes(layer)]
        else:
            found.append(own)
    return found


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
    try:
        keras = importlib.import_module("keras")
    except ImportError:
        return  # Keras without a backend cannot run the model
    _refuse_foreign_classes(path, keras, config)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (*_DAMAGED, AttributeError, NotImplementedError) as error:
        _notice_unchecked(path, f"Keras cannot load it: {one_line(error)[:200]}")
        return

    def reference(points: np.ndarray) -> np.ndarray:
        batch = points.astype(np.float32).reshape(-1, *shape)
        return np.asarray(keras.ops.convert_to_numpy(model(batch, training=False)))

    check_forward(str(path), network, reference, final=final, framework="Keras")


def _notice_unchecked(path: pathlib.Path, why: str) -> None:
    """Warn that nothing was compared."""
    tell(f"{path} was read, but its forward pass was not checked ({why}).")


def _is_new_meaning(node: Any) -> bool:
    """Whether a configuration names what Keras 3 means otherwise than Keras 2."""
    if isinstance(node, dict):
        return any(map(_is_new_meaning, node.values()))
    if isinstance(node, list):
        return any(map(_is_new_meaning, node))
    return node == "hard_sigmoid"


def _refuse_foreign_classes(path: pathlib.Path, keras: Any, node: Any) -> None:
    """Raise where a configuration names a class or function outside of Keras."""
    if isinstance(node, list):
        for value in node:
            _refuse_foreign_classes(path, keras, value)
    elif isinstance(node, dict):
        module, kind = node.get("module", "keras"), node.get("class_name")
        layer = kind in LAYERS or kind == "InputLayer"
        known = (
            (module in _MODEL_MODULES and kind in _PLAIN)
            or (module == "keras.models" and kind in MODELS)
            or (module == "keras.layers" and layer)
            or module in ("keras.initializers", "keras.regularizers")
            or ("module" not in node and (layer or _is_plain_class(keras, kind)))
        )
        if not known or node.get("registered_name") not in (None, kind):
            raise FileFormatError(
                f"{path} names {module}.{kind}, which is not run here: pass "
                "check=False to read the weights alone."
            )
        for key, value in node.items():
            if key != "compile_config":  # not read: the model is not compiled
                _refuse_foreign_classes(path, keras, value)


def _is_plain_class(keras: Any, kind: Any) -> bool:
    """Whether an old configuration, which names no module, means one of these."""
    places = (keras.initializers, keras.regularizers, keras.constraints)
    return isinstance(kind, str) and any(hasattr(place, kind) for place in places)
