"""A network on a domain in flat arrays, and the stack that holds the domain alone."""

import functools
import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.corners import Cell
from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.cells.space.cones import first_cones
from regions.enumeration.cells.space.exact import length_of, nearest_ray
from regions.enumeration.cells.space.hopes import CLASSES
from regions.enumeration.cells.space.positions import LARGE
from regions.enumeration.cells.space.state import (
    AT,
    CANDIDATES,
    CORNERS,
    DIM,
    NEXT_ID,
    RANK,
    TOP,
    Net,
    State,
)
from regions.enumeration.cells.structure import common_zeros
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import chart_rounding

ROOM = 256
"""Corners to make room for at first; all arrays grow when they are full."""
QUESTIONS, ANSWERS, OUTPUT = 1024, 1 << 10, 1024
FLOAT_BITS = 53
MAX_EXPONENT = 900
KEPT = 32
"""Domains whose corners are kept: networks are many, and domains few."""


class Hopes(NamedTuple):
    """What is looked for over the regions of a network.

    Attributes:
        goal: `VALUES`, a norm of Jacobians, or `CLASSES`, as in `hopes.py`.
        layer: The last layer with kinks; of classes that of the network, behind which
            come its outputs, and units that tell the largest of them. A cell on which
            the unit of a class has both signs has its form; on others forms are zero.
        weight: Combinations of the activations of this layer, one a row: those whose
            values are looked for, or the outputs.
        best: For each the largest known value and that of the negative; or, first of
            all, the largest known norm. Of classes there are none.
    """

    goal: int
    layer: int
    weight: np.ndarray
    best: np.ndarray


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def flatten(network: ReluNetwork, domain: Domain) -> Net:
    """The layers, composed with the domain's chart and scaled.

    A domain without end is a cone, and the network has no biases then.
    """
    layers, (A, b) = domain.restrict(network).hidden, domain.rows()
    scale = _scale(layers[0], domain)
    rows, biases = chart_rounding(network, domain)
    row_doubt = np.array(rows) * scale.max()
    turned, at, source, block = [np.zeros(0)], [0], [], [0]
    for index, layer in enumerate(layers):
        for origin, matrix in layer.blocks(index):
            if origin == 0:
                scaled = matrix * scale
                if not (scaled / scale == matrix).all():
                    # Lost to underflow or overflow: nothing is proved in floats.
                    row_doubt[index] = math.inf
                matrix = scaled
            turned.append(matrix.T.ravel())
            at.append(at[-1] + matrix.size)
            source.append(origin)
        block.append(len(source))
    widths = [layer.width for layer in layers]
    first = np.cumsum([0, *widths])
    steep = -A * scale
    facets = np.concatenate([steep, b[:, None]], axis=1)
    facet_grid = np.array([float(_grid(row)) for row in facets])
    # Lost to underflow or overflow: no zero is proved by them.
    facet_grid[~(steep / scale == -A).all(axis=1)] = math.inf
    limits, grid = _exact_limits(layers, scale)
    zeros = common_zeros([network], domain)
    leader = [own[0] for own, _ in zeros]
    return Net(
        turned=np.concatenate(turned),
        at=np.array(at),
        source=np.array(source, np.int64),
        block=np.array(block),
        bias=np.concatenate([layer.bias for layer in layers]),
        slope=np.concatenate([layer.slopes for layer in layers]),
        first=first,
        word=np.cumsum([0, *(-(-width // 64) for width in widths)]),
        place=np.concatenate([[0], domain.dim + first]),
        row_doubt=row_doubt,
        bias_doubt=np.array(biases),
        exact=limits,
        facets=facets,
        scale=scale,
        grid=grid,
        facet_grid=facet_grid,
        leader=np.concatenate([n + own for n, own in zip(first, leader, strict=False)]),
        opposed=np.concatenate(
            [
                _opposed(layer, index, own)
                for index, (layer, own) in enumerate(
                    zip(network.hidden, leader, strict=True)
                )
            ]
        ),
        twins=np.array([int((own != np.arange(len(own))).sum()) for own in leader]),
        # Where all is zero is no ray.
        unbiased=np.concatenate(
            [free[0] & domain.is_bounded for _, free in zeros]
        ).astype(np.int64),
        primes=np.zeros(0, np.int64),
        rest=np.zeros((0, 0), np.int64),
        bias_rest=np.zeros((0, 0), np.int64),
        slope_rest=np.zeros((0, 0), np.int64),
        facet_rest=np.zeros((0, 0, 0), np.int64),
    )


def _opposed(layer: Layer, index: int, leader: np.ndarray) -> np.ndarray:
    """Which units of a layer have the other sign than their leader."""
    blocks = [matrix for _, matrix in layer.blocks(index)]
    signs = np.sign(np.concatenate([*blocks, layer.bias[:, None]], axis=1))
    return (signs != signs[leader]).any(axis=1).astype(np.int64)


def _scale(first: Layer, domain: Domain) -> np.ndarray:
    """Powers of two that make a domain, or the columns of what reads it, of size 1."""
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        largest = np.abs(dict(first.blocks(0))[0]).max(axis=0)
        exponent = np.frexp(np.where(largest > 0.0, largest, 1.0))[1]
        return np.ldexp(1.0, -np.clip(exponent, -MAX_EXPONENT, MAX_EXPONENT))
    return corners_of(domain).scale


def _exact_limits(
    layers: tuple[Layer, ...], scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Up to which sizes sums of multiples of a power of two are exact, by layer.

    All entries of a form are multiples of one power of two, 2^k. Sums and products of
    such numbers are exact while they stay below 2^(k + 53). Returns these sizes before
    and after the kinks, and k before.
    """
    held, limits = [0], np.zeros((len(layers), 2))
    grid = np.full(len(layers), math.inf)
    for index, layer in enumerate(layers):
        lowest = _grid(layer.bias)
        for origin, matrix in layer.blocks(index):
            entries = matrix * scale if origin == 0 else matrix
            lowest = min(lowest, held[origin] + _grid(entries))
        after = lowest + min(0, _grid(layer.slopes))
        for column, exponent in enumerate((lowest, after)):
            if abs(exponent) < MAX_EXPONENT:
                limits[index, column] = math.ldexp(1.0, exponent + FLOAT_BITS)
        if abs(lowest) < MAX_EXPONENT:
            grid[index] = lowest
        held.append(after)
    return limits, grid


def _grid(values: np.ndarray) -> int:
    """The largest k such that all values are multiples of 2^k; large for zeros."""
    some = values[(values != 0.0) & np.isfinite(values)]
    if not len(some):
        return MAX_EXPONENT // 2
    fraction, exponent = np.frexp(some)
    whole = np.ldexp(np.abs(fraction), FLOAT_BITS).astype(np.int64)
    lowest = whole & -whole
    return int((exponent - FLOAT_BITS + np.frexp(lowest.astype(float))[1] - 1).min())


class _Start(NamedTuple):
    """Cells to begin with, and the table of their corners.

    Attributes:
        x: Scaled coordinates of the corners, one a row.
        reach: Bounds of their errors.
        rows: The row that each bit of the zero sets stands for.
        members: Corners of each cell.
        zeros: Their zero sets.
        on: Units of the first layer known to be on in each cell.
    """

    x: np.ndarray
    reach: np.ndarray
    rows: list[int]
    members: list[list[int]]
    zeros: list[list[int]]
    on: list[list[int]]


def _start(net: Net, network: ReluNetwork, domain: Domain) -> _Start:
    """The domain as one cell, or a cone as some."""
    facets = list(range(len(net.facets)))
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        units, cones = first_cones(network, domain)
        rays = list(dict.fromkeys(c.point for cone in cones for c in cone.rays))
        near = [nearest_ray(ray, net.scale) for ray in rays]
        return _Start(
            np.array([x for x, _ in near]),
            np.array([off for _, off in near]),
            [len(facets) + unit for unit in units] + facets,
            [[rays.index(c.point) for c in cone.rays] for cone in cones],
            [[c.facets for c in cone.rays] for cone in cones],
            [[u for u, on in zip(units, cone.on, strict=True) if on] for cone in cones],
        )
    corners = corners_of(domain)
    every = list(range(len(corners.x)))
    return _Start(
        corners.x, corners.reach, facets, [every], [list(corners.zeros)], [[]]
    )


class DomainCorners(NamedTuple):
    """Of a bounded domain, for any network.

    Attributes:
        scale: Powers of two that make it of size 1.
        x: Scaled coordinates of the corners, one a row.
        reach: Bounds of their errors.
        zeros: Their zero sets.
    """

    scale: np.ndarray
    x: np.ndarray
    reach: np.ndarray
    zeros: tuple[int, ...]


@functools.lru_cache(KEPT)
def corners_of(domain: BoundedDomain) -> DomainCorners:
    """Corners in rational numbers, which take longer than small networks do."""
    cell, points = domain.cell(), domain.corners()
    scale = np.ldexp(1.0, np.frexp(np.abs(points).max(axis=0))[1])
    reach = _off_by(points, cell, scale)
    return DomainCorners(scale, points / scale, reach, tuple(cell.zeros))


def begin(
    net: Net,
    network: ReluNetwork,
    domain: Domain,
    *,
    listing: bool,
    forms_kept: int = 0,
    worst: float = LARGE,
    hopes: Hopes | None = None,
) -> State:
    """A stack with the domain, in one cell or some, before the first layer."""
    first, dim, units = _start(net, network, domain), domain.dim, int(net.first[-1])
    corners = [len(members) for members in first.members]
    layers, room = len(net.first) - 1, max(ROOM, 4 * sum(corners))
    widest = int(np.diff(net.first).max())
    forms, deep = int(net.place[-1]), max(64, 2 * len(corners))
    out = OUTPUT if listing else 0
    state = State(
        reg=np.zeros(16, np.int64),
        done=np.zeros(1),
        cell=np.zeros((deep, 7), np.int64),
        share=np.ones(deep),
        bits=np.zeros((deep, 2 * -(-widest // 64)), np.int64),
        row=np.zeros((deep, 64), np.int32),
        x=np.zeros((dim, 4 * room)),
        reach=np.zeros(4 * room),
        zeros=np.zeros((1, 4 * room), np.int64),
        name=np.zeros(4 * room, np.int64),
        candidates=np.zeros(4 * widest, np.int32),
        path=np.zeros(int(net.word[-1]), np.int64),
        stamp=np.zeros(layers, np.int64),
        form=np.zeros((dim + 1, units)),
        value_doubt=np.zeros(units),
        doubt=np.zeros(units),
        steep=np.zeros(units),
        held=np.zeros((dim + 1, forms)),
        held_doubt=np.zeros(forms),
        held_size=np.zeros(forms),
        worst=np.array([worst]),
        new_x=np.zeros((dim, room)),
        new_reach=np.zeros(room),
        new_zeros=np.zeros((1, room), np.int64),
        value=np.zeros(room),
        side=np.zeros(room, np.int8),
        sides=np.zeros((2, room), np.int64),
        below=np.zeros((1, room), np.int64),
        shared=np.zeros(room, np.int64),
        low=np.zeros(widest),
        high=np.zeros(widest),
        trial=np.zeros(widest),
        spots=np.zeros(widest),
        spot_ends=np.zeros(widest),
        asked=np.zeros((QUESTIONS, 2), np.int64),
        fact_key=np.full((ANSWERS, 3), -1, np.int64),
        fact=np.zeros(ANSWERS, np.int8),
        vanished=np.full((ANSWERS, 3), -1, np.int64),
        rest=np.zeros((0, 0, 0), np.int64),
        rest_stamp=np.zeros((0, 0), np.int64),
        out_bits=np.zeros((out, int(net.word[-1])), np.int64),
        out_row=np.zeros((out, 64), np.int32),
        out_end=np.zeros(out, np.int64),
        out_x=np.zeros((dim, 16 * out)),
        out_reach=np.zeros(16 * out),
        out_zeros=np.zeros((1, 16 * out), np.int64),
        out_form=np.zeros((dim + 2, forms_kept, out)),
        **_looking(hopes, dim, widest, room, deep),
    )
    for c in range(dim):
        state.held[c, c] = 1.0
        state.held_size[c] = 1.0
    every, at = np.concatenate(first.members), 0
    state.x[:, : len(every)] = first.x[every].T
    state.reach[: len(every)], state.name[: len(every)] = first.reach[every], every
    zeros = np.concatenate([np.array(some, np.uint64) for some in first.zeros])
    state.zeros[0, : len(every)] = zeros.view(np.int64)
    state.row[: len(corners), : len(first.rows)] = first.rows
    state.share[: len(corners)] = 1.0 / len(corners)
    state.cell[:, DIM] = dim - (not domain.is_bounded)
    for s, (count, on) in enumerate(zip(corners, first.on, strict=True)):
        state.cell[s, [AT, CORNERS, CANDIDATES]] = at, count, -1
        for unit in on:
            state.bits[s, unit >> 6] |= np.int64(1) << np.int64(unit & 63)
        at += count
    state.reg[TOP], state.reg[NEXT_ID] = len(corners), len(first.x)
    state.reg[RANK] = state.cell[0, DIM]
    return state


def _looking(
    hopes: Hopes | None, dim: int, widest: int, room: int, deep: int
) -> dict[str, np.ndarray]:
    """What is looked for, and room for it."""
    if hopes is None:
        hopes, widest, room = Hopes(0, -1, np.zeros((0, 0)), np.zeros((0, 2))), 0, 0
    weight, classes = hopes.weight, 0
    if hopes.goal == CLASSES:
        largest = np.abs(weight).max(0, keepdims=True)
        weight, classes = np.concatenate([weight, largest]), len(weight)
    rows = len(weight)
    return {
        "goal": np.array([hopes.goal, hopes.layer]),
        "weight": weight,
        "rival": np.zeros((deep, classes), np.int8),
        "outputs": np.zeros((classes, room)),
        "best": hopes.best,
        "lost": np.zeros((rows, 2)),
        "factor": np.zeros(widest),
        "crossing": np.zeros(widest, np.int64),
        "bend": np.zeros(widest),
        "blur": np.zeros(widest),
        "sums": np.zeros((4, room)),
        "middle": np.zeros((rows, dim)),
        "hull": np.zeros((rows, dim)),
        "gram": np.zeros((2, dim, dim)),
    }


def _off_by(points: np.ndarray, cell: Cell, scale: np.ndarray) -> np.ndarray:
    """How far rounded corners are from the exact ones, in scaled coordinates."""
    off = [
        max(
            abs(Fraction(v) - exact) / Fraction(unit)
            # Most corners are floats.
            if v.as_integer_ratio() != exact.as_integer_ratio()
            else Fraction(0)
            for v, exact, unit in zip(near, corner, scale.tolist(), strict=True)
        )
        for near, corner in zip(points.tolist(), cell.points(), strict=True)
    ]
    largest = [math.nextafter(float(v), math.inf) if v else 0.0 for v in off]
    return np.array([length_of(v, points.shape[1]) for v in largest])
