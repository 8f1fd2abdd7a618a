"""Networks from ONNX files.

Only the graph is read: nothing in it is executed before every operation is known to
be piecewise affine, and tensors stored outside the file are refused, wherever they
stand. The first axis of the input, if there are several, is the batch; all others must
be fixed.
"""

import graphlib
import importlib.util
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from regions.errors import FileFormatError, tell
from regions.files.reading import check_file_size, one_line, reading
from regions.io.checks import check_forward
from regions.io.graph import Expression, GraphBuilder
from regions.io.onnx_constants import CONSTANT_OPS, evaluate, stored_array, stored_size
from regions.io.onnx_node import FINAL_OPS, Operation, Value
from regions.io.onnx_ops import ML_OPS, OPS
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
    message = require("google.protobuf.message", "onnx", ".onnx files")
    errors = (message.DecodeError, message.EncodeError, onnx.checker.ValidationError)
    with reading(path, "a valid ONNX model", "export it again", *errors):
        model = _parse(onnx, path, max_bytes)
        nodes = _needed_nodes(path, model.graph)
        _refuse_unknown(path, nodes, model.graph.output[0].name)
        order = [node for _, node in nodes]
        is_whole = order == list(model.graph.node)
        if not is_whole:  # what is not needed is neither checked nor run
            del model.graph.node[:]
            model.graph.node.extend(order)
        onnx.checker.check_model(model)
        reader = _Reader(onnx, path, model, nodes, max_bytes, fold)
        network, final = reader.network()
        if check and importlib.util.find_spec("onnxruntime") is not None:
            # Not by name: ONNX Runtime takes none that is not of the locale's letters.
            run = path.read_bytes() if is_whole else model.SerializeToString()
            _check(path, run, network, reader.source, reader.lead, final)
        return network


def _parse(onnx: Any, path: pathlib.Path, max_bytes: int) -> Any:
    """The model in the file, with everything inside it and exactly one output."""
    check_file_size(path, max_bytes)
    model = onnx.load_model(str(path), load_external_data=False)
    graph = model.graph
    if len(graph.output) != 1 or not graph.node:
        raise FileFormatError(
            f"{path} has {len(graph.node)} operations and {len(graph.output)} outputs; "
            "at least one operation and exactly one output are required."
        )
    if _refers_to_files(onnx, model) or graph.sparse_initializer:
        raise FileFormatError(
            f"{path} keeps weights sparse or in other files: export it as one file "
            "with dense weights."
        )
    _check_opset(onnx, path, model)
    return model


def _refers_to_files(onnx: Any, model: Any) -> bool:
    """Whether any tensor of the model, wherever it stands, lies in another file."""
    stack = [model]
    while stack:
        message = stack.pop()
        if isinstance(message, onnx.TensorProto):
            if message.data_location == message.EXTERNAL or message.external_data:
                return True
            continue
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE:
                stack += [value] if hasattr(value, "ListFields") else list(value)
    return False


def _check_opset(onnx: Any, path: pathlib.Path, model: Any) -> None:
    """Raise for operations of a version whose meaning is not known here."""
    newest = onnx.defs.onnx_opset_version()
    if not 1 <= _opset(model) <= newest:
        raise FileFormatError(
            f"{path} has operations of opset {_opset(model)}; 1 to {newest} are read "
            "with the package onnx that is installed: update it, or export the model "
            "again."
        )


def _opset(model: Any) -> int:
    """Version of the operations."""
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    return versions[-1] if versions else 1


def _needed_nodes(path: pathlib.Path, graph: Any) -> list[tuple[int, Any]]:
    """The operations that the output depends on, each after those that it reads.

    With their positions in the file, from 1.
    """
    nodes = dict(enumerate(graph.node, start=1))
    makers = {name: place for place, node in nodes.items() for name in node.output}
    reads: dict[int, set[int]] = {}
    stack = [makers[name] for name in [graph.output[0].name] if name in makers]
    while stack:
        place = stack.pop()
        if place not in reads:
            inputs = filter(None, nodes[place].input)
            reads[place] = {makers[name] for name in inputs if name in makers}
            stack += reads[place]
    order = sorted(reads)
    if any(max(reads[place], default=0) >= place for place in order):
        try:
            order = list(graphlib.TopologicalSorter(reads).static_order())
        except graphlib.CycleError as error:
            raise FileFormatError(
                f"{path}: layers {error.args[1]} read each other's outputs in a "
                "circle: export the model again."
            ) from error
    return [(place, nodes[place]) for place in order]


def _refuse_unknown(
    path: pathlib.Path, nodes: Sequence[tuple[int, Any]], output: str
) -> None:
    """Raise for the first operation that cannot be read."""
    for position, node in nodes:
        standard = node.domain in ("", "ai.onnx")
        last = node.op_type in FINAL_OPS and output in node.output
        if standard and (node.op_type in OPS or node.op_type in CONSTANT_OPS or last):
            continue
        if node.domain == "ai.onnx.ml" and node.op_type in ML_OPS:
            continue
        kind = node.op_type if standard else f"{node.domain}.{node.op_type}"
        raise FileFormatError(
            f"{path}: layer {position} ({node.name!r}) is {kind}: it is not piecewise "
            "affine, or not one of the operations read here; replace it."
        )


class _Reader:
    """Evaluates the operations of one model.

    Attributes:
        source: The one input of the graph that is not a weight.
        lead: 1 if the first axis is a batch axis that expressions leave out.
    """

    def __init__(
        self,
        onnx: Any,
        path: pathlib.Path,
        model: Any,
        nodes: Sequence[tuple[int, Any]],
        max_bytes: int,
        fold: bool,
    ):
        self._onnx, self._path, self._model, self._nodes = onnx, path, model, nodes
        self._limit, self._fold = max_bytes, fold
        self.source = _single_input(path, model.graph)
        self._shape = _shape_of(path, self.source)
        # A first axis of 1 is read as any other: a model may move or drop it.
        self.lead = int(len(self._shape) > 1 and self._shape[0] != 1)

    def network(self) -> tuple[ReluNetwork, str | None]:
        """The network, and the final activation that was left out."""
        if self.lead == 0 or self._shape[0] == 0:
            return self._evaluate()
        try:
            return self._evaluate()
        except FileFormatError as error:
            # A first axis beyond 1 may be no batch axis: then all of it is one input.
            self.lead = 0
            try:
                return self._evaluate()
            except FileFormatError:
                raise error from None

    def _evaluate(self) -> tuple[ReluNetwork, str | None]:
        """The network, where axes are as `lead` says."""
        shape = self._shape[self.lead :]
        builder = GraphBuilder(
            shape, name=str(self._path), max_bytes=self._limit, fold=self._fold
        )
        values: dict[str, Value] = {"": None, **self._weights(builder)}
        values[self.source.name] = builder.input
        final = self._walk(values, builder)
        output = values[self._model.graph.output[0].name]
        if not isinstance(output, Expression):
            raise FileFormatError(
                f"{self._path}: the output does not depend on the input."
            )
        return builder.finish(output), final

    def _weights(self, builder: GraphBuilder) -> dict[str, Value]:
        """The weights stored in the model that are needed."""
        needed = {name for _, node in self._nodes for name in node.input}
        arrays: dict[str, Value] = {}
        for tensor in self._model.graph.initializer:
            if tensor.name not in needed:
                continue
            try:
                builder.reserve(stored_size(tensor))
                arrays[tensor.name] = stored_array(self._onnx, tensor)
            except (ValueError, TypeError, LookupError) as error:
                raise FileFormatError(
                    f"{self._path}: weight {tensor.name!r} is damaged "
                    f"({one_line(error)}): export the model again."
                ) from error
        return arrays

    def _walk(self, values: dict[str, Value], builder: GraphBuilder) -> str | None:
        """Evaluate all operations into `values`; the activation that was dropped."""
        final = None
        multiples: dict[int, Any] = {}
        for position, node in self._nodes:
            where = f"{self._path}: layer {position} ({node.name!r}, {node.op_type})"
            try:
                op = Operation(
                    node,
                    {
                        a.name: self._onnx.helper.get_attribute_value(a)
                        for a in node.attribute
                    },
                    [values[name] for name in node.input],
                    builder,
                    opset=_opset(self._model),
                    lead=self.lead,
                    batch=self._shape[0],
                    multiples=multiples,
                )
                results = self._results(op)
                if node.op_type in FINAL_OPS:
                    final = op.drop_final()
                    tell(f"{where} is left out: the network's outputs are its inputs.")
            except (ValueError, TypeError, LookupError, ArithmeticError) as error:
                raise FileFormatError(
                    f"{where} cannot be read: {one_line(error).rstrip('.')}."
                ) from error
            for value in results:
                if isinstance(value, Expression):
                    builder.limit(value.size)
            values.update(zip(node.output, results, strict=False))
        return final

    def _results(self, op: Operation) -> list[Value]:
        """The outputs of one operation."""
        kind = op.node.op_type
        if all(value is None or isinstance(value, np.ndarray) for value in op.inputs):
            return [*evaluate(self._onnx, self._model, op)]
        if kind in FINAL_OPS:
            return [op.tensor()]
        ops = ML_OPS if op.node.domain == "ai.onnx.ml" else OPS
        if kind not in ops:
            raise ValueError("only constants may be its inputs")
        result = ops[kind](op)
        return [*result] if isinstance(result, list) else [result]


def _single_input(path: pathlib.Path, graph: Any) -> Any:
    """The one graph input that is not a weight."""
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    if len(inputs) != 1:
        raise FileFormatError(
            f"{path} has {len(inputs)} inputs {[v.name for v in inputs]}; exactly one "
            "is required."
        )
    return inputs[0]


def _shape_of(path: pathlib.Path, source: Any) -> tuple[int, ...]:
    """Shape of the input; the batch axis is 0 when it is free."""
    dims = [d.dim_value for d in source.type.tensor_type.shape.dim]
    fixed = dims[1:] if len(dims) > 1 else dims
    if min(fixed, default=0) < 1 or min(dims) < 0:
        raise FileFormatError(
            f"{path}: input {source.name!r} has shape {dims} (0 is free); fixed sizes, "
            "but for a batch axis, are required: export it with those."
        )
    return tuple(dims)


def _check(
    path: pathlib.Path,
    model: bytes,
    network: ReluNetwork,
    source: Any,
    lead: int,
    final: str | None,
) -> None:
    """Compare with ONNX Runtime, one point at a time."""
    runtime = require("onnxruntime", "onnx", ".onnx files")
    state = require("onnxruntime.capi.onnxruntime_pybind11_state", "onnx", ".onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    kinds = {1: np.float32, 10: np.float16, 11: np.float64}
    kind = kinds.get(source.type.tensor_type.elem_type, np.float32)
    dims = [d.dim_value for d in source.type.tensor_type.shape.dim]
    batch = max(1, dims[0]) if lead else 1

    def reference(points: np.ndarray) -> np.ndarray:
        rows = points.astype(kind).reshape(-1, 1, *dims[lead:]).repeat(batch, axis=1)
        rows = rows if lead else rows[:, 0]
        outputs = [session.run(None, {source.name: row})[0] for row in rows]
        return np.stack([o.reshape(batch, -1)[0] for o in outputs])

    try:
        session = runtime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
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
        tell(
            f"{path} was read, but ONNX Runtime cannot run it to check the forward "
            f"pass ({one_line(error)})."
        )
