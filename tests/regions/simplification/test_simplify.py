import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.domains.shapes import (
    Ball,
    Box,
    Domain,
    Segment,
    Simplex,
    Slice,
    WholeSpace,
)
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from regions.simplification.equality import equal_on_regions
from regions.simplification.interval_bounds import pre_activation_bounds
from regions.simplification.rewriting import Draft, exact_float
from regions.simplification.simplify import constant_units, simplify, size
from tests.helpers import random_network
from tests.zoo import ZOO


def _outputs(network: ReluNetwork, point: list[Fraction]) -> list[Fraction]:
    """Outputs at a rational point, with standard fractions."""
    return _pre_activations(network, point)[-1]


def _pre_activations(
    network: ReluNetwork, point: list[Fraction]
) -> list[list[Fraction]]:
    values, result = [point], []
    for index, layer in enumerate(network.layers):
        row = []
        for unit in range(layer.width):
            pre = Fraction(float(layer.bias[unit]))
            for source, matrix in layer.blocks(index):
                for weight, value in zip(matrix[unit], values[source], strict=True):
                    pre += Fraction(float(weight)) * value
            row.append(pre)
        result.append(row)
        slopes = [Fraction(float(s)) for s in layer.slopes]
        values.append([v if v > 0 else s * v for v, s in zip(row, slopes, strict=True)])
    return result


def _rational_points(box: Box, count: int) -> list[list[Fraction]]:
    """Random rational points of a box, its corners among them in low dimensions."""
    rng = np.random.default_rng(0)
    ends = [
        (Fraction(float(a)), Fraction(float(b)))
        for a, b in zip(box.lower, box.upper, strict=True)
    ]
    shares = rng.integers(0, 997, (count, box.dim))
    points = [
        [
            a + (b - a) * Fraction(int(s), 996)
            for (a, b), s in zip(ends, row, strict=True)
        ]
        for row in shares
    ]
    if box.dim <= 3:
        points += [list(corner) for corner in itertools.product(*ends)]
    return points


def _assert_equal(first: ReluNetwork, second: ReluNetwork, box: Box, count=40):
    for point in _rational_points(box, count):
        assert _outputs(first, point) == _outputs(second, point)


@pytest.mark.parametrize("name", ZOO)
def test_zoo_stays_exactly_equal_and_grows_nowhere(name):
    network, box = ZOO[name]
    small, report = simplify(network, box)
    _assert_equal(network, small, box)
    assert report.before == size(network)
    assert report.after == size(small)
    assert all(new <= old for old, new in zip(report.before, report.after, strict=True))
    assert report.equal_on == report.regions == len(enumerate_regions(network, box))
    assert len(report.origins) == sum(small.widths)


@pytest.mark.parametrize(
    ("name", "widths", "bits"),
    [
        ("dead_unit", (1,), 1),
        ("duplicated_unit", (2,), 2),
        ("scaled_copy_of_a_unit", (1,), 1),
        ("equal_up_to_rounding", (2,), 2),
        ("opposite_units", (2,), 2),
        ("zero_weights_positive_bias", (1,), 1),
        ("zero_weights_negative_bias", (1,), 1),
        ("zero_weights_zero_bias", (1,), 1),
        ("all_zero", (), 0),
        ("always_on_unit", (1,), 1),
        ("unit_along_the_domain", (1,), 1),
        ("no_hidden_layer", (), 0),
    ],
)
def test_zoo_networks_get_the_size_expected_by_hand(name, widths, bits):
    small, _ = simplify(*ZOO[name])
    assert (small.widths, small.num_bits) == (widths, bits)


def _awkward(seed: int, slopes=0.0) -> ReluNetwork:
    """Dyadic weights; dead, constantly on, repeated, scaled and unread units."""
    rng = np.random.default_rng(seed)

    def dyadic(*shape):
        return rng.integers(-8, 9, shape) / 4.0

    first, bias = dyadic(7, 2), dyadic(7)
    first[1], bias[1] = 2.0 * first[0], 2.0 * bias[0]
    bias[2], bias[3] = 50.0, -50.0
    second, bias2 = dyadic(6, 7), dyadic(6)
    second[4], bias2[4] = second[3] / 2.0, bias2[3] / 2.0
    bias2[0] = 2000.0
    third = dyadic(2, 6)
    third[:, 5] = 0.0
    return ReluNetwork.from_arrays(
        [first, second, third], [bias, bias2, dyadic(2)], slopes
    )


@settings(derandomize=True, deadline=None, max_examples=8)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.25, -1.0, 0.1]))
def test_dyadic_networks_lose_all_units_that_can_go(seed, slope):
    network, box = _awkward(seed, slope), Box.cube(2)
    small, report = simplify(network, box)
    _assert_equal(network, small, box, 15)
    assert report.equal_on == report.regions
    actions = {change.unit: change.action for change in report.changes}
    assert actions[1, 5] in ("unread", "removed")
    for unit in ((0, 2), (1, 0)):
        assert actions[unit] in ("folded", "linear", "unread")
    if slope == 0.0:
        assert actions[0, 3] in ("removed", "unread")
    assert any(actions.get((0, k)) in ("merged", "unread", "removed") for k in (0, 1))
    # The unit of slope 0.1 that is off can not be made linear: its weights round.
    assert "kept" not in actions.values() or slope == 0.1


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_units_that_vary_are_those_seen_to_vary(slope):
    network, box = _awkward(3, slope), Box.cube(2)
    found = enumerate_regions(network, box)
    facts = constant_units(network, box, found)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 201)] * 2), -1).reshape(-1, 2)
    bits = network.patterns(grid)
    for bit, unit in enumerate(network.units):
        seen = set(bits[:, bit].tolist())
        if unit in facts:
            assert seen == {facts[unit].on}
        else:
            assert seen == {True, False}


def test_duplicates_whose_sum_rounds_are_kept_and_said_so():
    tiny = 2.0**-60
    network = ReluNetwork.from_arrays(
        [[[1.0], [1.0]], [[1.0, tiny]]], [[0.0, 0.0], [0.0]]
    )
    small, report = simplify(network, Box([-1.0], [1.0]))
    assert small.widths == (2,)
    assert [c.action for c in report.changes] == ["kept"]
    assert "equal to unit 1" in report.changes[0].reason


def test_merging_takes_the_direction_that_float64_can_hold():
    # Unit 1 is three times unit 0: 1 + 3 / 1 fits, 1 / 3 does not.
    network = ReluNetwork.from_arrays(
        [[[3.0], [1.0]], [[1.0, 1.0]]], [[1.5, 0.5], [0.0]]
    )
    small, report = simplify(network, Box([-1.0], [1.0]))
    assert report.changes[0].action == "merged"
    assert small.widths == (1,)
    assert small.output.weight.tolist() == [[4.0]]


def test_opposite_on_units_fold_into_nothing():
    # relu(x + 2) - relu(x + 2) + relu(x): two units are on and cancel.
    network = ReluNetwork.from_arrays(
        [[[1.0], [-1.0], [1.0]], [[1.0, 1.0, 1.0]]], [[2.0, 2.0, 0.0], [-4.0]]
    )
    small, _ = simplify(network, Box([-1.0], [1.0]))
    assert small.widths == (1,)
    assert small.output.bias.tolist() == [0.0]


def test_folding_through_a_layer_makes_a_skip_block_when_that_is_smaller():
    rng = np.random.default_rng(0)
    first = rng.integers(-4, 5, (20, 1)) / 4.0
    network = ReluNetwork.from_arrays(
        [first, rng.integers(-4, 5, (4, 20)) / 4.0, np.ones((1, 4))],
        [np.full(20, 8.0), np.zeros(4), np.zeros(1)],
    )
    box = Box([-1.0], [1.0])
    small, report = simplify(network, box)
    assert sum(small.widths) <= 4
    _assert_equal(network, small, box)
    gone = {c.action for c in report.changes if c.unit[0] == 0}
    assert "folded" in gone <= {"folded", "merged"}


@pytest.mark.parametrize(
    "domain",
    [
        Segment([-1.0, 0.5], [1.0, 0.25]),
        Slice([0.1, 0.2], [[0.5, 0.25]], Box([-1.0], [1.0])),
        Simplex([[0.0, 0.0], [0.5, 0.0], [0.0, 0.7]]),
    ],
)
def test_other_domains_keep_the_network_equal_there(domain: Domain):
    assert not isinstance(domain, WholeSpace)
    network = _awkward(1)
    small, report = simplify(network, domain)
    assert report.equal_on == report.regions
    assert report.after.bits < report.before.bits
    origin, directions = domain.rational_chart()
    for t in _rational_points(domain.chart_box(), 20):
        if isinstance(domain, Simplex) and sum(t) > 1:
            continue
        point = [
            o + sum(a * d[k] for a, d in zip(t, directions, strict=True))
            for k, o in enumerate(origin)
        ]
        assert _outputs(network, point) == _outputs(small, point)


def test_whole_space_merges_copies():
    network, _ = ZOO["scaled_copy_of_a_unit"]
    small, report = simplify(network, WholeSpace(2))
    assert small.widths == (1,)
    assert report.equal_on == 2


def test_without_enumeration_bounds_alone_are_used():
    network, box = _awkward(2), Box.cube(2)
    small, report = simplify(network, box, enumerate_domain=False)
    assert report.equal_on is None
    assert report.regions is None
    assert all("regions" not in change.reason for change in report.changes)
    assert "not enumerated" in str(report)
    _assert_equal(network, small, box)
    limited, limited_report = simplify(network, box, max_regions=1)
    assert limited_report.stopped == "max_regions=1 reached"
    assert "not all regions were enumerated (max_reg" in str(limited_report)
    assert dataclasses.replace(limited_report, stopped=None) == report
    _assert_equal(small, limited, box)


def test_a_unit_that_bounds_cannot_settle_is_settled_by_enumeration():
    # relu(x) + relu(-x) - 3 is at most -2 on [-1, 1]; interval bounds say -1.
    network = ReluNetwork.from_arrays(
        [[[1.0], [-1.0]], [[2.0, 2.0]], [[1.0]]], [[0.0, 0.0], [-3.0], [0.5]]
    )
    box = Box([-1.0], [1.0])
    assert simplify(network, box, enumerate_domain=False).network.num_bits == 3
    small, report = simplify(network, box)
    assert small.widths == ()
    assert "off in all 2 regions" in [c.reason for c in report.changes]
    _assert_equal(network, small, box)


def test_one_region_is_told_in_the_singular():
    # Without a domain for its bounds, a unit is known by the enumeration alone.
    network = ReluNetwork.from_arrays([[[1.0], [0.0]], [[1.0, 1.0]]], [[0, 1.0], [0]])
    found = enumerate_regions(network, Box([1.0], [2.0]))
    facts = constant_units(network, WholeSpace(1), found)
    assert {fact.reason for fact in facts.values()} == {"on in the only region"}
    _, report = simplify(network, Box([1.0], [2.0]))
    assert str(report).endswith("equal on the only region, in exact arithmetic")


@pytest.mark.parametrize("name", ["skip_blocks", "prelu", "several_outputs"])
def test_equality_check_sees_a_changed_weight(name):
    network, box = ZOO[name]
    found = enumerate_regions(network, box)
    origins = [(k, u) for k, w in enumerate(network.widths) for u in range(w)]
    assert equal_on_regions(found, network, origins) == len(found)
    weights = [layer.weight.copy() for layer in network.layers]
    weights[-1][0, 0] = np.nextafter(weights[-1][0, 0], 9.0)
    changed = ReluNetwork.from_arrays(
        weights,
        [layer.bias for layer in network.layers],
        [layer.slopes for layer in network.hidden],
        skips={k: dict(layer.skips) for k, layer in enumerate(network.layers)},
    )
    assert equal_on_regions(found, changed, origins) < len(found)


def test_equality_check_sees_a_kink_that_moved_inside_a_region():
    # Both are 0 at every witness' side, but the second bends at 0.5, not at 0.
    first = ReluNetwork.from_arrays([[[1.0]], [[0.0]]], [[0.0], [0.0]])
    second = ReluNetwork.from_arrays([[[1.0]], [[0.0]]], [[-0.5], [0.0]])
    found = enumerate_regions(first, Box([-1.0], [1.0]))
    assert equal_on_regions(found, second, [(0, 0)]) == 0


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_interval_bounds_hold_and_are_tight_in_the_first_layer(seed):
    rng = np.random.default_rng(seed)
    slopes = [rng.uniform(-1, 1, 4), rng.uniform(-1, 1, 3)]
    network = random_network(rng, 2, [4, 3], slopes=slopes)
    box = Box(rng.uniform(-2, -1, 2), rng.uniform(0, 1, 2))
    bounds = pre_activation_bounds(network, box)
    values = [_pre_activations(network, p) for p in _rational_points(box, 20)]
    for layer, unit in [*network.units, (2, 0)]:
        seen = [v[layer][unit] for v in values]
        low, high = bounds[layer][unit]
        assert low <= min(seen) <= max(seen) <= high
        if layer == 0:  # attained at corners, which are among the points
            assert (low, high) == (min(seen), max(seen))


def test_refused_rewritings_change_nothing():
    network = ReluNetwork.from_arrays(
        [[[0.1, 0.7], [0.3, 0.9]], [[0.1, 0.3]]], [[0.1, 0.2], [0.7]]
    )
    draft = Draft(network)
    assert not draft.fold(0, 0, 1.0)
    assert not draft.linearize(0, 0, 0.1)
    assert not draft.merge(0, 0, 1, Fraction(1, 3))
    same, origins = draft.finish()
    assert origins == [(0, 0), (0, 1)]
    for a, b in zip(network.layers, same.layers, strict=True):
        assert (a.weight == b.weight).all()
        assert (a.bias == b.bias).all()
        assert (a.slopes == b.slopes).all()


def test_exact_float_refuses_what_float64_lacks():
    assert exact_float(Fraction(1, 10)) is None
    assert exact_float(Fraction(2) ** 2000) is None
    assert exact_float(Fraction(1, 2**1074)) == 5e-324
    assert exact_float(Fraction(1, 2**1075)) is None


def test_units_beyond_a_round_ball_are_removed():
    """x + y > 1.9 meets the box around the disc, and not the disc."""
    network = ReluNetwork.from_arrays(
        [[[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]]], [[-1.9, 0.0], None]
    )
    small, report = simplify(network, Ball([0.0, 0.0], 1.0))
    assert (small.widths, report.equal_on) == ((1,), 2)
    assert simplify(network, Box.cube(2)).network.widths == (2,)
