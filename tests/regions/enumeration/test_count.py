"""Choice of the engine, limits, progress and refusals of the two public calls."""

import itertools
import signal

import numpy as np
import pytest

from regions.domains.shapes import Box, Segment, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.results.statistics import Stop
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns
from tests.zoo import ZOO

NETWORK = random_network(np.random.default_rng(5), 2, [40, 40, 40])


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_unknown_method_is_refused(call):
    with pytest.raises(ValueError, match="`method` is 'guess': one of auto, line"):
        call(NETWORK, Box.cube(2), method="guess")


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_sweep_of_the_whole_space_is_refused(call):
    with pytest.raises(
        ValueError, match="method='sweep' needs a simple bounded domain"
    ):
        call(NETWORK, WholeSpace(2), method="sweep")


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_domain_of_another_dimension_is_refused(call):
    with pytest.raises(ValueError, match="`domain` lies in 3 dimensions and the"):
        call(NETWORK, Box.cube(3))


@pytest.mark.parametrize("limit", [{"max_regions": 0}, {"max_seconds": 0.0}])
def test_limit_that_is_not_positive_is_refused(limit):
    with pytest.raises(ValueError, match="a positive number is required"):
        count_regions(NETWORK, Box.cube(2), **limit)


def test_auto_takes_the_line_in_one_dimension_and_says_why():
    count = count_regions(NETWORK, Segment([-1, -1], [1, 1]))
    assert (count.method, count.complete) == ("line", True)
    assert count.stats["why"] == "the domain has dimension 1"


@pytest.mark.parametrize(
    "name", ["duplicated_unit", "opposite_units", "integer_weights"]
)
def test_auto_takes_cells_on_planes_where_the_sweep_refuses(name):
    network, box = ZOO[name]
    expected = exact_patterns(network, box)
    count = count_regions(network, box)
    assert (count.count, count.complete, count.method) == (len(expected), True, "cells")
    rs = enumerate_regions(network, box)
    assert {tuple(row) for row in rs.pattern_bits().tolist()} == expected


@pytest.mark.parametrize(("dim", "method"), [(3, "cells"), (7, "tree")])
def test_auto_falls_back_where_the_sweep_refuses(dim, method):
    rows = np.zeros((3, dim))
    rows[:, :3] = [[1.0, 0.5, 0.25], [2.0, 1.0, 0.5], [0.5, -1.0, 1.0]]
    # A unit that is always on makes a second layer.
    network = ReluNetwork.from_arrays(
        [rows, np.ones((1, 3)), [[1.0]]], [[0.25, 0.5, 0.0], [1.0], [0.0]]
    )
    count = count_regions(network, Box.cube(dim))
    assert (count.count, count.complete, count.method) == (4, True, method)
    assert "not in general position" in count.stats["why"]


def test_sweep_that_was_asked_for_does_not_fall_back():
    network, box = ZOO["duplicated_unit"]
    for call in (count_regions, enumerate_regions):
        with pytest.raises(NotGenericError):
            call(network, box, method="sweep")


@pytest.mark.parametrize("limit", [1, 10, 1000])
def test_early_stop_gives_distinct_proved_regions(limit):
    box = Box.cube(2)
    complete = enumerate_regions(NETWORK, box)
    assert len(complete) > 1000
    part = enumerate_regions(NETWORK, box, max_regions=limit)
    assert not part.complete
    assert 1 <= len(part) <= limit
    assert part.stats["stopped"] == f"max_regions={limit} reached"
    assert len(np.unique(part.patterns, axis=0)) == len(part)
    everything = {row.tobytes() for row in complete.patterns}
    assert {row.tobytes() for row in part.patterns} <= everything
    assert (NETWORK.patterns(part.witnesses) == part.pattern_bits()).all()


def test_limit_above_the_count_changes_nothing():
    box = Box.cube(2)
    count = int(count_regions(NETWORK, box))
    part = enumerate_regions(NETWORK, box, max_regions=count)
    assert (len(part), part.complete) == (count, True)


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_end_of_time_gives_a_count_that_is_not_complete(call):
    result = call(NETWORK, Box.cube(2), max_seconds=1e-9)
    full = int(count_regions(NETWORK, Box.cube(2)))
    assert not result.complete
    found = len(result) if call is enumerate_regions else result.count
    assert 1 <= found < full
    assert result.stats["stopped"] == "max_seconds=1e-09 reached"


def test_interrupt_of_a_library_call_is_an_exception():
    def press(done, total):
        if done >= total // 3:
            signal.raise_signal(signal.SIGINT)

    # A program that was started in the background ignores the signal.
    ours = signal.default_int_handler
    before = signal.signal(signal.SIGINT, ours)
    try:
        with pytest.raises(KeyboardInterrupt):
            enumerate_regions(NETWORK, Box.cube(2), method="sweep", progress=press)
        assert signal.getsignal(signal.SIGINT) is ours
    finally:
        signal.signal(signal.SIGINT, before)


def test_caller_that_wants_an_end_gets_what_was_found():
    pressed = []

    def press(done, total):
        pressed.append(done >= total // 3)

    rs = enumerate_regions(
        NETWORK,
        Box.cube(2),
        method="sweep",
        progress=press,
        stop=lambda: any(pressed),
    )
    assert not rs.complete
    assert rs.stop is Stop.INTERRUPTED
    assert rs.stats["stopped"] == "interrupted"
    assert (NETWORK.patterns(rs.witnesses) == rs.pattern_bits()).all()


def test_progress_counts_up_to_the_number_of_units():
    calls = []
    count_regions(
        NETWORK,
        Box.cube(2),
        method="sweep",
        progress=lambda *pair: calls.append(pair),
    )
    assert calls[-1] == (120, 120)
    assert all(a[0] < b[0] for a, b in itertools.pairwise(calls))


def test_network_without_kinks_has_one_region():
    network = ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None, slopes=1.0)
    rs = enumerate_regions(network, Box.cube(2))
    assert (len(rs), rs.complete, rs.patterns.shape) == (1, True, (1, 0))


def test_count_reads_as_a_number_and_as_a_sentence():
    count = count_regions(ZOO["one_unit"][0], Box.cube(2))
    assert int(count) == 2
    assert list(range(5))[count] == 2
    assert str(count).startswith("2 regions (all of them; cells, ")
