"""The domain cut along units of the first layer, into parts that no region crosses.

A unit of the first layer is one affine function on all of the domain, so every region
lies on one side of its hyperplane. Cut along a few of them, the domain falls into
chambers, and its regions are those of the chambers, each in exactly one of them: no
wall has to be counted. The chambers are independent of each other: they can be swept at
the same time, and one after another they need less memory, most of it in the cache.

In a chamber a wall is like a facet of the domain: its zero has one side. Whether a
vertex lies on the side of the wall that it should is proved like any other sign.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.simple_polytope import SimplePolytope
from regions.errors import NotGenericError
from regions.network import ReluNetwork

SEED = 0xC4A3
CHORDS, STEPS = 24, 8
SAMPLES = 1024
SAMPLES_EACH = 32
"""Points to look at: so many in all, and for each chamber, at least."""
FEWEST_SAMPLES = 12
"""A chamber with fewer of the points is not cut: nothing is known about it."""
BALANCE = 0.2
"""The smaller side of a cut has at least this share of the points."""


class Wall(NamedTuple):
    """A side of a unit of the first layer.

    Attributes:
        unit: The unit.
        positive: Whether the chamber lies where it is positive.
    """

    unit: int
    positive: bool


Chamber = tuple[Wall, ...]


def expected_regions(network: ReluNetwork, polytope: SimplePolytope) -> float:
    """About how many regions there are: right within a factor of two, mostly.

    If the units change sign c times between two random points, that is (2c)^d / d!:
    a fit to random networks of one to forty layers in two to eight dimensions, which
    all lie within a quarter of it. No result depends on it.
    """
    rng = np.random.default_rng(SEED)
    starts, ends = (random_points(polytope, CHORDS, rng) for _ in range(2))
    share = np.linspace(0.0, 1.0, STEPS + 1)[:, None, None]
    points = (starts + share * (ends - starts)).reshape(-1, starts.shape[1])
    changes = 0
    for pre in network.pre_activations(points)[:-1]:
        bits = (pre > 0.0).reshape(STEPS + 1, -1)
        changes += int((bits[1:] != bits[:-1]).sum())
    dim = starts.shape[1]
    return max(1.0, (2.0 * changes / CHORDS) ** dim / math.factorial(dim))


def random_points(
    polytope: SimplePolytope, count: int, rng: np.random.Generator
) -> Float64[np.ndarray, "points dim"]:
    """Uniformly distributed points of a box or a simplex."""
    corners = polytope.vertices
    if len(corners) == corners.shape[1] + 1:
        return rng.dirichlet(np.ones(len(corners)), count) @ corners
    return rng.uniform(corners.min(0), corners.max(0), (count, corners.shape[1]))


def plan_chambers(
    network: ReluNetwork,
    polytope: SimplePolytope,
    parts: int,
    check: Callable[[], None] = lambda: None,
) -> list[Chamber]:
    """Cut the domain into about so many chambers of about the same volume.

    Fewer, where the units of the first layer do not allow it. `check` is called between
    steps; it may raise to stop.
    """
    if parts < 2 or not network.hidden:
        return [()]
    layer = network.hidden[0]
    rng = np.random.default_rng(SEED)
    points = random_points(polytope, max(SAMPLES, SAMPLES_EACH * parts), rng)
    sides: list[np.ndarray] = []
    for start in range(0, len(points), SAMPLES):
        check()
        sides.append(_values(network, points[start : start + SAMPLES]) > 0.0)
    positive = np.concatenate(sides)
    usable = np.flatnonzero(layer.kinks)
    waiting: list[tuple[Chamber, Int[np.ndarray, " points"]]] = []
    waiting.append(((), np.arange(len(points))))
    done = []
    while waiting:
        check()
        walls, inside = waiting.pop()
        enough = len(inside) * parts < 1.5 * len(points)
        if enough or len(inside) < FEWEST_SAMPLES or not len(usable):
            done.append(walls)
            continue
        share = positive[np.ix_(inside, usable)].mean(0)
        best = int(np.argmin(np.abs(share - 0.5)))
        if not BALANCE <= share[best] <= 1.0 - BALANCE:
            done.append(walls)
            continue
        unit = int(usable[best])
        for side in (False, True):
            part = inside[positive[inside, unit] == side]
            waiting.append(((*walls, Wall(unit, side)), part))
    return done


def cut_out(
    network: ReluNetwork, polytope: SimplePolytope, chamber: Chamber
) -> SimplePolytope | None:
    """The chamber as a polytope; None if it is empty.

    Its facets that are walls have the numbers that the zeros of their units have in a
    complex: facets of the domain first, then units. A and b are those of the domain.

    Raises:
        NotGenericError: If a wall passes through a vertex.
    """
    result: SimplePolytope | None = polytope
    for wall in chamber:
        assert result is not None
        value = _values(network, result.vertices)[:, wall.unit]
        value = value if wall.positive else -value
        if not np.isfinite(value).all():
            raise NotGenericError("a value overflows float64 at a corner.")
        result = _clip(result, value, len(polytope.b) + wall.unit)
        if result is None:
            return None
    return result


@np.errstate(all="ignore")
def _values(
    network: ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> Float64[np.ndarray, "points units"]:
    """The pre-activations of the first layer."""
    layer = network.hidden[0]
    (_, matrix), *_ = layer.blocks(0)
    return points @ matrix.T + layer.bias


def _clip(
    polytope: SimplePolytope, value: Float64[np.ndarray, " vertices"], zero: int
) -> SimplePolytope | None:
    """The part of a polytope where an affine function is positive."""
    inside = value > 0.0
    if not inside.any():
        return None
    if (value >= 0.0).all():
        return polytope
    if (value == 0.0).any():
        raise NotGenericError("a unit of the first layer vanishes at a vertex.")
    first, second = polytope.edges.T
    cut = np.flatnonzero(inside[first] != inside[second])
    u, v = first[cut], second[cut]
    t = (value[u] / (value[u] - value[v]))[:, None]
    made = polytope.vertices[u] * (1.0 - t) + polytope.vertices[v] * t
    on_edge = polytope.edge_facets[cut]
    wall = np.full((len(cut), 1), zero, np.int32)
    number = np.cumsum(inside) - 1
    new = int(inside.sum()) + np.arange(len(cut))
    kept = np.flatnonzero(inside[first] & inside[second])
    joins, join_zeros = _joins(on_edge, new)
    edges = [
        number[polytope.edges[kept]],
        np.stack([number[np.where(inside[u], u, v)], new], 1),
        joins,
    ]
    across = np.concatenate([join_zeros, wall[:1].repeat(len(joins), 0)], 1)
    edge_zeros = [polytope.edge_facets[kept], on_edge, across[:, : on_edge.shape[1]]]
    return SimplePolytope(
        polytope.A,
        polytope.b,
        np.concatenate([polytope.vertices[inside], made]),
        np.concatenate([polytope.vertex_facets[inside], np.hstack([on_edge, wall])]),
        np.concatenate(edges).astype(np.int32),
        np.concatenate(edge_zeros).astype(np.int32),
    )


def _joins(
    on_edge: Int[np.ndarray, "new zeros"], new: Int[np.ndarray, " new"]
) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the wall: new vertices whose edges lie in one 2-face."""
    slots = on_edge.shape[1]
    if not slots:
        return np.zeros((0, 2), np.int64), np.zeros((0, 0), np.int32)
    meeting: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for vertex, zeros in zip(new.tolist(), on_edge.tolist(), strict=True):
        for slot in range(slots):
            face = tuple(sorted(zeros[:slot] + zeros[slot + 1 :]))
            meeting[face].append(vertex)
    if any(len(pair) != 2 for pair in meeting.values()):
        raise NotGenericError("a wall does not cut a face of the domain in an edge.")
    return (
        np.array(list(meeting.values())),
        np.array(list(meeting), np.int32).reshape(len(meeting), slots - 1),
    )
