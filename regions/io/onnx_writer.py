"""Networks as ONNX files, with every weight as it is."""

import pathlib
from typing import Any

import numpy as np

from regions.files.writing import open_atomically
from regions.io.optional import require
from regions.network import Layer, ReluNetwork

OPSET, IR_VERSION = 18, 9
"""Old enough for the run-times that people have."""


def save_onnx(path: pathlib.Path, network: ReluNetwork) -> None:
    """Write a network as an ONNX model from `x` of shape `(N, dim)` to `y`.

    Layers are `Gemm`, with a `MatMul` for each skip block, and `Relu`, or `PRelu` where
    a slope is not 0. Its numbers are float32 if that holds all weights, else float64:
    nothing is rounded.

    Raises:
        ImportError: If `onnx` is not installed.
    """
    onnx = require("onnx", "onnx", ".onnx files")
    make, kind = onnx.helper, np.float32 if fits_float32(network) else np.float64
    graph = _Graph(onnx, kind)
    values = ["x"]
    for index, layer in enumerate(network.layers):
        pre = graph.affine(layer, index, values)
        values.append(pre if index == len(network.hidden) else graph.kinked(layer, pre))
    graph.nodes[-1].output[0] = "y"
    element = make.np_dtype_to_tensor_dtype(np.dtype(kind))
    ends = [
        make.make_tensor_value_info(name, element, ["N", size])
        for name, size in (("x", network.input_dim), ("y", network.output_dim))
    ]
    model = make.make_model(
        make.make_graph(graph.nodes, "network", ends[:1], ends[1:], graph.weights),
        opset_imports=[make.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="relu-regions",
    )
    onnx.checker.check_model(model)
    with open_atomically(path) as file:
        file.write(model.SerializeToString())


def fits_float32(network: ReluNetwork) -> bool:
    """Whether float32 holds every number of a network exactly."""
    arrays = [
        array
        for layer in network.layers
        for array in (
            layer.weight,
            layer.bias,
            layer.slopes,
            *dict(layer.skips).values(),
        )
    ]
    with np.errstate(over="ignore"):
        return all((array.astype(np.float32) == array).all() for array in arrays)


class _Graph:
    """Operations and weights of a model that grows."""

    def __init__(self, onnx: Any, kind: type):
        self._onnx, self._kind = onnx, kind
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def affine(self, layer: Layer, index: int, values: list[str]) -> str:
        """Pre-activations of a layer, from the values that it reads."""
        weight = self._weight(f"W{index}", layer.weight)
        bias = self._weight(f"b{index}", layer.bias)
        pre = self._node("Gemm", [values[-1], weight, bias], f"pre{index}", transB=1)
        for source, matrix in layer.skips:
            name = self._weight(f"skip{index}_{source}", matrix.T)
            part = self._node("MatMul", [values[source], name], f"part{index}_{source}")
            pre = self._node("Add", [pre, part], f"sum{index}_{source}")
        return pre

    def kinked(self, layer: Layer, pre: str) -> str:
        """Activations of a hidden layer."""
        if not layer.slopes.any():
            return self._node("Relu", [pre], f"{pre}_on")
        slopes = self._weight(f"{pre}_slopes", layer.slopes)
        return self._node("PRelu", [pre, slopes], f"{pre}_on")

    def _node(
        self, kind: str, inputs: list[str], output: str, **attributes: Any
    ) -> str:
        """Add an operation; the name of what it gives."""
        node = self._onnx.helper.make_node(
            kind, inputs, [output], name=output, **attributes
        )
        self.nodes.append(node)
        return output

    def _weight(self, name: str, array: np.ndarray) -> str:
        """Store an array under a name."""
        held = np.ascontiguousarray(array, dtype=self._kind)
        self.weights.append(self._onnx.numpy_helper.from_array(held, name))
        return name
