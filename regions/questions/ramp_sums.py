"""Integrals over a domain from the cells of all layers but the last, between ends.

On such a cell the network is an affine function and a sum of ramps, one for each unit
of the last layer, whose integrals have closed forms (`polytopes.fans.ramps`): nothing
is cut where the last layer bends, and no sign of it is asked for. There are far fewer
such cells than regions, and of one hidden layer there is one, the domain.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import StoppedError
from regions.enumeration.cells.valued import FINE, Valued, visit_regions
from regions.network import ReluNetwork
from regions.polytopes.fans.measuring import Measures, measured_ramps
from regions.questions.answer import Value, known
from regions.questions.last_layer import before_last, combined_weights
from regions.questions.sums import Enclosure
from regions.questions.visited_sums import check_volume, unit_volume

MAX_ORDER = 2
"""The highest power whose integrals have such forms."""


class RampSums(NamedTuple):
    """Integrals over the whole domain, in its chart.

    Attributes:
        cells: Number of cells of all layers but the last.
        powers: The integral of each power, from the first on.
    """

    cells: int
    powers: tuple[Value, ...]


def ramp_sums(
    network: ReluNetwork,
    domain: BoundedDomain,
    weights: Sequence[Fraction],
    order: int,
    stop: Callable[[], bool],
) -> RampSums | None:
    """Integrals of a combination of the outputs and, of the order 2, of its square.

    Returns:
        None if it was stopped, or floats overflow.
    """
    factors = combined_weights(network, weights)
    slopes = np.concatenate([network.hidden[-1].slopes, np.ones(len(weights))])

    def ask() -> None:
        if stop():
            raise StoppedError

    @np.errstate(all="ignore")
    def take(cells: Valued) -> tuple[Measures, Fraction]:
        c = cells
        functions = c.form, c.doubt, factors, slopes
        measures = measured_ramps(c.end, c.x, c.reach, c.zeros, *functions, order, ask)
        return measures, unit_volume(cells)

    try:
        visit = visit_regions(before_last(network), domain, take, stop, FINE)
    except StoppedError:
        return None
    if not visit.complete:
        return None
    volume, sums = Enclosure(), [Enclosure() for _ in range(order)]
    for measures, _ in visit.taken:
        volume.add(measures.volume, measures.volume_error)
        for k, total in enumerate(sums):
            total.add(measures.integral[0, k], measures.integral_error[0, k])
    if not all(total.is_finite for total in (volume, *sums)):
        return None
    unit = visit.taken[-1][1]
    check_volume(volume.times(unit), domain)
    return RampSums(visit.regions, tuple(known(*total.times(unit)) for total in sums))
