import io
import json
import os
import pathlib
import re
import zipfile
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")  # before Keras is imported

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import regions
import regions.io.hdf5_files
import regions.io.keras
from regions.errors import FileFormatError, ImportNotice
from regions.io.checks import check_forward
from regions.network import ReluNetwork

# Keras reads its own variables in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch, request):
    """HDF5 is tried in another process first, which takes a while, in one test only."""
    if "apart" not in request.node.name:
        monkeypatch.setattr(regions.io.keras, "try_apart", lambda *_: None)


def _save(path: pathlib.Path, model: Any) -> pathlib.Path:
    """Save a model after drawing all its weights at random."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        drawn = rng.normal(size=variable.shape)
        positive = "variance" in variable.path
        variable.assign(np.abs(drawn) + 0.1 if positive else drawn)
    model.save(path)
    return path


def _agrees(net: ReluNetwork, model: Any, shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(5).normal(size=(6, *shape)).astype(np.float32)
    expected = np.asarray(model(points, training=False)).reshape(6, -1)
    found = net(points.reshape(6, -1).astype(np.float64))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max())


def _functional() -> Any:
    """A small CNN with batch norm, a residual sum, a concatenation and pooling."""
    x = inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    y = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    x = layers.Add()([x, y])
    a, b = layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)
    x = layers.Concatenate()([a, b])
    x = layers.Flatten()(layers.Dropout(0.3)(x))
    x = layers.Activation("relu")(layers.Dense(6)(x))
    return keras.Model(inputs, layers.Dense(10)(x))


def test_load_keras_sequential_takes_the_weights_over_exactly(tmp_path):
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(5, activation="relu"), layers.Dense(2)]
    )
    net = regions.load_network(_save(tmp_path / "m.keras", model))
    kernel, bias = (np.asarray(w, np.float64) for w in model.layers[0].weights)
    assert net.widths == (5,)
    assert np.array_equal(net.hidden[0].weight, kernel.T)
    assert np.array_equal(net.hidden[0].bias, bias)
    _agrees(net, model, (3,))


@pytest.mark.parametrize("fold", [False, True])
def test_load_keras_small_cnn_equals_keras(tmp_path, fold):
    model = _functional()
    net = regions.load_network(_save(tmp_path / "m.keras", model), fold=fold)
    assert net.output_dim == 10
    assert net.num_bits == 2 * 128 + 3 * 32 + 6
    _agrees(net, model, (8, 8, 1))


LAYERS: dict[str, tuple[tuple[int, ...], list[Any]]] = {
    "relu6 and slope": ((4,), [layers.ReLU(max_value=0.75, negative_slope=0.2)]),
    "leaky": ((4,), [layers.LeakyReLU(negative_slope=0.2)]),
    "named leaky": ((4,), [layers.Activation("leaky_relu")]),
    "named relu6": ((4,), [layers.Dense(3, activation="relu6")]),
    "rescaling and noise": (
        (2, 2, 1),
        [
            layers.Rescaling(1 / 255, offset=-0.5),
            layers.GaussianNoise(0.1),
            layers.SpatialDropout2D(0.5),
        ],
    ),
    "prelu": ((2, 3, 2), [layers.PReLU(shared_axes=[1, 2])]),
    "strided same conv": ((5, 6, 2), [layers.Conv2D(4, 3, 2, "same", groups=2)]),
    "dilated conv": ((6, 6, 1), [layers.Conv2D(2, 2, dilation_rate=2, use_bias=False)]),
    "conv in one dimension": ((7, 2), [layers.Conv1D(3, 3, padding="same")]),
    "same pooling": ((5, 5, 2), [layers.MaxPooling2D(2, padding="same")]),
    "same average": ((5, 5, 2), [layers.AveragePooling2D(2, padding="same")]),
    "global average": ((3, 4, 2), [layers.GlobalAveragePooling2D()]),
    "global maximum": ((3, 2, 2), [layers.GlobalMaxPooling2D()]),
    "batch norm without affine": (
        (4,),
        [layers.BatchNormalization(center=False, scale=False)],
    ),
    "batch norm on axis 1": ((3, 2), [layers.BatchNormalization(axis=1)]),
    "named hard sigmoid": ((4,), [layers.Activation("hard_sigmoid")]),
    "named hard tanh": ((4,), [layers.Dense(3, activation="hard_tanh")]),
    "transposed conv": ((3, 4, 2), [layers.Conv2DTranspose(3, (2, 3), 2)]),
    "transposed conv of one point": ((3, 2, 1), [layers.Conv2DTranspose(2, 1, 3)]),
    "same transposed conv": (
        (3, 3, 2),
        [layers.Conv2DTranspose(1, 3, 2, "same", use_bias=False)],
    ),
    "same transposed conv of even size": (
        (3, 3, 1),
        [layers.Conv2DTranspose(2, 4, (1, 3), "same")],
    ),
    "transposed conv with its padding": (
        (3, 3, 1),
        [layers.Conv2DTranspose(2, 3, 2, "same", output_padding=(1, 0))],
    ),
    "transposed conv with padding and no cut": (
        (3, 2, 1),
        [layers.Conv2DTranspose(2, 2, 3, output_padding=2)],
    ),
    "dilated transposed conv": (
        (4, 1),
        [layers.Conv1DTranspose(2, 3, padding="same", dilation_rate=2)],
    ),
    "padding and reshape": (
        (2, 3, 1),
        [layers.ZeroPadding2D(((1, 0), (0, 2))), layers.Reshape((5, -1))],
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_load_keras_layer_equals_keras(tmp_path, name):
    shape, chosen = LAYERS[name]
    copies = [type(layer).from_config(layer.get_config()) for layer in chosen]
    model = keras.Sequential([keras.Input(shape), *copies])
    net = regions.load_network(_save(tmp_path / "m.keras", model))
    _agrees(net, model, shape)


@pytest.mark.parametrize("version", ["2.15.0", b"2.4.3", "3.4.1", None])
def test_hard_sigmoid_is_that_of_the_version_that_wrote_the_file(tmp_path, version):
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, activation="hard_sigmoid")]
    )
    path = _save(tmp_path / "m.h5", model)
    with h5py.File(path, "r+") as file:
        del file.attrs["keras_version"]
        if version is not None:
            file.attrs["keras_version"] = version
    if version is None:
        with pytest.raises(FileFormatError, match="one function in Keras 2 and anoth"):
            regions.load_network(path)
        return
    if version == "3.4.1":
        _agrees(regions.load_network(path), model, (3,))
        return
    with pytest.warns(ImportNotice, match="Keras 3 means another function"):
        net = regions.load_network(path)
    x = np.random.default_rng(0).normal(size=(9, 3)) * 3
    kernel, bias = (np.asarray(w, np.float64) for w in model.layers[0].weights)
    expected = np.clip(np.float32(0.2) * (x @ kernel + bias) + 0.5, 0, 1)
    assert np.allclose(net(x), expected, rtol=0, atol=1e-12)


def test_load_keras_merging_layers_equal_keras(tmp_path):
    inputs = keras.Input((4,))
    a, b, c = (layers.Dense(3)(inputs) for _ in range(3))
    outputs = layers.Subtract()([layers.Maximum()([a, b, c]), layers.Add()([a, b, c])])
    model = keras.Model(inputs, outputs)
    _agrees(regions.load_network(_save(tmp_path / "m.keras", model)), model, (4,))


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_load_keras_final_activation_is_dropped_with_a_notice(tmp_path, name):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation=name)])
    path = _save(tmp_path / "m.keras", model)
    with pytest.warns(ImportNotice, match=f"the final {name} is left out"):
        net = regions.load_network(path)
    assert net.widths == ()


def test_load_keras_final_softmax_layer_is_dropped_with_a_notice(tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Softmax()])
    path = _save(tmp_path / "m.keras", model)
    with pytest.warns(ImportNotice, match=r"layer 3 .* the final softmax"):
        assert regions.load_network(path).widths == ()


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        (
            lambda: layers.Activation("gelu", name="act2"),
            "layer 2 ('act2', Activation)",
        ),
        (lambda: layers.Dense(3, activation="softmax"), "activation 'softmax'"),
        (lambda: layers.Softmax(name="soft"), "layer 2 ('soft', Softmax)"),
        (lambda: layers.LayerNormalization(name="ln"), "('ln') is LayerNormalization"),
        (lambda: layers.Lambda(lambda x: x, name="la"), "layer 2 ('la') is Lambda"),
        (lambda: layers.ReLU(threshold=0.5), "not continuous"),
    ],
)
def test_load_keras_refuses_by_name_and_position(tmp_path, hidden, message):
    model = keras.Sequential([keras.Input((3,)), hidden(), layers.Dense(2)])
    path = _save(tmp_path / "m.keras", model)
    with pytest.raises(FileFormatError, match=re.escape(message)) as caught:
        regions.load_network(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def _rewrite(path: pathlib.Path, **members: bytes) -> None:
    """Replace `config` or `weights` in a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    names = {"config": "config.json", "weights": "model.weights.h5"}
    content |= {names[key]: value for key, value in members.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def _dense(path: pathlib.Path) -> pathlib.Path:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="only")])
    return _save(path, model)


def _config(path: pathlib.Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def test_load_keras_never_runs_what_a_configuration_names(tmp_path):
    path = _dense(tmp_path / "m.keras")
    config = _config(path)
    config["config"]["layers"][1]["config"]["kernel_initializer"] = {
        "module": "os",
        "class_name": "mkdir",
        "config": {"path": str(tmp_path / "ran")},
        "registered_name": "mkdir",
    }
    _rewrite(path, config=json.dumps(config).encode())
    with pytest.raises(FileFormatError, match=r"names os\.mkdir, which is not run"):
        regions.load_network(path)
    assert regions.load_network(path, check=False).output_dim == 2
    assert not (tmp_path / "ran").exists()


def _weights_file(write) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "only"
        write(group)
    return buffer.getvalue()


def _linked(group) -> None:
    group["0"] = h5py.ExternalLink("other.h5", "/secret")


def _stored_outside(group) -> None:
    group.create_dataset("0", (3, 2), "f4", external=[("secret.bin", 0, 24)])


def _declared_huge(group) -> None:
    group.create_dataset("0", (2**25, 2**10), "f4", chunks=(1024, 1024))


def _texts(group) -> None:
    group["0"], group["1"] = np.full((3, 2), b"a"), np.ones(2, np.float32)


def _one_missing(group) -> None:
    group["0"] = np.ones((3, 2), np.float32)


def _wrong_shape(group) -> None:
    group["0"], group["1"] = np.ones((4, 2), np.float32), np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (_linked, "'0' in its weights is a link"),
        (_stored_outside, "stored outside"),
        (_declared_huge, "raise `max_bytes`"),
        (_texts, "dtype |S1"),
        (_one_missing, "1 weights found, 2 required"),
        (_wrong_shape, "a kernel of shape (4, 2) meets shape (3,)"),
    ],
)
def test_load_keras_of_odd_weights_is_refused(tmp_path, write, message):
    path = _dense(tmp_path / "m.keras")
    _rewrite(path, weights=_weights_file(write))
    with pytest.raises(FileFormatError, match=re.escape(message)):
        regions.load_network(path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (b"{", "config.json is damaged"),
        (b"[" * 100_000, "config.json is damaged"),
        (b"[]", "Sequential or Functional is required"),
        (b'{"class_name": "Sequential"}', "has no layers"),
        (
            b'{"class_name": "Sequential", "config": {"layers": [7]}}',
            "layer 1 is damaged",
        ),
    ],
)
def test_load_keras_of_a_damaged_configuration_raises(tmp_path, config, message):
    path = _dense(tmp_path / "m.keras")
    _rewrite(path, config=config)
    with pytest.raises(FileFormatError, match=message):
        regions.load_network(path)


def test_load_keras_of_truncated_files_raises(tmp_path):
    path = _dense(tmp_path / "m.keras")
    whole = path.read_bytes()
    for size in range(0, len(whole), 997):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"not a \.keras file"):
            regions.load_network(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")
    for size in range(0, len(weights), 997):
        _rewrite(path, weights=weights[:size])
        with pytest.raises(FileFormatError, match=r"damaged|weights found"):
            regions.load_network(path)


def test_check_forward_notices_another_network():
    net = ReluNetwork.from_arrays([np.eye(2)], None)
    check_forward("m", net, lambda x: x * (1 + 1e-7), framework="it")
    with pytest.raises(FileFormatError, match="that of it disagree"):
        check_forward("m", net, lambda x: x * 1.01, framework="it")
    with pytest.raises(FileFormatError, match=r"shapes \(8, 2\) and \(8, 1\)"):
        check_forward("m", net, lambda x: x[:, :1], framework="it")


def test_hdf5_at_which_the_library_does_not_end_is_tried_apart(tmp_path, monkeypatch):
    """A stand-in for the library, which loops as it does on damaged heaps."""
    path = _dense(tmp_path / "m.keras")
    assert regions.load_network(path, check=False).output_dim == 2
    loop = tmp_path / "h5py.py"
    loop.write_text("while True:\n    pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(regions.io.hdf5_files, "_SECONDS", 1)
    with pytest.raises(FileFormatError, match="does not come to an end"):
        regions.load_network(path, check=False)


def test_hdf5_texts_that_take_too_much_memory_are_found_apart(tmp_path):
    """One text of a megabyte, to which two hundred entries of an attribute point."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="only")])
    path = _save(tmp_path / "m.h5", model)
    large, count, size = b"k" * 2**20, 200, 16
    with h5py.File(path, "r+") as file:
        texts = np.array([large, *[b"short"] * count], object)
        file.attrs.create("texts", texts, dtype=h5py.string_dtype())
    data = path.read_bytes()
    # An entry is its length and its place; the next one's length is 5.
    length = re.escape((2**20).to_bytes(4, "little"))
    found = re.search(length + rb"(?s:.{12})\x05\0\0\0", data)
    assert found is not None
    entry, start = found[0][:size], found.start()
    end = start + size * (count + 1)
    path.write_bytes(data[:start] + entry * (count + 1) + data[end:])
    with pytest.raises(FileFormatError, match="take more than 8388608 bytes"):
        regions.load_network(path, check=False, max_bytes=2**23)
    assert regions.load_network(path, check=False, max_bytes=2**29).output_dim == 2
