"""Pre-activations as affine forms in float64, each with a bound of its error.

A sum of n products, in any order, is off by at most g |w| |x|, where g is a little more
than n 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), and
by what underflows. Errors of the terms pass with the absolute weights. What overflows
becomes infinite or NaN, which proves nothing.
"""

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


class _Level(NamedTuple):
    """Forms that the regions of a group share; `owners` says whose group is which."""

    forms: Float64[np.ndarray, "groups dim_plus_1 units"]
    sizes: Float64[np.ndarray, "groups units"]
    errors: Float64[np.ndarray, "groups units"]
    owners: Int[np.ndarray, " regions"]

    def of(self, regions: Int[np.ndarray, " some"]) -> "_Level":
        """The same for some regions, each a group of its own."""
        chosen = self.owners[regions]
        return _Level(
            self.forms[chosen], self.sizes[chosen], self.errors[chosen], chosen
        )


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
        self._network, self._walls = network, _wall_rows(domain)
        self._blocks = [
            [(source, m.T.copy(), np.abs(m.T)) for source, m in layer.blocks(index)]
            for index, layer in enumerate(network.hidden)
        ]

    def of(
        self,
        bits: Bool[np.ndarray, "regions bits"],
        order: Int[np.ndarray, " regions"],
    ) -> BoundedRows:
        """Rows of the patterns and of the domain, with their errors, in any order."""
        count, stop = bits.shape
        entries, walls = self._walls.shape
        found = BoundedRows(
            np.empty((count, entries, stop + walls)),
            np.empty((count, stop + walls)),
            np.zeros((count, stop + walls)),
        )
        found.rows[..., stop:] = self._walls
        found.sizes[:, stop:] = np.abs(self._walls).max(0)
        fresh, stop = np.arange(count) == 0, 0
        levels = [_Level(*self._inputs, np.zeros(count, np.int64))]
        for index, layer in enumerate(self._network.hidden):
            pre = self._pre(index, levels, fresh)
            start, stop = stop, stop + int(layer.kinks.sum())
            own = bits[:, start:stop]
            part = BoundedRows(*(array[..., start:stop] for array in found))
            _write(part, pre, layer.kinks, own, order)
            if index + 1 < len(self._network.hidden):
                fresh[1:] |= (own[1:] != own[:-1]).any(1)
                first = np.flatnonzero(fresh)
                owners = np.cumsum(fresh) - 1
                levels.append(_gated(pre.of(first), layer, own[first], owners))
        return found

    def _pre(
        self, index: int, levels: list[_Level], fresh: Bool[np.ndarray, " regions"]
    ) -> _Level:
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
        return _Level(forms, sizes, errors * BOUND_ROUNDING, np.cumsum(fresh) - 1)


def _rounded(exact: Fraction) -> tuple[float, float]:
    """The nearest float64 number, and how far it is off."""
    try:
        near = float(exact)
    except OverflowError:
        return np.inf, np.inf
    return near, float(abs(exact - Fraction(near)))


def _write(
    found: BoundedRows,
    pre: _Level,
    kinks: Bool[np.ndarray, " units"],
    on: Bool[np.ndarray, "regions bits"],
    order: Int[np.ndarray, " regions"],
) -> None:
    """Forms of the units with a kink as rows, each with the sign of its unit."""
    level = _Level(*pre[:3], pre.owners[order])
    if not kinks.all():
        level = _Level(
            level.forms[..., kinks],
            level.sizes[:, kinks],
            level.errors[:, kinks],
            level.owners,
        )
    if len(level.forms) > 1:  # Otherwise all share what is there.
        level = level.of(np.arange(len(order)))
    signs = np.where(on[order], 1.0, -1.0)[:, None]
    np.multiply(level.forms, signs, out=found.rows)
    found.sizes[:], found.errors[:] = level.sizes, level.errors


def _gated(
    pre: _Level,
    layer: Layer,
    on: Bool[np.ndarray, "groups bits"],
    owners: Int[np.ndarray, " regions"],
) -> _Level:
    """Activations of groups: the pre-activations times 1 or a slope."""
    gates = np.ones((len(on), layer.width))
    gates[:, layer.kinks] = np.where(on, 1.0, layer.slopes[layer.kinks])
    steep = np.abs(gates)
    sizes, errors = pre.sizes * steep, pre.errors * steep
    slanted = (gates != 0.0) & (gates != 1.0)
    if slanted.any():
        errors[slanted] += (ROUNDING * sizes + TINY)[slanted]
    return _Level(pre.forms * gates[:, None], sizes, errors, owners)


def _wall_rows(domain: Domain) -> Float64[np.ndarray, "dim_plus_1 walls"]:
    """Rows of the domain's facets, not negative inside, exactly."""
    A, b = facets(domain)
    return np.vstack([-A.T, b])
