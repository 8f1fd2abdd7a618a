"""What is written runs in the framework, and is read back bit for bit."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import regions
from regions.network import ReluNetwork
from tests.helpers import random_network


def _networks():
    rng = np.random.default_rng(0)
    plain = random_network(rng, 3, [5, 4], outputs=2)
    single = ReluNetwork.from_arrays(
        [layer.weight.astype(np.float32) for layer in plain.layers],
        [layer.bias.astype(np.float32) for layer in plain.layers],
    )
    slopes = [np.array([0.1, 0.0, 1.0, 2.0, -0.5]), 0.0]
    bent = random_network(rng, 3, [5, 4], slopes=slopes, outputs=2)
    skips = {1: {0: rng.normal(size=(4, 3))}, 2: {1: rng.normal(size=(2, 5))}}
    weights = [layer.weight for layer in plain.layers]
    biases = [layer.bias for layer in plain.layers]
    wide = ReluNetwork.from_arrays(weights, biases, skips=skips)
    affine = ReluNetwork.from_arrays([np.eye(3)], [[0.0, 0.25, 1e-300]])
    return {
        "plain": plain,
        "single": single,
        "bent": bent,
        "skips": wide,
        "affine": affine,
    }


@pytest.mark.parametrize("name", list(_networks()))
def test_onnx_runs_and_comes_back(name, tmp_path):
    net, path = _networks()[name], tmp_path / "net.onnx"
    regions.save_network(path, net)
    assert regions.load_network(path) == net
    kind = onnx.load(path).graph.input[0].type.tensor_type.elem_type
    assert kind == (
        onnx.TensorProto.FLOAT if name == "single" else onnx.TensorProto.DOUBLE
    )
    points = np.random.default_rng(1).normal(size=(50, 3))
    points = points.astype(onnx.helper.tensor_dtype_to_np_dtype(kind))
    session = onnxruntime.InferenceSession(
        str(path), providers=["CPUExecutionProvider"]
    )
    found = np.asarray(session.run(None, {"x": points})[0])
    np.testing.assert_allclose(found, net(points.astype(float)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["plain", "bent", "affine"])
def test_state_dict_runs_and_comes_back(name, tmp_path):
    net, path = _networks()[name], tmp_path / "net.pt"
    regions.save_network(path, net)
    activation = "prelu" if name == "bent" else "relu"
    assert regions.load_network(path, activation=activation) == net
    module = regions.to_torch(net)
    module.load_state_dict(torch.load(path, weights_only=True))
    assert regions.from_torch(module) == net
    points = np.random.default_rng(1).normal(size=(50, 3))
    with torch.no_grad():
        found = module(torch.tensor(points)).numpy()
    np.testing.assert_allclose(found, net(points), rtol=1e-12, atol=1e-12)


def test_a_chain_has_no_place_for_skips(tmp_path):
    with pytest.raises(ValueError, match=r"skip blocks.*save it as \.onnx"):
        regions.save_network(tmp_path / "net.pt", _networks()["skips"])
    assert not list(tmp_path.iterdir())
