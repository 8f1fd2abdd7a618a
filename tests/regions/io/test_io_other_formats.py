"""Networks in `.nnet`, `.mat`, `.msgpack` and Orbax: the same function, or one line."""

import itertools
import pathlib

import flax.linen
import flax.serialization
import jax
import numpy as np
import orbax.checkpoint
import pytest
import scipy.io

import regions
from regions.errors import FileFormatError, ImportNotice
from regions.network import ReluNetwork


def _arrays(*widths: int, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    shapes = [(b, a) for a, b in itertools.pairwise(widths)]
    return [rng.normal(size=s) for s in shapes], [rng.normal(size=s[0]) for s in shapes]


def _write_nnet(path: pathlib.Path, arrays, means, ranges) -> pathlib.Path:
    weights, biases = arrays
    sizes = [weights[0].shape[1], *map(len, weights)]
    rows = [[len(weights), sizes[0], sizes[-1], max(sizes)], sizes, [0]]
    rows += [[-9.0] * sizes[0], [9.0] * sizes[0], means, ranges]
    for weight, bias in zip(weights, biases, strict=True):
        rows += [*weight.tolist(), *([b] for b in bias.tolist())]
    lines = [",".join(map(repr, row)) + "," for row in rows]
    path.write_text("\n".join(["// made for a test", *lines]) + "\n")
    return path


@pytest.mark.parametrize("seed", range(5))
def test_nnet_is_the_function_of_its_scaled_inputs(tmp_path, seed):
    arrays = _arrays(3, 5, 4, 2, seed=seed)
    means, ranges = [0.5, -1.0, 7.0, 0.25], [2.0, 0.3, 11.0, 3.0]
    with pytest.warns(ImportNotice, match="beyond its bounds"):
        net = regions.load_network(
            _write_nnet(tmp_path / "m.nnet", arrays, means, ranges)
        )
    plain = ReluNetwork.from_arrays(*arrays)
    x = np.random.default_rng(9).normal(size=(20, 3))
    scaled = (x - np.array(means[:3])) / np.array(ranges[:3])
    np.testing.assert_allclose(net(x), plain(scaled) * 3.0 + 0.25, rtol=1e-12)
    assert net.num_bits == 9


def test_nnet_without_scaling_takes_its_weights_over_exactly(tmp_path):
    weights, biases = _arrays(3, 5, 2)
    path = _write_nnet(tmp_path / "m.nnet", (weights, biases), [0.0] * 4, [1.0] * 4)
    with pytest.warns(ImportNotice):
        net = regions.load_network(path)
    assert net.widths == (5,)
    assert np.array_equal(net.hidden[0].weight, weights[0])
    assert np.array_equal(net.output.bias, biases[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[: len(t) // 2], "ends before the last layer|numbers where"),
        (lambda t: t + "1.0,\n", "numbers follow"),
        (lambda t: t.replace("2,3,2,5", "9,3,2,5"), "numbers where"),
        (lambda t: t.replace("2,3,2,5", "2,4,2,5"), "do not fit"),
        (lambda t: t.replace("2,3,2,5", "-2,3,2,5"), "declares -2 layers"),
        (lambda t: t.replace("3,5,2", "3,99999999999,2"), "raise `max_bytes`"),
        (lambda t: t.replace("-9.0", "nan", 1).replace("1.0,1.0", "0.0,1.0"), "is 0"),
        (lambda t: "\x00", "numbers where"),
    ],
)
def test_nnet_that_is_damaged_is_one_line(tmp_path, change, message):
    path = _write_nnet(tmp_path / "m.nnet", _arrays(3, 5, 2), [0.0] * 4, [1.0] * 4)
    path.write_text(change(path.read_text()))
    with pytest.raises(FileFormatError, match=message) as caught:
        regions.load_network(path)
    assert "\n" not in str(caught.value)


def _cell(entries) -> np.ndarray:
    cell = np.empty((1, len(entries)), object)
    for place, entry in enumerate(entries):
        cell[0, place] = entry
    return cell


def _mat(path: pathlib.Path, names, *, inside=False, compressed=False, seed=0):
    weights, biases = _arrays(3, 5, 4, 2, seed=seed)
    content = {"W": _cell(weights), "b": _cell([b[:, None] for b in biases])}
    if names is not None:
        content["act_fcns"] = names
    content = {"nnetwork": content} if inside else content
    scipy.io.savemat(path, content, do_compression=compressed)
    return ReluNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("rows", [False, True])
def test_mat_takes_its_cells_over_exactly(tmp_path, inside, compressed, rows):
    names = ["relu", "poslin", "purelin"]
    given = np.array(names) if rows else _cell(names)
    expected = _mat(tmp_path / "m.mat", given, inside=inside, compressed=compressed)
    net = regions.load_network(tmp_path / "m.mat")
    for own, other in zip(net.layers, expected.layers, strict=True):
        assert np.array_equal(own.weight, other.weight)
        assert np.array_equal(own.bias, other.bias)


def test_mat_without_names_or_with_a_final_tanh_says_so(tmp_path):
    _mat(tmp_path / "m.mat", None)
    with pytest.warns(ImportNotice, match="ReLU is assumed"):
        assert regions.load_network(tmp_path / "m.mat").widths == (5, 4)
    _mat(tmp_path / "m.mat", _cell(["relu", "relu", "tansig"]))
    with pytest.warns(ImportNotice, match="final tansig is left out"):
        assert regions.load_network(tmp_path / "m.mat").widths == (5, 4)


def test_mat_with_another_activation_is_refused_by_its_name(tmp_path):
    _mat(tmp_path / "m.mat", _cell(["relu", "tansig", "linear"]))
    with pytest.raises(FileFormatError, match="activation of layer 2 is 'tansig'"):
        regions.load_network(tmp_path / "m.mat")


def test_mat_that_declares_more_than_it_holds_is_refused_before_reading(tmp_path):
    path = tmp_path / "m.mat"
    _mat(path, _cell(["relu", "relu", "linear"]))
    content = bytearray(path.read_bytes())
    place = 128 + 16 + 8 + 8  # the second axis of the first cell
    for axis in (2**31 - 1, -1):
        content[place + 4 : place + 8] = axis.to_bytes(4, "little", signed=True)
        path.write_bytes(bytes(content))
        with pytest.raises(FileFormatError, match=r"ends too early|has shape"):
            regions.load_network(path)
    scipy.io.savemat(path, {"W": np.zeros((400, 400))}, do_compression=True)
    assert path.stat().st_size < 3_000
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(path, max_bytes=1_000_000)
    path.write_bytes(b"MATLAB 7.3 MAT-file" + bytes(200))
    with pytest.raises(FileFormatError, match=r"version 7\.3"):
        regions.load_network(path)


class _Mlp(flax.linen.Module):
    @flax.linen.compact
    def __call__(self, x):
        for width in (5, 4):
            x = flax.linen.relu(flax.linen.Dense(width)(x))
        return flax.linen.Dense(2)(x)


def _flax(seed: int):
    params = _Mlp().init(jax.random.key(seed), np.ones((1, 3), np.float32))
    points = np.random.default_rng(seed).normal(size=(20, 3)).astype(np.float32)
    return params, points, np.asarray(_Mlp().apply(params, points))


@pytest.mark.filterwarnings("ignore:.*with ReLU is assumed")
@pytest.mark.parametrize("seed", range(5))
def test_msgpack_of_flax_is_the_same_function(tmp_path, seed):
    params, points, expected = _flax(seed)
    path = tmp_path / "m.msgpack"
    path.write_bytes(flax.serialization.to_bytes({"step": 3, "params": params}))
    found = regions.load_network(path)(points.astype(float))
    assert np.abs(found - expected).max() <= 1e-6 * max(1.0, np.abs(expected).max())


@pytest.mark.filterwarnings("ignore:.*with ReLU is assumed")
def test_orbax_folder_is_the_same_function(tmp_path):
    params, points, expected = _flax(0)
    with orbax.checkpoint.PyTreeCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "m", params)
    found = regions.load_network(tmp_path / "m")(points.astype(float))
    assert np.abs(found - expected).max() <= 1e-6 * max(1.0, np.abs(expected).max())
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(tmp_path / "m", max_bytes=8 * 54 - 1)


def test_msgpack_of_a_sequence_of_linen_without_activations_is_refused(tmp_path):
    model = flax.linen.Sequential([flax.linen.Dense(4), flax.linen.Dense(1)])
    params = model.init(jax.random.key(0), np.ones((1, 3), np.float32))
    path = tmp_path / "m.msgpack"
    path.write_bytes(flax.serialization.to_bytes(params))
    with pytest.raises(FileFormatError, match="'layers_0' and 'layers_1' are neighb"):
        regions.load_network(path)
    net = regions.load_network(path, slopes=[1.0])
    points = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    expected = np.asarray(model.apply(params, points))
    assert np.allclose(net(points.astype(float)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xc1", "is not a .msgpack file"),
        (b"\xdd\xff\xff\xff\xff", "is not a .msgpack file"),
        (b"\x81\xa1a" + b"\x91" * 90_000 + b"\xc0", "is not a .msgpack file"),
        (b"\x81\xa1a\xa1b", "is no array but str"),
        (b"\x81\xa1a\xc7\x01\x05\x00", "neither array nor number"),
    ],
)
def test_msgpack_that_is_damaged_is_one_line(tmp_path, content, message):
    (tmp_path / "m.msgpack").write_bytes(content)
    with pytest.raises(FileFormatError, match=message) as caught:
        regions.load_network(tmp_path / "m.msgpack")
    assert "\n" not in str(caught.value)


def test_files_that_can_run_code_are_refused_with_advice(tmp_path):
    (tmp_path / "m.joblib").write_bytes(b"x")
    with pytest.raises(FileFormatError, match="a pickle can run code"):
        regions.load_network(tmp_path / "m.joblib")
