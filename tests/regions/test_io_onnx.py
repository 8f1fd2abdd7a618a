import pathlib
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import onnx.reference
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import regions
from regions.errors import FileFormatError, ImportNotice
from regions.network import ReluNetwork

OPSET = 18


def _model(
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


def _node(op: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    names = [n if n != "_" else "" for n in inputs.split()]
    return helper.make_node(
        op, names, output.split(), name=f"the_{output}", **attributes
    )


def _array(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _agrees(path: pathlib.Path, net: ReluNetwork, shape: tuple[int, ...]) -> None:
    """Hold the network against ONNX's own reference evaluator."""
    points = _array(5, *shape, seed=7)
    evaluator = onnx.reference.ReferenceEvaluator(str(path))
    rows = [evaluator.run(None, {"x": p[None]}) for p in points]
    expected = np.stack([np.asarray(next(iter(row))).ravel() for row in rows])
    found = net(points.reshape(5, -1).astype(np.float64))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max())


def test_load_onnx_gemm_chain_takes_the_weights_over_exactly(tmp_path):
    w0, b0, w1, b1 = _array(4, 2), _array(4), _array(4, 3, seed=1), _array(3)
    nodes = [
        _node("Gemm", "x w0 b0", "a", transB=1),
        _node("Relu", "a", "h"),
        _node("MatMul", "h w1", "c"),
        _node("Add", "c b1", "y"),
    ]
    path = _model(tmp_path / "m.onnx", ["n", 2], nodes, w0=w0, b0=b0, w1=w1, b1=b1)
    net = regions.load_network(path)
    assert net.widths == (4,)
    assert net.num_bits == 4
    assert np.array_equal(net.hidden[0].weight, w0.astype(np.float64))
    assert np.array_equal(net.hidden[0].bias, b0.astype(np.float64))
    assert np.array_equal(net.output.weight, w1.T.astype(np.float64))
    assert np.array_equal(net.output.bias, b1.astype(np.float64))
    _agrees(path, net, (2,))


def _exact_forward(net: ReluNetwork, point: Sequence[Fraction]) -> list[Fraction]:
    """The network in rational arithmetic."""
    activations = [list(point)]
    for index, layer in enumerate(net.layers):
        pre = [Fraction(b) for b in layer.bias.tolist()]
        for source, matrix in layer.blocks(index):
            for i, row in enumerate(matrix.tolist()):
                pre[i] += sum(
                    Fraction(a) * x
                    for a, x in zip(row, activations[source], strict=True)
                )
        slopes = [Fraction(s) for s in layer.slopes.tolist()]
        activations.append(
            [p if p > 0 else s * p for p, s in zip(pre, slopes, strict=True)]
        )
    return activations[-1]


def test_load_onnx_affine_chain_is_exact_and_fold_is_not(tmp_path):
    arrays = {f"w{i}": _array(3, 3, seed=i) for i in range(4)} | {"b": _array(3)}
    nodes = [
        _node("Gemm", "x w0 b", "a"),
        _node("Gemm", "a w1 b", "c"),
        _node("Mul", "c b", "d"),
        _node("Relu", "d", "h"),
        _node("MatMul", "h w2", "e"),
        _node("Gemm", "e w3 b", "y"),
    ]
    path = _model(tmp_path / "m.onnx", ["n", 3], nodes, **arrays)
    exact, folded = regions.load_network(path), regions.load_network(path, fold=True)
    assert exact.num_bits == folded.num_bits == 3
    assert folded.widths == (3,)
    point = [Fraction(1, 3), Fraction(-2, 7), Fraction(5, 11)]

    def rational(name):
        return np.vectorize(Fraction, otypes=[object])(arrays[name].astype(float))

    x, b = np.array(point, object), rational("b")
    h = ((x @ rational("w0") + b) @ rational("w1") + b) * b
    h = np.array([max(v, Fraction(0)) for v in h], object)
    y = list(h @ rational("w2") @ rational("w3") + b)
    assert _exact_forward(exact, point) == y
    assert _exact_forward(folded, point) != y


def _cnn() -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """Convolutions with batch norm, a residual sum, both poolings, a concatenation."""
    nodes = [
        _node("Conv", "x k0 c0", "a", pads=[1, 1, 1, 1]),
        _node("BatchNormalization", "a g be mu va", "b"),
        _node("Relu", "b", "c"),
        _node("Conv", "c k1", "d", auto_pad="SAME_UPPER"),
        _node("LeakyRelu", "d", "e", alpha=0.1),
        _node("Add", "c e", "f"),
        _node("MaxPool", "f", "p", kernel_shape=[2, 2], strides=[2, 2]),
        _node("AveragePool", "f", "q", kernel_shape=[2, 2], strides=[2, 2]),
        _node("Concat", "p q", "r", axis=1),
        _node("GlobalAveragePool", "r", "s"),
        _node("Flatten", "s", "t"),
        _node("Gemm", "t w wb", "y"),
    ]
    weights = {
        "k0": _array(2, 1, 3, 3),
        "c0": _array(2),
        "g": _array(2, seed=2),
        "be": _array(2, seed=3),
        "mu": _array(2, seed=4),
        "va": np.abs(_array(2, seed=5)),
        "k1": _array(2, 2, 3, 3, seed=6),
        "w": _array(4, 10, seed=8),
        "wb": _array(10, seed=9),
    }
    return nodes, weights


@pytest.mark.parametrize("fold", [False, True])
def test_load_onnx_small_cnn_equals_the_reference_evaluator(tmp_path, fold):
    nodes, weights = _cnn()
    path = _model(tmp_path / "m.onnx", ["n", 1, 8, 8], nodes, **weights)
    net = regions.load_network(path, fold=fold)
    assert net.output_dim == 10
    # two convolutions of 2 x 8 x 8 units; three matches per window of 2 x 4 x 4
    assert net.num_bits == 2 * 128 + 3 * 32
    _agrees(path, net, (1, 8, 8))


def _i(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def _f(value: float) -> np.ndarray:
    return np.array(value, np.float32)


# name: shape of a sample, operations from x to y, weights
OPERATIONS: dict[str, tuple[list[int], list[onnx.NodeProto], dict[str, Any]]] = {
    "prelu": ([2, 3], [_node("PRelu", "x s", "y")], {"s": _array(2, 1)}),
    "leaky": ([3], [_node("LeakyRelu", "x", "y")], {}),
    "abs": ([3], [_node("Abs", "x", "y")], {}),
    "neg": ([3], [_node("Neg", "x", "y")], {}),
    "clip": ([4], [_node("Clip", "x lo hi", "y")], {"lo": _f(-0.3), "hi": _f(0.6)}),
    "clip above": ([4], [_node("Clip", "x _ hi", "y")], {"hi": _f(0.1)}),
    "max": ([2, 3], [_node("Max", "x c", "y")], {"c": _array(3)}),
    "min": ([3], [_node("Neg", "x", "n"), _node("Min", "x n c", "y")], {"c": _f(-0.2)}),
    "sub": ([3], [_node("Sub", "c x", "y")], {"c": _array(3)}),
    "mul": ([2, 3], [_node("Mul", "c x", "y")], {"c": _array(2, 1)}),
    "div": ([3], [_node("Div", "x c", "y")], {"c": _array(3)}),
    "gemm": (
        [3],
        [_node("Gemm", "x w c", "y", alpha=0.5, beta=2.0)],
        {"w": _array(3, 2), "c": _f(0.3)},
    ),
    "matmul of rows": ([4, 3], [_node("MatMul", "x w", "y")], {"w": _array(3, 2)}),
    "wider constant": ([1, 3], [_node("Add", "x c", "y")], {"c": _array(1, 4, 3)}),
    "sum": (
        [3],
        [_node("Relu", "x", "h"), _node("Sum", "x h c", "y")],
        {"c": _array(3)},
    ),
    "grouped strided conv": (
        [4, 7, 6],
        [_node("Conv", "x k", "y", group=2, strides=[2, 1], dilations=[1, 2])],
        {"k": _array(6, 2, 3, 2)},
    ),
    "conv in one dimension": (
        [2, 9],
        [_node("Conv", "x k c", "y", pads=[2, 1], strides=[3])],
        {"k": _array(3, 2, 4), "c": _array(3)},
    ),
    "conv same lower": (
        [1, 5, 5],
        [_node("Conv", "x k", "y", auto_pad="SAME_LOWER", strides=[2, 2])],
        {"k": _array(1, 1, 2, 2)},
    ),
    "padded maxpool": (
        [2, 5, 5],
        [_node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)],
        {},
    ),
    "ceil maxpool": (
        [1, 6, 6],
        [_node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
        {},
    ),
    "padded avgpool": (
        [2, 4, 4],
        [_node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])],
        {},
    ),
    "avgpool counting padding": (
        [1, 4, 4],
        [
            _node(
                "AveragePool",
                "x",
                "y",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                count_include_pad=1,
            )
        ],
        {},
    ),
    "global maxpool": ([2, 3, 2], [_node("GlobalMaxPool", "x", "y")], {}),
    "mean": (
        [2, 3, 4],
        [_node("ReduceMean", "x a", "y", keepdims=0)],
        {"a": _i(-1, 1)},
    ),
    "pad": (
        [2, 3],
        [_node("Pad", "x p v", "y")],
        {"p": _i(0, 1, 0, 0, 0, 2), "v": _f(0.5)},
    ),
    "transpose": ([2, 3], [_node("Transpose", "x", "y", perm=[0, 2, 1])], {}),
    "slice": (
        [5, 4],
        [_node("Slice", "x s e a t", "y")],
        {"s": _i(4, 1), "e": _i(-(2**40), 9), "a": _i(1, -1), "t": _i(-2, 1)},
    ),
    "gather": ([4, 2], [_node("Gather", "x j", "y", axis=1)], {"j": _i(3, 0, 3)}),
    "split": (
        [6],
        [_node("Split", "x n", "a b", axis=1), _node("Sub", "a b", "y")],
        {"n": _i(3, 3)},
    ),
    "unsqueeze and squeeze": (
        [3],
        [_node("Unsqueeze", "x a", "h"), _node("Squeeze", "h a", "y")],
        {"a": _i(1)},
    ),
    "reshape by shape arithmetic": (
        [2, 3],
        [
            _node("Shape", "x", "s"),
            _node("Gather", "s zero", "n"),
            _node("Unsqueeze", "n zeros", "m"),
            _node("Concat", "m rest", "shape", axis=0),
            _node("Reshape", "x shape", "y"),
        ],
        {"zero": np.int64(0), "zeros": _i(0), "rest": _i(3, -1)},
    ),
    "constant and dropout": (
        [3],
        [
            helper.make_node(
                "Constant", [], ["c"], value=numpy_helper.from_array(_array(3))
            ),
            _node("Dropout", "x", "h"),
            _node("Identity", "h", "i"),
            _node("Cast", "i", "j", to=1),
            _node("Add", "j c", "y"),
        ],
        {},
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_load_onnx_operation_between_layers_equals_the_evaluator(tmp_path, name):
    shape, nodes, weights = OPERATIONS[name]
    size = int(np.prod(shape))
    before = [
        _node("Flatten", "x0", "flat"),
        _node("MatMul", "flat mixing", "mixed"),
        _node("LeakyRelu", "mixed", "bent", alpha=0.25),
        _node("Reshape", "bent form", "x"),
    ]
    nodes = [
        onnx.NodeProto.FromString(n.SerializeToString()) for n in [*before, *nodes]
    ]
    for node in nodes:  # the graph's input is called x
        for names in (node.input, node.output):
            renamed = [{"x0": "x", "x": "bent_x"}.get(n, n) for n in names]
            del names[:]
            names.extend(renamed)
    weights = weights | {"mixing": _array(size, size, seed=3), "form": _i(-1, *shape)}
    path = _model(tmp_path / "m.onnx", ["n", *shape], nodes, **weights)
    _agrees(path, regions.load_network(path), tuple(shape))


@pytest.mark.parametrize("batch", [1, 3, "n"])
def test_load_onnx_reads_any_batch_size(tmp_path, batch):
    first = batch if isinstance(batch, int) else -1
    nodes = [_node("Reshape", "x s", "h"), _node("MatMul", "h w", "y")]
    weights = {"s": _i(first, 6), "w": _array(6, 2)}
    path = _model(tmp_path / "m.onnx", [batch, 2, 3], nodes, **weights)
    net = regions.load_network(path)
    assert np.array_equal(net.output.weight, weights["w"].T.astype(np.float64))


def test_load_onnx_old_style_attributes_are_read(tmp_path):
    nodes = [
        _node("Clip", "x", "a", min=-0.5, max=0.5),
        _node("Unsqueeze", "a", "b", axes=[1]),
        _node("Pad", "b", "c", pads=[0, 0, 1, 0, 0, 0], value=0.25),
        _node("Slice", "c", "y", starts=[0], ends=[2], axes=[2]),
    ]
    path = _model(tmp_path / "m.onnx", ["n", 3], nodes, opset=9)
    net = regions.load_network(path)
    x = np.array([[0.2, -0.9, 3.0]])
    assert np.allclose(net(x), [[0.25, 0.2]])


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_load_onnx_final_softmax_is_dropped_with_a_notice(tmp_path, kind):
    nodes = [_node("Gemm", "x w", "h"), _node(kind, "h", "y")]
    path = _model(tmp_path / "m.onnx", ["n", 2], nodes, w=_array(2, 3))
    with pytest.warns(ImportNotice, match=rf"layer 2 \('the_y', {kind}\) is left out"):
        net = regions.load_network(path)
    assert np.array_equal(net.output.weight, _array(2, 3).T.astype(np.float64))


def test_load_onnx_operations_without_effect_on_the_output_are_skipped(tmp_path):
    nodes = [_node("Gelu", "x", "unused"), _node("Relu", "x", "y")]
    path = _model(tmp_path / "m.onnx", ["n", 2], nodes, opset=20)
    assert regions.load_network(path).num_bits == 2


REFUSED: dict[str, tuple[list[onnx.NodeProto], dict[str, Any], str]] = {
    "gelu": (
        [_node("Relu", "x", "h"), _node("Gelu", "h", "y")],
        {},
        "layer 2 ('the_y') is Gelu",
    ),
    "softmax inside": (
        [_node("Softmax", "x", "h"), _node("Relu", "h", "y")],
        {},
        "layer 1 ('the_h') is Softmax",
    ),
    "product": (
        [_node("Relu", "x", "h"), _node("Mul", "x h", "y")],
        {},
        "a product of two tensors",
    ),
    "wrong shapes": ([_node("Gemm", "x w", "y")], {"w": _array(5, 2)}, "for 5 inputs"),
    "batch mixed": ([_node("Reshape", "x s", "y")], {"s": _i(3, -1)}, "mixes samples"),
    "batch moved": ([_node("Transpose", "x", "y")], {}, "moves the batch axis"),
    "negative variance": (
        [_node("BatchNormalization", "x g g g v", "y")],
        {"g": _array(3), "v": -np.ones(3, np.float32)},
        "not positive",
    ),
    "not finite": ([_node("Add", "x c", "y")], {"c": _f(np.nan)}, "NaN"),
    "constant": ([_node("Add", "c c", "y")], {"c": _f(1.0)}, "does not depend"),
    "unsorted": ([_node("Relu", "h", "y"), _node("Abs", "x", "h")], {}, "not a valid"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_load_onnx_refuses_by_name_and_position(tmp_path, name):
    nodes, weights, message = REFUSED[name]
    path = _model(tmp_path / "m.onnx", ["n", 3], nodes, opset=20, **weights)
    with pytest.raises(FileFormatError, match=re.escape(message)) as caught:
        regions.load_network(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_onnx_of_damaged_files_raises(tmp_path):
    nodes, weights = _cnn()
    path = _model(tmp_path / "m.onnx", ["n", 1, 8, 8], nodes, **weights)
    whole, cut = path.read_bytes(), tmp_path / "cut.onnx"
    for size in range(0, len(whole), 211):
        cut.write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            regions.load_network(cut)
    cut.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(FileFormatError, match="not an ONNX file"):
        regions.load_network(cut)


def test_load_onnx_of_a_short_weight_names_it(tmp_path):
    path = _model(
        tmp_path / "m.onnx", ["n", 3], [_node("Gemm", "x w", "y")], w=_array(3, 3)
    )
    model = onnx.load(path)
    model.graph.initializer[0].dims[0] = 2**40
    onnx.save(model, path)
    with pytest.raises(
        FileFormatError, match=r"valid ONNX model|weight 'w' is damaged"
    ):
        regions.load_network(path)


def test_load_onnx_never_reads_weights_from_other_files(tmp_path):
    path = _model(
        tmp_path / "m.onnx", ["n", 3], [_node("Gemm", "x w", "y")], w=_array(3, 3)
    )
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileFormatError, match="in other files"):
        regions.load_network(path)


def test_load_onnx_that_grows_without_end_is_stopped(tmp_path):
    nodes = [_node("Concat", f"h{i} h{i}", f"h{i + 1}", axis=1) for i in range(60)]
    nodes = [_node("Relu", "x", "h0"), *nodes, _node("Relu", "h60", "y")]
    path = _model(tmp_path / "m.onnx", ["n", 3], nodes)
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(path, max_bytes=1_000_000)


def test_load_onnx_convolution_too_large_to_unroll_is_refused(tmp_path):
    path = _model(
        tmp_path / "m.onnx",
        ["n", 1, 512, 512],
        [_node("Conv", "x k", "y")],
        k=_array(8, 1, 3, 3),
    )
    with pytest.raises(FileFormatError, match="beyond the limit"):
        regions.load_network(path)


class _TorchCnn(torch.nn.Module):
    """A small CNN as people write it, with a residual and a view at the end."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(1, 3, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(3)
        self.second = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.slopes = torch.nn.PReLU(3)
        self.last = torch.nn.Linear(48, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.norm(self.first(x)))
        h = h + self.slopes(self.second(h))
        h = torch.nn.functional.max_pool2d(torch.nn.functional.relu6(h), 2)
        return self.last(h.view(h.size(0), -1))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("raw", [False, True])
def test_load_onnx_exported_by_pytorch_equals_pytorch(tmp_path, raw):
    torch.manual_seed(0)
    model, x = _TorchCnn(), torch.randn(6, 1, 8, 8)
    model(x)  # moves the running statistics
    model.eval()
    keep = torch.onnx.TrainingMode.PRESERVE if raw else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(
        model,
        (x,),
        str(tmp_path / "m.onnx"),
        dynamo=False,
        training=keep,
        do_constant_folding=not raw,
        input_names=["x"],
        dynamic_axes={"x": {0: "batch"}},
    )
    net = regions.load_network(tmp_path / "m.onnx")
    with torch.no_grad():
        expected = model(x).numpy()
    found = net(x.numpy().reshape(6, -1).astype(np.float64))
    assert np.abs(found - expected).max() < 1e-5
    # three layers of 3 x 8 x 8 units (relu6 bends twice), three matches per window
    assert net.num_bits == 4 * 192 + 3 * 48
