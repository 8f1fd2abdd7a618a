"""Robust radii against closed formulas, each other, and a dense grid."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.network import ReluNetwork
from regions.questions import radius
from regions.questions.nearest import nearest_in_hull
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write


def both(value) -> tuple[Fraction, Fraction]:
    """The ends of a value."""
    return (value, value) if isinstance(value, Fraction) else tuple(value)


def test_a_linear_classifier_has_the_distance_of_its_plane():
    """Outputs 0 and 3 x + 4 y - 10, seen from 0: distances 10/4, 10/5, 10/7."""
    net = ReluNetwork.from_arrays([[[0.0, 0.0], [3.0, 4.0]]], [[0.0, -10.0]])
    expected = {1: Fraction(10, 4), 2: Fraction(2), math.inf: Fraction(10, 7)}
    for norm, distance in expected.items():
        answer = regions.robust_radius(net, [0, 0], norm, tolerance=1e-6)
        low, high = both(answer.value)
        assert low <= distance <= high
        assert high - low <= distance / 10**6
        assert answer.proved


@pytest.mark.parametrize("seed", range(3))
def test_radii_are_those_of_a_grid(seed):
    network = random_network(np.random.default_rng(seed), 2, [8, 8], outputs=3)
    x = np.array([0.25, -0.125])
    side = np.linspace(-2, 2, 401)
    points = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    other = points[network(points).argmax(1) != network(x[None]).argmax()]
    for norm in (1, 2, math.inf):
        answer = regions.robust_radius(network, x, norm)
        low, high = both(answer.value)
        assert float(low) <= np.linalg.norm(other - x, ord=norm, axis=1).min()
        # The witness lies that far, at the border of another class or beyond.
        point = np.array([float(v) for v in answer.witness])
        assert np.linalg.norm(point - x, ord=norm) == pytest.approx(float(high))
        outputs, own = network(point[None])[0], network(x[None])[0].argmax()
        assert np.delete(outputs, own).max() >= outputs[own] - 1e-9


def test_the_witness_is_of_another_class_and_no_farther():
    network = random_network(np.random.default_rng(5), 12, [6, 6], outputs=3)
    x = np.full(12, 0.25)
    answer = regions.robust_radius(network, x)
    point = np.array([float(v) for v in answer.witness])
    assert network(point[None]).argmax() != network(x[None]).argmax()
    assert float(answer.value[1]) >= np.abs(point - x).max() * (1 - 1e-12)
    assert answer.value[1] - answer.value[0] <= answer.value[1] / 100


def test_the_search_in_round_balls_agrees_with_the_list(monkeypatch, tmp_path):
    network = random_network(np.random.default_rng(3), 3, [6, 5], outputs=3)
    x = [0.25, -0.5, 0.125]
    exact = {p: both(regions.robust_radius(network, x, p).value) for p in (1, 2)}
    monkeypatch.setattr(radius, "MOST_PIECES", 1)
    for norm, (least, most) in exact.items():
        answer = regions.robust_radius(network, x, norm)
        assert answer.method == "search"
        low, high = both(answer.value)
        assert low <= most
        assert least <= high
        # In norm 1 what balls of the norm inf prove is all that is left.
        assert answer.proved == (norm == 2)
        assert norm == 1 or high - low <= high / 100
        assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_a_class_that_never_changes_has_no_radius():
    net = ReluNetwork.from_arrays([[[1.0]], [[0.0], [0.0]]], [[0.0], [1.0, 0.0]])
    answer = regions.robust_radius(net, [0.0], max_radius=8.0)
    assert answer.value is None
    assert not answer.proved
    assert answer.stats["at_least"] == 8


@pytest.mark.parametrize("norm", [1, 2, math.inf])
def test_a_class_ends_where_another_exceeds_it(norm, tmp_path):
    """-relu(1 - x) + relu(x - 5) and 0: equal from 1 to 5, and the first larger beyond.

    In the list the part of the first, which has all ties, begins at 1.
    """
    net = ReluNetwork.from_arrays(
        [[[-1.0], [1.0]], [[-1.0, 1.0], [0.0, 0.0]]], [[1.0, -5.0], None]
    )
    answer = regions.robust_radius(net, [0.0], norm)
    low, high = both(answer.value)
    assert low <= 5 <= high <= Fraction(101, 20)
    assert norm == math.inf or low == high
    path = answer.save(tmp_path / "answer.json")
    assert verify_answer(path).ok
    if norm != math.inf:
        # Points at which outputs are equal are no witnesses of a smaller distance.
        body = json.loads(path.read_text())
        body["about"] |= {"witness": ["1"], "size": "1"}
        body["value"] = "1"
        assert not verify_answer(write(body, tmp_path)).ok


@pytest.mark.parametrize("norm", [1, 2, math.inf])
@pytest.mark.parametrize("dim", [1, 2, 8])
def test_a_radius_is_0_where_another_class_begins(norm, dim, tmp_path):
    """relu(x0 - 1/2) exceeds 0 from 1/2 on; the other inputs change nothing."""
    if norm == 1 and dim > 6:
        return
    first = np.eye(1, dim)
    net = ReluNetwork.from_arrays(
        [np.vstack([first, -first]), [[0.0, 0.0], [1.0, 0.0]]], [[-0.5, 2.0], None]
    )
    answer = regions.robust_radius(net, np.full(dim, 0.5), norm)
    assert (answer.value, answer.proved) == (0, True)
    path = answer.save(tmp_path / "answer.json")
    assert verify_answer(path).ok
    body, about = json.loads(path.read_text()), dict(answer.evidence.about)
    for changed, said in (
        ({"value": "1/2"}, "the ball has another radius"),
        ({"about": about | {"label": 1}}, "the class of the center is 0"),
        ({"about": about | {"center": ["0"] * dim}}, "both signs on the way"),
        ({"about": about | {"witness": ["3"] * dim}}, "both signs on the way"),
        ({"about": about | {"witness": ["1/4"] * dim}}, "both signs|of the same class"),
        ({"about": about | {"center": ["3/4"] * dim}}, "the class of the center is 1"),
        ({"domain": regions.Box.cube(dim, 2.0).to_dict()}, "holds no|another one"),
    ):
        (line,) = verify_answer(write(body | changed, tmp_path)).failures
        assert any(part in line for part in said.split("|")), line


def test_the_point_that_proves_a_radius_of_0_is_kept(tmp_path):
    """A nearer one proves nothing where a unit changes its sign on the way to it."""
    weights = [[[1.0, -1.0]], [[-1.0], [1.0], [-1.0]]]
    skips = {1: {0: [[0.5, 1.0], [1.0, 1.0], [-1.0, -1.0]]}}
    biases = [[0.0], [0.0, 0.0, 0.0]]
    net = ReluNetwork.from_arrays(weights, biases, [[0.0]], skips=skips)
    answer = regions.robust_radius(net, [0.0, -0.5], 1, tolerance=0.3, max_radius=2.0)
    assert answer.value == 0
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok


@pytest.mark.parametrize("norm", [1, 2, math.inf])
def test_radii_may_be_smaller_than_rounding_of_the_input(norm, tmp_path):
    """relu(x - 1) exceeds 1e-24 from 1 + 1e-24 on."""
    net = ReluNetwork.from_arrays([[[1.0]], [[0.0], [1.0]]], [[-1.0], [1e-24, 0.0]])
    answer = regions.robust_radius(net, [1.0], norm)
    low, high = both(answer.value)
    assert low <= Fraction(1e-24) <= high <= Fraction(1.02e-24)
    assert answer.proved
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_outputs_that_are_equal_in_a_disc_leave_no_radius_open(tmp_path):
    """0 and -relu(x - y) + relu(x + y - 3): equal between the two lines.

    In a disc, where bounds are no rational numbers, a search cannot tell 0 from more.
    """
    net = ReluNetwork.from_arrays(
        [[[1.0, -1.0], [1.0, 1.0]], [[0.0, 0.0], [-1.0, 1.0]]], [[0.0, -3.0], None]
    )
    answer = regions.robust_radius(net, [0.0, 0.25], 2)
    low, high = answer.value
    assert answer.proved
    # The distance of (0, 1/4) from the second line.
    assert low * low <= Fraction(11, 4) ** 2 / 2 <= high * high
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_points_a_little_nearer_each_time_do_not_make_a_search_long():
    """A unit of the size 1e-12: the nearest point is several regions off the first."""
    rng = np.random.default_rng(1)
    network = random_network(rng, 4, [5, 5], outputs=2)
    layers, scale = network.layers, np.ones(5)
    scale[rng.integers(5)] = 1e-12
    biases = [layers[0].bias, layers[1].bias * scale, layers[2].bias]
    weights = [layers[0].weight, layers[1].weight * scale[:, None], layers[2].weight]
    tiny = ReluNetwork.from_arrays(weights, biases)
    answer = regions.robust_radius(tiny, rng.uniform(-0.5, 0.5, 4), tolerance=1e-4)
    assert answer.proved
    assert answer.stats["nodes"] < 500


def test_a_stopped_run_keeps_what_is_proved():
    network = random_network(np.random.default_rng(5), 12, [6, 6], outputs=3)
    asked = iter([False] * 8)
    part = regions.robust_radius(
        network, np.full(12, 0.25), stop=lambda: next(asked, True)
    )
    whole = regions.robust_radius(network, np.full(12, 0.25))
    assert not part.proved
    assert part.stats["at_least"] <= whole.value[1]


def test_nearest_points_meet_the_optimality_condition():
    """(p - c) . (q - p) >= 0 for all corners q, in integers."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        dim, count = rng.integers(1, 5), rng.integers(1, 9)
        corners = [
            [Fraction(int(v)) for v in row] for row in rng.integers(-4, 5, (count, dim))
        ]
        center = [Fraction(int(v)) for v in rng.integers(-4, 5, dim)]
        point, size = nearest_in_hull(corners, center)
        away = [p - c for p, c in zip(point, center, strict=True)]
        assert size == sum(v * v for v in away)
        for corner in corners:
            assert (
                sum(a * (q - p) for a, q, p in zip(away, corner, point, strict=True))
                >= 0
            )


def test_wrong_arguments_are_refused_in_one_line():
    network = random_network(np.random.default_rng(5), 8, [3], outputs=2)
    with pytest.raises(ValueError, match="`x` has 2 entries and the network reads 8"):
        regions.robust_radius(network, [0, 0])
    with pytest.raises(ValueError, match=r"beyond 6 only 2 and math\.inf are served"):
        regions.robust_radius(network, np.zeros(8), 1)
    single = random_network(np.random.default_rng(5), 2, [3])
    with pytest.raises(
        ValueError, match="there are 1 outputs: a class of at least two"
    ):
        regions.robust_radius(single, [0, 0])


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_inputs_at_the_end_of_float64_are_asked_about_without_a_warning(norm):
    """Where floats overflow a hint is none, and proofs do without."""
    network = random_network(np.random.default_rng(0), 2, [9, 9], outputs=3)
    answer = regions.robust_radius(network, [1e308, 1e308], norm, stop=lambda: True)
    assert not answer.proved
