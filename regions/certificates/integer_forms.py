"""Pre-activations as integer affine forms, for the checker alone.

Weights are dyadic rationals, so every pre-activation on a region is `(J t + c) / 2^e`
with integers J and c. Only signs matter, and 2^e is dropped at the end.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpz, fmpz_mat
from jaxtyping import Bool, Float64

from regions.certificates.facets import facets
from regions.domains.shapes import Domain, WholeSpace
from regions.network import Layer, ReluNetwork
from regions.results.region_table import RegionTable

Row = tuple[fmpz, ...]
"""An affine form (J, c) over the integers, or a point (t w, w) with w > 0."""

NEAR_BITS = 61
"""Bits of the largest entry that are kept where a row is rounded."""


class SignedRows(NamedTuple):
    """Rows of a pattern's units, each positive where the unit has its sign.

    Attributes:
        exact: The rows.
        near: The same as `near` gives them.
    """

    exact: list[Row]
    near: Float64[np.ndarray, "rows entries"]


class IntegerForms:
    """The affine forms of a network's units in the chart of a domain.

    Forms of the pattern asked for last are kept, and those of a new pattern are
    computed from the first layer on that reads a changed bit: ask in sorted order.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        origin, directions = domain.rational_chart()
        rows = [[*column, o] for *column, o in zip(*directions, origin, strict=True)]
        self._inputs = _scaled(rows)
        self._dim = domain.dim
        self._layers = [
            _IntegerLayer(layer, k) for k, layer in enumerate(network.hidden)
        ]
        self._kinks = [np.flatnonzero(layer.kinks) for layer in network.hidden]
        self._ends = np.cumsum([0, *map(len, self._kinks)]).tolist()
        self._bits = np.zeros(0, bool)
        self._acts: list[tuple[fmpz_mat, int]] = [self._inputs]
        self._pres: list[tuple[fmpz_mat, int]] = []
        self._rows: list[list[Row]] = []
        self._signed: list[tuple[list[tuple[Row, Row]], np.ndarray]] = []

    def layer_rows(self, layer: int, bits: Bool[np.ndarray, " bits"]) -> list[Row]:
        """Forms of the units with a kink of one layer, where earlier bits hold."""
        self._forget(bits)
        while len(self._pres) <= layer:
            self._advance(bits)
        return self._rows[layer]

    def signed_rows(self, bits: Bool[np.ndarray, " bits"]) -> SignedRows:
        """Forms of all units with a kink on the region of a pattern, by their signs."""
        for layer in range(len(self._layers)):
            rows = self.layer_rows(layer, bits)
            if len(self._signed) == layer:
                both = [(tuple(-v for v in row), row) for row in rows]
                self._signed.append((both, near(rows, self._dim + 1)))
        pairs = [pair for both, _ in self._signed for pair in both]
        rounded = [array for _, array in self._signed]
        signs = np.where(bits, 1.0, -1.0)[:, None]
        return SignedRows(
            [pair[bit] for bit, pair in zip(bits.tolist(), pairs, strict=True)],
            signs * np.concatenate([np.zeros((0, self._dim + 1)), *rounded]),
        )

    def pattern_at(self, point: Row) -> Bool[np.ndarray, " bits"]:
        """The pattern of a rational point; a tie is off."""
        bits = np.zeros(self._ends[-1], bool)
        for layer in range(len(self._layers)):
            start = self._ends[layer]
            for k, row in enumerate(self.layer_rows(layer, bits)):
                bits[start + k] = value(row, point) > 0
        return bits

    def layer_of(self, bit: int) -> int:
        """The layer to which a bit belongs."""
        return int(np.searchsorted(self._ends, bit, side="right")) - 1

    def bits_of(self, layer: int) -> range:
        """The bits of one layer."""
        return range(self._ends[layer], self._ends[layer + 1])

    def _forget(self, bits: np.ndarray) -> None:
        """Drop what depends on bits that changed."""
        known = len(self._bits)
        changed = np.flatnonzero(self._bits != bits[:known])
        if len(changed):
            keep = self.layer_of(int(changed[0]))
            self._bits = self._bits[: self._ends[keep]]
            for kept in (self._acts, self._pres, self._rows, self._signed):
                del kept[keep + 1 :]

    def _advance(self, bits: np.ndarray) -> None:
        """Forms of the next layer; the activations of the one before it first."""
        layer = len(self._pres)
        if layer:
            own = self.bits_of(layer - 1)
            self._bits = bits[: own.stop].copy()
            on = np.ones(self._pres[-1][0].nrows(), bool)
            on[self._kinks[layer - 1]] = bits[own.start : own.stop]
            if len(self._acts) == layer:
                gated = self._layers[layer - 1].activate(self._pres[-1], on)
                self._acts.append(gated)
        pre = self._layers[layer].apply(self._acts, self._dim)
        table = pre[0].tolist()
        self._pres.append(pre)
        self._rows.append([tuple(table[k]) for k in self._kinks[layer]])


class _IntegerLayer:
    """One layer over the integers: each part with its power of two."""

    def __init__(self, layer: Layer, index: int):
        self._blocks = [
            (source, *scaled_floats(matrix)) for source, matrix in layer.blocks(index)
        ]
        bias, self._bias_exponent = scaled_floats(layer.bias[:, None])
        self._bias = bias.entries()
        slopes, self._gate_exponent = scaled_floats(layer.slopes[:, None])
        self._slopes = slopes.entries()

    def apply(
        self, activations: Sequence[tuple[fmpz_mat, int]], dim: int
    ) -> tuple[fmpz_mat, int]:
        """Pre-activations from the activations before."""
        terms = [
            (m * activations[s][0], e + activations[s][1]) for s, m, e in self._blocks
        ]
        top = max(self._bias_exponent, *(e for _, e in terms))
        total = None
        for matrix, exponent in terms:
            part = matrix * (fmpz(1) << (top - exponent))
            total = part if total is None else total + part
        assert total is not None
        for k, entry in enumerate(self._bias):
            total[k, dim] += entry << (top - self._bias_exponent)
        return total, top

    def activate(
        self, pre: tuple[fmpz_mat, int], on: np.ndarray
    ) -> tuple[fmpz_mat, int]:
        """Activations on a region: each row times 1 or its slope."""
        matrix, exponent = pre
        one = fmpz(1) << self._gate_exponent
        gates = [one if o else s for o, s in zip(on, self._slopes, strict=True)]
        table = [
            [g * entry for entry in row] if g else [fmpz(0)] * matrix.ncols()
            for g, row in zip(gates, matrix.tolist(), strict=True)
        ]
        return fmpz_mat(table), exponent + self._gate_exponent


def scaled_floats(
    values: Float64[np.ndarray, "rows columns"],
) -> tuple[fmpz_mat, int]:
    """Floating-point numbers as integers over the least common power of two."""
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    # The lowest bit of each that is set, a power of two; of 0 a high one.
    lowest = np.where(whole == 0, 2**62, whole & -whole)
    halvings = 53 - exponents - (np.frexp(lowest.astype(np.float64))[1] - 1)
    exponent = max(int(halvings.max(initial=0, where=whole != 0)), 0)
    shifts = (exponents - 53 + exponent).tolist()
    table = [
        [v << k if k >= 0 else v >> -k for v, k in zip(row, by, strict=True)]
        for row, by in zip(whole.tolist(), shifts, strict=True)
    ]
    return fmpz_mat(table), exponent


def _scaled(rows: list[list[Fraction]]) -> tuple[fmpz_mat, int]:
    """Dyadic rationals as integers over a common power of two."""
    exponent = max(v.denominator.bit_length() - 1 for row in rows for v in row)
    table = [
        [fmpz(v.numerator << (exponent + 1 - v.denominator.bit_length())) for v in row]
        for row in rows
    ]
    return fmpz_mat(table), exponent


def domain_rows(domain: Domain) -> list[Row]:
    """Rows of the domain's facets, nonnegative inside; none for the whole space."""
    if isinstance(domain, WholeSpace):
        return []
    A, b = facets(domain)
    table = [
        [*(Fraction(float(-v)) for v in a), Fraction(float(r))]
        for a, r in zip(A, b, strict=True)
    ]
    return [primitive(tuple(row)) for row in _scaled(table)[0].tolist()]


def lies_inside(point: Row, walls: Sequence[Row], domain: Domain) -> bool:
    """Whether a point lies strictly inside a domain, whose rows are given."""
    square = domain.squared_radius
    if square is not None:
        *top, bottom = point
        length = sum((v * v for v in top), fmpz(0)) * square.denominator
        if not length < square.numerator * bottom * bottom:
            return False
    return all(value(wall, point) > 0 for wall in walls)


def homogeneous(point: Sequence[Fraction]) -> Row:
    """A rational point as integers over a common denominator, which comes last."""
    bottom = fmpz(1)
    for entry in point:
        bottom = bottom.lcm(fmpz(entry.denominator))
    return (*(fmpz(v.numerator) * (bottom // v.denominator) for v in point), bottom)


def witness(regions: RegionTable, region: int) -> Row:
    """The witness of a region; a float64 point is taken as exact."""
    point = regions.exact_witnesses.get(region)
    if point is None:
        point = [Fraction(float(v)) for v in regions.coordinates[region]]
    return homogeneous(point)


def value(row: Row, point: Row) -> fmpz:
    """A form at a point, times a positive number."""
    total = row[0] * point[0]
    for a, x in zip(row[1:], point[1:], strict=True):
        total += a * x
    return total


def primitive(row: Row) -> Row:
    """The row divided by the greatest common divisor of its entries."""
    divisor = fmpz(0)
    for entry in row:
        divisor = divisor.gcd(entry)
        if divisor == 1:
            return row
    return tuple(entry // divisor for entry in row) if divisor else row


def near(rows: Iterable[Row], entries: int) -> Float64[np.ndarray, "rows entries"]:
    """Rows or points in float64, each over a power of two: entries of at most 1.

    Every entry is off by less than 2^-52: what is dropped of it is at most 2^-61, and
    it is rounded once.
    """
    return np.array([_near(row) for row in rows]).reshape(-1, entries)


def _near(row: Row) -> list[float]:
    """One of them."""
    size = max(int(v.bit_length()) for v in row)
    if size <= NEAR_BITS:
        scale = 2.0**-size
        return [int(v) * scale for v in row]
    return [int(v >> (size - NEAR_BITS)) * 2.0**-NEAR_BITS for v in row]


def near_doubt(entries: int) -> float:
    """More than a value is off that is computed from a rounded row and point.

    Each product is off by 2^-51 and its own rounding, each sum by at most so many times
    2^-53.
    """
    return entries * entries * 2.0**-50
