"""Results: a count, or a table of regions.

What files, the checker and the merging of linear regions need to know of a region set;
the set itself (`region_set.py`) can also save itself and be merged.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float64, Int, UInt8

from regions.domains.shapes import Domain
from regions.errors import IncompleteError
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.results.cells import Cells
from regions.results.statistics import Stop

if TYPE_CHECKING:
    import networkx


@dataclasses.dataclass(frozen=True, slots=True)
class RegionCount:
    """How many activation regions a network has on a domain.

    Attributes:
        count: The number found.
        complete: Whether that is all of them.
        method: Which engine ran: one of `regions.enumeration.METHODS`.
        seconds: Wall time.
        stats: What the engine did, with seconds for each of its stages, and why it was
            chosen: a `Statistics` of its own kind, which reads as a mapping.

    Example:
        >>> count = RegionCount(4, True, "sweep", 0.1)
        >>> int(count), str(count)
        (4, '4 regions (all of them; sweep, 0.1 s)')
    """

    count: int
    complete: bool
    method: str
    seconds: float
    stats: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def stop(self) -> Stop | None:
        """Why the run ended; None if that was not kept."""
        return Stop.of(self.complete, self.stats)

    def require_complete(self) -> "RegionCount":
        """The count itself, if it is that of all regions.

        Raises:
            IncompleteError: If it is not, with the reason.
        """
        _refuse_parts(self.count, self.complete, self.stats)
        return self

    def __int__(self) -> int:
        return self.count

    def __index__(self) -> int:
        return self.count

    def __str__(self) -> str:
        found = "all of them" if self.complete else "at least; not complete"
        return f"{self.count} regions ({found}; {self.method}, {self.seconds:.3g} s)"


def _refuse_parts(count: int, complete: bool, stats: Mapping[str, Any]) -> None:
    """Raise unless a run found all regions."""
    if not complete:
        raise IncompleteError(
            f"{count} regions were found and some may be missing "
            f"({stats.get('stopped', 'not complete')}): all are required; give it more "
            "time or memory, or a smaller domain."
        )


Table = TypeVar("Table", bound="RegionTable")


class RegionTable:
    """Regions as arrays, and what follows from the arrays alone.

    Regions keep their index in every array and method.

    Attributes:
        network: The network.
        domain: The domain.
        patterns: Activation patterns, packed: bit k of a pattern is bit k % 8 of byte
            k // 8, in the order of `network.units`.
        coordinates: A point strictly inside each region, in chart coordinates.
        exact_witnesses: Rational chart coordinates, for the regions in which no
            float64 point was proved to lie strictly inside; by region.
        complete: Whether no region is missing.
        method: Which engine ran.
        seconds: Wall time of the enumeration.
        stats: What the engine did, with seconds for each of its stages, and why it was
            chosen: a `Statistics` of its own kind, or what a file kept of it. It reads
            as a mapping.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: Domain,
        patterns: UInt8[np.ndarray, "regions bytes"],
        coordinates: Float64[np.ndarray, "regions dim"],
        *,
        complete: bool,
        method: str,
        seconds: float,
        stats: Mapping[str, Any],
        exact_witnesses: Mapping[int, tuple[Fraction, ...]] | None = None,
        cells: Callable[[], Cells] | None = None,
        neighbors: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.network = network
        self.domain = domain
        self.patterns = patterns
        self.coordinates = coordinates
        self.complete = complete
        self.method = method
        self.seconds = seconds
        self.stats = stats
        self.exact_witnesses = dict(exact_witnesses or {})
        self._make_cells = cells
        self._neighbors = neighbors

    def __len__(self) -> int:
        return len(self.patterns)

    def __repr__(self) -> str:
        found = "complete" if self.complete else "not complete"
        name = type(self).__name__
        return f"{name}({len(self)} regions, {found}, method={self.method!r})"

    @property
    def count(self) -> RegionCount:
        """The number of regions, with its completeness."""
        return RegionCount(
            len(self), self.complete, self.method, self.seconds, self.stats
        )

    @property
    def stop(self) -> Stop | None:
        """Why the run ended; None if that was not kept."""
        return Stop.of(self.complete, self.stats)

    def require_complete(self: Table) -> Table:
        """The set itself, if no region is missing.

        Raises:
            IncompleteError: If one may be, with the reason.
        """
        _refuse_parts(len(self), self.complete, self.stats)
        return self

    @property
    def witnesses(self) -> Float64[np.ndarray, "regions ambient_dim"]:
        """A point of each region in the network's input space."""
        return self.domain.embed(self.coordinates)

    def pattern_bits(
        self, regions: slice | Int[np.ndarray, " some"] = slice(None)
    ) -> Bool[np.ndarray, "some bits"]:
        """Patterns as one bool per unit, in the order of `network.units`."""
        return unpack_bits(self.patterns[regions], self.network.num_bits)

    def affine_maps(
        self, regions: slice | Int[np.ndarray, " some"] = slice(None)
    ) -> tuple[
        Float64[np.ndarray, "some outputs ambient_dim"],
        Float64[np.ndarray, "some outputs"],
    ]:
        """Jacobian and offset of the network on each region, in float64."""
        from regions.patterns.halfspaces import affine_pre_activations

        bits = self.pattern_bits(regions)
        jacobian, offset = affine_pre_activations(self.network, bits)[-1]
        shape = (len(bits), self.network.output_dim)
        return (
            np.broadcast_to(jacobian, (*shape, self.network.input_dim)),
            np.broadcast_to(offset, shape),
        )

    @functools.cached_property
    def cells(self) -> Cells:
        """Vertices of every region and the pairs that share a facet.

        Raises:
            ValueError: If the engine does not give them on this domain.
        """
        if self._make_cells is None:
            raise ValueError(
                f"the vertices of these regions (from method={self.method!r}) are not "
                "known: files hold none, nor do all engines keep them. Enumerate "
                "`network` on a bounded `domain` of 2 to 6 dimensions with "
                "method='cells', or ask `regions.polytope_at` for single regions."
            )
        return self._make_cells()

    def part(self: Table, region: int) -> Table:
        """One region alone, which is not complete by itself."""
        exact = self.exact_witnesses.get(region)
        return type(self)(
            self.network,
            self.domain,
            self.patterns[region : region + 1],
            self.coordinates[region : region + 1],
            complete=False,
            method=self.method,
            seconds=self.seconds,
            stats=self.stats,
            exact_witnesses={} if exact is None else {0: exact},
        )

    @property
    def has_cells(self) -> bool:
        """Whether the vertices of the regions are known."""
        return self._make_cells is not None

    def polygons(self) -> list[Float64[np.ndarray, "corners 2"]]:
        """Corners of each region of a 2-D domain, counterclockwise, in its chart."""
        return self.cells.polygons()

    def volumes(self) -> Float64[np.ndarray, " regions"]:
        """Volume of each region, in chart coordinates."""
        return self.cells.volumes()

    def bounds(
        self,
    ) -> tuple[Float64[np.ndarray, "regions dim"], Float64[np.ndarray, "regions dim"]]:
        """Smallest box around each region, in chart coordinates."""
        return self.cells.bounds()

    @property
    def neighbors(
        self,
    ) -> tuple[Int[np.ndarray, "facets 2"], Int[np.ndarray, " facets"]]:
        """Pairs of regions that share a facet, and which bit of the pattern flips."""
        return self._neighbors or (self.cells.neighbors, self.cells.neighbor_bits)

    def adjacency(self) -> "networkx.Graph":
        """Regions as nodes, shared facets as edges with the `unit` that flips."""
        import networkx

        graph = networkx.Graph()
        graph.add_nodes_from(range(len(self)))
        names = self.network.units
        pairs, bits = self.neighbors
        graph.add_edges_from(
            (int(a), int(b), {"unit": names[int(bit)]})
            for (a, b), bit in zip(pairs, bits, strict=True)
        )
        return graph
