"""Forms of deep layers in pairs, against rationals."""

from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.cells import compiled, plane
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.form_rows import ERROR
from regions.enumeration.cells.pairs import DOUBT, LOW
from regions.enumeration.cells.state import initial_state
from regions.enumeration.cells.statistics import CellsStats
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.helpers import patterns_of
from tests.regions.enumeration.oracles import exact_patterns

BOX = Box([-1.0, -0.75], [1.5, 1.0])
SLICE = Slice([0.3, -0.1, 0.7], [[0.9, 0.3, -0.4], [0.1, 0.6, 1.1]], BOX)
TRIANGLE = Simplex([[0.1, 0.3, 0.2], [1.1, -0.7, 0.9], [0.3, 1.3, -1.1]])


def deep_network(seed, dim, widths, slope):
    """He-normal weights of a few bits: rationals stay short."""
    network = random_network(np.random.default_rng(seed), dim, widths)
    arrays = [(layer.weight, layer.bias) for layer in network.hidden]
    rounded = [[np.round(v * 64.0) / 64.0 for v in pair] for pair in arrays]
    weights, biases = zip(*rounded, strict=True)
    last = np.ones((1, widths[-1]))
    return ReluNetwork.from_arrays([*weights, last], [*biases, [0.0]], slope)


def exact_forms(network, domain, net, path, layers):
    """Forms of all units of some layers, in the coordinates of the frame."""
    scale, middle = (
        [Fraction(v) for v in part.tolist()] for part in (net.scale, net.middle)
    )
    origin, (first, second) = domain.rational_chart()
    held = [
        [a * scale[0], b * scale[1], x + a * middle[0] + b * middle[1]]
        for x, a, b in zip(origin, first, second, strict=True)
    ]
    for layer, on in zip(network.hidden[:layers], path, strict=False):
        weight = [[Fraction(v) for v in row] for row in layer.weight.tolist()]
        forms = [
            [sum(w * f[c] for w, f in zip(row, held, strict=True)) for c in range(3)]
            for row in weight
        ]
        for form, bias in zip(forms, layer.bias.tolist(), strict=True):
            form[2] += Fraction(bias)
        yield forms
        slopes = [Fraction(v) for v in layer.slopes.tolist()]
        held = [
            form if is_on else [slope * v for v in form]
            for form, is_on, slope in zip(forms, on, slopes, strict=False)
        ]


@pytest.mark.parametrize(
    ("domain", "slope"), [(BOX, 0.0), (BOX, 0.25), (SLICE, 0.0), (TRIANGLE, 0.0)]
)
def test_forms_in_pairs_err_by_less_than_their_bounds(domain, slope):
    width, depth = 12, 32
    network = deep_network(5, domain.ambient_dim, [width] * depth, slope)
    net, sharp = flatten(network, domain), 0
    state = initial_state(net)
    for _ in range(6):
        if compiled.run(net, state, 30_000, 10**9, plane.COUNT) == plane.DONE:
            break
        top = int(state.parts[state.head[plane.TOP] - 1, plane.LAYER]) + 1
        exact = exact_forms(network, domain, net, state.path, top)
        for level, forms in enumerate(exact):
            own, pair = state.forms[level], state.pair[level]
            for j, form in enumerate(forms):
                for c, value in enumerate(form):
                    off = abs(Fraction(float(own[c, j])) - value)
                    assert off <= Fraction(float(own[ERROR, j]))
                    if not state.known[level]:
                        continue
                    # Far fewer digits are lost than float64 has.
                    assert pair[DOUBT, j] < 2.0**-60
                    both = Fraction(float(pair[c, j])) + Fraction(
                        float(pair[c + LOW, j])
                    )
                    assert abs(both - value) <= Fraction(float(pair[DOUBT, j]))
                    sharp += 1
    assert sharp > 1000


def test_deep_networks_have_the_regions_of_clipping():
    network, box = deep_network(3, 2, [10] * 36, 0.0), Box([0.0, 0.0], [0.06, 0.05])
    found = enumerate_regions(network, box, method="cells")
    assert len(found) > 10
    assert isinstance(found.stats, CellsStats)
    assert found.stats.signs_decided_in_rationals < 5
    assert patterns_of(found) == exact_patterns(network, box)
    assert int(count_regions(network, box)) == len(found)
