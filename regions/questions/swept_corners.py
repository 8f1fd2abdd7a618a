"""Largest values at the corners of a generic network's regions, from the sweep.

The network at the corners, with a bound of all errors, leaves few corners at which the
largest value can be; exact arithmetic decides between these. From four dimensions on
regions have so many corners that visiting them takes longer than each corner once.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.enumeration.sweep.corners import Corners, proved_corners
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.questions.answer import Point
from regions.questions.problem import Problem
from regions.signs.rounding import SAFETY, SMALLEST, gamma

MOST_CANDIDATES = 100
"""Of more places with nearly equal values the exact values would take too long."""

CHUNK_ENTRIES = 1 << 20
"""Numbers of a layer that are held at once."""

Best = tuple[int, Fraction, Point]
"""A goal, its largest value, and where in the chart."""


class SweptCorners:
    """The corners of a network on a domain; asked once for several goals."""

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        self._network, self._domain = network, domain
        self._corners: Corners | None = None
        self._outputs: np.ndarray | None = None
        self._serves = domain.is_chart_identity

    def largest(self, problem: Problem, budget: Budget) -> Best | None:
        """The largest value of the goals; None if the corners do not tell it in time.

        Args:
            problem: Goals of one part on the outputs.
            budget: The list's own.
        """
        if self._serves and self._corners is None:
            try:
                self._corners = proved_corners(self._network, self._domain, budget)
            except NotGenericError:
                self._serves = False
        if self._corners is None:
            return None
        if self._outputs is None:
            self._outputs = outputs_at(self._network, self._corners.positions)
        return largest_at_corners(problem, self._corners, self._outputs)


def largest_at_corners(
    problem: Problem, corners: Corners, outputs: Float64[np.ndarray, "corners outputs"]
) -> Best | None:
    """The largest value of the goals at all corners; None if too many are near it."""
    values, doubt = goal_values(problem, outputs, corners.positions, corners.errors)
    if not np.isfinite(values).all() or not np.isfinite(doubt).all():
        return None
    least = (values - doubt).max()
    goals, places = np.nonzero(values + doubt >= least)
    if len(goals) > MOST_CANDIDATES:
        return None
    best: Best | None = None
    for goal, place in zip(goals.tolist(), places.tolist(), strict=True):
        point = corners.exact(place)
        value = problem.value(goal, point)
        if best is None or value > best[1]:
            best = goal, value, point
    return best


@np.errstate(all="ignore")
def outputs_at(
    network: ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> Float64[np.ndarray, "points outputs"]:
    """Outputs at many points, a part of them at a time."""
    chunk = max(1, CHUNK_ENTRIES // max(layer.width for layer in network.layers))
    starts = range(0, max(1, len(points)), chunk)
    return np.concatenate([network(points[k : k + chunk]) for k in starts])


@np.errstate(all="ignore")
def goal_values(
    problem: Problem,
    outputs: Float64[np.ndarray, "corners outputs"],
    positions: Float64[np.ndarray, "corners dim"],
    errors: Float64[np.ndarray, " corners"],
) -> tuple[Float64[np.ndarray, "goals corners"], Float64[np.ndarray, "goals corners"]]:
    """Goals at the stored corners, and how far the exact ones may be from these."""
    weights = np.array([[float(w) for w in g[0].outputs] for g in problem.goals])
    offsets = np.array([float(g[0].offset) for g in problem.goals])
    values = weights @ outputs.T + offsets[:, None]
    network = problem.network
    size = _absolute(network, np.abs(positions).max(axis=0), biases=True)
    steep = _absolute(network, np.ones(network.input_dim), biases=False)
    terms = 8 + sum(layer.width for layer in network.layers) + network.input_dim
    rounding = gamma(8 * terms) * (np.abs(weights) @ size + np.abs(offsets))
    # Products may underflow, too: by far less than that each.
    moved = np.outer(np.abs(weights) @ steep, errors + 1e-290) + 1e-290
    return values, 2.0 * SAFETY * (moved + rounding[:, None] + SMALLEST)


def _absolute(
    network: ReluNetwork, point: Float64[np.ndarray, " dim"], *, biases: bool
) -> Float64[np.ndarray, " outputs"]:
    """Outputs of the network with absolute weights, which no sum of terms exceeds."""
    held = [point]
    for index, layer in enumerate(network.layers):
        pre = sum(np.abs(m) @ held[s] for s, m in layer.blocks(index))
        pre = pre + np.abs(layer.bias) if biases else pre
        held.append(np.maximum(1.0, np.abs(layer.slopes)) * pre)
    return held[-1]
