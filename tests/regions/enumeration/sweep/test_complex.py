"""Packing of sign words against NumPy's own packing of bits."""

import itertools

import numpy as np
import pytest

from regions.enumeration.sweep.grow import sign_layout
from regions.network import ReluNetwork


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize(
    "widths", [[], [1], [8], [5, 3], [32, 32], [33, 1, 31], [40, 7, 64, 20]]
)
def test_patterns_are_the_bits_of_units_with_kinks(widths, linear):
    rng = np.random.default_rng(sum(widths))
    sizes = [2, *widths, 1]
    weights = [rng.standard_normal((b, a)) for a, b in itertools.pairwise(sizes)]
    slopes = [np.where(rng.random(w) < 0.3 * linear, 1.0, 0.1) for w in widths]
    network = ReluNetwork.from_arrays(weights, None, slopes)
    layout = sign_layout(network)
    signs = rng.integers(0, 2**32, (100, layout.num_words), dtype=np.uint32)
    bits = layout.unpack(signs)[:, layout.kinks]
    assert linear or layout.kinks.all()
    assert not linear or sum(widths) < 8 or not layout.kinks.all()
    np.testing.assert_array_equal(
        layout.pack(signs), np.packbits(bits, axis=1, bitorder="little")
    )
