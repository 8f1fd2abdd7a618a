"""Many networks in one call: the same counts as one by one, and the same limits."""

import itertools
import time

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Simplex, Slice, WholeSpace
from regions.enumeration import count_regions, many
from regions.enumeration.cells import stacks
from regions.enumeration.many import count_many
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network
from tests.zoo import ZOO

BOX = Box([-1.0, -2.0], [1.5, 1.0])
SHAPES = ((5,), (4, 3), (3, 3, 2))


@pytest.fixture(params=["off", "on"])
def form(request, monkeypatch):
    """Plain code, then compiled code."""
    monkeypatch.setenv(SWITCH, request.param)
    return request.param


def some_networks(seed, number=3):
    """Networks of three shapes, in turns."""
    rng = np.random.default_rng(seed)
    slopes = (0.0, 0.1, -0.5)
    return [
        random_network(rng, 2, list(widths), 0.5, slope)
        for slope in slopes[:number]
        for widths in SHAPES
    ]


@pytest.mark.parametrize(
    "domain",
    [
        BOX,
        Simplex([[-1.0, -1.0], [2.0, 0.0], [0.0, 2.0]]),
        Slice([0.1, -0.3], [[1.0, 0.5], [-0.25, 1.0]], BOX),
    ],
)
def test_counts_are_those_of_exact_brute_force_in_order(domain, form):
    networks = some_networks(0) + some_networks(1)
    counts = count_many(networks, domain)
    assert [count.method for count in counts] == ["cells"] * len(networks)
    assert all(count.complete for count in counts)
    expected = [len(exact_patterns(network, domain)) for network in networks]
    assert [int(count) for count in counts] == expected


@pytest.mark.parametrize("seed", range(5))
def test_degenerate_networks_of_one_shape_are_counted_exactly(seed, form):
    """Zero units, twins, lines through corners and through one point."""
    rng = np.random.default_rng(seed)
    box = Box([-2.0, -1.0], [1.0, 3.0])
    networks = [integer_network(rng, 2, [4, 3]) for _ in range(8)]
    expected = [len(exact_patterns(network, box)) for network in networks]
    assert [int(count) for count in count_many(networks, box)] == expected


def test_networks_whose_signs_floats_leave_open_are_counted_alone(monkeypatch):
    """Three lines through one point that is no float, in weights that are no grid."""
    monkeypatch.setenv(SWITCH, "on")
    rng = np.random.default_rng(2)
    networks = []
    for k in range(4):
        rows = rng.standard_normal((3, 2))
        bias = -rows @ [0.21, -0.13] if k % 2 else rng.standard_normal(3)
        weights = [rows, rng.standard_normal((2, 3)), np.ones((1, 2))]
        networks.append(ReluNetwork.from_arrays(weights, [bias, [0.1, -0.2], [0.0]]))
        if k % 2:
            # The second layer repeats a line of the first one, up to rounding.
            weights[1][0] = [1.0 / 3.0, 0.0, 0.0]
            networks[k] = ReluNetwork.from_arrays(weights, [bias, np.zeros(2), [0]])
    alone = []
    inner = many.count_task
    monkeypatch.setattr(
        many, "count_task", lambda task: alone.append(task.network) or inner(task)
    )
    monkeypatch.setattr(many, "JOBS", 1)
    counts = count_many(networks, BOX, workers=1)
    assert [int(c) for c in counts] == [len(exact_patterns(n, BOX)) for n in networks]
    assert [networks.index(network) for network in alone] == [1, 3]


def test_units_without_a_kink_may_differ_between_networks_of_one_shape(form):
    rng = np.random.default_rng(3)
    networks = [
        ReluNetwork.from_arrays(
            [rng.standard_normal((4, 2)), rng.standard_normal((2, 4)), [[1.0, 1.0]]],
            [rng.standard_normal(4), rng.standard_normal(2), [0.0]],
            [np.where(np.arange(4) == k, 1.0, 0.1), np.where(np.arange(2) == k, 1, 0)],
        )
        for k in range(4)
    ]
    expected = [len(exact_patterns(network, BOX)) for network in networks]
    assert [int(count) for count in count_many(networks, BOX)] == expected


def test_skip_blocks_are_no_part_of_a_stack_without_them(form):
    network, box = next((n, b) for n, b in ZOO.values() if n.has_skips and b.dim == 2)
    plain = ReluNetwork.from_arrays(
        [layer.weight for layer in network.layers],
        [layer.bias for layer in network.layers],
    )
    counts = count_many([network, plain, network, plain], box)
    expected = [len(exact_patterns(n, box)) for n in (network, plain)]
    assert [int(count) for count in counts] == expected * 2


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_number_of_workers_gives_the_same_counts(workers, form):
    networks = some_networks(4)
    found = count_many(networks, BOX, workers=workers)
    expected = [count_regions(network, BOX) for network in networks]
    assert [int(count) for count in found] == [int(count) for count in expected]


def test_other_domains_are_counted_one_by_one():
    rng = np.random.default_rng(5)
    lines = [random_network(rng, 1, [4, 2]) for _ in range(3)]
    for networks, domain in (
        (lines, Box.cube(1)),
        ([random_network(rng, 3, [4]) for _ in range(2)], Box.cube(3)),
        ([random_network(rng, 2, [4]) for _ in range(2)], WholeSpace(2)),
    ):
        found = count_many(networks, domain)
        expected = [count_regions(network, domain) for network in networks]
        assert [int(c) for c in found] == [int(c) for c in expected]
        assert [c.method for c in found] == [c.method for c in expected]


def test_no_networks_have_no_counts():
    assert count_many([], BOX) == []
    flat = ReluNetwork.from_arrays([[[1.0, 2.0]]], None)
    assert [int(count) for count in count_many(iter([flat, flat]), BOX)] == [1, 1]


@pytest.mark.parametrize("most", [1, 4, 9])
def test_enough_regions_of_each_network_are_lower_bounds(most, form):
    networks = some_networks(6)
    for whole, part in zip(
        count_many(networks, BOX),
        count_many(networks, BOX, max_regions=most),
        strict=True,
    ):
        assert min(most, whole.count) <= part.count <= whole.count
        if part.complete:
            assert part.count == whole.count
        else:
            assert str(part.stats["stopped"]).startswith("max_regions")


def test_a_stop_keeps_what_was_counted(form):
    networks = some_networks(7) * 4
    # Without compiled code more is asked for each network.
    asked, most = itertools.count(), 60 if form == "off" else 6
    counts = count_many(networks, BOX, workers=1, stop=lambda: next(asked) > most)
    whole = [int(count) for count in count_many(networks, BOX)]
    complete = [count.complete for count in counts]
    assert any(complete)
    assert not all(complete)
    for found, number in zip(counts, whole, strict=True):
        assert 1 <= found.count <= number
        assert not found.complete or found.count == number
        if not found.complete:
            assert found.stats["stopped"] == "interrupted"


def test_time_is_over_at_once(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    rng = np.random.default_rng(8)
    networks = [random_network(rng, 2, [16, 16, 16]) for _ in range(40)]
    begin = time.perf_counter()
    counts = count_many(networks, BOX, max_seconds=0.05)
    assert time.perf_counter() - begin < 1.0
    assert not all(count.complete for count in counts)
    assert min(count.count for count in counts) == 1
    assert str(counts[-1].stats["stopped"]) == "max_seconds=0.05 reached"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_in_progress_ends_all_threads_soon(workers, monkeypatch):
    """As Ctrl-C does, which is raised in this thread."""
    monkeypatch.setenv(SWITCH, "off")
    rng = np.random.default_rng(9)
    networks = [random_network(rng, 2, [8, 8]) for _ in range(60)]

    def progress(done, total):
        if done:
            raise KeyboardInterrupt

    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        count_many(networks, BOX, workers=workers, progress=progress)
    assert time.perf_counter() - begin < 3.0


def test_progress_counts_networks():
    networks, told = some_networks(10), []
    count_many(networks, BOX, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[0] == (0, len(networks))
    assert told[-1] == (len(networks), len(networks))


def test_arrays_that_are_full_grow_without_a_new_begin(monkeypatch, form):
    monkeypatch.setattr("regions.enumeration.cells.state.NUM_PARTS", 2)
    rng = np.random.default_rng(11)
    networks = [random_network(rng, 2, [6, 5]) for _ in range(3)]
    stack = stacks.Stack(networks, BOX)
    while stack.advance():
        pass
    found = [tally.count for tally in stack.tallies(0.0) if tally is not None]
    monkeypatch.undo()
    assert found == [int(count_regions(n, BOX, method="tree")) for n in networks]


def test_bad_arguments_are_named():
    network = random_network(np.random.default_rng(0), 2, [3])
    with pytest.raises(ValueError, match="`workers` is 0: a positive number"):
        count_many([network], BOX, workers=0)
    with pytest.raises(ValueError, match="2"):
        count_many([network], Box.cube(3))
