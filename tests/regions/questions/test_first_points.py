"""Good points to begin with: in the domain, repeatable, and better than random ones."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.errors.limits import never
from regions.questions.answer import ends
from regions.questions.first_points import first_point, gradients
from regions.questions.norms import operator_norm
from regions.questions.problem import Linear, Problem
from regions.questions.steep_points import steep_point
from regions.signs.exact import ExactNetwork
from tests.helpers import random_network

DIM = 5
NETWORK = random_network(np.random.default_rng(0), DIM, [50] * 6, outputs=2)
DOMAINS = {
    "box": regions.Box(-np.ones(DIM), np.linspace(0.5, 1.0, DIM)),
    "cube": regions.Ball(np.full(DIM, 0.25), 0.5, norm=np.inf),
    "round": regions.Ball(np.full(DIM, 0.25), 0.5),
    "cross": regions.Ball(np.full(DIM, 0.25), 0.5, norm=1),
    "simplex": regions.Simplex(np.vstack([np.zeros(DIM), np.eye(DIM)])),
    "slice": regions.Slice(np.zeros(DIM), np.eye(3, DIM), regions.Box.cube(3)),
    "polytope": regions.HPolytope(
        np.vstack([np.eye(DIM), -np.eye(DIM), np.ones((1, DIM))]),
        np.append(np.ones(2 * DIM), 0.5),
    ),
}


def goal(first, second, inputs=(), offset: Fraction | int = 0):
    """One part of a goal."""
    return Linear((Fraction(first), Fraction(second)), inputs, Fraction(offset))


GOALS = [
    (goal(1, 0),),
    (goal(0, -1), goal(1, 1, offset=1)),
    (goal(-1, 0, offset=Fraction(1, 3)), goal(0, 1)),
]


@pytest.mark.parametrize("name", DOMAINS)
def test_points_are_in_the_domain_and_better_than_random_ones(name):
    problem = Problem(NETWORK, DOMAINS[name], GOALS)
    number, point = first_point(problem, never)
    assert problem.holds(point)
    assert (number, point) == first_point(problem, never)
    value = problem.value(number, point)
    assert value == max(problem.values(point))
    box = DOMAINS[name].chart_box()
    sides = np.random.default_rng(1).uniform(box.lower, box.upper, (300, box.dim))
    samples = [tuple(map(Fraction, row)) for row in sides.tolist()]
    inside = [sample for sample in samples if problem.holds(sample)]
    assert value > max(
        (max(problem.values(sample)) for sample in inside), default=Fraction(-100)
    )


def test_what_stops_at_once_is_still_better_than_the_middle():
    problem = Problem(NETWORK, DOMAINS["box"], GOALS)
    number, point = first_point(problem, lambda: True)
    middle = problem.values(problem.inside())
    assert problem.value(number, point) > max(middle)


def test_inputs_count_in_goals():
    """An input alone: the best point is at its end."""
    inputs = (Fraction(-1), *[Fraction(0)] * (DIM - 1))
    problem = Problem(NETWORK, DOMAINS["box"], [(goal(0, 0, inputs),)])
    assert first_point(problem, never)[1][0] == -1


def test_numbers_beyond_float64_leave_a_point():
    wide = Fraction(10) ** 400
    problem = Problem(NETWORK, DOMAINS["box"], [(goal(wide, 0),)])
    assert problem.holds(first_point(problem, never)[1])
    huge = regions.Box(np.full(DIM, -1e308), np.full(DIM, 1e308))
    problem = Problem(NETWORK, huge, GOALS[:1])
    assert problem.holds(first_point(problem, never)[1])


def test_gradients_are_those_of_jax():
    rng = np.random.default_rng(2)
    network = regions.ReluNetwork.from_arrays(
        [rng.normal(size=shape) for shape in ((6, 3), (4, 6), (2, 4))],
        slopes=[0.25, np.array([0.0, -0.5, 1.0, 1.5])],
        skips={1: {0: rng.normal(size=(4, 3))}, 2: {0: rng.normal(size=(2, 3))}},
    )
    points, weights = rng.normal(size=(20, 3)), rng.normal(size=(20, 5, 2))
    pres = network.pre_activations(points)[:-1]
    gates = [
        np.where(pre > 0.0, 1.0, layer.slopes)
        for pre, layer in zip(pres, network.hidden, strict=True)
    ]
    found = gradients(network, gates, weights)

    def outputs(x):
        held = [x]
        for index, layer in enumerate(network.layers):
            pre = sum(m @ held[s] for s, m in layer.blocks(index)) + layer.bias
            is_last = index == len(network.hidden)
            held.append(pre if is_last else jnp.where(pre > 0, pre, layer.slopes * pre))
        return held[-1]

    with jax.enable_x64():
        J = jax.vmap(jax.jacfwd(outputs))(jnp.asarray(points))
    np.testing.assert_allclose(found, weights @ np.asarray(J), atol=1e-12)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_a_range_that_is_stopped_at_once_has_good_ends(norm):
    network = random_network(np.random.default_rng(0), 8, [60] * 3)
    ball = regions.Ball(np.zeros(8), 1.0, norm=norm)
    answer = regions.output_range(network, ball, stop=lambda: True)
    points = np.random.default_rng(1).normal(size=(2000, 8))
    size = np.linalg.norm(points, norm, axis=1)[:, None]
    values = network(points / np.maximum(size, 1.0))
    (_, least), (most, _) = answer.value
    assert float(least) < values.min()
    assert values.max() < float(most)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("name", ["box", "cube", "round", "simplex"])
def test_a_constant_that_is_stopped_at_once_is_that_of_a_steep_point(
    name, norm, tmp_path
):
    domain = DOMAINS[name]
    answer = regions.lipschitz(NETWORK, domain, norm, stop=lambda: True)
    low, high = ends(answer.value)
    assert not answer.proved
    box = domain.chart_box()
    points = np.random.default_rng(1).uniform(box.lower, box.upper, (40, DIM))
    problem = Problem(NETWORK, domain, [])
    inside = [row for row in points if problem.holds(tuple(map(Fraction, row)))][:8]
    for row in domain.embed(np.array(inside).reshape(-1, DIM)):
        pres = NETWORK.pre_activations(row[None])[:-1]
        (units,) = np.concatenate(pres, axis=1) > 0.0
        jacobian = ExactNetwork(NETWORK, regions.WholeSpace(DIM)).affine_map(units)
        size = operator_norm([one[:-1] for one in jacobian], norm)
        assert ends(size)[0] <= high
        assert ends(size)[0] < low
    report = verify_answer(answer.save(tmp_path / "answer.json"), network=NETWORK)
    assert report.ok, str(report)


def test_a_steep_point_of_a_flat_box_counts_its_axes_alone():
    flat = regions.Box(np.zeros(DIM), np.array([1.0, 0.0, 1.0, 0.0, 1.0]))
    answer = regions.lipschitz(NETWORK, flat, np.inf, stop=lambda: True)
    whole = regions.lipschitz(NETWORK, flat, np.inf, max_seconds=5.0)
    assert ends(answer.value)[0] <= ends(whole.value)[1]


def test_a_point_on_a_border_and_a_domain_without_end_have_no_constant():
    folded = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]])
    for domain in (regions.Box([-1.0], [0.0]), regions.Box([0.0], [1.0])):
        found = steep_point(folded, domain, 2, [0], never)
        assert found is None or found.value == (domain.upper[0] > 0.0)
    assert steep_point(folded, regions.WholeSpace(1), 2, [0], never) is None
    half = regions.HPolytope([[1.0]], [1.0])
    assert steep_point(folded, half, 2, [0], never) is None
