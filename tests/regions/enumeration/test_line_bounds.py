"""Lines by bounds against lines in rationals; products of pairs against fractions."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import Box, Segment, Simplex, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import Budget
from regions.enumeration.line import cut_line
from regions.enumeration.line.cutting import rounded
from regions.enumeration.line.spectral import spectral_bound
from regions.enumeration.line.values import LayerBounds
from regions.network import Layer, ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.line_oracle import rational_line


def matrices(rng, kind, sizes):
    """Weights and biases of one kind, generic or far from it."""
    for fan_in, width in itertools.pairwise(sizes):
        weight, bias = rng.standard_normal((width, fan_in)), rng.standard_normal(width)
        if kind == "integers":
            weight, bias = np.round(2 * weight), np.round(2 * bias)
        elif kind == "eighths":
            weight, bias = np.round(4 * weight) / 8, np.round(4 * bias) / 8
        elif kind == "no biases":
            bias = np.zeros(width)
        elif kind == "duplicates":
            half = width - width // 2
            weight[half:], bias[half:] = weight[: width // 2], bias[: width // 2]
        elif kind == "wild":
            weight *= 10.0 ** rng.integers(-60, 60, weight.shape)
            bias *= 10.0 ** rng.integers(-60, 60, width)
        yield weight, bias


def network_of(rng, kind, dim):
    """A small network, some units sloped or straight, some with skips."""
    sizes = [dim, *rng.integers(1, 8, rng.integers(1, 5)).tolist(), 1]
    weights, biases = zip(*matrices(rng, kind, sizes), strict=True)
    slopes = [rng.choice([0.0, 0.0, 0.1, -0.5, 1.0], n) for n in sizes[1:-1]]
    skips = {}
    if len(sizes) > 3 and rng.integers(2):
        skips = {1: {0: np.round(2 * rng.standard_normal((sizes[2], dim)))}}
    return ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)


def domains(rng, dim):
    """One-dimensional domains of every kind, with ends of few digits at times."""
    ends = np.round(2 * rng.standard_normal((2, dim)))
    ends[1, 0] += ends[0, 0] == ends[1, 0]
    yield Segment(*ends)
    yield Simplex(ends + rng.standard_normal((1, dim)))
    direction = rng.standard_normal((1, dim))
    yield Slice(rng.standard_normal(dim), direction, Box([-3.0], [2.0]))
    if dim == 1:
        yield Box([-2.0], [3.0])
        yield WholeSpace(1)


@pytest.mark.parametrize(
    "kind",
    ["generic", "integers", "eighths", "no biases", "duplicates", "wild"],
)
def test_lines_are_those_of_rational_arithmetic(kind):
    rng = np.random.default_rng(len(kind))
    for _ in range(12):
        dim = int(rng.integers(1, 4))
        network = network_of(rng, kind, dim)
        for domain in domains(rng, dim):
            cuts, patterns = rational_line(network, domain)
            line = cut_line(network, domain)
            np.testing.assert_array_equal(line.patterns[:, line.kinks], patterns)
            assert line.breakpoints == cuts
            ends = [line.start, *cuts, line.end]
            for k, middle in enumerate(line.middles()):
                assert ends[k] is None or ends[k] < middle
                assert ends[k + 1] is None or middle < ends[k + 1]
            near = zip(line.places, line.doubt, cuts, strict=True)
            assert all(
                abs(Fraction(place) - cut) <= Fraction(doubt)
                for place, doubt, cut in near
                if np.isfinite([place, doubt]).all()
            )


def test_deep_lines_need_no_integers():
    network = random_network(np.random.default_rng(0), 2, [8] * 28)
    line = cut_line(network, Segment([-1.0, -0.5], [1.0, 0.7]))
    cuts, patterns = rational_line(network, Segment([-1.0, -0.5], [1.0, 0.7]))
    np.testing.assert_array_equal(line.patterns, patterns)
    assert line.breakpoints == cuts
    assert line.counts["exact_signs"] + line.counts["exact_orders"] < 9


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("pairs", [False, True])
def test_products_err_by_no_more_than_their_bounds(pairs, sparse):
    rng = np.random.default_rng(int(pairs))
    rows, dim = (160, 130) if sparse else (9, 13)
    weight = rng.standard_normal((rows, dim)) * 10.0 ** rng.integers(-9, 9, (rows, dim))
    if sparse:
        weight[rng.random((rows, dim)) > 0.02] = 0.0
    layer = Layer(weight, rng.standard_normal(rows), np.zeros(rows))
    columns = [
        [Fraction(int(v), 3) for v in rng.integers(-(10**17), 10**17, dim)]
        for _ in range(3)
    ]
    held = rounded(columns, pairs=pairs)
    pre, error = LayerBounds(layer, 0).pre_activations({0: held}, np.ones(3))
    low = np.zeros(pre.high.shape) if pre.low is None else pre.low
    matrix = [[Fraction(v) for v in row] for row in weight.tolist()]
    squares = np.zeros(3)
    for j, row in enumerate(matrix):
        for k, column in enumerate(columns):
            exact = Fraction(layer.bias[j]) + sum(
                w * x for w, x in zip(row, column, strict=True) if w
            )
            gap = abs(exact - Fraction(pre.high[j, k]) - Fraction(low[j, k]))
            assert gap <= Fraction(error[j, k])
            squares[k] += float(gap) ** 2
    assert (np.sqrt(squares) <= pre.error).all()
    # The bounds are of use: of the size of the numbers times their precision.
    size = np.abs(weight) @ np.abs(held.high) + np.abs(layer.bias)[:, None]
    unit = 2.0**-53 if not pairs else 2.0**-90
    assert np.median(error / (rows * size.max() * unit)) < 1e3


@pytest.mark.parametrize("pairs", [False, True])
def test_what_underflows_of_a_column_is_in_its_error(pairs):
    exact = Fraction(5e-324) / 3
    held = rounded([[exact]], pairs=pairs)
    near = Fraction(float(held.high[0, 0]))
    assert abs(near - exact) <= Fraction(float(held.error[0]))


def test_spent_budget_keeps_what_was_cut():
    network = random_network(np.random.default_rng(3), 1, [9, 9, 9])
    whole = cut_line(network, Box([-2.0], [2.0]))

    class Spent(Budget):
        def check(self):
            self.asked = getattr(self, "asked", 0) + 1
            if self.asked > 1:
                super().check()

        def spent(self):
            return self.asked > 1

    part = cut_line(network, Box([-2.0], [2.0]), Spent())
    assert whole.complete
    assert not part.complete
    assert 1 < len(part.patterns) < len(whole.patterns)
    np.testing.assert_array_equal(
        np.unique(whole.patterns[:, :9], axis=0),
        np.unique(part.patterns[:, :9], axis=0),
    )


def test_zeros_of_unrolled_convolutions_cost_nothing():
    """Some 4,000 units of 20 inputs each; a dense form takes a minute."""
    rng = np.random.default_rng(0)
    sizes = [300, 1200, 1800, 600, 400, 60, 1]
    weights = [
        rng.normal(size=(n, m)) / np.sqrt(20) * (rng.random((n, m)) < 20 / m)
        for m, n in itertools.pairwise(sizes)
    ]
    network = ReluNetwork.from_arrays(weights, [rng.normal(size=n) for n in sizes[1:]])
    found = enumerate_regions(network, Segment(*rng.random((2, 300))))
    assert found.complete
    assert (network.patterns(found.witnesses) == found.pattern_bits()).all()


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (20, 20), (64, 2)])
def test_spectral_bound_holds_and_is_close(shape):
    rng = np.random.default_rng(shape[0])
    for scale in (1e-200, 1.0, 1e100):
        matrix = scale * rng.standard_normal(shape)
        norm = float(np.linalg.norm(matrix / scale, 2)) * scale
        assert norm <= spectral_bound(matrix) <= 1.2 * norm
    assert spectral_bound(np.zeros((2, 2))) == 0.0


@pytest.mark.parametrize("ambient", [2, 784])
@pytest.mark.parametrize("widths", [(12,), (5, 5, 5)])
def test_line_and_tree_agree_on_a_segment(ambient, widths):
    rng = np.random.default_rng(ambient + len(widths))
    network = random_network(rng, ambient, widths)
    segment = Segment(*rng.standard_normal((2, ambient)) * 2.0)
    line, tree = (
        enumerate_regions(network, segment, method=method)
        for method in ("line", "tree")
    )
    assert sorted(map(bytes, line.patterns)) == sorted(map(bytes, tree.patterns))
