"""All affine forms on a region, each number the float64 nearest to the exact one."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.results.region_table import RegionTable
from regions.signs.exact import Columns, ExactNetwork


class RegionForms(NamedTuple):
    """The affine forms on one region, gradients with the offset last.

    Attributes:
        units: Pre-activations of the units with a kink, in the order of bits.
        outputs: The outputs.
    """

    units: Float64[np.ndarray, "bits dim_plus_1"]
    outputs: Float64[np.ndarray, "outputs dim_plus_1"]


def region_forms(regions: RegionTable) -> Iterator[RegionForms]:
    """The forms of each region in turn, in chart coordinates.

    Raises:
        ValueError: If a number is beyond those of float64.
    """
    network = regions.network
    exact = ExactNetwork(network, regions.domain)
    columns = Columns.identity(exact.dim)
    for bits in regions.pattern_bits():
        units = network.unit_patterns(bits[None])[0]
        gates = np.repeat(units[:, None], exact.dim + 1, axis=1)
        numerators, scales = exact.forward(columns, gates)
        rows = [
            nearest_row(row, scale[0])
            for layer, scale in zip(numerators, scales, strict=True)
            for row in layer
        ]
        table = np.array(rows)
        hidden, outputs = table[: len(units)], table[len(units) :]
        yield RegionForms(hidden[network.kinks], outputs)


def nearest_row(row: Sequence[int], scale: int) -> list[float]:
    """Integers over a common scale, as the nearest float64 numbers."""
    try:
        return [float(Fraction(v, scale)) for v in row]
    except OverflowError:
        raise ValueError(
            "an affine map on a region has a number beyond those of float64: scale "
            "the weights."
        ) from None
