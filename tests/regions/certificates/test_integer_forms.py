"""Integer forms of a network, against its own patterns and inequalities."""

from fractions import Fraction

import numpy as np
import pytest

from regions.certificates.exact_checks import signed_rows
from regions.certificates.integer_forms import IntegerForms, homogeneous
from tests.helpers import brute_force_rows
from tests.zoo import ZOO


@pytest.mark.parametrize("name", ["prelu", "skip_blocks", "residual", "leaky"])
def test_integer_forms_are_the_network(name):
    network, box = ZOO[name]
    forms = IntegerForms(network, box)
    rng = np.random.default_rng(0)
    for point in rng.uniform(-1.0, 1.0, (20, box.dim)):
        exact = homogeneous([Fraction(float(v)) for v in point])
        bits = forms.pattern_at(exact)
        np.testing.assert_array_equal(bits, network.patterns(point[None])[0])
        A, b = brute_force_rows(network, bits)
        for row, a, c in zip(signed_rows(forms, bits), A, b, strict=True):
            ours = np.array(
                [float(Fraction(int(v), int(max(map(abs, row))))) for v in row]
            )
            theirs = np.append(-a, c)
            theirs /= np.abs(theirs).max()
            np.testing.assert_allclose(ours, theirs, atol=1e-12)
