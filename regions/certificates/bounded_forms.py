"""Pre-activations as affine forms in float64, each with a bound of its error.

A sum of n products, in any order, is off by at most g |w| |x|, where g is a little more
than n 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), and
by what underflows. Errors of the terms pass with the absolute weights. What overflows
becomes infinite or NaN, which proves nothing.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.facets import facets
from regions.domains.shapes import Domain
from regions.network import Layer, ReluNetwork

ROUNDING = 2.0**-53
"""Relative error of one operation."""
TINY = 2.0**-1000
"""More than all the products of one sum lose to underflow."""
BOUND_ROUNDING = 1.0 + 1e-6
"""Covers what is lost where bounds are computed."""


class BoundedRows(NamedTuple):
    """Rows that are not negative on the region of a pattern.

    Those of the units with a kink come first, then those of the domain's facets.

    Attributes:
        rows: Coefficients of the coordinates, then the constant.
        sizes: The largest absolute value of each row.
        errors: More than any entry of the row is off by; 0 for the domain's.
    """

    rows: Float64[np.ndarray, "regions dim_plus_1 rows"]
    sizes: Float64[np.ndarray, "regions rows"]
    errors: Float64[np.ndarray, "regions rows"]


class Level(NamedTuple):
    """Forms of some units that the regions of a group share.

    Attributes:
        forms: Coefficients of the coordinates, then the constant.
        sizes: The largest absolute value of each form,
        errors: and more than any entry of it is off by.
        owners: The group of each region.
    """

    forms: Float64[np.ndarray, "groups dim_plus_1 units"]
    sizes: Float64[np.ndarray, "groups units"]
    errors: Float64[np.ndarray, "groups units"]
    owners: Int[np.ndarray, " regions"]

    def of(self, regions: Int[np.ndarray, " some"]) -> "Level":
        """The same for some regions in order, each a group of its own."""
        if len(regions) == len(self.forms):  # All groups as they are.
            return self
        chosen = self.owners[regions]
        return Level(
            self.forms[chosen], self.sizes[chosen], self.errors[chosen], chosen
        )


class SharedRows(NamedTuple):
    """Rows of regions, whose forms are kept once for those that share them.

    Attributes:
        levels: Forms of the units with a kink, layer by layer, and the domain's.
        bits: Which units are on, the domain's rows too: a row is the form where it is
            on, and the form times -1 elsewhere.
    """

    levels: tuple[Level, ...]
    bits: Bool[np.ndarray, "regions rows"]

    def parts(self) -> Iterator[tuple[Level, slice]]:
        """Each level, and which rows are its."""
        stop = 0
        for level in self.levels:
            start, stop = stop, stop + level.forms.shape[2]
            yield level, slice(start, stop)

    def of(self, regions: Int[np.ndarray, " some"]) -> BoundedRows:
        """All rows of some regions."""
        bits = self.bits[regions]
        (count, width), entries = bits.shape, self.levels[0].forms.shape[1]
        found = BoundedRows(
            np.empty((count, entries, width)), *np.empty((2, count, width))
        )
        for level, own in self.parts():
            owners = level.owners[regions]
            signs = np.where(bits[:, own], 1.0, -1.0)[:, None]
            np.multiply(level.forms[owners], signs, out=found.rows[..., own])
            found.sizes[:, own] = level.sizes[owners]
            found.errors[:, own] = level.errors[owners]
        return found

    def single(
        self, regions: Int[np.ndarray, " some"], rows: Int[np.ndarray, " some"]
    ) -> BoundedRows:
        """One row of each of some regions; their axis comes last."""
        entries, count = self.levels[0].forms.shape[1], len(rows)
        found = BoundedRows(np.empty((entries, count)), *np.empty((2, count)))
        for level, own in self.parts():
            some = np.flatnonzero((rows >= own.start) & (rows < own.stop))
            owners, units = level.owners[regions[some]], rows[some] - own.start
            found.rows[:, some] = level.forms[owners, :, units].T
            found.sizes[some] = level.sizes[owners, units]
            found.errors[some] = level.errors[owners, units]
        np.negative(found.rows, out=found.rows, where=~self.bits[regions, rows])
        return found


class BoundedForms:
    """Forms of a network in the chart of a domain, for many patterns at once.

    Neighbors in the list share the forms of all layers before the first one in which
    their patterns differ: give patterns in sorted order.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        origin, directions = domain.rational_chart()
        pairs = [[_rounded(v) for v in column] for column in (*directions, origin)]
        inputs, errors = np.moveaxis(np.array(pairs), 2, 0)
        errors = errors.max(0)
        self._inputs = inputs[None], np.abs(inputs).max(0)[None], errors[None]
        self._network, walls = network, _wall_rows(domain)[None]
        self._walls = walls, np.abs(walls).max(1), np.zeros((1, walls.shape[2]))
        self._blocks = [
            [(source, m.T.copy(), np.abs(m.T)) for source, m in layer.blocks(index)]
            for index, layer in enumerate(network.hidden)
        ]

    def of(self, bits: Bool[np.ndarray, "regions bits"]) -> SharedRows:
        """Rows of the patterns and of the domain, with their errors."""
        count, all_of_it = len(bits), np.zeros(len(bits), np.int64)
        fresh, stop = np.arange(count) == 0, 0
        levels, kinked = [Level(*self._inputs, all_of_it)], []
        for index, layer in enumerate(self._network.hidden):
            pre = self._pre(index, levels, fresh)
            kinked.append(_with_kinks(pre, layer.kinks))
            start, stop = stop, stop + int(layer.kinks.sum())
            own = bits[:, start:stop]
            if index + 1 < len(self._network.hidden):
                fresh[1:] |= (own[1:] != own[:-1]).any(1)
                first = np.flatnonzero(fresh)
                owners = np.cumsum(fresh) - 1
                levels.append(_gated(pre.of(first), layer, own[first], owners))
        kinked.append(Level(*self._walls, all_of_it))
        inside = np.ones((count, kinked[-1].forms.shape[2]), bool)
        return SharedRows(tuple(kinked), np.concatenate([bits, inside], axis=1))

    def _pre(
        self, index: int, levels: list[Level], fresh: Bool[np.ndarray, " regions"]
    ) -> Level:
        """Pre-activations of a layer, for groups that begin at the regions marked."""
        first = np.flatnonzero(fresh)
        bias = self._network.hidden[index].bias
        terms = 2 + sum(len(m) for _, m, _ in self._blocks[index])
        relative = (terms + 1) * ROUNDING * BOUND_ROUNDING
        forms, errors = 0.0, relative * np.abs(bias) + TINY
        for source, matrix, absolute in self._blocks[index]:
            level = levels[source].of(first)
            forms = level.forms @ matrix + forms
            errors = errors + (level.errors + relative * level.sizes) @ absolute
        assert isinstance(forms, np.ndarray)
        forms[:, -1] += bias
        sizes = np.abs(forms[:, 0])
        for k in range(1, forms.shape[1]):
            np.maximum(sizes, np.abs(forms[:, k]), out=sizes)
        return Level(forms, sizes, errors * BOUND_ROUNDING, np.cumsum(fresh) - 1)


def _rounded(exact: Fraction) -> tuple[float, float]:
    """The nearest float64 number, and how far it is off."""
    try:
        near = float(exact)
    except OverflowError:
        return np.inf, np.inf
    return near, float(abs(exact - Fraction(near)))


def _with_kinks(pre: Level, kinks: Bool[np.ndarray, " units"]) -> Level:
    """The forms of those units that have a kink."""
    if kinks.all():
        return pre
    forms, sizes, errors, owners = pre
    return Level(forms[..., kinks], sizes[:, kinks], errors[:, kinks], owners)


def _gated(
    pre: Level,
    layer: Layer,
    on: Bool[np.ndarray, "groups bits"],
    owners: Int[np.ndarray, " regions"],
) -> Level:
    """Activations of groups: the pre-activations times 1 or a slope."""
    gates = np.ones((len(on), layer.width))
    gates[:, layer.kinks] = np.where(on, 1.0, layer.slopes[layer.kinks])
    steep = np.abs(gates)
    sizes, errors = pre.sizes * steep, pre.errors * steep
    slanted = (gates != 0.0) & (gates != 1.0)
    if slanted.any():
        errors[slanted] += (ROUNDING * sizes + TINY)[slanted]
    return Level(pre.forms * gates[:, None], sizes, errors, owners)


def _wall_rows(domain: Domain) -> Float64[np.ndarray, "dim_plus_1 walls"]:
    """Rows of the domain's facets, not negative inside, exactly."""
    A, b = facets(domain)
    return np.vstack([-A.T, b])
