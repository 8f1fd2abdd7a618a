"""Integrals over all regions in one pass over them, in float64 between proved ends."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import StoppedError
from regions.enumeration.cells.valued import FINE, Valued, visit_regions
from regions.network import ReluNetwork
from regions.polytopes.fans.measuring import Measures, measured
from regions.questions.answer import Value, known
from regions.questions.sums import Enclosure


class Sums(NamedTuple):
    """Integrals over the part of a domain that was met, in its chart.

    Attributes:
        cells: Number of regions, or of other cells, that the sums are over.
        powers: The integral of each power, from the first on.
        rest: Ends of the volume that was not met; None if all was.
    """

    cells: int
    powers: tuple[Value, ...]
    rest: tuple[Fraction, Fraction] | None = None


def power_sums(
    network: ReluNetwork,
    domain: BoundedDomain,
    weights: Sequence[Fraction],
    order: int,
    stop: Callable[[], bool],
) -> Sums | None:
    """Integrals of the powers of a combination of the outputs, over what is met.

    Returns:
        None if nothing was met, or floats overflow.
    """

    def measure(regions: Valued, ask: Callable[[], None]) -> Measures:
        r = regions.combined(weights)
        functions = *r.at_corners(), order
        return measured(r.end, r.x, r.reach, r.zeros, *functions, ask)

    return sum_powers(network, domain, measure, order, stop)


def sum_powers(
    network: ReluNetwork,
    domain: BoundedDomain,
    measure: Callable[[Valued, Callable[[], None]], Measures],
    order: int,
    stop: Callable[[], bool],
) -> Sums | None:
    """Sums of what is measured on all regions of a network, as `power_sums` returns.

    Args:
        network: The network whose regions are visited.
        domain: The domain.
        measure: Integrals of the powers of one function over some regions, in their own
            units; is given the regions, and what to call often.
        order: The highest power.
        stop: Asked often; says whether to stop.
    """
    ask = asking(stop)

    @np.errstate(all="ignore")
    def take(regions: Valued) -> tuple[Measures, Fraction] | None:
        try:
            return measure(regions, ask), unit_volume(regions)
        except StoppedError:
            return None

    visit = visit_regions(network, domain, take, stop, FINE)
    taken = [held for held in visit.taken if held is not None]
    if not taken:
        return None
    volume, sums = Enclosure(), [Enclosure() for _ in range(order)]
    for measures, _ in taken:
        volume.add(measures.volume, measures.volume_error)
        for k, total in enumerate(sums):
            total.add(measures.integral[0, k], measures.integral_error[0, k])
    if not all(total.is_finite for total in (volume, *sums)):
        return None
    unit = taken[-1][1]
    powers = tuple(known(*total.times(unit)) for total in sums)
    met, cells = volume.times(unit), sum(len(held.volume) for held, _ in taken)
    if visit.complete and len(taken) == len(visit.taken):
        check_volume(met, domain)
        return Sums(cells, powers)
    whole = domain.rational_volume()
    return Sums(cells, powers, (max(whole - met[1], Fraction(0)), whole - met[0]))


def asking(stop: Callable[[], bool]) -> Callable[[], None]:
    """What ends a pass when it is time to stop."""

    def ask() -> None:
        if stop():
            raise StoppedError

    return ask


def unit_volume(regions: Valued) -> Fraction:
    """Volume in the chart of a unit of volume of the regions' coordinates."""
    return math.prod((Fraction(v) for v in regions.scale.tolist()), start=Fraction(1))


def check_volume(ends: tuple[Fraction, Fraction], domain: BoundedDomain) -> None:
    """Raise unless the regions can fill the domain: a check that costs nothing."""
    if not ends[0] <= domain.rational_volume() <= ends[1]:
        raise AssertionError("the simplices of the regions do not fill the domain.")
