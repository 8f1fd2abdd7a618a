"""Proof that every sign in a complex is right.

The sweep decides nothing but signs of units at vertices, and never removes a vertex. So
a complex is right if each vertex exists and has the signs that the complex says:
float64 error bounds prove nearly all of them (`float_bounds`, then `zonotope_bounds`
for deep networks), and what they leave open is settled by solving for the vertex in
rational arithmetic.

A weak unit splits nothing: its exact values have one sign, and may vanish. Where it is
said to be off at some vertices and on at others, the bounds are not enough: it has to
vanish at the former, which only rational arithmetic can tell.
"""

import functools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.budget import Budget
from regions.enumeration.sweep import loading
from regions.enumeration.sweep.complex import Complex
from regions.enumeration.workers import map_chunks
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.patterns.names import place_of, unit_name
from regions.signs.exact import Columns, ExactNetwork, dyadic, solve_rational
from regions.signs.float_bounds import FloatBounds
from regions.signs.rounding import SAFETY, SMALLEST, certain_signs, sum_error
from regions.signs.zonotope_bounds import ZonotopeBounds

CHUNK_ENTRIES = 1 << 19
EXACT_CHUNK = 16
ZONOTOPE_CHUNK = 64
HERITAGE_CHUNK = 8192
HERITAGE_SAMPLE = 64


class Proof:
    """A complex whose signs are proved.

    Attributes:
        complex: The complex.
        position_error: Bound of the distance, in every coordinate, between the stored
            and the exact position of each vertex.
        sharp_vertices: Vertices whose signs needed zonotope bounds.
        exact_vertices: Vertices whose signs needed rational arithmetic.
        exact_edges: Edges whose direction needed rational arithmetic, so far.
    """

    def __init__(
        self,
        complex_: Complex,
        position_error: Float64[np.ndarray, " vertices"],
        sharp_vertices: int,
        exact_vertices: int,
        tier: Callable[[], "_ExactTier"],
    ):
        self.complex = complex_
        self.position_error = position_error
        self.sharp_vertices = sharp_vertices
        self.exact_vertices = exact_vertices
        self.exact_edges = 0
        self._tier = tier

    @np.errstate(all="ignore")
    def ascends(
        self,
        direction: Float64[np.ndarray, " dim"],
        check: Callable[[], None] = lambda: None,
    ) -> Bool[np.ndarray, " edges"]:
        """Whether each edge rises along `direction` from its first end to its second.

        Float64 heights decide where they differ by more than their error bounds, exact
        heights elsewhere.

        Raises:
            NotGenericError: If an edge is exactly level.
        """
        complex_ = self.complex
        # Heights at the stored positions, and how far the exact ones may be from them:
        # by the error of the positions, and by that of the product.
        heights = complex_.vertices @ direction
        size = np.abs(complex_.vertices) @ np.abs(direction)
        error = np.abs(direction).sum() * self.position_error
        error = SAFETY**2 * (error + sum_error(complex_.dim + 1, size))
        error *= SAFETY
        compiled = loading.load("counting")
        if compiled is None:
            first, second = complex_.ends[:, 0], complex_.ends[:, 1]
            rise = heights[second] - heights[first]
            result = rise > 0.0
            # NaN, where a height overflowed, is open too.
            open_ = certain_signs(rise, error[first] + error[second]) == 0
        else:
            result, open_ = compiled.compare(complex_.ends, heights, error)
        # Edges whose ends are too close in height go to rational arithmetic.
        unclear = np.flatnonzero(open_)
        if len(unclear):
            self.exact_edges += len(unclear)
            tier = self._tier()
            slope = [Fraction(float(c)) for c in direction]
            for edge in unclear.tolist():
                check()
                low, high = (tier.height(int(v), slope) for v in complex_.ends[edge])
                if low == high:
                    raise NotGenericError("an edge is level along a random direction.")
                result[edge] = low < high
        return result

    def exact_mean(self, vertices: list[int]) -> tuple[Fraction, ...]:
        """The exact mean of some vertices."""
        points = [self._tier().position(v) for v in vertices]
        return tuple(
            sum(axis, Fraction(0)) / len(points) for axis in zip(*points, strict=True)
        )


def certify(
    complex_: Complex,
    network: ReluNetwork,
    domain: BoundedDomain,
    polytope: SimplePolytope,
    budget: Budget | None = None,
) -> Proof:
    """Prove the signs of all units at all vertices of `complex_`.

    Args:
        complex_: What the sweep found, in chart coordinates.
        network: The network on the ambient space.
        domain: The domain.
        polytope: The domain's polytope, as given to the sweep.
        budget: Asked between chunks of vertices whether to stop.

    Raises:
        StoppedError: If the budget is spent.
        NotGenericError: If a sign is wrong, or a unit that splits the domain vanishes
            at a vertex of other units: then the sweep's answer is worthless.
    """
    budget = Budget() if budget is None else budget
    if not np.isfinite(complex_.vertices).all():
        raise NotGenericError("the position of a vertex overflows float64.")
    bounds = FloatBounds(network, domain, polytope)
    sharper = ZonotopeBounds(network, domain, polytope)

    weak = _weak_units(complex_, polytope)

    @functools.cache
    def tier() -> _ExactTier:
        return _ExactTier(complex_, network, domain, polytope, weak)

    # From the cheapest proof to the most expensive one, each for what the others left.
    left, errors = _prove_by_heritage(complex_, bounds, budget)
    compiled_too = len(left) < len(complex_.vertices)
    if len(left):
        with loading.plain_work(None):
            left = _prove_plainly(bounds, complex_, left, errors, budget)
    not_easy = len(left)
    if len(left) and sharper.available:
        left = _prove_sharply(sharper, complex_, left, errors, budget)
    sharp = not_easy - len(left)
    # Bounds can not tell a weak unit that is zero from one that is off.
    left = np.union1d(left, _loose_vertices(complex_, weak))
    for start in range(0, len(left), EXACT_CHUNK):
        budget.check()
        part = left[start : start + EXACT_CHUNK]
        errors[part] = tier().prove(part)
    # Compiled proofs take signs that follow from others for strict ones; where a unit
    # vanishes without splitting anything they may not, and all is proved anew.
    if compiled_too and len(left) and tier().is_loose:
        with loading.switched_off():
            return certify(complex_, network, domain, polytope, budget)
    return Proof(complex_, errors, sharp, len(left), tier)


def _weak_units(
    complex_: Complex, polytope: SimplePolytope
) -> Bool[np.ndarray, " units"]:
    """Units that split nothing, other than the walls of a chamber."""
    weak = ~complex_.words.keyed
    walls = np.unique(polytope.vertex_facets) - complex_.num_facets
    weak[walls[walls >= 0]] = False
    return weak


def _loose_vertices(
    complex_: Complex, weak: Bool[np.ndarray, " units"]
) -> Int[np.ndarray, " vertices"]:
    """Vertices at which a weak unit is said to be off that is on at others."""
    words = complex_.words
    loose = np.zeros(len(complex_.vertices), bool)
    # Units that are on somewhere, and those that are on everywhere.
    some = np.bitwise_or.reduce(complex_.signs, axis=0)
    every = np.bitwise_and.reduce(complex_.signs, axis=0)
    # Of the weak units, those that are on at some vertices and not at all.
    for unit in np.flatnonzero(weak & words.kinks).tolist():
        word, bit = words.word[unit], np.uint32(1 << int(words.bit[unit]))
        if (some & ~every)[word] & bit:
            loose |= complex_.signs[:, word] & bit == 0
    return np.flatnonzero(loose)


def _prove_by_heritage(
    complex_: Complex, bounds: FloatBounds, budget: Budget
) -> tuple[Int[np.ndarray, " fewer"], Float64[np.ndarray, " vertices"]]:
    """Compiled proofs that use the edges on which the vertices were made.

    Returns:
        Which vertices remain unproved, and bounds of the position errors.
    """
    count, dim = complex_.vertices.shape
    errors, proved = np.full(count, np.inf), np.zeros(count, bool)
    compiled = loading.load_all("flat_network", "trie", "proofs")
    if compiled is None or not bounds.layers or bounds.has_skips:
        return np.arange(count), errors
    flat, trie, proofs = compiled
    net = flat.flatten(bounds, complex_)
    corners = bounds.polytope.vertices
    # Vertices of one cell share its forms: near ones first, then cell by cell.
    order = trie.nearby(complex_.vertices, corners.min(0), corners.max(0))
    if len(net.fan_in) > 1:
        order = trie.by_cell(order, complex_.signs, net.words[1])
    # The first layer has one cell.
    chunk = trie.chunk_size(dim, int(net.room[1:].max(initial=1)))

    arrays = (
        complex_.vertices,
        complex_.zeros,
        complex_.signs,
        complex_.parents,
        proved,
        errors,
    )

    def prove(left: np.ndarray, in_pairs: bool) -> None:
        def some(start: int) -> None:
            budget.check()
            part = left[start : start + HERITAGE_CHUNK]
            proofs.prove(net, part, min(chunk, len(part)), in_pairs, *arrays)

        map_chunks(some, range(0, len(left), HERITAGE_CHUNK), budget)

    # Deep networks outgrow float64 everywhere, and vertices made late do so first.
    prove(np.arange(max(0, count - HERITAGE_SAMPLE), count), False)
    if proved[-HERITAGE_SAMPLE:].mean() > 0.5:
        prove(order, False)
        order = order[~proved[order]]
    if len(order):
        prove(order, True)
    return np.flatnonzero(~proved), errors


def _prove_plainly(
    bounds: FloatBounds,
    complex_: Complex,
    left: Int[np.ndarray, " vertices"],
    errors: Float64[np.ndarray, " all"],
    budget: Budget,
) -> Int[np.ndarray, " fewer"]:
    """Try the float64 bounds on some vertices; which remain unproved."""
    # Chunks whose widest layer stays in the processor's cache.
    widest = max(8, *(layer.width for layer in bounds.layers), complex_.dim)
    chunk = max(256, CHUNK_ENTRIES // widest)

    def prove(start: int) -> np.ndarray:
        budget.check()
        part = left[start : start + chunk]
        proved, errors[part] = bounds.prove(
            complex_.vertices[part], complex_.zeros[part], complex_.signs[part]
        )
        return part[~proved]

    parts = map_chunks(prove, range(0, len(left), chunk), budget)
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _prove_sharply(
    bounds: ZonotopeBounds,
    complex_: Complex,
    left: Int[np.ndarray, " vertices"],
    errors: Float64[np.ndarray, " all"],
    budget: Budget,
) -> Int[np.ndarray, " fewer"]:
    """Try the zonotope bounds on some vertices; which remain unproved."""

    def prove(start: int) -> np.ndarray:
        budget.check()
        part = left[start : start + ZONOTOPE_CHUNK]
        bits = complex_.words.unpack(complex_.signs[part])
        proved, errors[part] = bounds.prove(
            complex_.vertices[part], bits, complex_.zeros[part]
        )
        return part[~proved]

    parts = map_chunks(prove, range(0, len(left), ZONOTOPE_CHUNK), budget)
    return np.concatenate([np.zeros(0, np.int64), *parts])


class _ExactTier:
    """Proves signs at vertices in rational arithmetic."""

    def __init__(
        self,
        complex_: Complex,
        network: ReluNetwork,
        domain: BoundedDomain,
        polytope: SimplePolytope,
        weak: Bool[np.ndarray, " units"],
    ):
        words = complex_.words
        self._complex = complex_
        self._exact = ExactNetwork(network, domain)
        facets = np.concatenate([polytope.A, -polytope.b[:, None]], 1)
        self._facets = [dyadic(row)[0] for row in facets]
        # A weak unit may vanish anywhere, but must keep to its side.
        union = np.bitwise_or.reduce(complex_.signs, axis=0)
        side = union[words.word] >> words.bit.astype(np.uint32) & np.uint32(1)
        self._side = side.astype(bool)
        self._weak, self._linear = weak, ~words.kinks
        self._points: dict[int, list[int]] = {}
        self.is_loose = False
        """Whether a unit that splits nothing was found to vanish."""

    def position(self, vertex: int) -> list[Fraction]:
        """Exact position of a vertex."""
        if vertex not in self._points:
            self.prove(np.array([vertex]))
        *numerators, common = self._points[vertex]
        return [Fraction(p, common) for p in numerators]

    def height(self, vertex: int, direction: list[Fraction]) -> Fraction:
        """Exact height of a vertex along a direction."""
        terms = zip(direction, self.position(vertex), strict=True)
        return sum((c * x for c, x in terms), Fraction(0))

    def prove(self, part: Int[np.ndarray, " vertices"]) -> np.ndarray:
        """Prove the signs at some vertices; returns their position errors."""
        complex_, dim = self._complex, self._complex.dim
        bits = complex_.words.unpack(complex_.signs[part])
        # The units that vanish at each vertex: they define it, and are taken as off.
        own = np.zeros_like(bits)
        for row, zeros in enumerate(complex_.zeros[part]):
            own[row, zeros[zeros >= complex_.num_facets] - complex_.num_facets] = True
        # Where a weak unit vanishes, its own form is one of sums of those of the zeros:
        # with it on or off, the zeros of the vertex are the same.
        gates = np.repeat(bits, dim + 1, axis=0).T
        pinned = np.repeat(own, dim + 1, axis=0).T
        # All affine forms on the cells of these vertices, as integers.
        numerators, _ = self._exact.forward(
            Columns.identity(dim, len(part)),
            gates,
            pinned=pinned,
            layers=len(self._exact.widths),
        )
        rows = [row for layer in numerators for row in layer]
        errors = np.zeros(len(part))
        for k, vertex in enumerate(part.tolist()):
            mine = [row[k * (dim + 1) : (k + 1) * (dim + 1)] for row in rows]
            # The exact vertex is where its zeros meet; every unit has its sign there.
            point = self._solve(mine, complex_.zeros[vertex].tolist())
            self._points[vertex] = point
            values = [sum(map(int.__mul__, row, point)) for row in mine]
            signs = np.array([(v > 0) - (v < 0) for v in values], np.int8)
            self._compare(signs, bits[k], own[k], vertex)
            errors[k] = _distance(point, complex_.vertices[vertex])
        return errors

    def _solve(self, rows: list[list[int]], zeros: list[int]) -> list[int]:
        """The vertex with these zeros, as numerators and one positive denominator."""
        count = self._complex.num_facets
        # Row i says that zero i vanishes; the last entry is the constant.
        system = [self._facets[z] if z < count else rows[z - count] for z in zeros]
        solution = solve_rational([r[:-1] for r in system], [-r[-1] for r in system])
        if solution is None:
            raise NotGenericError("the zeros of a vertex have dependent gradients.")
        common = math.lcm(*(int(v.q) for v in solution))
        return [*(int(v.p) * (common // int(v.q)) for v in solution), common]

    def _compare(
        self, signs: np.ndarray, bits: np.ndarray, own: np.ndarray, vertex: int
    ) -> None:
        """Raise unless exact signs agree with the claimed ones."""
        # A unit that splits something is nonzero at the vertices of other units.
        strict = np.where(bits, signs > 0, signs < 0)
        # A weak one keeps to one side of the domain: on, or where it is on elsewhere
        # exactly zero, or never on and so zero or negative.
        kept = np.where(bits, signs > 0, np.where(self._side, signs == 0, signs <= 0))
        # The units that meet here are zero by construction, and off.
        fine = np.where(own, ~bits, np.where(self._weak, kept, strict))
        # What is right but zero, compiled proofs may have taken for strict.
        self.is_loose |= not (strict | own | self._linear).all()
        # A unit without a kink has no sign that matters.
        fine = fine | self._linear
        if not fine.all():
            unit = int(np.flatnonzero(~fine)[0])
            what = "vanishes" if signs[unit] == 0 else "has the other sign"
            name = unit_name(place_of(self._exact.widths, unit))
            raise NotGenericError(
                f"in exact arithmetic, {name} {what} at "
                f"the vertex near {self._complex.vertices[vertex].tolist()}."
            )


def _distance(point: list[int], stored: np.ndarray) -> float:
    """Largest coordinate distance of an exact vertex from its stored position."""
    *numerators, common = point
    gaps = [
        abs(Fraction(p, common) - Fraction(float(x)))
        for p, x in zip(numerators, stored, strict=True)
    ]
    return float(max(gaps)) * (1.0 + 2.0**-50) + SMALLEST
