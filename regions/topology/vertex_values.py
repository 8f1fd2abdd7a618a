"""The order of an output's values at the vertices, exactly.

Values are known in float64 with bounds. Where the intervals of two vertices overlap,
rational values decide, and tell which are equal.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Int

from regions.domains.shapes import BoundedDomain
from regions.network import Layer, ReluNetwork
from regions.signs.exact import Columns, ExactNetwork
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex
from regions.topology.vertex_signs import EXACT_BATCH, vertex_values


def with_outputs_hidden(network: ReluNetwork) -> ReluNetwork:
    """The same regions, with the outputs as a last hidden layer without kinks."""
    outputs = network.output_dim
    nothing = Layer(np.zeros((1, outputs)), np.zeros(1), np.ones(1))
    return ReluNetwork((*network.hidden, network.output), nothing)


class VertexValues:
    """Values of one output at the vertices of a complex.

    Attributes:
        rank: Place of each vertex in the order of the values; equal ones share it.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: BoundedDomain,
        table: CornerTable,
        complex_: FaceComplex,
        output: int,
    ):
        """Takes a network from `with_outputs_hidden`, and its corners and faces."""
        self._exact = ExactNetwork(network, domain)
        self._table, self._complex, self._output = table, complex_, output
        self._known: dict[int, Fraction] = {}
        found = vertex_values(network, domain, table)
        self.rank = self._ranks(found.values[:, output], found.errors)

    def exact(self, vertices: list[int]) -> list[Fraction]:
        """Values at some vertices, as rational numbers."""
        missing = [v for v in dict.fromkeys(vertices) if v not in self._known]
        layers = len(self._exact.widths)
        for start in range(0, len(missing), EXACT_BATCH):
            few = missing[start : start + EXACT_BATCH]
            corners = self._complex.corner[few].tolist()
            columns = Columns.of_points([self._table.exact_point(q) for q in corners])
            rows, scales = self._exact.forward(columns, layers=layers)
            row = rows[-1][self._output]
            over = zip(row, scales[-1], columns.denominators, strict=True)
            values = [Fraction(v, scale * below) for v, scale, below in over]
            self._known.update(zip(few, values, strict=True))
        return [self._known[v] for v in vertices]

    def _ranks(self, value: np.ndarray, error: np.ndarray) -> Int[np.ndarray, " _"]:
        """Ranks from values with bounds, and from rational ones where these overlap."""
        low, high = np.nextafter(value - error, -np.inf), value + error
        low[np.isnan(low)] = -np.inf
        high = np.nextafter(high, np.inf)
        high[np.isnan(high)] = np.inf
        order = np.argsort(low, kind="stable")
        reach = np.maximum.accumulate(high[order])
        starts = np.flatnonzero(
            np.concatenate([[True], low[order][1:] > reach[:-1]])
        ).tolist()
        rank, place = np.zeros(len(value), np.int64), 0
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            group = order[start:end].tolist()
            if len(group) == 1:
                rank[group] = place
                place += 1
                continue
            values = self.exact(group)
            for number in sorted(set(values)):
                same = [v for v, x in zip(group, values, strict=True) if x == number]
                rank[same] = place
                place += 1
        return rank
