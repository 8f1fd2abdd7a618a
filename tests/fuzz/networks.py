"""How a small network is written in each format that is read."""

import io
import pathlib
import zipfile
from collections.abc import Callable
from typing import Any

import flax.serialization
import h5py
import numpy as np
import onnx
import orbax.checkpoint
import safetensors.torch
import scipy.io
import torch
from onnx import TensorProto, helper, numpy_helper


def arrays() -> dict[str, np.ndarray]:
    """The weights of a small network, by their names in a state dict."""
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
    return {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}


def _write_npz(path: pathlib.Path) -> None:
    names = zip(("W0", "b0", "W1", "b1"), arrays().values(), strict=True)
    np.savez(path, **dict(names))  # pyright: ignore[reportArgumentType]


def _write_torch(path: pathlib.Path) -> None:
    torch.save({n: torch.tensor(a) for n, a in arrays().items()}, path)


def _write_legacy(path: pathlib.Path) -> None:
    state = {n: torch.tensor(a) for n, a in arrays().items()}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def _write_safetensors(path: pathlib.Path) -> None:
    tensors = {n: torch.tensor(a) for n, a in arrays().items()}
    safetensors.torch.save_file(tensors, path)


def _write_onnx(path: pathlib.Path) -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "0.weight", "0.bias"], ["h"], transB=1),
        helper.make_node("Clip", ["h", "low"], ["c"]),
        helper.make_node("Gemm", ["c", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    stored = arrays() | {"low": np.float32(-0.5)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in stored.items()],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


_KERAS = """{"class_name": "Sequential", "config": {"name": "s", "layers": [
  {"module": "keras.layers", "class_name": "InputLayer",
   "config": {"batch_shape": [null, 2], "name": "in"}},
  {"module": "keras.layers", "class_name": "Dense",
   "config": {"name": "d0", "units": 3, "activation": "relu", "use_bias": true}},
  {"module": "keras.layers", "class_name": "Dense",
   "config": {"name": "d1", "units": 2, "activation": "linear"}}]}}"""


def _write_keras(path: pathlib.Path) -> None:
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for index, layer in enumerate(("0", "2")):
            group = file.create_group(f"layers/dense_{index}/vars")
            group.attrs["name"] = f"d{index}"
            group["0"] = arrays()[f"{layer}.weight"].T
            group["1"] = arrays()[f"{layer}.bias"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", _KERAS)
        archive.writestr("model.weights.h5", weights.getvalue())


def _write_h5(path: pathlib.Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = _KERAS
        for index, layer in enumerate(("0", "2")):
            group = file.create_group(f"model_weights/d{index}")
            group.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
            group["kernel:0"] = arrays()[f"{layer}.weight"].T
            group["bias:0"] = arrays()[f"{layer}.bias"]


def _write_nnet(path: pathlib.Path) -> None:
    rows: list[list[Any]] = [[2, 2, 2, 3], [2, 3, 2], [0], [-1, -1], [1, 1]]
    rows += [[0.0] * 3, [1.0] * 3]
    for array in arrays().values():
        rows += array.reshape(len(array), -1).tolist()
    lines = [",".join(map(repr, row)) + "," for row in rows]
    path.write_text("\n".join(["// made to be damaged", *lines]) + "\n")


def _write_mat(path: pathlib.Path) -> None:
    cells = {"W": np.empty((1, 2), object), "b": np.empty((1, 2), object)}
    for index, layer in enumerate(("0", "2")):
        cells["W"][0, index] = arrays()[f"{layer}.weight"].astype(float)
        cells["b"][0, index] = arrays()[f"{layer}.bias"][:, None].astype(float)
    names = np.array(["relu  ", "linear"])
    scipy.io.savemat(path, cells | {"act_fcns": names}, do_compression=True)


def _linen_tree() -> dict[str, Any]:
    """The parameters as a model of Linen names them."""
    layers = {
        f"Dense_{index}": {
            "kernel": arrays()[f"{layer}.weight"].T.copy(),
            "bias": arrays()[f"{layer}.bias"],
        }
        for index, layer in enumerate(("0", "2"))
    }
    return {"params": layers}


def _write_msgpack(path: pathlib.Path) -> None:
    path.write_bytes(flax.serialization.msgpack_serialize(_linen_tree()))


def _write_orbax(path: pathlib.Path) -> None:
    with orbax.checkpoint.PyTreeCheckpointer() as checkpointer:
        checkpointer.save(path.absolute(), _linen_tree())


NETWORKS: dict[str, Callable[[pathlib.Path], None]] = {
    ".npz": _write_npz,
    ".pt": _write_torch,
    ".pth": _write_legacy,
    ".safetensors": _write_safetensors,
    ".onnx": _write_onnx,
    ".keras": _write_keras,
    ".h5": _write_h5,
    ".nnet": _write_nnet,
    ".mat": _write_mat,
    ".msgpack": _write_msgpack,
    ".orbax": _write_orbax,
}
"""By the ending of a file, or of a folder of Orbax."""
