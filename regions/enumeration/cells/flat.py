"""Networks of one shape on a domain in flat arrays.

An affine form on a cell is its value `a s_0 + b s_1 + c` in the coordinates of `frame`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, UInt8

from regions.compiled import LANES
from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.chart_rests import (
    FEW_LAYERS,
    REST_ERROR,
    chart_rests,
)
from regions.enumeration.cells.frame import frame_of
from regions.enumeration.cells.structure import common_zeros
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import SMALLEST, UNIT_ROUNDOFF, chart_rounding

LARGEST_EXPONENT = 300
"""Forms with larger or smaller powers of two are not told to be exact."""
NO_BIT = -1


class FlatNetwork(NamedTuple):
    """What the loops read of a network on a domain; they never write it.

    In a stack of networks of one shape, the arrays up to `added` and those from `rests`
    on have an axis more, the first one, for the networks.

    Attributes:
        weights: Transposed matrices, row after row, each row filled up with zeros to
            `room`, a multiple of `LANES`.
        bias: Biases, `(layers, room)`, filled up with ones.
        slopes: Slopes below zero, `(layers, room)`.
        bit: Place of each unit's bit in a pattern, `NO_BIT` without a kink.
        exact_limit: Forms of a layer whose terms add up to no more are exact, if those
            that they read are: all partial sums are multiples of one power of two, and
            less than 2^53 times as large.
        slope_limit: The same for the products of its forms and slopes.
        added: What underflow and the rounding of the chart add to a form, per layer.
        blocks: Source, start in `weights` and fan-in of every block.
        first_block: First block of each layer, and the number of blocks.
        widths: Units of each layer.
        gamma: Relative error of the sums of each layer.
        middle: Middle of the domain, as in `frame.Frame`, like all that follow.
        scale: Powers of two, at least half the domain's sides.
        inputs: The coordinates t as forms.
        facets: Inward rows of the domain.
        ring: Facet from each corner of the domain to the next.
        rests: What rounding took from rows, then biases, composed with the chart.
        pair_added: As `added`, when the rests are there.
        leader: For each unit the first of its layer that is zero where it is.
        unbiased: Units that are zero where all chart coordinates are.
    """

    weights: Float64[np.ndarray, "*networks entries"]
    bias: Float64[np.ndarray, "*networks layers room"]
    slopes: Float64[np.ndarray, "*networks layers room"]
    bit: Int[np.ndarray, "*networks layers room"]
    exact_limit: Float64[np.ndarray, "*networks layers"]
    slope_limit: Float64[np.ndarray, "*networks layers"]
    added: Float64[np.ndarray, "*networks layers"]
    blocks: Int[np.ndarray, "blocks 3"]
    first_block: Int[np.ndarray, " layers_plus_1"]
    widths: Int[np.ndarray, " layers"]
    gamma: Float64[np.ndarray, " layers"]
    middle: Float64[np.ndarray, " dim"]
    scale: Float64[np.ndarray, " dim"]
    inputs: Float64[np.ndarray, "5 dim"]
    facets: Float64[np.ndarray, "facets 5"]
    ring: Int[np.ndarray, " corners"]
    rests: Float64[np.ndarray, "*networks layers 3 room"]
    pair_added: Float64[np.ndarray, "*networks layers"]
    leader: Int[np.ndarray, "*networks layers room"]
    unbiased: UInt8[np.ndarray, "*networks layers room"]


def member(stack, k):
    """Network number k of a stack; compiled code calls this, too."""
    return FlatNetwork(
        stack.weights[k],
        stack.bias[k],
        stack.slopes[k],
        stack.bit[k],
        stack.exact_limit[k],
        stack.slope_limit[k],
        stack.added[k],
        stack.blocks,
        stack.first_block,
        stack.widths,
        stack.gamma,
        stack.middle,
        stack.scale,
        stack.inputs,
        stack.facets,
        stack.ring,
        stack.rests[k],
        stack.pair_added[k],
        stack.leader[k],
        stack.unbiased[k],
    )


def flatten(network: ReluNetwork, domain: BoundedDomain) -> FlatNetwork:
    """The arrays of a network on a plane domain."""
    return member(stack_networks([network], domain), 0)


def shape_of(network: ReluNetwork) -> tuple[tuple[int, ...], ...]:
    """What networks must have in common to be stacked: widths, and what is read."""
    return tuple(
        (layer.width, layer.weight.shape[1], *(source for source, _ in layer.skips))
        for layer in network.hidden
    )


@np.errstate(all="ignore")
def stack_networks(
    networks: Sequence[ReluNetwork], domain: BoundedDomain
) -> FlatNetwork:
    """The arrays of networks of one shape on a plane domain."""
    frame = frame_of(domain)
    restricted = [domain.restrict(network) for network in networks]
    charts = [network.hidden for network in restricted]
    layers, number = charts[0], len(charts)
    room = max([2, *(-(-layer.width // LANES) * LANES for layer in layers)])
    shape = number, len(layers), room
    bias, slopes = np.zeros(shape), np.zeros(shape)
    has_kink = np.zeros(shape, bool)
    for index, layer in enumerate(layers):
        width = layer.width
        own = [chart[index] for chart in charts]
        bias[:, index, :width] = _joined([layer.bias for layer in own])
        slopes[:, index, :width] = _joined([layer.slopes for layer in own])
        has_kink[:, index, :width] = slopes[:, index, :width] != 1.0
    bit = np.cumsum(has_kink.reshape(number, -1), axis=1).reshape(shape) - 1
    bit[~has_kink] = NO_BIT
    blocks, first_block, weights, matrices = _blocks(charts, room)
    terms = np.array([sum(m.shape[1] for m in read.values()) for read in matrices])
    roundings = np.zeros((2, number, len(layers)))
    if not domain.is_chart_identity:
        each = [chart_rounding(network, domain) for network in networks]
        roundings[:] = np.array(each).transpose(1, 0, 2)
    rows, offsets = roundings
    rests, share = np.zeros((number, len(layers), 3, room)), 1.0
    if len(layers) > FEW_LAYERS and not domain.is_chart_identity:
        share = REST_ERROR * (domain.ambient_dim + 4)
        for k, (network, chart) in enumerate(zip(networks, restricted, strict=True)):
            for index, rest in enumerate(chart_rests(network, chart, domain)):
                rests[k, index, :, : len(rest)] = rest.T
    size = float(np.abs(frame.scale).max() + np.abs(frame.middle).max())
    is_exact = (rows == 0.0) & (offsets == 0.0)
    limits = _exact_limits(bias, slopes, matrices, is_exact, frame)
    leader, free = np.zeros_like(bit), np.zeros(shape, np.uint8)
    given = matrices if domain.is_chart_identity else None
    for index, (first, zero) in enumerate(common_zeros(networks, domain, given)):
        leader[:, index, : first.shape[1]] = first
        free[:, index, : first.shape[1]] = zero
    underflow = 64.0 * (terms + domain.ambient_dim + 4) * SMALLEST
    for index, layer in enumerate(layers):
        # Where zeros add up to nothing but `added`, sums are too small to be fast.
        bias[:, index, layer.width :] = 1.0
    return FlatNetwork(
        weights,
        bias,
        slopes,
        bit,
        *limits,
        2.0 * (rows * size + offsets) + underflow,
        blocks,
        first_block,
        np.array([layer.width for layer in layers], np.int64),
        1.01 * (terms + 3) * UNIT_ROUNDOFF,
        *frame,
        rests,
        2.0 * share * (rows * size + offsets) + underflow,
        leader,
        free,
    )


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays of one shape, stacked; `np.stack` takes a microsecond for each."""
    if len(arrays) == 1:
        return arrays[0][None]
    return np.concatenate(arrays).reshape(len(arrays), *arrays[0].shape)


def _blocks(
    charts: list[tuple[Layer, ...]], room: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[int, np.ndarray]]]:
    """Blocks, the first one of each layer, all weights, and matrices by their source.

    Matrices have an axis for the networks.
    """
    blocks, first_block, matrices, start = [], [0], [], 0
    for index, layer in enumerate(charts[0]):
        every = [chart[index].blocks(index) for chart in charts]
        read = {}
        for place, (source, matrix) in enumerate(layer.blocks(index)):
            read[source] = _joined([pairs[place][1] for pairs in every])
            blocks.append((source, start, matrix.shape[1]))
            start += matrix.shape[1] * room
        matrices.append(read)
        first_block.append(len(blocks))
    weights, places = np.zeros((len(charts), start)), iter(blocks)
    for read in matrices:
        for matrix in read.values():
            _, begin, fan_in = next(places)
            part = weights[:, begin : begin + fan_in * room]
            turned = part.reshape(len(charts), fan_in, room)
            turned[:, :, : matrix.shape[1]] = matrix.swapaxes(1, 2)
    return (
        np.array(blocks, np.int64).reshape(-1, 3),
        np.array(first_block, np.int64),
        weights,
        matrices,
    )


def _exact_limits(
    bias: np.ndarray,
    slopes: np.ndarray,
    matrices: list[dict[int, np.ndarray]],
    is_exact: np.ndarray,
    frame: tuple[np.ndarray, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """2^53 times the power of two of which all terms of a layer are multiples.

    The second holds it for the products with the slopes. One row per network.
    """
    number, layers = is_exact.shape
    start = min(int(_grains(part[None])[0]) for part in frame[:2])
    held = [np.full(number, start)]
    limits, slope_limits = np.zeros((2, number, layers))
    # Zeros that fill up rows are multiples of everything.
    bias_grains = _grains(bias.reshape(number * layers, -1)).reshape(number, layers)
    slope_grains = _grains(slopes.reshape(number * layers, -1)).reshape(number, layers)
    for index, read in enumerate(matrices):
        grain = bias_grains[:, index]
        for source, matrix in read.items():
            terms = held[source] + _grains(matrix.reshape(number, -1))
            grain = np.minimum(grain, terms)
        fits = is_exact[:, index] & (abs(grain) <= LARGEST_EXPONENT - 60)
        limits[fits, index] = np.ldexp(1.0, 53 + grain[fits])
        after = grain + np.minimum(0, slope_grains[:, index])
        held.append(after)
        fits &= after >= -LARGEST_EXPONENT
        slope_limits[fits, index] = np.ldexp(1.0, 53 + after[fits])
    return limits, slope_limits


def _grains(values: np.ndarray) -> np.ndarray:
    """Exponent of the largest power of two of which all values of a row are multiples.

    Large for zeros.
    """
    mantissa, exponent = np.frexp(values)
    # Rows of numbers that are not finite are multiples of nothing: limits of other
    # arrays hold them to be inexact.
    whole = np.ldexp(np.abs(mantissa), 53).astype(np.int64)
    lowest = np.frexp((whole & -whole).astype(float))[1] - 1
    some = np.isfinite(values) & (values != 0.0)
    grains = np.where(some, exponent.astype(np.int64) - 53 + lowest, LARGEST_EXPONENT)
    return grains.min(axis=1, initial=LARGEST_EXPONENT)
