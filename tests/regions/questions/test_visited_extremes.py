"""Largest values and norms over visited regions, against the exact list of pieces."""

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import visit_regions
from regions.models.joint import side_by_side
from regions.network import Layer, ReluNetwork
from regions.questions import maxima, records
from regions.questions.answer import ends
from regions.questions.corner_values import CornerValues, Spot
from regions.questions.difference import difference_of
from regions.questions.norms import operator_norm
from regions.questions.pieces import Pieces
from regions.questions.problem import Linear, Problem
from regions.questions.search import Search
from regions.questions.visited_extremes import EngineList, steepest_visited
from regions.signs.exact import ExactNetwork
from tests.helpers import random_network


@pytest.mark.parametrize(("dim", "widths"), [(2, [10, 8]), (3, [7, 4])])
def test_corners_and_pieces_give_one_maximum(dim, widths):
    network = random_network(np.random.default_rng(dim), dim, widths, outputs=2)
    box = regions.Box.cube(dim)
    goals = [(Linear((Fraction(1), Fraction(k))),) for k in (-2, 1)]
    best = EngineList(network, box).largest(Problem(network, box, goals), Budget())
    assert best is not None
    goal, value, point = best
    exact = [
        regions.output_range(network, box, [1, k], method="list").value[1]
        for k in (-2, 1)
    ]
    assert value == max(exact) == exact[goal]
    at = network(np.array([[float(v) for v in point]]))[0] @ [1, (-2, 1)[goal]]
    assert at == pytest.approx(float(value))


def test_a_constant_is_largest_everywhere():
    network = random_network(np.random.default_rng(2), 2, [20, 20])
    box, goals = regions.Box.cube(2), [(Linear((Fraction(0),)),)]
    listed = EngineList(network, box)
    best = listed.largest(Problem(network, box, goals), Budget())
    assert best is not None
    assert best[1] == 0
    goals = [(Linear((Fraction(1),)),)]
    assert listed.largest(Problem(network, box, goals), Budget()) is not None


def _clipped(network, low, high):
    """The output between two ends: relu(y - low) - relu(y - high)."""
    *hidden, output = network.layers
    last = dataclasses.replace(
        output,
        weight=np.repeat(output.weight, 2, axis=0),
        bias=output.bias[0] - np.array([low, high]),
        slopes=np.zeros(2),
    )
    end = Layer(np.array([[1.0, -1.0]]), np.zeros(1), np.ones(1))
    return ReluNetwork((*hidden, last), end)


def _quantized(network, step):
    weights = [np.round(layer.weight / step) * step for layer in network.layers]
    biases = [np.round(layer.bias / step) * step for layer in network.layers]
    return ReluNetwork.from_arrays(weights, biases)


def _plateaus(kind, dim, widths):
    """A network whose ends are attained all over many regions, but not at all."""
    network = random_network(np.random.default_rng(1), dim, widths)
    if kind != "clipped":
        network = _quantized(network, 0.5)
    if kind == "quantized":
        return network
    values = network(np.random.default_rng(0).uniform(-1.0, 1.0, (1000, dim)))
    return _clipped(network, *np.quantile(values, [0.25, 0.75]))


@pytest.mark.parametrize("held", [1, 7, records.MOST_HELD])
@pytest.mark.parametrize(("dim", "widths"), [(2, [8, 8]), (3, [9]), (3, [5, 4])])
@pytest.mark.parametrize("kind", ["clipped", "quantized", "both"])
def test_ends_that_are_attained_at_many_corners(monkeypatch, kind, dim, widths, held):
    network, box = _plateaus(kind, dim, widths), regions.Box.cube(dim)
    monkeypatch.setattr(records, "MOST_HELD", held)
    exact = regions.output_range(network, box, method="list").value
    listed = EngineList(network, box)
    for sign, value in ((-1, -exact[0]), (1, exact[1])):
        problem = Problem(network, box, [(Linear((Fraction(sign),)),)])
        best = listed.largest(problem, Budget())
        assert best is not None
        assert best[1] == value == problem.value(0, best[2])


def test_networks_that_differ_by_nothing_in_most_regions():
    network, box = random_network(np.random.default_rng(4), 3, [8]), regions.Box.cube(3)
    one, two = (_clipped(network, low, 0.25) for low in (-0.5, -0.375))
    least, difference = difference_of(side_by_side(one, two))
    exact = regions.largest_difference(one, two, box, method="list").value
    goals = [(Linear(tuple(row)),) for row in difference]
    best = EngineList(least, box).largest(Problem(least, box, goals), Budget())
    assert best is not None
    assert best[1] == exact > 0


@pytest.mark.parametrize("dim", [2, 3])
def test_of_all_corners_the_largest_is_kept(dim):
    network, box = _plateaus("clipped", dim, [9]), regions.Box.cube(dim)
    spots = []

    def take(chunk):
        for region, start in enumerate(chunk.starts().tolist()):
            for place in range(start, int(chunk.end[region])):
                spots.append((np.inf, Spot(chunk, region, place)))

    visit_regions(network, box, take, lambda: False)
    exact = regions.output_range(network, box, method="list").value
    for sign, value in ((-1, -exact[0]), (1, exact[1])):
        values = CornerValues(ExactNetwork(network, box), (Fraction(sign),))
        least, ((_, spot),) = values.thinned(spots, lambda: False)
        assert values.at(spot) == value
        assert least <= value < np.nextafter(least, np.inf)


def test_a_stopped_list_does_not_thin_out(monkeypatch):
    network, box = _plateaus("clipped", 2, [8, 8]), regions.Box.cube(2)
    monkeypatch.setattr(records, "MOST_HELD", 2)
    monkeypatch.setattr(CornerValues, "at", lambda *_: pytest.fail("made exact"))
    problem = Problem(network, box, [(Linear((Fraction(1),)),)])
    assert EngineList(network, box).largest(problem, Budget(stop=lambda: True)) is None


def test_values_without_bounds_are_left_open_where_they_are_many(monkeypatch):
    network = random_network(np.random.default_rng(2), 3, [6])
    large = dataclasses.replace(network.output, weight=np.full((1, 6), 1e308))
    network, box = ReluNetwork(network.hidden, large), regions.Box.cube(3)
    monkeypatch.setattr(records, "MOST_HELD", 4)
    problem = Problem(network, box, [(Linear((Fraction(1),)),)])
    assert EngineList(network, box).largest(problem, Budget()) is None
    exact = regions.output_range(network, box, method="list").value
    assert regions.output_range(network, box).value == exact


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_norms_are_thinned_out_to_the_same(monkeypatch, norm):
    """The weights are small multiples of 1/2: many Jacobians have one norm."""
    network, box = _plateaus("quantized", 3, [9]), regions.Box.cube(3)
    found = []
    for held in (1, 3, records.MOST_HELD):
        monkeypatch.setattr(records, "MOST_HELD", held)
        steepest = steepest_visited(network, box, norm, lambda: False)
        assert steepest is not None
        assert steepest.complete
        found.append(steepest.value)
    assert found[0] == found[1] == found[2]


def test_a_search_that_takes_turns_with_a_list_finds_the_same(monkeypatch):
    network = random_network(np.random.default_rng(3), 2, [20, 20])
    box = regions.Box.cube(2)
    expected = regions.output_range(network, box).value
    problem = Problem(network, box, [(Linear((Fraction(1),)),)])
    search = Search(problem, Budget(), tolerance=Fraction(1, 1000))
    meanwhile = maxima.Meanwhile(search)
    assert not meanwhile()
    # Its turn comes after some seconds of the list, whose helpers only ask.
    meanwhile = maxima.Meanwhile(search, left=-4.0)
    monkeypatch.setattr(maxima, "TURN", 60.0)
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(meanwhile).result()
    assert meanwhile()
    assert search.best is not None
    assert search.upper is not None
    assert search.best <= expected[1] <= search.upper <= search.best + Fraction(1, 1000)


class _Listing(EngineList):
    """A list that takes so long, on a clock of its own, and finds 7."""

    def __init__(self, monkeypatch, dim, seconds):
        network = random_network(np.random.default_rng(dim), dim, [32])
        super().__init__(network, regions.Box.cube(dim))
        goals = [(Linear((Fraction(1),)),)]
        self.problem, self._seconds = Problem(network, self._domain, goals), seconds
        self.now = 0.0
        monkeypatch.setattr(time, "process_time", lambda: self.now)

    def largest(self, problem, budget):
        listed = 0.0
        while listed < self._seconds:
            if budget.spent():
                return None
            self.now += 0.125
            listed += 0.125
        return 0, Fraction(7), problem.inside()

    def found_beside(self, monkeypatch, seconds):
        """The maximum, found beside a search that takes so long and finds nothing."""
        searched = 0.0

        def run(search, max_nodes=None, stop=lambda: False):
            nonlocal searched
            while searched < seconds and not stop() and max_nodes is None:
                self.now += 0.0625
                searched += 0.0625
            return searched >= seconds

        monkeypatch.setattr(Search, "run", run)
        monkeypatch.setattr(Search, "upper", Fraction(9))
        return maxima.search_maximum(
            self.problem, Fraction(0), None, lambda: False, listed=self
        )


@pytest.mark.parametrize("dim", [2, 3, 4])
@pytest.mark.parametrize("seconds", [2.0, 20.0, 140.0, 1000.0])
def test_a_long_list_is_finished_beside_a_search_without_end(monkeypatch, dim, seconds):
    """A list takes one to one and a half counts: three are promised."""
    listing = _Listing(monkeypatch, dim, seconds)
    assert listing.found_beside(monkeypatch, np.inf).lower == 7
    assert listing.now <= 2.0 * seconds


@pytest.mark.parametrize(("dim", "share"), [(3, 2.0), (6, 1.3)])
@pytest.mark.parametrize("seconds", [0.5, 10.0, 100.0, 1000.0])
def test_a_search_ends_soon_beside_a_list_without_end(monkeypatch, dim, share, seconds):
    listing = _Listing(monkeypatch, dim, np.inf)
    assert listing.found_beside(monkeypatch, seconds).lower < 7
    assert listing.now <= share * seconds + maxima.EVEN_AFTER + 1.0


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_the_steepest_region_is_that_of_the_pieces(norm):
    network = random_network(np.random.default_rng(7), 3, [5, 4], outputs=2)
    box = regions.Box.cube(3)
    found = steepest_visited(network, box, norm, lambda: False)
    assert found is not None
    assert found.complete
    low, high = ends(found.value)
    norms = [
        ends(operator_norm(_jacobian(piece.outputs), norm))
        for piece in Pieces(network, box)
    ]
    assert max(n[0] for n in norms) <= high
    assert low <= max(n[1] for n in norms)
    assert high - low <= Fraction(1, 10**12)
    # Inside the region the derivative has that norm.
    slope = jax.jacfwd(lambda x: _forward(network, x))
    J = np.array(slope(np.array([float(v) for v in found.witness])))
    assert np.linalg.norm(J, norm) == pytest.approx(float(low), rel=1e-9)


def _jacobian(forms):
    scale = 1 << forms.shift
    return [
        [Fraction(int(v), scale) for v in row[:-1]] for row in forms.matrix.tolist()
    ]


def _forward(network, x):
    for layer in network.hidden:
        pre = layer.weight @ x + layer.bias
        x = jnp.where(pre > 0, pre, layer.slopes * pre)
    return network.output.weight @ x + network.output.bias
