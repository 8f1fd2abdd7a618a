"""Whether two networks are equal on every region of one, in rational arithmetic."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from regions.network import ReluNetwork
from regions.results.region_set import RegionSet
from regions.signs.exact import Columns, ExactNetwork

_BATCH = 64
"""Regions whose affine forms are computed at once."""

Forms = list[list[list[int]]]
"""Rows of every unit of every layer, the columns of all regions side by side."""


def equal_on_regions(
    found: RegionSet, other: ReluNetwork, origins: Sequence[tuple[int, int]]
) -> int:
    """On how many regions `other` is one affine map, the same as the network's.

    On a region the network's units have known signs. If each unit of `other` with a
    kink is a positive multiple of its origin there, layer by layer, it has the same
    sign on all of the region, and `other` is affine on it; that map is compared.

    Args:
        found: Regions of the network on a domain.
        other: The network to compare.
        origins: For each hidden unit of `other`, in order, the layer and unit of the
            network that it should be a multiple of where it has a kink.
    """
    first = ExactNetwork(found.network, found.domain)
    second = ExactNetwork(other, found.domain)
    starts = found.network.unit_starts
    rows = np.array([starts[layer] + unit for layer, unit in origins], np.int64)
    units = found.network.unit_patterns(found.pattern_bits())
    # A merged-in unit of slope 1 takes no bit, whatever its origin's bit is.
    mapped = units[:, rows] & other.kinks
    equal = 0
    for start in range(0, len(units), _BATCH):
        part = slice(start, start + _BATCH)
        equal += _equal_forms(
            first, second, units[part], mapped[part], rows, other.kinks
        )
    return equal


def _equal_forms(
    first: ExactNetwork,
    second: ExactNetwork,
    units: Bool[np.ndarray, "regions units"],
    mapped: Bool[np.ndarray, "regions others"],
    rows: np.ndarray,
    kinks: np.ndarray,
) -> int:
    """On how many regions of a batch the signs follow and the maps agree."""
    forms, scales = _forms(first, units)
    others, other_scales = _forms(second, mapped)
    outputs, other_outputs = forms[-1], others[-1]
    originals = [row for layer in forms[:-1] for row in layer]
    copies = [row for layer in others[:-1] for row in layer]
    size, equal = first.dim + 1, 0
    for region in range(len(units)):
        part = slice(region * size, (region + 1) * size)
        signs_follow = all(
            _is_positive_multiple(copies[k][part], originals[rows[k]][part])
            for k in np.flatnonzero(kinks)
        )
        maps_agree = all(
            [v * other_scales for v in a[part]] == [v * scales for v in b[part]]
            for a, b in zip(outputs, other_outputs, strict=True)
        )
        equal += signs_follow and maps_agree
    return equal


def _forms(network: ExactNetwork, units: np.ndarray) -> tuple[Forms, int]:
    """Pre-activations of all layers as affine forms; the scale of the outputs."""
    size = network.dim + 1
    columns = Columns.identity(network.dim, len(units))
    wide = np.ascontiguousarray(np.repeat(units, size, axis=0).T)
    numerators, scales = network.forward(columns, wide)
    return numerators, scales[-1][0]


def _is_positive_multiple(a: list[int], b: list[int]) -> bool:
    """Whether `a = c b` for some `c > 0`."""
    pivot = next((k for k, v in enumerate(b) if v), None)
    if pivot is None:
        return not any(a)
    if a[pivot] * b[pivot] <= 0:
        return False
    return all(v * b[pivot] == w * a[pivot] for v, w in zip(a, b, strict=True))
