"""Networks from ONNX files.

Only the graph is read: nothing in it is executed before every operation is known to
be piecewise affine, and tensors stored outside the file are refused. The first axis of
the input is the batch; all others must be fixed.
"""

import importlib.util
import pathlib
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from regions.errors import FileFormatError, ImportNotice
from regions.io.checks import check_forward
from regions.io.graph import Expression, GraphBuilder
from regions.io.onnx_node import FINAL_OPS, Operation, Value
from regions.io.onnx_ops import CONSTANT_OPS, OPS
from regions.io.optional import require
from regions.network import ReluNetwork

_RUNTIME_ERRORS = (
    "EPFail",
    "Fail",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "NotImplemented",
    "RuntimeException",
)


def load_onnx(
    path: pathlib.Path, *, max_bytes: int, check: bool = True, fold: bool = False
) -> ReluNetwork:
    """The network in an ONNX file.

    Args:
        path: The file.
        max_bytes: Limit of the file, and of the matrices once unrolled.
        check: Compare our forward pass with ONNX Runtime's, if it is installed.
        fold: Multiply affine layers out in float64 instead of keeping them exact.

    Raises:
        FileFormatError: If the file is damaged, or an operation is not piecewise
            affine or not known here; the message names it and its position.
        ImportError: If `onnx` is not installed.
    """
    onnx = require("onnx", "onnx", ".onnx files")
    model = _parse(onnx, path, max_bytes)
    nodes = _needed_nodes(model.graph)
    _refuse_unknown(path, nodes, model.graph.output[0].name)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise FileFormatError(
            f"{path} is not a valid ONNX model ({_first_line(error)}): export it again."
        ) from error
    values: dict[str, Value] = _initializers(onnx, path, model.graph)
    source = _single_input(path, model.graph, values)
    builder = GraphBuilder(
        _shape_of(path, source)[1:], name=str(path), max_bytes=max_bytes, fold=fold
    )
    values[source.name] = builder.input
    final = _walk(onnx, model, nodes, values, builder, _shape_of(path, source)[0])
    output = values[model.graph.output[0].name]
    if not isinstance(output, Expression):
        raise FileFormatError(f"{path}: the output does not depend on the input.")
    network = builder.finish(output)
    if check and importlib.util.find_spec("onnxruntime") is not None:
        _check(path, network, source, builder.input.shape, final)
    return network


def _parse(onnx: Any, path: pathlib.Path, max_bytes: int) -> Any:
    """The model in the file, with everything inside it and exactly one output."""
    if path.stat().st_size > max_bytes:
        raise FileFormatError(
            f"{path} has {path.stat().st_size} bytes; at most {max_bytes} are allowed: "
            "raise `max_bytes` if you trust it."
        )
    decode_error = require("google.protobuf.message", "onnx", ".onnx files").DecodeError
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except decode_error as error:
        raise FileFormatError(
            f"{path} is not an ONNX file, or is truncated ({_first_line(error)}): "
            "export it again."
        ) from error
    graph = model.graph
    if len(graph.output) != 1 or not graph.node:
        raise FileFormatError(
            f"{path} has {len(graph.node)} operations and {len(graph.output)} outputs; "
            "at least one operation and exactly one output are required."
        )
    if graph.sparse_initializer or any(
        t.data_location == onnx.TensorProto.EXTERNAL for t in graph.initializer
    ):
        raise FileFormatError(
            f"{path} keeps weights sparse or in other files: export it as one file "
            "with dense weights."
        )
    return model


def _needed_nodes(graph: Any) -> list[tuple[int, Any]]:
    """The operations that the output depends on, with their positions from 1."""
    wanted, needed = {graph.output[0].name}, []
    for position, node in reversed(list(enumerate(graph.node, start=1))):
        if wanted & set(node.output):
            needed.append((position, node))
            wanted |= set(node.input)
    return needed[::-1]


def _refuse_unknown(
    path: pathlib.Path, nodes: Sequence[tuple[int, Any]], output: str
) -> None:
    """Raise for the first operation that cannot be read."""
    for position, node in nodes:
        standard = node.domain in ("", "ai.onnx")
        last = node.op_type in FINAL_OPS and output in node.output
        if standard and (node.op_type in OPS or node.op_type in CONSTANT_OPS or last):
            continue
        kind = node.op_type if standard else f"{node.domain}.{node.op_type}"
        raise FileFormatError(
            f"{path}: layer {position} ({node.name!r}) is {kind}: it is not piecewise "
            "affine, or not one of the operations read here; replace it."
        )


def _initializers(onnx: Any, path: pathlib.Path, graph: Any) -> dict[str, Value]:
    """The weights stored in the model."""
    arrays: dict[str, Value] = {"": None}
    for tensor in graph.initializer:
        try:
            arrays[tensor.name] = onnx.numpy_helper.to_array(tensor)
        except (ValueError, TypeError, LookupError) as error:
            raise FileFormatError(
                f"{path}: weight {tensor.name!r} is damaged ({_first_line(error)}): "
                "export the model again."
            ) from error
    return arrays


def _single_input(path: pathlib.Path, graph: Any, values: dict[str, Value]) -> Any:
    """The one graph input that is not a weight."""
    inputs = [value for value in graph.input if value.name not in values]
    if len(inputs) != 1:
        raise FileFormatError(
            f"{path} has {len(inputs)} inputs {[v.name for v in inputs]}; exactly one "
            "is required."
        )
    return inputs[0]


def _shape_of(path: pathlib.Path, source: Any) -> tuple[int, ...]:
    """Shape of the input; the batch axis is 0 when it is free."""
    dims = [d.dim_value for d in source.type.tensor_type.shape.dim]
    if len(dims) < 2 or min(dims[1:]) < 1:
        raise FileFormatError(
            f"{path}: input {source.name!r} has shape {dims} (0 is free); a batch axis "
            "and fixed sizes after it are required: export it with those."
        )
    return tuple(dims)


def _walk(
    onnx: Any,
    model: Any,
    nodes: Sequence[tuple[int, Any]],
    values: dict[str, Value],
    builder: GraphBuilder,
    batch: int,
) -> str | None:
    """Evaluate all operations into `values`; the final activation that was dropped."""
    final = None
    for position, node in nodes:
        where = f"{builder.name}: layer {position} ({node.name!r}, {node.op_type})"
        inputs = [values[name] for name in node.input]
        attributes = {
            a.name: onnx.helper.get_attribute_value(a) for a in node.attribute
        }
        op = Operation(node, attributes, inputs, builder, batch)
        try:
            if not any(isinstance(value, Expression) for value in inputs):
                results: list[Value] = _constants(onnx, model, op)
            elif node.op_type in FINAL_OPS:
                final = op.drop_final()
                warnings.warn(
                    f"{where} is left out: the network's outputs are its inputs.",
                    ImportNotice,
                    stacklevel=4,
                )
                results = [inputs[0]]
            elif node.op_type in OPS:
                result = OPS[node.op_type](op)
                results = [*result] if isinstance(result, list) else [result]
            else:
                raise ValueError("only constants may be its inputs")
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise FileFormatError(
                f"{where} cannot be read: {_first_line(error)}."
            ) from error
        for value in results:
            if isinstance(value, Expression):
                builder.limit(value.size)
        values.update(zip(node.output, results, strict=False))
    return final


def _constants(onnx: Any, model: Any, op: Operation) -> list[Value]:
    """The outputs of an operation on constants, by ONNX's own reference code."""
    if op.node.op_type not in CONSTANT_OPS:
        raise ValueError("it does not depend on the input: fold constants on export")
    proto, inputs = op.node, op.inputs
    named = {n: v for n, v in zip(proto.input, inputs, strict=True) if n}
    graph = onnx.helper.make_graph(
        [proto],
        "constant",
        [onnx.helper.make_value_info(n, onnx.TypeProto()) for n in named],
        [onnx.helper.make_value_info(n, onnx.TypeProto()) for n in proto.output],
    )
    single = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    evaluator = require("onnx.reference", "onnx", ".onnx files").ReferenceEvaluator
    return list(evaluator(single).run(None, named))


def _check(
    path: pathlib.Path,
    network: ReluNetwork,
    source: Any,
    shape: tuple[int, ...],
    final: str | None,
) -> None:
    """Compare with ONNX Runtime, one point at a time."""
    runtime = require("onnxruntime", "onnx", ".onnx files")
    state = require("onnxruntime.capi.onnxruntime_pybind11_state", "onnx", ".onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    kinds = {1: np.float32, 10: np.float16, 11: np.float64}
    kind = kinds.get(source.type.tensor_type.elem_type, np.float32)
    batch = max(1, source.type.tensor_type.shape.dim[0].dim_value)

    def reference(points: np.ndarray) -> np.ndarray:
        rows = points.astype(kind).reshape(-1, 1, *shape).repeat(batch, axis=1)
        outputs = [session.run(None, {source.name: row})[0] for row in rows]
        return np.stack([o.reshape(batch, -1)[0] for o in outputs])

    try:
        session = runtime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        check_forward(
            str(path),
            network,
            reference,
            final=final,
            framework="ONNX Runtime",
            unit_roundoff=float(np.finfo(kind).eps) / 2,
        )
    except tuple(getattr(state, name) for name in _RUNTIME_ERRORS) as error:
        warnings.warn(
            f"{path} was read, but ONNX Runtime cannot run it to check the forward "
            f"pass ({_first_line(error)}).",
            ImportNotice,
            stacklevel=4,
        )


def _first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
