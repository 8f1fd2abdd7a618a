from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import onnx.reference
import pytest
import torch
from onnx import helper, numpy_helper

import regions
from regions.errors import ImportNotice
from regions.network import ReluNetwork
from tests.regions.io.onnx_models import (
    array,
    assert_agrees,
    cnn,
    integers,
    node,
    scalar,
    write_model,
)


def test_load_onnx_gemm_chain_takes_the_weights_over_exactly(tmp_path):
    w0, b0, w1, b1 = array(4, 2), array(4), array(4, 3, seed=1), array(3)
    nodes = [
        node("Gemm", "x w0 b0", "a", transB=1),
        node("Relu", "a", "h"),
        node("MatMul", "h w1", "c"),
        node("Add", "c b1", "y"),
    ]
    path = write_model(tmp_path / "m.onnx", ["n", 2], nodes, w0=w0, b0=b0, w1=w1, b1=b1)
    net = regions.load_network(path)
    assert net.widths == (4,)
    assert net.num_bits == 4
    assert np.array_equal(net.hidden[0].weight, w0.astype(np.float64))
    assert np.array_equal(net.hidden[0].bias, b0.astype(np.float64))
    assert np.array_equal(net.output.weight, w1.T.astype(np.float64))
    assert np.array_equal(net.output.bias, b1.astype(np.float64))
    assert_agrees(path, net, (2,))


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
    arrays = {f"w{i}": array(3, 3, seed=i) for i in range(4)} | {"b": array(3)}
    nodes = [
        node("Gemm", "x w0 b", "a"),
        node("Gemm", "a w1 b", "c"),
        node("Mul", "c b", "d"),
        node("Relu", "d", "h"),
        node("MatMul", "h w2", "e"),
        node("Gemm", "e w3 b", "y"),
    ]
    path = write_model(tmp_path / "m.onnx", ["n", 3], nodes, **arrays)
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


@pytest.mark.parametrize("fold", [False, True])
def test_load_onnx_small_cnn_equals_the_reference_evaluator(tmp_path, fold):
    nodes, weights = cnn()
    path = write_model(tmp_path / "m.onnx", ["n", 1, 8, 8], nodes, **weights)
    net = regions.load_network(path, fold=fold)
    assert net.output_dim == 10
    # two convolutions of 2 x 8 x 8 units; three matches per window of 2 x 4 x 4
    assert net.num_bits == 2 * 128 + 3 * 32
    assert_agrees(path, net, (1, 8, 8))


# name: shape of a sample, operations from x to y, weights
OPERATIONS: dict[str, tuple[list[int], list[onnx.NodeProto], dict[str, Any]]] = {
    "prelu": ([2, 3], [node("PRelu", "x s", "y")], {"s": array(2, 1)}),
    "leaky": ([3], [node("LeakyRelu", "x", "y")], {}),
    "abs": ([3], [node("Abs", "x", "y")], {}),
    "neg": ([3], [node("Neg", "x", "y")], {}),
    "clip": (
        [4],
        [node("Clip", "x lo hi", "y")],
        {"lo": scalar(-0.3), "hi": scalar(0.6)},
    ),
    "clip above": ([4], [node("Clip", "x _ hi", "y")], {"hi": scalar(0.1)}),
    "max": ([2, 3], [node("Max", "x c", "y")], {"c": array(3)}),
    "min": (
        [3],
        [node("Neg", "x", "n"), node("Min", "x n c", "y")],
        {"c": scalar(-0.2)},
    ),
    "sub": ([3], [node("Sub", "c x", "y")], {"c": array(3)}),
    "mul": ([2, 3], [node("Mul", "c x", "y")], {"c": array(2, 1)}),
    "div": ([3], [node("Div", "x c", "y")], {"c": array(3)}),
    "gemm": (
        [3],
        [node("Gemm", "x w c", "y", alpha=0.5, beta=2.0)],
        {"w": array(3, 2), "c": scalar(0.3)},
    ),
    "matmul of rows": ([4, 3], [node("MatMul", "x w", "y")], {"w": array(3, 2)}),
    "wider constant": ([1, 3], [node("Add", "x c", "y")], {"c": array(1, 4, 3)}),
    "sum": (
        [3],
        [node("Relu", "x", "h"), node("Sum", "x h c", "y")],
        {"c": array(3)},
    ),
    "grouped strided conv": (
        [4, 7, 6],
        [node("Conv", "x k", "y", group=2, strides=[2, 1], dilations=[1, 2])],
        {"k": array(6, 2, 3, 2)},
    ),
    "conv in one dimension": (
        [2, 9],
        [node("Conv", "x k c", "y", pads=[2, 1], strides=[3])],
        {"k": array(3, 2, 4), "c": array(3)},
    ),
    "conv same lower": (
        [1, 5, 5],
        [node("Conv", "x k", "y", auto_pad="SAME_LOWER", strides=[2, 2])],
        {"k": array(1, 1, 2, 2)},
    ),
    "padded maxpool": (
        [2, 5, 5],
        [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)],
        {},
    ),
    "ceil maxpool": (
        [1, 6, 6],
        [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
        {},
    ),
    "padded avgpool": (
        [2, 4, 4],
        [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])],
        {},
    ),
    "avgpool counting padding": (
        [1, 4, 4],
        [
            node(
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
    "global maxpool": ([2, 3, 2], [node("GlobalMaxPool", "x", "y")], {}),
    "mean": (
        [2, 3, 4],
        [node("ReduceMean", "x a", "y", keepdims=0)],
        {"a": integers(-1, 1)},
    ),
    "pad": (
        [2, 3],
        [node("Pad", "x p v", "y")],
        {"p": integers(0, 1, 0, 0, 0, 2), "v": scalar(0.5)},
    ),
    "transpose": ([2, 3], [node("Transpose", "x", "y", perm=[0, 2, 1])], {}),
    "slice": (
        [5, 4],
        [node("Slice", "x s e a t", "y")],
        {
            "s": integers(4, 1),
            "e": integers(-(2**40), 9),
            "a": integers(1, -1),
            "t": integers(-2, 1),
        },
    ),
    "gather": ([4, 2], [node("Gather", "x j", "y", axis=1)], {"j": integers(3, 0, 3)}),
    "split": (
        [6],
        [node("Split", "x n", "a b", axis=1), node("Sub", "a b", "y")],
        {"n": integers(3, 3)},
    ),
    "unsqueeze and squeeze": (
        [3],
        [node("Unsqueeze", "x a", "h"), node("Squeeze", "h a", "y")],
        {"a": integers(1)},
    ),
    "reshape by shape arithmetic": (
        [2, 3],
        [
            node("Shape", "x", "s"),
            node("Gather", "s zero", "n"),
            node("Unsqueeze", "n zeros", "m"),
            node("Concat", "m rest", "shape", axis=0),
            node("Reshape", "x shape", "y"),
        ],
        {"zero": np.int64(0), "zeros": integers(0), "rest": integers(3, -1)},
    ),
    "constant and dropout": (
        [3],
        [
            helper.make_node(
                "Constant", [], ["c"], value=numpy_helper.from_array(array(3))
            ),
            node("Dropout", "x", "h"),
            node("Identity", "h", "i"),
            node("Cast", "i", "j", to=1),
            node("Add", "j c", "y"),
        ],
        {},
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_load_onnx_operation_between_layers_equals_the_evaluator(tmp_path, name):
    shape, nodes, weights = OPERATIONS[name]
    size = int(np.prod(shape))
    before = [
        node("Flatten", "x0", "flat"),
        node("MatMul", "flat mixing", "mixed"),
        node("LeakyRelu", "mixed", "bent", alpha=0.25),
        node("Reshape", "bent form", "x"),
    ]
    nodes = [
        onnx.NodeProto.FromString(n.SerializeToString()) for n in [*before, *nodes]
    ]
    for proto in nodes:  # the graph's input is called x
        for names in (proto.input, proto.output):
            renamed = [{"x0": "x", "x": "bent_x"}.get(n, n) for n in names]
            del names[:]
            names.extend(renamed)
    weights = weights | {
        "mixing": array(size, size, seed=3),
        "form": integers(-1, *shape),
    }
    path = write_model(tmp_path / "m.onnx", ["n", *shape], nodes, **weights)
    assert_agrees(path, regions.load_network(path), tuple(shape))


@pytest.mark.parametrize("batch", [1, 3, "n"])
def test_load_onnx_reads_any_batch_size(tmp_path, batch):
    first = batch if isinstance(batch, int) else -1
    nodes = [node("Reshape", "x s", "h"), node("MatMul", "h w", "y")]
    weights = {"s": integers(first, 6), "w": array(6, 2)}
    path = write_model(tmp_path / "m.onnx", [batch, 2, 3], nodes, **weights)
    net = regions.load_network(path)
    assert np.array_equal(net.output.weight, weights["w"].T.astype(np.float64))


def test_load_onnx_old_style_attributes_are_read(tmp_path):
    nodes = [
        node("Clip", "x", "a", min=-0.5, max=0.5),
        node("Unsqueeze", "a", "b", axes=[1]),
        node("Pad", "b", "c", pads=[0, 0, 1, 0, 0, 0], value=0.25),
        node("Slice", "c", "y", starts=[0], ends=[2], axes=[2]),
    ]
    path = write_model(tmp_path / "m.onnx", ["n", 3], nodes, opset=9)
    net = regions.load_network(path)
    x = np.array([[0.2, -0.9, 3.0]])
    assert np.allclose(net(x), [[0.25, 0.2]])


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_load_onnx_final_softmax_is_dropped_with_a_notice(tmp_path, kind):
    nodes = [node("Gemm", "x w", "h"), node(kind, "h", "y")]
    path = write_model(tmp_path / "m.onnx", ["n", 2], nodes, w=array(2, 3))
    with pytest.warns(ImportNotice, match=rf"layer 2 \('the_y', {kind}\) is left out"):
        net = regions.load_network(path)
    assert np.array_equal(net.output.weight, array(2, 3).T.astype(np.float64))


def test_load_onnx_operations_without_effect_on_the_output_are_skipped(tmp_path):
    nodes = [node("Gelu", "x", "unused"), node("Relu", "x", "y")]
    path = write_model(tmp_path / "m.onnx", ["n", 2], nodes, opset=20)
    assert regions.load_network(path).num_bits == 2


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
