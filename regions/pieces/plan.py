"""Where to cut: faces of boxes, and walls placed by a cheap pilot.

The pilot counts how often the units change sign along random chords. It only decides
how a box is cut; no count depends on it.
"""

import dataclasses
import heapq
import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import Box, Domain, Slice
from regions.network import Layer, ReluNetwork
from regions.pieces.open_faces import sign_of

CHORDS = 24
STEPS = 32
SEED = 0x50_1E_CE
SHRINK = 1.7
"""Fit to random networks: regions are fewer than the product of the crossings."""

MAX_PIECES = 1_000_000

FACES_PER_SHARE = 4.0
"""Faces at most, for each share of `piece_regions`, times 1.5 to the dimension.

A box cut once along every axis has 3^d faces, 1.5^d for each of its 2^d parts. More
than four times as many are made only where cutting does not help: around a corner of
many units, or where `piece_regions` is less than the regions that meet at a point.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Face:
    """A relatively open face of a box: the axes with `lower == upper` are fixed.

    Attributes:
        lower: Lower ends, in chart coordinates.
        upper: Upper ends.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @property
    def free(self) -> list[int]:
        """The axes along which the face extends."""
        pairs = zip(self.lower, self.upper, strict=True)
        return [axis for axis, (low, high) in enumerate(pairs) if low < high]

    def cut(self, axis: int, wall: float) -> tuple["Face", "Face", "Face"]:
        """The lower half, the upper half and the wall between them."""
        low, high = list(self.lower), list(self.upper)
        low[axis] = high[axis] = wall
        return (
            Face(self.lower, tuple(high)),
            Face(tuple(low), self.upper),
            Face(tuple(low), tuple(high)),
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network on a box or slice, and the same as a network of the chart.

    Attributes:
        network: The network.
        domain: Where its regions are counted.
        chart_network: The network as a function of the chart coordinates, exactly: a
            slice becomes a first layer without kinks.
    """

    network: ReluNetwork
    domain: Box | Slice
    chart_network: ReluNetwork

    @classmethod
    def of(cls, network: ReluNetwork, domain: Domain) -> "Problem":
        """The problem of counting the regions of `network` on `domain`.

        Raises:
            ValueError: If the domain is no box or slice, or does not fit the network.
        """
        if not isinstance(domain, Box | Slice):
            raise ValueError(
                f"`domain` is a {type(domain).__name__}: pieces are cut from a Box or "
                "a Slice; `count_in_parts` splits every domain (--method tree), and "
                "`count_regions` counts it whole."
            )
        domain.restrict(network)
        return cls(network, domain, _chart_network(network, domain))

    def root(self) -> Face:
        """The whole domain."""
        box = self.domain.chart_box()
        return Face(tuple(box.lower.tolist()), tuple(box.upper.tolist()))

    def open_piece(self, face: Face) -> Box | Slice:
        """A full-dimensional face as a domain of the network, in the same chart."""
        box = Box(face.lower, face.upper)
        if isinstance(self.domain, Box):
            return box
        return Slice(self.domain.origin, self.domain.directions, box)

    def wall(self, face: Face) -> Slice:
        """A face with fixed axes as a domain of the chart network, exactly."""
        free = face.free
        origin = np.array(face.lower)
        origin[free] = 0.0
        box = Box([face.lower[i] for i in free], [face.upper[i] for i in free])
        return Slice(origin, np.eye(len(origin))[free], box)


def _chart_network(network: ReluNetwork, domain: Box | Slice) -> ReluNetwork:
    """The network as a function of the chart coordinates, without rounding."""
    if isinstance(domain, Box):
        return network
    ones = np.ones(domain.ambient_dim)
    embed = Layer(np.ascontiguousarray(domain.directions.T), domain.origin, ones)
    layers = [
        Layer(
            layer.weight,
            layer.bias,
            layer.slopes,
            tuple((source + 1, matrix) for source, matrix in layer.skips),
        )
        for layer in network.layers
    ]
    return ReluNetwork((embed, *layers[:-1]), layers[-1])


class Piece(NamedTuple):
    """One task: a face, and how its count enters the total.

    Attributes:
        face: Where to count.
        sign: How its count enters the sum over open faces: 1 or -1.
        work: Estimated number of regions; used for cutting and for the time left.
        seconds: Stop counting after this time: the piece is cut instead. Infinite
            where there is no limit; kept in no file.
    """

    face: Face
    sign: int
    work: float
    seconds: float = math.inf

    def to_json(self) -> list[Any]:
        """A form that JSON keeps exactly."""
        return [list(self.face.lower), list(self.face.upper), self.sign, self.work]

    @classmethod
    def from_json(cls, data: list[Any]) -> "Piece":
        """What `to_json` gave."""
        lower, upper, sign, work = data
        return cls(Face(tuple(lower), tuple(upper)), int(sign), float(work))


class Pilot(NamedTuple):
    """What a look at a face says.

    Attributes:
        work: Estimated number of regions.
        axis: Where to cut, if it must be cut; None if nothing changes anywhere.
        wall: Coordinate of the cut.
    """

    work: float
    axis: int | None
    wall: float


def look_at(network: ReluNetwork, face: Face) -> Pilot:
    """Estimate the regions of a face from sign changes along random chords.

    Args:
        network: As a function of the chart coordinates; rounding does no harm.
        face: The face.
    """
    free = face.free
    if not free:
        return Pilot(1.0, None, 0.0)
    rng = np.random.default_rng(SEED)
    changes = np.stack([_changes(network, face, axis, rng) for axis in free])
    crossings = changes.sum(1)
    work = float(np.prod(1.0 + crossings) / SHRINK ** max(0.0, len(free) - 1.5))
    work = max(1.0, work)
    best = int(np.argmax(crossings))
    if crossings[best] == 0.0:
        return Pilot(work, None, 0.0)
    profile = np.cumsum(changes[best])
    step = int(np.searchsorted(profile, 0.5 * profile[-1]))
    step = min(max(step, 1), STEPS - 2)
    # Off the round numbers, at which users' units like to vanish.
    share = (step + rng.uniform(0.25, 0.75)) / STEPS
    axis = free[best]
    low, high = face.lower[axis], face.upper[axis]
    wall = low + share * (high - low)
    return Pilot(work, axis if low < wall < high else None, wall)


def _changes(
    network: ReluNetwork, face: Face, axis: int, rng: np.random.Generator
) -> Float64[np.ndarray, " steps"]:
    """Mean number of units that change sign in each step of chords along an axis."""
    lower, upper = np.array(face.lower), np.array(face.upper)
    starts = rng.uniform(lower, upper, (CHORDS, len(lower)))
    points = np.repeat(starts, STEPS + 1, axis=0)
    points[:, axis] = np.tile(np.linspace(lower[axis], upper[axis], STEPS + 1), CHORDS)
    bits = network.patterns(points).reshape(CHORDS, STEPS + 1, -1)
    return (bits[:, 1:] != bits[:, :-1]).sum(2).mean(0)


def plan_pieces(
    problem: Problem,
    piece_regions: int | float,
    face: Face | None = None,
) -> list[Piece]:
    """Cut a face until each piece has about `piece_regions` regions at most.

    The largest is cut first. Pieces are left larger where cutting does not help.

    Args:
        problem: The network and its domain.
        piece_regions: Estimated regions of a piece, at most.
        face: What to cut; the whole domain if None.

    Raises:
        ValueError: If that makes more than a million pieces.
    """
    root = problem.root() if face is None else face
    cuts, works = _cuts(problem, root, piece_regions)
    waiting, pieces = [root], []
    while waiting:
        face = waiting.pop()
        if face not in cuts:
            sign = sign_of(problem.domain.dim - len(face.free))
            pieces.append(Piece(face, sign, works[face]))
            continue
        low, high, wall = face.cut(*cuts[face])
        waiting += [wall, high, low]
    return pieces


class Part(NamedTuple):
    """A box, and the walls that have it above them.

    Attributes:
        face: The box, in chart coordinates.
        walls: Regions that meet one of these also meet an earlier part.
        work: Estimated number of regions.
    """

    face: Face
    walls: tuple[Face, ...]
    work: float


def plan_parts(problem: Problem, piece_regions: int | float) -> list[Part]:
    """The boxes among the pieces, in an order in which few walls matter at a time."""
    root = problem.root()
    cuts, works = _cuts(problem, root, piece_regions)
    waiting: list[tuple[Face, tuple[Face, ...]]] = [(root, ())]
    parts = []
    while waiting:
        face, walls = waiting.pop()
        if face not in cuts:
            parts.append(Part(face, walls, works[face]))
            continue
        low, high, wall = face.cut(*cuts[face])
        waiting += [(high, (*walls, wall)), (low, walls)]
    return parts


def _cuts(
    problem: Problem, root: Face, piece_regions: int | float
) -> tuple[dict[Face, tuple[int, float]], dict[Face, float]]:
    """Axis and coordinate of each cut, and the estimated work of each face."""
    network = problem.domain.restrict(problem.network)
    cuts: dict[Face, tuple[int, float]] = {}
    works: dict[Face, float] = {}
    largest: list[tuple[float, int, Face, Pilot]] = []

    def add(face: Face) -> None:
        pilot = look_at(network, face)
        works[face] = pilot.work
        if pilot.axis is not None and pilot.work > piece_regions:
            heapq.heappush(largest, (-pilot.work, len(works), face, pilot))

    add(root)
    shares = 1.0 + works[root] / piece_regions
    limit = FACES_PER_SHARE * 1.5 ** len(root.free) * shares
    while largest and len(works) - len(cuts) < limit:
        *_, face, pilot = heapq.heappop(largest)
        assert pilot.axis is not None
        cuts[face] = (pilot.axis, pilot.wall)
        for part in face.cut(pilot.axis, pilot.wall):
            add(part)
        if len(works) - len(cuts) > MAX_PIECES:
            raise ValueError(
                f"`piece_regions` is {piece_regions}: that makes more than "
                f"{MAX_PIECES:,} pieces; give a larger number."
            )
    return cuts, works
