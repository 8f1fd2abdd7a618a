"""Networks from Keras models in memory: what a file of theirs would hold."""

import importlib
import json
import warnings
from typing import Any

import numpy as np

from regions.errors import FileFormatError, ImportNotice, ModelError, tell
from regions.errors.arguments import kinds_checked
from regions.files.reading import MAX_BYTES
from regions.io.checks import check_forward
from regions.io.graph import GraphBuilder
from regions.io.keras_model import MODELS, KerasModel, Scope, input_shape
from regions.network import ReluNetwork


@kinds_checked
def from_keras(
    model: Any,
    *,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network that a Keras model computes in evaluation mode.

    Args:
        model: A Sequential or Functional model that is built.
        check: Compare our forward pass with the model's own at random inputs.
        fold: Multiply affine layers out in float64 instead of keeping them exact.
        max_bytes: Limit of the memory of all matrices.

    Returns:
        The network; a final softmax, sigmoid or tanh is left out with an
        `ImportNotice`. Weights are taken over exactly.

    Raises:
        ModelError: If a layer is not piecewise affine or not read here, named with its
            position; if the model says in Python what it does; or if both forward
            passes disagree.

    Example:
        >>> try:
        ...     from_keras("model.keras")
        ... except ModelError as error:
        ...     print(error)
        str is no Keras model: give one.
    """
    name = f"{type(model).__name__} {getattr(model, 'name', '')!r}"
    if not hasattr(model, "to_json") or not hasattr(model, "layers"):
        raise ModelError(f"{type(model).__name__} is no Keras model: give one.")
    if not getattr(model, "built", False):
        raise ModelError(f"{name} is not built: give it an Input, or call it once.")
    config = _config(name, model)
    try:
        shape = input_shape(name, config)
        builder = GraphBuilder(shape, name=name, max_bytes=max_bytes, fold=fold)
        output, final = _run(name, model, config, builder)
        network = builder.finish(output)
        if check:
            _check(name, model, network, shape, final)
    except FileFormatError as error:
        raise ModelError(str(error)) from error
    return network


def _config(name: str, model: Any) -> dict[str, Any]:
    """The configuration of a model that says what it does."""
    try:
        config = json.loads(model.to_json())
    except (NotImplementedError, TypeError, ValueError):
        config = {}
    if config.get("class_name") not in MODELS:
        raise ModelError(
            f"{name} says in Python what it does, and is not read: write it as a "
            "Sequential or Functional model."
        )
    return config


def _run(name: str, model: Any, config: dict[str, Any], builder: GraphBuilder) -> Any:
    """The output and the final activation left out, with a notice for the caller."""
    weights: dict[Scope, list[np.ndarray]] = {}
    _collect(model, (), weights)
    keras = importlib.import_module(type(model).__module__.partition(".")[0])
    version = int(str(keras.__version__).partition(".")[0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImportNotice)
        read = KerasModel(name, config, weights, version)
        found = read.run(builder, builder.input)
    for notice in caught:
        tell(str(notice.message))
    return found


def _collect(model: Any, scope: Scope, weights: dict[Scope, list[np.ndarray]]) -> None:
    """Variables of all layers, by the names of the models around them."""
    for layer in model.layers:
        own = (*scope, str(layer.name))
        if hasattr(layer, "layers"):
            _collect(layer, own, weights)
        else:
            weights[own] = [_array(variable) for variable in layer.weights]


def _array(variable: Any) -> np.ndarray:
    """The numbers of a variable, exactly."""
    value = variable.numpy() if callable(variable.value) else variable.value
    if hasattr(value, "detach"):  # of PyTorch
        value = value.detach().cpu()
    array = np.asarray(value)
    return array if array.dtype.kind in "iub" else array.astype(np.float64)


def _check(
    name: str,
    model: Any,
    network: ReluNetwork,
    shape: tuple[int, ...],
    final: str | None,
) -> None:
    """Compare with the model's own forward pass."""

    def reference(points: np.ndarray) -> np.ndarray:
        batch = points.astype(np.float32).reshape(-1, *shape)
        return np.asarray(model.predict(batch, verbose=0), np.float64)

    check_forward(name, network, reference, final=final, framework="Keras")
