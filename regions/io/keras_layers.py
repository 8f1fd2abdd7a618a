"""What each Keras layer does to an expression.

Keras keeps channels last; convolution and pooling here want them first, so their input
and output are transposed, which moves entries and computes nothing.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.io.graph import Expression, GraphBuilder
from regions.io.spatial import (
    Window,
    average_pool,
    concatenate,
    convolve,
    max_pool,
    normalize,
    tournament,
)

FINAL_ACTIVATIONS = ("softmax", "sigmoid", "log_softmax", "tanh")
"""Activations that are left out at the output and refused elsewhere."""


@dataclasses.dataclass(frozen=True, slots=True)
class KerasLayer:
    """One layer with its inputs.

    Attributes:
        name: Its name in the model.
        where: File, position, name and class, for messages.
        kind: Its class.
        config: Its configuration.
        inputs: What it reads.
        weights: Its variables, in Keras's order.
        builder: Where hidden layers go.
    """

    name: str
    where: str
    kind: str
    config: dict[str, Any]
    inputs: list[Expression]
    weights: list[np.ndarray]
    builder: GraphBuilder

    def variables(self, count: int) -> list[np.ndarray]:
        """The layer's variables, which must be that many."""
        if len(self.weights) != count:
            raise ValueError(f"{len(self.weights)} weights found, {count} required")
        return self.weights

    def number(self, key: str, *, old: str = "") -> float:
        """A number of the configuration in the precision that the layer runs in.

        Args:
            key: Its name.
            old: Its name in older versions.
        """
        value = self.config[old if key not in self.config and old else key]
        if isinstance(value, dict):  # an array of NumPy
            value = np.asarray(value["config"]["value"]).reshape(())
        policy = self.config.get("dtype")
        name = policy["config"]["name"] if isinstance(policy, dict) else policy
        return float(value) if name == "float64" else float(np.float32(value))

    def activation_name(self) -> str:
        """The activation applied after the layer's own work."""
        if self.kind == "Softmax":
            return "softmax"
        name = self.config.get("activation") or "linear"
        if isinstance(name, dict):
            kind = name.get("class_name")
            name = name.get("config") if kind == "function" else kind
        return str(name)

    def activate(self, result: Expression, name: str) -> Expression:
        """`result` through a named activation."""
        if name == "linear":
            return result
        if name == "relu":
            return self.builder.kink(result, 0.0)
        if name == "relu6":
            return self.builder.clip(result, 0.0, 6.0)
        if name == "leaky_relu":
            return self.builder.kink(result, float(np.float32(0.2)))
        if name in ("ReLU", "LeakyReLU"):  # a layer in the place of a function
            config = self.config["activation"]["config"]
            inner = dataclasses.replace(
                self, kind=name, config=config, inputs=[result], weights=[]
            )
            return LAYERS[name](inner)
        raise ValueError(f"its activation {name!r} is not piecewise affine here")


def _same(layer: KerasLayer) -> Expression:
    return layer.inputs[0]


def _dense(layer: KerasLayer) -> Expression:
    x, biased = layer.inputs[0], layer.config.get("use_bias", True)
    kernel, *bias = layer.variables(2 if biased else 1)
    if len(x.shape) != 1 or kernel.ndim != 2 or kernel.shape[0] != x.size:
        raise ValueError(f"a kernel of shape {kernel.shape} meets shape {x.shape}")
    return layer.builder.affine(x, sp.csr_array(kernel.T), bias[0] if bias else 0.0)


def _relu(layer: KerasLayer) -> Expression:
    x, top = layer.inputs[0], layer.config.get("max_value")
    if layer.config.get("threshold") and layer.number("threshold"):
        raise ValueError("with a threshold it is not continuous")
    slope = 0.0
    if layer.config.get("negative_slope") is not None:
        slope = layer.number("negative_slope")
    below = layer.builder.kink(x, slope)
    if top is None:
        return below
    excess = layer.builder.shift(x, -layer.number("max_value"))
    return layer.builder.add(below, layer.builder.kink(excess, 0.0).negate())


def _leaky_relu(layer: KerasLayer) -> Expression:
    slope = layer.number("negative_slope", old="alpha")
    return layer.builder.kink(layer.inputs[0], slope)


def _prelu(layer: KerasLayer) -> Expression:
    (alpha,) = layer.variables(1)
    x = layer.inputs[0]
    return layer.builder.kink(x, np.broadcast_to(alpha, x.shape))


def _flatten(layer: KerasLayer) -> Expression:
    x = layer.inputs[0]
    if layer.config.get("data_format") == "channels_first" and len(x.shape) > 1:
        x = _channels(x, first=False)
    return x.reshape((x.size,))


def _rescale(layer: KerasLayer) -> Expression:
    factor, shift = layer.number("scale"), layer.number("offset")
    return layer.builder.scale(layer.inputs[0], factor, shift)


def _reshape(layer: KerasLayer) -> Expression:
    x = layer.inputs[0]
    return x.reshape(x.positions().reshape(layer.config["target_shape"]).shape)


def _batch_norm(layer: KerasLayer) -> Expression:
    x, config = layer.inputs[0], layer.config
    axis = config["axis"][0] if isinstance(config["axis"], list) else config["axis"]
    axis = int(axis) - 1 if axis > 0 else int(axis) + len(x.shape)
    if not 0 <= axis < len(x.shape):
        raise ValueError(f"axis {config['axis']} does not exist")
    affine = [config.get("scale", True), config.get("center", True)]
    stored = iter(layer.variables(2 + sum(affine)))
    gamma = next(stored) if affine[0] else np.ones(x.shape[axis])
    beta = next(stored) if affine[1] else np.zeros(x.shape[axis])
    mean, variance = stored
    epsilon = float(config["epsilon"])
    return normalize(layer.builder, x, (gamma, beta, mean, variance), epsilon, axis)


def _normalization(layer: KerasLayer) -> Expression:
    """`(x - mean) / max(sqrt(variance), epsilon)`, or its inverse."""
    x, axes = layer.inputs[0], layer.config.get("axis", -1)
    axes = [] if axes is None else axes if isinstance(axes, list) else [axes]
    rank = len(x.shape) + 1
    kept = sorted(int(a) % rank - 1 for a in axes)
    form = [n if i in kept else 1 for i, n in enumerate(x.shape)]
    if len(layer.weights) in (2, 3):  # adapted; the third counts the samples
        mean, variance = layer.weights[:2]
    else:
        mean, variance = (_given_array(layer.config[k]) for k in ("mean", "variance"))
    mean, variance = (
        np.broadcast_to(m, [form[i] for i in kept]).reshape(form)
        for m in (mean, variance)
    )
    if np.any(variance < 0):
        raise ValueError("a variance is negative")
    spread = np.maximum(np.sqrt(variance), float(np.float32(1e-7)))
    if layer.config.get("invert", False):
        return layer.builder.scale(x, spread, mean)
    moved = layer.builder.shift(x, np.broadcast_to(-mean, x.shape))
    return layer.builder.scale(moved, 1.0 / spread)


def _given_array(value: Any) -> np.ndarray:
    """Numbers of a configuration, in the precision that Keras holds them in."""
    if isinstance(value, dict):
        value = value["config"]["value"]
    return np.asarray(value, np.float32).astype(np.float64)


def _channels(x: Expression, *, first: bool) -> Expression:
    """Channels moved to the front, or from there to the back."""
    source, target = (-1, 0) if first else (0, -1)
    return x.select(np.moveaxis(x.positions(), source, target))


def _windowed(
    layer: KerasLayer,
    kernel: tuple[int, ...],
    strides: list[int],
    apply: Callable[[Expression, Window], Expression],
) -> Expression:
    """A sliding window over a tensor of either channel order."""
    x, last = layer.inputs[0], layer.config.get("data_format") != "channels_first"
    x = _channels(x, first=True) if last else x
    steps, ones = tuple(int(s) for s in strides), (1,) * len(kernel)
    dilations = tuple(layer.config.get("dilation_rate", ones))
    if len(x.shape) != len(kernel) + 1 or min(*kernel, *steps, *dilations) < 1:
        raise ValueError(f"a kernel of shape {kernel} meets shape {x.shape}")
    padding = layer.config.get("padding", "valid")
    if padding == "same":
        window = Window.same(x.shape[1:], kernel, steps, dilations)
    elif padding == "valid":
        zeros = (0,) * len(kernel)
        window = Window(kernel, steps, zeros, zeros, dilations)
    else:
        raise ValueError(f"padding {padding!r} is not read")
    result = apply(x, window)
    return _channels(result, first=False) if last else result


def _conv(layer: KerasLayer) -> Expression:
    biased = layer.config.get("use_bias", True)
    kernel, *bias = layer.variables(2 if biased else 1)
    weight = np.moveaxis(kernel, (-1, -2), (0, 1))
    groups = int(layer.config.get("groups", 1))

    def apply(x: Expression, window: Window) -> Expression:
        shift = bias[0] if bias else None
        return convolve(layer.builder, x, weight, shift, window, groups)

    return _windowed(layer, weight.shape[2:], layer.config["strides"], apply)


def _depthwise(layer: KerasLayer) -> Expression:
    biased = layer.config.get("use_bias", True)
    kernel, *bias = layer.variables(2 if biased else 1)
    return _depthwise_windows(layer, kernel, bias[0] if bias else None)


def _depthwise_windows(
    layer: KerasLayer, kernel: np.ndarray, bias: np.ndarray | None
) -> Expression:
    """Each channel with kernels of its own: as many groups as channels."""
    *sizes, channels, each = kernel.shape
    weight = np.moveaxis(kernel, (-2, -1), (0, 1)).reshape(channels * each, 1, *sizes)

    def apply(x: Expression, window: Window) -> Expression:
        return convolve(layer.builder, x, weight, bias, window, channels)

    strides = layer.config["strides"]
    strides = strides if isinstance(strides, list) else [strides]
    return _windowed(layer, weight.shape[2:], strides, apply)


def _separable(layer: KerasLayer) -> Expression:
    biased = layer.config.get("use_bias", True)
    kernel, points, *bias = layer.variables(3 if biased else 2)
    middle = _depthwise_windows(layer, kernel, None)
    plain = {"data_format": layer.config.get("data_format"), "padding": "valid"}
    rest = dataclasses.replace(layer, config=plain, inputs=[middle])
    weight = np.moveaxis(points, (-1, -2), (0, 1))

    def apply(x: Expression, window: Window) -> Expression:
        shift = bias[0] if bias else None
        return convolve(layer.builder, x, weight, shift, window)

    rank = weight.ndim - 2
    return _windowed(rest, weight.shape[2:], [1] * rank, apply)


def _pool(
    layer: KerasLayer, pool: Callable[[Expression, Window], Expression]
) -> Expression:
    sizes = tuple(int(n) for n in layer.config["pool_size"])
    return _windowed(layer, sizes, layer.config.get("strides") or [*sizes], pool)


def _average(layer: KerasLayer) -> Callable[[Expression, Window], Expression]:
    return lambda x, w: average_pool(layer.builder, x, w, count_padding=False)


def _average_pool(layer: KerasLayer) -> Expression:
    return _pool(layer, _average(layer))


def _max_pool(layer: KerasLayer) -> Expression:
    return _pool(layer, lambda x, w: max_pool(layer.builder, x, w))


def _global_pool(layer: KerasLayer) -> Expression:
    shape = layer.inputs[0].shape
    last = layer.config.get("data_format") != "channels_first"
    kernel = shape[:-1] if last else shape[1:]
    maximum = layer.kind.startswith("GlobalMax")
    pool = (lambda x, w: max_pool(layer.builder, x, w)) if maximum else _average(layer)
    result = _windowed(layer, kernel, [1] * len(kernel), pool)
    kept = layer.config.get("keepdims", False)
    return result if kept else result.reshape((result.size,))


def _add(layer: KerasLayer) -> Expression:
    total = layer.inputs[0]
    for other in layer.inputs[1:]:
        total = layer.builder.add(total, other)
    return total


def _subtract(layer: KerasLayer) -> Expression:
    first, second = layer.inputs
    return layer.builder.add(first, second.negate())


def _maximum(layer: KerasLayer) -> Expression:
    return tournament(layer.builder, layer.inputs)


def _minimum(layer: KerasLayer) -> Expression:
    negated = [x.negate() for x in layer.inputs]
    return tournament(layer.builder, negated).negate()


def _mean(layer: KerasLayer) -> Expression:
    return layer.builder.scale(_add(layer), 1.0 / len(layer.inputs))


def _permute(layer: KerasLayer) -> Expression:
    x = layer.inputs[0]
    return x.select(x.positions().transpose([int(a) - 1 for a in layer.config["dims"]]))


def _spatial_axes(layer: KerasLayer, count: int) -> range:
    """The axes of a picture that are not its channels."""
    x, last = layer.inputs[0], layer.config.get("data_format") != "channels_first"
    if len(x.shape) != count + 1:
        raise ValueError(f"its settings for {count} axes meet shape {x.shape}")
    return range(count) if last else range(1, count + 1)


def _up_sampling(layer: KerasLayer) -> Expression:
    if layer.config.get("interpolation", "nearest") != "nearest":
        raise ValueError("only interpolation by the nearest neighbor is read")
    x, size = layer.inputs[0], layer.config["size"]
    sizes = [int(n) for n in (size if isinstance(size, list) else [size])]
    if min(sizes) < 1:
        raise ValueError(f"its size is {sizes}")
    layer.builder.limit(x.size * math.prod(sizes))
    index = x.positions()
    for axis, times in zip(_spatial_axes(layer, len(sizes)), sizes, strict=True):
        index = index.repeat(times, axis)
    return x.select(index)


def _cropping(layer: KerasLayer) -> Expression:
    x, cuts = layer.inputs[0], layer.config["cropping"]
    pairs = [cuts] if not isinstance(cuts[0], list) else cuts
    index = x.positions()
    for axis, (a, b) in zip(_spatial_axes(layer, len(pairs)), pairs, strict=True):
        index = np.moveaxis(np.moveaxis(index, axis, 0)[a : -b or None], 0, axis)
    if not index.size:
        raise ValueError(f"its cropping {pairs} leaves nothing")
    return x.select(index)


def _concatenate(layer: KerasLayer) -> Expression:
    axis = int(layer.config.get("axis", -1))
    if axis == 0:
        raise ValueError("it joins samples of a batch")
    layer.builder.limit(sum(x.size for x in layer.inputs))
    return concatenate(layer.inputs, axis if axis < 0 else axis - 1)


def _zero_padding(layer: KerasLayer) -> Expression:
    x, width = layer.inputs[0], layer.config["padding"]
    width = [tuple(p) for p in (width if isinstance(width[0], list) else [width])]
    last = layer.config.get("data_format") != "channels_first"
    width = [*width, (0, 0)] if last else [(0, 0), *width]
    if len(width) != len(x.shape):
        raise ValueError(f"padding {width} meets shape {x.shape}")
    sizes = [n + sum(w) for n, w in zip(x.shape, width, strict=True)]
    layer.builder.limit(math.prod(sizes))
    return x.select(np.pad(x.positions(), width, constant_values=-1))


LAYERS: dict[str, Callable[[KerasLayer], Expression]] = {
    "Activation": _same,
    "ActivityRegularization": _same,
    "Add": _add,
    "Average": _mean,
    "AveragePooling1D": _average_pool,
    "AveragePooling2D": _average_pool,
    "BatchNormalization": _batch_norm,
    "Concatenate": _concatenate,
    "Conv1D": _conv,
    "Conv2D": _conv,
    "Cropping1D": _cropping,
    "Cropping2D": _cropping,
    "Dense": _dense,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "Dropout": _same,
    "Flatten": _flatten,
    "GaussianDropout": _same,
    "GaussianNoise": _same,
    "GlobalAveragePooling1D": _global_pool,
    "GlobalAveragePooling2D": _global_pool,
    "GlobalMaxPooling1D": _global_pool,
    "GlobalMaxPooling2D": _global_pool,
    "LeakyReLU": _leaky_relu,
    "MaxPooling1D": _max_pool,
    "MaxPooling2D": _max_pool,
    "Maximum": _maximum,
    "Minimum": _minimum,
    "Normalization": _normalization,
    "PReLU": _prelu,
    "Permute": _permute,
    "ReLU": _relu,
    "Rescaling": _rescale,
    "Reshape": _reshape,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    "Softmax": _same,
    "SpatialDropout1D": _same,
    "SpatialDropout2D": _same,
    "Subtract": _subtract,
    "UpSampling1D": _up_sampling,
    "UpSampling2D": _up_sampling,
    "ZeroPadding1D": _zero_padding,
    "ZeroPadding2D": _zero_padding,
}
"""The layers that can be read; each gives its output before its activation."""
