"""Lists of regions by cells in space: patterns, and a point strictly inside each."""

import dataclasses
import functools
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.cells.space.cones import Cone
from regions.enumeration.cells.space.drawing import draw_space
from regions.enumeration.cells.space.exact import ExactCorners, unpack
from regions.enumeration.cells.space.state import Leaves
from regions.enumeration.cells.space.walk import (
    SpaceTask,
    SpaceWalk,
    facts,
    walk_all,
)
from regions.enumeration.engine import Listing, Progress
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits, sign_words
from regions.signs.exact import nearest_float
from regions.signs.inside import inside_domain
from regions.signs.predicate import Predicate


def list_space(
    network: ReluNetwork,
    domain: Domain,
    stop: Callable[[], bool],
    max_regions: int | None = None,
    progress: Progress | None = None,
    cone: Cone | None = None,
) -> Listing:
    """All regions by cells, in a fixed order; those found if it was stopped.

    The cells may be those of a cone that has the same regions.
    """
    task = space_listing_task(network, domain, max_regions, cone)
    return space_listing(task, walk_all(task, stop, progress))


def space_listing_task(
    network: ReluNetwork,
    domain: Domain,
    max_regions: int | None = None,
    cone: Cone | None = None,
) -> SpaceTask:
    """What all walks that list regions share."""
    witnesses = _Witnesses(network, domain, cone)
    shape = (network, domain) if cone is None else (cone.network, cone.domain)
    task = SpaceTask(*shape, witnesses.take, max_regions)
    witnesses.exact = ExactCorners(*shape, task.net)
    return task


def space_listing(task: SpaceTask, walks: list[SpaceWalk]) -> Listing:
    """The regions that some walks have found."""
    network, domain, most = task.network, task.domain, task.most
    left = sum(walk.parts_left for walk in walks)
    for walk in walks:
        walk.drain()
    found: list[_Regions] = [part for walk in walks for part in walk.taken]
    none = np.zeros((0, sum(network.widths)), bool)
    bits = np.concatenate([none, *(part.bits for part in found)])[:most]
    points = np.zeros((0, domain.dim))
    if found:
        points = np.concatenate([part.points for part in found])
    exact: dict[int, tuple[Fraction, ...]] = {}
    first = 0
    for part in found:
        exact |= {first + k: point for k, point in part.exact.items()}
        first += len(part.bits)
    exact = {k: point for k, point in exact.items() if k < len(bits)}
    patterns = pack_bits(bits[:, network.kinks])
    complete = left == 0 and len(bits) == len(points)
    make = None
    if complete and domain.is_bounded and not isinstance(domain, WholeSpace):
        make = functools.partial(draw_space, network, domain, patterns)
    return Listing(
        patterns,
        points[:most],
        exact,
        complete,
        dataclasses.replace(facts(walks), exact_witnesses=len(exact)),
        make,
    )


class _Regions(NamedTuple):
    """Some regions: bits of all units, points inside, those that are no floats."""

    bits: np.ndarray
    points: np.ndarray
    exact: dict[int, tuple[Fraction, ...]]


class _Witnesses:
    """Proves that the mean of its corners lies strictly inside each region."""

    exact: ExactCorners

    def __init__(self, network: ReluNetwork, domain: Domain, cone: Cone | None):
        self._domain, self._cone = domain, cone
        self._predicate = Predicate(network, domain)
        self._ends = np.cumsum(network.widths)[:-1]

    def take(self, task: SpaceTask, leaves: Leaves) -> _Regions:
        """Regions with their witnesses."""
        net = task.net
        bits = unpack(net, leaves.bits, len(net.first) - 1)
        starts = np.concatenate([[0], leaves.end[:-1]])
        sums = np.add.reduceat(leaves.x, starts, axis=1)
        if self._cone is None:
            points = (sums / np.diff(leaves.end, prepend=0)).T * net.scale
        else:
            points = self._cone.points(sums.T * net.scale)
        parts = np.split(bits.astype(float), self._ends, axis=1)
        words = [sign_words(part) for part in parts]
        with np.errstate(all="ignore"):
            proved = inside_domain(points, self._domain)
            proved &= self._predicate.agree(points, np.concatenate(words, axis=1))
        exact: dict[int, tuple[Fraction, ...]] = {}
        for region in np.flatnonzero(~proved).tolist():
            exact[region] = self.exact.mean(leaves, region)
            if self._cone is not None:
                exact[region] = self._cone.point(exact[region])
            points[region] = [nearest_float(v) for v in exact[region]]
        return _Regions(bits, points, exact)
