"""A form of a network that order, scale and splitting of its units do not change.

Units that are positive multiples of each other are one, whose outgoing weights add up;
units are scaled to a first weight of 1 or -1, and sorted. Two networks with one form
are equal everywhere; equal networks may have several.
"""

from flint import fmpq

from regions.network import Layer, ReluNetwork
from regions.signs.exact import to_fmpq

Row = tuple[tuple[int, int], ...]
"""Numerators and denominators, so that rows can be sorted and compared."""

CanonicalForm = tuple[tuple[tuple[tuple[int, int], Row], ...], ...]
"""For each layer its units: the slope, and the weights with the bias."""


def canonical_units(network: ReluNetwork) -> CanonicalForm:
    """The units of each layer, in order, free of scale; the outputs as they are."""
    dims = [network.input_dim, *network.widths]
    # For each source: unit k is `scale` times unit `place` of the form.
    places: list[list[tuple[int, fmpq]]] = [[(k, fmpq(1)) for k in range(dims[0])]]
    sizes, form = [dims[0]], []
    for index, layer in enumerate(network.hidden):
        scaled = [_scaled(row) for row in _rows(layer, index, places, sizes)]
        slopes = [to_fmpq(float(slope)) for slope in layer.slopes]
        keys = [
            (_pair(slope), _pairs(row))
            for slope, (row, _) in zip(slopes, scaled, strict=True)
        ]
        kept = sorted(set(keys))
        number = {key: place for place, key in enumerate(kept)}
        places.append(
            [(number[key], s) for key, (_, s) in zip(keys, scaled, strict=True)]
        )
        sizes.append(len(kept))
        form.append(tuple(kept))
    rows = _rows(network.output, len(network.hidden), places, sizes)
    form.append(tuple((_pair(fmpq(1)), _pairs(row)) for row in rows))
    return tuple(form)


def _rows(
    layer: Layer,
    index: int,
    places: list[list[tuple[int, fmpq]]],
    sizes: list[int],
) -> list[list[fmpq]]:
    """Weights of a layer's units on the units of the form, all sources, then bias."""
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


def _scaled(row: list[fmpq]) -> tuple[list[fmpq], fmpq]:
    """A row over the size of its first entry, and that size."""
    size = next((abs(v) for v in row if v != 0), fmpq(1))
    return [v / size for v in row], size


def _pair(value: fmpq) -> tuple[int, int]:
    """Numerator and denominator."""
    return int(value.p), int(value.q)


def _pairs(row: list[fmpq]) -> Row:
    """The same of each entry."""
    return tuple(_pair(value) for value in row)
