"""Integrals over a domain from the cells of all layers but the last, between ends.

On such a cell the network is an affine function and a sum of ramps, one for each unit
of the last layer. Integrals of ramps, and of products of two, have closed forms
(`polytopes.fans.ramps`): nothing is cut where the last layer bends, and no sign of it
is asked for. There are far fewer such cells than regions, and of one hidden layer there
is one, the domain.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.valued import Valued
from regions.network import ReluNetwork
from regions.polytopes.fans.measuring import Measures, measured_ramps
from regions.questions.last_layer import before_last, combined_weights
from regions.questions.visited_sums import Sums, sum_powers

MAX_ORDER = 2
"""The highest power whose integrals have such forms."""


def ramp_sums(
    network: ReluNetwork,
    domain: BoundedDomain,
    weights: Sequence[Fraction],
    order: int,
    stop: Callable[[], bool],
) -> Sums | None:
    """Integrals of a combination of the outputs and, of the order 2, of its square.

    Returns:
        None if nothing was met, or floats overflow.
    """
    factors = combined_weights(network, weights)
    slopes = np.concatenate([network.hidden[-1].slopes, np.ones(len(weights))])

    def measure(cells: Valued, ask: Callable[[], None]) -> Measures:
        c = cells
        functions = c.form, c.doubt, factors, slopes, order
        return measured_ramps(c.end, c.x, c.reach, c.zeros, *functions, ask)

    return sum_powers(before_last(network), domain, measure, order, stop)
