"""Outputs as sums over units, where units that vanish together are written as one.

The code of the checker, which shares nothing with the search for equal units.

One more rule is for differences. With positive p, q, r and units of slope 0 whose
pre-activations have `q v - r w = p u`, the rectified values of these have

    relu(p relu(-u) - r relu(w)) = relu(p relu(u) - q relu(v)) - p u
                                   + q relu(v) - r relu(w),

as the two signs of u show: where u >= 0 both are 0, and elsewhere the first term of the
right is 0, and `q relu(v)` is what exceeds `-p u` of `r relu(w)`. Where p u is a number
c > 0 in their place, `relu(c - q relu(v)) = c - q relu(v) + r relu(w)`.
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

    The first unit with a hyperplane stands for all with that hyperplane and slope, in
    whatever layer. With z its pre-activation, one with p z for a positive p is p f(z),
    and one with -p z is p f(z) - p (1 + slope) z.

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
    table: list[list[Sum]] = []
    first = _Leaders()
    for index, layer in enumerate(network.hidden):
        sums = _read(layer, index, held)
        active = _active(layer, index, sums, signs, first)
        _rewrite_gaps(network, index, sums, table, active, first)
        table.append(sums)
        held.append(active)
    return _read(network.output, len(network.hidden), held), table


def is_affine(total: Sum) -> bool:
    """Whether a sum has inputs, and no units."""
    return {kind for kind, _, _ in total} in ({"x"}, {"x", "1"})


def _active(
    layer: Layer,
    index: int,
    sums: list[Sum],
    signs: Mapping[Unit, bool],
    first: "_Leaders",
) -> list[Sum]:
    """The activations of a layer; `first` holds the units that stand for others."""
    places = {unit: first.hyperplane(total) for unit, total in enumerate(sums)}
    known: dict[int | None, bool] = {}
    for unit, (place, weight) in places.items():
        if (index, unit) in signs:
            known[place] = signs[index, unit] == (weight > 0)
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
            own: tuple[Term, fmpq] = (("unit", index, unit), weight)
            leader, least = first.held.setdefault((place, slope), own)
            share = weight / least
            _add(active, abs(share), {leader: fmpq(1)})
            if share < 0:
                _add(active, 1 + slope, total)
        result.append(active)
    return result


def _rewrite_gaps(
    network: ReluNetwork,
    index: int,
    sums: list[Sum],
    table: list[list[Sum]],
    active: list[Sum],
    first: "_Leaders",
) -> None:
    """Write activations of a layer by the rule for differences, where it holds."""
    capped: dict[Term, list[tuple[Sum, int]]] = {}
    steady = {
        unit for unit in range(len(sums)) if not network.hidden[index].slopes[unit]
    }
    for unit in steady:
        total = sums[unit]
        _rewrite_step(network, total, table, active[unit], first)
        if len(total) == 2 and _are_rectified(network, total):
            for term, v in total.items():
                if v > 0 > min(total.values()):
                    capped.setdefault(term, []).append((total, unit))
    for unit in steady:
        for rising in sums[unit] if capped else ():
            for other, own in capped.get(rising, ()):
                rest = _without(network, sums[unit], rising, other, table)
                if rest is not None:
                    active[unit] = dict(active[own])
                    _add(active[unit], fmpq(1), rest)


def _rewrite_step(
    network: ReluNetwork,
    total: Sum,
    table: list[list[Sum]],
    active: Sum,
    first: "_Leaders",
) -> None:
    """The same of `relu(c - q relu(v))`, where a unit is known for `q v - c`."""
    c, units = total.get(ONE, fmpq(0)), {k: v for k, v in total.items() if k != ONE}
    if len(units) != 1 or not c > 0 or not _are_rectified(network, units):
        return
    ((above, v),) = units.items()
    lower: Sum = {}
    _add(lower, -v, table[above[1]][above[2]])
    _add(lower, -c, {ONE: fmpq(1)})
    place, weight = first.hyperplane(lower)
    held = first.held.get((place, fmpq(0)))
    if v < 0 and held is not None and weight / held[1] > 0:
        active.clear()
        active.update(total)
        _add(active, weight / held[1], {held[0]: fmpq(1)})


def _without(
    network: ReluNetwork,
    total: Sum,
    rising: Term,
    other: Sum,
    table: list[list[Sum]],
) -> Sum | None:
    """What one side of the rule has beside the other; None where it does not hold.

    Args:
        network: The network.
        total: `p relu(-u) - r relu(w)`, where `relu(-u)` is `relu(u) - u`.
        rising: The term of `relu(u)`.
        other: `p relu(u) - q relu(v)`.
        table: Pre-activations of the layers before.
    """
    p, u = total[rising], table[rising[1]][rising[2]]
    if other[rising] != p:
        return None
    left = dict(total)
    _add(left, p, u)
    if len(left) != 2 or not _are_rectified(network, left):
        return None
    ((above, q),) = ((term, -v) for term, v in other.items() if term != rising)
    ((below, r),) = ((term, -v) for term, v in left.items() if term != rising)
    gap: Sum = {}
    _add(gap, q, table[above[1]][above[2]])
    _add(gap, -r, table[below[1]][below[2]])
    _add(gap, -p, u)
    if gap or left.get(rising) != p or not (q > 0 and r > 0):
        return None
    rest: Sum = {}
    _add(rest, -p, u)
    _add(rest, q, {above: fmpq(1)})
    _add(rest, -r, {below: fmpq(1)})
    return rest


def _are_rectified(network: ReluNetwork, total: Sum) -> bool:
    """Whether a sum has units of slope 0 alone."""
    return all(
        kind == "unit" and network.hidden[layer].slopes[unit] == 0
        for kind, layer, unit in total
    )


class _Leaders:
    """Hyperplanes that were met, by number, and the units that stand for others.

    Attributes:
        held: By hyperplane and slope a unit, and the weight of one of its terms.
    """

    def __init__(self) -> None:
        self.held: dict[tuple[int | None, fmpq], tuple[Term, fmpq]] = {}
        self._met: dict[tuple[int, Term, Term, str], list[tuple[int, Sum]]] = {}
        self._count = 0

    def hyperplane(self, total: Sum) -> tuple[int | None, fmpq]:
        """Where a sum vanishes, and the weight of one term; a constant has no number.

        All terms are compared only where the number of terms and two of them agree.
        """
        least = min((term for term in total if term != ONE), default=None)
        if least is None:
            return None, total.get(ONE, fmpq(0))
        weight, last = total[least], max(total)
        likely = (len(total), least, last, str(total[last] / weight))
        same = self._met.setdefault(likely, [])
        for number, other in same:
            share = weight / other[least]
            if total.keys() == other.keys() and all(
                v == share * other[term] for term, v in total.items()
            ):
                return number, weight
        same.append((self._count, total))
        self._count += 1
        return same[-1][0], weight


def _read(layer: Layer, index: int, held: list[list[Sum]]) -> list[Sum]:
    """What the units of a layer read."""
    sums, blocks = [], list(layer.blocks(index))
    for unit in range(layer.width):
        total: Sum = {}
        _add(total, exact(float(layer.bias[unit])), {ONE: fmpq(1)})
        for source, matrix in blocks:
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
