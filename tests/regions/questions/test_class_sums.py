"""Parts of a domain by the largest output, of cells that are cut where they must be."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.errors.limits import never
from regions.network import Layer, ReluNetwork
from regions.questions import class_sums as questioned
from regions.questions.answer import ends
from regions.questions.class_sums import class_sums
from tests.helpers import random_network
from tests.regions.questions.test_hopes import _degenerate

WEDGE = regions.Simplex([[-1, -1, 0], [2, 0, 0], [0, 3, 0.5], [0, 0, 2]])
TILTED = regions.Simplex([[-1, -1, 2], [2, 0, 1], [0, 3, 1]])
CUT = regions.HPolytope(
    np.concatenate([np.eye(3), -np.eye(3), np.ones((1, 3))]), [1, 1, 1, 1, 1, 2, 0.5]
)


def check(network, domain, width=1e-6):
    """Parts are those of the exact list of pieces; over how many cells they were."""
    found = class_sums(network, domain, never)
    assert found is not None
    exact = regions.mean_by_class(network, domain, method="list").value
    whole = domain.rational_volume()
    chart = domain.is_chart_identity
    for one, part in zip(exact, found[1], strict=True):
        if part is None:
            assert one.share == 0
            continue
        low, high = part.volume
        assert low <= one.share * whole <= high
        assert high - low < width * whole
        if not chart or one.mean is None:
            continue
        for value, (low, high) in zip(one.mean, part.firsts, strict=True):
            assert low <= value * one.share * whole <= high
            assert high - low < width * whole
    return found[0]


@pytest.fixture(params=["cells", "regions"])
def way(request, monkeypatch):
    """Cells of one class or two, and all regions."""
    serves = request.param == "cells"
    monkeypatch.setattr(questioned, "hopes_serve", lambda *_: serves)
    return request.param


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("kind", ["one", "unbiased", "leaky", "skips"])
def test_degenerate_parts_are_those_of_the_pieces(kind, dim):
    """Ties with volume, of three outputs, the last two in turn equal or opposite."""
    for seed in range(3):
        net = _degenerate(np.random.default_rng(seed), kind, dim)
        box = regions.Box(np.full(dim, -1.0), np.linspace(0.5, 2.0, dim))
        check(net, box)
        turns = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0 if seed else 1.0]])
        output, last = net.output, len(net.hidden)
        skips = tuple((k, turns @ m) for k, m in output.blocks(last) if k != last)
        three = Layer(turns @ output.weight, turns @ output.bias, np.ones(3), skips)
        check(ReluNetwork(net.hidden, three), box)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("domain", [WEDGE, TILTED, CUT])
@pytest.mark.parametrize("outputs", [2, 3, 7])
def test_parts_of_other_domains(domain, outputs):
    net = random_network(np.random.default_rng(outputs), 3, [5, 4], outputs=outputs)
    check(net, domain)


@pytest.mark.parametrize(
    ("dim", "widths", "outputs"),
    [(2, [6, 20], 3), (2, [9], 12), (3, [12], 2), (3, [4, 3, 4], 3), (4, [4, 7], 2)],
)
def test_few_cells_are_measured(dim, widths, outputs, monkeypatch):
    """A class that wins by much at one end of the cube takes most regions uncut."""
    net = random_network(np.random.default_rng(dim), dim, widths, outputs=outputs)
    box = regions.Box.cube(dim)
    cells = check(net, box)
    monkeypatch.setattr(questioned, "hopes_serve", lambda *_: False)
    assert cells < 0.75 * check(net, box)


def test_outputs_that_are_nearly_equal_are_told_apart():
    """Their difference is below all errors of floats on half of the square."""
    net = ReluNetwork.from_arrays(
        [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [[1e3, 0.0, 1.0], [1e3, 1e-17, 1.0]]],
        [[0.0, 0.0, 2.0], [0.0, 0.0]],
    )
    found = class_sums(net, regions.Box([-1.0, -1.0], [1.0, 1.0]), never)
    assert found is not None
    for part in found[1]:
        assert part is not None
        assert part.volume[0] <= 2 <= part.volume[1]
        assert part.volume[1] - part.volume[0] < 1e-9


def test_a_border_that_is_not_sharp_is_cut():
    """The difference of outputs is not much larger than what their sums lose."""
    rows = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]]
    weights = np.array([[1.0, 1.0, 1.0, 1.0]] * 2)
    weights[1] += [2.0**-30, -(2.0**-30), 0.0, 0.0]
    net = ReluNetwork.from_arrays(
        [rows, weights], [[0.3, 0.1, 0.2, 0.7], [1.0, 1.0 + 2.0**-32]]
    )
    box = regions.Box([-1.0, -1.0], [1.0, 1.0])
    assert check(net, box, 1e-3) > int(regions.count_regions(net, box))


def test_one_class_alone_has_all_of_the_domain_exactly():
    net = random_network(np.random.default_rng(3), 4, [9, 9], outputs=2)
    output = net.output
    far = Layer(output.weight, output.bias + np.array([0.0, 99.0]), output.slopes)
    first, second = regions.mean_by_class(
        ReluNetwork(net.hidden, far), regions.Box.cube(4)
    ).value
    assert (first.share, first.mean, second.share) == (0, None, 1)
    assert second.mean is not None
    for value in second.mean:
        low, high = ends(value)
        assert low <= 0 <= high
        assert high - low < Fraction(1, 10**8)


def test_few_regions_are_listed_and_many_are_not():
    few = random_network(np.random.default_rng(0), 3, [5], outputs=2)
    assert regions.mean_by_class(few, regions.Box.cube(3)).method == "list"
    many = random_network(np.random.default_rng(0), 3, [24, 24], outputs=2)
    output = many.output
    # One cell: what counts is how many regions there are.
    far = Layer(output.weight, output.bias + np.array([99.0, 0.0]), output.slopes)
    found = regions.mean_by_class(ReluNetwork(many.hidden, far), regions.Box.cube(3))
    assert found.method == "corners"
    assert found.stats["cells"] < int(regions.count_regions(many, regions.Box.cube(3)))


def test_where_values_overflow_the_border_is_exact():
    """Signs are told by rational numbers; half of the square is a tie."""
    box = regions.Box.cube(2, 4.0)
    for last in ([[1e308, 0.0], [0.0, 1e308]], [[1e308, 1e308], [-1e308, 1e308]]):
        check(ReluNetwork.from_arrays([np.eye(2), last], None), box, 1e-9)
