"""Equal rows and units without biases, against exact clipping and the tree."""

from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.cells.statistics import CellsStats
from regions.enumeration.cells.structure import leaders
from regions.network import ReluNetwork
from tests.regions.enumeration.helpers import patterns_of
from tests.regions.enumeration.oracles import exact_patterns

BOX = Box([-1.0, -0.5], [1.5, 1.0])
OFF_CENTER = Slice([0.5, 0.25, -1.0], [[1.0, 0.5, 0.0], [0.0, 1.0, -0.5]], BOX)
CENTERED = Slice([0.0, 0.0, 0.0], [[1.0, 0.5, 0.0], [0.0, 1.0, -0.5]], BOX)


def doubled(rng, dim, widths, bias_scale):
    """A network in which every unit comes four times, and with slopes of its own."""
    weights, biases, slopes, fan_in = [], [], [], dim
    for width in widths:
        weight = np.round(8.0 * rng.standard_normal((width, fan_in))) / 8.0
        bias = bias_scale * np.round(8.0 * rng.standard_normal(width)) / 8.0
        scale = np.array([1.0, -1.0, 4.0, -0.5])
        weights.append(np.concatenate([s * weight for s in scale]))
        biases.append(np.concatenate([s * bias for s in scale]))
        # Some have no kink.
        slopes.append(rng.choice([0.0, 0.0, 0.25, -0.5, 1.0], 4 * width))
        fan_in = 4 * width
    ends = [np.ones((1, fan_in))], [np.zeros(1)]
    return ReluNetwork.from_arrays([*weights, *ends[0]], [*biases, *ends[1]], slopes)


@pytest.mark.parametrize("bias_scale", [1.0, 0.0])
@pytest.mark.parametrize("domain", [BOX, OFF_CENTER, CENTERED])
@pytest.mark.parametrize("seed", [0, 1])
def test_equal_rows_and_no_biases(seed, domain, bias_scale):
    network = doubled(
        np.random.default_rng(seed), domain.ambient_dim, (3, 2), bias_scale
    )
    found = enumerate_regions(network, domain, method="cells")
    assert patterns_of(found) == exact_patterns(network, domain)
    assert int(count_regions(network, domain, method="cells")) == len(found)
    assert isinstance(found.stats, CellsStats)
    # Lines of rounded rows may meet by chance.
    assert found.stats.signs_decided_in_rationals < 6


@pytest.mark.parametrize(
    "domain",
    [
        BOX,
        CENTERED,
        Box([0.0, 0.0], [1.0, 0.5]),
        Box([-0.5, 0.0], [1.0, 1.5]),
        Simplex([[0.0, 0.0], [1.0, 0.25], [-0.25, 1.0]]),
    ],
    ids=["inside", "inside a slice", "a corner", "on an edge", "a simplex' corner"],
)
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_lines_meet_in_the_origin_where_units_with_a_bias_are_off(domain, slope):
    """Weights without a grid, which rationals alone would settle."""
    rng, widths = np.random.default_rng(7), (domain.ambient_dim, 5, 4, 3, 1)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [rng.standard_normal(shape) for shape in shapes]
    biases = [np.where(np.arange(n) == 1, -0.4, 0.0) for n, _ in shapes]
    network = ReluNetwork.from_arrays(weights, biases, slope)
    found = enumerate_regions(network, domain, method="cells")
    assert patterns_of(found) == exact_patterns(network, domain)
    assert int(count_regions(network, domain, method="cells")) == len(found)
    assert isinstance(found.stats, CellsStats)
    if slope == 0.0:
        assert found.stats.signs_decided_in_rationals == 0


@pytest.mark.parametrize("bias_scale", [1.0, 0.0])
def test_equal_rows_and_no_biases_in_space(bias_scale):
    network = doubled(np.random.default_rng(3), 3, (3, 2), bias_scale)
    box = Box([-1.0, -0.5, -1.0], [1.5, 1.0, 0.75])
    found = enumerate_regions(network, box, method="cells")
    assert patterns_of(found) == patterns_of(
        enumerate_regions(network, box, method="tree")
    )


def test_leaders_have_proportional_rows():
    rng = np.random.default_rng(0)
    rows = rng.integers(-2, 3, (5, 30, 2)).astype(float)
    rows *= 2.0 ** rng.integers(-3, 4, (5, 30, 1))
    bias = rng.integers(-1, 2, (5, 30)) * np.abs(rows).max(2)
    first = leaders({0: rows}, bias)
    whole = np.concatenate([rows, bias[..., None]], axis=2)
    assert (first != np.arange(30)).sum() > 20
    for k, j in np.ndindex(first.shape):
        i = first[k, j]
        assert first[k, i] == i
        a, b = ([Fraction(v) for v in whole[k, n].tolist()] for n in (i, j))
        assert [bool(v) for v in a] == [bool(v) for v in b]
        assert len({y / x for x, y in zip(a, b, strict=True) if x}) <= 1


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("biased", ["last", "first"])
def test_lines_that_almost_meet_in_the_origin_do_not(dim, biased):
    """All but one hyperplane pass through it, and that one by a hair's breadth."""
    rows = np.concatenate([np.eye(dim), np.ones((1, dim))])
    bias = np.zeros(dim + 1)
    bias[-1 if biased == "last" else 0] = 1e-30
    network = ReluNetwork.from_arrays(
        [rows, np.ones((1, dim + 1))], [bias, np.zeros(1)]
    )
    box = Box(np.full(dim, -1.0), np.full(dim, 1.5))
    # All patterns but one: dim + 1 hyperplanes in general position.
    found = count_regions(network, box, method="cells")
    assert int(found) == 2 ** (dim + 1) - 1
    network = ReluNetwork.from_arrays(
        [rows, np.ones((1, dim + 1))], [0.0 * bias, np.zeros(1)]
    )
    assert int(count_regions(network, box, method="cells")) == 2 ** (dim + 1) - 2


@pytest.mark.parametrize(
    "domain",
    [Box([-1.0, -1.0], [1.0, 1.0]), Box([-1.0, 0.0], [1.0, 1.0])],
    ids=["inside", "on an edge"],
)
def test_lines_through_the_origin_almost_meet_on_a_side(domain):
    # Units 0 and 1 vanish on lines that are less than 2^-53 apart on the upper side,
    # which is not the origin; the next layer reads them alone.
    thin = [[1.0, -1.0 / 3.0], [3.0, -1.0], [0.7, 0.9]]
    weights = [thin, [[1.0, 1.0, -1.0], [1.0, -0.3, 0.2]], [[1.0, 1.0]]]
    network = ReluNetwork.from_arrays(weights, None, 0.1)
    found = enumerate_regions(network, domain, method="cells")
    assert patterns_of(found) == exact_patterns(network, domain)
    assert int(count_regions(network, domain, method="cells")) == len(found)


def test_units_without_biases_do_not_vanish_where_they_almost_do():
    # All units of the first layer are 5 at one point, where two of the second cross.
    first = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    bias = 5.0 - first @ [0.25, 0.5]
    # The last of these is 5 (1/3 + 2/3 - 1) there, which is not zero as rounded.
    second = [[1.0, -1.0, 0.0], [1.0, 0.0, -1.0], [1.0 / 3.0, 2.0 / 3.0, -1.0]]
    assert sum(map(Fraction, second[2])) != 0
    network = ReluNetwork.from_arrays(
        [first, second, np.ones((1, 3))], [bias, np.zeros(3), np.zeros(1)]
    )
    box = Box([-0.5, -0.5], [1.0, 1.0])
    found = enumerate_regions(network, box, method="cells")
    assert len(found) == 7
    assert patterns_of(found) == exact_patterns(network, box)
