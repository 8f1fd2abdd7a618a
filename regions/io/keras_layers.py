"""What each Keras layer does to an expression, and its activation after it."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.io import keras_windows
from regions.io.graph import Expression
from regions.io.keras_layer import KerasLayer
from regions.io.spatial import (
    concatenate,
    normalize,
    tournament,
)

FINAL_ACTIVATIONS = ("softmax", "sigmoid", "log_softmax", "tanh")
"""Activations that are left out at the output and refused elsewhere."""


def activate(layer: KerasLayer, result: Expression, name: str) -> Expression:
    """`result` through a named activation."""
    if name == "linear":
        return result
    if name == "relu":
        return layer.builder.kink(result, 0.0)
    if name == "relu6":
        return layer.builder.clip(result, 0.0, 6.0)
    if name == "hard_tanh":
        return layer.builder.clip(result, -1.0, 1.0)
    if name == "hard_sigmoid":
        return _hard_sigmoid(layer, result)
    if name == "leaky_relu":
        return layer.builder.kink(result, float(np.float32(0.2)))
    if name in ("ReLU", "LeakyReLU"):  # a layer in the place of a function
        config = layer.config["activation"]["config"]
        inner = dataclasses.replace(
            layer, kind=name, config=config, inputs=[result], weights=[]
        )
        return LAYERS[name](inner)
    raise ValueError(f"its activation {name!r} is not piecewise affine here")


def _hard_sigmoid(layer: KerasLayer, x: Expression) -> Expression:
    """What the name stands for in the version that wrote the model."""
    if layer.version is None:
        raise ValueError(
            "hard_sigmoid is one function in Keras 2 and another in Keras 3, and "
            "the file does not say which of them wrote it"
        )
    if layer.version < 3:
        scaled = layer.builder.scale(x, float(np.float32(0.2)), 0.5)
        return layer.builder.clip(scaled, 0.0, 1.0)
    clipped = layer.builder.clip(layer.builder.shift(x, 3.0), 0.0, 6.0)
    return layer.builder.scale(clipped, 1.0 / 6.0)


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
        x = keras_windows.channels(x, first=False)
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
    "AveragePooling1D": keras_windows.average_pool,
    "AveragePooling2D": keras_windows.average_pool,
    "BatchNormalization": _batch_norm,
    "Concatenate": _concatenate,
    "Conv1D": keras_windows.conv,
    "Conv1DTranspose": keras_windows.conv_transposed,
    "Conv2D": keras_windows.conv,
    "Conv2DTranspose": keras_windows.conv_transposed,
    "Cropping1D": _cropping,
    "Cropping2D": _cropping,
    "Dense": _dense,
    "DepthwiseConv1D": keras_windows.depthwise,
    "DepthwiseConv2D": keras_windows.depthwise,
    "Dropout": _same,
    "Flatten": _flatten,
    "GaussianDropout": _same,
    "GaussianNoise": _same,
    "GlobalAveragePooling1D": keras_windows.global_pool,
    "GlobalAveragePooling2D": keras_windows.global_pool,
    "GlobalMaxPooling1D": keras_windows.global_pool,
    "GlobalMaxPooling2D": keras_windows.global_pool,
    "LeakyReLU": _leaky_relu,
    "MaxPooling1D": keras_windows.max_pool,
    "MaxPooling2D": keras_windows.max_pool,
    "Maximum": _maximum,
    "Minimum": _minimum,
    "Normalization": _normalization,
    "PReLU": _prelu,
    "Permute": _permute,
    "ReLU": _relu,
    "Rescaling": _rescale,
    "Reshape": _reshape,
    "SeparableConv1D": keras_windows.separable,
    "SeparableConv2D": keras_windows.separable,
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
