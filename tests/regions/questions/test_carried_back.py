"""Maps that are carried back, against those of every pattern pushed forward."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.network import ReluNetwork
from regions.questions import carried_back
from regions.questions.carried_back import CarriedBack
from regions.signs.exact import ExactNetwork

WEIGHTS = (Fraction(2), Fraction(-1, 3))


def _network(kind):
    rng = np.random.default_rng(3)
    sizes = [2, 3, 4, 2]
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [rng.integers(-2, 3, pair) / 2.0 for pair in pairs]
    biases = [rng.integers(-2, 3, n) / 4.0 for n, _ in pairs]
    slopes = [[0.25] * 3, [-0.5, 2.0, 1.0, 0.0]] if kind == "leaky" else 0.0
    skips = None
    if kind == "skips":
        skips = {1: {0: np.eye(4, 2)}, 2: {0: np.ones((2, 2)), 1: np.eye(2, 3)}}
    return ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)


@pytest.mark.parametrize("most", [3, carried_back.MOST_KEPT])
@pytest.mark.parametrize("kind", ["plain", "leaky", "skips"])
def test_maps_are_those_of_the_patterns(monkeypatch, kind, most):
    monkeypatch.setattr(carried_back, "MOST_KEPT", most)
    network = _network(kind)
    # A segment of the plane's points: the chart is not the space itself.
    for domain in (regions.Box.cube(2), regions.Segment([-1.0, 0.5], [0.25, 2.0])):
        exact = ExactNetwork(network, domain)
        maps, origin = CarriedBack(exact, WEIGHTS), (Fraction(0),) * exact.dim
        for bits in itertools.product((False, True), repeat=7):
            units = np.array(bits)
            columns = zip(*exact.affine_map(units), strict=True)
            *gradient, offset = (
                sum(w * v for w, v in zip(WEIGHTS, column, strict=True))
                for column in columns
            )
            found = maps(units)
            assert found.at(origin) == offset
            assert found.is_constant == (not any(gradient))
            for axis, slope in enumerate(gradient):
                point = [Fraction(int(k == axis)) for k in range(exact.dim)]
                assert found.at(point) == offset + slope


def test_regions_that_differ_behind_a_unit_that_is_off_share_a_map():
    network = _network("plain")
    maps = CarriedBack(ExactNetwork(network, regions.Box.cube(2)), WEIGHTS)
    off = [np.array([*first, 0, 0, 0, 0], bool) for first in np.eye(3)]
    assert maps(off[0]) is maps(off[1]) is maps(off[2])
