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
from regions.enumeration.cells.structure import common_zeros, joined
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
        unbiased: What units add to what they read of others, by the names in `zeros`.
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
    facets: Float64[np.ndarray, "facets 6"]
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
        bias[:, index, :width] = joined([layer.bias for layer in own])
        slopes[:, index, :width] = joined([layer.slopes for layer in own])
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
    start = int(_grains(np.concatenate(frame[:2])).min())
    each_block = blocks.tolist(), first_block.tolist()
    limits = _exact_limits(bias, slopes, weights, *each_block, is_exact, start)
    leader, free = np.zeros_like(bit), np.zeros(shape, np.uint8)
    given = matrices if domain.is_chart_identity else None
    zeros = common_zeros(networks, domain, given, by_layer=True)
    for index, (first, zero) in enumerate(zeros):
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
            read[source] = joined([pairs[place][1] for pairs in every])
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
    weights: np.ndarray,
    blocks: list[list[int]],
    first_block: list[int],
    is_exact: np.ndarray,
    start: int,
) -> tuple[np.ndarray, np.ndarray]:
    """2^53 times the power of two of which all terms of a layer are multiples.

    The second holds it for the products with the slopes. One row per network.

    Args:
        bias: As in `FlatNetwork`, but filled up with zeros, multiples of everything.
        slopes: As there, like all that follow.
        weights: All matrices.
        blocks: Source, start and fan-in.
        first_block: First of each layer.
        is_exact: Which layers were not rounded.
        start: Exponent of that power of two for the coordinates.
    """
    number, layers = is_exact.shape
    own = _grains(np.concatenate([bias, slopes], axis=1)).min(axis=2)
    grains, of_slopes = own[:, :layers], np.minimum(0, own[:, layers:])
    begins = [begin for _, begin, _ in blocks]
    of_blocks = np.minimum.reduceat(_grains(weights), begins, axis=1)
    held = [np.full(number, start)]
    for layer in range(layers):
        grain = grains[:, layer]
        for n in range(first_block[layer], first_block[layer + 1]):
            np.minimum(grain, held[blocks[n][0]] + of_blocks[:, n], out=grain)
        held.append(grain + of_slopes[:, layer])
    limits, slope_limits = np.zeros((2, number, layers))
    fits = is_exact & (abs(grains) <= LARGEST_EXPONENT - 60)
    limits[fits] = np.ldexp(1.0, 53 + grains[fits])
    after = grains + of_slopes
    fits &= after >= -LARGEST_EXPONENT
    slope_limits[fits] = np.ldexp(1.0, 53 + after[fits])
    return limits, slope_limits


def _grains(
    values: Float64[np.ndarray, "*shape"],
) -> Int[np.ndarray, "*shape"]:
    """Exponent of the largest power of two of which each value is a multiple.

    Large for zeros; so it is for numbers that are not finite, which are multiples of
    nothing: limits of other arrays hold them to be inexact.
    """
    bits = np.ascontiguousarray(values).view(np.int64) & (2**63 - 1)
    exponent, digits = bits >> 52, bits & (2**52 - 1)
    # All but the smallest have a digit more.
    digits += (exponent != 0).astype(np.int64) << 52
    lowest = (digits & -digits).astype(np.float64).view(np.int64) >> 52
    grains = np.maximum(exponent, 1) + lowest - (1075 + 1023)
    np.minimum(grains, LARGEST_EXPONENT, out=grains)
    grains[(bits == 0) | (exponent == 2047)] = LARGEST_EXPONENT
    return grains
