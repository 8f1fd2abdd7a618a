"""Files with flipped bytes: a network or one clear line, never another exception."""

import io
import pathlib
import warnings
import zipfile

import h5py
import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
from onnx import TensorProto, helper, numpy_helper

import regions
from regions.errors import FileFormatError, ImportNotice


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
    return {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}


def _write_npz(path: pathlib.Path) -> None:
    names = zip(("W0", "b0", "W1", "b1"), _arrays().values(), strict=True)
    np.savez(path, **dict(names))  # pyright: ignore[reportArgumentType]


def _write_torch(path: pathlib.Path) -> None:
    torch.save({n: torch.tensor(a) for n, a in _arrays().items()}, path)


def _write_safetensors(path: pathlib.Path) -> None:
    tensors = {n: torch.tensor(a) for n, a in _arrays().items()}
    safetensors.torch.save_file(tensors, path)


def _write_onnx(path: pathlib.Path) -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "0.weight", "0.bias"], ["h"], transB=1),
        helper.make_node("Clip", ["h", "low"], ["c"]),
        helper.make_node("Gemm", ["c", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    arrays = _arrays() | {"low": np.float32(-0.5)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in arrays.items()],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


def _write_keras(path: pathlib.Path) -> None:
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for index, layer in enumerate(("0", "2")):
            group = file.create_group(f"layers/dense_{index}/vars")
            group.attrs["name"] = f"d{index}"
            group["0"] = _arrays()[f"{layer}.weight"].T
            group["1"] = _arrays()[f"{layer}.bias"]
    config = """{"class_name": "Sequential", "config": {"layers": [
      {"module": "keras.layers", "class_name": "InputLayer",
       "config": {"batch_shape": [null, 2], "name": "in"}},
      {"module": "keras.layers", "class_name": "Dense",
       "config": {"name": "d0", "units": 3, "activation": "relu", "use_bias": true}},
      {"module": "keras.layers", "class_name": "Dense",
       "config": {"name": "d1", "units": 2, "activation": "linear"}}]}}"""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights.getvalue())


WRITERS = {
    ".npz": _write_npz,
    ".pt": _write_torch,
    ".safetensors": _write_safetensors,
    ".onnx": _write_onnx,
    ".keras": _write_keras,
}


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes replaced at random."""
    array = np.frombuffer(data, np.uint8).copy()
    where = rng.integers(0, len(array), rng.choice([1, 2, 5]))
    array[where] = rng.integers(0, 256, len(where))
    return array.tobytes()


def _flip_member(path: pathlib.Path, rng: np.random.Generator) -> bytes:
    """The zip file with one member changed and its checksum made to fit."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice([n for n, data in members.items() if data])
    members[name] = _flip(members[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", WRITERS)
def test_undamaged_file_loads(tmp_path, suffix):
    WRITERS[suffix](tmp_path / f"m{suffix}")
    net = regions.load_network(tmp_path / f"m{suffix}", check=suffix != ".keras")
    expected = _arrays()
    assert np.array_equal(net.hidden[0].weight, expected["0.weight"].astype(float))
    assert np.array_equal(net.output.bias, expected["2.bias"].astype(float))


@pytest.mark.parametrize("suffix", WRITERS)
def test_flipped_bytes_give_a_network_or_one_clear_line(tmp_path, suffix):
    path, damaged = tmp_path / f"m{suffix}", tmp_path / f"damaged{suffix}"
    WRITERS[suffix](path)
    rng, messages = np.random.default_rng(0), []
    for turn in range(150):
        inside = turn % 2 and zipfile.is_zipfile(path)
        flipped = _flip_member(path, rng) if inside else _flip(path.read_bytes(), rng)
        damaged.write_bytes(flipped)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ImportNotice)
                regions.load_network(damaged, check=False)
        except FileFormatError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert not any("\n" in message for message in messages)
