"""Equal networks by classes of their units, each a multiple of its class."""

from typing import Any

import numpy as np
from flint import fmpq

from regions.certificates.checks import Wrong
from regions.certificates.rationals import Row, exact, number
from regions.network import Layer, ReluNetwork


def check_classes(body: dict[str, Any], network: ReluNetwork) -> str:
    """Whether the classes in a file prove the halves of the outputs equal.

    A unit is `scale` times its class, for a positive scale, if its row, in which the
    weights of units of one class are added up, is so: divided by their scales, the
    rows of all units of a class are equal, and so are their slopes.

    Raises:
        Wrong: If not, with the unit.
    """
    if body["question"] != "are_equal" or body["value"] is not True:
        raise Wrong("classes of units prove networks equal, and nothing else")
    places = [[(k, fmpq(1)) for k in range(network.input_dim)]]
    for index, (layer, given) in enumerate(
        zip(network.hidden, body["classes"], strict=True)
    ):
        found = [(int(k), number(scale)) for k, scale in given]
        first: dict[int, tuple[float, Row]] = {}
        for unit, (k, scale) in enumerate(found):
            if scale <= 0 or k < 0 or len(found) != layer.width:
                raise Wrong(f"unit {unit} of layer {index} has a scale that is none")
            row = [v / scale for v in _row(layer, index, unit, places)]
            own = float(layer.slopes[unit]), row
            if first.setdefault(k, own) != own:
                raise Wrong(f"unit {unit} of layer {index} is no multiple of its class")
        places.append(found)
    last, half = network.output, network.output_dim // 2
    rows = [_row(last, len(network.hidden), k, places) for k in range(2 * half)]
    for k in range(half):
        if rows[k] != rows[half + k]:
            raise Wrong(f"output {k} differs by its weights on the classes")
    return f"{half} outputs are equal on the classes of {sum(network.widths)} units"


def _row(
    layer: Layer, index: int, unit: int, places: list[list[tuple[int, fmpq]]]
) -> Row:
    """Weights of a unit on the classes of each source, and the bias."""
    row: Row = []
    for source in range(len(places)):
        held = [fmpq(0)] * (1 + max(k for k, _ in places[source]))
        weights = dict(layer.blocks(index)).get(source)
        if weights is not None:
            for column in np.flatnonzero(weights[unit]).tolist():
                k, scale = places[source][column]
                held[k] += exact(float(weights[unit, column])) * scale
        row += held
    return [*row, exact(float(layer.bias[unit]))]
