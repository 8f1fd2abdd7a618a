"""A network and its domain in flat arrays, in coordinates of the size of the domain.

Chart coordinates are `t = middle + scale * s` with `scale` powers of two, so that the
domain lies in |s| <= 1 and what is exact in t is exact in s. An affine form on a cell
is its value `a s_0 + b s_1 + c`.
"""

import itertools
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.domains.simple_polytope import SimplePolytope
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import SMALLEST, UNIT_ROUNDOFF, chart_rounding

LANES = 8
"""The units of a layer are filled up to a multiple of these, by zeros."""
LARGEST_EXPONENT = 300
"""Forms with larger or smaller powers of two are not told to be exact."""
NO_BIT = -1


class FlatNetwork(NamedTuple):
    """What the loops read of a network on a domain; they never write it.

    Attributes:
        weights: Transposed matrices, row after row, each row filled up with zeros.
        blocks: Source, start in `weights` and fan-in of every block.
        first_block: First block of each layer, and the number of blocks.
        widths: Units of each layer.
        bias: Biases, `(layers, room)`.
        slopes: Slopes below zero, `(layers, room)`.
        bit: Place of each unit's bit in a pattern, `NO_BIT` without a kink.
        exact_limit: Forms of a layer whose terms add up to no more are exact, if those
            that they read are: all partial sums are multiples of one power of two, and
            less than 2^53 times as large.
        slope_limit: The same for the products of its forms and slopes.
        slack: What underflow and the rounding of the chart add to a form, per layer.
        gamma: Relative error of the sums of each layer.
        inputs: `a, b, c, error, size` of the coordinates t, `(5, dim)`.
        facets: Inward rows of the domain, `(facets, 5)`: `a, b, c, error, exact`.
        ring: Facet from each corner of the domain to the next, counterclockwise or not.
        middle: Middle of the domain.
        scale: Powers of two, at least half the domain's sides.
    """

    weights: Float64[np.ndarray, " entries"]
    blocks: Int[np.ndarray, "blocks 3"]
    first_block: Int[np.ndarray, " layers_plus_1"]
    widths: Int[np.ndarray, " layers"]
    bias: Float64[np.ndarray, "layers room"]
    slopes: Float64[np.ndarray, "layers room"]
    bit: Int[np.ndarray, "layers room"]
    exact_limit: Float64[np.ndarray, " layers"]
    slope_limit: Float64[np.ndarray, " layers"]
    slack: Float64[np.ndarray, " layers"]
    gamma: Float64[np.ndarray, " layers"]
    inputs: Float64[np.ndarray, "5 dim"]
    facets: Float64[np.ndarray, "facets 5"]
    ring: Int[np.ndarray, " corners"]
    middle: Float64[np.ndarray, " dim"]
    scale: Float64[np.ndarray, " dim"]


@np.errstate(all="ignore")
def flatten(network: ReluNetwork, domain: BoundedDomain) -> FlatNetwork:
    """The arrays of a network on a plane domain."""
    chart, polytope = domain.restrict(network), domain.polytope()
    box = domain.chart_box()
    middle, scale = _frame(box.lower, box.upper)
    layers = chart.hidden
    room = max([2, *(-(-layer.width // LANES) * LANES for layer in layers)])
    blocks, weights, first_block = [], [], [0]
    start = 0
    for index, layer in enumerate(layers):
        for source, matrix in layer.blocks(index):
            turned = np.zeros((matrix.shape[1], room))
            turned[:, : layer.width] = matrix.T
            blocks.append((source, start, len(turned)))
            weights.append(turned.ravel())
            start += turned.size
        first_block.append(len(blocks))
    bits = itertools.count()
    bit = np.full((len(layers), room), NO_BIT, np.int64)
    for index, layer in enumerate(layers):
        for unit in np.flatnonzero(layer.kinks):
            bit[index, unit] = next(bits)
    rows, offsets = chart_rounding(network, domain)
    size = float(np.abs(scale).max() + np.abs(middle).max())
    terms = [sum(m.shape[1] for _, m in h.blocks(k)) for k, h in enumerate(layers)]
    slack = [
        2.0 * (row * size + offset) + 64.0 * (n + 4) * SMALLEST
        for row, offset, n in zip(rows, offsets, terms, strict=True)
    ]
    is_exact = [
        row == 0.0 and offset == 0.0 for row, offset in zip(rows, offsets, strict=True)
    ]
    limits, slope_limits = _exact_limits(layers, middle, scale, is_exact)
    return FlatNetwork(
        weights=np.concatenate([np.zeros(0), *weights]),
        blocks=np.array(blocks, np.int64).reshape(-1, 3),
        first_block=np.array(first_block, np.int64),
        widths=np.array([layer.width for layer in layers], np.int64),
        bias=_filled([layer.bias for layer in layers], room),
        slopes=_filled([layer.slopes for layer in layers], room),
        bit=bit,
        exact_limit=limits,
        slope_limit=slope_limits,
        slack=np.array(slack),
        gamma=np.array([1.01 * (n + 3) * UNIT_ROUNDOFF for n in terms]),
        inputs=_inputs(middle, scale),
        facets=_facet_rows(polytope, middle, scale),
        ring=_ring(polytope),
        middle=middle,
        scale=scale,
    )


def _filled(vectors: list[np.ndarray], room: int) -> np.ndarray:
    """Vectors as rows, filled up with zeros."""
    table = np.zeros((len(vectors), room))
    for row, vector in zip(table, vectors, strict=True):
        row[: len(vector)] = vector
    return table


def _frame(lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle of a box, and powers of two that are at least half its sides."""
    middle = lower / 2.0 + upper / 2.0
    scale = []
    for low, mid, high in zip(lower, middle, upper, strict=True):
        half = max(Fraction(high) - Fraction(mid), Fraction(mid) - Fraction(low))
        top, bottom = half.as_integer_ratio()
        exponent = top.bit_length() - bottom.bit_length()
        while Fraction(2) ** exponent < half:
            exponent += 1
        scale.append(2.0**exponent)
    return middle, np.array(scale)


def _inputs(middle: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The chart coordinates as forms, which are exact."""
    forms = np.zeros((5, 2))
    forms[[0, 1], [0, 1]] = scale
    forms[2] = middle
    forms[4] = scale + np.abs(middle)
    return forms


def _facet_rows(
    polytope: SimplePolytope, middle: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Rows `b - A t >= 0` of the domain in s, and whether they are exact."""
    rows = np.zeros((len(polytope.b), 5))
    for row, normal, right in zip(rows, polytope.A, polytope.b, strict=True):
        row[:2] = -normal * scale
        exact = Fraction(right) - sum(
            Fraction(float(a)) * Fraction(float(m))
            for a, m in zip(normal, middle, strict=True)
        )
        row[2] = float(exact)
        row[3] = 2.0 * abs(float(exact - Fraction(row[2])))
        tame = np.abs(row[:3][row[:3] != 0.0])
        row[4] = exact == Fraction(row[2]) and bool(
            ((tame > 2.0**-250) & (tame < 2.0**250)).all()
        )
        if not row[4]:
            row[3] += SMALLEST
    return rows


def _ring(polytope: SimplePolytope) -> np.ndarray:
    """The facets of a polygon in cyclic order, each from one corner to the next."""
    edges, facets = polytope.edges, polytope.edge_facets[:, 0]
    at, used, ring = edges[0, 0], set(), []
    while len(ring) < len(edges):
        (edge,) = (
            (e for e in np.flatnonzero((edges == at).any(1))[:2] if e not in used)
            if ring
            else (0,)
        )
        used.add(edge)
        ring.append(facets[edge])
        at = edges[edge].sum() - at
    return np.array(ring, np.int64)


def _exact_limits(
    layers: tuple[Layer, ...],
    middle: np.ndarray,
    scale: np.ndarray,
    is_exact: list[bool],
) -> tuple[np.ndarray, np.ndarray]:
    """2^53 times the power of two of which all terms of a layer are multiples.

    The second holds it for the products with the slopes.
    """
    held = [min(_grain(middle), _grain(scale))]
    limits, slope_limits = np.zeros((2, len(layers)))
    for index, layer in enumerate(layers):
        grain = _grain(layer.bias)
        for source, matrix in layer.blocks(index):
            grain = min(grain, held[source] + _grain(matrix))
        if is_exact[index] and abs(grain) <= LARGEST_EXPONENT - 60:
            limits[index] = 2.0 ** (53 + grain)
        held.append(grain + min(0, _grain(layer.slopes)))
        if limits[index] and held[-1] >= -LARGEST_EXPONENT:
            slope_limits[index] = 2.0 ** (53 + held[-1])
    return limits, slope_limits


def _grain(values: np.ndarray) -> int:
    """Exponent of the largest power of two of which all values are multiples."""
    numbers = np.abs(values[np.isfinite(values) & (values != 0.0)])
    if not numbers.size:
        return LARGEST_EXPONENT
    mantissa, exponent = np.frexp(numbers)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    lowest = np.frexp((whole & -whole).astype(float))[1] - 1
    return int((exponent - 53 + lowest).min())
