"""Cells that are left out as they are made: what is left has the largest of all."""

import dataclasses
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells.space import hopes
from regions.enumeration.cells.space.network import Hopes
from regions.enumeration.cells.valued import visit_regions
from regions.network import ReluNetwork
from regions.questions import visited_extremes
from regions.questions.answer import ends
from regions.questions.last_layer import with_sums
from regions.questions.listed import largest_listed
from regions.questions.norms import operator_norm
from regions.questions.pieces import Pieces
from regions.questions.problem import Linear, Problem
from regions.questions.visited_extremes import EngineList, steepest_visited
from regions.signs.exact import Columns, ExactNetwork
from tests.helpers import random_network

NORMS = (1, 2, math.inf)


def _degenerate(rng, kind, dim):
    """Small integers: many ties, and units that vanish together, twice or turned."""
    widths = {
        "one": [6],
        "unbiased": [5],
        "leaky": [3, 5],
        "skips": [3, 4],
        "straight": [3, 5],
    }[kind]
    sizes = [dim, *widths, 2]
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [rng.integers(-2, 3, pair).astype(float) for pair in pairs]
    biases = [rng.integers(-2, 3, n).astype(float) for n, _ in pairs]
    if kind == "unbiased":
        biases = [0.0 * bias for bias in biases]
    last = len(widths) - 1
    weights[last][1:3] = np.outer([-2.0, 0.5], weights[last][0])
    biases[last][1:3] = -2.0 * biases[last][0], 0.5 * biases[last][0]
    # Slopes beyond 1 turn kinks over.
    slopes = [[0.25] * 3, [-0.5, 2.0, 0.25, 1.0, 0.0]] if kind == "leaky" else 0.0
    if kind == "straight":
        # Units that vanish where one without a kink does.
        weights[1][1], biases[1][1] = rng.integers(1, 3, 3), rng.integers(-2, 1)
        weights[1][2:] = np.outer([-2.0, 0.5, 1.0], weights[1][1])
        biases[1][2:] = np.array([-2.0, 0.5, 1.0]) * biases[1][1]
        slopes = [[0.25] * 3, [0.5, 1.0, 0.0, 0.5, 1.0]]
    net = ReluNetwork.from_arrays(weights, biases, slopes)
    if kind != "skips":
        return net
    skip = ((0, rng.integers(-1, 2, (4, dim)).astype(float)),)
    layer = dataclasses.replace(net.hidden[-1], skips=skip)
    skip = ((0, rng.integers(-1, 2, (2, dim)).astype(float)),)
    output = dataclasses.replace(net.output, skips=skip)
    return ReluNetwork((*net.hidden[:-1], layer), output)


@pytest.fixture
def everywhere(monkeypatch):
    """Planes too, whatever their layers."""
    monkeypatch.setattr(visited_extremes, "_hopes_serve", lambda *_: True)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("kind", ["one", "unbiased", "leaky", "skips", "straight"])
def test_degenerate_extremes_are_those_of_the_pieces(kind, dim):
    for seed in range(4):
        net = _degenerate(np.random.default_rng(seed), kind, dim)
        box = regions.Box(np.full(dim, -1.0), np.linspace(0.5, 2.0, dim))
        rows = [(Fraction(a), Fraction(b)) for a, b in ((1, -1), (-1, 1), (0, 1))]
        problem = Problem(net, box, [(Linear(row),) for row in rows])
        best = EngineList(net, box).largest(problem, Budget())
        exact = [value for value, _ in largest_listed(Pieces(net, box), rows)]
        assert best is not None
        assert best[1] == max(exact) == exact[best[0]]
        assert problem.value(best[0], best[2]) == best[1]
        _check_steepest(net, box)


def _check_steepest(net, box):
    """Norms are those of the pieces, and are those where the witness is."""
    norms = [_jacobian(piece.outputs) for piece in Pieces(net, box)]
    exact = ExactNetwork(net, box)
    for norm in NORMS:
        found = steepest_visited(net, box, norm, lambda: False)
        assert found is not None
        low, high = ends(found.value)
        pieces = [ends(operator_norm(J, norm)) for J in norms]
        assert max(n[0] for n in pieces) <= high
        assert low <= max(n[1] for n in pieces)
        signs = exact.signs(Columns.of_points([found.witness]))[:, 0]
        J = [row[:-1] for row in exact.affine_map(signs > 0)]
        assert ends(operator_norm(J, norm)) == (low, high)
        # Strictly inside: no unit of the first layer that has a gradient is 0.
        first = net.hidden[0]
        assert signs[: first.width][np.abs(first.weight).any(1)].all()


def _jacobian(forms):
    scale = 1 << forms.shift
    rows = [[Fraction(int(v), scale) for v in row] for row in forms.matrix.tolist()]
    return [row[:-1] for row in rows]


@pytest.mark.parametrize(("dim", "widths"), [(2, [4, 30]), (3, [12]), (4, [4, 7])])
def test_few_regions_are_made_and_the_extremes_are_those_of_all(
    dim, widths, monkeypatch
):
    net = random_network(np.random.default_rng(dim), dim, widths, outputs=2)
    box, found = regions.Box.cube(dim), []
    for serves in (True, False):
        monkeypatch.setattr(visited_extremes, "_hopes_serve", lambda *_, s=serves: s)
        goals = [(Linear((Fraction(2), Fraction(1))),)]
        best = EngineList(net, box).largest(Problem(net, box, goals), Budget())
        steepest = [steepest_visited(net, box, p, lambda: False) for p in NORMS]
        found.append((best, *(one and one.value for one in steepest)))
        made = [one and one.stats["regions"] for one in steepest]
        count = int(regions.count_regions(net, box))
        few = [not serves or (n is not None and n < count / 4) for n in made]
        assert all(few)
        assert serves or made == [count] * 3
    assert found[0] == found[1]


def _wedges(rng):
    """The largest value is at the tip of a sharp wedge, whose position is uncertain.

    Inside the wedge, where two units of the first layer are off, forms are certain.
    """
    angle, width = rng.uniform(0.0, 6.0), 1e-7 * rng.uniform(1.0, 2.0)
    ahead = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-ahead[1], ahead[0]])
    sides = np.array([aside + width * ahead, -aside + width * ahead])
    last = rng.standard_normal((3, 2))
    return ReluNetwork.from_arrays(
        [sides, np.zeros((3, 2)), 1e-3 * rng.standard_normal((1, 3))],
        [width * rng.uniform(-0.3, 0.3, 2), 0.1 * rng.standard_normal(3), [0.0]],
        skips={1: {0: last}, 2: {0: ahead[None], 1: [[-1e8, -1e8]]}},
    )


def _cancelling_forms(rng):
    """The last layer's forms are small differences of what the first one has."""
    weights = [1e9 * rng.standard_normal((4, 2)), rng.standard_normal((8, 4))]
    weights[0][2:] = weights[0][:2] + rng.standard_normal((2, 2))
    weights[1][:, 2:] = -weights[1][:, :2]
    biases = [np.full(4, 4e9), rng.standard_normal(8), np.zeros(1)]
    return ReluNetwork.from_arrays([*weights, rng.standard_normal((1, 8))], biases)


def _cancelling_sums(rng):
    """Forms are exact, and of units that are on everywhere the output has nearly 0."""
    on = rng.integers(-8, 9, (6, 2)).astype(float)
    free = np.linalg.svd(on.T)[2][2:]
    large = 1e9 * rng.standard_normal(4) @ free
    weight = np.concatenate([on, rng.integers(-8, 9, (4, 2))])
    bias = np.concatenate([np.full(6, 100.0), rng.integers(-3, 4, 4)])
    row = np.concatenate([large, rng.standard_normal(4)])[None]
    return ReluNetwork.from_arrays([weight, row], [bias, np.zeros(1)])


def _cancelling_slopes(rng):
    """The same of units that are off everywhere, half as steep."""
    net = _cancelling_sums(rng)
    (first,), slopes = net.hidden, np.full(10, 0.5)
    below = dataclasses.replace(
        first, weight=-first.weight, bias=-first.bias, slopes=slopes
    )
    return ReluNetwork((below,), net.output)


@pytest.mark.parametrize(
    "make", [_wedges, _cancelling_forms, _cancelling_sums, _cancelling_slopes]
)
def test_no_largest_value_is_lost_to_rounding_nor_exceeded(make):
    """The best that is known may be the largest itself: nothing is left to spare."""
    for seed in range(12):
        net, box = make(np.random.default_rng(seed)), regions.Box.cube(2)
        rows = [(Fraction(1),), (Fraction(-1),)]
        exact = [value for value, _ in largest_listed(Pieces(net, box), rows)]
        for known in (np.array([[_below(v) for v in exact]]), np.full((1, 2), -np.inf)):
            corners = _corners_left(net, box, hopes.VALUES, known)
            problem = Problem(net, box, [(Linear(row),) for row in rows])
            for goal, value in enumerate(exact):
                assert value in {problem.value(goal, point) for point in corners}
                assert Fraction(known[0, goal]) <= value


def _below(value):
    """The largest float that is at most this."""
    near = float(value)
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)


def _corners_left(net, box, goal, known):
    """Corners of all regions that are handed over; `known` grows."""
    corners = set()

    def take(chunk):
        for region, start in enumerate(chunk.starts().tolist()):
            for q in range(start, int(chunk.end[region])):
                corners.add(chunk.corner(region, q))

    weight = with_sums(net).output.weight
    looked_for = Hopes(goal, len(net.hidden) - 1, weight, known)
    visit = visit_regions(with_sums(net), box, take, lambda: False, hopes=looked_for)
    assert visit.complete
    return corners


def _nearly_round(rng):
    """The singular values of all Jacobians nearly are 1: sums of powers tell least."""
    weights = [rng.standard_normal((3, 2)), 1e-6 * rng.standard_normal((2, 3))]
    return ReluNetwork.from_arrays(weights, skips={1: {0: np.eye(2)}})


@pytest.mark.parametrize(
    "make", [_cancelling_forms, _cancelling_sums, _cancelling_slopes, _nearly_round]
)
@pytest.mark.parametrize("norm", NORMS)
def test_no_largest_norm_is_lost_to_rounding_nor_exceeded(norm, make):
    goal = visited_extremes.GOALS[norm]
    for seed in range(12):
        net, box = make(np.random.default_rng(seed)), regions.Box.cube(2)
        pieces = {piece.on: _jacobian(piece.outputs) for piece in Pieces(net, box)}
        norms = {on: ends(operator_norm(J, norm)) for on, J in pieces.items()}
        low, high = max(norms.values())
        for start in (_below(low), -np.inf):
            known, found = np.array([[start, 0.0]]), set()

            def take(chunk, found=found):
                bits = chunk.bits(np.arange(len(chunk)))
                found.update(map(tuple, bits.tolist()))

            weight, last = with_sums(net).output.weight, len(net.hidden) - 1
            looked_for = Hopes(goal, last, weight, known)
            visit_regions(with_sums(net), box, take, lambda: False, hopes=looked_for)
            assert any(norms[on][1] >= low for on in found)
            assert Fraction(known[0, 0]) <= high


@pytest.mark.parametrize("size", [1e-161, 1e-170, 1e170])
@pytest.mark.parametrize("norm", NORMS)
def test_norms_whose_squares_float64_does_not_hold(norm, size):
    """The sum of its entries' sizes bounds the length of a gradient then."""
    net = random_network(np.random.default_rng(1), 3, [6], outputs=1)
    large = dataclasses.replace(net.output, weight=size * net.output.weight)
    net, box = ReluNetwork(net.hidden, large), regions.Box.cube(3)
    _check_steepest(net, box)


def test_values_that_overflow_are_made_exact():
    net = random_network(np.random.default_rng(2), 3, [6])
    large = dataclasses.replace(net.output, weight=np.full((1, 6), 1e308))
    net, box = ReluNetwork(net.hidden, large), regions.Box.cube(3)
    problem = Problem(net, box, [(Linear((Fraction(1),)),)])
    best = EngineList(net, box).largest(problem, Budget())
    exact = largest_listed(Pieces(net, box), [(Fraction(1),)])[0][0]
    assert best is not None
    assert best[1] == exact
    # Searches of few units come first: what overflows there warns of nothing.
    for weights in (
        [2.0 * np.eye(2), np.full((1, 2), 1e308)],
        [1e308 * np.eye(2), np.full((1, 2), 4.0)],
    ):
        small = ReluNetwork.from_arrays(weights, None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = regions.output_range(small, regions.Box.cube(2))
        exact = regions.output_range(small, regions.Box.cube(2), method="list")
        assert found.value == exact.value


@pytest.mark.parametrize("norm", NORMS)
def test_several_outputs_have_one_norm(norm):
    """Powers of the matrix of products tell the largest singular value nearly."""
    net = random_network(np.random.default_rng(3), 4, [3, 5], outputs=3)
    _check_steepest(net, regions.Box.cube(4))


def test_a_stop_is_heard():
    net = random_network(np.random.default_rng(5), 3, [48, 48])
    found = steepest_visited(net, regions.Box.cube(3), 2, lambda: True)
    assert found is None or not found.complete
