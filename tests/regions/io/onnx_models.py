"""Small ONNX models for the tests, and the evaluator that they are held against."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx.reference
from onnx import TensorProto, helper, numpy_helper

from regions.network import ReluNetwork

OPSET = 18


def write_model(
    path: pathlib.Path,
    shape: Sequence[int | str],
    nodes: Sequence[onnx.NodeProto],
    opset: Any = OPSET,
    **weights: Any,
) -> pathlib.Path:
    """Write a model from `x` of this shape to `y`."""
    stored = [numpy_helper.from_array(np.asarray(w), n) for n, w in weights.items()]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        stored,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
    )
    inferred = onnx.shape_inference.infer_shapes(model)
    if not inferred.graph.output[0].type.tensor_type.HasField("shape"):
        inferred.graph.output[0].type.tensor_type.shape.dim.add()
    onnx.save(inferred, path)
    return path


def node(op: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    names = [n if n != "_" else "" for n in inputs.split()]
    return helper.make_node(
        op, names, output.split(), name=f"the_{output}", **attributes
    )


def array(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def assert_agrees(path: pathlib.Path, net: ReluNetwork, shape: tuple[int, ...]) -> None:
    """Hold the network against ONNX's own reference evaluator."""
    points = array(5, *shape, seed=7)
    evaluator = onnx.reference.ReferenceEvaluator(str(path))
    rows = [evaluator.run(None, {"x": p[None]}) for p in points]
    expected = np.stack([np.asarray(next(iter(row))).ravel() for row in rows])
    found = net(points.reshape(5, -1).astype(np.float64))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max())


def cnn() -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """Convolutions with batch norm, a residual sum, both poolings, a concatenation."""
    nodes = [
        node("Conv", "x k0 c0", "a", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "a g be mu va", "b"),
        node("Relu", "b", "c"),
        node("Conv", "c k1", "d", auto_pad="SAME_UPPER"),
        node("LeakyRelu", "d", "e", alpha=0.1),
        node("Add", "c e", "f"),
        node("MaxPool", "f", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("AveragePool", "f", "q", kernel_shape=[2, 2], strides=[2, 2]),
        node("Concat", "p q", "r", axis=1),
        node("GlobalAveragePool", "r", "s"),
        node("Flatten", "s", "t"),
        node("Gemm", "t w wb", "y"),
    ]
    weights = {
        "k0": array(2, 1, 3, 3),
        "c0": array(2),
        "g": array(2, seed=2),
        "be": array(2, seed=3),
        "mu": array(2, seed=4),
        "va": np.abs(array(2, seed=5)),
        "k1": array(2, 2, 3, 3, seed=6),
        "w": array(4, 10, seed=8),
        "wb": array(10, seed=9),
    }
    return nodes, weights


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)
