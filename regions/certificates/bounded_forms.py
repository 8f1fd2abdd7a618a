"""Pre-activations as affine forms in float64, each with a bound of its error.

A sum of n products, in any order, is off by at most g |w| |x|, where g is a little more
than n 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), and
by what underflows. Errors of the terms pass with the absolute weights. What overflows
becomes infinite or NaN, which proves nothing.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.facets import facets
from regions.domains.shapes import Domain
from regions.network import ReluNetwork

ROUNDING = 2.0**-53
"""Relative error of one operation."""
TINY = 2.0**-1000
"""More than all the products of one sum lose to underflow."""
BOUND_ROUNDING = 1.0 + 1e-6
"""Covers what is lost where bounds are computed."""


class BoundedRows(NamedTuple):
    """Rows of the units with a kink, not negative on the region of a pattern.

    Attributes:
        rows: Coefficients of the coordinates, then the constant, unit by unit.
        sizes: The largest absolute value of each row.
        errors: More than any entry of the row is off by.
    """

    rows: Float64[np.ndarray, "regions dim_plus_1 bits"]
    sizes: Float64[np.ndarray, "regions bits"]
    errors: Float64[np.ndarray, "regions bits"]


class _Level(NamedTuple):
    """Forms that the regions of a group share; `owners` says whose group is which."""

    forms: Float64[np.ndarray, "groups dim_plus_1 units"]
    sizes: Float64[np.ndarray, "groups units"]
    errors: Float64[np.ndarray, "groups units"]
    owners: Int[np.ndarray, " regions"]

    def of(self, regions: Int[np.ndarray, " some"]) -> "_Level":
        """The same for some regions, each a group of its own."""
        chosen = self.owners[regions]
        if len(chosen) == len(self.forms):  # In their order: each group once.
            return self
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
        exact = [*directions, origin]
        inputs = np.array([[float(v) for v in column] for column in exact])
        errors = np.array(
            [
                [float(abs(v - type(v)(w))) for v, w in zip(column, near, strict=True)]
                for column, near in zip(exact, inputs.tolist(), strict=True)
            ]
        ).max(0)
        self._inputs = inputs[None], np.abs(inputs).max(0)[None], errors[None]
        self._network = network
        self._blocks = [
            [(source, m.T.copy(), np.abs(m.T)) for source, m in layer.blocks(index)]
            for index, layer in enumerate(network.hidden)
        ]

    def of(self, bits: Bool[np.ndarray, "regions bits"]) -> BoundedRows:
        """Rows of the patterns, with their errors."""
        count, (_, size, _) = len(bits), self._inputs[0].shape
        rows = np.empty((count, size, bits.shape[1]))
        sizes, errors = np.empty(bits.shape), np.empty(bits.shape)
        fresh = np.arange(count) == 0
        levels = [_Level(*self._inputs, np.zeros(count, np.int64))]
        stop = 0
        for index, layer in enumerate(self._network.hidden):
            owners, first = np.cumsum(fresh) - 1, np.flatnonzero(fresh)
            pre = self._pre(index, [level.of(first) for level in levels], owners)
            kinks = layer.kinks
            start, stop = stop, stop + int(kinks.sum())
            own = bits[:, start:stop]
            for target, source in zip((rows, sizes, errors), pre, strict=False):
                target[..., start:stop] = source[..., kinks][owners]
            rows[..., start:stop] *= np.where(own, 1.0, -1.0)[:, None]
            fresh[1:] |= (own[1:] != own[:-1]).any(1)
            first = np.flatnonzero(fresh)
            gates = np.ones((len(first), layer.width))
            gates[:, kinks] = np.where(own[first], 1.0, layer.slopes[kinks])
            levels.append(_gated(pre.of(first), gates, np.cumsum(fresh) - 1))
        return BoundedRows(rows, sizes, errors)

    def _pre(
        self, index: int, levels: list[_Level], owners: Int[np.ndarray, " regions"]
    ) -> _Level:
        """Pre-activations of a layer from the activations before it."""
        bias = self._network.hidden[index].bias
        terms = 2 + sum(len(m) for _, m, _ in self._blocks[index])
        relative = (terms + 1) * ROUNDING * BOUND_ROUNDING
        forms, errors = 0.0, relative * np.abs(bias) + TINY
        for source, matrix, absolute in self._blocks[index]:
            level = levels[source]
            forms = forms + level.forms @ matrix
            errors = errors + (level.errors + relative * level.sizes) @ absolute
        assert isinstance(forms, np.ndarray)
        forms[:, -1] += bias
        sizes = np.abs(forms[:, 0])
        for k in range(1, forms.shape[1]):
            np.maximum(sizes, np.abs(forms[:, k]), out=sizes)
        return _Level(forms, sizes, errors * BOUND_ROUNDING, owners)


def _gated(
    pre: _Level,
    gates: Float64[np.ndarray, "groups units"],
    owners: Int[np.ndarray, " regions"],
) -> _Level:
    """Activations where each unit is multiplied by its slope there."""
    steep = np.abs(gates)
    sizes = pre.sizes * steep
    slanted = (gates != 0.0) & (gates != 1.0)
    errors = pre.errors * steep
    errors[slanted] += (ROUNDING * sizes + TINY)[slanted]
    return _Level(pre.forms * gates[:, None], sizes, errors, owners)


def wall_rows(domain: Domain) -> Float64[np.ndarray, "dim_plus_1 walls"]:
    """Rows of the domain's facets, not negative inside, exactly."""
    A, b = facets(domain)
    return np.vstack([-A.T, b])
