"""Betti numbers, components and holes of a set that a network defines on a domain."""

import dataclasses
import functools
import itertools
import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.cells.engine import cells_serve
from regions.errors.arguments import kinds_checked
from regions.errors.limits import limited, never, telling
from regions.errors.short_text import short_repr
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.models.joint import with_affine_units
from regions.network import ReluNetwork
from regions.topology.chains import Chains, closed_chains, open_chains
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex, face_complex
from regions.topology.find_corners import corner_table
from regions.topology.holes import Hole, cycles, walk_along
from regions.topology.homology import (
    Parts,
    betti_numbers_of,
    closed_parts,
    euler_characteristic,
    open_parts,
    reaching_out,
)
from regions.topology.sets import DefinedSet, faces_of_set, parse_set
from regions.topology.vertex_signs import vertex_signs
from regions.topology.vertex_values import with_outputs_hidden
from regions.topology.whole_space import box_with_all_vertices

MAX_DIM = 5
"""Above this, complexes have too many faces."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Component:
    """A connected component of a set.

    Attributes:
        regions: The regions in it, by their index in `Topology.patterns`.
        point: A point of it, in chart coordinates, in float64: inside a region of an
            open set, a vertex of a closed one.
        bounded: Whether it is bounded; always on a bounded domain.
        reaches_out: Whether it meets the boundary of the domain.
    """

    regions: Int[np.ndarray, " some"]
    point: Float64[np.ndarray, " dim"]
    bounded: bool
    reaches_out: bool

    __repr__ = short_repr


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Topology:
    """The topology of a set that a network defines on a domain.

    Attributes:
        of: The set, in words.
        betti: Betti numbers b_0 to b_(d-1) over the field of two elements: components,
            tunnels, cavities. Up to three dimensions they are the same over any field.
        euler_characteristic: Their alternating sum.
        is_closed: Whether the set is closed; else it is open, both in the domain.
        network: The network cut along the set's boundary, whose regions are meant.
        domain: The domain.
        table: Corners of the regions.
        complex: Faces of the regions.
        inside: Which faces of each dimension make up the set.
        seconds: Wall time.

    Example:
        >>> from regions.domains.shapes import Box
        >>> weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[1.0] * 4]]
        >>> diamond = ReluNetwork.from_arrays(weights, [[0.0] * 4, [-1.0]])
        >>> found = topology_of(diamond, Box.cube(2, 2.0), "output > 0")
        >>> found.betti, found.euler_characteristic, found.num_regions
        ((1, 1), 0, 8)
        >>> [len(part.regions) for part in found.components]
        [4]
    """

    of: str
    betti: tuple[int, ...]
    euler_characteristic: int
    is_closed: bool
    network: ReluNetwork
    domain: Domain
    table: CornerTable
    complex: FaceComplex
    inside: list[Bool[np.ndarray, " _"]]
    seconds: float

    @property
    def num_regions(self) -> int:
        """Regions of the cut network on the domain, those outside the set included."""
        return self.table.num_regions

    @property
    def patterns(self) -> np.ndarray:
        """Packed activation patterns of the regions of the cut network."""
        return self.table.patterns

    def __repr__(self) -> str:
        return f"Topology({self.of!r}, betti={self.betti}, {self._size()})"

    def __str__(self) -> str:
        numbers = ", ".join(f"b{k} = {b}" for k, b in enumerate(self.betti))
        return (
            f"{self.of}: {numbers}; Euler characteristic {self.euler_characteristic} "
            f"({self._size()}, {self.seconds:.3g} s)"
        )

    def _size(self) -> str:
        return f"{self.num_regions} region{'s' * (self.num_regions != 1)}"

    @functools.cached_property
    def components(self) -> list[Component]:
        """The connected components, those with the most regions first."""
        complex_, inside = self.complex, self.inside
        if self.is_closed:
            parts = closed_parts(complex_, inside)
            first_vertex = complex_.members[-1].offsets[:-1]
            of_region = parts.label[complex_.members[-1].items[first_vertex]]
            of_region = np.where(inside[-1], of_region, -1)
            out = np.unique(parts.label[complex_.outer[0] & inside[0]])
        else:
            parts = open_parts(complex_, inside)
            of_region = parts.label
            out = np.unique(parts.label[reaching_out(complex_, inside)])
        order = np.argsort(of_region, kind="stable")
        starts = np.searchsorted(of_region[order], np.arange(parts.number + 1))
        regions = [order[a:b] for a, b in itertools.pairwise(starts.tolist())]
        points, is_out = self._points_of(parts), np.zeros(parts.number, bool)
        is_out[out] = True
        whole = isinstance(self.domain, WholeSpace)
        found = [
            Component(some, point, not (whole and reaches), bool(reaches))
            for some, point, reaches in zip(regions, points, is_out, strict=True)
        ]
        return sorted(found, key=lambda part: -len(part.regions))

    def _points_of(self, parts: Parts) -> Float64[np.ndarray, "parts dim"]:
        """A point of each component."""
        mine = np.flatnonzero(parts.label >= 0)
        first = mine[np.unique(parts.label[mine], return_index=True)[1]]
        if self.is_closed:
            return self.table.points[self.complex.corner[first]]
        return self._middles(self.complex.dim, first)

    def holes(self, dimension: int = 1) -> list[Hole]:
        """A cycle around each hole of a dimension, as many as the Betti number.

        Raises:
            ValueError: If there is no such dimension.

        Example:
            >>> from regions.domains.shapes import Box
            >>> weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]]
            >>> diamond = ReluNetwork.from_arrays([*weights, [[1.0] * 4]],
            ...                                   [[0.0] * 4, [-1.0]])
            >>> around, = topology_of(diamond, Box.cube(2, 2.0), "output > 0").holes()
            >>> bool((diamond(around.loop) > 0.0).all()), len(around.faces)
            (True, 4)
        """
        dim = self.complex.dim
        if not 1 <= dimension < dim:
            raise ValueError(
                f"`dimension` is {dimension}: 1 to {dim - 1} is required on a domain "
                f"of {dim} dimensions."
            )
        chains = self.chains()
        kind = dimension if self.is_closed else dim - dimension
        kept = self.inside[kind]
        if not self.is_closed:
            kept = kept & ~self.complex.outer[kind]
        names = np.flatnonzero(kept)
        result = []
        for cycle in cycles(chains, dimension):
            loop = np.zeros((0, dim))
            if dimension == 1:
                loop = self._loop(chains, cycle, names)
            result.append(Hole(dimension, names[np.sort(cycle)], loop))
        return result

    def chains(self) -> Chains:
        """The chain complex from which the Betti numbers can be computed, too."""
        make = closed_chains if self.is_closed else open_chains
        return make(self.complex, self.inside)

    def _loop(self, chains: Chains, cycle: list[int], names: np.ndarray) -> np.ndarray:
        """The polygon along a cycle: vertices, or middles of regions and facets."""
        dim = self.complex.dim
        walk = walk_along(cycle, chains[1].items.reshape(-1, 2))
        nodes, edges = np.array(walk).T
        if self.is_closed:
            vertices = np.flatnonzero(self.inside[0])[nodes]
            return self.table.points[self.complex.corner[vertices]]
        regions = np.flatnonzero(self.inside[dim])[nodes]
        middles = self._middles(dim, regions), self._middles(dim - 1, names[edges])
        return np.stack(middles, 1).reshape(-1, dim)

    def _middles(self, k: int, faces: np.ndarray) -> Float64[np.ndarray, "faces dim"]:
        """Means of the vertices of faces of dimension k."""
        lists = self.complex.members[k].take(faces)
        points = self.table.points[self.complex.corner[lists.items]]
        sums = np.add.reduceat(points, lists.offsets[:-1], axis=0)
        return sums / lists.sizes[:, None]


@kinds_checked
def topology_of(
    network: NetworkLike,
    domain: DomainLike,
    of: str = "output > 0",
    *,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> Topology:
    """Betti numbers, components and holes of a set that a network defines.

    Sets with strict signs are open in the domain: parts that meet in a point or a face
    where the sign is not strict are apart. The others are closed, and such parts are
    one. Nothing is rounded: ties and degenerate networks are decided exactly.

    Args:
        network: The network.
        domain: A bounded domain of 2 to 5 dimensions, or the whole space.
        of: The set: `"output > 0"` (also <, >=, <=, =, other thresholds, and
            `"output 1 > 0.5"` where there are several outputs); `"class 0"`, where
            output 0 is larger than all others (of a network with one output, class 1
            is where it is positive and class 0 where it is negative); `"not class 0"`,
            the rest; `"complement"`, where the output is at most 0, or not class 0;
            `"boundary"`, where no class wins; `"partition"`, the boundaries between
            activation regions.
        max_seconds: Give up after this time.
        stop: Asked often whether to give up.
        progress: Called with (done, total) as regions are found.

    Raises:
        ValueError: If the words define no set, or the domain is not served.
        LimitError: If a limit was reached: topology needs all regions.

    Example:
        >>> from regions.domains.shapes import Box
        >>> weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[1.0] * 4]]
        >>> diamond = ReluNetwork.from_arrays(weights, [[0.0] * 4, [-1.0]])
        >>> topology_of(diamond, Box.cube(2, 2.0), "output > 0").betti
        (1, 1)
        >>> topology_of(diamond, Box.cube(2, 1.0), "output > 0").betti
        (4, 0)
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    start = time.perf_counter()
    domain.restrict(network)
    wanted = parse_set(of, network)
    cut = _cut(network, wanted)
    with limited(max_seconds=max_seconds, stop=stop):
        table, complex_, box = complex_of(cut, domain, progress)
        with telling(
            lambda: (
                f"all {table.num_regions} regions are found, and not yet their topology"
            ),
            lambda: table.num_regions,
        ):
            signs = np.zeros((complex_.counts[0], 0), np.int8)
            if len(wanted.shift):
                signs = vertex_signs(cut, box, table, complex_)
            inside = faces_of_set(complex_, wanted, signs)
            betti = betti_numbers_of(complex_, inside, closed=wanted.closed)
    return Topology(
        of=of,
        betti=betti,
        euler_characteristic=euler_characteristic(
            complex_, inside, closed=wanted.closed
        ),
        is_closed=wanted.closed,
        network=cut,
        domain=domain,
        table=table,
        complex=complex_,
        inside=inside,
        seconds=time.perf_counter() - start,
    )


@kinds_checked
def betti_numbers(
    network: NetworkLike,
    domain: DomainLike,
    of: str = "output > 0",
    *,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
) -> tuple[int, ...]:
    """Betti numbers of a set that a network defines: components, tunnels, cavities.

    Arguments and errors are those of `topology_of`, which tells more.

    Example:
        >>> from regions.domains.shapes import Box
        >>> bump = ReluNetwork.from_arrays(
        ...     [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[-1.0] * 4]],
        ...     [[0.0] * 4, [0.5]])
        >>> betti_numbers(bump, Box.cube(2))
        (1, 0)
        >>> betti_numbers(bump, Box.cube(2), "class 0")
        (1, 1)
    """
    return topology_of(network, domain, of, max_seconds=max_seconds, stop=stop).betti


def _cut(network: ReluNetwork, wanted: DefinedSet) -> ReluNetwork:
    """The network with the decision functions as its last hidden layer."""
    if not len(wanted.shift):
        return network if network.hidden else with_outputs_hidden(network)
    return with_affine_units(network, wanted.matrix, wanted.shift)


def complex_of(
    network: ReluNetwork,
    domain: Domain,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[CornerTable, FaceComplex, BoundedDomain]:
    """Corners and faces, and the bounded domain in which they are."""
    if not 2 <= domain.dim <= MAX_DIM:
        served = "a Slice of it" if domain.dim > 1 else "a Box that is wide on two axes"
        raise ValueError(
            f"the domain has dimension {domain.dim}: 2 to {MAX_DIM} is required; take "
            f"{served}."
        )
    if isinstance(domain, WholeSpace):
        box, table, complex_ = box_with_all_vertices(network)
        return table, complex_, box
    reason = cells_serve(network, domain)
    if reason is not None:
        raise ValueError(
            f"`domain` is not served: {reason}; take a Box, a Slice or an HPolytope, "
            "of 2 to 5 dimensions and with bounds."
        )
    table = corner_table(network, domain, progress)
    return table, face_complex(table), domain
