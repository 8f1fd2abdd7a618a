"""Lists of regions by cells in space: patterns, and a point strictly inside each."""

import functools
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.space_drawing import draw_space
from regions.enumeration.cells.space_exact import ExactCorners, unpack
from regions.enumeration.cells.space_state import Leaves
from regions.enumeration.cells.space_walk import (
    Progress,
    SpaceTask,
    statistics,
    walk_all,
)
from regions.enumeration.listing import Listing
from regions.enumeration.sweep.complex import sign_words
from regions.enumeration.sweep.engine import inside_domain
from regions.network import ReluNetwork
from regions.signs.exact import Columns, ExactNetwork, nearest_float
from regions.signs.float_bounds import FloatBounds


def list_space(
    network: ReluNetwork,
    domain: BoundedDomain,
    stop: Callable[[], bool],
    max_regions: int | None = None,
    progress: Progress | None = None,
) -> Listing:
    """All regions by cells, in a fixed order; those found if it was stopped."""
    witnesses = _Witnesses(network, domain)
    task = SpaceTask(network, domain, witnesses.take, max_regions)
    witnesses.exact = ExactCorners(network, domain, task.net)
    walks = walk_all(task, stop, progress)
    left = sum(walk.parts_left for walk in walks)
    for walk in walks:
        walk.drain()
    found: list[_Regions] = [part for walk in walks for part in walk.taken]
    kinks = np.concatenate([layer.kinks for layer in network.hidden])
    none = np.zeros((0, len(kinks)), bool)
    bits = np.concatenate([none, *(part.bits for part in found)])[:max_regions]
    points = np.concatenate(
        [np.zeros((0, domain.dim)), *(part.points for part in found)]
    )
    exact: dict[int, tuple[Fraction, ...]] = {}
    first = 0
    for part in found:
        exact |= {first + k: point for k, point in part.exact.items()}
        first += len(part.bits)
    exact = {k: point for k, point in exact.items() if k < len(bits)}
    patterns = np.packbits(bits[:, kinks], axis=1, bitorder="little")
    complete = left == 0 and len(bits) == len(points)
    return Listing(
        patterns,
        points[:max_regions],
        exact,
        complete,
        {**statistics(walks), "exact_witnesses": len(exact)},
        functools.partial(draw_space, network, domain, patterns) if complete else None,
    )


class _Regions(NamedTuple):
    """Some regions: bits of all units, points inside, those that are no floats."""

    bits: np.ndarray
    points: np.ndarray
    exact: dict[int, tuple[Fraction, ...]]


class _Witnesses:
    """Proves that the mean of its corners lies strictly inside each region."""

    exact: ExactCorners

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        self._network, self._domain = network, domain
        self._bounds = FloatBounds(network, domain, domain.polytope())
        self._signs = ExactNetwork(network, domain)
        self._ends = np.cumsum(network.widths)[:-1]
        self._kinks = np.concatenate([layer.kinks for layer in network.hidden])

    def take(self, task: SpaceTask, leaves: Leaves) -> _Regions:
        """Regions with their witnesses."""
        net = task.net
        bits = unpack(net, leaves.bits, len(net.first) - 1)
        starts = np.concatenate([[0], leaves.end[:-1]])
        sums = np.add.reduceat(leaves.x, starts, axis=1)
        points = (sums / np.diff(leaves.end, prepend=0)).T * net.scale
        words = [sign_words(part) for part in np.split(bits, self._ends, axis=1)]
        proved = self._bounds.prove_points(points, np.concatenate(words, axis=1))
        proved &= inside_domain(points, self._domain)
        exact: dict[int, tuple[Fraction, ...]] = {}
        left = np.flatnonzero(~proved)
        if len(left):
            fine = self._prove_exactly(leaves, bits, points, left)
            for region in left[~fine].tolist():
                exact[region] = self.exact.mean(leaves, region)
                points[region] = [nearest_float(v) for v in exact[region]]
        return _Regions(bits, points, exact)

    def _prove_exactly(
        self, leaves: Leaves, bits: np.ndarray, points: np.ndarray, left: np.ndarray
    ) -> np.ndarray:
        """Which of some points have the signs of their regions, all strict.

        A unit may be zero where it is zero on all of the region.
        """
        found = self._signs.signs(Columns.of_floats(points[left])).T
        claimed = bits[left]
        fine = np.where(claimed, found > 0, found < 0) | ~self._kinks
        layers = len(self._network.hidden)
        for at in np.flatnonzero(~fine.all(1)).tolist():
            zero = ~fine[at] & ~claimed[at] & (found[at] == 0)
            if not (fine[at] | zero).all():
                continue
            forms = self.exact.forms(leaves.bits[left[at]], layers)
            for unit in np.flatnonzero(zero).tolist():
                fine[at, unit] = not any(forms[unit])
        return fine.all(1) & inside_domain(points[left], self._domain)
