"""Zeros that follow from the weights alone: equal rows, and units without a bias.

Networks that are quantized, tied or made by hand have many of them, and no float
decides them. Arrays have an axis for networks of one shape.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import Domain
from regions.enumeration.cells.zeros import BIASED, INPUT, NOTHING
from regions.network import Layer, ReluNetwork

Matrices = dict[int, np.ndarray]
"""What a layer reads, by its source, each `(networks, width, fan_in)`."""


def common_zeros(
    networks: Sequence[ReluNetwork],
    domain: Domain,
    read: Sequence[Matrices] | None = None,
    *,
    by_layer: bool = False,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """By layer, what `leaders` and `unbiased` say of its units.

    Args:
        networks: Networks of one shape.
        domain: The domain: the origin that counts is that of its chart.
        read: What their layers read, if it is at hand, as they are given: composed
            with a chart rows are rounded.
        by_layer: Say what units add to what they read of other units, by the names in
            `zeros`: which of these vanish is told on each cell.
    """
    layers = [[network.hidden[k] for network in networks] for k in _layers(networks)]
    if read is None:
        read = [_matrices(own, index) for index, own in enumerate(layers)]
    biases = [joined([layer.bias for layer in own]) for own in layers]
    twins = _have_twins(read)
    has_zeros = not np.concatenate([bias.ravel() for bias in biases]).all()
    centered = domain.is_chart_identity or not any(domain.rational_chart()[0])
    first: np.ndarray = np.full((len(networks), domain.ambient_dim), centered)
    before = [first]
    found = []
    for own, bias, alike in zip(read, biases, twins, strict=True):
        free = unbiased(own, bias, before) if has_zeros else np.zeros(bias.shape, bool)
        before.append(np.ones_like(free) if by_layer else free)
        if by_layer:
            free = np.where(free, np.where(_reads(own), INPUT, NOTHING), BIASED)
        found.append((leaders(own, bias) if alike else _alone(bias), free))
    return found


def _reads(read: Matrices) -> Bool[np.ndarray, "networks width"] | bool:
    """Which units of a layer read the input."""
    return (read[0] != 0.0).any(axis=2) if 0 in read else False


def _layers(networks: Sequence[ReluNetwork]) -> range:
    """Numbers of the hidden layers."""
    return range(len(networks[0].hidden))


def _matrices(layers: list[Layer], index: int) -> Matrices:
    """What a layer reads."""
    blocks = [dict(layer.blocks(index)) for layer in layers]
    return {source: joined([b[source] for b in blocks]) for source in blocks[0]}


def _have_twins(read: Sequence[Matrices]) -> list[bool]:
    """Which layers may have units with the same row, up to a power of two and a sign.

    Such rows have the same digits in their first entries, which few others have.
    """
    firsts = [next(iter(own.values()))[..., 0] for own in read]
    # NaN is not equal to itself.
    shape = len(firsts), len(firsts[0]), max(first.shape[1] for first in firsts)
    keys = np.full(shape, np.nan)
    for key, first in zip(keys, firsts, strict=True):
        key[:, : first.shape[1]] = first
    return [bool(of.any()) for of in _has_twice(np.abs(np.frexp(keys)[0]))]


def joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays of one shape, stacked; `np.stack` takes a microsecond for each."""
    if len(arrays) == 1:
        return arrays[0][None]
    return np.concatenate(arrays).reshape(len(arrays), *arrays[0].shape)


def leaders(
    read: Matrices, bias: Float64[np.ndarray, "networks width"]
) -> Int[np.ndarray, "networks width"]:
    """For each unit of a layer the first one with the same row.

    Rows and biases are the same up to a power of two and a sign: such units are zero
    together.

    Example:
        >>> rows = np.array([[[1.0, 2.0], [-2.0, -4.0], [1.0, 3.0]]])
        >>> leaders({0: rows}, np.zeros((1, 3)))
        array([[0, 0, 2]])
    """
    first = _alone(bias)
    rows = np.concatenate([*read.values(), bias[..., None]], axis=2)
    steep = np.abs(rows)
    exponent = np.frexp(steep.max(axis=2))[1]
    # Sums in one order: equal rows have equal ones.
    scaled = np.ldexp(steep, -exponent[..., None])
    key = (scaled * np.linspace(1.0, 2.0, rows.shape[2])).sum(axis=2)
    for k in np.flatnonzero(_has_twice(key)).tolist():
        seen: dict[float, list[int]] = {}
        for j, name in enumerate(key[k].tolist()):
            alike = seen.setdefault(name, [])
            for i in alike:
                if _is_multiple(
                    rows[k, i], rows[k, j], exponent[k, j] - exponent[k, i]
                ):
                    first[k, j] = i
                    break
            else:
                alike.append(j)
    return first


def _alone(
    bias: Float64[np.ndarray, "networks width"],
) -> Int[np.ndarray, "networks width"]:
    """Leaders where no two rows are the same."""
    first = np.empty(bias.shape, np.int64)
    first[:] = np.arange(bias.shape[1])
    return first


def _is_multiple(row: np.ndarray, other: np.ndarray, shift: np.integer) -> bool:
    """Whether a row times a power of two, or its negative, is another one, exactly."""
    moved = np.ldexp(row, shift)
    exact = bool((np.ldexp(moved, -shift) == row).all())
    return exact and bool((other == moved).all() or (other == -moved).all())


def _has_twice(
    keys: Float64[np.ndarray, "*networks width"],
) -> Bool[np.ndarray, "*networks"]:
    """Which networks have a number more than once."""
    ordered = np.sort(keys, axis=-1)
    return (ordered[..., 1:] == ordered[..., :-1]).any(axis=-1)


def unbiased(
    read: Matrices,
    bias: Float64[np.ndarray, "networks width"],
    before: list[np.ndarray],
) -> Bool[np.ndarray, "networks width"]:
    """Which units of a layer are zero where all coordinates are.

    Args:
        read: What the layer reads.
        bias: Its biases.
        before: The same of the input, then of the layers before, each `(networks,
            units)`.
    """
    zero = bias == 0.0
    if zero.any():
        for source, matrix in read.items():
            biased = (matrix != 0.0) & ~before[source][:, None]
            zero &= ~biased.any(axis=2)
    return zero
