"""Exact enumerations in `fractions.Fraction`, independent of the engines.

A cell is split by one unit after another. In one and two dimensions it is kept by its
corners and clipped, in more by its rows, with Fourier-Motzkin elimination. Ties of any
kind are allowed. Nothing of `regions` but the network's and the domain's numbers is
used.
"""

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from regions.domains.shapes import Ball, BoundedDomain, HPolytope
from regions.network import Layer, ReluNetwork

Form = tuple[Fraction, ...]
"""Gradient entries, then the offset."""
Point = tuple[Fraction, ...]


def exact_patterns(
    network: ReluNetwork, domain: BoundedDomain
) -> set[tuple[bool, ...]]:
    """Patterns of all activation regions that meet the interior of the domain."""
    square = domain.squared_radius
    return {
        pattern
        for pattern, cell, _ in exact_pieces(network, domain)
        if square is None or cell.squared_distance() < square
    }


def exact_pieces(
    network: ReluNetwork, domain: BoundedDomain
) -> list[tuple[tuple[bool, ...], "Polygon | Rows", list[Form]]]:
    """Pattern, cell and affine map, in the chart, of every activation region."""
    dim = domain.dim
    origin, directions = domain.rational_chart()
    inputs = [
        (*(row[i] for row in directions), origin[i]) for i in range(network.input_dim)
    ]
    shape = domain
    if isinstance(domain, Ball) and domain.norm == 1.0:
        signs = list(itertools.product((-1.0, 1.0), repeat=dim))
        shape = HPolytope(signs, [domain.radius] * len(signs))
    cell = Polygon.start(shape) if dim <= 2 else Rows.start(shape)
    states = [(cell, [inputs], ())]
    for index, layer in enumerate(network.hidden):
        states = [
            state for old in states for state in _through_layer(*old, layer, index)
        ]
    last = len(network.hidden)
    return [
        (pattern, cell, _pre_activations(sources, network.output, last))
        for cell, sources, pattern in states
    ]


def _through_layer(
    cell: "Polygon | Rows",
    sources: list[list[Form]],
    pattern: tuple[bool, ...],
    layer: Layer,
    index: int,
) -> Iterator[tuple["Polygon | Rows", list[list[Form]], tuple[bool, ...]]]:
    """All cells into which one layer splits `cell`."""
    pre = _pre_activations(sources, layer, index)
    parts = [(cell, [], pattern)]
    for unit, form in enumerate(pre):
        if layer.slopes[unit] == 1.0:
            parts = [(part, [*post, form], bits) for part, post, bits in parts]
            continue
        below = tuple(Fraction(float(layer.slopes[unit])) * v for v in form)
        parts = [
            (piece, [*post, form if on else below], (*bits, on))
            for part, post, bits in parts
            for piece, on in part.split(form)
        ]
    for part, post, bits in parts:
        yield part, [*sources, post], bits


def _pre_activations(sources: list[list[Form]], layer: Layer, index: int) -> list[Form]:
    """Pre-activations of a layer as affine forms on one cell."""
    width = len(sources[0][0])
    result = []
    for unit in range(layer.width):
        total = [Fraction(0)] * (width - 1) + [Fraction(float(layer.bias[unit]))]
        for source, matrix in layer.blocks(index):
            for weight, form in zip(matrix[unit], sources[source], strict=True):
                scale = Fraction(float(weight))
                total = [t + scale * v for t, v in zip(total, form, strict=True)]
        result.append(tuple(total))
    return result


def value(form: Form, point: Point) -> Fraction:
    """The form at a point."""
    return sum((a * x for a, x in zip(form, point, strict=False)), form[-1])


class Polygon:
    """A segment or a convex polygon, by its corners in order."""

    def __init__(self, corners: list[Point]):
        self.corners = corners

    @classmethod
    def start(cls, domain: BoundedDomain) -> "Polygon":
        """The whole domain; the corners of a box are put in cyclic order.

        A polytope is cut from a square, within which all that counts must lie.
        """
        if isinstance(domain, HPolytope):
            far = Fraction(2**14)
            cell = cls([(-far,), (far,)])
            if domain.dim == 2:
                cell = cls([(-far, -far), (far, -far), (far, far), (-far, far)])
            for row in _inward(domain.A, domain.b):
                (cell,) = (part for part, inside in cell.split(row) if inside)
            return cell
        points = [tuple(map(Fraction, v)) for v in _corners(domain)]
        if len(points) == 4:
            points[2], points[3] = points[3], points[2]
        return cls(points)

    def split(self, form: Form) -> list[tuple["Polygon", bool]]:
        """The parts where the form is negative (or constantly zero) and positive."""
        values = [value(form, p) for p in self.corners]
        if max(values) <= 0:
            return [(self, False)]
        if min(values) >= 0:
            return [(self, True)]
        return [
            (self._part([-v for v in values]), False),
            (self._part(values), True),
        ]

    def squared_distance(self) -> Fraction:
        """Of a polygon from the origin: to its nearest side, unless it is inside."""
        pairs = [*zip(self.corners, [*self.corners[1:], self.corners[0]], strict=True)]
        turns = [p[0] * q[1] - p[1] * q[0] for p, q in pairs]
        if all(v >= 0 for v in turns) or all(v <= 0 for v in turns):
            return Fraction(0)
        return min(_to_segment(p, q) for p, q in pairs)

    def _part(self, values: list[Fraction]) -> "Polygon":
        """The corners where `values` is not negative, and the new ones."""
        corners = []
        for k, (point, here) in enumerate(zip(self.corners, values, strict=True)):
            after = (k + 1) % len(values)
            if here >= 0:
                corners.append(point)
            if here * values[after] < 0 and (len(values) > 2 or after == 1):
                t = here / (here - values[after])
                other = self.corners[after]
                corners.append(
                    tuple(p + t * (q - p) for p, q in zip(point, other, strict=True))
                )
        return Polygon(corners)


class Rows:
    """An open polytope, by rows `gradient . t + offset > 0`."""

    def __init__(self, rows: list[Form]):
        self.rows = rows

    @classmethod
    def start(cls, domain: BoundedDomain) -> "Rows":
        """The whole domain."""
        if isinstance(domain, HPolytope):
            return cls(_inward(domain.A, domain.b))
        if isinstance(domain, Ball):
            eye = np.eye(domain.dim)
            sides = np.full(2 * domain.dim, domain.radius)
            return cls(_inward(np.vstack([eye, -eye]), sides))
        polytope = domain.polytope()
        return cls(_inward(polytope.A, polytope.b))

    def squared_distance(self) -> Fraction:
        """From the origin: the nearest of the points nearest on each face."""
        found = [Fraction(0)] if all(row[-1] >= 0 for row in self.rows) else []
        for size in range(1, len(self.rows[0])):
            for face in itertools.combinations(self.rows, size):
                point = _foot(face)
                if point and all(value(row, point) >= 0 for row in self.rows):
                    found.append(sum((v * v for v in point), Fraction()))
        return min(found)

    def split(self, form: Form) -> list[tuple["Rows", bool]]:
        """The parts where the form is negative (or constantly zero) and positive."""
        opposite = tuple(-v for v in form)
        parts = [
            (Rows([*self.rows, opposite]), False),
            (Rows([*self.rows, form]), True),
        ]
        kept = [(part, on) for part, on in parts if has_solution(part.rows)]
        return kept or [(self, False)]


def _corners(domain: BoundedDomain) -> list[list[float]]:
    """Corners of a plane domain; of a round ball those of the square around it."""
    if isinstance(domain, Ball):
        r = domain.radius
        return [[-r, -r], [-r, r], [r, -r], [r, r]]
    return domain.polytope().vertices.tolist()


def _to_segment(p: Point, q: Point) -> Fraction:
    """The squared distance of the origin from a segment."""
    along = [b - a for a, b in zip(p, q, strict=True)]
    length = sum((v * v for v in along), Fraction())
    share = -sum((a * v for a, v in zip(p, along, strict=True)), Fraction()) / length
    share = max(Fraction(0), min(Fraction(1), share))
    near = [a + share * v for a, v in zip(p, along, strict=True)]
    return sum((v * v for v in near), Fraction())


def _foot(rows: tuple[Form, ...]) -> Point | None:
    """The point nearest to the origin where some forms vanish; None if dependent."""
    normals = [row[:-1] for row in rows]
    gram = [
        [sum((a * b for a, b in zip(p, q, strict=True)), Fraction()) for q in normals]
        for p in normals
    ]
    weights = _solved(gram, [-row[-1] for row in rows])
    if weights is None:
        return None
    columns = zip(*normals, strict=True)
    return tuple(
        sum((w * v for w, v in zip(weights, column, strict=True)), Fraction())
        for column in columns
    )


def _solved(matrix: list[list[Fraction]], right: list[Fraction]) -> list | None:
    """The solution of a square system by elimination; None if it is singular."""
    table = [[*row, v] for row, v in zip(matrix, right, strict=True)]
    for k in range(len(table)):
        pivot = next((i for i in range(k, len(table)) if table[i][k] != 0), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [v / table[k][k] for v in table[k]]
        for i, row in enumerate(table):
            if i != k:
                table[i] = [v - row[k] * u for v, u in zip(row, table[k], strict=True)]
    return [row[-1] for row in table]


def _inward(A: np.ndarray, b: np.ndarray) -> list[Form]:
    """Rows `A t <= b` as forms that are positive inside."""
    return [
        (*(-Fraction(v) for v in row), Fraction(right))
        for row, right in zip(A.tolist(), b.tolist(), strict=True)
    ]


def has_solution(rows: list[Form]) -> bool:
    """Whether strict inequalities have a common solution: Fourier-Motzkin."""
    current = {_primitive(row) for row in rows}
    for _ in range(len(rows[0]) - 1):
        low = [r for r in current if r[0] > 0]
        high = [r for r in current if r[0] < 0]
        current = {r[1:] for r in current if r[0] == 0}
        for a in low:
            for b in high:
                mixed = [-b[0] * u + a[0] * v for u, v in zip(a, b, strict=True)]
                current.add(_primitive(tuple(map(Fraction, mixed[1:]))))
    return all(r[0] > 0 for r in current)


def _primitive(row: Form) -> tuple[int, ...]:
    """The row as integers without a common factor."""
    common = math.lcm(*(v.denominator for v in row))
    numbers = [int(v * common) for v in row]
    factor = math.gcd(*numbers) or 1
    return tuple(v // factor for v in numbers)


def integer_network(
    rng: np.random.Generator, dim: int, widths: list[int], largest: int = 2
) -> ReluNetwork:
    """A network with small integer weights: full of ties."""
    sizes = [dim, *widths, 1]
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        weights.append(rng.integers(-largest, largest + 1, (fan_out, fan_in)))
        biases.append(rng.integers(-largest, largest + 1, fan_out))
    slope = rng.choice([0.0, 0.0, 0.5, -1.0, 2.0])
    return ReluNetwork.from_arrays(weights, biases, float(slope))
