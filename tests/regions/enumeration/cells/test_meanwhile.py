"""While the compiled code of cells is missing, they are split many at a time."""

import itertools
import types

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, HPolytope
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells import front, meanwhile, plane, plane_walk
from regions.enumeration.cells.engine import count_cells
from regions.enumeration.cells.form_rows import BOUND
from regions.enumeration.cells.loading import KERNELS
from regions.enumeration.engine import Task
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.helpers import patterns_of
from tests.regions.enumeration.oracles import exact_patterns
from tests.zoo import ZOO

NETWORK = random_network(np.random.default_rng(2), 2, [20, 16])
BOX = Box.cube(2)


@pytest.fixture(scope="module")
def number():
    return int(count_regions(NETWORK, BOX, method="tree"))


def found(network, domain, *, listing=True):
    """What is found many cells at a time; None if a sign is open."""
    return meanwhile.found_anyway(Task(network, domain), listing=listing)


def all_found(network, domain) -> meanwhile.Found:
    """The same where no sign is."""
    answer = found(network, domain)
    assert answer is not None
    return answer


def comes(monkeypatch, after):
    """Code that comes at a question; the plain form stands for it."""
    asked = itertools.count()
    monkeypatch.setenv(SWITCH, "off")
    code = types.SimpleNamespace(run=plane.run)

    def load(name, *, ahead=0.0):
        return code if next(asked) >= after else None

    monkeypatch.setattr(KERNELS, "load", load)
    return asked


def walked(monkeypatch):
    """Notes the walks that begin."""
    walks = []
    begin = plane_walk.PlaneWalk.__init__

    def note(self, *arguments):
        walks.append(self)
        begin(self, *arguments)

    monkeypatch.setattr(plane_walk.PlaneWalk, "__init__", note)
    return walks


def test_without_code_no_cell_is_walked_over(monkeypatch, number):
    monkeypatch.setenv(SWITCH, "off")
    walks = walked(monkeypatch)
    assert int(count_regions(NETWORK, BOX, method="cells")) == number
    assert len(patterns_of(enumerate_regions(NETWORK, BOX))) == number
    assert not walks


@pytest.mark.parametrize("after", [0, 3, 9])
def test_code_that_comes_is_used_from_the_start(monkeypatch, number, after):
    asked = comes(monkeypatch, after)
    walks, seen = walked(monkeypatch), []
    count = count_regions(NETWORK, BOX, progress=lambda *pair: seen.append(pair))
    assert (int(count), count.complete, len(walks)) == (number, True, 1)
    assert next(asked) > after
    done = [pair[0] for pair in seen]
    assert done == sorted(done)
    assert seen[-1] == (number, number)


def test_limits_hold_from_the_first_start(monkeypatch):
    comes(monkeypatch, 9)
    count = count_regions(NETWORK, BOX, max_regions=50)
    assert count.stats["stopped"] == "max_regions=50 reached"
    comes(monkeypatch, 10**9)
    count = count_regions(NETWORK, BOX, max_seconds=1e-9)
    assert (count.complete, int(count)) == (False, 1)
    assert count.stats["stopped"] == "max_seconds=1e-09 reached"


def test_degenerate_networks_are_left_to_the_walk(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    network, box = ZOO["duplicated_unit"]
    assert found(network, box) is None
    rs = enumerate_regions(network, box)
    assert patterns_of(rs) == exact_patterns(network, box)
    # Four facets meet at the tip.
    tip = np.array([[1, 1, 1], [-1, 1, 1], [1, -1, 1], [-1, -1, 1], [0, 0, -1]])
    roof = HPolytope(tip, [1, 1, 1, 1, 0])
    space = random_network(np.random.default_rng(0), 3, [4])
    assert found(space, roof) is None
    assert patterns_of(enumerate_regions(space, roof)) == exact_patterns(space, roof)


def test_long_work_waits_for_code_that_is_being_compiled(monkeypatch, number):
    monkeypatch.setattr(meanwhile, "seconds_without", lambda task: 1e3)
    monkeypatch.setattr(meanwhile, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(KERNELS, "is_compiling", lambda: True)
    monkeypatch.setattr(meanwhile, "_found", lambda *_: pytest.fail("it has begun"))
    comes(monkeypatch, 20)
    assert int(count_regions(NETWORK, BOX)) == number


@pytest.mark.parametrize(
    ("limits", "compiling"), [({"max_seconds": 5.0}, True), ({}, False)]
)
def test_it_waits_for_nothing_where_that_is_no_use(
    monkeypatch, number, limits, compiling
):
    monkeypatch.setattr(meanwhile, "seconds_without", lambda task: 1e3)
    monkeypatch.setattr(KERNELS, "is_compiling", lambda: compiling)
    comes(monkeypatch, 10**9)
    assert int(count_regions(NETWORK, BOX, **limits)) == number


def test_a_wish_to_stop_ends_the_waiting(monkeypatch):
    monkeypatch.setattr(meanwhile, "seconds_without", lambda task: 1e3)
    monkeypatch.setattr(meanwhile, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(KERNELS, "is_compiling", lambda: True)
    comes(monkeypatch, 10**9)
    asked = itertools.count()
    count = count_regions(NETWORK, BOX, stop=lambda: next(asked) > 5)
    assert count.stats["stopped"] == "interrupted"
    assert int(count) >= 1


@pytest.mark.parametrize("most", [5, 40])
def test_cells_in_small_parts_are_the_same(monkeypatch, most):
    for dim in (2, 3):
        network = random_network(np.random.default_rng(dim), dim, [7, 5], slopes=0.1)
        whole = all_found(network, Box.cube(dim))
        with monkeypatch.context() as patch:
            patch.setattr(front, "MOST_CELLS", most)
            parts = all_found(network, Box.cube(dim))
        np.testing.assert_array_equal(whole.patterns, parts.patterns)
        assert whole.number == len(whole.patterns) == parts.number


@pytest.mark.parametrize("dim", [2, 3, 4])
@pytest.mark.parametrize("slopes", [0.0, 0.1])
def test_order_points_and_corners_are_those_of_the_walk(monkeypatch, dim, slopes):
    """Two lists of a program, before and after the code has come, match row by row."""
    network = random_network(np.random.default_rng(dim), dim, [7, 4], slopes=slopes)
    quick = all_found(network, Box.cube(dim))
    with monkeypatch.context() as patch:
        patch.setattr(meanwhile, "_has_come", lambda *_: True)
        walk = enumerate_regions(network, Box.cube(dim), method="cells")
    np.testing.assert_array_equal(quick.patterns, walk.patterns)
    np.testing.assert_allclose(quick.points, walk.coordinates, atol=1e-12)
    monkeypatch.setenv(SWITCH, "off")
    rs = enumerate_regions(network, Box.cube(dim))
    np.testing.assert_array_equal(rs.patterns, walk.patterns)
    np.testing.assert_allclose(rs.volumes(), walk.volumes(), rtol=1e-9)


def test_stopped_lists_have_what_was_found():
    asked = itertools.count()
    budget = Budget(stop=lambda: next(asked) > 30)
    part = meanwhile.found_anyway(Task(NETWORK, BOX, budget), listing=True)
    assert part is not None
    assert not part.complete
    assert 50 < len(np.unique(part.patterns, axis=0)) == len(part.patterns)
    bits = NETWORK.patterns(part.points)
    np.testing.assert_array_equal(
        np.packbits(bits, axis=1, bitorder="little"), part.patterns
    )


def nearly_zero(seed):
    """Units that are zero on all of the positive quadrant, but for rounding."""
    rng = np.random.default_rng(seed)
    p, q = rng.integers(2**50, 2**51, (2, 2)) * 2.0**-51
    second = rng.uniform(0.5, 1.0) * np.array([[1.0, 1.0, -1.0]])
    return ReluNetwork.from_arrays([[p, q, p + q], second, [[1.0]]], None)


def nearly_parallel(seed):
    """Three lines through (1/3, 1/7); where two of them cross, floats miss by far."""
    n = 2**20 + seed
    rows = np.array([[n, n + 1], [n + 1, n + 2], [1, -2]])
    bias = -rows @ np.array([7, 3])
    return ReluNetwork.from_arrays([21 * rows, np.ones((1, 3))], [bias, [0.0]])


@pytest.mark.parametrize("name", ["gamma", "position_bound"])
def test_a_bound_that_is_too_small_is_found_out(monkeypatch, name):
    cases = [(nearly_zero(seed), Box([0.1, 0.1], [0.9, 0.9])) for seed in range(12)]
    cases += [(nearly_parallel(seed), BOX) for seed in range(12)]
    expected = [len(exact_patterns(*case)) for case in cases]

    def right():
        """Of what is answered."""
        numbers = [found(*case, listing=False) for case in cases]
        pairs = zip(numbers, expected, strict=True)
        return all(one is None or one.number == count for one, count in pairs)

    assert right()
    small = {
        "gamma": lambda terms: 0.0,
        "position_bound": lambda J, error, off: np.zeros(len(J)),
    }
    monkeypatch.setattr(front, name, small[name])
    assert not right()


def test_a_bound_of_the_walk_that_is_too_small_is_found_out(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    finish = plane.finish_forms

    def without(width, factor, added, forms):
        finish(width, factor, added, forms)
        forms[BOUND] = 0.0

    def right():
        box = Box([0.1, 0.1], [0.9, 0.9])
        cases = (nearly_zero(seed) for seed in range(12))
        return all(count_cells(net, box, lambda: False)[0] == 1 for net in cases)

    assert right()
    monkeypatch.setattr(plane, "finish_forms", without)
    assert not right()
