"""ONNX models as people have them: without a batch axis, unsorted, old, unusual.

Each is held against ONNX Runtime, or, where that cannot run it, against hand.
"""

import itertools
import pathlib
import re
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import regions
from regions.errors import FileFormatError, ImportNotice
from regions.network import ReluNetwork
from tests.regions.io.onnx_models import array, integers, node, scalar, write_model


def _agrees(path: pathlib.Path, shape: tuple[int, ...], **options) -> ReluNetwork:
    """Load a model and hold it against ONNX Runtime, one point at a time."""
    net = regions.load_network(path, check=False, **options)
    session = onnxruntime.InferenceSession(
        path.read_bytes(), providers=["CPUExecutionProvider"]
    )
    for seed in range(5):
        point = array(*shape, seed=seed)
        expected = np.asarray(session.run(None, {"x": point})[0]).ravel()
        found = net(point.reshape(1, -1).astype(np.float64))[0]
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 2e-6 * max(1, np.abs(expected).max())
    return net


_LEAKY = [
    node("Gemm", "x w b", "h", transB=1),
    node("Mul", "h a", "m"),
]

MODELS = {
    "column on the right": (
        [2],
        [
            node("MatMul", "w x", "m"),
            node("Add", "m b", "h"),
            node("Relu", "h", "r"),
            node("MatMul", "v r", "y"),
        ],
        {"w": array(5, 2), "b": array(5, seed=1), "v": array(3, 5, seed=2)},
    ),
    "column of one": (
        [2, 1],
        [
            node("MatMul", "w x", "m"),
            node("Relu", "m", "r"),
            node("MatMul", "v r", "y"),
        ],
        {"w": array(5, 2), "v": array(3, 5, seed=2)},
    ),
    "vectors on both sides": (
        [4],
        [node("MatMul", "x w", "m"), node("Relu", "m", "y")],
        {"w": array(4)},
    ),
    "batch dropped and moved": (
        [1, 3, 2],
        [
            node("Reshape", "x s", "a"),
            node("Transpose", "a", "t"),
            node("Relu", "t", "r"),
            node("MatMul", "w r", "y"),
        ],
        {"s": integers(2, 3), "w": array(4, 3)},
    ),
    "leading ones": (
        [1, 5],
        [node("MatMul", "x w", "m"), node("Relu", "m", "y")],
        {"w": array(1, 5, 3)},
    ),
    "stacked products": (
        [1, 2, 3, 4],
        [node("MatMul", "x w", "m"), node("Relu", "m", "y")],
        {"w": array(2, 4, 3)},
    ),
    "stacked products on the left": (
        [1, 2, 3, 4],
        [node("MatMul", "w x", "m"), node("Relu", "m", "y")],
        {"w": array(2, 5, 3)},
    ),
    "gemm on the right": (
        [2, 3],
        [node("Gemm", "w x c", "h", transA=1, alpha=0.5), node("Relu", "h", "y")],
        {"w": array(2, 4), "c": array(4, 1, seed=1)},
    ),
    "a picture of channels first": (
        [3, 4],
        [node("Reshape", "x s", "h"), node("MatMul", "h w", "y")],
        {"s": integers(1, 12), "w": array(12, 2)},
    ),
    "reductions": (
        [1, 3, 4],
        [
            node("ReduceMax", "x", "a", axes=[2]),
            node("ReduceMin", "x", "b", axes=[2]),
            node("ReduceMean", "x", "c", axes=[-1]),
            node("Concat", "a b c", "d", axis=2),
            node("Relu", "d", "y"),
        ],
        {},
    ),
    "sum of all": (
        [1, 3, 2],
        [node("Relu", "x", "h"), node("ReduceSum", "h ax", "y", keepdims=0)],
        {"ax": integers(1, 2)},
    ),
    "transposed convolution": (
        [1, 2, 3, 4],
        [
            node(
                "ConvTranspose",
                "x k b",
                "h",
                strides=[2, 3],
                pads=[1, 0, 0, 1],
                output_padding=[1, 2],
                dilations=[1, 2],
                group=2,
            ),
            node("Relu", "h", "y"),
        ],
        {"k": array(2, 3, 3, 2), "b": array(6, seed=1)},
    ),
    "upsampled": (
        [1, 2, 2, 3],
        [
            node(
                "Resize",
                "x _ f",
                "h",
                mode="nearest",
                nearest_mode="floor",
                coordinate_transformation_mode="asymmetric",
            ),
            node("Relu", "h", "y"),
        ],
        {"f": np.array([1, 1, 2, 3], np.float32)},
    ),
    "resized to sizes": (
        [1, 2, 3, 5],
        [node("Resize", "x _ _ n", "h", mode="nearest"), node("Relu", "h", "y")],
        {"n": integers(1, 2, 2, 7)},
    ),
    "einsum": (
        [1, 3, 4],
        [node("Einsum", "x w", "h", equation="bij,jk->bki"), node("Relu", "h", "y")],
        {"w": array(4, 2)},
    ),
    "hard sigmoid": ([1, 4], [node("HardSigmoid", "x", "y", alpha=0.3)], {}),
    "leaky by where": (
        [1, 3],
        [
            *_LEAKY,
            node("Greater", "h z", "g"),
            node("Where", "g h m", "r"),
            node("Gemm", "r v", "y"),
        ],
        {
            "w": array(5, 3),
            "b": array(5, seed=1),
            "a": scalar(0.1),
            "z": scalar(0.0),
            "v": array(5, 2, seed=2),
        },
    ),
    "leaky by where below": (
        [1, 3],
        [*_LEAKY, node("Less", "h z", "g"), node("Where", "g m h", "y")],
        {
            "w": array(5, 3),
            "b": array(5, seed=1),
            "a": scalar(0.25),
            "z": np.zeros((1, 1), np.float32),
        },
    ),
    "relu by where": (
        [1, 3],
        [node("LessOrEqual", "z x", "g"), node("Where", "g x z", "y")],
        {"z": scalar(0.0)},
    ),
    "cropping pad": (
        [1, 1, 4, 5],
        [node("Pad", "x p v", "h"), node("Relu", "h", "y")],
        {"p": integers(0, 0, -1, 2, 0, 0, 1, -3), "v": scalar(0.5)},
    ),
    "broadcasting product": (
        [1, 3],
        [node("Mul", "x c", "h"), node("Relu", "h", "y")],
        {"c": array(4, 1, 3)},
    ),
    "constant of shape": (
        [1, 3],
        [
            node(
                "ConstantOfShape", "s", "c", value=helper.make_tensor("", 1, [1], [2])
            ),
            node("Add", "x c", "h"),
            node("Relu", "h", "y"),
        ],
        {"s": integers(1, 3)},
    ),
    "expanded": (
        [1, 1, 3],
        [node("Expand", "x s", "h"), node("Mul", "h c", "m"), node("Relu", "m", "y")],
        {"s": integers(1, 2, 3), "c": array(2, 3)},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_load_onnx_equals_onnx_runtime(tmp_path, name):
    shape, nodes, weights = MODELS[name]
    opset = 13 if name in ("reductions", "sum of all") else 17
    path = write_model(tmp_path / "m.onnx", shape, nodes, opset=opset, **weights)
    _agrees(path, tuple(shape))


def test_load_onnx_of_a_leaky_relu_by_where_makes_one_kink_a_unit(tmp_path):
    shape, nodes, weights = MODELS["leaky by where"]
    path = write_model(tmp_path / "m.onnx", shape, nodes, opset=17, **weights)
    net = regions.load_network(path)
    assert net.widths == (5,)
    assert np.array_equal(net.hidden[0].slopes, np.full(5, np.float32(0.1), float))


def test_load_onnx_of_operations_in_any_order_and_with_others_unused(tmp_path):
    nodes = [
        node("Gemm", "r v", "y"),
        node("Gelu", "x", "unused"),
        node("Relu", "h", "r"),
        node("Gemm", "x w", "h"),
    ]
    weights = {"w": array(3, 4), "v": array(4, 2, seed=1)}
    path = write_model(tmp_path / "m.onnx", ["n", 3], nodes, opset=20, **weights)
    ordered = [nodes[3], nodes[2], nodes[0]]
    other = write_model(tmp_path / "o.onnx", ["n", 3], ordered, opset=20, **weights)
    nets = [regions.load_network(p) for p in (path, other)]
    x = array(6, 3).astype(float)
    assert np.array_equal(nets[0](x), nets[1](x))


@pytest.mark.parametrize("seed", range(6))
def test_load_onnx_of_random_networks_equals_onnx_runtime(tmp_path, seed):
    rng = np.random.default_rng(seed)
    widths = [int(n) for n in rng.integers(1, 9, rng.integers(2, 5))]
    nodes, weights, last = [], {}, "x"
    for k, (a, b) in enumerate(itertools.pairwise(widths)):
        weights |= {f"w{k}": array(a, b, seed=k), f"b{k}": array(b, seed=-k % 97)}
        final = k == len(widths) - 2
        nodes.append(node("Gemm", f"{last} w{k} b{k}", "y" if final else f"h{k}"))
        if not final:
            nodes.append(node(str(rng.choice(["Relu", "LeakyRelu"])), f"h{k}", f"r{k}"))
            last = f"r{k}"
    path = write_model(tmp_path / "m.onnx", [1, widths[0]], nodes, **weights)
    _agrees(path, (1, widths[0]))


def _old(path, operation, shape, opset, **weights) -> pathlib.Path:
    """A model of one operation and an old opset, whose weights are inputs, too."""
    stored = [numpy_helper.from_array(np.asarray(w), n) for n, w in weights.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    inputs += [helper.make_tensor_value_info(t.name, 1, list(t.dims)) for t in stored]
    nodes = [operation, helper.make_node("Flatten", ["a"], ["y"])]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, None])
    graph = helper.make_graph(nodes, "g", inputs, [output], stored)
    opsets = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=3), path)
    return path


@pytest.mark.parametrize(("kind", "by"), [("Add", np.add), ("Mul", np.multiply)])
def test_load_onnx_of_old_opsets_broadcasts_from_the_axis(tmp_path, kind, by):
    operation = helper.make_node(kind, ["x", "b"], ["a"], broadcast=1, axis=1)
    b = np.array([10, 20], np.float32)
    path = _old(tmp_path / "m.onnx", operation, [1, 2, 2, 2], 6, b=b)
    net = regions.load_network(path, check=False)
    x = np.arange(8.0).reshape(1, 2, 2, 2)
    assert np.array_equal(net(x.reshape(1, 8))[0], by(x, b[:, None, None]).ravel())


def test_load_onnx_of_an_old_prelu_has_slopes_by_channel(tmp_path):
    operation = helper.make_node("PRelu", ["x", "s"], ["a"])
    s = np.array([0.5, 0.25], np.float32)
    path = _old(tmp_path / "m.onnx", operation, [1, 2, 2, 2], 6, s=s)
    found = regions.load_network(path, check=False)(-np.ones((1, 8)))[0]
    assert found.tolist() == [-0.5] * 4 + [-0.25] * 4


@pytest.mark.parametrize(
    ("operation", "weights", "message"),
    [
        (
            helper.make_node("Add", ["x", "b"], ["a"]),
            {"b": np.ones(2, "f4")},
            "no broad",
        ),
        (helper.make_node("Dropout", ["x"], ["a"]), {}, "in training mode"),
    ],
)
def test_load_onnx_of_old_opsets_refuses_what_meant_something_else(
    tmp_path, operation, weights, message
):
    path = _old(tmp_path / "m.onnx", operation, [1, 2, 2, 2], 6, **weights)
    with pytest.raises(FileFormatError, match=message):
        regions.load_network(path, check=False)


@pytest.mark.parametrize("opset", [9999, 0, -1])
def test_load_onnx_of_an_unknown_opset_is_refused(tmp_path, opset):
    path = write_model(tmp_path / "m.onnx", [1, 2], [node("Relu", "x", "y")])
    model = onnx.load(path)
    model.opset_import[0].version = opset
    onnx.save(model, path)
    with pytest.raises(FileFormatError, match=f"opset {opset}; 1 to"):
        regions.load_network(path)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones((2, 3), np.complex64), "holds complex64"),
        (np.full((2, 3), 2**53 + 1), "integers beyond 2^53"),
    ],
)
def test_load_onnx_of_weights_that_are_no_floats_is_refused(tmp_path, weight, message):
    path = write_model(
        tmp_path / "m.onnx", [1, 2], [node("Gemm", "x w", "y")], w=weight
    )
    with pytest.raises(FileFormatError, match=re.escape(message)):
        regions.load_network(path, check=False)


def test_load_onnx_never_reads_a_constant_from_another_file(tmp_path):
    tensor = TensorProto(name="w", dims=[2, 3], data_type=TensorProto.DOUBLE)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    (tmp_path / "secret.bin").write_bytes(np.arange(6.0).tobytes())
    nodes = [
        helper.make_node("Constant", [], ["w"], value=tensor),
        node("Gemm", "x w", "y"),
    ]
    path = write_model(tmp_path / "m.onnx", [1, 2], [node("Relu", "x", "y")])
    model = onnx.load(path)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    path.write_bytes(model.SerializeToString())
    for check in (True, False):
        with pytest.raises(FileFormatError, match="in other files"):
            regions.load_network(path, check=check)


BOMBS = {
    "concatenated": [
        *(
            node("Concat", " ".join([f"c{i}"] * 10), f"c{i + 1}", axis=0)
            for i in range(8)
        ),
        node("Gather", "c8 z", "s"),
    ],
    "filled": [node("ConstantOfShape", "n", "c9"), node("Gather", "c9 z", "s")],
    "outer": [node("Mul", "c0 r0", "c9"), node("ReduceProd", "c9", "s", keepdims=0)],
    "expanded": [node("Expand", "c0 n", "c9"), node("Gather", "c9 z", "s")],
    "range": [node("Range", "z n0 one", "c9"), node("Gather", "c9 z", "s")],
}


@pytest.mark.parametrize("name", BOMBS)
def test_load_onnx_folds_no_constant_beyond_the_limit(tmp_path, name):
    nodes = [*BOMBS[name], node("Cast", "s", "f", to=1), node("Add", "x f", "y")]
    weights = {
        "c0": np.ones(1000, np.float32),
        "r0": np.ones((1000, 1), np.float32),
        "z": np.array(0),
        "one": np.array(1),
        "n": integers(2**30, 1000) if name == "expanded" else integers(2**40),
        "n0": np.array(2**40),
    }
    path = write_model(tmp_path / "m.onnx", [1, 2], nodes, opset=17, **weights)
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(path, max_bytes=1_000_000)


@pytest.mark.parametrize("kind", ["Tanh", "Sigmoid", "Softmax", "LogSoftmax"])
def test_load_onnx_final_activation_is_left_out_with_a_notice(tmp_path, kind):
    nodes = [node("Gemm", "x w", "h"), node(kind, "h", "y")]
    path = write_model(tmp_path / "m.onnx", [1, 3], nodes, w=array(3, 4))
    with pytest.warns(ImportNotice, match=f"{kind}.* is left out"):
        net = regions.load_network(path)
    assert net.widths == ()


def test_load_onnx_tanh_inside_is_refused_by_its_name(tmp_path):
    nodes = [node("Tanh", "x", "h"), node("Relu", "h", "y")]
    path = write_model(tmp_path / "m.onnx", [1, 3], nodes)
    with pytest.raises(FileFormatError, match=r"layer 1 \('the_h'\) is Tanh"):
        regions.load_network(path)


def test_load_onnx_reads_the_scaler_of_a_pipeline(tmp_path):
    scaler = helper.make_node(
        "Scaler",
        ["x"],
        ["s"],
        domain="ai.onnx.ml",
        offset=[1.0, -2.0],
        scale=[0.3, 4.0],
    )
    path = write_model(
        tmp_path / "m.onnx",
        ["n", 2],
        [node("Identity", "x", "s"), node("Gemm", "s w", "h"), node("Relu", "h", "y")],
        w=array(2, 5),
    )
    model = onnx.load(path)
    model.graph.node[0].CopyFrom(scaler)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    onnx.save(model, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = _agrees(path, (1, 2))
    assert net.num_bits == 5
