"""All regions with their corners, and the outputs as affine functions there, in a pass.

What is asked of values alone needs no list: the outputs are one more layer without a
kink, whose forms the walk has at hand where it finds a region, with their bounds.
"""

import dataclasses
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64

from regions.domains.shapes import BoundedDomain, Domain
from regions.enumeration.cells import flat, plane_walk
from regions.enumeration.cells.answers import PatternForms, meeting_point
from regions.enumeration.cells.drawing import unit_bits
from regions.enumeration.cells.engine import MAX_FACETS, cells_serve
from regions.enumeration.cells.form_rows import ERROR
from regions.enumeration.cells.plane import VALUES
from regions.enumeration.cells.space import walk as space_walk
from regions.enumeration.cells.space.exact import ExactCorners, unpack
from regions.enumeration.cells.space.network import Hopes
from regions.enumeration.cells.space.positions import LARGE
from regions.enumeration.cells.space.state import Leaves
from regions.errors import NotGenericError
from regions.network import Layer, ReluNetwork
from regions.signs.exact import float_or_infinity
from regions.signs.rounding import SAFETY, SMALLEST, gamma

FINE = 2.0**-38
"""Corners in space with larger bounds are found anew where sums over all are wanted."""

DEEP = 3
"""Beyond so many layers forms in the plane are held in pairs of floats."""

Corner = tuple[Fraction, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """Some regions, in coordinates x with |x| <= 1: the chart's, moved and scaled.

    Attributes:
        middle: The chart's coordinates where all x are 0.
        scale: Units of x in the chart, powers of two.
        end: Where the corners of each region end.
        x: Corners, coordinate by coordinate.
        reach: Proved bounds of their errors, in every coordinate.
        zeros: For each the rows of its region that vanish there, as bits of words.
        form: The outputs on each region: gradients, then offsets.
        doubt: Proved bounds of the sum of what is wrong with the numbers of each form.
        bits: The pattern of one region.
        corner: The exact position of a corner of a region in the chart.
    """

    middle: Float64[np.ndarray, " dim"]
    scale: Float64[np.ndarray, " dim"]
    end: Int[np.ndarray, " regions"]
    x: Float64[np.ndarray, "dim corners"]
    reach: Float64[np.ndarray, " corners"]
    zeros: Int64[np.ndarray, "words corners"]
    form: Float64[np.ndarray, "dim_1 outputs regions"]
    doubt: Float64[np.ndarray, "outputs regions"]
    bits: Callable[[Any], Bool[np.ndarray, "*some bits"]]
    corner: Callable[[int, int], Corner]

    def __len__(self) -> int:
        return len(self.end)

    def starts(self) -> Int[np.ndarray, " regions"]:
        """Where the corners of each region start."""
        return np.concatenate([[0], self.end[:-1]])

    @np.errstate(all="ignore")
    def combined(self, weights: Sequence[Fraction]) -> "Valued":
        """One combination of the outputs in their place."""
        rounded = np.array([float_or_infinity(w) for w in weights])
        sizes = np.abs(rounded)
        terms = 4 + len(rounded)
        form = np.einsum("k,ckr->cr", rounded, self.form)
        lost = gamma(terms) * np.einsum("k,ckr->r", sizes, np.abs(self.form))
        # A weight may be less than any ordinary number, and its rounding as large.
        tiny = 8 * terms + np.abs(self.form).sum((0, 1))
        lost += SAFETY * (sizes @ self.doubt) + tiny * SMALLEST
        return dataclasses.replace(
            self, form=form[:, None], doubt=SAFETY**2 * lost[None]
        )

    @np.errstate(all="ignore")
    def at_corners(
        self,
    ) -> tuple[
        Float64[np.ndarray, "outputs corners"], Float64[np.ndarray, "outputs corners"]
    ]:
        """The outputs at all corners, and proved bounds of their errors."""
        dim, form = len(self.x), self.form
        gradient = np.abs(form[:dim]).sum(0)
        size = gradient + np.abs(form[dim])
        steep = SAFETY * gradient + self.doubt
        near = SAFETY * (self.doubt + gamma(dim + 3) * size) + 16 * SMALLEST
        region = np.repeat(np.arange(len(self)), np.diff(self.end, prepend=0))
        value = form[dim][:, region]
        for c in range(dim):
            value += form[c][:, region] * self.x[c]
        return value, SAFETY * (near[:, region] + steep[:, region] * self.reach)


class Visit(NamedTuple):
    """What a pass over a domain gave.

    Attributes:
        taken: What became of the regions, some at a time.
        regions: How many were found.
        complete: Whether these are all; not so either where no walk can hold them.
    """

    taken: list[Any]
    regions: int
    complete: bool


def visits_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether all regions can be visited."""
    return bool(network.hidden) and cells_serve(network, domain) is None


def hopes_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether to look for regions in cells of all layers but the last, as `Hopes` say.

    In the plane these cells take longer than with a walk of its own, the more so the
    deeper they are.
    """
    if domain.dim > 2:
        return True
    return len(network.hidden) - 1 <= DEEP and len(domain.rows()[1]) <= MAX_FACETS


def visit_regions(
    network: ReluNetwork,
    domain: BoundedDomain,
    take: Callable[[Valued], Any],
    stop: Callable[[], bool],
    worst: float = LARGE,
    hopes: Hopes | None = None,
) -> Visit:
    """Hand over all regions of a network, some at a time, from several threads.

    Args:
        network: A network with hidden layers.
        domain: One that `visits_serve` says yes to.
        take: Is given the regions.
        stop: Asked often; says whether to stop.
        worst: Corners in space with larger bounds of their errors are found anew.
        hopes: What regions are looked for; most that can not have it are left out.

    Example:
        >>> from regions.domains.shapes import Box
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> visit = visit_regions(net, Box.cube(2), len, lambda: False)
        >>> sum(visit.taken), visit.regions, visit.complete
        (4, 4, True)
    """
    output, width = network.output, network.output_dim
    layer = dataclasses.replace(output, slopes=np.ones(width))
    end = Layer(np.zeros((1, width)), np.zeros(1), np.ones(1))
    wide = ReluNetwork((*network.hidden, layer), end)
    if domain.dim == 2 and hopes is None:
        try:
            return _visit_plane(wide, domain, take, stop)
        except NotGenericError:
            # A cell has more corners than the walk in the plane can hold.
            if len(domain.rows()[1]) > MAX_FACETS:
                return Visit([], 0, False)
    return _visit_space(wide, domain, take, stop, worst, hopes)


def _visit_plane(
    network: ReluNetwork,
    domain: BoundedDomain,
    take: Callable[[Valued], Any],
    stop: Callable[[], bool],
) -> Visit:
    """The same by the walk in the plane."""
    net = flat.flatten(network, domain)
    exact = PatternForms(network, domain, net)

    def handed(chunk: plane_walk.Chunk) -> Any:
        sizes = chunk.ring_sizes
        end = np.cumsum(sizes)
        # A corner lies on the edges before and after it.
        place = np.arange(end[-1]) - np.repeat(end - sizes, sizes)
        before = np.where(place, place, np.repeat(sizes, sizes)) - 1
        one = np.int64(1)

        def corner(region: int, q: int) -> Corner:
            first = int(end[region] - sizes[region])
            own = chunk.rows[[first + int(before[q]), q]].tolist()
            bits = unit_bits(network, net, chunk.patterns[region])
            return meeting_point(*exact.of_rows(own, bits))

        bits = np.unpackbits(chunk.patterns, axis=1, bitorder="little")
        values = chunk.values.transpose(1, 2, 0)
        return take(
            Valued(
                middle=net.middle,
                scale=net.scale,
                end=end,
                x=np.ascontiguousarray(chunk.corners[:, :2].T),
                reach=chunk.corners[:, 2].copy(),
                zeros=((one << place) | (one << before))[None],
                form=values[:3],
                doubt=3.0 * values[ERROR],
                bits=lambda regions: bits[regions, : network.num_bits].astype(bool),
                corner=corner,
            )
        )

    task = plane_walk.Task(network, domain, net, plane_walk.UNLIMITED, VALUES, handed)
    walks = plane_walk.walk_all(task, stop)
    taken = [part for walk in walks for part in walk.chunks]
    complete = not any(walk.parts_left for walk in walks)
    return Visit(taken, sum(walk.regions for walk in walks), complete)


def _visit_space(
    network: ReluNetwork,
    domain: BoundedDomain,
    take: Callable[[Valued], Any],
    stop: Callable[[], bool],
    worst: float,
    hopes: Hopes | None,
) -> Visit:
    """The same by the walk in space, which serves planes as well."""
    dim, layers = domain.dim, len(network.hidden)

    def handed(task: space_walk.SpaceTask, leaves: Leaves) -> Any:
        def corner(region: int, q: int) -> Corner:
            point = exact.leaf_corner(leaves, region, q)
            return tuple(Fraction(v, point[-1]) for v in point[:-1])

        def bits(regions: Any) -> np.ndarray:
            return unpack(task.net, leaves.bits[regions], layers)[:, network.kinks]

        return take(
            Valued(
                middle=np.zeros(dim),
                scale=task.net.scale,
                end=leaves.end,
                x=leaves.x,
                reach=leaves.reach,
                zeros=leaves.zeros,
                form=leaves.form[: dim + 1],
                doubt=leaves.form[dim + 1],
                bits=bits,
                corner=corner,
            )
        )

    kept = network.hidden[-1].width
    task = space_walk.SpaceTask(
        network, domain, handed, forms_kept=kept, worst=worst, hopes=hopes
    )
    exact = ExactCorners(network, domain, task.net)
    walks = space_walk.walk_all(task, stop, None)
    for walk in walks:
        walk.drain()
    taken = [part for walk in walks for part in walk.taken]
    complete = not any(walk.parts_left for walk in walks)
    return Visit(taken, sum(walk.regions for walk in walks), complete)
