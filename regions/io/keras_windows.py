"""What slides over a picture in Keras: convolutions and pooling.

Keras keeps channels last; convolution and pooling here want them first, so their input
and output are transposed, which moves entries and computes nothing.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from regions.io import spatial
from regions.io.graph import Expression
from regions.io.keras_layer import KerasLayer
from regions.io.spatial import Window, convolve, convolve_transposed


def channels(x: Expression, *, first: bool) -> Expression:
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

    def slide(x: Expression, plain: Window) -> Expression:
        if layer.config.get("padding", "valid") == "valid":
            return apply(x, plain)
        steps, dilations = plain.strides, plain.dilations
        return apply(x, Window.same(x.shape[1:], kernel, steps, dilations))

    return _channels_first(layer, kernel, strides, slide)


def _channels_first(
    layer: KerasLayer,
    kernel: tuple[int, ...],
    strides: list[int],
    apply: Callable[[Expression, Window], Expression],
) -> Expression:
    """A window without padding over a tensor of either channel order, checked."""
    x, last = layer.inputs[0], layer.config.get("data_format") != "channels_first"
    x = channels(x, first=True) if last else x
    steps, ones = tuple(int(s) for s in strides), (1,) * len(kernel)
    dilations = tuple(int(d) for d in layer.config.get("dilation_rate", ones))
    if len(x.shape) != len(kernel) + 1 or min(*kernel, *steps, *dilations) < 1:
        raise ValueError(f"a kernel of shape {kernel} meets shape {x.shape}")
    padding = layer.config.get("padding", "valid")
    if padding not in ("same", "valid"):
        raise ValueError(f"padding {padding!r} is not read")
    zeros = (0,) * len(kernel)
    result = apply(x, Window(kernel, steps, zeros, zeros, dilations))
    return channels(result, first=False) if last else result


def conv(layer: KerasLayer) -> Expression:
    """A convolution."""
    biased = layer.config.get("use_bias", True)
    kernel, *bias = layer.variables(2 if biased else 1)
    weight = np.moveaxis(kernel, (-1, -2), (0, 1))
    groups = int(layer.config.get("groups", 1))

    def apply(x: Expression, window: Window) -> Expression:
        shift = bias[0] if bias else None
        return convolve(layer.builder, x, weight, shift, window, groups)

    return _windowed(layer, weight.shape[2:], layer.config["strides"], apply)


def conv_transposed(layer: KerasLayer) -> Expression:
    """The transpose of a convolution."""
    biased = layer.config.get("use_bias", True)
    kernel, *bias = layer.variables(2 if biased else 1)
    weight = np.moveaxis(kernel, (-1, -2), (0, 1))
    sizes = weight.shape[2:]
    given = layer.config.get("output_padding")
    given = given if isinstance(given, list) else [given] * len(sizes)

    def apply(x: Expression, window: Window) -> Expression:
        reach = [d * (k - 1) for k, d in zip(sizes, window.dilations, strict=True)]
        same = layer.config.get("padding", "valid") == "same"
        margins = [
            _margins(r, s, None if e is None else int(e), same=same)
            for r, s, e in zip(reach, window.strides, given, strict=True)
        ]
        before = tuple(r - a for r, (a, _) in zip(reach, margins, strict=True))
        after = tuple(max(r - b, 0) for r, (_, b) in zip(reach, margins, strict=True))
        extra = [max(b - r, 0) for r, (_, b) in zip(reach, margins, strict=True)]
        cut = dataclasses.replace(window, before=before, after=after)
        shift = bias[0] if bias else None
        return convolve_transposed(layer.builder, x, weight, shift, cut, extra)

    return _channels_first(layer, sizes, layer.config["strides"], apply)


def _margins(
    reach: int, stride: int, extra: int | None, *, same: bool
) -> tuple[int, int]:
    """How far the result of a transposed convolution reaches beyond its input.

    Args:
        reach: Size of the kernel less one.
        stride: Stride of the convolution.
        extra: The layer's own padding of the output, or None.
        same: Whether the result has the size of the input times the stride.

    Returns:
        Positions at the start and at the end of an axis; `reach` each is all.
    """
    if not same:
        return reach, reach + (max(stride - reach - 1, 0) if extra is None else extra)
    total = reach - 1 + (stride if extra is None else (reach + 1) % 2 + extra)
    start = min((total + 1) // 2, reach)
    return start, total - start


def depthwise(layer: KerasLayer) -> Expression:
    """A convolution of each channel by itself."""
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


def separable(layer: KerasLayer) -> Expression:
    """A depthwise convolution, and one of single points."""
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
    return lambda x, w: spatial.average_pool(layer.builder, x, w, count_padding=False)


def _largest(layer: KerasLayer) -> Callable[[Expression, Window], Expression]:
    return lambda x, w: spatial.max_pool(layer.builder, x, w)


def average_pool(layer: KerasLayer) -> Expression:
    """The mean over each window, of what lies in the picture."""
    return _pool(layer, _average(layer))


def max_pool(layer: KerasLayer) -> Expression:
    """The largest of each window."""
    return _pool(layer, _largest(layer))


def global_pool(layer: KerasLayer) -> Expression:
    """The mean, or the largest, of all of each channel."""
    shape = layer.inputs[0].shape
    last = layer.config.get("data_format") != "channels_first"
    kernel = shape[:-1] if last else shape[1:]
    maximum = layer.kind.startswith("GlobalMax")
    pool = (
        (lambda x, w: spatial.max_pool(layer.builder, x, w))
        if maximum
        else _average(layer)
    )
    result = _windowed(layer, kernel, [1] * len(kernel), pool)
    kept = layer.config.get("keepdims", False)
    return result if kept else result.reshape((result.size,))
