"""Random networks through files, against the forward pass of where they come from.

Each importer gets 50 networks of random shape: what is read must agree with the
framework's own forward pass in float32 to 1e-6 of the largest pre-activation. `make
fuzz` runs all of them, the test suite a few.
"""

import argparse
import functools
import itertools
import os
import pathlib
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "jax")  # before Keras is imported

import flax.linen
import flax.serialization
import jax
import keras
import numpy as np
import onnx
import onnxruntime
import orbax.checkpoint
import safetensors.torch
import scipy.io
import sklearn.neural_network
import sklearn.pipeline
import sklearn.preprocessing
import torch
from flax import nnx
from onnx import TensorProto, helper, numpy_helper

import regions
from regions.errors import ImportNotice

ALLOWED = 1e-6
_POINTS = 64

Reference = Callable[[np.ndarray], np.ndarray]


class Trip(NamedTuple):
    """A network that went out.

    Attributes:
        back: Reads it again.
        reference: The forward pass of where it comes from, on float32 points.
        shape: Shape of a point.
    """

    back: Callable[[], regions.ReluNetwork]
    reference: Reference
    shape: tuple[int, ...]


def _sizes(rng: np.random.Generator) -> list[int]:
    """Numbers of inputs, of units of up to four layers, and of outputs."""
    return rng.integers(1, 9, rng.integers(2, 7)).tolist()


def _layers(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases in float32."""
    return [
        (
            rng.normal(size=(b, a)).astype(np.float32),
            rng.normal(size=b).astype(np.float32),
        )
        for a, b in itertools.pairwise(_sizes(rng))
    ]


def _formula(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    """ReLU between affine layers, as it is written."""
    *hidden, (weight, bias) = layers
    for matrix, shift in hidden:
        x = np.maximum(x @ matrix.T + shift, 0)
    return x @ weight.T + bias


def _torch_module(rng: np.random.Generator) -> tuple[torch.nn.Sequential, int]:
    """Linear layers with ReLU or PReLU between, and the number of inputs."""
    sizes: list[int] = _sizes(rng)
    modules: list[torch.nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        modules += [torch.nn.Linear(a, b, bias=bool(rng.integers(4)))]
        modules += [torch.nn.PReLU(int(rng.choice([1, b])))]
    module = torch.nn.Sequential(*modules[:-1])
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=parameter.shape)))
    return module, sizes[0]


def _torch(suffix: str) -> Callable[[np.random.Generator, pathlib.Path], Trip]:
    def go(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
        module, dim = _torch_module(rng)
        path = folder / f"m{suffix}"
        if suffix == ".safetensors":
            safetensors.torch.save_file(module.state_dict(), path)
        else:
            new = suffix == ".pt"
            state = module.state_dict()
            torch.save(state, path, _use_new_zipfile_serialization=new)

        def reference(x: np.ndarray) -> np.ndarray:
            with torch.no_grad():
                return module(torch.tensor(x)).numpy()

        def back() -> regions.ReluNetwork:
            return regions.load_network(path, activation="prelu")

        return Trip(back, reference, (dim,))

    return go


def _torch_object(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
    module, dim = _torch_module(rng)

    def reference(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.tensor(x)).numpy()

    return Trip(lambda: regions.from_torch(module, check=False), reference, (dim,))


def _onnx(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
    """A graph of dense layers, kinks of all kinds, sums and concatenations."""
    constants: dict[str, np.ndarray] = {}
    nodes: list[Any] = []
    width, name = int(rng.integers(1, 7)), "x"
    shape = (width,)

    def constant(array: Any) -> str:
        label = f"c{len(constants)}"
        constants[label] = np.asarray(array, np.float32)
        return label

    def add(kind: str, inputs: list[str], **settings: Any) -> str:
        label = f"h{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [label], **settings))
        return label

    for _ in range(rng.integers(1, 5)):
        before, wide = name, width
        width = int(rng.integers(1, 9))
        weight, bias = rng.normal(size=(wide, width)), rng.normal(size=width)
        if rng.integers(2):
            name = add("Gemm", [name, constant(weight), constant(bias)])
        else:
            name = add("MatMul", [name, constant(weight)])
            name = add("Add", [name, constant(bias)])
        kind = rng.choice(["Relu", "LeakyRelu", "PRelu", "Clip", "Abs", "HardSigmoid"])
        if kind == "PRelu":
            name = add("PRelu", [name, constant(rng.normal(size=width))])
        elif kind == "Clip":
            name = add("Clip", [name, constant(-0.5), constant(0.75)])
        elif kind == "LeakyRelu":
            name = add("LeakyRelu", [name], alpha=0.125)
        else:
            name = add(str(kind), [name])
        if wide == width and rng.integers(2):
            name = add(str(rng.choice(["Add", "Sub", "Max", "Min"])), [name, before])
        elif rng.integers(3) == 0:
            name, width = add("Concat", [name, before], axis=1), width + wide
    weight, bias = rng.normal(size=(width, 2)), rng.normal(size=2)
    name = add("Gemm", [name, constant(weight), constant(bias)])
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(a, n) for n, a in constants.items()],
    )
    opset = helper.make_opsetid("", 18)
    model, path = helper.make_model(graph, opset_imports=[opset]), folder / "m.onnx"
    model.ir_version = 8
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(str(path))

    def reference(x: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {"x": x})[0])

    return Trip(lambda: regions.load_network(path), reference, shape)


def _picture(x: Any, rng: np.random.Generator) -> Any:
    """Convolutions, pooling and normalization of a picture, then a vector."""
    layers, padding = keras.layers, str(rng.choice(["same", "valid"]))
    channels, kernel = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    kinds = [
        lambda: layers.Conv2D(channels, kernel, padding=padding),
        lambda: layers.Conv2D(channels, kernel, strides=2, padding=padding),
        lambda: layers.DepthwiseConv2D(kernel, padding=padding),
        lambda: layers.SeparableConv2D(channels, kernel, padding=padding),
        lambda: layers.Conv2DTranspose(channels, kernel, strides=2, padding=padding),
    ]
    x = kinds[rng.integers(len(kinds))]()(x)
    if rng.integers(2):
        x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    pools = [layers.MaxPooling2D, layers.AveragePooling2D]
    x = pools[rng.integers(2)](2, padding="same")(x)
    return layers.Flatten()(x)


def _keras_model(rng: np.random.Generator) -> tuple[Any, tuple[int, ...]]:
    """A model of Keras with all its weights drawn, and the shape that it reads."""
    keras.utils.clear_session()
    layers = keras.layers
    pictures = bool(rng.integers(3) == 0)
    shape = (5, 4, 2) if pictures else (int(rng.integers(1, 7)),)
    x: Any = keras.Input(shape)
    inputs = x
    x = _picture(x, rng) if pictures else x
    names = ["relu", "leaky_relu", "relu6", "hard_sigmoid", "hard_tanh", None]
    for _ in range(rng.integers(1, 4)):
        width, name = int(rng.integers(1, 9)), names[rng.integers(len(names))]
        y = layers.Dense(width, activation=name, use_bias=bool(rng.integers(4)))(x)
        if x.shape[1] == width and rng.integers(2):
            y = layers.Add()([x, y])
        elif rng.integers(3) == 0:
            y = layers.Concatenate()([x, y])
        x = layers.PReLU()(y) if rng.integers(4) == 0 else y
    model = keras.Model(inputs, layers.Dense(2)(x))
    for variable in model.weights:
        drawn = rng.normal(size=variable.shape)
        spread = "variance" in variable.path
        variable.assign(np.abs(drawn) + 0.5 if spread else drawn)
    return model, shape


def _keras(suffix: str) -> Callable[[np.random.Generator, pathlib.Path], Trip]:
    def go(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
        model, shape = _keras_model(rng)
        path = folder / f"m{suffix}"
        back = functools.partial(regions.load_network, path, check=False)
        if suffix:
            model.save(path)
        else:
            back = functools.partial(regions.from_keras, model, check=False)

        def reference(x: np.ndarray) -> np.ndarray:
            return np.asarray(model(x, training=False))

        return Trip(back, reference, shape)

    return go


class _Linen(flax.linen.Module):
    """Dense layers with ReLU between."""

    widths: tuple[int, ...]

    @flax.linen.compact
    def __call__(self, x):
        for width in self.widths[:-1]:
            x = flax.linen.relu(flax.linen.Dense(width)(x))
        return flax.linen.Dense(self.widths[-1])(x)


def _drawn(tree: Any, rng: np.random.Generator) -> Any:
    """A tree of the same shapes, drawn at random."""
    return jax.tree.map(lambda a: rng.normal(size=a.shape).astype(np.float32), tree)


def _linen(kind: str) -> Callable[[np.random.Generator, pathlib.Path], Trip]:
    def go(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
        dim, *widths = _sizes(rng)
        model = _Linen(tuple(widths))
        shapes = jax.eval_shape(
            model.init, jax.random.key(0), np.ones((1, dim), np.float32)
        )
        params = _drawn(shapes, rng)
        path = folder / f"m.{kind}"
        back = functools.partial(regions.load_network, path, activation="relu")
        if kind == "msgpack":
            path.write_bytes(flax.serialization.to_bytes(params))
        elif kind == "orbax":
            with orbax.checkpoint.PyTreeCheckpointer() as checkpointer:
                checkpointer.save(path.absolute(), params)
        else:
            back = functools.partial(regions.from_flax, model, params, check=False)
        return Trip(
            back,
            lambda x: np.asarray(model.apply(params, x)),
            (dim,),
        )

    return go


class _Nnx(nnx.Module):
    """Linear layers with ReLU between."""

    def __init__(self, sizes: list[int]):
        rngs = nnx.Rngs(0)
        pairs = itertools.pairwise(sizes)
        self.layers = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in pairs])

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = nnx.relu(layer(x))
        return self.layers[-1](x)


def _nnx(kind: str) -> Callable[[np.random.Generator, pathlib.Path], Trip]:
    def go(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
        sizes = _sizes(rng)
        model = _Nnx(sizes)
        graph, state = nnx.split(model)
        model = nnx.merge(graph, _drawn(state, rng))
        plain = nnx.to_pure_dict(nnx.state(model))
        back = functools.partial(regions.from_flax, model, check=False)
        if kind == "msgpack":
            path = folder / "m.msgpack"
            named = {"layers": {str(k): v for k, v in plain["layers"].items()}}
            path.write_bytes(flax.serialization.to_bytes(named))
            back = functools.partial(regions.load_network, path, activation="relu")
        return Trip(back, lambda x: np.asarray(model(x)), (sizes[0],))

    return go


def _sklearn(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
    """A scaler and a perceptron, fitted to noise."""
    dim, *widths, outputs = _sizes(rng)[-5:]
    mlp = sklearn.neural_network.MLPRegressor(
        hidden_layer_sizes=tuple(widths) or (3,),
        solver="lbfgs",
        max_iter=3,
        random_state=0,
    )
    model = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), mlp)
    x, y = rng.normal(size=(30, dim)), rng.normal(size=(30, outputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        model.fit(x, y[:, 0] if outputs == 1 else y)
    back = functools.partial(regions.from_sklearn, model, check=False)
    return Trip(back, lambda x: model.predict(x.astype(float)), (dim,))


def _npz(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
    layers, path = _layers(rng), folder / "m.npz"
    named = {f"W{k}": w for k, (w, _) in enumerate(layers)}
    named |= {f"b{k}": b for k, (_, b) in enumerate(layers)}
    np.savez(path, **named)  # pyright: ignore[reportArgumentType]
    return Trip(
        lambda: regions.load_network(path),
        lambda x: _formula(layers, x),
        (layers[0][0].shape[1],),
    )


def _nnet(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
    """Weights, and the scales of inputs and outputs, as text."""
    layers, path = _layers(rng), folder / "m.nnet"
    sizes = [layers[0][0].shape[1], *(len(b) for _, b in layers)]
    means, ranges = rng.normal(size=sizes[0] + 1), rng.uniform(0.5, 2, sizes[0] + 1)
    rows = [[len(layers), sizes[0], sizes[-1], max(sizes)], sizes, [0]]
    rows += [[-99.0] * sizes[0], [99.0] * sizes[0], means.tolist(), ranges.tolist()]
    for weight, bias in layers:
        rows += [*weight.tolist(), *([b] for b in bias.tolist())]
    path.write_text("".join(",".join(map(repr, row)) + ",\n" for row in rows))

    def reference(x: np.ndarray) -> np.ndarray:
        scaled = (x - means[:-1]) / ranges[:-1]
        return _formula(layers, scaled) * ranges[-1] + means[-1]

    return Trip(lambda: regions.load_network(path), reference, (sizes[0],))


def _mat(rng: np.random.Generator, folder: pathlib.Path) -> Trip:
    layers, path = _layers(rng), folder / "m.mat"
    cells = {name: np.empty((1, len(layers)), object) for name in ("W", "b", "f")}
    for place, (weight, bias) in enumerate(layers):
        cells["W"][0, place], cells["b"][0, place] = weight, bias[:, None]
        cells["f"][0, place] = "poslin" if place < len(layers) - 1 else "purelin"
    content = {"W": cells["W"], "b": cells["b"], "act_fcns": cells["f"]}
    scipy.io.savemat(path, content, do_compression=bool(rng.integers(2)))
    return Trip(
        lambda: regions.load_network(path),
        lambda x: _formula(layers, x),
        (layers[0][0].shape[1],),
    )


IMPORTERS: dict[str, Callable[[np.random.Generator, pathlib.Path], Trip]] = {
    "npz": _npz,
    "pt": _torch(".pt"),
    "pth": _torch(".pth"),
    "safetensors": _torch(".safetensors"),
    "from_torch": _torch_object,
    "onnx": _onnx,
    "keras": _keras(".keras"),
    "h5": _keras(".h5"),
    "from_keras": _keras(""),
    "linen msgpack": _linen("msgpack"),
    "linen orbax": _linen("orbax"),
    "from_flax linen": _linen("object"),
    "from_flax nnx": _nnx("object"),
    "nnx msgpack": _nnx("msgpack"),
    "from_sklearn": _sklearn,
    "nnet": _nnet,
    "mat": _mat,
}
"""By the name that the command takes."""


def largest_error(name: str, seed: int) -> float:
    """How far what is read is from its reference, over its largest pre-activation."""
    rng = np.random.default_rng([seed, *name.encode()])
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportNotice)
        trip = IMPORTERS[name](rng, pathlib.Path(folder))
        network = trip.back()
    points = rng.normal(size=(_POINTS, *trip.shape)).astype(np.float32)
    expected = np.asarray(trip.reference(points), np.float64).reshape(_POINTS, -1)
    pres = network.pre_activations(points.reshape(_POINTS, -1).astype(np.float64))
    assert pres[-1].shape == expected.shape
    scale = max(1.0, *(float(np.abs(pre).max()) for pre in pres))
    return float(np.abs(pres[-1] - expected).max()) / scale


def main() -> int:
    """Go through all importers; 1 if one misreads a network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("importers", nargs="*", help=f"of {', '.join(IMPORTERS)}")
    parser.add_argument("--count", type=int, default=50)
    options = parser.parse_args()
    failed = 0
    for name in options.importers or IMPORTERS:
        errors = [largest_error(name, seed) for seed in range(options.count)]
        bad = [seed for seed, error in enumerate(errors) if not error <= ALLOWED]
        sys.stdout.write(f"{name}: {len(errors)} networks, largest {max(errors):.1e}\n")
        if bad:
            sys.stdout.write(f"{name}: FAILED for seeds {bad}\n")
        failed += bool(bad)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
