"""Outputs as sums over units, where units that vanish together are written as one.

The code of the checker, which shares nothing with the search for equal units.
"""

from collections.abc import Mapping

from flint import fmpq

from regions.certificates.rationals import exact
from regions.domains.shapes import Domain
from regions.network import Layer, ReluNetwork

Unit = tuple[int, int]

Term = tuple[str, int, int]
"""An input `("x", k, 0)`, the constant `("1", 0, 0)`, or a unit."""

Sum = dict[Term, fmpq]
"""A weight for each term; none is 0."""

ONE: Term = ("1", 0, 0)


def merged(
    network: ReluNetwork, domain: Domain, signs: Mapping[Unit, bool]
) -> tuple[list[Sum], list[list[Sum]]]:
    """The outputs, and all pre-activations by layer, in the chart of a domain.

    The first unit with a hyperplane stands for all of its layer with that hyperplane
    and slope. With z its pre-activation, one with p z for a positive p is p f(z), and
    one with -p z is p f(z) - p (1 + slope) z.

    Args:
        network: The network.
        domain: The domain.
        signs: Whether a unit is on, of those of which it is known.
    """
    origin, directions = domain.rational_chart()
    held: list[list[Sum]] = [[]]
    for axis, start in enumerate(origin):
        total: Sum = {}
        _add(total, exact(start), {ONE: fmpq(1)})
        for k, row in enumerate(directions):
            _add(total, exact(row[axis]), {("x", k, 0): fmpq(1)})
        held[0].append(total)
    table = []
    for index, layer in enumerate(network.hidden):
        sums = _read(layer, index, held)
        table.append(sums)
        held.append(_active(layer, index, sums, signs))
    return _read(network.output, len(network.hidden), held), table


def is_affine(total: Sum) -> bool:
    """Whether a sum has inputs, and no units."""
    return {kind for kind, _, _ in total} in ({"x"}, {"x", "1"})


def _active(
    layer: Layer, index: int, sums: list[Sum], signs: Mapping[Unit, bool]
) -> list[Sum]:
    """The activations of a layer."""
    places = {unit: _hyperplane(total) for unit, total in enumerate(sums)}
    known: dict[object, bool] = {}
    for unit, (place, weight) in places.items():
        if (index, unit) in signs:
            known[place] = signs[index, unit] == (weight > 0)
    first: dict[object, int] = {}
    result = []
    for unit, total in enumerate(sums):
        (place, weight), slope = places[unit], exact(float(layer.slopes[unit]))
        active: Sum = {}
        on = signs.get((index, unit))
        if place is None:
            on = weight > 0
        elif on is None and place in known:
            on = known[place] == (weight > 0)
        if on is not None or slope == 1:
            _add(active, fmpq(1) if on else slope, total)
        else:
            leader = first.setdefault((place, slope), unit)
            share = weight / places[leader][1]
            _add(active, abs(share), {("unit", index, leader): fmpq(1)})
            if share < 0:
                _add(active, share * (1 + slope), sums[leader])
        result.append(active)
    return result


def _hyperplane(total: Sum) -> tuple[frozenset | None, fmpq]:
    """Where a sum vanishes, as what can be compared, and the weight of one term."""
    terms = sorted(term for term in total if term != ONE)
    if not terms:
        return None, total.get(ONE, fmpq(0))
    weight = total[terms[0]]
    shares = {term: v / weight for term, v in total.items()}
    return frozenset((term, str(v)) for term, v in shares.items()), weight


def _read(layer: Layer, index: int, held: list[list[Sum]]) -> list[Sum]:
    """What the units of a layer read."""
    sums = []
    for unit in range(layer.width):
        total: Sum = {}
        _add(total, exact(float(layer.bias[unit])), {ONE: fmpq(1)})
        for source, matrix in layer.blocks(index):
            for weight, part in zip(matrix[unit].tolist(), held[source], strict=True):
                if weight:
                    _add(total, exact(weight), part)
        sums.append(total)
    return sums


def _add(total: Sum, weight: fmpq, part: Sum) -> None:
    """Add a multiple of a sum to another."""
    for term, v in part.items():
        new = total.get(term, fmpq(0)) + weight * v
        if new != 0:
            total[term] = new
        else:
            total.pop(term, None)
