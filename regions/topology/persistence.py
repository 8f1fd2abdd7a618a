"""Topology of all level sets of an output at once: persistent homology.

On each face the output is affine, so the part of the domain where it is at most t is
deformed onto the faces all of whose vertices have such values. Faces enter at the
largest value at their vertices; pairs of faces tell when each component, tunnel and
cavity appears and when it is filled. All that happens, happens at values at vertices.
"""

import dataclasses
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.cells.engine import cells_serve
from regions.errors.arguments import kinds_checked
from regions.errors.limits import limited, never
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.topology.chains import Chains, reduce_chains, unpaired
from regions.topology.faces import FaceComplex, face_complex
from regions.topology.find_corners import corner_table
from regions.topology.ragged import Ragged
from regions.topology.vertex_values import VertexValues, with_outputs_hidden

MAX_DIM = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a component, tunnel or cavity lasts.

    Attributes:
        dimension: 0 for a component, 1 for a tunnel, 2 for a cavity, and so on.
        birth: The threshold at which it appears: it is there from this value on.
        death: The threshold at which it is gone; None if it stays.
    """

    dimension: int
    birth: Fraction
    death: Fraction | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Persistence:
    """The topology of where an output is at most, or at least, each threshold.

    Attributes:
        intervals: What lasts for more than one threshold, the longest first.
        above: Whether sets are where the output is at least the threshold, which then
            falls from birth to death.
        dim: Dimension of the domain.
        num_regions: Regions of the network on the domain.
        seconds: Wall time.

    Example:
        >>> from regions.domains.shapes import Box
        >>> weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[1.0] * 4]]
        >>> valley = ReluNetwork.from_arrays(weights, None)  # |x| + |y|
        >>> found = output_persistence(valley, Box.cube(2))
        >>> print(found)
        1 interval: 1 in dimension 0, 0 in dimension 1 (4 regions)
        >>> found.betti_at(-1), found.betti_at(1), found.critical_values
        ((0, 0), (1, 0), [Fraction(0, 1)])
    """

    intervals: list[Lifetime]
    above: bool
    dim: int
    num_regions: int
    seconds: float

    def betti_at(self, threshold: float | Fraction) -> tuple[int, ...]:
        """Betti numbers of where the output is at most (or at least) a threshold."""
        sign = -1 if self.above else 1
        at, betti = sign * Fraction(threshold), [0] * self.dim
        for interval in self.intervals:
            gone = interval.death is not None and sign * interval.death <= at
            betti[interval.dimension] += sign * interval.birth <= at and not gone
        return tuple(betti)

    @property
    def critical_values(self) -> list[Fraction]:
        """The thresholds at which the topology changes, ascending."""
        ends = {v for i in self.intervals for v in (i.birth, i.death) if v is not None}
        return sorted(ends)

    def __repr__(self) -> str:
        return f"Persistence({self})"

    def __str__(self) -> str:
        counts = [
            sum(i.dimension == k for i in self.intervals) for k in range(self.dim)
        ]
        kinds = ", ".join(f"{n} in dimension {k}" for k, n in enumerate(counts))
        count, size = len(self.intervals), self.num_regions
        return (
            f"{count} interval{'s' * (count != 1)}: {kinds} "
            f"({size} region{'s' * (size != 1)})"
        )


@kinds_checked
def output_persistence(
    network: NetworkLike,
    domain: DomainLike,
    output: int = 0,
    *,
    above: bool = False,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
) -> Persistence:
    """Components, tunnels and cavities of an output's level sets, over all thresholds.

    Critical values are exact: rational numbers, as they are values at vertices.

    Args:
        network: The network.
        domain: A bounded domain of 2 to 5 dimensions.
        output: Which output.
        above: Whether sets are where the output is at least the threshold; by default
            where it is at most that.
        max_seconds: Give up after this time.
        stop: Asked often whether to give up.

    Raises:
        ValueError: If the domain is not served, or there is no such output.
        LimitError: If a limit was reached.

    Example:
        >>> from regions.domains.shapes import Box
        >>> weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[-1.0] * 4]]
        >>> hill = ReluNetwork.from_arrays(weights, [[0.0] * 4, [1.0]])
        >>> found = output_persistence(hill, Box.cube(2))
        >>> for interval in found.intervals:
        ...     print(interval.dimension, interval.birth, interval.death)
        0 -1 None
        0 -1 0
        0 -1 0
        0 -1 0
        1 0 1
        >>> found.betti_at(0.5)
        (1, 1)
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    start = time.perf_counter()
    domain.restrict(network)
    bounded = _served(network, domain, output)
    hidden = with_outputs_hidden(network)
    with limited(max_seconds=max_seconds, stop=stop):
        table = corner_table(hidden, bounded)
        complex_ = face_complex(table)
        values = VertexValues(hidden, bounded, table, complex_, output)
        intervals = _intervals(complex_, values, above=above)
    return Persistence(
        intervals, above, domain.dim, table.num_regions, time.perf_counter() - start
    )


def _served(network: ReluNetwork, domain: Domain, output: int) -> BoundedDomain:
    """The domain, if it is served.

    Raises:
        ValueError: If it is not, or there is no such output.
    """
    if not 0 <= output < network.output_dim:
        raise ValueError(
            f"`output` is {output}: 0 to {network.output_dim - 1} is required."
        )
    reason = cells_serve(network, domain)
    if domain.dim > MAX_DIM:
        reason = f"the domain has dimension {domain.dim}, above {MAX_DIM}"
    if reason is not None or isinstance(domain, WholeSpace):
        raise ValueError(
            f"`domain` is not served: {reason}; take a Box, a Slice or an HPolytope, "
            "of 2 to 5 dimensions and with bounds."
        )
    return domain


def _intervals(
    complex_: FaceComplex,
    values: VertexValues,
    *,
    above: bool,
) -> list[Lifetime]:
    """The intervals of the faces in the order in which they enter."""
    rank = -values.rank if above else values.rank
    chains, enters = _filtration(complex_, rank)
    pairs = reduce_chains(chains)
    found: list[tuple[int, int, int | None]] = []
    for k in range(1, len(chains)):
        for creator, destroyer in pairs[k].items():
            birth, death = int(enters[k - 1][creator]), int(enters[k][destroyer])
            if rank[birth] != rank[death]:
                found.append((k - 1, birth, death))
    for k, free in enumerate(unpaired(chains, pairs)):
        found += [(k, int(enters[k][creator]), None) for creator in free.tolist()]
    ends = [v for _, birth, death in found for v in (birth, death) if v is not None]
    known = dict(zip(ends, values.exact(ends), strict=True))
    intervals = [
        Lifetime(k, known[birth], None if death is None else known[death])
        for k, birth, death in found
    ]
    return sorted(intervals, key=_longest_first)


def _filtration(
    complex_: FaceComplex, rank: np.ndarray
) -> tuple[Chains, list[np.ndarray]]:
    """Faces in the order of their largest vertex, and which vertex that is."""
    chains: Chains = []
    enters: list[np.ndarray] = []
    place = np.zeros(0, np.int64)
    for k, faces in enumerate(complex_.members):
        order = np.lexsort((rank[faces.items], faces.owner))
        last = faces.items[order[faces.offsets[1:] - 1]]
        sequence = np.argsort(rank[last], kind="stable")
        boundary = complex_.boundaries[k].take(sequence)
        chains.append(Ragged(boundary.offsets, place[boundary.items]))
        enters.append(last[sequence])
        place = np.empty(len(sequence), np.int64)
        place[sequence] = np.arange(len(sequence))
    return chains, enters


def _longest_first(interval: Lifetime) -> tuple:
    """What intervals are sorted by."""
    length = None if interval.death is None else abs(interval.death - interval.birth)
    return (length is not None, interval.dimension, -(length or 0), interval.birth)
