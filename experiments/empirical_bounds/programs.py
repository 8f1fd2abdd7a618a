"""Patterns that satisfy parity constraints, by mixed-integer programs.

A network on a box as T. Serra, C. Tjandraatmadja and S. Ramalingam write it (ICML
2018): each unit has its positive part, its negative part and a binary, which says which
of the two is other than zero. HiGHS stands for their solver. A pattern counts if its
unit that is closest to zero is `MARGIN` away from it, and if the network has it at the
point that the solver gives; an answer *there is none* is believed. So what is reported
is a lower bound, whatever the solver's tolerances.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt64
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, lil_array, vstack

import regions
from experiments.measures.parity_bound import Parity, pattern_codes
from regions.errors import SolverError

MARGIN = 1e-4
"""How far every unit is from zero, at least: well above the solver's tolerances."""


class PatternProgram:
    """Asks for patterns of a network on a box.

    Args:
        network: A ReLU network whose layers read the one before.
        box: Where.
    """

    def __init__(self, network: regions.ReluNetwork, box: regions.Box):
        self._network, self._box = network, box
        units = sum(network.widths)
        self._columns = box.dim + 3 * units
        self._low, self._high = np.zeros(self._columns), np.zeros(self._columns)
        self._low[: box.dim], self._high[: box.dim] = box.lower, box.upper
        self._rows: list[tuple[lil_array, np.ndarray, np.ndarray]] = []
        self.binaries = np.arange(self._columns - units, self._columns)
        read, begin = np.arange(box.dim), 0
        for layer in network.hidden:
            at = begin + np.arange(layer.width)
            begin += layer.width
            read = self._add_layer(layer, read, box.dim + at, box.dim + units + at, at)
        self._high[self.binaries] = 1.0
        self._matrix = csr_array(vstack([part for part, _, _ in self._rows]))
        self._least = np.concatenate([low for _, low, _ in self._rows])
        self._most = np.concatenate([high for _, _, high in self._rows])

    def _add_layer(
        self,
        layer: regions.Layer,
        read: Int[np.ndarray, " inputs"],
        above: Int[np.ndarray, " width"],
        below: Int[np.ndarray, " width"],
        unit: Int[np.ndarray, " width"],
    ) -> Int[np.ndarray, " width"]:
        """`W read + b = above - below`, one of which is zero; columns of `above`."""
        W, b, binary = layer.weight, layer.bias, self.binaries[unit]
        low, high = self._low[read], self._high[read]
        most = np.maximum(np.where(W > 0.0, W * high, W * low).sum(1) + b, MARGIN)
        least = np.maximum(-np.where(W > 0.0, W * low, W * high).sum(1) - b, MARGIN)
        self._high[above], self._high[below] = most, least
        equal = lil_array((len(b), self._columns))
        equal[:, read] = W
        ends = lil_array((4 * len(b), self._columns))
        each = np.arange(len(b))
        equal[each, above], equal[each, below] = -1.0, 1.0
        self._rows.append((equal, -b, -b))
        # MARGIN z <= above <= most z, and the same of `below` and 1 - z.
        limits = np.zeros((4 * len(b), 2))
        for kind, (column, factor, shift) in enumerate(
            [
                (above, -most, np.zeros(len(b))),
                (below, least, least),
                (above, np.full(len(b), -MARGIN), np.zeros(len(b))),
                (below, np.full(len(b), MARGIN), np.full(len(b), MARGIN)),
            ]
        ):
            rows = kind * len(b) + each
            ends[rows, column], ends[rows, binary] = 1.0, factor
            limits[rows, 0] = shift if kind >= 2 else -np.inf
            limits[rows, 1] = shift if kind < 2 else np.inf
        self._rows.append((ends, limits[:, 0], limits[:, 1]))
        return above

    def find(self, parities: list[Parity]) -> Bool[np.ndarray, " units"] | None:
        """A pattern that satisfies all parity constraints, or None.

        Raises:
            SolverError: If the solver stops without an answer.
        """
        count = len(parities)
        wide = lil_array((count, self._columns + count))
        for k, (units, _) in enumerate(parities):
            # The sum of the binaries is twice a whole number, plus 1 if it is odd.
            wide[k, self.binaries[units]] = 1.0
            wide[k, self._columns + k] = -2.0
        odd = np.array([odd for _, odd in parities], float)
        halves = np.array([len(units) // 2 for units, _ in parities], float)
        rows = hstack([self._matrix, csr_array((len(self._least), count))])
        matrix = csr_array(vstack([rows, wide]) if count else rows)
        # The stubs of SciPy know numbers as ends alone.
        least: Any = np.concatenate([self._least, odd])
        most: Any = np.concatenate([self._most, odd])
        low: Any = np.concatenate([self._low, np.zeros(count)])
        high: Any = np.concatenate([self._high, halves])
        integer = np.zeros(self._columns + count)
        integer[self.binaries], integer[self._columns :] = 1.0, 1.0
        found = milp(
            np.zeros(self._columns + count),
            constraints=LinearConstraint(matrix, least, most),
            integrality=integer,
            bounds=Bounds(low, high),
        )
        if found.status == 2:
            return None
        if found.x is None:
            raise SolverError("pattern not found", status=str(found.message))
        x = np.clip(found.x[: self._box.dim], self._box.lower, self._box.upper)
        pattern = self._network.patterns(x[None])[0].astype(bool)
        if (pattern != (found.x[self.binaries] > 0.5)).any():
            # The solver's tolerance was larger than the margin.
            return None
        return pattern


def met_patterns(
    network: regions.ReluNetwork,
    box: regions.Box,
    points: int,
    rng: np.random.Generator,
) -> UInt64[np.ndarray, " patterns"]:
    """Codes of patterns at points of a box: no program is needed to know that they are.

    The values of the first layer are far apart at the corners of the box where random
    combinations of them are largest; points are drawn between two such corners. Drawn
    evenly from a box of many inputs they would all be near its middle.

    Args:
        network: The network.
        box: Where.
        points: How many points to try.
        rng: Where chance comes from.
    """
    W = network.hidden[0].weight
    x = np.zeros((points, box.dim))
    part = rng.random((points, 1))
    for share in (part, 1.0 - part):
        upwards = rng.standard_normal((points, len(W))) @ W > 0.0
        x += share * np.where(upwards, box.upper, box.lower)
    x = np.clip(x, box.lower, box.upper)
    values = np.concatenate(network.pre_activations(x)[:-1], axis=1)
    certain = (np.abs(values) > MARGIN).all(1)
    return np.unique(pattern_codes(values[certain] > 0.0))
