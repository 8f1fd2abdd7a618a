"""Units that are positive multiples of each other, whatever their order.

Two units of a layer are of one *class* if their rows, with outgoing weights of a class
added up, are multiples of each other, and their slopes are equal. In two networks side
by side, outputs with equal rows on the classes are equal everywhere: so units may be
exchanged, rescaled and split. Equal networks need not have such rows.
"""

from typing import NamedTuple

from flint import fmpq

from regions.network import Layer, ReluNetwork
from regions.signs.exact import to_fmpq

Row = tuple[tuple[int, int], ...]
"""Numerators and denominators, so that rows can be compared."""


class Classes(NamedTuple):
    """The classes of a network's units.

    Attributes:
        places: For each hidden layer the class of each unit, and the positive multiple
            of the class that it is.
        outputs: Rows of the outputs on the classes, and their biases.
    """

    places: list[list[tuple[int, fmpq]]]
    outputs: list[Row]

    @property
    def halves_agree(self) -> bool:
        """Whether the first half of the outputs equals the second, by their rows."""
        half = len(self.outputs) // 2
        return self.outputs[:half] == self.outputs[half:]


def unit_classes(network: ReluNetwork) -> Classes:
    """The classes of all units, each scaled to a first weight of 1 or -1."""
    places = [[(k, fmpq(1)) for k in range(network.input_dim)]]
    sizes = [network.input_dim]
    for index, layer in enumerate(network.hidden):
        numbers: dict[tuple[float, Row], int] = {}
        found = []
        for slope, row in zip(
            layer.slopes.tolist(), _rows(layer, index, places, sizes), strict=True
        ):
            size = next((abs(v) for v in row if v != 0), fmpq(1))
            key = slope, _pairs([v / size for v in row])
            found.append((numbers.setdefault(key, len(numbers)), size))
        places.append(found)
        sizes.append(len(numbers))
    rows = _rows(network.output, len(network.hidden), places, sizes)
    return Classes(places[1:], [_pairs(row) for row in rows])


def _rows(
    layer: Layer,
    index: int,
    places: list[list[tuple[int, fmpq]]],
    sizes: list[int],
) -> list[list[fmpq]]:
    """Weights of a layer's units on the classes of all sources, then the bias."""
    rows = []
    for unit in range(layer.width):
        row = [fmpq(0)] * sum(sizes)
        for source, matrix in layer.blocks(index):
            first = sum(sizes[:source])
            for weight, (place, scale) in zip(
                matrix[unit].tolist(), places[source], strict=True
            ):
                if weight:
                    row[first + place] += to_fmpq(weight) * scale
        row.append(to_fmpq(float(layer.bias[unit])))
        rows.append(row)
    return rows


def _pairs(row: list[fmpq]) -> Row:
    """Numerators and denominators."""
    return tuple((int(v.p), int(v.q)) for v in row)
