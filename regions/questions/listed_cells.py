"""Largest values over an engine's list: its corners in floating point, then exactly.

The network at the corners, with a bound of all errors, leaves few regions in which the
largest value can be; an exact program decides on each of these.
"""

from fractions import Fraction

import numpy as np
from flint import fmpq
from jaxtyping import Bool, Float64

from regions.network import ReluNetwork
from regions.questions.answer import Point
from regions.questions.backward import Box
from regions.questions.exact_bounds import UnitBounds
from regions.questions.leaf_programs import solve_leaf
from regions.questions.problem import Problem
from regions.questions.relaxation import Node
from regions.results.cells import Cells
from regions.results.region_set import RegionSet
from regions.signs.exact import to_fraction
from regions.signs.rounding import SAFETY, gamma

MOST_CANDIDATES = 100
"""Of more regions with nearly equal values the exact programs would take too long."""


def largest_on_cells(
    problem: Problem, found: RegionSet
) -> tuple[int, Fraction, Point] | None:
    """The goal, its largest value and where; None if the list does not tell.

    Args:
        problem: Goals of one part on the outputs, on a domain that is its own chart.
        found: All regions there.
    """
    if not (found.complete and found.has_cells and problem.domain.is_chart_identity):
        return None
    cells = found.cells
    if cells.position_errors is None:
        return None
    values, slack = _values(problem, cells)
    if not np.isfinite(values).all() or not np.isfinite(slack).all():
        return None
    held = values[:, cells.members]
    largest = np.maximum.reduceat(held, cells.offsets[:-1], axis=1)
    least = (largest.max(axis=1) - slack).max()
    goals, regions = np.nonzero(largest + slack[:, None] >= least)
    if len(goals) > MOST_CANDIDATES:
        return None
    best: tuple[int, Fraction, Point] | None = None
    for goal, region in zip(goals.tolist(), regions.tolist(), strict=True):
        leaf = solve_leaf(problem, _node(problem, found.pattern_bits()[region]), goal)
        if leaf is None or leaf.value is None or leaf.point is None:
            return None
        value = to_fraction(leaf.value)
        if best is None or value > best[1]:
            best = goal, value, leaf.point
    return best


def _values(
    problem: Problem, cells: Cells
) -> tuple[Float64[np.ndarray, "goals vertices"], Float64[np.ndarray, " goals"]]:
    """Goals at the stored corners, and how far the exact ones may be from these."""
    weights = np.array([[float(w) for w in g[0].outputs] for g in problem.goals])
    offsets = np.array([float(g[0].offset) for g in problem.goals])
    values = weights @ problem.chart(cells.vertices).T + offsets[:, None]
    assert cells.position_errors is not None
    network = problem.network
    size = _absolute(network, np.abs(cells.vertices).max(axis=0), biases=True)
    steep = _absolute(network, np.ones(network.input_dim), biases=False)
    terms = 8 + sum(layer.width for layer in network.layers) + network.input_dim
    rounding = np.abs(weights) @ size + np.abs(offsets)
    # Products may underflow, too: by far less than that each.
    reach = float(cells.position_errors.max()) + 1e-290
    moved = np.abs(weights) @ steep * reach + 1e-290
    return values, 2.0 * SAFETY * (moved + gamma(8 * terms) * rounding)


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


def _node(problem: Problem, bits: Bool[np.ndarray, " bits"]) -> Node:
    """The node of one pattern: all units with a kink are fixed."""
    units = _unit_signs(problem.network, bits)
    fixed, start = {}, 0
    for layer, held in enumerate(problem.network.hidden):
        for unit in np.flatnonzero(held.kinks).tolist():
            fixed[layer, unit] = bool(units[start + unit])
        start += held.width
    zeros = [[fmpq(0)] * width for width in problem.network.widths]
    box = Box(tuple(problem.low), tuple(problem.high))
    return Node(box, UnitBounds(zeros, zeros), fixed)


def _unit_signs(
    network: ReluNetwork, bits: Bool[np.ndarray, " bits"]
) -> Bool[np.ndarray, " units"]:
    """Which units are on, of all hidden units."""
    return network.unit_patterns(bits[None])[0]
