import itertools
import json
import os
import pathlib
import pickle  # noqa: TID251  (to build what must be refused)
import warnings
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from flax import nnx
from safetensors.numpy import save_file

import regions
from regions.errors import FileFormatError, ImportNotice
from regions.io import network_from_pytree, network_from_state_dict
from regions.network import ReluNetwork

pytestmark = pytest.mark.filterwarnings("ignore:.*ReLU is assumed")


def _sequential(*modules: torch.nn.Module) -> torch.nn.Sequential:
    torch.manual_seed(0)
    for module in modules:
        if isinstance(module, torch.nn.Linear | torch.nn.PReLU):
            torch.nn.init.normal_(module.weight)
    return torch.nn.Sequential(*modules)


def _save(path: pathlib.Path, content) -> pathlib.Path:
    torch.save(content, path)
    return path


def _agrees(net: ReluNetwork, model: torch.nn.Module, dim: int) -> None:
    points = np.random.default_rng(3).normal(size=(20, dim))
    with torch.no_grad():
        expected = model.double()(torch.tensor(points)).numpy()
    assert np.allclose(net(points), expected, rtol=0, atol=1e-12)


def _mlp() -> torch.nn.Sequential:
    return _sequential(
        torch.nn.Linear(2, 5),
        torch.nn.ReLU(),
        torch.nn.Linear(5, 4, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 3),
    )


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_load_state_dict_of_a_sequential_equals_pytorch(tmp_path, suffix):
    model, path = _mlp(), tmp_path / f"m{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(model.state_dict(), path)
    else:
        _save(path, model.state_dict())
    net = regions.load_network(path)
    assert net.widths == (5, 4)
    assert net.output_dim == 3
    _agrees(net, model, 2)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_load_checkpoint_finds_the_state_dict(tmp_path, key):
    model = _mlp()
    content = {key: model.state_dict(), "epoch": 3}
    _agrees(regions.load_network(_save(tmp_path / "m.pt", content)), model, 2)


@pytest.mark.parametrize("entries", [1, 5])
def test_load_state_dict_with_prelu_slopes_equals_pytorch(tmp_path, entries):
    model = _sequential(
        torch.nn.Linear(2, 5),
        torch.nn.PReLU(entries),
        torch.nn.Linear(5, 4),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 1),
    )
    path = _save(tmp_path / "m.pt", model.state_dict())
    _agrees(regions.load_network(path, activation="prelu"), model, 2)
    with pytest.raises(FileFormatError, match=r"layer 2 \('1'\) has a lone weight"):
        regions.load_network(path)


def test_load_state_dict_with_leaky_slopes_equals_pytorch(tmp_path):
    model = _sequential(
        torch.nn.Linear(2, 5), torch.nn.LeakyReLU(0.25), torch.nn.Linear(5, 1)
    )
    path = _save(tmp_path / "m.pt", model.state_dict())
    _agrees(regions.load_network(path, slopes=0.25), model, 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slopes_are_taken_in_the_type_of_the_weights_as_pytorch_does(tmp_path, dtype):
    model = _sequential(
        torch.nn.Linear(2, 5), torch.nn.LeakyReLU(0.1), torch.nn.Linear(5, 1)
    ).to(dtype)
    path = _save(tmp_path / "m.pt", model.state_dict())
    safetensors.torch.save_file(model.state_dict(), tmp_path / "m.safetensors")
    net = regions.load_network(path, slopes=0.1)
    assert net == regions.from_torch(model)
    assert net == regions.load_network(tmp_path / "m.safetensors", slopes=[0.1])
    slope = torch.nn.functional.leaky_relu(torch.tensor(-1.0, dtype=dtype), 0.1)
    assert net.hidden[0].slopes.tolist() == [-slope.item()] * 5


def test_prelu_without_slopes_is_refused_and_missing_ones_are_said(tmp_path):
    a, b, c = _weights(2, 4, 4, 1)
    state = {"0.weight": a, "2.weight": b, "4.weight": c}
    with pytest.raises(ValueError, match="prelu: the file has no slopes; give `slopes"):
        network_from_state_dict(state, activation="prelu")
    for activation in ("relu", "prelu"):
        with pytest.raises(
            ValueError, match=r"with activation='p?relu': leave one out"
        ):
            network_from_state_dict(state, activation=activation, slopes=0.5)
    state = {"0.weight": a, "1.weight": np.full(4, 0.5), "2.weight": b, "4.weight": c}
    with pytest.warns(ImportNotice, match=r"follow the layers \['2'\]: ReLU is assum"):
        net = network_from_state_dict(state, activation="prelu")
    assert [layer.slopes[0] for layer in net.hidden] == [0.5, 0.0]


def test_load_bfloat16_weights_are_exact(tmp_path):
    model = _mlp().to(torch.bfloat16)
    _save(tmp_path / "m.pt", model.state_dict())
    safetensors.torch.save_file(model.state_dict(), tmp_path / "m.safetensors")
    for name in ("m.pt", "m.safetensors"):
        net = regions.load_network(tmp_path / name)
        weight = model.state_dict()["0.weight"].double().numpy()
        assert np.array_equal(net.hidden[0].weight, weight)


def _weights(*sizes: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=s) for s in zip(sizes[1:], sizes[:-1], strict=True)]


def test_state_dict_numbers_are_sorted_as_numbers():
    weights = _weights(*[3] * 13)
    state = {f"net.{2 * i}.weight": w for i, w in enumerate(weights)}
    net = network_from_state_dict({key: state[key] for key in sorted(state)})
    for layer, weight in zip(net.layers, weights, strict=True):
        assert np.array_equal(layer.weight, weight)


def test_state_dict_without_numbers_is_ordered_by_shapes():
    a, b, c = _weights(2, 5, 4, 3)
    net = network_from_state_dict({"z.weight": b, "m.weight": c, "a.b.weight": a})
    for layer, weight in zip(net.layers, (a, b, c), strict=True):
        assert np.array_equal(layer.weight, weight)


def test_state_dict_of_ambiguous_order_asks_for_it():
    a, b, c = _weights(2, 4, 4, 4)
    state = {"first.weight": a, "second.weight": b, "third.weight": c}
    with pytest.raises(ValueError, match="several orders fit"):
        network_from_state_dict(state)
    net = network_from_state_dict(state, order=["first", "third", "second"])
    assert np.array_equal(net.hidden[1].weight, c)
    with pytest.raises(ValueError, match="`order` names"):
        network_from_state_dict(state, order=["first", "second"])


def test_state_dict_of_many_equal_layers_is_ambiguous_at_once():
    state = {f"{'x' * i}.weight": np.eye(3) for i in range(1, 30)}
    with pytest.raises(ValueError, match="several orders fit"):
        network_from_state_dict(state)


@pytest.mark.parametrize("names", [("0", "1"), ("net.2", "net.3")])
def test_state_dict_of_neighbors_is_refused_until_it_is_said_what_is_between(names):
    a, b = _weights(2, 4, 1)
    state = {f"{n}.weight": w for n, w in zip(names, (a, b), strict=True)}
    for order in (None, names):
        with pytest.raises(ValueError, match=f"'{names[0]}' and '{names[1]}' are neig"):
            network_from_state_dict(state, order=order)
    x = np.random.default_rng(0).normal(size=(9, 2))
    net = network_from_state_dict(state, activation="relu")
    assert np.allclose(net(x), np.maximum(x @ a.T, 0) @ b.T)
    net = network_from_state_dict(state, slopes=[1.0])
    assert np.allclose(net(x), x @ a.T @ b.T)
    assert net.num_bits == 0


def test_state_dict_of_neighbors_among_slopes_of_prelu_is_refused():
    a, b, c = _weights(2, 4, 4, 1)
    state = {"0.weight": a, "1.weight": np.full(4, 0.5), "2.weight": b, "3.weight": c}
    with pytest.raises(ValueError, match="'2' and '3' are neighbors"):
        network_from_state_dict(state, activation="prelu")


def test_numbers_of_branches_and_of_blocks_are_no_neighbors():
    a, b, c = _weights(2, 4, 4, 1)
    state = {"a.0.weight": a, "b.1.weight": b, "c.weight": c}
    assert network_from_state_dict(state).widths == (4, 4)
    state = {"0.linear.weight": a, "1.linear.weight": b, "2.linear.weight": c}
    assert network_from_state_dict(state).widths == (4, 4)


def test_file_of_weights_alone_is_said_to_be_taken_for_relu(tmp_path):
    path = _save(tmp_path / "m.pt", _mlp().state_dict())
    with pytest.warns(ImportNotice, match="m.pt holds .* 2-5-4-3 with ReLU") as caught:
        regions.count_regions(path, regions.Box.cube(2))
    assert {warning.filename for warning in caught} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regions.load_network(path, activation="relu")
        regions.load_network(path, slopes=[0.0, 0.5])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "no order could be found|no linear layer"),
        ({"0.weight": np.ones((3, 2)), "2.weight": np.ones((1, 4))}, "form no chain"),
        ({"a.weight": np.ones((3, 2)), "b.weight": np.ones((1, 4))}, "no order"),
        ({"0.weight": np.ones((3, 1, 2, 2))}, "that is a convolution"),
        ({"0.weight": np.ones(3), "0.bias": np.ones(3)}, "that is a normalization"),
        ({"0.weight": np.ones((3, 2)), "0.bias": np.ones(4)}, "4 entries"),
        ({"0.running_mean": np.ones(3)}, "batch normalization"),
        ({"0.in_proj_weight": np.ones((3, 2))}, "holds 'in_proj_weight'"),
        ({"0.bias": np.ones(3)}, "a bias alone"),
    ],
)
def test_state_dict_that_is_no_chain_says_why(state, message):
    with pytest.raises(ValueError, match=message):
        network_from_state_dict(state)


def test_options_of_state_dicts_are_refused_for_other_files(tmp_path):
    net = ReluNetwork.from_arrays([np.eye(2)], None)
    regions.save_network(tmp_path / "net.npz", net)
    with pytest.raises(ValueError, match="are for state dicts"):
        regions.load_network(tmp_path / "net.npz", slopes=0.1)


class _Bomb:
    """Writes a file when unpickled."""

    def __init__(self, marker: pathlib.Path):
        self.marker = marker

    def __reduce__(self):
        return (os.mkdir, (str(self.marker),))


def test_load_pt_never_unpickles(tmp_path):
    marker, bomb = tmp_path / "ran", _Bomb(tmp_path / "ran")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps({"0.weight": bomb}))
    _save(tmp_path / "inside.pt", {"0.weight": bomb})
    _save(tmp_path / "module.pt", _mlp())
    torch.save(
        {"0.weight": bomb}, tmp_path / "old.pt", _use_new_zipfile_serialization=False
    )
    for name, message in [
        ("bare.pt", "not a PyTorch file"),
        ("old.pt", "would execute code"),
        ("inside.pt", "holds more than tensors"),
        ("module.pt", "holds more than tensors"),
    ]:
        with pytest.raises(FileFormatError, match=message) as caught:
            regions.load_network(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not marker.exists()
    pickle.loads((tmp_path / "bare.pt").read_bytes())
    assert marker.exists()  # the bomb was live


def test_load_pt_of_damaged_files_raises(tmp_path):
    whole = _save(tmp_path / "m.pt", _mlp().state_dict()).read_bytes()
    for size in range(0, len(whole), 401):
        (tmp_path / "cut.pt").write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            regions.load_network(tmp_path / "cut.pt")
    with zipfile.ZipFile(tmp_path / "empty.pt", "w") as archive:
        archive.writestr("nothing", b"")
    with pytest.raises(FileFormatError, match="is damaged"):
        regions.load_network(tmp_path / "empty.pt")


def test_load_pt_of_a_tensor_larger_than_its_storage_allocates_nothing(tmp_path):
    huge = torch.zeros(1).expand(2**20, 2**20)
    path = _save(tmp_path / "m.pt", {"0.weight": huge})
    assert path.stat().st_size < 10_000
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.ones(2)], "holds a list"),
        ({"0.weight": torch.ones((2, 2), dtype=torch.complex64)}, "complex64"),
        ({"0.weight": torch.ones((2, 2)).to_sparse()}, "dense tensors"),
        ({"0.weight": 3.0}, "float"),
        ({"0.weight": torch.full((2, 2), torch.inf)}, "infinite"),
    ],
)
def test_load_pt_of_wrong_content_says_what_it_holds(tmp_path, content, message):
    with pytest.raises(FileFormatError, match=message):
        regions.load_network(_save(tmp_path / "m.pt", content))


def test_load_safetensors_of_damaged_files_raises(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"0.weight": np.ones((3, 2)), "0.bias": np.ones(3)}, path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"is not a \.safetensors file"):
            regions.load_network(path)
    header = {"0.weight": {"dtype": "F32", "shape": [2**30, 2**30]}}
    header["0.weight"]["data_offsets"] = [0, 2**62]
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(FileFormatError, match=r"is not a \.safetensors file"):
        regions.load_network(path)


def test_load_safetensors_of_integers_or_beyond_the_limit_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"0.weight": np.ones((3, 2), np.int32)}, path)
    with pytest.raises(FileFormatError, match="dtype I32"):
        regions.load_network(path)
    counted = {"0.running_mean": np.ones(3), "0.num_batches_tracked": np.array(7)}
    save_file(counted, path)
    with pytest.raises(FileFormatError, match="batch normalization"):
        regions.load_network(path)
    save_file({"0.weight": np.ones((30, 20), np.float32)}, path)
    with pytest.raises(FileFormatError, match="declares 4800 bytes"):
        regions.load_network(path, max_bytes=4799)
    assert regions.load_network(path, max_bytes=4800).output_dim == 30


class _Mlp(nnx.Module):
    def __init__(self, widths: list[int]):
        rngs = nnx.Rngs(0)
        pairs = itertools.pairwise(widths)
        self.layers = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in pairs])
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = nnx.relu(layer(x))
        return self.layers[-1](x)


def test_network_from_pytree_of_an_nnx_state_equals_the_model():
    model = _Mlp([2, *[6] * 11, 3])
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    for tree in (nnx.state(model), nnx.to_pure_dict(nnx.state(model))):
        net = network_from_pytree(tree)
        assert net.widths == (6,) * 11
        difference = net(x.astype(np.float64)) - np.asarray(model(x))
        assert np.abs(difference).max() < 1e-5


def test_network_from_pytree_refuses_other_layers_by_name():
    model = nnx.LayerNorm(3, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"leaf 'scale' has shape \(3,\)"):
        network_from_pytree(nnx.state(model))
    conv = nnx.Conv(1, 2, (3, 3), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"leaf 'a\.kernel' has shape"):
        network_from_pytree({"a": nnx.state(conv)})
