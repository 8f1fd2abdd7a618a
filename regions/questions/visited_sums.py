"""Integrals over all regions in one pass over them, in float64 between proved ends."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import StoppedError
from regions.enumeration.cells.valued import FINE, Valued, visit_regions
from regions.network import Layer, ReluNetwork
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
    ask = _asking(stop)

    @np.errstate(all="ignore")
    def take(regions: Valued) -> tuple[Measures, Fraction] | None:
        try:
            return measure(regions, ask), _unit_volume(regions)
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
        _check_volume(met, domain)
        return Sums(cells, powers)
    whole = domain.rational_volume()
    return Sums(cells, powers, (max(whole - met[1], Fraction(0)), whole - met[0]))


class Part(NamedTuple):
    """The part of a domain in which one output is the largest.

    Attributes:
        volume: Ends of its volume in the chart.
        firsts: Ends of the integral of each coordinate over it.
    """

    volume: tuple[Fraction, Fraction]
    firsts: list[tuple[Fraction, Fraction]]


def class_sums(
    network: ReluNetwork, domain: BoundedDomain, stop: Callable[[], bool]
) -> tuple[int, list[Part | None]] | None:
    """Volumes of the parts of a domain by the largest output, and their first moments.

    Returns:
        How many cells were visited, and the parts, None for one without volume. None
        if it was stopped, or floats overflow.
    """
    count, dim, ask = network.output_dim, domain.dim, _asking(stop)
    volumes = [Enclosure() for _ in range(count)]

    @np.errstate(all="ignore")
    def take(regions: Valued) -> tuple[Any, ...]:
        bits = regions.bits(np.arange(len(regions)))[:, 1 - count :]
        # The last output that exceeds all before it is the largest.
        label = np.where(bits, np.arange(1, count), 0).max(1)
        doubt = np.broadcast_to(regions.reach, regions.x.shape)
        frame = [*zip(regions.middle.tolist(), regions.scale.tolist(), strict=True)]
        r = regions
        measures = measured(r.end, r.x, r.reach, r.zeros, r.x, doubt, 1, ask)
        return measures, label, _unit_volume(regions), frame

    try:
        visit = visit_regions(_running_maxima(network), domain, take, stop, FINE)
    except StoppedError:
        return None
    if not visit.complete:
        return None
    firsts = [[Enclosure() for _ in range(dim)] for _ in range(count)]
    for measures, label, _, _ in visit.taken:
        for k in np.unique(label).tolist():
            own = label == k
            volumes[k].add(measures.volume[own], measures.volume_error[own])
            for axis, total in enumerate(firsts[k]):
                terms = measures.integral[axis, 0, own]
                total.add(terms, measures.integral_error[axis, 0, own])
    every = [*volumes, *(total for part in firsts for total in part)]
    if not all(total.is_finite for total in every):
        return None
    _, _, unit, frame = visit.taken[-1]
    parts: list[Part | None] = []
    whole = [volume.times(unit) for volume in volumes]
    low, high = (sum((v[k] for v in whole), Fraction()) for k in (0, 1))
    _check_volume((low, high), domain)
    for volume, own in zip(whole, firsts, strict=True):
        moved = []
        for (middle, scale), total in zip(frame, own, strict=True):
            shift = sorted(Fraction(middle) * v for v in volume)
            low, high = total.times(unit * Fraction(scale))
            moved.append((low + shift[0], high + shift[1]))
        parts.append(None if volume == (0, 0) else Part(volume, moved))
    return visit.regions, parts


def _asking(stop: Callable[[], bool]) -> Callable[[], None]:
    """What ends a pass when it is time to stop."""

    def ask() -> None:
        if stop():
            raise StoppedError

    return ask


def _unit_volume(regions: Valued) -> Fraction:
    """Volume in the chart of a unit of volume of the regions' coordinates."""
    return math.prod((Fraction(v) for v in regions.scale.tolist()), start=Fraction(1))


def _check_volume(ends: tuple[Fraction, Fraction], domain: BoundedDomain) -> None:
    """Raise unless the regions can fill the domain: a check that costs nothing."""
    if not ends[0] <= domain.rational_volume() <= ends[1]:
        raise AssertionError("the simplices of the regions do not fill the domain.")


def _running_maxima(network: ReluNetwork) -> ReluNetwork:
    """A network whose last units tell which output is the largest, the first if tied.

    With m_k the largest of the outputs 0 to k, unit k is `relu(y_k - m_(k-1))`, and m_k
    that much more than m_(k-1): unit k is on where output k is larger than all before.
    """
    count, source = network.output_dim, len(network.hidden) + 1
    layers = [*network.hidden, _linear(network.output)]
    for k in range(1, count):
        row = np.zeros((1, count))
        row[0, 0], row[0, k] = -1.0, 1.0
        blocks = [(source, row)]
        blocks += [(source + j, np.full((1, 1), -1.0)) for j in range(1, k)]
        *skips, (_, weight) = blocks
        layers.append(Layer(weight, np.zeros(1), np.zeros(1), tuple(skips)))
    return ReluNetwork(tuple(layers), Layer(np.zeros((1, 1)), np.zeros(1), np.ones(1)))


def _linear(layer: Layer) -> Layer:
    """A layer whose units have no kink."""
    return Layer(layer.weight, layer.bias, np.ones(layer.width), layer.skips)
