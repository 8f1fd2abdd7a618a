"""The layers of a Keras model, run on expressions: nested, shared, in any order.

A configuration says which call of which layer reads which others; it is only looked
up, never executed.
"""

import dataclasses
import graphlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from regions.errors import FileFormatError, tell
from regions.io.graph import Expression, GraphBuilder
from regions.io.keras_layer import KerasLayer
from regions.io.keras_layers import FINAL_ACTIVATIONS, LAYERS, activate

MODELS = ("Sequential", "Functional", "Model")
"""Classes that hold layers; `Model` is what old versions call a functional one."""

_QUIET = (None, False)
"""Settings of a call, such as `training`, that change nothing."""

Scope = tuple[str, ...]
"""Names of the models around a layer, outermost first, and its own."""

Call = tuple[str, int]
"""Name of a layer, and which of its calls."""


@dataclasses.dataclass(frozen=True, slots=True)
class KerasModel:
    """A model that is read.

    Attributes:
        path: The file, for messages.
        config: The configuration of the outermost model, with its class.
        weights: Variables by scope.
        version: Version of Keras that wrote the model; None if not known.
    """

    path: str
    config: dict[str, Any]
    weights: Mapping[Scope, list[np.ndarray]]
    version: int | None = None

    def run(
        self, builder: GraphBuilder, inputs: Expression
    ) -> tuple[Expression, str | None]:
        """The model's output, and the final activation that was left out."""
        return self._run(builder, self.config, [inputs], (), last=True)

    def _run(
        self,
        builder: GraphBuilder,
        model: dict[str, Any],
        inputs: list[Expression],
        scope: Scope,
        *,
        last: bool,
    ) -> tuple[Expression, str | None]:
        """The output of one model, which may lie in another."""
        layers = {layer_name(layer): layer for layer in layers_of(self.path, model)}
        if len(inputs) != 1:
            raise FileFormatError(
                f"{self.path}: model {scope or 'itself'} has {len(inputs)} inputs; "
                "one is required."
            )
        if model["class_name"] == "Sequential":
            calls, target = _chain(layers)
        else:
            calls, target = _graph(self.path, model, layers)
        values: dict[Call, Expression] = {}
        final = None
        places = {name: k for k, name in enumerate(layers, start=1)}
        for call in _order(self.path, calls, target):
            layer, sources = layers[call[0]], [values[s] for s in calls[call]]
            if layer["class_name"] == "InputLayer":
                values[call] = inputs[0]
                continue
            own, is_last = (*scope, call[0]), last and call == target
            if layer["class_name"] in MODELS:
                values[call], dropped = self._run(
                    builder, layer, sources or inputs, own, last=is_last
                )
            else:
                op = KerasLayer(
                    name=call[0],
                    where=f"{self.path}: layer {places[call[0]]} ({call[0]!r}, "
                    f"{layer['class_name']})",
                    kind=layer["class_name"],
                    config=layer["config"],
                    inputs=sources or inputs,
                    weights=self.weights.get(own, []),
                    builder=builder,
                    version=self.version,
                )
                values[call], dropped = _apply(op, last=is_last)
            final = dropped if is_last else final
        return values[target], final


def layers_of(path: str, model: dict[str, Any]) -> list[dict[str, Any]]:
    """The configurations of a model's layers; one that is not read is refused."""
    inner = model.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else inner
    if not isinstance(layers, list) or not layers:
        raise FileFormatError(f"{path} has no layers: save the model again.")
    for position, layer in enumerate(layers, start=1):
        if not isinstance(layer, dict) or not isinstance(
            layer.get("config"), dict | list
        ):
            raise FileFormatError(f"{path}: layer {position} is damaged: save again.")
        kind, name = layer.get("class_name"), layer_name(layer)
        known = kind in LAYERS or kind in MODELS or kind == "InputLayer"
        foreign = layer.get("module", "keras.layers") not in _MODULES
        if foreign or not known or not name or name == "None":
            raise FileFormatError(
                f"{path}: layer {position} ({name!r}) is {kind}: it is not piecewise "
                "affine, or not one of the layers read here; replace it."
            )
        if kind in MODELS:
            layers_of(path, layer)
    if len({layer_name(layer) for layer in layers}) < len(layers):
        raise FileFormatError(f"{path} has two layers of one name: save it again.")
    return layers


_MODULES = ("keras.layers", "keras", "keras.models", "keras.src.models.functional")


def layer_name(layer: dict[str, Any]) -> str:
    """Name of a layer in its model."""
    config = layer["config"]
    inner = config.get("name") if isinstance(config, dict) else None
    return str(layer.get("name") or inner)


def input_shape(path: str, model: dict[str, Any]) -> tuple[int, ...]:
    """Shape of the one input of a model, without the batch axis."""
    layers = layers_of(path, model)
    inputs = [layer for layer in layers if layer["class_name"] == "InputLayer"]
    if len(inputs) > 1:
        raise FileFormatError(f"{path} has {len(inputs)} inputs; one is required.")
    first = (inputs or layers)[0]
    if first["class_name"] in MODELS:
        return input_shape(path, first)
    config = first["config"]
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if not shape and isinstance(model["config"], dict):
        shape = model["config"].get("build_input_shape")
    sizes = shape[1:] if isinstance(shape, list) else []
    if not sizes or not all(type(n) is int and 0 < n < 2**40 for n in sizes):
        raise FileFormatError(
            f"{path} has input shape {shape}; fixed sizes after the batch axis are "
            "required."
        )
    return tuple(sizes)


def _chain(
    layers: Mapping[str, dict[str, Any]],
) -> tuple[dict[Call, list[Call]], Call]:
    """The calls of a sequential model, and the last one."""
    names = [(name, 0) for name in layers]
    before = [[], *([name] for name in names[:-1])]
    return dict(zip(names, before, strict=True)), names[-1]


def _graph(
    path: str, model: dict[str, Any], layers: Mapping[str, dict[str, Any]]
) -> tuple[dict[Call, list[Call]], Call]:
    """The calls of a functional model with what each reads, and the output."""
    calls: dict[Call, list[Call]] = {}
    for name, layer in layers.items():
        nodes = layer.get("inbound_nodes") or []
        for index, node in enumerate(nodes):
            calls[name, index] = list(_sources(path, name, node))
        if layer["class_name"] == "InputLayer":
            calls[name, 0] = []
    outputs = model["config"].get("output_layers") or []
    if len(outputs) == 3 and isinstance(outputs[0], str):
        outputs = [outputs]
    if len(outputs) != 1:
        raise FileFormatError(f"{path} has {len(outputs)} outputs; one is required.")
    return calls, _call(path, outputs[0])


def _call(path: str, history: Any) -> Call:
    """The call that a tensor comes from: layer, call and number of the output."""
    name, index, output = history[:3]
    if output != 0:
        raise FileFormatError(f"{path}: layer {name!r} has several outputs.")
    return str(name), int(index)


def _sources(path: str, name: str, node: Any) -> Iterator[Call]:
    """The calls whose outputs one call reads, in the order of its arguments."""
    if isinstance(node, dict):
        settings = node.get("kwargs") or {}
        # Some layers are given what they read by name.
        yield from (_call(path, h) for h in _histories([node.get("args"), settings]))
        plain = [v for v in settings.values() if not list(_histories(v))]
    else:
        entries = [node] if isinstance(node[0], str) else node
        yield from (_call(path, entry) for entry in entries)
        plain = [v for entry in entries for v in (entry[3:] or [{}])[0].values()]
    if any(value not in _QUIET for value in plain):
        raise FileFormatError(
            f"{path}: layer {name!r} is called with {plain}: only tensors are read."
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


def _order(
    path: str, calls: Mapping[Call, Sequence[Call]], target: Call
) -> Sequence[Call]:
    """The calls that the output needs, each after those that it reads."""
    needed: dict[Call, Sequence[Call]] = {}
    stack = [target]
    while stack:
        call = stack.pop()
        if call not in calls:
            raise FileFormatError(
                f"{path}: call {call[1]} of layer {call[0]!r} is read and is not there."
            )
        if call not in needed:
            needed[call] = calls[call]
            stack += calls[call]
    try:
        return list(graphlib.TopologicalSorter(needed).static_order())
    except graphlib.CycleError as error:
        names = sorted({call[0] for call in error.args[1]})
        raise FileFormatError(
            f"{path}: layers {names} read each other's outputs in a circle."
        ) from error


def _apply(op: KerasLayer, *, last: bool) -> tuple[Expression, str | None]:
    """The layer's output and the name of the final activation left out."""
    try:
        result = LAYERS[op.kind](op)
        name = op.activation_name()
        if name in FINAL_ACTIVATIONS and last:
            softmax = "softmax" in name
            if softmax and (
                len(result.shape) != 1 or op.config.get("axis", -1) not in (-1, 1)
            ):
                raise ValueError("its final activation must act on a vector")
            tell(
                f"{op.where}: the final {name} is left out: the network's outputs are "
                "its inputs."
            )
            return result, name
        result = activate(op, result, name)
    except FileFormatError:
        raise
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        text = " ".join(str(error).split())
        raise FileFormatError(f"{op.where} cannot be read: {text}.") from error
    op.builder.limit(result.size)
    return result, None
