"""Results: a count, or a table of regions.

What files, the checker and the merging of linear regions need to know of a region set;
the set itself (`region_set.py`) can also save itself and be merged.
"""

import dataclasses
import functools
import numbers
import reprlib
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
from regions.results.made_again import can_be_made, maker
from regions.results.statistics import Stop

if TYPE_CHECKING:
    import networkx


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegionCount:
    """How many activation regions a network has on a domain.

    A complete count equals its number. Counts add up, also with numbers, to one that is
    complete if all were; a lower bound equals no number, and is known to be below none.

    Attributes:
        count: The number found.
        complete: Whether that is all of them.
        method: Which engine ran: one of `regions.enumeration.METHODS`.
        seconds: Wall time.
        stats: What the engine did, with seconds for each of its stages, and why it was
            chosen: a `Statistics` of its own kind, which reads as a mapping.

    Example:
        >>> count = RegionCount(4, True, "cells", 0.1)
        >>> int(count), str(count)
        (4, '4 regions (all of them; cells, 0.1 s)')
        >>> count == 4, count > 3, f"{count:,}", int(count + count)
        (True, True, '4', 8)
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

    def __float__(self) -> float:
        return float(self.count)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RegionCount):
            same = self.complete == other.complete
            return same and self.count == other.count
        if isinstance(other, numbers.Number):
            return self.complete and self.count == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.count)

    def __gt__(self, other: Any) -> bool:
        return self.count > _highest(other)

    def __ge__(self, other: Any) -> bool:
        return self.count >= _highest(other)

    def __lt__(self, other: Any) -> bool:
        return _highest(self) < int(other)

    def __le__(self, other: Any) -> bool:
        return _highest(self) <= int(other)

    def __add__(self, other: Any) -> "RegionCount":
        if isinstance(other, numbers.Integral):
            return dataclasses.replace(self, count=self.count + int(other))
        if not isinstance(other, RegionCount):
            return NotImplemented
        return RegionCount(
            self.count + other.count,
            self.complete and other.complete,
            self.method if self.method == other.method else "sum",
            self.seconds + other.seconds,
        )

    __radd__ = __add__

    def __format__(self, spec: str) -> str:
        return format(self.count, spec) if spec else str(self)

    def __repr__(self) -> str:
        found = "complete" if self.complete else "not complete"
        return f"RegionCount({self.count}, {found}, method={self.method!r})"

    def __str__(self) -> str:
        found = "all of them" if self.complete else "at least; not complete"
        what = f"{self.count} region{'s' * (self.count != 1)}"
        return f"{what} ({found}; {self.method}, {self.seconds:.3g} s)"


def _highest(count: Any) -> Any:
    """The number of a count that is that of all regions, or a number itself."""
    if isinstance(count, RegionCount):
        return count.require_complete().count
    return count


def _refuse_parts(count: int, complete: bool, stats: Mapping[str, Any]) -> None:
    """Raise unless a run found all regions."""
    if not complete:
        raise IncompleteError(
            f"{count} regions were found and some may be missing "
            f"({stats.get('stopped', 'not complete')}): all are required; give it more "
            "time or memory, or a smaller domain."
        )


def _given(cells: Cells) -> Cells:
    """Cells that are there already."""
    return cells


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
        what = f"{len(self)} region{'s' * (len(self) != 1)}"
        return f"{type(self).__name__}({what}, {found}, method={self.method!r})"

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
        self, regions: slice | int | Int[np.ndarray, " some"] = slice(None)
    ) -> Bool[np.ndarray, "*some bits"]:
        """Patterns as one bool per unit, in the order of `network.units`.

        Raises:
            IndexError: If there is no such region.
        """
        return unpack_bits(self.patterns[self._numbers(regions)], self.network.num_bits)

    def _numbers(self, regions: Any) -> Any:
        """What stands for some regions, if it does.

        Raises:
            IndexError: If not.
        """
        try:
            np.broadcast_to(0, len(self))[regions]
        except IndexError as error:
            raise IndexError(
                f"`regions` is {reprlib.repr(regions)}: numbers below {len(self)} of "
                "regions, a slice of them, or a truth value for each are required."
            ) from error
        return regions

    def affine_maps(
        self, regions: slice | int | Int[np.ndarray, " some"] = slice(None)
    ) -> tuple[
        Float64[np.ndarray, "*some outputs ambient_dim"],
        Float64[np.ndarray, "*some outputs"],
    ]:
        """Jacobian and offset of the network on each region, in float64.

        Args:
            regions: Which ones, one number included; all if nothing is said.

        Raises:
            IndexError: If there is no such region.
        """
        from regions.patterns.halfspaces import affine_pre_activations

        if isinstance(regions, numbers.Integral):
            jacobian, offset = self.affine_maps(np.array([regions]))
            return jacobian[0], offset[0]
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

        Those of a complete set that came without them, from a file for instance, are
        made anew on bounded domains of up to six dimensions.

        Raises:
            ValueError: If they can not be made, or the set is not what it says.
        """
        if self._make_cells is None:
            if self.can_make_cells:
                return maker()(self.network, self.domain, self.patterns)
            raise ValueError(
                f"the vertices of these regions (from method={self.method!r}) are not "
                "known, and only those of complete sets on bounded domains of up to 6 "
                "dimensions can be made: ask `regions.polytope_at` for single regions."
            )
        return self._make_cells()

    def part(self: Table, region: int) -> Table:
        """One region alone, which is not complete by itself."""
        return self.some(np.array([region]))

    def some(self: Table, regions: Int[np.ndarray, " some"]) -> Table:
        """Some regions by their numbers, which are not complete by themselves."""
        exact = {
            new: self.exact_witnesses[old]
            for new, old in enumerate(regions.tolist())
            if old in self.exact_witnesses
        }
        return type(self)(
            self.network,
            self.domain,
            self.patterns[regions],
            self.coordinates[regions],
            complete=False,
            method=self.method,
            seconds=self.seconds,
            stats=self.stats,
            exact_witnesses=exact,
        )

    def __getstate__(self) -> dict[str, Any]:
        # A function that makes cells holds what an engine kept: the cells go instead.
        state = dict(self.__dict__)
        if self._make_cells is not None:
            state["_make_cells"] = functools.partial(_given, self.cells)
        return state

    @property
    def has_cells(self) -> bool:
        """Whether the vertices of the regions are known."""
        return self._make_cells is not None

    @property
    def can_make_cells(self) -> bool:
        """Whether the vertices of the regions can be made where they are not known."""
        return self.complete and can_be_made(self.domain)

    def polygons(self) -> list[Float64[np.ndarray, "corners 2"]]:
        """Corners of each region of a 2-D domain, counterclockwise, in its chart."""
        return self.cells.polygons()

    def volumes(self) -> Float64[np.ndarray, " regions"]:
        """Volume of each region, in chart coordinates."""
        return self.cells.volumes()

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
