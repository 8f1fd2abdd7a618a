import re
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import regions
from regions.errors import FileFormatError
from tests.regions.io.onnx_models import array, cnn, integers, node, scalar, write_model

REFUSED: dict[str, tuple[list[onnx.NodeProto], dict[str, Any], str]] = {
    "gelu": (
        [node("Relu", "x", "h"), node("Gelu", "h", "y")],
        {},
        "layer 2 ('the_y') is Gelu",
    ),
    "softmax inside": (
        [node("Softmax", "x", "h"), node("Relu", "h", "y")],
        {},
        "layer 1 ('the_h') is Softmax",
    ),
    "product": (
        [node("Relu", "x", "h"), node("Mul", "x h", "y")],
        {},
        "a product of two tensors",
    ),
    "wrong shapes": ([node("Gemm", "x w", "y")], {"w": array(5, 2)}, "for 5 inputs"),
    "batch mixed": (
        [node("Reshape", "x s", "y")],
        {"s": integers(3, -1)},
        "mixes samples",
    ),
    "batch moved": ([node("Transpose", "x", "y")], {}, "moves the batch axis"),
    "negative variance": (
        [node("BatchNormalization", "x g g g v", "y")],
        {"g": array(3), "v": -np.ones(3, np.float32)},
        "not positive",
    ),
    "not finite": ([node("Add", "x c", "y")], {"c": scalar(np.nan)}, "NaN"),
    "constant": ([node("Add", "c c", "y")], {"c": scalar(1.0)}, "does not depend"),
    "circle": (
        [node("Add", "x h", "y"), node("Relu", "y", "h")],
        {},
        "read each other's outputs in a circle",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_load_onnx_refuses_by_name_and_position(tmp_path, name):
    nodes, weights, message = REFUSED[name]
    path = write_model(tmp_path / "m.onnx", ["n", 3], nodes, opset=20, **weights)
    with pytest.raises(FileFormatError, match=re.escape(message)) as caught:
        regions.load_network(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_onnx_of_damaged_files_raises(tmp_path):
    nodes, weights = cnn()
    path = write_model(tmp_path / "m.onnx", ["n", 1, 8, 8], nodes, **weights)
    whole, cut = path.read_bytes(), tmp_path / "cut.onnx"
    for size in range(0, len(whole), 211):
        cut.write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            regions.load_network(cut)
    cut.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(FileFormatError, match="not a valid ONNX model"):
        regions.load_network(cut)


def test_load_onnx_of_a_short_weight_names_it(tmp_path):
    path = write_model(
        tmp_path / "m.onnx", ["n", 3], [node("Gemm", "x w", "y")], w=array(3, 3)
    )
    model = onnx.load(path)
    model.graph.initializer[0].dims[0] = 2**40
    onnx.save(model, path)
    with pytest.raises(
        FileFormatError, match=r"valid ONNX model|weight 'w' is damaged"
    ):
        regions.load_network(path)


def test_load_onnx_never_reads_weights_from_other_files(tmp_path):
    path = write_model(
        tmp_path / "m.onnx", ["n", 3], [node("Gemm", "x w", "y")], w=array(3, 3)
    )
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileFormatError, match="in other files"):
        regions.load_network(path)


def test_load_onnx_that_grows_without_end_is_stopped(tmp_path):
    nodes = [node("Concat", f"h{i} h{i}", f"h{i + 1}", axis=1) for i in range(60)]
    nodes = [node("Relu", "x", "h0"), *nodes, node("Relu", "h60", "y")]
    path = write_model(tmp_path / "m.onnx", ["n", 3], nodes)
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(path, max_bytes=1_000_000)


def test_load_onnx_convolution_too_large_to_unroll_is_refused(tmp_path):
    path = write_model(
        tmp_path / "m.onnx",
        ["n", 1, 512, 512],
        [node("Conv", "x k", "y")],
        k=array(8, 1, 3, 3),
    )
    with pytest.raises(FileFormatError, match="beyond the limit"):
        regions.load_network(path)
