"""The parts of a domain by the largest output, in float64 between proved ends.

A cell of all layers but the last, or a part of it, is not cut where one class wins on
all of it (`enumeration/cells/space/winners.py`), nor is a region that two share: both
sides are measured as they are (`polytopes/fans/sides.py`).
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import StoppedError
from regions.enumeration.cells.space.hopes import CLASSES
from regions.enumeration.cells.space.network import Hopes
from regions.enumeration.cells.valued import (
    FINE,
    Valued,
    Visit,
    hopes_serve,
    visit_regions,
)
from regions.network import Layer, ReluNetwork
from regions.polytopes.fans.measuring import Measures, measured_sides
from regions.questions.last_layer import with_sums
from regions.questions.sums import Enclosure
from regions.questions.visited_sums import asking, check_volume, unit_volume

HUGE = 2.0**1000
"""Beyond this the sum of two numbers may overflow."""


class Part(NamedTuple):
    """The part of a domain in which one output is the largest.

    Attributes:
        volume: Ends of its volume in the chart.
        firsts: Ends of the integral of each coordinate over it.
    """

    volume: tuple[Fraction, Fraction]
    firsts: list[tuple[Fraction, Fraction]]


class _Measured(NamedTuple):
    """Some cells.

    Attributes:
        sides: Of each the part of one class, and that of another, which may be empty.
        labels: Which classes these are.
        middle: The chart's coordinates where those of the measures are 0.
        scale: Their units in the chart.
        unit: The volume of their unit.
    """

    sides: tuple[Measures, Measures]
    labels: tuple[Int[np.ndarray, " cells"], Int[np.ndarray, " cells"]]
    middle: list[float]
    scale: list[float]
    unit: Fraction


def class_sums(
    network: ReluNetwork, domain: BoundedDomain, stop: Callable[[], bool]
) -> tuple[int, list[Part | None]] | None:
    """Volumes of the parts of a domain by the largest output, and their first moments.

    Returns:
        Over how many cells, and the parts, None for one without volume. None if it was
        stopped, or floats overflow.
    """
    count, ask = network.output_dim, asking(stop)

    @np.errstate(all="ignore")
    def take(cells: Valued) -> _Measured:
        c = cells
        return _Measured(
            measured_sides(c.end, c.x, c.reach, c.zeros, *_divider(c), ask),
            _labels(c, count),
            c.middle.tolist(),
            c.scale.tolist(),
            unit_volume(c),
        )

    try:
        visit = _visit_classes(network, domain, take, stop)
    except StoppedError:
        return None
    if not visit.complete:
        return None
    volumes = [Enclosure() for _ in range(count)]
    firsts = [[Enclosure() for _ in range(domain.dim)] for _ in range(count)]
    for held in visit.taken:
        _add_up(held, volumes, firsts)
    every = [*volumes, *(total for part in firsts for total in part)]
    if not all(total.is_finite for total in every):
        return None
    frame = visit.taken[-1]
    whole = [volume.times(frame.unit) for volume in volumes]
    low, high = (sum((v[k] for v in whole), Fraction()) for k in (0, 1))
    check_volume((low, high), domain)
    parts = [
        None if volume == (0, 0) else Part(volume, _moved(frame, volume, own))
        for volume, own in zip(whole, firsts, strict=True)
    ]
    return visit.regions, parts


def _visit_classes(
    network: ReluNetwork,
    domain: BoundedDomain,
    take: Callable[[Valued], _Measured],
    stop: Callable[[], bool],
) -> Visit:
    """Hand over cells that one class has, or two on both sides of a function."""
    if not hopes_serve(network, domain):
        return visit_regions(_running_maxima(network), domain, take, stop, FINE)
    network = with_sums(network)
    last, weight = len(network.hidden) - 1, network.output.weight
    looked_for = Hopes(CLASSES, last, weight, np.zeros((0, 2)))
    told = _running_maxima(network)
    return visit_regions(told, domain, take, stop, FINE, looked_for)


def _labels(
    cells: Valued, count: int
) -> tuple[Int[np.ndarray, " cells"], Int[np.ndarray, " cells"]]:
    """The class of each cell, and the one on the other side of what divides it."""
    bits = cells.bits(np.arange(len(cells)))[:, 1 - count :]
    # The last output that exceeds all before it is the largest; where it does not, the
    # one before.
    on = np.sort(np.where(bits, np.arange(1, count), 0), axis=1)
    other = on[:, -2] if count > 2 else np.zeros(len(on), on.dtype)
    return on[:, -1], other


def _divider(
    cells: Valued,
) -> tuple[Float64[np.ndarray, " corners"], Float64[np.ndarray, " corners"]]:
    """What divides some cells, at all corners, and bounds of its errors.

    It is 1 on those that are not divided. Nothing is known of values that are so large
    that their sums overflow.
    """
    value, doubt = (part[0] for part in cells.at_corners())
    divided = np.repeat(cells.form.any((0, 1)), np.diff(cells.end, prepend=0))
    doubt = np.where(np.abs(value) + doubt < HUGE, doubt, math.inf)
    return np.where(divided, value, 1.0), np.where(divided, doubt, 0.0)


def _add_up(
    held: _Measured, volumes: list[Enclosure], firsts: list[list[Enclosure]]
) -> None:
    """Add some cells to the sums of their classes."""
    for measures, label in zip(held.sides, held.labels, strict=True):
        for k in np.unique(label).tolist():
            own = (label == k) & (measures.volume_error != 0.0)
            volumes[k].add(measures.volume[own], measures.volume_error[own])
            for axis, total in enumerate(firsts[k]):
                terms = measures.integral[axis, 0, own]
                total.add(terms, measures.integral_error[axis, 0, own])


def _moved(
    frame: _Measured, volume: tuple[Fraction, Fraction], own: Sequence[Enclosure]
) -> list[tuple[Fraction, Fraction]]:
    """Ends of the integrals of the chart's coordinates over a part of some volume."""
    moved = []
    for middle, scale, total in zip(frame.middle, frame.scale, own, strict=True):
        shift = sorted(Fraction(middle) * v for v in volume)
        low, high = total.times(frame.unit * Fraction(scale))
        moved.append((low + shift[0], high + shift[1]))
    return moved


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
