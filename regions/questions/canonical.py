"""Units as multiples of each other, whatever their order, scale or direction.

A unit that vanishes on the same hyperplane as an earlier one of its layer is a multiple
of that one, or of it less a multiple of its pre-activation. So every activation is a
*form*: a combination of few units, of inputs and of a constant. In two networks side by
side, equal outputs are told by equal forms: units may be exchanged, rescaled, turned
and split. Where signs of units are known, more is equal. Equal networks need not have
equal forms; where they have, they are equal.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flint import fmpq

from regions.domains.shapes import Domain, WholeSpace as WholeSpace
from regions.errors.limits import check
from regions.network import Layer, ReluNetwork
from regions.signs.exact import to_fmpq

Unit = tuple[int, int]
"""Layer and number of a hidden unit."""

Form = dict[int, fmpq]
"""Coefficients: of inputs by their number, of a constant, and of units below that."""

CONSTANT = -1
ZERO, ONE = fmpq(0), fmpq(1)


class Kept(NamedTuple):
    """A unit in which others are expressed.

    Attributes:
        unit: The unit.
        row: Its pre-activation.
        scale: What multiple the row is of that of its hyperplane.
        readers: All units that are expressed in it, itself among them.
    """

    unit: Unit
    row: Form
    scale: fmpq
    readers: list[Unit]


class Forms(NamedTuple):
    """All outputs as forms.

    Attributes:
        outputs: The outputs.
        kept: The units in the forms, by their numbers.
        rows: Pre-activations of all hidden units, layer by layer.
    """

    outputs: list[Form]
    kept: dict[int, Kept]
    rows: list[list[Form]]

    def gaps(self) -> list[Form]:
        """Each output of the first half less that of the second: 0 where they agree."""
        half = len(self.outputs) // 2
        pairs = zip(self.outputs[:half], self.outputs[half:], strict=True)
        return [combined([(ONE, a), (-ONE, b)]) for a, b in pairs]


def unit_forms(
    network: ReluNetwork, domain: Domain, signs: Mapping[Unit, bool]
) -> Forms:
    """The outputs as forms.

    Args:
        network: The network.
        domain: In whose chart the inputs are.
        signs: Units of which a sign is known: True where they are on.

    Example:
        >>> net = ReluNetwork.from_arrays([[[1.0], [-2.0]], [[2.0, -1.0]]], None)
        >>> unit_forms(net, WholeSpace(1), {}).outputs  # 2 relu(x) - relu(-2 x) = 2 x
        [{0: 2}]
    """
    sources = [_inputs(domain)]
    kept: dict[int, Kept] = {}
    table = []
    for index, layer in enumerate(network.hidden):
        rows = _rows(layer, index, sources)
        known = [signs.get((index, unit)) for unit in range(layer.width)]
        table.append(rows)
        sources.append(_activations(layer, index, rows, known, kept))
    return Forms(_rows(network.output, len(network.hidden), sources), kept, table)


def combined(parts: Iterable[tuple[fmpq, Form]]) -> Form:
    """A combination of forms."""
    total: Form = {}
    for weight, form in parts:
        for k, v in form.items():
            total[k] = total.get(k, ZERO) + weight * v
    return {k: v for k, v in total.items() if v != 0}


def _inputs(domain: Domain) -> list[Form]:
    """The inputs in the chart."""
    if domain.is_chart_identity:
        return [{k: ONE} for k in range(domain.dim)]
    origin, directions = domain.rational_chart()
    return [
        combined(
            [
                (to_fmpq(start), {CONSTANT: ONE}),
                *(
                    (to_fmpq(v), {k: ONE})
                    for k, row in enumerate(directions)
                    if (v := row[axis])
                ),
            ]
        )
        for axis, start in enumerate(origin)
    ]


def _rows(layer: Layer, index: int, sources: list[list[Form]]) -> list[Form]:
    """The pre-activations of a layer."""
    rows = []
    for unit, bias in enumerate(layer.bias.tolist()):
        check()
        parts = [(fmpq(*bias.as_integer_ratio()), {CONSTANT: ONE})]
        for source, matrix in layer.blocks(index):
            pairs = zip(matrix[unit].tolist(), sources[source], strict=True)
            parts += [(fmpq(*w.as_integer_ratio()), form) for w, form in pairs if w]
        rows.append(combined(parts))
    return rows


def _activations(
    layer: Layer,
    index: int,
    rows: list[Form],
    known: list[bool | None],
    kept: dict[int, Kept],
) -> list[Form]:
    """The activations of a layer; units that are new are added to those kept."""
    lines = [_line(row) for row in rows]
    # A sign that is known of one unit is known of all with its line.
    ways = {
        line: on == (scale > 0)
        for (line, scale), on in zip(lines, known, strict=True)
        if on is not None
    }
    numbers: dict[object, int] = {}
    found = []
    for unit, slope in enumerate(layer.slopes.tolist()):
        row, (line, scale), on = rows[unit], lines[unit], known[unit]
        if not line:
            on = scale > 0
        elif on is None and line in ways:
            on = ways[line] == (scale > 0)
        if on is not None or slope == 1:
            found.append(combined([(ONE if on else to_fmpq(slope), row)]))
            continue
        number = numbers.setdefault((slope, line), -2 - len(kept))
        held = kept.setdefault(number, Kept((index, unit), row, scale, []))
        held.readers.append((index, unit))
        form: Form = {number: abs(scale / held.scale)}
        if (scale > 0) != (held.scale > 0):
            # f(-z) = f(z) - (1 + slope) z, where the row is a negative multiple of z.
            form = combined([(ONE, form), (1 + to_fmpq(slope), row)])
        found.append(form)
    return found


def _line(row: Form) -> tuple[tuple[tuple[int, int, int], ...], fmpq]:
    """A hyperplane as numbers that can be compared, and what multiple the row is.

    Of a constant no hyperplane, and the constant.
    """
    first = max(row, default=CONSTANT)
    if first == CONSTANT and len(row) < 2:
        return (), row.get(CONSTANT, ZERO)
    scale = row[first]
    shares = ((k, v / scale) for k, v in sorted(row.items()))
    return tuple((k, int(v.p), int(v.q)) for k, v in shares), scale
